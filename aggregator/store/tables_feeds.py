"""The tables of what came in: feeds, polls, entries, what fetch remembers; SQL whose comments are the documentation.

A comment on a line of its own describes the table, one behind a column describes the column. `describe` reads them
back out of the database (SQLite keeps the text), fills the table `schema_help` and writes docs/database.md from them:
there is no second place where a column is explained. Times are UTC, ISO 8601; 1 and 0 are yes and no.
"""

from __future__ import annotations

FEEDS = """
CREATE TABLE feeds (
    -- One row a feed. A feed that leaves feeds.yaml stays, with configured = 0.
    id INTEGER PRIMARY KEY, -- number of the feed
    name TEXT NOT NULL, -- how feeds.yaml calls it, or its host
    slug TEXT NOT NULL UNIQUE, -- its name in file names and URLs of the output; never changes
    url TEXT NOT NULL, -- address as in feeds.yaml; may hold a secret
    polled_url TEXT NOT NULL, -- address that is polled: url, or where a permanent move has led
    configured INTEGER NOT NULL DEFAULT 1, -- whether feeds.yaml names it now
    paused INTEGER NOT NULL DEFAULT 0, -- whether feeds.yaml says paused
    options TEXT NOT NULL DEFAULT '{}', -- options in force (JSON object), as in feeds.yaml
    status TEXT NOT NULL DEFAULT 'ok', -- ok, backing_off or gone
    title TEXT NOT NULL DEFAULT '', -- title that the feed gives itself
    home_page_url TEXT, -- site that the feed belongs to
    description TEXT NOT NULL DEFAULT '', -- what the feed says about itself
    language TEXT, -- language that the feed states
    author TEXT, -- author of the whole feed
    icon TEXT, -- address of the feed's icon
    atom_id TEXT, -- id of the feed (Atom)
    updated TEXT, -- feed's own time of change, taken when a poll brought something new
    format TEXT NOT NULL DEFAULT '', -- format of the document, such as rss20
    self_url TEXT, -- address that the feed gives for itself
    hubs TEXT NOT NULL DEFAULT '[]', -- WebSub hubs (JSON array)
    next_url TEXT, -- older page of the feed (RFC 5005)
    etag TEXT, -- ETag of the last good answer, byte for byte
    last_modified TEXT, -- Last-Modified of the last good answer, byte for byte
    body_hash TEXT, -- hash of the last document; the same bytes are not parsed again
    rhythm TEXT NOT NULL DEFAULT '{}', -- what feed and server say about when to come back (JSON object)
    last_poll TEXT, -- time of the last poll
    last_success TEXT, -- time of the last poll that went well
    next_poll TEXT, -- not polled before this time; NULL: due
    next_poll_reason TEXT NOT NULL DEFAULT '', -- why then
    failures INTEGER NOT NULL DEFAULT 0, -- failed polls in a row
    last_error TEXT, -- what the last failed poll said; NULL after a good one
    interval_s INTEGER, -- seconds between polls, as of the last one
    moving_to TEXT, -- where redirects lead: permanent ones until they are believed, temporary ones with moving_polls 0
    moving_polls INTEGER NOT NULL DEFAULT 0, -- good polls in a row that led there
    links_reversed INTEGER NOT NULL DEFAULT 0, -- whether its site calls the older post next, by the dates of those held
    added TEXT NOT NULL -- time when it was first configured
) STRICT;
CREATE INDEX idx_feeds_url ON feeds (url);
"""

FEED_TAGS = """
CREATE TABLE feed_tags (
    -- The tags of each feed, as feeds.yaml gives them. Posts have the tags of the feeds that carry them.
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- feed
    tag TEXT NOT NULL, -- tag
    position INTEGER NOT NULL, -- place among the feed's tags, from 0
    PRIMARY KEY (feed_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_feed_tags_tag ON feed_tags (tag);
"""

POLLS = """
CREATE TABLE polls (
    -- The last 200 polls of each feed.
    id INTEGER PRIMARY KEY, -- number of the poll
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- feed
    at TEXT NOT NULL, -- time of the poll
    result TEXT NOT NULL, -- changed, same_bytes, not_modified or failed
    http_status INTEGER, -- last HTTP status; NULL: no answer
    elapsed_s REAL NOT NULL, -- seconds that the request took
    wire_bytes INTEGER NOT NULL, -- bytes received
    new INTEGER NOT NULL, -- entries seen for the first time
    revised INTEGER NOT NULL, -- entries whose text had changed
    error TEXT, -- what went wrong
    problems TEXT NOT NULL DEFAULT '[]' -- notes of the parser (JSON array); they did not fail the poll
) STRICT;
CREATE INDEX idx_polls_feed ON polls (feed_id, id);
"""

ENTRIES = """
CREATE TABLE entries (
    -- One row an item of a feed, as the feed gave it. Several entries may be one article.
    id INTEGER PRIMARY KEY, -- number of the entry
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- feed
    guid TEXT NOT NULL, -- its identity within the feed: the guid without flips of http/https and the like
    article_id INTEGER NOT NULL REFERENCES articles (id), -- article that it announces
    given_guid TEXT NOT NULL, -- guid as the feed gave it
    url TEXT, -- link
    canonical_url TEXT, -- link without tracking parameters and the like: for comparing, not for clicking
    title TEXT NOT NULL, -- title, plain text
    author TEXT, -- author
    published TEXT, -- publication time as the feed gave it, however odd
    published_at TEXT NOT NULL, -- publication time for ordering: never later than first_seen, never changes
    updated TEXT, -- time of change as the feed gave it
    first_seen TEXT NOT NULL, -- time of the poll that brought it
    revised TEXT, -- time of the last poll at which its text had changed
    language TEXT, -- language
    tags TEXT NOT NULL DEFAULT '[]', -- categories that the feed gave it (JSON array)
    content_hash TEXT NOT NULL, -- hash of title and text, to tell a revision
    reason TEXT NOT NULL DEFAULT '', -- why it was taken for new or revised
    found_by TEXT NOT NULL DEFAULT 'feed', -- feed: a poll; chain: no poll, but the link of a later post (see chain)
    missed_since TEXT, -- publication of the newest entry known before, if its poll no longer listed that; else NULL
    summary TEXT NOT NULL DEFAULT '', -- the feed's short text (HTML)
    html TEXT NOT NULL DEFAULT '', -- the feed's fullest text (HTML)
    UNIQUE (feed_id, guid)
) STRICT;
CREATE INDEX idx_entries_article ON entries (article_id, feed_id);
CREATE INDEX idx_entries_posted ON entries (feed_id, published_at);
CREATE INDEX idx_entries_missed ON entries (first_seen) WHERE missed_since IS NOT NULL;
CREATE INDEX idx_entries_chain ON entries (feed_id) WHERE found_by = 'chain';
"""

ENCLOSURES = """
CREATE TABLE enclosures (
    -- Files that come with entries: podcasts, images, reports.
    entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE, -- entry
    position INTEGER NOT NULL, -- place among the entry's files, from 0
    url TEXT NOT NULL, -- address
    type TEXT NOT NULL DEFAULT '', -- media type
    length INTEGER, -- bytes, where the feed said
    PRIMARY KEY (entry_id, position)
) STRICT, WITHOUT ROWID;
"""

SEEN = """
CREATE TABLE seen (
    -- Identities of entries that have been purged, so that they do not come back as new.
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- feed
    guid TEXT NOT NULL, -- as in entries
    content_hash TEXT NOT NULL, -- as in entries
    updated TEXT, -- as in entries
    purged TEXT NOT NULL, -- time when the entry was purged
    PRIMARY KEY (feed_id, guid)
) STRICT, WITHOUT ROWID;
"""

HOSTS = """
CREATE TABLE hosts (
    -- What must not be forgotten of a host between two runs.
    host TEXT PRIMARY KEY, -- host name
    not_before TEXT, -- no request before this time
    failures INTEGER NOT NULL DEFAULT 0, -- failed requests in a row
    crawl_delay_s REAL -- seconds between two requests that its robots.txt asks for
) STRICT, WITHOUT ROWID;
"""

ROBOTS = """
CREATE TABLE robots (
    -- robots.txt of each origin, as fetched (RFC 9309).
    origin TEXT PRIMARY KEY, -- scheme, host and port
    fetched_at TEXT NOT NULL, -- time when it was fetched
    status INTEGER NOT NULL, -- HTTP status; 0: unreachable
    body TEXT NOT NULL -- its text, at most 500 KiB
) STRICT, WITHOUT ROWID;
"""

TABLES = (FEEDS, FEED_TAGS, POLLS, ENTRIES, ENCLOSURES, SEEN, HOSTS, ROBOTS)
"""In the order of docs/database.md."""

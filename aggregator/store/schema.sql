-- The whole schema, as a new file gets it; a file of an older version is brought to the same form by the steps of
-- schema.py. Each table, view and column has its meaning in a comment inside its statement: SQLite keeps these, the
-- table schema_help and docs/database.md are made of them.
--
-- Times are TEXT, ISO 8601 in UTC, as `2026-03-10T12:00:00Z`. Names of indexes begin with idx_.

-- Feeds: what is polled, and how that goes

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

CREATE TABLE feed_tags (
    -- The tags of each feed, as feeds.yaml gives them. Posts have the tags of the feeds that carry them.
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- feed
    tag TEXT NOT NULL, -- tag
    position INTEGER NOT NULL, -- place among the feed's tags, from 0
    PRIMARY KEY (feed_id, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_feed_tags_tag ON feed_tags (tag);

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

CREATE TABLE feed_events (
    -- What happened to the feeds, for the feed of their health: the last 1000. Noted in the poll that shows it.
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- number of the event
    feed_id INTEGER REFERENCES feeds (id) ON DELETE CASCADE, -- feed; NULL: all of them
    at TEXT NOT NULL, -- time of the poll that shows it; seconds later where two would share one
    kind TEXT NOT NULL, -- broke, gone, back, moved, silent, posting; of all: idle (for hours), offline, online, data (an old data file)
    title TEXT NOT NULL, -- what happened, in a line
    words TEXT NOT NULL -- what happened, in a sentence
) STRICT;

CREATE INDEX idx_feed_events_feed ON feed_events (feed_id, id);

CREATE TABLE feed_sizes (
    -- How much each feed has added, and which bound on that its last poll met.
    feed_id INTEGER PRIMARY KEY REFERENCES feeds (id) ON DELETE CASCADE, -- feed
    text_bytes INTEGER NOT NULL, -- size of its entries' texts, in bytes
    reached TEXT NOT NULL DEFAULT '' -- which bound was met, in words; empty: none
) STRICT;

CREATE TABLE hosts (
    -- What must not be forgotten of a host between two runs.
    host TEXT PRIMARY KEY, -- host name
    not_before TEXT, -- no request before this time
    failures INTEGER NOT NULL DEFAULT 0, -- failed requests in a row
    crawl_delay_s REAL -- seconds between two requests that its robots.txt asks for
) STRICT, WITHOUT ROWID;

CREATE TABLE robots (
    -- robots.txt of each origin, as fetched (RFC 9309).
    origin TEXT PRIMARY KEY, -- scheme, host and port
    fetched_at TEXT NOT NULL, -- time when it was fetched
    status INTEGER NOT NULL, -- HTTP status; 0: unreachable
    body TEXT NOT NULL -- its text, at most 500 KiB
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
    -- Our subscriptions at the hubs that feeds name: a hub calls when its feed has something new.
    id INTEGER PRIMARY KEY, -- number of the subscription
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- feed that is polled when the hub calls
    hub TEXT NOT NULL, -- address of the hub
    topic TEXT NOT NULL, -- address by which the hub knows the feed
    token TEXT NOT NULL UNIQUE, -- last part of the address that the hub calls: a secret between it and us
    secret TEXT NOT NULL, -- key with which the hub signs its calls
    state TEXT NOT NULL DEFAULT 'wanted', -- wanted, active, denied, or leaving: to be ended
    asked_at TEXT, -- time when the hub last took our request; NULL: never
    expires_at TEXT, -- end of the lease; NULL: not confirmed yet
    next_try TEXT, -- when the hub is to be asked (again); NULL: now
    failures INTEGER NOT NULL DEFAULT 0, -- requests in a row that failed or were not confirmed
    error TEXT, -- what went wrong last; NULL: nothing
    works INTEGER NOT NULL DEFAULT 0, -- whether it called for all that came lately: then the feed is polled less often
    calls INTEGER NOT NULL DEFAULT 0, -- signed calls so far
    polled_calls INTEGER NOT NULL DEFAULT 0, -- of these, those that a poll has followed
    called_at TEXT -- time of the last signed call
) STRICT;

CREATE UNIQUE INDEX idx_subscriptions_feed ON subscriptions (feed_id) WHERE state <> 'leaving';

CREATE TABLE hub_pings (
    -- What each hub of site.hubs knows of each feed document: a ping that failed is not forgotten by a restart.
    hub TEXT NOT NULL, -- address of the hub
    topic TEXT NOT NULL, -- address of the document
    hash TEXT NOT NULL, -- hash (SHA-256) of the document as it is now
    due TEXT, -- the hub is to be told at this time; NULL: it knows
    failures INTEGER NOT NULL DEFAULT 0, -- failed tries in a row
    error TEXT, -- why the last try failed; NULL: it did not
    PRIMARY KEY (hub, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE lists (
    -- OPML lists of feeds.yaml whose feeds are followed as if they stood there.
    url TEXT PRIMARY KEY, -- address as in feeds.yaml; may hold a secret
    etag TEXT, -- ETag of the last good answer, byte for byte
    last_modified TEXT, -- Last-Modified of the last good answer, byte for byte
    last_try TEXT NOT NULL, -- time when it was last asked for
    last_success TEXT, -- time when that last went well
    next_try TEXT NOT NULL, -- not asked for before this time
    failures INTEGER NOT NULL DEFAULT 0, -- failures in a row; the feeds of the last good answer stay
    error TEXT, -- why the last try failed; NULL: it did not
    left_out INTEGER NOT NULL DEFAULT 0 -- feeds of the list beyond those that one may bring
) STRICT, WITHOUT ROWID;

CREATE TABLE listed_feeds (
    -- The feeds that each list named when it was last read.
    list_url TEXT NOT NULL REFERENCES lists (url) ON DELETE CASCADE, -- list
    position INTEGER NOT NULL, -- place in the list, from 0
    url TEXT NOT NULL, -- address of the feed; may hold a secret
    title TEXT NOT NULL, -- how the list calls it; may be empty
    tags TEXT NOT NULL, -- its folders and categories there (JSON array)
    PRIMARY KEY (list_url, position)
) STRICT, WITHOUT ROWID;


-- Entries: items of feeds, as the feeds give them

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

CREATE INDEX idx_entries_link ON entries (canonical_url, feed_id) WHERE canonical_url IS NOT NULL;

CREATE INDEX idx_entries_words ON entries (content_hash, feed_id);

CREATE TABLE unlisted (
    -- Entries that came after the first poll of their feed: a date before the last look, where they were not, is false.
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE, -- entry
    at TEXT NOT NULL -- time of the last good poll of its feed that did not list it
) STRICT;

CREATE TABLE enclosures (
    -- Files that come with entries: podcasts, images, reports.
    entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE, -- entry
    position INTEGER NOT NULL, -- place among the entry's files, from 0
    url TEXT NOT NULL, -- address
    type TEXT NOT NULL DEFAULT '', -- media type
    length INTEGER, -- bytes, where the feed said
    duration_s INTEGER, -- seconds that it plays, where the feed said
    title TEXT NOT NULL DEFAULT '', -- title of the file, plain text
    PRIMARY KEY (entry_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry_images (
    -- Pictures that feeds give for entries beside their text (Media RSS, JSON Feed image, itunes:image).
    entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE, -- entry
    position INTEGER NOT NULL, -- 0: the main picture
    url TEXT NOT NULL, -- address
    alt TEXT NOT NULL DEFAULT '', -- description, plain text
    PRIMARY KEY (entry_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE episodes (
    -- What podcast feeds say of their episodes (itunes:*); one row for each entry that is one.
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE, -- entry
    season INTEGER, -- number of the season
    number INTEGER, -- number of the episode
    kind TEXT NOT NULL DEFAULT '', -- full, trailer or bonus; empty: not given
    explicit INTEGER, -- 1: for adults, 0: not; NULL: not given
    duration_s INTEGER, -- seconds
    subtitle TEXT NOT NULL DEFAULT '' -- subtitle, plain text
) STRICT;


-- Articles: what entries link to

CREATE TABLE articles (
    -- One row an article, however many feeds carry it. A duplicate is linked to its original, never deleted.
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- number of the article
    uid TEXT NOT NULL UNIQUE, -- id in the output: a tag: URI (RFC 4151) made from canonical_url, or feed and guid
    feed_id INTEGER NOT NULL REFERENCES feeds (id), -- feed that brought it first
    state TEXT NOT NULL, -- scraped: has the page's text; pending, failed, feed_text: has the feed's (feed_text: finally)
    url TEXT, -- link to the original
    canonical_url TEXT, -- identity: the link without tracking parameters and the like; NULL: an entry without one
    title TEXT NOT NULL, -- title, plain text
    author TEXT, -- author
    published TEXT NOT NULL, -- the feed's time, else the page's (of chain: put in order); first_seen if none or later
    first_seen TEXT NOT NULL, -- time of the poll that brought it
    page_published TEXT, -- time as the page states it; a day alone: its midnight (published: its end, if of chain)
    modified TEXT, -- time of change as the page states it
    language TEXT, -- language (BCP 47)
    word_count INTEGER NOT NULL DEFAULT 0, -- words in text
    teaser TEXT NOT NULL DEFAULT '', -- beginning of the text, for posts that show this one as their neighbour
    lead_image TEXT, -- address of the main picture
    kind TEXT NOT NULL DEFAULT '', -- what the page turned out to be: article, paywall, consent, captcha ...
    extractor TEXT NOT NULL DEFAULT '', -- engine that took the text out of the page
    quality REAL, -- how good the extraction seemed, 0 to 1
    noarchive INTEGER NOT NULL DEFAULT 0, -- whether the page asks not to be archived
    source_name TEXT, -- whom the page names as its source
    source_url TEXT, -- link to that source
    attempts INTEGER NOT NULL DEFAULT 0, -- times that its page was tried since it was new or revised
    next_attempt TEXT, -- page is not tried before this time; NULL: no more
    tried_at TEXT, -- time of the last try to fetch its page
    last_error TEXT, -- why the last try failed
    fetched_at TEXT, -- time when the page was fetched
    final_url TEXT, -- where the redirects ended
    http_status INTEGER, -- HTTP status of the page
    content_type TEXT, -- Content-Type of the page
    raw_hash TEXT, -- hash of the page's bytes
    partial INTEGER NOT NULL DEFAULT 0, -- whether the page ended early
    looks INTEGER NOT NULL DEFAULT 0, -- times that its page was asked again for its next post, and for nothing else
    looked_at TEXT, -- time when it was last asked again
    duplicate_of INTEGER REFERENCES articles (id), -- first publication of the same text; never itself a duplicate
    similarity REAL, -- how alike the two are, 0 to 1
    duplicate_reason TEXT, -- why they are taken for the same
    text TEXT NOT NULL DEFAULT '', -- text: paragraphs separated by a blank line
    html TEXT NOT NULL DEFAULT '', -- the same as clean HTML; empty: see entries.html
    refused_by TEXT, -- why nothing was sent in the last try: address, robots, resting, url or offline; NULL: it was
    CHECK (state IN ('pending', 'scraped', 'feed_text', 'failed'))
) STRICT;

CREATE INDEX idx_articles_next_attempt ON articles (next_attempt) WHERE next_attempt IS NOT NULL;

CREATE INDEX idx_articles_duplicate_of ON articles (duplicate_of) WHERE duplicate_of IS NOT NULL;

CREATE INDEX idx_articles_state ON articles (state);

CREATE INDEX idx_articles_refused ON articles (refused_by, feed_id) WHERE refused_by IS NOT NULL;

CREATE INDEX idx_articles_published ON articles (published);

CREATE INDEX idx_articles_feed ON articles (feed_id, state);

CREATE INDEX idx_articles_first_seen ON articles (first_seen);

CREATE INDEX idx_articles_looked ON articles (looked_at, feed_id) WHERE looked_at IS NOT NULL;

CREATE INDEX idx_articles_language ON articles (language);

CREATE TABLE article_urls (
    -- Every address (canonical form) under which an article was seen: the feed's link, redirects, the page's own.
    url TEXT PRIMARY KEY, -- address, for comparing, not for clicking
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE -- article
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_article_urls_article ON article_urls (article_id);

CREATE TABLE article_aliases (
    -- Articles that turned out to be another one before they were ever put out.
    old_id INTEGER PRIMARY KEY, -- number that the article had
    uid TEXT NOT NULL, -- uid that it had
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article that it is
    at TEXT NOT NULL -- time when that was found out
) STRICT;

CREATE INDEX idx_article_aliases_article ON article_aliases (article_id);

CREATE TABLE article_links (
    -- The links in the texts of articles, as they are now; those of purged texts are gone.
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    url TEXT NOT NULL, -- where it leads; each address once an article
    position INTEGER NOT NULL, -- its place among the article's links: 1, 2, 3 ...
    domain TEXT NOT NULL, -- host of the address, without www.
    own INTEGER NOT NULL DEFAULT 0, -- whether it leads to the article's own host
    words TEXT NOT NULL DEFAULT '', -- what the link says, in short
    PRIMARY KEY (article_id, url)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_article_links_domain ON article_links (domain, article_id);

CREATE TABLE contributors (
    -- Entries of other feeds that an article shows something of: files, author, text that its own feed does not give.
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE, -- entry
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    text INTEGER NOT NULL -- whether its text may stand for the article's, where it is the longer one
) STRICT;

CREATE INDEX idx_contributors_article ON contributors (article_id);

CREATE TABLE extractions (
    -- How an article's text was found: one row an article of several pages, or of a site that has a rule.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    pages INTEGER NOT NULL DEFAULT 1, -- pages that its text was joined from
    rule TEXT, -- file of the site's rule; articles.extractor says whether the text was found by it
    rule_problem TEXT -- why the rule, or a part of it, was of no use; with the line of its file
) STRICT;

CREATE TABLE page_headers (
    -- Headers of articles' pages that say what may be done with them: one row for each page that sent any.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    x_robots_tag TEXT NOT NULL -- X-Robots-Tag as it came, its lines joined; articles.noarchive says what it means to us
) STRICT;

CREATE TABLE page_labels (
    -- What shows that a page is no whole article (articles.kind): one row for each wall, teaser or file.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    reason TEXT NOT NULL -- the evidence, in words
) STRICT;

CREATE TABLE promoted (
    -- Posts that pages show in the place of their next or previous one, whichever page it is: neighbours of none.
    canonical_url TEXT NOT NULL, -- the post, as in neighbours
    direction TEXT NOT NULL CHECK (direction IN ('next', 'previous')), -- in whose place it is shown
    found_at TEXT NOT NULL, -- time when that was found out
    PRIMARY KEY (canonical_url, direction)
) STRICT, WITHOUT ROWID;


-- How well pages are read

CREATE TABLE samples (
    -- What reading an article's page gave, for finding out that the pages of a feed have stopped giving articles.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    feed_id INTEGER NOT NULL REFERENCES feeds (id), -- its feed
    at TEXT NOT NULL, -- time when its page was read
    words INTEGER NOT NULL, -- words of the text found in the page, whatever the article says now
    repeats INTEGER NOT NULL DEFAULT 0 -- whether that text is not the article's: another post's, a wall, or read badly
) STRICT;

CREATE INDEX idx_samples_feed ON samples (feed_id, at, article_id);

CREATE TABLE flagged (
    -- Feeds whose pages give no good articles at present; gone from here when they do again.
    feed_id INTEGER PRIMARY KEY REFERENCES feeds (id) ON DELETE CASCADE, -- feed
    since TEXT NOT NULL, -- time when that was found out
    reason TEXT NOT NULL, -- why, in a sentence
    usual_words INTEGER NOT NULL -- words that its articles usually have
) STRICT;

CREATE TABLE repeated (
    -- Paragraphs of pages that gave another post's text, by which they are known when other pages show them again.
    article_id INTEGER NOT NULL REFERENCES samples (article_id) ON DELETE CASCADE, -- article whose page showed it
    mark TEXT NOT NULL, -- hash of its words
    PRIMARY KEY (article_id, mark)
) STRICT, WITHOUT ROWID;


-- Duplicates

CREATE TABLE fingerprints (
    -- Articles as numbers to compare by.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    exact TEXT NOT NULL, -- hash of all words: equal for equal texts
    words INTEGER NOT NULL, -- words that were compared
    day INTEGER NOT NULL, -- day of publication, counted from 1970-01-01
    minhash BLOB NOT NULL, -- sketch for estimating likeness: integers of 8 bytes, little-endian
    bands BLOB NOT NULL -- numbers under which the table bands lists the article, in the same form
) STRICT;

CREATE INDEX idx_fingerprints_exact ON fingerprints (exact);

CREATE TABLE bands (
    -- Index to find similar articles: those that share several bands may be the same. Made from fingerprints.
    band INTEGER NOT NULL, -- one number of the fingerprint
    day INTEGER NOT NULL, -- as in fingerprints
    article_id INTEGER NOT NULL, -- article
    PRIMARY KEY (band, day, article_id)
) STRICT, WITHOUT ROWID;


-- Neighbours: next and previous posts

CREATE TABLE neighbours (
    -- The next and the previous post, as the article's own page states them, right or wrong.
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article whose page says so
    direction TEXT NOT NULL CHECK (direction IN ('next', 'previous')), -- as the page says (see settled_neighbours)
    url TEXT NOT NULL, -- link to the neighbour
    canonical_url TEXT NOT NULL, -- the same for comparing, as in article_urls
    title TEXT, -- title that the page shows for it
    teaser TEXT, -- teaser that the page shows for it
    found_by TEXT NOT NULL DEFAULT 'page', -- how it was found
    found_at TEXT NOT NULL, -- time when it was found
    PRIMARY KEY (article_id, direction)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_neighbours_canonical_url ON neighbours (canonical_url);

CREATE TABLE chain (
    -- Posts that no poll saw, and that the page of a later post names as its previous one; what became of each.
    canonical_url TEXT PRIMARY KEY, -- link without tracking parameters and the like, as in article_urls
    url TEXT NOT NULL, -- link
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- feed that has lost it
    named_by INTEGER REFERENCES articles (id) ON DELETE SET NULL, -- article whose page names it
    article_id INTEGER REFERENCES articles (id) ON DELETE SET NULL, -- article that it is; NULL: none
    depth INTEGER NOT NULL, -- links from a post that a poll brought to this one
    missed_since TEXT NOT NULL, -- as in entries: what is older is not sought
    state TEXT NOT NULL CHECK (state IN ('waiting', 'found', 'refused')), -- waiting: its page is to be fetched
    reason TEXT, -- why it was refused; it is not tried again
    at TEXT NOT NULL -- time of the last change
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_chain_feed ON chain (feed_id, state);

CREATE INDEX idx_chain_article ON chain (article_id) WHERE article_id IS NOT NULL;

CREATE INDEX idx_chain_named_by ON chain (named_by);


-- Stories: articles about one event

CREATE TABLE stories (
    -- Events. Most are told by one article only, and are not shown; one that others join keeps its id and first date.
    id TEXT PRIMARY KEY, -- id in the output, and name of its page; made from the article that it was founded with
    first_published TEXT NOT NULL, -- publication of that article
    merged_into TEXT REFERENCES stories (id), -- story that it turned out to be part of; NULL: it stands for itself
    at TEXT NOT NULL -- time when it was founded, or merged
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_stories_merged_into ON stories (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE story_articles (
    -- The story of each article. Copies have none of their own: they follow the first publication.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    story_id TEXT NOT NULL REFERENCES stories (id), -- story that it belongs to
    arrival INTEGER NOT NULL UNIQUE, -- place in the order in which articles were compared
    published TEXT NOT NULL, -- publication, as in articles when it was compared
    terms TEXT NOT NULL, -- what is compared: names, numbers, words with their weights (JSON object)
    settled INTEGER NOT NULL DEFAULT 0, -- whether it is too old to be compared with new ones
    at TEXT NOT NULL -- time when it came into this story
) STRICT;

CREATE INDEX idx_story_articles_story ON story_articles (story_id);

CREATE INDEX idx_story_articles_published ON story_articles (published);

CREATE INDEX idx_story_articles_unsettled ON story_articles (published) WHERE settled = 0;

CREATE TABLE story_links (
    -- How much two articles tell of one event. Of articles that are settled, only those within a story.
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article that was compared
    other_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article that it was compared with
    score REAL NOT NULL, -- 0 to 1
    evidence TEXT NOT NULL DEFAULT '[]', -- what they share, and its part of the score (JSON: [[term, part] ...])
    PRIMARY KEY (article_id, other_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_story_links_other ON story_links (other_id);

CREATE TABLE story_rulings (
    -- What an operator said with `aggregator story merge` and `story split`; it outweighs every score.
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article with the lower number
    other_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article with the higher number
    together INTEGER NOT NULL, -- whether the two belong together, or do not
    at TEXT NOT NULL, -- time when it was said
    PRIMARY KEY (article_id, other_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_story_rulings_other ON story_rulings (other_id);

CREATE TABLE story_waiting (
    -- Articles that have no story yet: new ones, until they have been compared. Kept by triggers.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE -- article
) STRICT;


-- Edits and withdrawals

CREATE TABLE revisions (
    -- What an article said before it was changed.
    id INTEGER PRIMARY KEY, -- number of the revision
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    at TEXT NOT NULL, -- time until which it said this: when we saw the change
    kind TEXT NOT NULL DEFAULT 'edited', -- edited; reverted to former words; completed by its page; repaired
    summary TEXT NOT NULL DEFAULT '', -- what changed then, in short
    title TEXT NOT NULL, -- title until then
    text TEXT NOT NULL, -- text until then
    html TEXT NOT NULL, -- HTML until then
    CHECK (kind IN ('edited', 'reverted', 'completed', 'repaired'))
) STRICT;

CREATE INDEX idx_revisions_article ON revisions (article_id, id);

CREATE TABLE rechecks (
    -- When the page of each scraped article is fetched again to see whether it was edited, and what came of it.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    due TEXT, -- page is fetched again then, not before; NULL: no more
    looks INTEGER NOT NULL DEFAULT 0, -- times that it was fetched again
    looked_at TEXT, -- time when it was last fetched again
    outcome TEXT, -- what that showed
    gone_since TEXT, -- time since when the origin says that the page is gone (404, 410); what we hold stays
    etag TEXT, -- validator of the page as it was read, to ask again with
    last_modified TEXT -- the other one
) STRICT;

CREATE INDEX idx_rechecks_due ON rechecks (due) WHERE due IS NOT NULL;

CREATE INDEX idx_rechecks_gone ON rechecks (gone_since) WHERE gone_since IS NOT NULL;

CREATE TABLE withdrawals (
    -- Articles that an operator has withdrawn: not shown any more; their archive documents are replaced for it.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    at TEXT NOT NULL, -- time of the withdrawal
    reason TEXT NOT NULL DEFAULT '' -- why, as its page says
) STRICT;

CREATE TABLE muted (
    -- Posts that the rules of the combined feed kept out of it when they were published. They have a page, and stand in
    -- the feeds of their sources.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    rule TEXT NOT NULL, -- keep: no rule of keep took it; mute NAME: that rule
    why TEXT NOT NULL DEFAULT '' -- what it met
) STRICT;

CREATE TABLE notice_rules (
    -- The notifications of feeds.yaml. A rule speaks of posts that are put out after it was made.
    name TEXT PRIMARY KEY, -- name, as in feeds.yaml
    since INTEGER NOT NULL, -- place in the output (posts.sequence) of the last post before the rule was made
    seen INTEGER NOT NULL -- change number (posts.change) up to which posts were looked at
) STRICT, WITHOUT ROWID;


-- Output: the combined feed and the others

CREATE TABLE numbers (
    -- Counters that must survive a restart.
    name TEXT PRIMARY KEY, -- head: last change that the output shows; last_time (of OUTPUT): newest time shown
    value INTEGER NOT NULL -- its value
) STRICT, WITHOUT ROWID;

CREATE TABLE posts (
    -- The place of each article in the output. Sequence, stamp and path never change once given.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    sequence INTEGER UNIQUE, -- place in the order of first emission: 1, 2, 3 ...; NULL: not yet put out
    stamp TEXT UNIQUE, -- time shown in the combined feed: unique, and rises with sequence
    path TEXT UNIQUE, -- page on the mirror, relative to its root
    published TEXT, -- publication, as in articles when it was put out
    feed_id INTEGER NOT NULL REFERENCES feeds (id), -- as in articles
    hidden INTEGER NOT NULL DEFAULT 0, -- whether it is a duplicate, or muted: not in the combined feed
    revised TEXT, -- time of the last real change after it was put out
    change INTEGER NOT NULL DEFAULT 0 -- number of the last change to anything that its page shows
) STRICT;

CREATE INDEX idx_posts_change ON posts (change);

CREATE INDEX idx_posts_feed ON posts (feed_id, published, article_id) WHERE sequence IS NOT NULL;

CREATE INDEX idx_posts_published ON posts (published, hidden) WHERE sequence IS NOT NULL;

CREATE INDEX idx_posts_waiting ON posts (article_id) WHERE sequence IS NULL;

CREATE TABLE post_feeds (
    -- The feeds that carry each post that has been put out.
    feed_id INTEGER NOT NULL REFERENCES feeds (id), -- feed
    sequence INTEGER NOT NULL, -- as in posts
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    PRIMARY KEY (feed_id, sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_post_feeds_article ON post_feeds (article_id);

CREATE TABLE outputs (
    -- The outputs of feeds.yaml.
    name TEXT PRIMARY KEY, -- name, as in feeds.yaml
    filter TEXT NOT NULL, -- conditions and grouping in force (JSON); when they change, all posts are looked at again
    seen INTEGER NOT NULL -- change number (posts.change) up to which posts were looked at
) STRICT, WITHOUT ROWID;

CREATE TABLE output_entries (
    -- The entries of each output. One that has come in keeps its place and stamp; what ended may begin again.
    output TEXT NOT NULL REFERENCES outputs (name) ON DELETE CASCADE, -- output
    place INTEGER NOT NULL, -- order of coming in: 1, 2, 3 ...
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article; of a story: the first that came
    stamp TEXT NOT NULL, -- time shown: that of its post, or later, where it came in after newer ones; rises with place
    holds INTEGER NOT NULL DEFAULT 1, -- whether the conditions still hold
    told TEXT NOT NULL DEFAULT '[]', -- group: story: articles that the entry has shown (JSON)
    grown TEXT, -- group: story: time when it was last joined by an article
    ended TEXT, -- group: story: time when its story turned out to be that of an earlier entry
    PRIMARY KEY (output, place),
    UNIQUE (output, article_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_output_entries_article ON output_entries (article_id);

CREATE INDEX idx_output_entries_ended ON output_entries (output, ended) WHERE ended IS NOT NULL;


-- Images

CREATE TABLE media (
    -- Images of articles whose feed has `media: mirror`, each address once. Equal files are stored once: see hash.
    id INTEGER PRIMARY KEY, -- number of the image
    url TEXT NOT NULL UNIQUE, -- address at its origin
    host TEXT NOT NULL, -- host of that address
    state TEXT NOT NULL DEFAULT 'waiting', -- waiting; kept: there is a copy; tracker: shows nothing; refused: given up
    hash TEXT, -- SHA-256 of the copy's bytes, and its name: public/media/ab/abcd....jpg
    type TEXT, -- media type by content
    bytes INTEGER, -- size of the copy
    width INTEGER, -- pixels
    height INTEGER, -- pixels
    attempts INTEGER NOT NULL DEFAULT 0, -- times that it was asked for
    next_attempt TEXT, -- not asked for before this time; NULL: no more
    fetched_at TEXT, -- time when it was fetched
    error TEXT, -- why the last try failed
    CHECK (state IN ('waiting', 'kept', 'tracker', 'refused'))
) STRICT;

CREATE TABLE feed_icons (
    -- The icons that feeds name, as our own copies. Equal files are stored once, beside the images of articles.
    feed_id INTEGER PRIMARY KEY REFERENCES feeds (id) ON DELETE CASCADE, -- feed
    url TEXT NOT NULL, -- address at its origin
    hash TEXT, -- SHA-256 of the copy's bytes, and its name, as in media; NULL: there is none
    type TEXT, -- media type by content
    attempts INTEGER NOT NULL DEFAULT 0, -- times that it was requested
    next_attempt TEXT, -- not requested before this time; NULL: no more
    error TEXT -- why the last try failed
) STRICT;

CREATE INDEX idx_media_next_attempt ON media (next_attempt) WHERE next_attempt IS NOT NULL;

CREATE INDEX idx_media_hash ON media (hash) WHERE hash IS NOT NULL;

CREATE TABLE article_media (
    -- Which articles show an image, or have shown it: former texts and archive documents still do.
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    media_id INTEGER NOT NULL REFERENCES media (id) ON DELETE CASCADE, -- image
    PRIMARY KEY (article_id, media_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_article_media_media ON article_media (media_id);

CREATE TABLE media_queue (
    -- Articles to be looked through for images, because their text is new or has changed.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE -- article
) STRICT;


-- What articles name

CREATE TABLE facts (
    -- What an article names: one row for each kind and value. A copy's facts are those of its original.
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    kind TEXT NOT NULL, -- cve, actor, software, vendor, product, domain, url, ipv4, sha256 ...
    value TEXT NOT NULL, -- canonical, refanged
    shown TEXT NOT NULL, -- as first spelled in the article
    name TEXT, -- name of a technique, group or tool
    attack_id TEXT, -- its number in ATT&CK
    indicator INTEGER NOT NULL, -- 1: an indicator; 0: a mention, or of a kind that is not judged
    why TEXT NOT NULL, -- reason for that; empty where nothing is judged
    confidence INTEGER, -- of an indicator: 80 defanged or listed, 50 in a sentence
    port INTEGER, -- port beside an address or a name
    count INTEGER NOT NULL, -- times that it stands in the article
    places TEXT NOT NULL, -- JSON: [[field, start, end], ...] in characters of title or text
    recogniser INTEGER NOT NULL, -- version of the recogniser
    PRIMARY KEY (article_id, kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_facts_value ON facts (kind, value);

CREATE TABLE facts_waiting (
    -- Articles whose text has yet to be read for what it names. Kept by triggers.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE -- article
) STRICT;

CREATE TABLE vulnerabilities (
    -- The flaws that articles name, with what the data files know of them.
    cve TEXT PRIMARY KEY, -- CVE number
    state TEXT, -- published, rejected; NULL: no record
    title TEXT, -- title
    products TEXT NOT NULL DEFAULT '[]', -- JSON: what the record calls affected
    cvss REAL, -- CVSS base score
    cvss_version TEXT, -- version of CVSS
    severity TEXT, -- severity in words
    vector TEXT, -- CVSS vector
    cwes TEXT NOT NULL DEFAULT '[]', -- JSON: weaknesses
    epss REAL, -- chance of being exploited in the next 30 days, by EPSS
    epss_percentile REAL, -- share of flaws with a lower one
    epss_date TEXT, -- date of the EPSS file
    epss_model TEXT, -- model of the EPSS file
    kev_added TEXT, -- day on which KEV took it in
    kev_due TEXT, -- day by which US agencies have to act
    kev_ransomware INTEGER, -- 1: known to be used by ransomware
    ssvc TEXT, -- exploitation as CISA states it: none, poc, active
    exploited INTEGER NOT NULL DEFAULT 0, -- 1: exploited now
    exploited_by TEXT, -- who says so: kev or ssvc
    exploited_since TEXT, -- time when we learnt it
    published TEXT, -- time when the record was published
    first_named TEXT, -- publication of the first article that names it
    articles INTEGER NOT NULL DEFAULT 0, -- articles that name it
    changed_at TEXT -- time when its state changed last
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_vulnerabilities_exploited ON vulnerabilities (exploited_since) WHERE exploited;

CREATE TABLE watch_hits (
    -- Articles that concern a watchlist.
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    watch TEXT NOT NULL, -- name of the watchlist
    why TEXT NOT NULL, -- reason
    certain INTEGER NOT NULL, -- 1: by a CVE record; 0: by name
    exploited INTEGER NOT NULL DEFAULT 0, -- 1: a flaw of it is exploited
    at TEXT NOT NULL, -- time when that was found
    told_at TEXT, -- time of the message; NULL: none
    told_exploited INTEGER NOT NULL DEFAULT 0, -- 1: the message said that a flaw of it is exploited
    PRIMARY KEY (article_id, watch)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_watch_hits_watch ON watch_hits (watch, at);

CREATE TABLE fact_pages_changed (
    -- Pages of flaws, groups, software, vendors and products that have to be written again.
    kind TEXT NOT NULL, -- cve, actor, software, vendor or product
    value TEXT NOT NULL, -- as in facts
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;


-- Notifications

CREATE TABLE notices (
    -- Messages about posts, one for each place that a rule sends to.
    rule TEXT NOT NULL REFERENCES notice_rules (name) ON DELETE CASCADE, -- rule
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    target TEXT NOT NULL, -- key made from the address in the rule's `to` that it goes to
    attempts INTEGER NOT NULL DEFAULT 0, -- times that it was tried
    next_attempt TEXT, -- time of the next try; NULL: sent, or given up
    sent_at TEXT, -- time when it was sent
    error TEXT, -- why the last try failed
    PRIMARY KEY (rule, article_id, target)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_notices_due ON notices (next_attempt) WHERE next_attempt IS NOT NULL;

CREATE INDEX idx_notices_article ON notices (article_id);


-- Upkeep

CREATE TABLE upkeep (
    -- What keeps the database in order, and when each of it was last done; so that a missed night is made up for once.
    job TEXT PRIMARY KEY, -- retention, images, optimize, checkpoint or backup
    tried_at TEXT NOT NULL, -- time of the last try
    done_at TEXT, -- time of the last try that went well
    result TEXT NOT NULL DEFAULT '', -- what the last good try did
    error TEXT -- why the last try failed; NULL: it did not
) STRICT, WITHOUT ROWID;

CREATE TABLE purged (
    -- Articles that have been kept as long as feeds.yaml says: title, link and teaser are left, the text is gone.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    at TEXT NOT NULL, -- time when its text was deleted
    word_count INTEGER NOT NULL -- words that it had
) STRICT;

CREATE TABLE schema_help (
    -- What every table, view and column means; made from the comments in the schema.
    "table" TEXT NOT NULL, -- table or view
    "column" TEXT NOT NULL, -- column; empty: the table itself
    help TEXT NOT NULL, -- what it means
    PRIMARY KEY ("table", "column")
) STRICT, WITHOUT ROWID;


-- Search

CREATE VIRTUAL TABLE "articles_fts" USING FTS5 (
    "title", "text",
    tokenize='unicode61 remove_diacritics 2',
    content="articles"
);


-- Triggers

CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN
        INSERT INTO articles_fts (rowid, title, text) VALUES (new.id, new.title, new.text);
    END;

CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN
        INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
    END;

CREATE TRIGGER articles_fts_update AFTER UPDATE OF title, text ON articles BEGIN
        INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
        INSERT INTO articles_fts (rowid, title, text) VALUES (new.id, new.title, new.text);
    END;

CREATE TRIGGER media_article_new AFTER INSERT ON articles
    WHEN (SELECT json_extract(options, '$.media') FROM feeds WHERE id = new.feed_id) = 'mirror' BEGIN
        INSERT OR IGNORE INTO media_queue (article_id) VALUES (new.id);
    END;

CREATE TRIGGER media_article_changed AFTER UPDATE OF html, lead_image ON articles
    WHEN (SELECT json_extract(options, '$.media') FROM feeds WHERE id = new.feed_id) = 'mirror' BEGIN
        INSERT OR IGNORE INTO media_queue (article_id) VALUES (new.id);
    END;

CREATE TRIGGER media_entry_changed AFTER UPDATE OF html, summary, article_id ON entries
    WHEN (SELECT json_extract(options, '$.media') FROM feeds WHERE id = new.feed_id) = 'mirror' BEGIN
        INSERT OR IGNORE INTO media_queue (article_id) VALUES (new.article_id);
    END;

CREATE TRIGGER story_waiting_new AFTER INSERT ON articles WHEN new.duplicate_of IS NULL BEGIN
        INSERT INTO story_waiting (article_id) VALUES (new.id);
    END;

CREATE TRIGGER story_waiting_copy AFTER UPDATE OF duplicate_of ON articles BEGIN
        DELETE FROM story_waiting WHERE article_id = new.id;
        INSERT INTO story_waiting (article_id) SELECT new.id
            WHERE new.duplicate_of IS NULL AND NOT EXISTS (SELECT 1 FROM story_articles WHERE article_id = new.id);
    END;

CREATE TRIGGER story_waiting_placed AFTER INSERT ON story_articles BEGIN
        DELETE FROM story_waiting WHERE article_id = new.article_id;
    END;

CREATE TRIGGER story_waiting_again AFTER DELETE ON story_articles BEGIN
        INSERT OR IGNORE INTO story_waiting (article_id)
            SELECT id FROM articles WHERE id = old.article_id AND duplicate_of IS NULL;
    END;

CREATE TRIGGER facts_waiting_new AFTER INSERT ON articles BEGIN
        INSERT OR IGNORE INTO facts_waiting (article_id) VALUES (new.id);
    END;

CREATE TRIGGER facts_waiting_changed AFTER UPDATE OF title, text ON articles
        WHEN old.title IS NOT new.title OR old.text IS NOT new.text BEGIN
        INSERT OR IGNORE INTO facts_waiting (article_id) VALUES (new.id);
    END;


-- Views: questions that people ask, answered by name

CREATE VIEW feed_health AS SELECT
    -- How each configured feed does, the ones in trouble first.
    f.name AS name, -- name
    CASE WHEN f.paused THEN 'paused' ELSE f.status END AS state, -- ok, backing_off, gone or paused
    f.last_success AS last_success, -- last poll that went well
    f.last_poll AS last_poll, -- last poll
    f.next_poll AS next_poll, -- next poll, not before
    f.next_poll_reason AS why_then, -- why then
    f.failures AS failures_in_a_row, -- failed polls since the last good one
    f.last_error AS last_error, -- what the last failed poll said
    (SELECT count(*) FROM entries AS e WHERE e.feed_id = f.id) AS entries, -- entries held
    (SELECT count(*) FROM chain AS c WHERE c.feed_id = f.id AND c.state = 'found') AS found_by_chain, -- as in chain
    (SELECT max(e.published_at) FROM entries AS e WHERE e.feed_id = f.id) AS newest_entry, -- when its newest came out
    (SELECT count(*) FROM articles AS a WHERE a.feed_id = f.id AND a.state = 'pending') AS pages_waiting, -- not fetched
    (SELECT count(*) FROM articles AS a WHERE a.feed_id = f.id AND a.state = 'failed') AS pages_failed, -- not scraped
    f.interval_s / 60 AS minutes_between_polls, -- present interval
    f.url AS url -- address as in feeds.yaml; may hold a secret
FROM feeds AS f
WHERE f.configured
ORDER BY f.status = 'ok', f.failures DESC, f.name;

CREATE VIEW settled_neighbours AS SELECT
    -- What pages say of their next and previous posts, put right: dates tell which of two posts is the next.
    stated.article_id AS id, -- number of the article whose page says so
    stated.direction AS said, -- next or previous, as the page says
    CASE WHEN held.published > own.published THEN 'next' WHEN held.published < own.published THEN 'previous'
        WHEN feeds.links_reversed AND held.id IS NULL
        THEN CASE stated.direction WHEN 'next' THEN 'previous' ELSE 'next' END
        ELSE stated.direction
    END AS direction, -- next: the newer post, previous: the older one, whatever the page calls it
    stated.url AS url, -- link to the neighbour
    stated.canonical_url AS canonical_url, -- the same for comparing
    stated.title AS title, -- title that the page shows for it
    stated.teaser AS teaser, -- teaser that the page shows for it
    stated.found_at AS found_at, -- time when it was found
    held.id AS held_id -- number of the neighbour, where it is held
FROM neighbours AS stated
JOIN articles AS own ON own.id = stated.article_id
JOIN feeds ON feeds.id = own.feed_id
LEFT JOIN article_urls ON article_urls.url = stated.canonical_url
LEFT JOIN articles AS held ON held.id = article_urls.article_id;

CREATE VIEW latest_articles AS SELECT
    -- What has been put out, newest first, without duplicates.
    articles.id AS id, -- number of the article
    articles.published AS published, -- publication
    articles.title AS title, -- title
    feeds.name AS source, -- feed that brought it first
    articles.author AS author, -- author
    articles.url AS url, -- link to the original
    articles.teaser AS teaser, -- beginning of the text
    articles.word_count AS words, -- words in the text
    articles.state AS state, -- scraped: the page's text; others: the feed's
    (SELECT count(*) FROM articles AS copy WHERE copy.duplicate_of = articles.id) AS copies, -- duplicates linked to it
    (SELECT count(*) FROM revisions AS r WHERE r.article_id = articles.id AND r.kind = 'edited') AS edits, -- revisions
    posts.sequence AS sequence, -- place in the output
    posts.path AS path -- page on the mirror
FROM posts
JOIN articles ON articles.id = posts.article_id
JOIN feeds ON feeds.id = articles.feed_id
WHERE posts.sequence IS NOT NULL AND posts.hidden = 0
ORDER BY posts.sequence DESC;

CREATE VIEW evidence AS SELECT
    -- How each article came to be what is stored: fetched when and how, taken apart by what, a copy of what and why.
    articles.id AS id, -- number of the article
    articles.title AS title, -- its title
    feeds.name AS source, -- feed that brought it first
    articles.url AS url, -- link to the original
    articles.first_seen AS first_seen, -- time of the poll that brought it
    articles.state AS state, -- scraped: has the page's text; pending, failed, feed_text: has the feed's
    articles.kind AS kind, -- what the page turned out to be: article, paywall, consent, captcha ...
    articles.fetched_at AS fetched_at, -- time when the page was fetched; NULL: not yet, or never
    articles.final_url AS final_url, -- where the redirects ended
    articles.http_status AS http_status, -- HTTP status of the page
    articles.content_type AS content_type, -- its Content-Type
    rechecks.etag AS etag, -- its ETag
    rechecks.last_modified AS last_modified, -- its Last-Modified
    page_headers.x_robots_tag AS x_robots_tag, -- its X-Robots-Tag
    articles.noarchive AS noarchive, -- whether it asks not to be archived, there or in its HTML
    articles.raw_hash AS raw_hash, -- SHA-256 of its bytes
    articles.partial AS partial, -- whether it ended early
    coalesce(extractions.pages, CASE WHEN articles.fetched_at IS NOT NULL THEN 1 END) AS pages, -- pages joined
    articles.extractor AS extractor, -- engine that took the text out of the page
    articles.quality AS quality, -- how good the extraction seemed, 0 to 1
    extractions.rule AS rule, -- file of the site's rule
    extractions.rule_problem AS rule_problem, -- why the rule, or a part of it, was of no use
    articles.attempts AS attempts, -- times that the page was tried since the article was new or revised
    articles.last_error AS last_error, -- why the last try failed
    rechecks.looked_at AS looked_at, -- time when the page was last fetched again
    rechecks.outcome AS look_outcome, -- what that showed
    rechecks.gone_since AS gone_since, -- time since when the origin says that the page is gone
    articles.duplicate_of AS duplicate_of, -- number of the first publication of the same text
    articles.similarity AS similarity, -- how alike the two are, 0 to 1
    articles.duplicate_reason AS duplicate_reason -- why they are taken for the same
FROM articles
JOIN feeds ON feeds.id = articles.feed_id
LEFT JOIN rechecks ON rechecks.article_id = articles.id
LEFT JOIN page_headers ON page_headers.article_id = articles.id
LEFT JOIN extractions ON extractions.article_id = articles.id;

CREATE VIEW duplicates AS SELECT
    -- Every duplicate beside the article that it is a copy of.
    copy.id AS id, -- number of the copy
    copy.title AS title, -- its title
    copy_feed.name AS source, -- its feed
    copy.published AS published, -- its publication
    copy.url AS url, -- link to it
    copy.similarity AS similarity, -- how alike the two are, 0 to 1
    copy.duplicate_reason AS reason, -- why they are taken for the same
    original.id AS original_id, -- number of the first publication
    original.title AS original_title, -- its title
    original_feed.name AS original_source, -- its feed
    original.published AS original_published, -- its publication
    original.url AS original_url -- link to it
FROM articles AS copy
JOIN articles AS original ON original.id = copy.duplicate_of
JOIN feeds AS copy_feed ON copy_feed.id = copy.feed_id
JOIN feeds AS original_feed ON original_feed.id = original.feed_id;

CREATE VIEW nearest_posts AS SELECT
    -- What stands on either side of each article, withdrawn posts included; neighbour_posts steps over these.
    own.id AS id, -- number of the article
    side.direction AS direction, -- next or previous
    page.url AS url, -- link on the article's page
    page.title AS title, -- title that the page shows
    page.teaser AS teaser, -- teaser that the page shows
    page.article_id IS NOT NULL AS by_page, -- 1: its page states it, whatever others state
    article_urls.article_id AS held_id, -- number of the article that the page means; NULL: not stored
    CASE side.direction
        WHEN 'next' THEN (
            SELECT namer.id FROM article_urls
            JOIN neighbours AS stated ON stated.canonical_url = article_urls.url
            JOIN articles AS namer ON namer.id = stated.article_id
            WHERE article_urls.article_id = own.id AND namer.id <> own.id AND (namer.published > own.published
                OR namer.published = own.published AND stated.direction = 'previous')
            ORDER BY namer.published, namer.id LIMIT 1)
        ELSE (
            SELECT namer.id FROM article_urls
            JOIN neighbours AS stated ON stated.canonical_url = article_urls.url
            JOIN articles AS namer ON namer.id = stated.article_id
            WHERE article_urls.article_id = own.id AND namer.id <> own.id AND (namer.published < own.published
                OR namer.published = own.published AND stated.direction = 'next')
            ORDER BY namer.published DESC, namer.id DESC LIMIT 1)
    END AS namer_id, -- number of the article on that side whose page names this one
    CASE side.direction
        WHEN 'next' THEN (
            SELECT later.article_id FROM posts JOIN posts AS later
                ON later.feed_id = posts.feed_id AND later.sequence IS NOT NULL
                AND (later.published, later.article_id) > (posts.published, posts.article_id)
            WHERE posts.article_id = own.id AND posts.sequence IS NOT NULL
            ORDER BY later.published, later.article_id LIMIT 1)
        ELSE (
            SELECT earlier.article_id FROM posts JOIN posts AS earlier
                ON earlier.feed_id = posts.feed_id AND earlier.sequence IS NOT NULL
                AND (earlier.published, earlier.article_id) < (posts.published, posts.article_id)
            WHERE posts.article_id = own.id AND posts.sequence IS NOT NULL
            ORDER BY earlier.published DESC, earlier.article_id DESC LIMIT 1)
    END AS in_feed_id -- number of the article on that side within the feed
FROM articles AS own
CROSS JOIN (SELECT 'next' AS direction UNION ALL SELECT 'previous') AS side
LEFT JOIN neighbours AS page ON page.article_id = own.id AND page.direction = (
    SELECT said FROM settled_neighbours AS settled
    WHERE settled.id = own.id AND settled.direction = side.direction AND settled.held_id IS NOT settled.id
    ORDER BY said = direction DESC LIMIT 1)
LEFT JOIN article_urls ON article_urls.url = page.canonical_url;

CREATE VIEW neighbour_posts AS SELECT
    -- The next and the previous post of each article, as the output shows them. Withdrawn posts are stepped over.
    reached.id AS id, -- number of the article
    reached.title AS title, -- its title
    reached.direction AS direction, -- next or previous
    reached.stated_by AS stated_by, -- page: its own page; next page, previous page: that post's page; feed order: none
    coalesce(nullif(other.url, ''), reached.url) AS other_url, -- link to the neighbour
    coalesce(nullif(other.title, ''), reached.other_title) AS other_title, -- title of the neighbour
    coalesce(nullif(other.teaser, ''), reached.teaser) AS other_teaser, -- teaser of the neighbour
    other.id AS other_id, -- number of the neighbour; NULL: not stored
    posts.path AS other_path -- its page on the mirror
FROM (
    SELECT own.id AS id, own.title AS title, near.direction AS direction, near.url AS url, near.title AS other_title,
        near.teaser AS teaser,
        CASE WHEN near.by_page THEN 'page' WHEN near.namer_id IS NOT NULL THEN near.direction || ' page'
            ELSE 'feed order' END AS stated_by,
        CASE WHEN near.by_page THEN near.held_id ELSE coalesce(near.namer_id, near.in_feed_id) END AS target
    FROM articles AS own
    CROSS JOIN (SELECT 'next' AS direction UNION ALL SELECT 'previous') AS way
    CROSS JOIN nearest_posts AS near ON near.direction = way.direction AND near.id = (
        WITH RECURSIVE step (at, hops) AS (
            SELECT own.id, 0
            UNION ALL
            SELECT withdrawals.article_id, step.hops + 1 FROM step
            CROSS JOIN nearest_posts AS beyond ON beyond.id = step.at AND beyond.direction = way.direction
            CROSS JOIN withdrawals ON withdrawals.article_id = CASE WHEN beyond.by_page THEN beyond.held_id
                ELSE coalesce(beyond.namer_id, beyond.in_feed_id) END
            WHERE step.hops < 20 AND EXISTS (SELECT 1 FROM withdrawals)
        )
        SELECT at FROM step ORDER BY hops DESC LIMIT 1)
) AS reached
LEFT JOIN posts ON posts.article_id = reached.target
LEFT JOIN articles AS other ON other.id = posts.article_id
WHERE reached.target IS NOT reached.id
    AND NOT EXISTS (SELECT 1 FROM withdrawals WHERE article_id = reached.target)
    AND (other.id IS NOT NULL OR reached.url IS NOT NULL);

CREATE VIEW next_posts AS SELECT
    -- The next post of each article, as the output shows it.
    id, -- number of the article
    title, -- its title
    stated_by, -- page: its own page; next page: the next post's page; feed order: no page, the order within the feed
    other_url AS next_url, -- link to the next post
    other_title AS next_title, -- title of the next post
    other_teaser AS next_teaser, -- teaser of the next post
    other_id AS next_id -- number of the next post, where it is stored
FROM neighbour_posts WHERE direction = 'next';

CREATE VIEW gaps AS SELECT
    -- Previous posts that pages name and that no poll ever saw: they fell out of the feed between two polls.
    articles.id AS id, -- number of the article whose page names it
    articles.title AS title, -- its title
    feeds.name AS source, -- its feed
    stated.url AS missing_url, -- link to the post that is missing
    stated.title AS missing_title, -- title that the page shows for it
    stated.found_at AS found_at, -- time when the link was found
    coalesce(chain.reason, chain.state) AS outcome -- what came of following it so far; NULL: not yet followed
FROM entries
CROSS JOIN neighbours AS stated ON stated.article_id = entries.article_id
CROSS JOIN articles ON articles.id = entries.article_id
CROSS JOIN feeds ON feeds.id = entries.feed_id
CROSS JOIN feeds AS owner ON owner.id = articles.feed_id
LEFT JOIN article_urls ON article_urls.url = stated.canonical_url
LEFT JOIN articles AS held ON held.id = article_urls.article_id
LEFT JOIN chain ON chain.canonical_url = stated.canonical_url
WHERE entries.missed_since IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM article_urls JOIN entries AS held ON held.article_id = article_urls.article_id
        WHERE article_urls.url = stated.canonical_url
    )
    AND julianday(articles.published) > julianday(entries.missed_since) - 1
    AND CASE WHEN held.published > articles.published THEN 'next' WHEN held.published < articles.published
        THEN 'previous' WHEN owner.links_reversed AND held.id IS NULL
        THEN CASE stated.direction WHEN 'next' THEN 'previous' ELSE 'next' END ELSE stated.direction
        END = 'previous';

CREATE VIEW silent_feeds AS SELECT
    -- Feeds that are polled well and have not posted for unusually long, each by its own rhythm (its last 50 posts).
    feeds.name AS name, -- name
    rhythm.newest AS newest_entry, -- when its newest came out
    round(julianday('now') - julianday(rhythm.newest), 1) AS silent_days, -- days since then
    round(rhythm.usual, 1) AS usual_days, -- days from one post to the next, on average
    round(rhythm.longest, 1) AS longest_days, -- the longest that it had been silent before
    feeds.home_page_url AS home_page_url -- its site
FROM feeds
JOIN (
    SELECT feed_id, max(at) AS newest, max(gap) AS longest,
        (julianday(max(at)) - julianday(min(at))) / (count(*) - 1) AS usual
    FROM (
        SELECT feed_id, at, julianday(at) - julianday(lag(at) OVER (PARTITION BY feed_id ORDER BY at)) AS gap
        FROM (
            SELECT DISTINCT of.id AS feed_id, entries.published_at AS at
            FROM feeds AS of JOIN entries ON entries.id IN (
                SELECT id FROM entries AS own WHERE own.feed_id = of.id ORDER BY own.published_at DESC LIMIT 50
            )
        )
    )
    GROUP BY feed_id HAVING count(*) >= 8
) AS rhythm ON rhythm.feed_id = feeds.id
WHERE feeds.configured AND NOT feeds.paused AND feeds.status <> 'gone' AND feeds.failures = 0
    AND julianday('now') - julianday(rhythm.newest) > max(1.5 * rhythm.longest, 5 * rhythm.usual, 1)
ORDER BY rhythm.newest;

CREATE VIEW latest_stories AS SELECT
    -- Events that more than one article tells of, the one with the newest article first. Copies do not count.
    told.story_id AS id, -- number of the story, as in stories
    articles.title AS title, -- title of the article that was published first
    feeds.name AS source, -- its feed
    told.articles AS articles, -- articles that tell of it
    told.outlets AS outlets, -- feeds that brought them
    told.first AS first_published, -- publication of the first of them
    told.last AS last_published -- publication of the last
FROM (
    SELECT story.story_id, count(*) AS articles, count(DISTINCT member.feed_id) AS outlets,
        min(story.published) AS first, max(story.published) AS last
    FROM story_articles AS story JOIN articles AS member ON member.id = story.article_id
    GROUP BY story.story_id HAVING count(*) > 1
) AS told
JOIN articles ON articles.id = (
    SELECT article_id FROM story_articles WHERE story_id = told.story_id ORDER BY published, article_id LIMIT 1
)
JOIN feeds ON feeds.id = articles.feed_id
ORDER BY told.last DESC;

CREATE VIEW related AS SELECT
    -- What hangs together with each article: copies, those that tell of the same event, next and previous post.
    found.id AS id, -- number of the article
    found.relation AS relation, -- what the other is to it: original, copy, story, next or previous
    other.id AS other_id, -- number of the other; NULL: it is not held
    coalesce(nullif(other.title, ''), found.title) AS title, -- title of the other
    feeds.name AS source, -- its feed
    other.published AS published, -- its publication
    coalesce(other.url, found.url) AS url, -- link to it
    found.why AS why -- why the two belong together
FROM (
    SELECT id, 'original' AS relation, duplicate_of AS other_id, NULL AS title, NULL AS url,
        duplicate_reason || ' (' || round(similarity, 2) || ')' AS why
    FROM articles WHERE duplicate_of IS NOT NULL
    UNION ALL
    SELECT duplicate_of, 'copy', id, NULL, NULL, duplicate_reason || ' (' || round(similarity, 2) || ')'
    FROM articles WHERE duplicate_of IS NOT NULL
    UNION ALL
    SELECT own.article_id, 'story', member.article_id, NULL, NULL, 'story ' || own.story_id || coalesce(
        ', score ' || (SELECT round(max(score), 2) FROM story_links AS link
            WHERE link.article_id = own.article_id AND link.other_id = member.article_id
                OR link.article_id = member.article_id AND link.other_id = own.article_id),
        ', through others')
    FROM story_articles AS own
    JOIN story_articles AS member ON member.story_id = own.story_id AND member.article_id <> own.article_id
    UNION ALL
    SELECT id, direction, other_id, other_title, other_url,
        CASE stated_by WHEN 'feed order' THEN 'by the order of the feed' ELSE 'stated by the ' || stated_by END
    FROM neighbour_posts
) AS found
LEFT JOIN articles AS other ON other.id = found.other_id
LEFT JOIN feeds ON feeds.id = other.feed_id;

CREATE VIEW exploited_now AS SELECT
    -- Flaws that articles name and that are exploited now, those learnt last first.
    cve, -- CVE number
    title, -- title
    exploited_since, -- time when we learnt it
    exploited_by, -- kev or ssvc
    kev_added, -- day on which KEV took it in
    kev_due, -- day by which US agencies have to act
    kev_ransomware, -- 1: known to be used by ransomware
    cvss, -- CVSS base score
    epss, -- EPSS score
    first_named, -- publication of the first article that names it
    articles -- articles that name it
FROM vulnerabilities WHERE exploited ORDER BY exploited_since DESC, cve DESC;

CREATE VIEW latest_vulnerabilities AS SELECT
    -- Flaws that articles name, those first named last first.
    cve, -- CVE number
    title, -- title
    first_named, -- publication of the first article that names it
    articles, -- articles that name it
    exploited, -- 1: exploited now
    cvss, -- CVSS base score
    severity, -- severity in words
    epss -- EPSS score
FROM vulnerabilities ORDER BY first_named DESC, cve DESC;

CREATE VIEW indicators AS SELECT
    -- Every indicator, with where it was seen.
    facts.value AS value, -- value
    facts.kind AS kind, -- kind
    min(articles.published) AS first_seen, -- publication of the first article that names it
    max(articles.published) AS last_seen, -- publication of the last one
    count(*) AS articles, -- articles that name it
    count(DISTINCT articles.feed_id) AS outlets, -- feeds that they came from
    min(facts.why) AS why -- reason
FROM facts JOIN articles ON articles.id = facts.article_id
WHERE facts.indicator GROUP BY facts.kind, facts.value;

CREATE VIEW latest_actors AS SELECT
    -- Groups that articles name, those named last first.
    facts.value AS actor, -- name
    facts.attack_id AS attack_id, -- number in ATT&CK
    max(articles.published) AS last_named, -- publication of the last article that names it
    min(articles.published) AS first_named, -- publication of the first one
    count(*) AS articles -- articles that name it
FROM facts JOIN articles ON articles.id = facts.article_id
WHERE facts.kind = 'actor' GROUP BY facts.value, facts.attack_id ORDER BY last_named DESC;

CREATE VIEW my_products AS SELECT
    -- Hits of the watchlists, newest first.
    watch_hits.watch AS watch, -- name of the watchlist
    watch_hits.at AS at, -- time when it was found
    watch_hits.why AS why, -- reason
    watch_hits.certain AS certain, -- 1: by a CVE record; 0: by name
    watch_hits.exploited AS exploited, -- 1: a flaw of it is exploited
    articles.title AS title, -- title of the article
    articles.url AS url, -- link to it
    articles.id AS article_id -- article
FROM watch_hits JOIN articles ON articles.id = watch_hits.article_id ORDER BY watch_hits.at DESC;

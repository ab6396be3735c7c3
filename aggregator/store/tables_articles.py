"""The tables of what is made of it: articles, their addresses, neighbours, duplicates, places in the output.

Comments as in `tables_feeds`.
"""

from __future__ import annotations

ARTICLES = """
CREATE TABLE articles (
    -- One row an article, however many feeds carry it. A duplicate is linked to its original, never deleted.
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- number of the article
    uid TEXT NOT NULL UNIQUE, -- id in the output: a tag: URI (RFC 4151) made from canonical_url, or feed and guid
    feed_id INTEGER NOT NULL REFERENCES feeds (id), -- feed that brought it first
    state TEXT NOT NULL, -- scraped: has the page's text; pending, failed, feed_text: has the feed's, feed_text for good
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
    CHECK (state IN ('pending', 'scraped', 'feed_text', 'failed'))
) STRICT;
CREATE INDEX idx_articles_next_attempt ON articles (next_attempt) WHERE next_attempt IS NOT NULL;
CREATE INDEX idx_articles_duplicate_of ON articles (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX idx_articles_state ON articles (state);
CREATE INDEX idx_articles_published ON articles (published);
CREATE INDEX idx_articles_feed ON articles (feed_id, state);
CREATE INDEX idx_articles_first_seen ON articles (first_seen);
CREATE INDEX idx_articles_looked ON articles (looked_at, feed_id) WHERE looked_at IS NOT NULL;
"""

ARTICLE_URLS = """
CREATE TABLE article_urls (
    -- Every address (canonical form) under which an article was seen: the feed's link, redirects, the page's own.
    url TEXT PRIMARY KEY, -- address, for comparing, not for clicking
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE -- article
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_article_urls_article ON article_urls (article_id);
"""

ARTICLE_ALIASES = """
CREATE TABLE article_aliases (
    -- Articles that turned out to be another one before they were ever put out.
    old_id INTEGER PRIMARY KEY, -- number that the article had
    uid TEXT NOT NULL, -- uid that it had
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article that it is
    at TEXT NOT NULL -- time when that was found out
) STRICT;
CREATE INDEX idx_article_aliases_article ON article_aliases (article_id);
"""

REVISIONS = """
CREATE TABLE revisions (
    -- What an article said before it was changed.
    id INTEGER PRIMARY KEY, -- number of the revision
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    at TEXT NOT NULL, -- time until which it said this
    title TEXT NOT NULL, -- title until then
    text TEXT NOT NULL, -- text until then
    html TEXT NOT NULL -- HTML until then
) STRICT;
CREATE INDEX idx_revisions_article ON revisions (article_id, id);
"""

NEIGHBOURS = """
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
"""

CHAIN = """
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
"""

FINGERPRINTS = """
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
"""

BANDS = """
CREATE TABLE bands (
    -- Index to find similar articles: those that share several bands may be the same. Made from fingerprints.
    band INTEGER NOT NULL, -- one number of the fingerprint
    day INTEGER NOT NULL, -- as in fingerprints
    article_id INTEGER NOT NULL, -- article
    PRIMARY KEY (band, day, article_id)
) STRICT, WITHOUT ROWID;
"""

POSTS = """
CREATE TABLE posts (
    -- The place of each article in the output. Sequence, stamp and path never change once given.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    sequence INTEGER UNIQUE, -- place in the order of first emission: 1, 2, 3 ...; NULL: not yet put out
    stamp TEXT UNIQUE, -- time shown in the combined feed: unique, and rises with sequence
    path TEXT UNIQUE, -- page on the mirror, relative to its root
    published TEXT, -- publication, as in articles when it was put out
    feed_id INTEGER NOT NULL REFERENCES feeds (id), -- as in articles
    hidden INTEGER NOT NULL DEFAULT 0, -- whether it is a duplicate: not in the combined feed
    revised TEXT, -- time of the last real change after it was put out
    change INTEGER NOT NULL DEFAULT 0 -- number of the last change to anything that its page shows
) STRICT;
CREATE INDEX idx_posts_change ON posts (change);
CREATE INDEX idx_posts_feed ON posts (feed_id, published, article_id) WHERE sequence IS NOT NULL;
CREATE INDEX idx_posts_published ON posts (published, hidden) WHERE sequence IS NOT NULL;
CREATE INDEX idx_posts_waiting ON posts (article_id) WHERE sequence IS NULL;
"""

POST_FEEDS = """
CREATE TABLE post_feeds (
    -- The feeds that carry each post that has been put out.
    feed_id INTEGER NOT NULL REFERENCES feeds (id), -- feed
    sequence INTEGER NOT NULL, -- as in posts
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    PRIMARY KEY (feed_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_post_feeds_article ON post_feeds (article_id);
"""

NUMBERS = """
CREATE TABLE numbers (
    -- Counters that must survive a restart.
    name TEXT PRIMARY KEY, -- head: last change that the output shows; last_time (of OUTPUT): newest time shown
    value INTEGER NOT NULL -- its value
) STRICT, WITHOUT ROWID;
"""

SCHEMA_HELP = """
CREATE TABLE schema_help (
    -- What every table, view and column means; made from the comments in the schema.
    "table" TEXT NOT NULL, -- table or view
    "column" TEXT NOT NULL, -- column; empty: the table itself
    help TEXT NOT NULL, -- what it means
    PRIMARY KEY ("table", "column")
) STRICT, WITHOUT ROWID;
"""

TABLES = (
    ARTICLES,
    ARTICLE_URLS,
    ARTICLE_ALIASES,
    REVISIONS,
    NEIGHBOURS,
    CHAIN,
    FINGERPRINTS,
    BANDS,
    POSTS,
    POST_FEEDS,
    NUMBERS,
    SCHEMA_HELP,
)
"""In the order of docs/database.md."""

"""What identity rests on besides the entries: since when a feed did not list them,
how much each feed has added, and indexes to find entries by.

Comments as in `tables_feeds`.
"""

from __future__ import annotations

UNLISTED = """
CREATE TABLE unlisted (
    -- Entries that came after the first poll of their feed: a date before the last look, where they were not, is false.
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE, -- entry
    at TEXT NOT NULL -- time of the last good poll of its feed that did not list it
) STRICT;
"""

INDEXES = """
CREATE INDEX idx_entries_link ON entries (canonical_url, feed_id) WHERE canonical_url IS NOT NULL;
CREATE INDEX idx_entries_words ON entries (content_hash, feed_id);
"""

FEED_SIZES = """
CREATE TABLE feed_sizes (
    -- How much each feed has added, and which bound on that its last poll met.
    feed_id INTEGER PRIMARY KEY REFERENCES feeds (id) ON DELETE CASCADE, -- feed
    text_bytes INTEGER NOT NULL, -- size of its entries' texts, in bytes
    reached TEXT NOT NULL DEFAULT '' -- which bound was met, in words; empty: none
) STRICT;
"""

FILL_SIZES = """
INSERT INTO feed_sizes (feed_id, text_bytes)
SELECT feed_id, sum(length(CAST(html AS BLOB)) + length(CAST(summary AS BLOB))) FROM entries GROUP BY feed_id;
"""

CONTRIBUTORS = """
CREATE TABLE contributors (
    -- Entries of other feeds that an article shows something of: files, author, text that its own feed does not give.
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE, -- entry
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    text INTEGER NOT NULL -- whether its text may stand for the article's, where it is the longer one
) STRICT;
CREATE INDEX idx_contributors_article ON contributors (article_id);
"""

TABLES = (UNLISTED, FEED_SIZES, CONTRIBUTORS, INDEXES, FILL_SIZES)
"""In the order of docs/database.md."""

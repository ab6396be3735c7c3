"""The tables of how well pages are read: what each gave, and which feeds are flagged. Comments as in `tables_feeds`."""

from __future__ import annotations

SAMPLES = """
CREATE TABLE samples (
    -- What reading an article's page gave, for finding out that the pages of a feed have stopped giving articles.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    feed_id INTEGER NOT NULL REFERENCES feeds (id), -- its feed
    at TEXT NOT NULL, -- time when its page was read
    words INTEGER NOT NULL, -- words of the text found in the page, whatever the article says now
    repeats INTEGER NOT NULL DEFAULT 0 -- whether that text is not the article's: another post's, a wall, or read badly
) STRICT;
CREATE INDEX idx_samples_feed ON samples (feed_id, at, article_id);
"""

FLAGGED = """
CREATE TABLE flagged (
    -- Feeds whose pages give no good articles at present; gone from here when they do again.
    feed_id INTEGER PRIMARY KEY REFERENCES feeds (id) ON DELETE CASCADE, -- feed
    since TEXT NOT NULL, -- time when that was found out
    reason TEXT NOT NULL, -- why, in a sentence
    usual_words INTEGER NOT NULL -- words that its articles usually have
) STRICT;
"""

REPEATED = """
CREATE TABLE repeated (
    -- Paragraphs of pages that gave another post's text, by which they are known when other pages show them again.
    article_id INTEGER NOT NULL REFERENCES samples (article_id) ON DELETE CASCADE, -- article whose page showed it
    mark TEXT NOT NULL, -- hash of its words
    PRIMARY KEY (article_id, mark)
) STRICT, WITHOUT ROWID;
"""

TABLES = (SAMPLES, FLAGGED)
"""In the order of docs/database.md."""

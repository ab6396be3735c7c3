"""The tables of upkeep: when each of its jobs last ran, and which articles have been cut down to their beginnings.

Comments as in `tables_feeds`.
"""

from __future__ import annotations

UPKEEP = """
CREATE TABLE upkeep (
    -- What keeps the database in order, and when each of it was last done; so that a missed night is made up for once.
    job TEXT PRIMARY KEY, -- retention, images, optimize, checkpoint or backup
    tried_at TEXT NOT NULL, -- time of the last try
    done_at TEXT, -- time of the last try that went well
    result TEXT NOT NULL DEFAULT '', -- what the last good try did
    error TEXT -- why the last try failed; NULL: it did not
) STRICT, WITHOUT ROWID;
"""

PURGED = """
CREATE TABLE purged (
    -- Articles that have been kept as long as feeds.yaml says: title, link and teaser are left, the text is gone.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    at TEXT NOT NULL, -- time when its text was deleted
    word_count INTEGER NOT NULL -- words that it had
) STRICT;
"""

TABLES = (UPKEEP, PURGED)
"""In the order of docs/database.md."""

"""The tables of edits: what articles said before, and when their pages are fetched again to see whether they still do.

Comments as in `tables_feeds`.
"""

from __future__ import annotations

REVISIONS = """
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
"""

RECHECKS = """
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
"""

TO_NEW_FORM = """
DROP INDEX idx_revisions_article;
ALTER TABLE revisions RENAME TO former_revisions;
"""
FROM_FORMER = """
INSERT INTO revisions (id, article_id, at, title, text, html)
    SELECT id, article_id, at, title, text, html FROM former_revisions;
DROP TABLE former_revisions;
"""

TABLES = (REVISIONS, RECHECKS)
"""In the order of docs/database.md."""

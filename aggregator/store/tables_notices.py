"""The tables of notifications: what each rule of feeds.yaml has looked at, and what became of each message.

Comments as in `tables_feeds`.
"""

from __future__ import annotations

NOTICE_RULES = """
CREATE TABLE notice_rules (
    -- The notifications of feeds.yaml. A rule speaks of posts that are put out after it was made.
    name TEXT PRIMARY KEY, -- name, as in feeds.yaml
    since INTEGER NOT NULL, -- place in the output (posts.sequence) of the last post before the rule was made
    seen INTEGER NOT NULL -- change number (posts.change) up to which posts were looked at
) STRICT, WITHOUT ROWID;
"""

NOTICES = """
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
"""

TABLES = (NOTICE_RULES, NOTICES)
"""In the order of docs/database.md."""

RENEWED = f"""
DROP TABLE notices;
DELETE FROM notice_rules;
{NOTICES}
"""  # noqa: S608 - our own words
"""For files that knew places by their number: rules begin anew, and tell of nothing that was there before."""

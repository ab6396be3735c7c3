"""The table of what was withdrawn. Comments as in `tables_feeds`."""

from __future__ import annotations

WITHDRAWALS = """
CREATE TABLE withdrawals (
    -- Articles that an operator has withdrawn: not shown any more; their archive documents are replaced for it.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    at TEXT NOT NULL, -- time of the withdrawal
    reason TEXT NOT NULL DEFAULT '' -- why, as its page says
) STRICT;
"""

TABLES = (WITHDRAWALS,)

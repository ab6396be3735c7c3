"""The table of how articles' texts were taken from their pages, where that took more than one page and the engines.

Comments as in `tables_feeds`.
"""

from __future__ import annotations

EXTRACTIONS = """
CREATE TABLE extractions (
    -- How an article's text was found: one row an article of several pages, or of a site that has a rule.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    pages INTEGER NOT NULL DEFAULT 1, -- pages that its text was joined from
    rule TEXT, -- file of the site's rule; articles.extractor says whether the text was found by it
    rule_problem TEXT -- why the rule, or a part of it, was of no use; with the line of its file
) STRICT;
"""

TABLES = (EXTRACTIONS,)

"""What pages said of themselves beside their text, and the view of how each article came to be what is stored.

Comments as in `tables_feeds`.
"""

from __future__ import annotations

PAGE_HEADERS = """
CREATE TABLE page_headers (
    -- Headers of articles' pages that say what may be done with them: one row for each page that sent any.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    x_robots_tag TEXT NOT NULL -- X-Robots-Tag as it came, its lines joined; articles.noarchive says what it means to us
) STRICT;
"""

EVIDENCE = """
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
LEFT JOIN extractions ON extractions.article_id = articles.id
"""

LABELS = """
CREATE TABLE page_labels (
    -- What shows that a page is no whole article (articles.kind): one row for each wall, teaser or file.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    reason TEXT NOT NULL -- the evidence, in words
) STRICT;
"""

PROMOTED = """
CREATE TABLE promoted (
    -- Posts that pages show in the place of their next or previous one, whichever page it is: neighbours of none.
    canonical_url TEXT NOT NULL, -- the post, as in neighbours
    direction TEXT NOT NULL CHECK (direction IN ('next', 'previous')), -- in whose place it is shown
    found_at TEXT NOT NULL, -- time when that was found out
    PRIMARY KEY (canonical_url, direction)
) STRICT, WITHOUT ROWID;
"""

TABLES = (PAGE_HEADERS, EVIDENCE)
"""In the order of docs/database.md."""

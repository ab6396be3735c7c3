"""The table of the links in articles. Comments as in `tables_feeds`."""

from __future__ import annotations

ARTICLE_LINKS = """
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
"""

TABLES = (ARTICLE_LINKS,)

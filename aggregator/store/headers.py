"""The table `page_headers`: what pages' headers say of what may be done with them."""

from __future__ import annotations

from aggregator.models import PageEvidence
from aggregator.store.connection import Sql


def save(sql: Sql, article_id: int, page: PageEvidence) -> None:
    """Note what the page said when it was fetched last; one that said nothing has no row."""
    if not page.x_robots_tag:
        sql.execute("DELETE FROM page_headers WHERE article_id = ?", (article_id,))
        return
    sql.execute(
        "INSERT OR REPLACE INTO page_headers (article_id, x_robots_tag) VALUES (?, ?)", (article_id, page.x_robots_tag)
    )

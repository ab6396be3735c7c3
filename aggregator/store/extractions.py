"""The table `extractions`: how an article's text was found, where there is something to tell."""

from __future__ import annotations

from aggregator.models import Article
from aggregator.store.connection import Sql


def save(sql: Sql, article_id: int, article: Article) -> None:
    """Note how the text that an article has now was found; an article of one page and no rule has no row."""
    if article.pages == 1 and article.rule is None:
        sql.execute("DELETE FROM extractions WHERE article_id = ?", (article_id,))
        return
    sql.execute(
        "INSERT OR REPLACE INTO extractions (article_id, pages, rule, rule_problem) VALUES (?, ?, ?, ?)",
        (article_id, article.pages, article.rule, article.rule_problem),
    )

"""The table `article_links`: where the texts of articles link to, read from their clean HTML when that is written.

Addresses are stored as the outlet wrote them, without secrets; nothing is fetched, and nothing is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from aggregator.store.connection import Sql
from aggregator.store.identity import OWN_ENTRY
from aggregator.text.urls import host_of, http_url, public_url

MOST = 500
"""Links of one article that are kept: lists of indicators have some hundreds."""

WORDS_CHARS = 200
_LINK = re.compile(r'<a\b[^>]*?\shref="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def keep(sql: Sql, article_id: int, html: str, own_url: str | None) -> None:
    """The links of an article are those of this HTML now."""
    sql.execute("DELETE FROM article_links WHERE article_id = ?", (article_id,))
    sql.many(
        "INSERT OR IGNORE INTO article_links (article_id, url, position, domain, own, words) VALUES (?, ?, ?, ?, ?, ?)",
        [(article_id, *link) for link in _links(html, domain_of(own_url or ""))],
    )


def fill(sql: Sql) -> None:
    """Read the links of every article that is stored; for a database from before the table."""
    last = 0
    while rows := sql.all(
        f"""
        SELECT articles.id, articles.url, coalesce(nullif(articles.html, ''), entries.html, entries.summary, '') AS html
        FROM articles LEFT JOIN entries ON entries.id = {OWN_ENTRY}
        WHERE articles.id > ? AND NOT EXISTS (SELECT 1 FROM purged WHERE article_id = articles.id)
        ORDER BY articles.id LIMIT 500
        """,  # noqa: S608 - the text is ours
        (last,),
    ):
        for row in rows:
            keep(sql, row["id"], row["html"], row["url"])
        last = rows[-1]["id"]


def domain_of(url: str) -> str:
    """`example.org` of `https://www.example.org/x`."""
    return host_of(url).removeprefix("www.")


def _links(html: str, own: str) -> Iterator[tuple[str, int, str, bool, str]]:
    found: dict[str, str] = {}
    for link in _LINK.finditer(html):
        url = http_url(unescape(link[1]))
        if url is not None and len(found) < MOST:
            found.setdefault(public_url(url), " ".join(unescape(_TAG.sub(" ", link[2])).split())[:WORDS_CHARS])
    for position, (url, words) in enumerate(found.items(), 1):
        domain = domain_of(url)
        yield url, position, domain, domain == own, words

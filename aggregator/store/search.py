"""Full-text search over titles and texts (FTS5), best first. What people type is never an error."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.models import SearchHit
from aggregator.store import times
from aggregator.store.connection import Sql
from aggregator.store.text import HIT_END, HIT_START
from aggregator.urls import redact

MAX_QUERY = 1000
"""Characters of a query that are looked at."""

MAX_TERMS = 64
"""Words of a query that are looked for; SQLite's own limit on the depth of an expression is 256."""

SNIPPET_TOKENS = 32

_SEARCH = """
    SELECT articles.id, articles.title, articles.url, feeds.name AS source, articles.published, posts.path,
        snippet(articles_fts, 1, ?, ?, '…', ?) AS snippet
    FROM articles_fts
    JOIN articles ON articles.id = articles_fts.rowid
    JOIN posts ON posts.article_id = articles.id
    JOIN feeds ON feeds.id = articles.feed_id
    WHERE articles_fts MATCH ? {conditions}
    ORDER BY articles_fts.rank LIMIT ? OFFSET ?
"""
_OF_SOURCE = """
    AND EXISTS (SELECT 1 FROM entries JOIN feeds AS f ON f.id = entries.feed_id
                WHERE entries.article_id = articles.id AND (f.slug = ? OR f.name = ?))
"""
_OF_TAG = """
    AND EXISTS (SELECT 1 FROM entries JOIN feed_tags ON feed_tags.feed_id = entries.feed_id
                WHERE entries.article_id = articles.id AND feed_tags.tag = ?)
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a hit must be besides: from a feed (slug or name), of a tag, published in [since, until)."""

    source: str | None = None
    tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def search(sql: Sql, query: str, *, limit: int, offset: int, where: Filter) -> tuple[SearchHit, ...]:
    """The articles that match. `query` is taken as FTS5 if it is (`"exact words"`, `exploit*`, `title: worm`,
    `a OR b`, `a NOT b`), else as words that must all be there.
    """
    text = query[:MAX_QUERY].replace("\0", " ").strip()
    if not text:
        return ()
    for expression in (text, quoted(text)):
        try:
            return _search(sql, expression, limit, offset, where)
        except sqlite3.OperationalError as error:
            if not _is_about_the_query(error):
                raise
    return ()


def quoted(text: str) -> str:
    """Every word as FTS5 takes it for a word, whatever is in it."""
    words = re.findall(r"\S*\w\S*", text)[:MAX_TERMS]
    return " ".join('"{}"'.format(word.replace('"', '""')) for word in words) or '""'


def _is_about_the_query(error: sqlite3.OperationalError) -> bool:
    message = str(error)
    return any(part in message for part in ("fts5", "no such column", "unterminated string", "unknown special query"))


def _search(sql: Sql, expression: str, limit: int, offset: int, where: Filter) -> tuple[SearchHit, ...]:
    conditions, parameters = _conditions(where)
    rows = sql.all(
        _SEARCH.format(conditions=conditions),
        (HIT_START, HIT_END, SNIPPET_TOKENS, expression, *parameters, limit, offset),
    )
    return tuple(_hit(row) for row in rows)


def _conditions(where: Filter) -> tuple[str, Sequence[object]]:
    parts: list[str] = []
    parameters: list[object] = []
    if where.source is not None:
        parts.append(_OF_SOURCE)
        parameters += [where.source, where.source]
    if where.tag is not None:
        parts.append(_OF_TAG)
        parameters.append(where.tag)
    if where.since is not None:
        parts.append("AND articles.published >= ?")
        parameters.append(times.whole(where.since))
    if where.until is not None:
        parts.append("AND articles.published < ?")
        parameters.append(times.whole(where.until))
    return " ".join(parts), parameters


def _hit(row: sqlite3.Row) -> SearchHit:
    return SearchHit(
        article_id=row["id"],
        title=row["title"],
        url=redact(row["url"]) if row["url"] else "",
        source=row["source"],
        published=times.must_read(row["published"]),
        snippet=" ".join(row["snippet"].split()),
        path=row["path"] or "",
    )

"""Articles as an operator names them, and what is known of two of them: for explaining and overruling stories."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from aggregator.store import addresses, times
from aggregator.store.connection import Sql
from aggregator.store.story_window import KEY, Tie
from aggregator.text.storable import plain
from aggregator.text.urls import redact

_SUBJECT = f"""
    SELECT articles.id, coalesce(articles.duplicate_of, articles.id) AS leader, {KEY} AS key, articles.title,
        articles.url, articles.published, feeds.name AS source, articles.text,
        coalesce(nullif(entries.html, ''), entries.summary, '') AS feed_html, own.story_id,
        articles.duplicate_of, articles.similarity, articles.duplicate_reason
    FROM articles JOIN feeds ON feeds.id = articles.feed_id
    LEFT JOIN story_articles AS own ON own.article_id = coalesce(articles.duplicate_of, articles.id)
    LEFT JOIN entries ON entries.id =
        (SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = articles.feed_id)
    WHERE articles.id = ?
"""  # noqa: S608 - our own text


@dataclass(frozen=True, slots=True)
class Subject:
    """An article. `leader` is the first publication of its text, itself in most cases; `story` the leader's."""

    id: int
    leader: int
    key: str
    title: str
    url: str
    source: str
    published: datetime
    text: str
    story: str | None
    similarity: float | None = None
    copy_reason: str | None = None


def subject(sql: Sql, reference: str, canonical: str) -> Subject | None:
    """The article with that number, that page on the mirror, or that address (`canonical`: its form for comparing)."""
    found = _number(sql, reference, canonical)
    row = sql.one(_SUBJECT, (found,)) if found is not None else None
    if row is None:
        return None
    return Subject(
        id=row["id"],
        leader=row["leader"],
        key=row["key"],
        title=row["title"],
        url=redact(row["url"]) if row["url"] else "",
        source=row["source"],
        published=times.must_read(row["published"]),
        text=row["text"] or plain(row["feed_html"]),
        story=row["story_id"],
        similarity=row["similarity"],
        copy_reason=row["duplicate_reason"],
    )


def _number(sql: Sql, reference: str, canonical: str) -> int | None:
    if reference.isdecimal() and reference.isascii():
        return addresses.resolve(sql, int(reference))
    _, mark, page = reference.rpartition("posts/")
    path = sql.value("SELECT article_id FROM posts WHERE path = ?", (mark + page,)) if mark else None
    if path is not None:
        return int(path)
    held = addresses.held(sql, canonical)
    return held if held is not None else addresses.held(sql, reference)


def between(sql: Sql, one: int, other: int) -> Tie | None:
    """How two articles were compared, with the evidence; None: they were not, or shared next to nothing."""
    row = sql.one(
        """
        SELECT article_id, other_id, score, evidence FROM story_links
        WHERE (article_id, other_id) IN (VALUES (:one, :other), (:other, :one))
        """,
        {"one": one, "other": other},
    )
    if row is None:
        return None
    evidence = tuple((term, part) for term, part in json.loads(row["evidence"]))
    return Tie(row["article_id"], row["other_id"], row["score"], evidence)

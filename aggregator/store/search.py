"""Full-text search over titles and texts (FTS5). What people type is never an error.

Whatever is asked, the newest WINDOW articles that match and pass the filter are looked at, by relevance or by date:
that bounds the time of a search for a word that stands in every article.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from aggregator.models import SearchHit
from aggregator.store import feeds, times
from aggregator.store.connection import Sql
from aggregator.store.feeds import STANDING
from aggregator.text.storable import HIT_END, HIT_START
from aggregator.text.urls import public_url

MAX_QUERY = 1000
"""Characters of a query that are looked at."""

MAX_TERMS = 64
"""Words of a query that are looked for; SQLite's own limit on the depth of an expression is 256."""

SNIPPET_TOKENS = 32

WINDOW = 5_000
"""Articles that are ranked: bm25 costs 2 µs each on an old core, so that this is done within 15 ms."""

Order = Literal["relevance", "date"]

_MATCHING = f"""
    SELECT articles_fts.rowid AS id, {{rank}} AS place
    FROM articles_fts JOIN posts ON posts.article_id = articles_fts.rowid
    WHERE articles_fts MATCH :query AND {STANDING} {{conditions}}
    ORDER BY articles_fts.rowid DESC LIMIT :window
"""  # noqa: S608 - our own words
_PAGE = "SELECT id, count(*) OVER () AS total FROM ({inner}) ORDER BY place, id DESC LIMIT :limit OFFSET :offset"
_NEWEST = f"""
    SELECT posts.article_id AS id, 0 AS total FROM posts
    WHERE posts.sequence IS NOT NULL AND {STANDING} {{conditions}}
    ORDER BY posts.sequence DESC LIMIT :limit OFFSET :offset
"""  # noqa: S608 - our own words
_PLACE: dict[Order, str] = {"relevance": "articles_fts.rank", "date": "-coalesce(posts.sequence, :last)"}
_LAST = 2**62
"""The place of what is not yet put out: before everything that is."""

_PASSAGES = """
    SELECT rowid AS id, highlight(articles_fts, 0, :start, :end) AS title,
        snippet(articles_fts, 1, :start, :end, '…', :tokens) AS passage
    FROM articles_fts WHERE articles_fts MATCH :query AND {among}
"""
_EACH = "rowid IN (SELECT value FROM json_each(:ids))"
"""Each is looked up: a fraction of a millisecond, unless there is a prefix in the query ..."""
_ALONG = "rowid BETWEEN :first AND :last AND +rowid IN (SELECT value FROM json_each(:ids))"
"""... which would be expanded again for each; so all that match are gone through once."""
_HITS = """
    SELECT articles.id, articles.title, articles.url, feeds.name AS source, articles.published, posts.path,
        (SELECT count(*) FROM revisions WHERE article_id = articles.id AND kind = 'edited') AS edits,
        (SELECT f.name FROM articles AS original JOIN feeds AS f ON f.id = original.feed_id
            WHERE original.id = articles.duplicate_of) AS copy_of,
        (SELECT json_group_array(DISTINCT f.name) FROM articles AS copy JOIN feeds AS f ON f.id = copy.feed_id
            WHERE copy.duplicate_of = articles.id) AS also_in
    FROM json_each(:ids) AS wanted
    JOIN articles ON articles.id = wanted.value
    JOIN posts ON posts.article_id = articles.id
    JOIN feeds ON feeds.id = articles.feed_id
    ORDER BY wanted.key
"""
_OF_FEW = """
    AND {article} IN (
        SELECT article_id FROM post_feeds WHERE feed_id IN (SELECT value FROM json_each(:{name}))
        UNION ALL
        SELECT posts.article_id FROM posts JOIN entries ON entries.article_id = posts.article_id
        WHERE posts.sequence IS NULL AND +entries.feed_id IN (SELECT value FROM json_each(:{name})))
"""
"""Of feeds that have few articles: these are listed first, and what is not among them is looked up nowhere else."""

_OF_MANY = """
    AND (EXISTS (SELECT 1 FROM post_feeds WHERE post_feeds.article_id = {article}
            AND +feed_id IN (SELECT value FROM json_each(:{name})))
        OR posts.sequence IS NULL AND EXISTS (SELECT 1 FROM entries WHERE entries.article_id = {article}
            AND +feed_id IN (SELECT value FROM json_each(:{name}))))
"""
"""The same for feeds that have many: each match is asked for its feeds, and WINDOW of them are soon found."""

_ARE_MANY = """
    SELECT count(*) > :share * (SELECT max(sequence) FROM posts)
    FROM post_feeds WHERE feed_id IN (SELECT value FROM json_each(:feeds))
"""
_MANY = 0.25
"""Of all posts: to list one costs 0.4 µs, to ask one for its feeds 0.6 µs (over 30,000)."""

_LANGUAGE = """
    AND EXISTS (SELECT 1 FROM articles INDEXED BY idx_articles_language
                WHERE articles.language IN (SELECT value FROM json_each(:languages)) AND articles.id = posts.article_id)
"""
_PUBLISHED = """
    AND coalesce(posts.published, (SELECT published FROM articles WHERE articles.id = posts.article_id)) {sign} :{name}
"""
_LANGUAGES = """
    WITH RECURSIVE found (language) AS (
        SELECT (SELECT min(language) FROM articles WHERE language > '')
        UNION ALL
        SELECT (SELECT min(language) FROM articles WHERE language > found.language)
        FROM found WHERE language IS NOT NULL
    )
    SELECT language FROM found WHERE language IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """What a hit must be besides: from a feed (slug or name), of a tag, published in [since, until), in a language.

    `named` are facts, one of which it has to name; `cve`, `actor`, `software` and `vendor` are values that it has to;
    `exploited`: it names a flaw that is exploited now; `indicators`: it names an indicator.
    `language` is the first part of a BCP 47 tag: `en` is met by `en-GB`. `copies` lets duplicates be listed beside
    their originals, `waiting` what is not yet in the output. `before` is a sequence: only what came out before it.
    """

    source: str | None = None
    tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    language: str | None = None
    copies: bool = True
    waiting: bool = True
    before: int | None = None
    named: tuple[tuple[str, str], ...] = ()
    cve: str | None = None
    actor: str | None = None
    software: str | None = None
    vendor: str | None = None
    exploited: bool = False
    indicators: bool = False
    of: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Matches:
    """The articles of one page of results. `expression` is what FTS5 was asked (empty: nothing), `total` how many match
    (at most WINDOW), `literal` whether the query was no FTS5 syntax and taken word by word.
    Without a query nothing is counted, and `total` is 0.
    """

    ids: tuple[int, ...] = ()
    total: int = 0
    expression: str = ""
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Snippet:
    """Where an article matches: title and piece of the text, with the hits between U+E000 and U+E001."""

    title: str
    text: str


def search(sql: Sql, query: str, *, limit: int, offset: int, where: SearchFilter) -> tuple[SearchHit, ...]:
    """The articles that match, best first; see `matches`. An empty query finds nothing."""
    found = matches(sql, query, limit=limit, offset=offset, where=where) if query.strip() else Matches()
    shown = passages(sql, found)
    rows = sql.all(_HITS, {"ids": json.dumps(found.ids)})
    if not found.expression:
        return tuple(_hit(row, shown.get(row["id"], Snippet(row["title"] or "", ""))) for row in rows)
    return tuple(_hit(row, shown[row["id"]]) for row in rows if row["id"] in shown)


def matches(
    sql: Sql, query: str, *, limit: int, offset: int = 0, where: SearchFilter, order: Order = "relevance"
) -> Matches:
    """The articles that match. `query` is taken as FTS5 if it is (`"exact words"`, `exploit*`, `title: worm`,
    `a OR b`, `a NOT b`), else as words that must all be there. An empty one matches all that has been
    put out, newest first.
    """
    if where.named:
        whole = replace(where, named=())
        if sql.value(_IS_NAMED, {"named": json.dumps(where.named)}):
            return matches(sql, "", limit=limit, offset=offset, where=replace(whole, of=where.named), order="date")
        return matches(sql, query, limit=limit, offset=offset, where=whole, order=order)
    text = query[:MAX_QUERY].replace("\0", " ").strip()
    page: dict[str, object] = {"limit": limit, "offset": offset, "window": WINDOW, "last": _LAST}
    # The plus: FTS5 would else look its matches up again for each article of the filter.
    conditions = _conditions(sql, where, page, article="+articles_fts.rowid" if text else "posts.article_id")
    if not text:
        return _found(sql.all(_NEWEST.format(conditions=conditions), page), "", literal=False)
    inner = _MATCHING.format(rank=_PLACE[order], conditions=conditions)
    for expression in (text, quoted(text)):
        try:
            rows = sql.all(_PAGE.format(inner=inner), {**page, "query": expression})
        except sqlite3.OperationalError as error:
            if not _is_about_the_query(error):
                raise
        else:
            return _found(rows, expression, literal=expression != text)
    return Matches()


def passages(sql: Sql, found: Matches) -> dict[int, Snippet]:
    """Where each of the articles found matches; nothing where nothing was searched for."""
    if not found.expression or not found.ids:
        return {}
    marks = {"start": HIT_START, "end": HIT_END, "tokens": SNIPPET_TOKENS}
    values = {"query": found.expression, "ids": json.dumps(found.ids)}
    if "*" in found.expression:
        rows = sql.all(
            _PASSAGES.format(among=_ALONG), {**marks, **values, "first": min(found.ids), "last": max(found.ids)}
        )
    else:
        rows = sql.all(_PASSAGES.format(among=_EACH), {**marks, **values})
    silent = feeds.silent(sql, found.ids)
    return {
        row["id"]: Snippet(
            " ".join(row["title"].split()), "" if row["id"] in silent else " ".join(row["passage"].split())
        )
        for row in rows
    }


def languages(sql: Sql) -> tuple[str, ...]:
    """The first parts of the language tags of all articles (`en`, `de` ...), sorted."""
    return tuple(sorted({_primary(row["language"]) for row in sql.all(_LANGUAGES)} - {""}))


def quoted(text: str) -> str:
    """Every word as FTS5 takes it for a word, whatever is in it."""
    words = re.findall(r"\S*\w\S*", text)[:MAX_TERMS]
    return " ".join('"{}"'.format(word.replace('"', '""')) for word in words) or '""'


def _is_about_the_query(error: sqlite3.OperationalError) -> bool:
    message = str(error)
    return any(part in message for part in ("fts5", "no such column", "unterminated string", "unknown special query"))


def _found(rows: Sequence[sqlite3.Row], expression: str, *, literal: bool) -> Matches:
    return Matches(tuple(row["id"] for row in rows), rows[0]["total"] if rows else 0, expression, literal)


def _conditions(sql: Sql, where: SearchFilter, values: dict[str, object], *, article: str) -> str:
    """The filter as SQL on `posts`, `article` being its number; what it compares with is added to `values`."""
    parts = _of_feeds(sql, where, values, article)
    if where.language is not None:
        parts.append(_LANGUAGE)
        stored = [row["language"] for row in sql.all(_LANGUAGES)]
        values["languages"] = json.dumps([tag for tag in stored if _primary(tag) == where.language.lower()])
    for name, sign, moment in (("since", ">=", where.since), ("until", "<", where.until)):
        if moment is not None:
            parts.append(_PUBLISHED.format(name=name, sign=sign))
            values[name] = times.whole(moment)
    if where.before is not None:
        parts.append("AND posts.sequence < :before")
        values["before"] = where.before
    elif not where.waiting:
        parts.append("AND posts.sequence IS NOT NULL")
    if not where.copies:
        parts.append("AND posts.hidden = 0")
    parts.extend(_of_facts(where, values, article))
    return " ".join(parts)


_IS_NAMED = """
    SELECT EXISTS (SELECT 1 FROM json_each(:named) AS wanted JOIN facts
        ON facts.kind = json_extract(wanted.value, '$[0]') AND facts.value = json_extract(wanted.value, '$[1]'))
"""
_NAMING = """
    AND {article} IN (SELECT facts.article_id FROM json_each(:facts) AS wanted JOIN facts
        ON facts.kind = json_extract(wanted.value, '$[0]') AND facts.value = json_extract(wanted.value, '$[1]'))
"""
_CALLED = """
    AND {article} IN (SELECT article_id FROM facts
        WHERE kind = '{kind}' AND (value = :{kind} COLLATE NOCASE OR attack_id = :{kind}))
"""
_EXPLOITED = """
    AND {article} IN (SELECT facts.article_id FROM vulnerabilities
        JOIN facts ON facts.kind = 'cve' AND facts.value = vulnerabilities.cve WHERE vulnerabilities.exploited)
"""
_WITH_INDICATORS = "AND {article} IN (SELECT article_id FROM facts WHERE indicator)"


def _of_facts(where: SearchFilter, values: dict[str, object], article: str) -> list[str]:
    """The part of the filter that is about what articles name."""
    parts = []
    if where.of:
        parts.append(_NAMING.format(article=article))
        values["facts"] = json.dumps(where.of)
    for kind in ("cve", "actor", "software", "vendor"):
        if (wanted := getattr(where, kind)) is not None:
            parts.append(_CALLED.format(article=article, kind=kind))
            values[kind] = wanted
    if where.exploited:
        parts.append(_EXPLOITED.format(article=article))
    if where.indicators:
        parts.append(_WITH_INDICATORS.format(article=article))
    return parts


def _of_feeds(sql: Sql, where: SearchFilter, values: dict[str, object], article: str) -> list[str]:
    """The part of the filter that is about the feeds which carry an article."""
    if where.source is not None:
        values["source_feeds"] = _ids(sql, "SELECT id FROM feeds WHERE slug = :x OR name = :x", where.source)
    if where.tag is not None:
        values["tag_feeds"] = _ids(sql, "SELECT feed_id AS id FROM feed_tags WHERE tag = :x", where.tag)
    parts: list[str] = []
    for name in ("source_feeds", "tag_feeds"):
        if name in values:
            many = sql.value(_ARE_MANY, {"feeds": values[name], "share": _MANY})
            parts.append((_OF_MANY if many else _OF_FEW).format(article=article, name=name))
    return parts


def _ids(sql: Sql, question: str, value: str) -> str:
    return json.dumps([row["id"] for row in sql.all(question, {"x": value})])


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


def _hit(row: sqlite3.Row, passage: Snippet) -> SearchHit:
    return SearchHit(
        article_id=row["id"],
        title=row["title"],
        url=public_url(row["url"]) if row["url"] else "",
        source=row["source"],
        published=times.must_read(row["published"]),
        snippet=passage.text,
        path=row["path"] or "",
        edits=row["edits"],
        copy_of=row["copy_of"],
        also_in=tuple(json.loads(row["also_in"])),
    )

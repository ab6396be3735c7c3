"""The table `articles`, as far as being and waiting go: which one an entry announces, which pages are to be fetched.

An article exists from the moment its first entry is seen. What it says is the business of `contents`.
"""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import datetime, timedelta

from aggregator.models import Decision, Entry, PendingArticle
from aggregator.store import addresses, contents, times
from aggregator.store.connection import Sql
from aggregator.text.storable import keepable

TAG_AUTHORITY = "security-feed-aggregator.github.io,2026"
"""RFC 4151: the name and the year under which this project mints ids. Part of every id; never to be changed."""

UID_CHARS = 32
"""Hex digits of SHA-256 in a uid: 128 bits."""

FARTHEST = timedelta(days=4)
"""No retry is put off for longer than a day; a try that is, was put off by a clock that was wrong."""

_CARRIER = """
    CASE WHEN (SELECT configured AND NOT paused FROM feeds WHERE id = articles.feed_id) THEN articles.feed_id
    ELSE (
        SELECT entries.feed_id FROM entries JOIN feeds ON feeds.id = entries.feed_id
        WHERE entries.article_id = articles.id AND feeds.configured AND NOT feeds.paused ORDER BY entries.id LIMIT 1
    ) END
"""
"""The feed for which an article's page is fetched: its own, else the first other one that carries it and is polled."""

_PENDING = f"""
    WITH carried AS (
        SELECT id, published, {_CARRIER} AS feed_id FROM articles
        WHERE next_attempt <= :now OR next_attempt > :farthest
    ), waiting AS (
        SELECT id, published, feed_id, row_number() OVER (PARTITION BY feed_id ORDER BY published DESC, id DESC) AS turn
        FROM carried WHERE feed_id IS NOT NULL
    )
    SELECT articles.id, coalesce(entries.url, articles.url) AS url, chosen.feed_id, articles.attempts,
        articles.title, coalesce(nullif(entries.html, ''), entries.summary, '') AS feed_html,
        coalesce(entries.published, articles.published) AS published,
        coalesce(entries.language, feeds.language) AS lang,
        CASE WHEN chosen.feed_id = articles.feed_id THEN coalesce(entries.content_hash, '') ELSE '' END AS content_hash
    FROM (
        SELECT id, turn, published, feed_id FROM waiting ORDER BY turn, published DESC, id DESC LIMIT :limit
    ) AS chosen
    JOIN articles ON articles.id = chosen.id
    JOIN feeds ON feeds.id = chosen.feed_id
    LEFT JOIN entries ON entries.id =
        (SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = chosen.feed_id)
    ORDER BY chosen.turn, chosen.published DESC, chosen.id DESC
"""  # noqa: S608 - the text is ours


def uid_of(identity: str) -> str:
    """A tag: URI that depends on nothing but the article's identity."""
    digest = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:UID_CHARS]
    return f"tag:{TAG_AUTHORITY}:article:{digest}"


def for_entry(sql: Sql, feed_id: int, decision: Decision, at: datetime, published_at: datetime) -> int:
    """The article that a new entry announces: one that is held under its URL, else a new one."""
    entry, url = decision.entry, decision.canonical_url
    if url is not None:
        found = addresses.held(sql, url)
        if found is not None and not _shares_a_link(sql, feed_id, found, entry.title):
            return found
        if found is not None:
            url = None
    slug = sql.value("SELECT slug FROM feeds WHERE id = ?", (feed_id,))
    uid = uid_of(url if url is not None else f"{slug}\n{decision.guid}")
    known = sql.value("SELECT id FROM articles WHERE uid = ?", (uid,))
    if known is not None:
        return int(known)
    article_id = _create(sql, feed_id, entry, url, uid, at, published_at)
    if url is not None:
        addresses.register(sql, article_id, (url,))
    return article_id


def _shares_a_link(sql: Sql, feed_id: int, article_id: int, title: str) -> bool:
    """Whether the same feed gives this link to something else: a change log whose entries all link to one page."""
    return bool(
        sql.value(
            """
            SELECT EXISTS (SELECT 1 FROM entries WHERE article_id = :article AND feed_id = :feed)
                AND NOT EXISTS (SELECT 1 FROM entries WHERE article_id = :article AND feed_id = :feed
                                AND title = :title COLLATE NOCASE)
            """,
            {"article": article_id, "feed": feed_id, "title": title},
        )
    )


def _create(
    sql: Sql, feed_id: int, entry: Entry, url: str | None, uid: str, at: datetime, published_at: datetime
) -> int:
    """A new article. With a link of its own it waits for its page; else the feed's text is all there will be."""
    article_id = int(
        sql.value(
            """
            INSERT INTO articles (uid, feed_id, state, url, canonical_url, title, author, published, first_seen,
                language, next_attempt)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
            """,
            (
                uid,
                feed_id,
                "pending" if url else "feed_text",
                entry.url,
                url,
                keepable(entry.title),
                entry.author,
                times.whole(published_at),
                times.whole(at),
                entry.language,
                times.whole(at) if url else None,
            ),
        )
    )
    sql.execute("INSERT INTO posts (article_id, feed_id) VALUES (?, ?)", (article_id, feed_id))
    return article_id


def entry_revised(sql: Sql, article_id: int, entry_id: int, decision: Decision, at: datetime) -> None:
    """The feed has changed an entry: the article follows, if it is this entry's text; its page is fetched again."""
    if decision.canonical_url is not None:
        addresses.register(sql, article_id, (decision.canonical_url,))
    row = sql.one("SELECT * FROM articles WHERE id = ?", (article_id,))
    assert row is not None
    first = sql.value("SELECT min(id) FROM entries WHERE article_id = ? AND feed_id = ?", (article_id, row["feed_id"]))
    if entry_id != first:
        return
    if decision.canonical_url is not None and addresses.held(sql, decision.canonical_url) == article_id:
        _look_again(sql, row, at)
    contents.follow_entry(sql, row, decision.entry, at)


def _look_again(sql: Sql, row: sqlite3.Row, at: datetime) -> None:
    """Have the page of a revised entry fetched: now, but never after less time than it was known at the last try.

    Some feeds revise every entry at every poll (a counter, an advertisement): their pages are fetched after one, two,
    four, eight polls, and not at each. A retry that is due later stays when it is.
    """
    tried, first_seen = times.read(row["tried_at"]), times.must_read(row["first_seen"])
    earliest = at if tried is None else max(at, tried + (tried - first_seen))
    sql.execute(
        """
        UPDATE articles SET attempts = CASE WHEN next_attempt IS NULL THEN 0 ELSE attempts END,
            next_attempt = max(coalesce(next_attempt, ''), ?)
        WHERE id = ?
        """,
        (times.whole(earliest), row["id"]),
    )


def pending(sql: Sql, now: datetime, limit: int) -> tuple[PendingArticle, ...]:
    """The pages to fetch now: each feed in its turn, its newest first."""
    moments = {"now": times.whole(now), "farthest": times.whole(now + FARTHEST)}
    rows = sql.all(_PENDING, {**moments, "limit": limit})
    return tuple(
        PendingArticle(
            id=row["id"],
            url=row["url"],
            feed_id=row["feed_id"],
            attempts=row["attempts"],
            title=row["title"],
            feed_html=row["feed_html"],
            published=times.read(row["published"]),
            language=row["lang"],
            content_hash=row["content_hash"],
        )
        for row in rows
    )


def revised_since(sql: Sql, article_id: int, version: str) -> bool:
    """Whether the feed has revised an article's entry since `version` of it was handed out by `pending`."""
    found = sql.value(
        """
        SELECT entries.content_hash FROM articles JOIN entries ON entries.id =
            (SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = articles.feed_id)
        WHERE articles.id = ?
        """,
        (article_id,),
    )
    return bool(version) and found is not None and found != version


def postpone(sql: Sql, article_id: int, until: datetime) -> None:
    """Let a page wait that could not be asked for yet: no try is counted, since nothing was sent."""
    sql.execute("UPDATE articles SET next_attempt = ? WHERE id = ?", (times.whole(until), article_id))


def untried(sql: Sql, since: datetime) -> bool:
    """Whether the output is to wait for an article first seen after `since` whose page nobody has tried yet.

    It waits for none once something that is ready was first seen before `since`: no steady stream can hold it up.
    """
    return bool(
        sql.value(
            f"""
            SELECT EXISTS (
                SELECT 1 FROM articles
                WHERE next_attempt IS NOT NULL AND state = 'pending' AND attempts = 0 AND first_seen > :since
                    AND {_CARRIER} IS NOT NULL
            ) AND NOT EXISTS (
                SELECT 1 FROM posts JOIN articles ON articles.id = posts.article_id
                WHERE posts.sequence IS NULL AND articles.state <> 'pending' AND articles.first_seen <= :since
            )
            """,  # noqa: S608 - the text is ours
            {"since": times.whole(since)},
        )
    )

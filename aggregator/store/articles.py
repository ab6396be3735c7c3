"""The tables `articles` and `revisions`: what an entry announces, where its text comes from, what it said before.

An article exists from the moment its first entry is seen, with the feed's text; the page's text replaces that when it
comes. Nothing that was there is lost on the way: what a published article said goes to `revisions` first.
"""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import datetime

from aggregator.models import Article, Decision, Entry, PageEvidence, PageKind, PendingArticle
from aggregator.store import addresses, output, times
from aggregator.store.addresses import Canonical
from aggregator.store.connection import Sql
from aggregator.store.text import TEASER_CHARS, plain, shortened, unmarked

TAG_AUTHORITY = "security-feed-aggregator.github.io,2026"
"""RFC 4151: the name and the year under which this project mints ids. Part of every id; never to be changed."""

UID_CHARS = 32
"""Hex digits of SHA-256 in a uid: 128 bits."""

_PENDING = """
    WITH waiting AS (
        SELECT articles.id, articles.feed_id, articles.published,
            row_number() OVER (PARTITION BY articles.feed_id ORDER BY articles.published DESC, articles.id DESC) AS turn
        FROM articles JOIN feeds ON feeds.id = articles.feed_id AND feeds.configured AND NOT feeds.paused
        WHERE articles.next_attempt <= ?
    )
    SELECT articles.id, coalesce(entries.url, articles.url) AS url, articles.feed_id, articles.attempts,
        articles.title, coalesce(nullif(entries.html, ''), entries.summary, '') AS feed_html,
        coalesce(entries.published, articles.published) AS published, coalesce(entries.language, feeds.language) AS lang
    FROM (SELECT id, turn, published FROM waiting ORDER BY turn, published DESC, id DESC LIMIT ?) AS chosen
    JOIN articles ON articles.id = chosen.id
    JOIN feeds ON feeds.id = articles.feed_id
    LEFT JOIN entries ON entries.id =
        (SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = articles.feed_id)
    ORDER BY chosen.turn, chosen.published DESC, chosen.id DESC
"""


def uid_of(identity: str) -> str:
    """A tag: URI that depends on nothing but the article's identity."""
    digest = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:UID_CHARS]
    return f"tag:{TAG_AUTHORITY}:article:{digest}"


def for_entry(
    sql: Sql, feed_id: int, decision: Decision, at: datetime, published_at: datetime, canonical: Canonical
) -> int:
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
        addresses.register(sql, article_id, (url, canonical(entry.url or url)))
    return article_id


def _shares_a_link(sql: Sql, feed_id: int, article_id: int, title: str) -> bool:
    """Whether the same feed gives this link to something else: a change log whose entries all link to one page."""
    rows = sql.all("SELECT title FROM entries WHERE article_id = ? AND feed_id = ?", (article_id, feed_id))
    return bool(rows) and all(row["title"].casefold() != title.casefold() for row in rows)


def _create(
    sql: Sql, feed_id: int, entry: Entry, url: str | None, uid: str, at: datetime, published_at: datetime
) -> int:
    text = plain(entry.html or entry.summary)
    article_id = int(
        sql.value(
            """
            INSERT INTO articles (uid, feed_id, state, url, canonical_url, title, author, published, first_seen,
                language, word_count, teaser, next_attempt, text)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
            """,
            (
                uid,
                feed_id,
                "pending" if url else "feed_text",
                entry.url,
                url,
                unmarked(entry.title),
                entry.author,
                times.whole(published_at),
                times.whole(at),
                entry.language,
                len(text.split()),
                shortened(text, TEASER_CHARS),
                times.whole(at) if url else None,
                text,
            ),
        )
    )
    sql.execute("INSERT INTO posts (article_id, feed_id) VALUES (?, ?)", (article_id, feed_id))
    return article_id


def entry_revised(
    sql: Sql, article_id: int, entry_id: int, decision: Decision, at: datetime, canonical: Canonical
) -> None:
    """The feed has changed an entry: the article follows, if it is this entry's text; its page is fetched again."""
    entry = decision.entry
    if decision.canonical_url is not None:
        addresses.register(sql, article_id, (decision.canonical_url, canonical(entry.url or decision.canonical_url)))
    row = sql.one("SELECT * FROM articles WHERE id = ?", (article_id,))
    assert row is not None
    first = sql.value("SELECT min(id) FROM entries WHERE article_id = ? AND feed_id = ?", (article_id, row["feed_id"]))
    if entry_id != first:
        return
    if row["canonical_url"] is not None:
        sql.execute("UPDATE articles SET next_attempt = ?, attempts = 0 WHERE id = ?", (times.whole(at), article_id))
    if row["state"] != "scraped":
        text = plain(entry.html or entry.summary)
        _replace_text(sql, row, entry.title, text, "", at)


def _replace_text(sql: Sql, row: sqlite3.Row, title: str, text: str, html: str, at: datetime) -> bool:
    """Let an article say something else; whether it does. What it said is kept if anybody can have read it."""
    title, text, html = unmarked(title), unmarked(text), unmarked(html)
    if (title, text, html) == (row["title"], row["text"], row["html"]):
        return False
    placed = sql.value("SELECT sequence FROM posts WHERE article_id = ?", (row["id"],)) is not None
    if placed or row["state"] in ("scraped", "feed_text"):
        sql.execute(
            "INSERT INTO revisions (article_id, at, title, text, html) VALUES (?, ?, ?, ?, ?)",
            (row["id"], times.whole(at), row["title"], row["text"], row["html"]),
        )
    sql.execute(
        "UPDATE articles SET title = ?, text = ?, html = ?, teaser = ?, word_count = ? WHERE id = ?",
        (title, text, html, shortened(text, TEASER_CHARS), len(text.split()), row["id"]),
    )
    output.revised(sql, row["id"], at)
    return True


def pending(sql: Sql, now: datetime, limit: int) -> tuple[PendingArticle, ...]:
    """The pages to fetch now: each feed in its turn, its newest first."""
    rows = sql.all(_PENDING, (times.whole(now), limit))
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
        )
        for row in rows
    )


def untried(sql: Sql, since: datetime) -> bool:
    """Whether an article first seen after `since` still waits for the first try at its page."""
    return bool(
        sql.value(
            """
            SELECT EXISTS (SELECT 1 FROM articles WHERE state = 'pending' AND attempts = 0
                           AND next_attempt IS NOT NULL AND first_seen > ?)
            """,
            (times.whole(since),),
        )
    )


def save_page(sql: Sql, article_id: int, article: Article, evidence: PageEvidence, now: datetime) -> bool:
    """Write what a page gave; whether the article says something else now.

    A page that is no article (a paywall, a captcha) leaves its evidence, and the feed's text stays.
    """
    row = sql.one("SELECT * FROM articles WHERE id = ?", (article_id,))
    assert row is not None
    is_article = article.kind is PageKind.ARTICLE
    changed = _save_content(sql, row, article, "scraped", now) if is_article else False
    if not is_article and row["state"] != "scraped":
        sql.execute("UPDATE articles SET state = 'feed_text', next_attempt = NULL WHERE id = ?", (article_id,))
    sql.execute(
        """
        UPDATE articles SET kind = ?, url = CASE WHEN ? THEN ? ELSE url END, page_published = ?, modified = ?,
            noarchive = ?, attempts = attempts + 1, next_attempt = NULL, last_error = NULL, fetched_at = ?,
            final_url = ?, http_status = ?, content_type = ?, raw_hash = ?, partial = ?
        WHERE id = ?
        """,
        (
            article.kind.value,
            is_article,
            article.canonical_url or evidence.final_url or row["url"],
            times.exact(article.published),
            times.exact(article.modified),
            article.noarchive,
            times.whole(evidence.fetched_at),
            evidence.final_url,
            evidence.status,
            evidence.content_type,
            evidence.raw_hash,
            evidence.partial,
            article_id,
        ),
    )
    _take_page_date(sql, row, article)
    return changed


def save_feed_text(sql: Sql, article_id: int, article: Article, now: datetime) -> bool:
    """Write an article made of the feed's own text; whether it says something else now."""
    row = sql.one("SELECT * FROM articles WHERE id = ?", (article_id,))
    assert row is not None
    changed = _save_content(sql, row, article, "feed_text", now)
    sql.execute("UPDATE articles SET next_attempt = NULL, last_error = NULL WHERE id = ?", (article_id,))
    return changed


def _save_content(sql: Sql, row: sqlite3.Row, article: Article, state: str, now: datetime) -> bool:
    changed = _replace_text(sql, row, article.title or row["title"], article.text, article.html, now)
    source = article.source
    values = (
        state,
        article.author or row["author"],
        article.language or row["language"],
        article.lead_image,
        article.extractor,
        article.quality,
        source.name if source else None,
        source.url if source else None,
    )
    sql.execute(
        """
        UPDATE articles SET state = ?, author = ?, language = ?, lead_image = ?, extractor = ?, quality = ?,
            source_name = ?, source_url = ?, word_count = ? WHERE id = ?
        """,
        (*values, article.word_count or len(article.text.split()), row["id"]),
    )
    shown = ("author", "language", "lead_image", "source_name", "source_url")
    after = (values[1], values[2], values[3], values[6], values[7])
    return changed or row["state"] != state or tuple(row[key] for key in shown) != after


def _take_page_date(sql: Sql, row: sqlite3.Row, article: Article) -> None:
    """A page's date serves where the feed has none, as long as the article has not been put out."""
    if article.published is None:
        return
    sql.execute(
        """
        UPDATE articles SET published = min(?, first_seen)
        WHERE id = ? AND (SELECT sequence FROM posts WHERE article_id = articles.id) IS NULL
            AND NOT EXISTS (SELECT 1 FROM entries WHERE article_id = articles.id AND published IS NOT NULL)
        """,
        (times.whole(article.published), row["id"]),
    )


def save_failure(sql: Sql, article_id: int, error: str, next_attempt: datetime | None, now: datetime) -> None:
    """Note a failed try. What the article says stays; with no further try, it goes out with the feed's text."""
    sql.execute(
        """
        UPDATE articles SET attempts = attempts + 1, last_error = ?, next_attempt = ?,
            state = CASE WHEN state = 'pending' THEN 'failed' ELSE state END, fetched_at = coalesce(fetched_at, ?)
        WHERE id = ?
        """,
        (error, times.not_before(next_attempt), times.whole(now), article_id),
    )

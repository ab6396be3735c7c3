"""The table `articles`: which article an entry announces, which of their pages are due, how they were read.

An article exists from the moment its first entry is seen; what it says is the business of `article_texts`.
Also `extractions`, `page_labels` (how its text was found, what shows that a page has none) and `page_headers` (what a
page's headers say may be done with it).
"""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import datetime

from aggregator.models import (
    Article,
    Decision,
    Entry,
    PageEvidence,
    PendingArticle,
)
from aggregator.store import identity, ownership, post_changes, times
from aggregator.store.article_texts import BEST_TEXT, FARTHEST, follow_entry, speak_as
from aggregator.store.connection import Sql
from aggregator.store.identity import OWN_ENTRY, Links, held, identifying, register
from aggregator.text.storable import keepable

TAG_AUTHORITY = "security-feed-aggregator.github.io,2026"
"""RFC 4151: the name and the year under which this project mints ids. Part of every id; never to be changed."""

UID_CHARS = 32
"""Hex digits of SHA-256 in a uid: 128 bits."""


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
        articles.title, coalesce((SELECT coalesce(nullif(told.html, ''), told.summary) FROM entries AS told
            WHERE told.id = iif(chosen.feed_id = articles.feed_id, {BEST_TEXT}, entries.id)), '') AS feed_html,
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


def for_entry(sql: Sql, feed_id: int, decision: Decision, at: datetime, published_at: datetime, links: Links) -> int:
    """The article that a new entry announces: one that is held under its URL, else a new one.

    A front page is no article's address, and neither is one that is held for something else: then the entry has its
    feed's text alone.
    """
    entry, url = decision.entry, decision.canonical_url
    if url is not None and not identifying((url,)):
        url = None
    if url is not None and (found := held(sql, url)) is not None:
        if ownership.is_claimed(sql, found, url, links) and not _is_claimed_rightly(sql, feed_id, found, entry):
            ownership.give_up(sql, found, url, links)
        elif not ownership.is_another(sql, feed_id, found, decision, links):
            return found
        else:
            url = None
            _own_words(sql, found, at)
            _let_strangers_go(sql, feed_id, found, at)
    if url is None:
        return _without_page(sql, feed_id, decision.guid, entry, at, published_at)
    uid = uid_of(url)
    known = sql.value("SELECT id FROM articles WHERE uid = ?", (uid,))
    if known is not None:
        return int(known)
    article_id = _create(sql, feed_id, entry, url, uid, at, published_at)
    register(sql, article_id, (url,))
    return article_id


def _is_claimed_rightly(sql: Sql, feed_id: int, article_id: int, entry: Entry) -> bool:
    """Whether an article whose page claims the link of a new entry is that entry's."""
    row = sql.one("SELECT feed_id, title, text, final_url FROM articles WHERE id = ?", (article_id,))
    if row is None or not ownership.titles_akin(entry.title, row["title"]):
        return False
    text = entry.html or entry.summary
    return row["feed_id"] == feed_id or ownership.speaks_for(sql, [feed_id], row["final_url"] or "", row["text"], text)


def _without_page(sql: Sql, feed_id: int, guid: str, entry: Entry, at: datetime, published_at: datetime) -> int:
    """The article of an entry whose link is no article's address."""
    slug = sql.value("SELECT slug FROM feeds WHERE id = ?", (feed_id,))
    uid = uid_of(f"{slug}\n{guid}")
    known = sql.value("SELECT id FROM articles WHERE uid = ?", (uid,))
    return _create(sql, feed_id, entry, None, uid, at, published_at) if known is None else int(known)


def _let_strangers_go(sql: Sql, feed_id: int, article_id: int, at: datetime) -> None:
    """Give entries of other feeds articles of their own, where an article's feed lists its address for several.

    They were taken for links to one post. The address is that of a list, so what has other words is another post.
    """
    rows = sql.all(
        """
        SELECT entries.*, own.title AS own_title, coalesce(nullif(own.html, ''), own.summary) AS own_text
        FROM entries JOIN entries AS own ON own.id =
            (SELECT min(id) FROM entries WHERE article_id = :article AND feed_id = :feed)
        JOIN articles ON articles.id = entries.article_id AND articles.feed_id = :feed
        WHERE entries.article_id = :article AND entries.feed_id <> :feed AND entries.found_by = 'feed'
        """,
        {"article": article_id, "feed": feed_id},
    )
    named = sql.all(
        "SELECT id FROM articles WHERE duplicate_of = ? AND duplicate_reason = ?", (article_id, ownership.LINKED)
    )
    for row in named:
        identity.stand_alone(sql, row["id"])
        post_changes.mark_changed(sql, (row["id"], article_id))
    for row in rows:
        if ownership.say_the_same(row["title"], row["html"] or row["summary"], row["own_title"], row["own_text"]):
            continue
        entry = Entry(
            guid=row["guid"], url=row["url"], title=row["title"], author=row["author"], language=row["language"]
        )
        published_at = times.must_read(row["published_at"])
        other = _without_page(sql, row["feed_id"], row["guid"], entry, at, published_at)
        sql.execute("UPDATE entries SET article_id = ? WHERE id = ?", (other, row["id"]))
        sql.execute("DELETE FROM contributors WHERE entry_id = ?", (row["id"],))
        sql.execute("DELETE FROM post_feeds WHERE article_id = ? AND feed_id = ?", (article_id, row["feed_id"]))
        post_changes.mark_changed(sql, (article_id,))


def _own_words(sql: Sql, article_id: int, at: datetime) -> None:
    """Let an article whose link turns out to be that of others too say what its feed says, unless its page did."""
    row = sql.one(
        f"""
        SELECT entries.*, articles.title AS page_title, articles.text AS page_text
        FROM articles JOIN entries ON entries.id = {OWN_ENTRY}
        WHERE articles.id = ? AND articles.state = 'scraped'
        """,  # noqa: S608 - the text is ours
        (article_id,),
    )
    says_something = row is not None and (row["html"] or row["summary"])
    if row is not None and says_something and not ownership.is_page_of(row, row["page_title"], row["page_text"]):
        speak_as(sql, article_id, row, at)
        post_changes.mark_changed(sql, (article_id,))


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
    row = sql.one("SELECT * FROM articles WHERE id = ?", (article_id,))
    assert row is not None
    first = sql.value("SELECT min(id) FROM entries WHERE article_id = ? AND feed_id = ?", (article_id, row["feed_id"]))
    if entry_id != first:
        return
    if decision.canonical_url is not None:
        register(sql, article_id, (decision.canonical_url,))
    if decision.canonical_url is not None and held(sql, decision.canonical_url) == article_id:
        _look_again(sql, row, at)
    follow_entry(sql, row, decision.entry, at)


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
        f"""
        SELECT entries.content_hash FROM articles JOIN entries ON entries.id = {OWN_ENTRY}
        WHERE articles.id = ?
        """,  # noqa: S608 - the text is ours
        (article_id,),
    )
    return bool(version) and found is not None and found != version


def postpone(sql: Sql, article_id: int, until: datetime) -> None:
    """Let a page wait that could not be asked for yet: no try is counted, since nothing was sent."""
    sql.execute("UPDATE articles SET next_attempt = ? WHERE id = ?", (times.whole(until), article_id))


def untried(sql: Sql, since: datetime, now: datetime) -> tuple[tuple[int, str], ...]:
    """Feed and address of the articles first seen after `since` whose pages are due and nobody has tried yet.

    None once something that is ready was first seen before `since`: no steady stream can hold up the output. A page
    that has to wait (its host rests, its robots.txt cannot be had) is not due, and is waited for by nothing.
    """
    rows = sql.all(
        f"""
        SELECT feed_id, canonical_url FROM articles
        WHERE next_attempt <= :now AND state = 'pending' AND attempts = 0 AND first_seen > :since
            AND {_CARRIER} IS NOT NULL
            AND NOT EXISTS (
                SELECT 1 FROM posts JOIN articles AS ready ON ready.id = posts.article_id
                WHERE posts.sequence IS NULL AND ready.state <> 'pending' AND ready.first_seen <= :since
            )
        """,  # noqa: S608 - the text is ours
        {"since": times.whole(since), "now": times.whole(now)},
    )
    return tuple((row["feed_id"], row["canonical_url"]) for row in rows)


def save_label(sql: Sql, article_id: int, article: Article) -> None:
    """Note what shows that an article's page is no whole article, or that it is one now."""
    if not article.kind_reason:
        sql.execute("DELETE FROM page_labels WHERE article_id = ?", (article_id,))
        return
    sql.execute(
        "INSERT OR REPLACE INTO page_labels (article_id, reason) VALUES (?, ?)",
        (article_id, keepable(article.kind_reason)),
    )


def save_extraction(sql: Sql, article_id: int, article: Article) -> None:
    """Note how the text that an article has now was found; an article of one page and no rule has no row."""
    if article.pages == 1 and article.rule is None:
        sql.execute("DELETE FROM extractions WHERE article_id = ?", (article_id,))
        return
    sql.execute(
        "INSERT OR REPLACE INTO extractions (article_id, pages, rule, rule_problem) VALUES (?, ?, ?, ?)",
        (article_id, article.pages, article.rule, article.rule_problem),
    )


def save_evidence(sql: Sql, article_id: int, page: PageEvidence) -> None:
    """Note what the page said when it was fetched last; one that said nothing has no row."""
    if not page.x_robots_tag:
        sql.execute("DELETE FROM page_headers WHERE article_id = ?", (article_id,))
        return
    sql.execute(
        "INSERT OR REPLACE INTO page_headers (article_id, x_robots_tag) VALUES (?, ?)", (article_id, page.x_robots_tag)
    )

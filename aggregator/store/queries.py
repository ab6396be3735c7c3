"""What the desk asks: articles by words and filters, one with all that is known of it, stories, the feeds' health.

Reads only, each method one consistent read. How a thing is shown is not decided here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aggregator.models import Backlog, NotedEvent, PollResult, Post
from aggregator.store import feeds, posts, times
from aggregator.store import search as fts
from aggregator.store.connection import Session, Sql
from aggregator.store.feeds import STANDING, PageCounts, Pulse
from aggregator.store.search import Order, SearchFilter, Snippet
from aggregator.text.urls import public_url

SEARCH_S = 2.0
"""Seconds of processor time that one search may take: `a* OR b* OR ...` would take ten over 100,000 articles."""

_STORIES = f"""
    SELECT own.story_id AS id, max(posts.sequence) AS newest, count(*) AS articles
    FROM posts JOIN story_articles AS own ON own.article_id = posts.article_id
    WHERE posts.sequence IS NOT NULL AND posts.hidden = 0 AND {STANDING} AND own.story_id IN (
        SELECT story_id FROM story_articles GROUP BY story_id HAVING count(*) > 1
    )
    GROUP BY own.story_id HAVING articles > 1 AND newest < ? ORDER BY newest DESC LIMIT ?
"""  # noqa: S608 - our own words
_MEMBERS = """
    SELECT article_id FROM story_articles WHERE story_id = coalesce(
        (SELECT merged_into FROM stories WHERE id = :story AND merged_into IS NOT NULL), :story)
"""
_SOURCES = """
    SELECT slug, name FROM feeds
    WHERE configured OR EXISTS (SELECT 1 FROM post_feeds WHERE post_feeds.feed_id = feeds.id)
"""
_TAGS = """
    SELECT feed_tags.tag, count(*) AS feeds FROM feed_tags JOIN feeds ON feeds.id = feed_tags.feed_id
    WHERE feeds.configured GROUP BY feed_tags.tag ORDER BY feed_tags.tag
"""


@dataclass(frozen=True, slots=True)
class ArticleSummary:
    """A post in a list: the article's number, the post (without neighbours, pictures and revisions, unless the whole
    was asked for), and where it matches what was searched for.
    """

    id: int
    post: Post
    passage: Snippet | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """One page of a search. `total` as in search.Matches; `more` whether another page follows."""

    hits: tuple[ArticleSummary, ...] = ()
    total: int = 0
    more: bool = False
    literal: bool = False


@dataclass(frozen=True, slots=True)
class ArticleEvidence:
    """How an article came to be what is stored: fetched when and how, taken apart by what, alike to what and why."""

    state: str
    kind: str
    extractor: str
    quality: float | None
    first_seen: datetime
    fetched_at: datetime | None
    final_url: str | None
    http_status: int | None
    content_type: str | None
    etag: str | None
    last_modified: str | None
    x_robots_tag: str | None
    raw_hash: str | None
    partial: bool
    pages: int | None
    rule: str | None
    attempts: int
    last_error: str | None
    duplicate_of: int | None
    similarity: float | None
    duplicate_reason: str | None


@dataclass(frozen=True, slots=True)
class ArticleDetail:
    """One article: its post, its text (as much of it as may go out), and the evidence."""

    id: int
    post: Post
    text: str
    evidence: ArticleEvidence


@dataclass(frozen=True, slots=True)
class StoryDetail:
    """A story that several outlets tell: its id, and its articles, newest first."""

    id: str
    newest: int
    articles: tuple[ArticleSummary, ...] = field(default=())


LATELY = timedelta(minutes=5)
"""How far back the rate of a backlog is measured."""

_BACKLOG = """
    SELECT count(*) AS feeds, coalesce(sum(last_poll IS NOT NULL), 0) AS read,
        EXISTS (SELECT 1 FROM entries) AS entries,
        EXISTS (SELECT 1 FROM posts WHERE sequence IS NOT NULL) AS posts
    FROM feeds WHERE configured AND NOT paused
"""
_LATELY = """
    SELECT count(*) AS fetched, min(fetched_at) AS since FROM articles
    WHERE first_seen > :day AND fetched_at > :lately
"""
_BY_STATE = "SELECT state, count(*) AS articles FROM articles GROUP BY state"


class Queries:
    """The questions of the web server."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(
        self,
        query: str,
        where: SearchFilter,
        *,
        limit: int,
        offset: int = 0,
        order: Order = "relevance",
        whole: bool = False,
    ) -> Results:
        """The posts that match `query` (everything when it is empty) and the filter; `limit` at a time.

        `whole`: with all that a feed shows of them, not only what a list does. Raises TooCostly after SEARCH_S.
        """
        with self._session.read(at_most_s=SEARCH_S) as sql:
            found = fts.matches(sql, query, limit=limit + 1, offset=offset, where=where, order=order)
            shown = fts.Matches(found.ids[:limit], found.total, found.expression, found.literal)
            places = fts.passages(sql, shown)
            hits = tuple(
                ArticleSummary(id_, post, places.get(id_)) for id_, post in _posts(sql, shown.ids, listed=not whole)
            )
        return Results(hits, found.total, len(found.ids) > limit, found.literal)

    def article(self, article_id: int) -> ArticleDetail | None:
        """One article that has been put out, by its number; None: there is none."""
        with self._session.read() as sql:
            row = sql.one("SELECT text, evidence.* FROM evidence JOIN articles USING (id) WHERE id = ?", (article_id,))
            found = _posts(sql, (article_id,))
        if row is None or not found:
            return None
        evidence = ArticleEvidence(
            state=row["state"],
            kind=row["kind"],
            extractor=row["extractor"],
            quality=row["quality"],
            first_seen=times.must_read(row["first_seen"]),
            fetched_at=times.read(row["fetched_at"]),
            final_url=public_url(row["final_url"]) if row["final_url"] else None,
            http_status=row["http_status"],
            content_type=row["content_type"],
            etag=row["etag"],
            last_modified=row["last_modified"],
            x_robots_tag=row["x_robots_tag"],
            raw_hash=row["raw_hash"],
            partial=bool(row["partial"]),
            pages=row["pages"],
            rule=row["rule"],
            attempts=row["attempts"],
            last_error=row["last_error"],
            duplicate_of=row["duplicate_of"],
            similarity=row["similarity"],
            duplicate_reason=row["duplicate_reason"],
        )
        post = found[0][1]
        whole = post.republish == "full" and post.withdrawn is None
        return ArticleDetail(article_id, post, row["text"] if whole else post.summary, evidence)

    def numbers(self, paths: Iterable[str]) -> dict[str, int]:
        """The numbers of the articles whose pages on the mirror are at these paths."""
        with self._session.read() as sql:
            rows = sql.all(
                "SELECT path, article_id FROM posts WHERE path IN (SELECT value FROM json_each(?))",
                (json.dumps(sorted(paths)),),
            )
        return {row["path"]: row["article_id"] for row in rows}

    def stories(self, *, limit: int, before: int | None = None) -> tuple[StoryDetail, ...]:
        """The stories that more than one article tells, the one with the newest article first."""
        with self._session.read() as sql:
            rows = sql.all(_STORIES, (2**62 if before is None else before, limit))
            return tuple(StoryDetail(row["id"], row["newest"], _told(sql, row["id"])) for row in rows)

    def story(self, story_id: str) -> StoryDetail | None:
        """One story, also by the id of one that became part of it."""
        with self._session.read() as sql:
            articles = _told(sql, story_id)
        return (
            StoryDetail(articles[0].post.story or story_id, articles[0].post.sequence, articles) if articles else None
        )

    def languages(self) -> tuple[str, ...]:
        """The languages that articles are in, as the first parts of their tags."""
        with self._session.read() as sql:
            return fts.languages(sql)

    def sources(self) -> tuple[tuple[str, str], ...]:
        """(slug, name) of every feed that is configured or has a post, by name."""
        with self._session.read() as sql:
            rows = sql.all(_SOURCES)
        return tuple(sorted(((row["slug"], row["name"]) for row in rows), key=lambda pair: pair[1].casefold()))

    def tags(self) -> tuple[tuple[str, int], ...]:
        """Every tag of a configured feed, and how many feeds have it."""
        with self._session.read() as sql:
            return tuple((row["tag"], row["feeds"]) for row in sql.all(_TAGS))

    def posts_a_day(self, since: datetime) -> dict[int, dict[str, int]]:
        """How many entries each feed published on each day (`YYYY-MM-DD`) since then."""
        with self._session.read() as sql:
            return feeds.posts_a_day(sql, since)

    def pages(self) -> dict[int, PageCounts]:
        """What became of the pages of each feed's articles."""
        with self._session.read() as sql:
            return feeds.pages(sql)

    def missing(self, since: datetime) -> dict[int, int]:
        """How many posts of each feed are known to have slipped through since then, between two polls."""
        with self._session.read() as sql:
            return feeds.missing(sql, since)

    def disallowed(self) -> dict[int, int]:
        """How many pages of each feed's articles robots.txt keeps from us, where it does."""
        with self._session.read() as sql:
            return feeds.disallowed(sql)

    def polls_since(self, since: datetime) -> dict[str, int]:
        """Polls by result; of each feed at most the last that are kept (store.polls.KEPT)."""
        with self._session.read() as sql:
            rows = sql.all(
                "SELECT result, count(*) AS polls FROM polls WHERE at >= ? GROUP BY result", (times.whole(since),)
            )
        return {result.value: 0 for result in PollResult} | {row["result"]: row["polls"] for row in rows}

    def articles_by_state(self) -> dict[str, int]:
        """How many articles have the page's text, wait for it, or have the feed's."""
        with self._session.read() as sql:
            rows = sql.all("SELECT state, count(*) AS articles FROM articles GROUP BY state")
        return dict.fromkeys(("pending", "scraped", "feed_text", "failed"), 0) | {
            row["state"]: row["articles"] for row in rows
        }

    def events(self, limit: int) -> tuple[NotedEvent, ...]:
        """What happened to the feeds, the latest first."""
        with self._session.read() as sql:
            return feeds.events(sql, limit)

    def offline_since(self) -> datetime | None:
        """Since when the network seems to be down; None: it is not."""
        with self._session.read() as sql:
            return feeds.offline_since(sql)

    def backlog(self, now: datetime) -> Backlog:
        """How far reading is, and how fast articles came in the last minutes before `now`."""
        with self._session.read() as sql:
            return _backlog(sql, now)

    def pulse(self) -> Pulse:
        """Whether the program is at work: when it last polled, when it should have, what it last put out."""
        with self._session.read() as sql:
            return feeds.pulse(sql)


def _told(sql: Sql, story_id: str) -> tuple[ArticleSummary, ...]:
    ids = tuple(row["article_id"] for row in sql.all(_MEMBERS, {"story": story_id}))
    found = sorted(_posts(sql, ids, listed=True), key=lambda pair: pair[1].sequence, reverse=True)
    return tuple(ArticleSummary(id_, post) for id_, post in found)


def _posts(sql: Sql, ids: tuple[int, ...], *, listed: bool = False) -> list[tuple[int, Post]]:
    """The posts of these articles, in this order."""
    rows = sql.all(
        "SELECT article_id, path FROM posts WHERE article_id IN (SELECT value FROM json_each(?))", (json.dumps(ids),)
    )
    numbers = {row["path"]: row["article_id"] for row in rows}
    found = {numbers[post.path]: post for post in posts.assemble(sql, ids, listed=listed)}
    return [(id_, found[id_]) for id_ in ids if id_ in found]


def _backlog(sql: Sql, now: datetime) -> Backlog:
    """How far reading is; the rate is that of articles which came within a day, while any wait."""
    row = sql.one(_BACKLOG)
    assert row is not None
    states = {one["state"]: one["articles"] for one in sql.all(_BY_STATE)}
    found = Backlog(
        feeds=row["feeds"],
        read=row["read"],
        entries=bool(row["entries"]),
        posts=bool(row["posts"]),
        pending=states.get("pending", 0),
        done=states.get("scraped", 0) + states.get("failed", 0),
        offline_since=feeds.offline_since(sql),
    )
    if not found.pending:
        return found
    within = {"day": times.whole(now - timedelta(days=1)), "lately": times.whole(now - LATELY)}
    late = sql.one(_LATELY, within)
    if late is None or not late["fetched"]:
        return found
    return replace(found, lately=late["fetched"], lately_since=times.must_read(late["since"]))

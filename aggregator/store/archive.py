"""models.Archive on the database: what emit reads, by place, source, tag and change."""

from __future__ import annotations

import heapq
import json
from collections.abc import Mapping
from dataclasses import replace

from aggregator.models import Carried, Post, Source
from aggregator.store import feeds, output, posts, story_additions, times
from aggregator.store.connection import Session, Sql
from aggregator.store.republishing import STANDING

_CHANGED = """
    SELECT article_id, change FROM posts WHERE change > ? AND sequence IS NOT NULL ORDER BY change LIMIT ?
"""
_LATEST = f"""
    SELECT article_id FROM posts WHERE sequence < ? AND NOT hidden AND {STANDING} ORDER BY sequence DESC LIMIT ?
"""  # noqa: S608 - our own words
_OF_FEED = f"""
    SELECT post_feeds.sequence, post_feeds.article_id
    FROM post_feeds JOIN posts ON posts.article_id = post_feeds.article_id
    WHERE post_feeds.feed_id = ? AND post_feeds.sequence < ? AND (? OR NOT posts.hidden) AND {STANDING}
    ORDER BY post_feeds.sequence DESC LIMIT ?
"""  # noqa: S608 - our own words
_BETWEEN = f"""
    SELECT article_id FROM posts WHERE sequence BETWEEN ? AND ? AND NOT hidden AND {STANDING}
"""  # noqa: S608 - our own words
_WITHDRAWN = """
    SELECT withdrawals.article_id FROM withdrawals
    JOIN posts ON posts.article_id = withdrawals.article_id AND posts.sequence IS NOT NULL
    ORDER BY withdrawals.at DESC, posts.sequence DESC
"""
_CARRIED = """
    SELECT slug,
        (SELECT count(*) FROM post_feeds
         WHERE feed_id = feeds.id AND article_id NOT IN (SELECT article_id FROM withdrawals)) AS posts,
        (SELECT published FROM posts
         WHERE feed_id = feeds.id AND sequence IS NOT NULL AND article_id NOT IN (SELECT article_id FROM withdrawals)
         ORDER BY published DESC LIMIT 1) AS newest
    FROM feeds
"""
_TAGGED = """
    SELECT feeds.id FROM feed_tags JOIN feeds ON feeds.id = feed_tags.feed_id WHERE feed_tags.tag = ?
"""
_END = 2**62
"""Above every sequence."""


class StoredArchive:
    """The posts that have been put out. Every method is one consistent read."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def head(self) -> int:
        with self._session.read() as sql:
            return output.head(sql)

    def last_sequence(self) -> int:
        with self._session.read() as sql:
            return output.last_sequence(sql)

    def sources(self) -> tuple[Source, ...]:
        """Every feed that is configured or has a post, by name."""
        with self._session.read() as sql:
            every = feeds.sources(sql)
            shown = sql.all(
                "SELECT id FROM feeds WHERE configured"
                " OR EXISTS (SELECT 1 FROM post_feeds WHERE post_feeds.feed_id = feeds.id)"
            )
        found = (every[row["id"]] for row in shown)
        return tuple(sorted(found, key=lambda source: (source.name.casefold(), source.slug)))

    def tags(self) -> tuple[str, ...]:
        with self._session.read() as sql:
            rows = sql.all(
                "SELECT DISTINCT tag FROM feed_tags JOIN feeds ON feeds.id = feed_tags.feed_id WHERE feeds.configured"
            )
        return tuple(sorted(row["tag"] for row in rows))

    def changed(self, since: int) -> tuple[Post, ...]:
        return self.changed_after(since, _END)[1]

    def changed_after(self, since: int, limit: int) -> tuple[int, tuple[Post, ...]]:
        """At most `limit` posts that changed after `since`, those changed first; and the number to go on from.

        For archives that do not fit into memory: call again until nothing comes.
        """
        with self._session.read() as sql:
            rows = sql.all(_CHANGED, (since, limit))
            found = posts.assemble(sql, [row["article_id"] for row in rows])
        return (rows[-1]["change"] if rows else since), found

    def latest(
        self, limit: int, *, tag: str | None = None, source: str | None = None, before: int | None = None
    ) -> tuple[Post, ...]:
        end = _END if before is None else before
        with self._session.read() as sql:
            if tag is None and source is None:
                return posts.assemble(sql, [row["article_id"] for row in sql.all(_LATEST, (end, limit))])
            return posts.assemble(sql, _of_feeds(sql, tag, source, end, limit))

    def between(self, first: int, last: int) -> tuple[Post, ...]:
        with self._session.read() as sql:
            rows = sql.all(_BETWEEN, (first, last))
            return posts.assemble(sql, [row["article_id"] for row in rows])

    def added(self, story: str) -> Mapping[str, tuple[str, ...]]:
        with self._session.read() as sql:
            return story_additions.added(sql, story)

    def withdrawn(self) -> tuple[Post, ...]:
        with self._session.read() as sql:
            ids = [row["article_id"] for row in sql.all(_WITHDRAWN)]
            found = {post.sequence: post for number in ids for post in posts.assemble(sql, [number])}
            naming = [_naming(sql, number) for number in ids]
        return tuple(
            replace(post, withdrawn=replace(post.withdrawn, named_by=named_by))
            for post, named_by in zip(found.values(), naming, strict=True)
            if post.withdrawn
        )

    def carried(self) -> Mapping[str, Carried]:
        with self._session.read() as sql:
            rows = sql.all(_CARRIED)
        return {row["slug"]: Carried(row["posts"], times.read(row["newest"])) for row in rows}

    def months(self) -> tuple[tuple[str, int], ...]:
        with self._session.read() as sql:
            rows = sql.all(
                f"""
                SELECT substr(published, 1, 7) AS month, count(*) AS posts FROM posts
                WHERE sequence IS NOT NULL AND NOT hidden AND {STANDING} GROUP BY month ORDER BY month DESC
                """  # noqa: S608 - our own words
            )
        return tuple((row["month"], row["posts"]) for row in rows)


def _of_feeds(sql: Sql, tag: str | None, source: str | None, end: int, limit: int) -> list[int]:
    """The newest of each feed that counts, merged: cheap, however few of all posts they are."""
    wanted = {row["id"] for row in sql.all(_TAGGED, (tag,))} if tag is not None else None
    if source is not None:
        own = {row["id"] for row in sql.all("SELECT id FROM feeds WHERE slug = ?", (source,))}
        wanted = own if wanted is None else wanted & own
    found: dict[int, int] = {}
    for feed_id in wanted or ():
        for row in sql.all(_OF_FEED, (feed_id, end, source is not None, limit)):
            found[row["sequence"]] = row["article_id"]
    return [found[sequence] for sequence in heapq.nlargest(limit, found)]


def _naming(sql: Sql, article_id: int) -> tuple[int, ...]:
    """The sequences of the posts that show something of an article."""
    ids = json.dumps(sorted(output.showing(sql, (article_id,)) - {article_id}))
    rows = sql.all(
        "SELECT sequence FROM posts WHERE sequence IS NOT NULL AND article_id IN (SELECT value FROM json_each(?))"
        " ORDER BY sequence",
        (ids,),
    )
    return tuple(row["sequence"] for row in rows)

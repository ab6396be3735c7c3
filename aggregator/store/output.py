"""The tables `posts`, `post_feeds` and `numbers`: each article's place in the output, and what changed since when.

A place, once given, is never taken back or moved: readers' software has seen it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from aggregator.store import duplicates, neighbours, times
from aggregator.store.connection import Sql
from aggregator.store.text import slug

UID_HASH_CHARS = 8
"""Of the article's uid at the end of its path; lengthened where two articles would share one."""

_READY = """
    SELECT articles.id, articles.uid, articles.title, articles.published, articles.duplicate_of
    FROM posts JOIN articles ON articles.id = posts.article_id
    WHERE posts.sequence IS NULL AND (
        articles.state IN ('scraped', 'feed_text')
        OR (articles.state = 'failed' AND articles.next_attempt IS NULL)
        OR articles.first_seen <= ?
    )
    ORDER BY articles.published, articles.uid
"""
_CARRY = """
    INSERT OR IGNORE INTO post_feeds (feed_id, sequence, article_id)
    SELECT DISTINCT entries.feed_id, posts.sequence, posts.article_id
    FROM json_each(?1) AS wanted
    JOIN posts ON posts.article_id = wanted.value AND posts.sequence IS NOT NULL
    JOIN entries ON entries.article_id = posts.article_id
"""


def publish(sql: Sql, now: datetime, wait: timedelta) -> int:
    """Give every ready article its place; how many there were. Doing it again does nothing."""
    ready = sql.all(_READY, (times.whole(now - wait),))
    if not ready:
        return 0
    sequence = last_sequence(sql)
    latest = times.read(sql.value("SELECT stamp FROM posts WHERE sequence = ?", (sequence,)))
    for row in ready:
        sequence += 1
        published = times.must_read(row["published"])
        latest = published if latest is None else max(published, latest + timedelta(seconds=1))
        path = _path(sql, row["title"], row["uid"], published)
        hidden = row["duplicate_of"] is not None
        sql.execute(
            "UPDATE posts SET sequence = ?, stamp = ?, path = ?, published = ?, hidden = ? WHERE article_id = ?",
            (sequence, times.whole(latest), path, row["published"], hidden, row["id"]),
        )
    ids = [row["id"] for row in ready]
    sql.execute(_CARRY, (json.dumps(ids),))
    touch(sql, ids)
    return len(ready)


def _path(sql: Sql, title: str, uid: str, published: datetime) -> str:
    """`posts/2019/07/title-1a2b3c4d.html`: safe on every file system, unique, and the same on every machine."""
    digest = uid.rpartition(":")[2]
    name = slug(title, "post")
    length = UID_HASH_CHARS
    while True:
        path = f"posts/{published.year:04}/{published.month:02}/{name}-{digest[:length]}.html"
        if length >= len(digest) or not sql.one("SELECT 1 FROM posts WHERE path = ?", (path,)):
            return path
        length += UID_HASH_CHARS


def last_sequence(sql: Sql) -> int:
    return int(sql.value("SELECT coalesce(max(sequence), 0) FROM posts"))


def head(sql: Sql) -> int:
    return int(sql.value("SELECT value FROM numbers WHERE name = 'head'") or 0)


def carry(sql: Sql, feed_id: int, article_id: int) -> None:
    """A feed carries an article: when that is out already, it is in this feed's own output too."""
    sql.execute(
        """
        INSERT OR IGNORE INTO post_feeds (feed_id, sequence, article_id)
        SELECT ?, sequence, article_id FROM posts WHERE article_id = ? AND sequence IS NOT NULL
        """,
        (feed_id, article_id),
    )


def carry_all(sql: Sql, article_id: int) -> None:
    """As `carry`, for every feed that has an entry of the article."""
    sql.execute(_CARRY, (json.dumps([article_id]),))


def touch(sql: Sql, ids: Iterable[int]) -> None:
    """Mark these articles' posts, and all that show something of them, as changed. Posts not yet out have no mark."""
    wanted = sorted(set(ids))
    if not wanted:
        return
    reached = {*wanted, *duplicates.group(sql, wanted)}
    _mark(sql, reached | neighbours.beside(sql, sorted(reached)))


def touch_feeds(sql: Sql, feed_ids: Iterable[int]) -> None:
    """Mark every post that one of these feeds carries, and all that name them as another outlet."""
    rows = sql.all(
        "SELECT DISTINCT article_id FROM post_feeds WHERE feed_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(feed_ids)),),
    )
    ids = [row["article_id"] for row in rows]
    _mark(sql, {*ids, *duplicates.group(sql, ids)})
    raise_head(sql)


def raise_head(sql: Sql, by: int = 1) -> int:
    """Count up the number of changes; the new one."""
    return int(
        sql.value(
            """
            INSERT INTO numbers (name, value) VALUES ('head', ?1)
            ON CONFLICT (name) DO UPDATE SET value = value + ?1 RETURNING value
            """,
            (by,),
        )
    )


def revised(sql: Sql, article_id: int, at: datetime) -> None:
    """Note that what a post says has changed, if it is out."""
    sql.execute(
        "UPDATE posts SET revised = ? WHERE article_id = ? AND sequence IS NOT NULL", (times.whole(at), article_id)
    )


def _mark(sql: Sql, ids: Iterable[int]) -> None:
    rows = sql.all(
        """
        SELECT posts.article_id FROM json_each(?) AS wanted
        JOIN posts ON posts.article_id = wanted.value AND posts.sequence IS NOT NULL ORDER BY posts.sequence
        """,
        (json.dumps(sorted(ids)),),
    )
    if not rows:
        return
    first = raise_head(sql, len(rows)) - len(rows) + 1
    sql.many(
        "UPDATE posts SET change = ? WHERE article_id = ?",
        [(first + number, row["article_id"]) for number, row in enumerate(rows)],
    )

"""The tables `posts`, `post_feeds` and `numbers`: which feeds carry a post, and what changed since when.

A change is noted where it shows: at the post itself, and at every other that names it: as neighbour, as copy,
as another that tells the same story.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from aggregator.store import identity, neighbours, story_members, times
from aggregator.store.connection import Sql

_CARRY = """
    INSERT OR IGNORE INTO post_feeds (feed_id, sequence, article_id)
    SELECT DISTINCT entries.feed_id, posts.sequence, posts.article_id
    FROM json_each(?) AS wanted
    JOIN posts ON posts.article_id = wanted.value AND posts.sequence IS NOT NULL
    JOIN entries ON entries.article_id = posts.article_id
"""


def last_sequence(sql: Sql) -> int:
    return int(sql.value("SELECT coalesce(max(sequence), 0) FROM posts"))


def head(sql: Sql) -> int:
    return int(sql.value("SELECT value FROM numbers WHERE name = 'head'") or 0)


def add_carrier(sql: Sql, feed_id: int, article_id: int) -> None:
    """A feed carries an article: when that is out already, it is in this feed's own output too."""
    sql.execute(
        """
        INSERT OR IGNORE INTO post_feeds (feed_id, sequence, article_id)
        SELECT ?, sequence, article_id FROM posts WHERE article_id = ? AND sequence IS NOT NULL
        """,
        (feed_id, article_id),
    )


def carry_all(sql: Sql, article_ids: Iterable[int]) -> None:
    """As `add_carrier`, for every feed that has an entry of one of these articles."""
    sql.execute(_CARRY, (json.dumps(list(article_ids)),))


def mark_changed(sql: Sql, ids: Iterable[int]) -> None:
    """Mark these articles' posts, and all that show something of them, as changed. Posts not yet out have no mark."""
    wanted = sorted(set(ids))
    if not wanted:
        return
    mark_published(sql, posts_showing(sql, wanted))


def posts_showing(sql: Sql, ids: Iterable[int]) -> set[int]:
    """These articles, and all whose posts show something of them: copies, neighbours, who tells the same story."""
    wanted = sorted(ids)
    reached = {*wanted, *identity.group(sql, wanted)}
    return reached | neighbours.beside(sql, sorted(reached)) | story_members.beside(sql, reached)


def touch_feeds(sql: Sql, feed_ids: Iterable[int]) -> None:
    """Mark every post that one of these feeds carries, and all that name them as another outlet."""
    rows = sql.all(
        "SELECT DISTINCT article_id FROM post_feeds WHERE feed_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(feed_ids)),),
    )
    ids = [row["article_id"] for row in rows]
    reached = {*ids, *identity.group(sql, ids)}
    mark_published(sql, reached | story_members.beside(sql, reached))
    advance(sql)


def advance(sql: Sql, by: int = 1) -> int:
    """Count up the number of changes; the new one."""
    return int(
        sql.value(
            """
            INSERT INTO numbers (name, value) VALUES ('head', ?)
            ON CONFLICT (name) DO UPDATE SET value = value + excluded.value RETURNING value
            """,
            (by,),
        )
    )


def revised(sql: Sql, article_id: int, at: datetime) -> None:
    """Note that what a post says has changed, if it is out."""
    sql.execute(
        "UPDATE posts SET revised = ? WHERE article_id = ? AND sequence IS NOT NULL", (times.whole(at), article_id)
    )


def mark_published(sql: Sql, ids: Iterable[int]) -> None:
    """Mark these articles' posts as changed, and no others."""
    rows = sql.all(
        """
        SELECT posts.article_id FROM json_each(?) AS wanted
        JOIN posts ON posts.article_id = wanted.value AND posts.sequence IS NOT NULL ORDER BY posts.sequence
        """,
        (json.dumps(sorted(ids)),),
    )
    if not rows:
        return
    first = advance(sql, len(rows)) - len(rows) + 1
    sql.many(
        "UPDATE posts SET change = ? WHERE article_id = ?",
        [(first + number, row["article_id"]) for number, row in enumerate(rows)],
    )

"""The tables `posts`, `post_feeds` and `numbers`: which feeds carry a post, and what changed since when.

A change is noted where it shows: at the post itself, and at every other that names it: as neighbour, as copy,
as another that tells the same story.

Every time that a feed document shows as a date of ours is issued here (`issue_time`): it is later than all that were
issued before, so that a program that remembers the newest date it saw misses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from aggregator.store import identity, neighbours, story_members, times
from aggregator.store.connection import Sql

REBUILD = "rebuild"
"""Set while the output has to be built again as a whole: the database is not the one that it was built from."""

_CARRY = """
    INSERT OR IGNORE INTO post_feeds (feed_id, sequence, article_id)
    SELECT DISTINCT entries.feed_id, posts.sequence, posts.article_id
    FROM json_each(?) AS wanted
    JOIN posts ON posts.article_id = wanted.value AND posts.sequence IS NOT NULL
    JOIN entries ON entries.article_id = posts.article_id
"""


def last_sequence(sql: Sql) -> int:
    """The highest sequence given out so far, also where the posts that had it were lost with a database."""
    return max(int(sql.value("SELECT coalesce(max(sequence), 0) FROM posts")), number(sql, "sequence"))


def number(sql: Sql, name: str) -> int:
    """A counter; 0 when it was never set."""
    return int(sql.value("SELECT value FROM numbers WHERE name = ?", (name,)) or 0)


def catch_up(sql: Sql, sequence: int, stamp: datetime) -> bool:
    """Go on above what is published already, where the database knows less of it; whether it does.

    It was lost, or an older one has been put in its place. The next build then does everything.
    """
    if last_sequence(sql) >= sequence:
        return False
    raise_time(sql, stamp + timedelta(seconds=1))
    for name, value in (("sequence", sequence), (REBUILD, 1)):
        sql.execute(
            "INSERT INTO numbers (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )
    return True


def head(sql: Sql) -> int:
    return int(sql.value("SELECT value FROM numbers WHERE name = 'head'") or 0)


def last_time(sql: Sql, of: str = "") -> datetime | None:
    """The newest time that was issued; None before the first. `of`: that an output of the operator has shown."""
    value = sql.value("SELECT value FROM numbers WHERE name = ?", (_time_name(of),))
    return None if value is None else datetime.fromtimestamp(int(value), UTC)


def later(last: datetime | None, wanted: datetime) -> datetime:
    """`wanted` where it is later than `last`, else the next second: RSS dates and many programs know no fractions."""
    wanted = wanted.replace(microsecond=0)
    return wanted if last is None else max(wanted, last.replace(microsecond=0) + timedelta(seconds=1))


def issue_time(sql: Sql, wanted: datetime) -> datetime:
    """The next time to show: `wanted`, or later where the output has shown later ones."""
    issued = later(last_time(sql), wanted)
    raise_time(sql, issued)
    return issued


def raise_time(sql: Sql, shown: datetime, of: str = "") -> None:
    """Note that this time was shown: what is issued from now on is later. It outlives an output that is taken away."""
    sql.execute(
        """
        INSERT INTO numbers (name, value) VALUES (?, ?)
        ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
        """,
        (_time_name(of), int(shown.timestamp())),
    )


def _time_name(of: str) -> str:
    return f"last_time of {of}" if of else "last_time"


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
    """Note that what a post says has changed, if it is out: `at`, or later where later times were shown already."""
    if sql.value("SELECT sequence FROM posts WHERE article_id = ?", (article_id,)) is not None:
        issued = times.whole(issue_time(sql, at))
        sql.execute("UPDATE posts SET revised = ? WHERE article_id = ?", (issued, article_id))


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

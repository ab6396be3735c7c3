"""How articles get their place in the output: sequence, stamp and path in `posts`.

A place, once given, is never taken back or moved: readers' software has seen it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from aggregator.store import contents, neighbours, output, times
from aggregator.store.connection import Sql
from aggregator.text.storable import slug

UID_HASH_CHARS = 8
"""Of the article's uid at the end of its path; lengthened where two articles would share one."""

_READY = """
    SELECT articles.id, articles.uid, articles.title, articles.published, articles.feed_id, articles.duplicate_of,
        articles.state = 'scraped' AS scraped
    FROM posts JOIN articles ON articles.id = posts.article_id
    WHERE posts.sequence IS NULL AND (
        articles.state IN ('scraped', 'feed_text')
        OR (articles.state = 'failed' AND articles.next_attempt IS NULL)
        OR articles.first_seen <= ?
    )
    ORDER BY articles.published, articles.uid
"""


def publish(sql: Sql, now: datetime, wait: timedelta) -> int:
    """Give every ready article its place; how many there were. Doing it again does nothing."""
    ready = sql.all(_READY, (times.whole(now - wait),))
    if not ready:
        return 0
    sequence = output.last_sequence(sql)
    latest = times.read(sql.value("SELECT stamp FROM posts WHERE sequence = ?", (sequence,)))
    for row in ready:
        sequence += 1
        published = times.must_read(row["published"])
        latest = published if latest is None else max(published, latest + timedelta(seconds=1))
        if not row["scraped"]:
            contents.fill_from_feed(sql, row["id"])
        path = _path(sql, row["title"], row["uid"], published)
        hidden = row["duplicate_of"] is not None
        sql.execute(
            "UPDATE posts SET sequence = ?, stamp = ?, path = ?, published = ?, hidden = ? WHERE article_id = ?",
            (sequence, times.whole(latest), path, row["published"], hidden, row["id"]),
        )
    ids = [row["id"] for row in ready]
    output.carry_all(sql, ids)
    if flipped := neighbours.judge(sql, {row["feed_id"] for row in ready}):
        output.touch_feeds(sql, flipped)
    output.touch(sql, ids)
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

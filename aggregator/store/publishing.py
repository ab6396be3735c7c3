"""When an article becomes a post: its sequence, stamp and path, which never change once given."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from aggregator.models.filters import CombinedRules
from aggregator.store import (
    article_texts,
    identity,
    neighbours,
    post_changes,
    times,
)
from aggregator.store.connection import Sql
from aggregator.store.filter_facts import gather
from aggregator.text.storable import slug

UID_HASH_CHARS = 8
"""Of the article's uid at the end of its path; lengthened where two articles would share one."""


_READY = """
    SELECT articles.id, articles.uid, articles.title, articles.published, articles.feed_id, articles.duplicate_of,
        articles.state = 'scraped' AS scraped
    FROM posts JOIN articles ON articles.id = posts.article_id JOIN feeds ON feeds.id = articles.feed_id
    WHERE posts.sequence IS NULL AND (
        (
            articles.feed_id NOT IN (SELECT value FROM json_each(:behind))
            AND (
                articles.state IN ('scraped', 'feed_text')
                OR (articles.state = 'failed' AND articles.next_attempt IS NULL)
            )
        )
        OR articles.first_seen <= :waited
    )
    ORDER BY articles.published, feeds.url, articles.id
"""


def publish(
    sql: Sql, now: datetime, wait: timedelta, behind: Iterable[int] = (), rules: CombinedRules | None = None
) -> int:
    """Give every ready article its place; how many there were. Doing it again does nothing.

    Articles of the feeds `behind` are ready only once they have waited for `wait`.
    """
    ready = sql.all(_READY, {"waited": times.whole(now - wait), "behind": json.dumps(sorted(set(behind)))})
    if not ready:
        return 0
    sequence = post_changes.last_sequence(sql)
    stamp = post_changes.last_time(sql)
    for row in ready:
        sequence += 1
        published = times.must_read(row["published"])
        stamp = post_changes.later(stamp, published)
        if not row["scraped"]:
            article_texts.fill_from_feed(sql, row["id"])
        path = _path(sql, row["title"], row["uid"], published)
        hidden = row["duplicate_of"] is not None
        sql.execute(
            "UPDATE posts SET sequence = ?, stamp = ?, path = ?, published = ?, hidden = ? WHERE article_id = ?",
            (sequence, times.whole(stamp), path, row["published"], hidden, row["id"]),
        )
        post_changes.raise_time(sql, stamp)
    ids = [row["id"] for row in ready]
    post_changes.carry_all(sql, ids)
    if rules:
        _mute(sql, ids, rules)
    if flipped := neighbours.judge(sql, {row["feed_id"] for row in ready}):
        post_changes.touch_feeds(sql, flipped)
    post_changes.mark_changed(sql, ids)
    return len(ready)


def _mute(sql: Sql, ids: list[int], rules: CombinedRules) -> None:
    """Keep those of these new posts out of the combined feed that the rules do not let in."""
    for subject in gather(sql, rules.expressions(), ids):
        against = [reason for reason in rules.explain(subject.facts) if not reason.holds]
        if against:
            words = (subject.article_id, against[0].condition, against[0].why)
            sql.execute("INSERT OR REPLACE INTO muted (article_id, rule, why) VALUES (?, ?, ?)", words)
            identity.hide(sql, subject.article_id)


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

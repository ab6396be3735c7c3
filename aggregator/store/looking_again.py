"""Which pages are fetched a second time because their next post should stand on them by now.

The newest post of a site can name no next one. Where the later post's page names its previous one, the chain completes
it; where a site only ever links forward, the earlier page has to be asked again: once, twice, and a few a day.
Nothing of a page but its neighbours is taken then.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from aggregator.models import Article, PendingArticle
from aggregator.store import addresses, neighbours, output, times
from aggregator.store.addresses import Canonical
from aggregator.store.connection import Sql

LOOKS = 2
"""Times that a page is asked again: pages out of a cache may be a day old, those of two days ago are as they are."""

BETWEEN_LOOKS = timedelta(days=1)

LOOKS_A_DAY = 5
"""Pages of one feed that are asked again within a day."""

NEXT_CAME_WITHIN = timedelta(days=3)
"""How long after the next post has come its page is asked for: both looks, and a day's delay."""

_DUE = """
    SELECT own.id, coalesce(own.final_url, own.url) AS url, own.feed_id, own.title, own.published, own.language
    FROM articles AS later INDEXED BY idx_articles_first_seen
    CROSS JOIN feeds ON feeds.id = later.feed_id AND feeds.configured AND NOT feeds.paused
    CROSS JOIN articles AS own ON own.id = (
        SELECT posts.article_id FROM posts
        WHERE posts.feed_id = later.feed_id AND posts.sequence IS NOT NULL
            AND (posts.published, posts.article_id) < (later.published, later.id)
        ORDER BY posts.published DESC, posts.article_id DESC LIMIT 1
    )
    WHERE later.first_seen > :came_after AND later.state = 'scraped'
        AND own.state = 'scraped' AND own.fetched_at < later.first_seen
        AND own.looks < :looks AND (own.looked_at IS NULL OR own.looked_at <= :looked_before)
        AND NOT EXISTS (SELECT 1 FROM purged WHERE article_id = own.id)
        AND NOT EXISTS (SELECT 1 FROM settled_neighbours WHERE id = own.id AND direction = 'next')
        AND NOT EXISTS (SELECT 1 FROM settled_neighbours WHERE id = later.id AND direction = 'previous')
        AND EXISTS (
            SELECT 1 FROM (SELECT article_id FROM posts WHERE feed_id = own.feed_id AND sequence IS NOT NULL
                           ORDER BY published DESC, article_id DESC LIMIT :judged_by) AS recent
            JOIN neighbours ON neighbours.article_id = recent.article_id
        )
    GROUP BY own.id ORDER BY own.published DESC, own.id DESC
"""
_LOOKED = """
    SELECT feed_id, count(*) AS looked FROM articles INDEXED BY idx_articles_looked
    WHERE looked_at > ? GROUP BY feed_id
"""


def due(sql: Sql, now: datetime) -> tuple[PendingArticle, ...]:
    """The pages to ask again now: scraped before their next post came, which names no previous one."""
    rows = sql.all(
        _DUE,
        {
            "came_after": times.whole(now - NEXT_CAME_WITHIN),
            "looked_before": times.whole(now - BETWEEN_LOOKS),
            "looks": LOOKS,
            "judged_by": neighbours.JUDGED_BY,
        },
    )
    looked = Counter({row["feed_id"]: row["looked"] for row in sql.all(_LOOKED, (times.whole(now - BETWEEN_LOOKS),))})
    found = []
    for row in rows:
        looked[row["feed_id"]] += 1
        if looked[row["feed_id"]] <= LOOKS_A_DAY:
            published = times.must_read(row["published"])
            found.append(PendingArticle(row["id"], row["url"], row["feed_id"], 0, row["title"], "", published))
    return tuple(found)


def save(sql: Sql, article_id: int, article: Article | None, now: datetime, canonical: Canonical) -> None:
    """Note that a page was asked again, and what it says of its neighbours (None: it could not be had)."""
    found = addresses.resolve(sql, article_id)
    if found is None:
        return
    sql.execute("UPDATE articles SET looks = looks + 1, looked_at = ? WHERE id = ?", (times.whole(now), found))
    if article is None:
        return
    stated = ((neighbours.NEXT, article.next), (neighbours.PREVIOUS, article.previous))
    before = neighbours.beside(sql, [found])
    if neighbours.save(sql, found, stated, now, canonical):
        output.touch(sql, {found} | before)

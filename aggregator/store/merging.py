"""The table `article_aliases`: two articles that turn out to be one, since one address leads to both."""

from __future__ import annotations

from datetime import datetime

from aggregator.models import Likeness
from aggregator.store import addresses, chain, duplicates, neighbours, output, times
from aggregator.store.connection import Sql

SAME_ADDRESS = "both lead to the same address"


def unite(sql: Sql, article_id: int, urls: tuple[str, ...], now: datetime, touched: set[int]) -> int:
    """Register the addresses of an article; the article that remains when they belong to more than one.

    `touched` gets the articles whose posts show the difference.
    """
    keep = article_id
    for url in urls:
        other = addresses.held(sql, url)
        if other is not None and other != keep and not _same_feed_says_two(sql, keep, other):
            keep = _make_one(sql, keep, other, now, touched)
    addresses.register(sql, keep, urls)
    return keep


def _same_feed_says_two(sql: Sql, one: int, other: int) -> bool:
    """Whether one feed announces both under different titles: then they are two, whatever the server redirects to."""
    return bool(
        sql.value(
            """
            SELECT EXISTS (
                SELECT 1 FROM entries AS a JOIN entries AS b ON b.feed_id = a.feed_id
                WHERE a.article_id = ? AND b.article_id = ? AND lower(a.title) <> lower(b.title)
                    AND a.found_by = 'feed' AND b.found_by = 'feed'
            )
            """,
            (one, other),
        )
    )


def _make_one(sql: Sql, one: int, other: int, now: datetime, touched: set[int]) -> int:
    """Merge two articles into the one already out, else the older; two that are both out are linked."""
    placed = {
        row["article_id"]
        for row in sql.all(
            "SELECT article_id FROM posts WHERE article_id IN (?, ?) AND sequence IS NOT NULL", (one, other)
        )
    }
    keep, drop = sorted((one, other), key=lambda number: (number not in placed, number))
    if drop in placed:
        touched.update(duplicates.link(sql, drop, Likeness(keep, 1.0, SAME_ADDRESS)))
        return one
    touched |= neighbours.beside(sql, [drop])
    _merge(sql, keep, drop, now)
    output.carry_all(sql, (keep,))
    touched.discard(drop)
    return keep


def _merge(sql: Sql, keep: int, drop: int, now: datetime) -> None:
    """Make two articles one: what belongs to `drop`, which was never put out, goes to `keep`."""
    sql.execute("UPDATE entries SET article_id = ? WHERE article_id = ?", (keep, drop))
    sql.execute("UPDATE article_urls SET article_id = ? WHERE article_id = ?", (keep, drop))
    sql.execute("UPDATE article_aliases SET article_id = ? WHERE article_id = ?", (keep, drop))
    sql.execute("UPDATE OR IGNORE neighbours SET article_id = ? WHERE article_id = ?", (keep, drop))
    sql.execute("UPDATE revisions SET article_id = ? WHERE article_id = ?", (keep, drop))
    duplicates.hand_over(sql, drop, keep)
    chain.hand_over(sql, drop, keep)
    duplicates.forget_fingerprint(sql, drop)
    sql.execute(
        "INSERT INTO article_aliases (old_id, uid, article_id, at) SELECT id, uid, ?, ? FROM articles WHERE id = ?",
        (keep, times.whole(now), drop),
    )
    sql.execute("DELETE FROM articles WHERE id = ?", (drop,))

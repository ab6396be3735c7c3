"""The table `neighbours`: what pages say of their next and previous posts, and which posts show which.

Nothing is guessed on writing. The chain (a later page that names this one as its previous post) and the order within
a feed are followed on reading, so that they are always those of the present moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from aggregator.models import Neighbour
from aggregator.store import times
from aggregator.store.addresses import Canonical
from aggregator.store.connection import Sql
from aggregator.text.storable import keepable

NEXT, PREVIOUS = "next", "previous"

_BESIDE = """
    SELECT stated.article_id AS id
    FROM article_urls JOIN neighbours AS stated ON stated.canonical_url = article_urls.url
    WHERE article_urls.article_id IN (SELECT value FROM json_each(:ids))
    UNION
    SELECT article_urls.article_id
    FROM neighbours AS stated JOIN article_urls ON article_urls.url = stated.canonical_url
    WHERE stated.article_id IN (SELECT value FROM json_each(:ids))
"""

IN_FEED = """
    SELECT own.article_id AS id,
        (SELECT later.article_id FROM posts AS later
         WHERE later.feed_id = own.feed_id AND later.sequence IS NOT NULL
            AND (later.published, later.article_id) > (own.published, own.article_id)
         ORDER BY later.published, later.article_id LIMIT 1) AS next,
        (SELECT earlier.article_id FROM posts AS earlier
         WHERE earlier.feed_id = own.feed_id AND earlier.sequence IS NOT NULL
            AND (earlier.published, earlier.article_id) < (own.published, own.article_id)
         ORDER BY earlier.published DESC, earlier.article_id DESC LIMIT 1) AS previous
    FROM json_each(:ids) AS wanted
    JOIN posts AS own ON own.article_id = wanted.value AND own.sequence IS NOT NULL
"""
"""The posts before and after each of the given ones within its feed, by publication."""


JUDGED_BY = 50
"""The newest posts of a feed whose links are compared with their dates: a site may change its theme."""

_VOTES = """
    SELECT coalesce(sum(said = direction), 0) AS right, coalesce(sum(said <> direction), 0) AS wrong
    FROM (SELECT article_id FROM posts WHERE feed_id = ? AND sequence IS NOT NULL
          ORDER BY published DESC, article_id DESC LIMIT ?) AS newest
    JOIN settled_neighbours AS stated ON stated.id = newest.article_id
    JOIN articles AS own ON own.id = stated.id
    JOIN articles AS held ON held.id = stated.held_id AND held.published <> own.published
"""


def save(
    sql: Sql,
    article_id: int,
    stated: Iterable[tuple[str, Neighbour | None]],
    now: datetime,
    canonical: Canonical,
) -> bool:
    """Write what a page says; whether that was news. What a page says no more stays: it was true once."""
    changed = False
    for direction, neighbour in stated:
        if neighbour is not None:
            changed |= _save_one(sql, article_id, direction, neighbour, now, canonical)
    return changed


def _save_one(
    sql: Sql, article_id: int, direction: str, neighbour: Neighbour, now: datetime, canonical: Canonical
) -> bool:
    key = canonical(neighbour.url)
    if sql.value("SELECT article_id FROM article_urls WHERE url = ?", (key,)) == article_id:
        return False  # a page that names itself as its neighbour
    title = keepable(neighbour.title) if neighbour.title else None
    teaser = keepable(neighbour.teaser) if neighbour.teaser else None
    cursor = sql.execute(
        """
        INSERT INTO neighbours (article_id, direction, url, canonical_url, title, teaser, found_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (article_id, direction) DO UPDATE SET url = excluded.url, canonical_url = excluded.canonical_url,
            title = excluded.title, teaser = excluded.teaser, found_at = excluded.found_at
        WHERE (url, title, teaser) IS NOT (excluded.url, excluded.title, excluded.teaser)
        """,
        (article_id, direction, neighbour.url, key, title, teaser, times.whole(now)),
    )
    return cursor.rowcount > 0


def judge(sql: Sql, feed_ids: Iterable[int]) -> tuple[int, ...]:
    """Find out by the dates of what is held whether feeds' sites call the older post next; those newly judged so,
    or no longer.
    """
    flipped = []
    for feed_id in set(feed_ids):
        row = sql.one(_VOTES, (feed_id, JUDGED_BY))
        if row is not None and row["wrong"] != row["right"]:
            cursor = sql.execute(
                "UPDATE feeds SET links_reversed = :now WHERE id = :id AND links_reversed <> :now",
                {"now": int(row["wrong"] > row["right"]), "id": feed_id},
            )
            flipped += [feed_id] * cursor.rowcount
    return tuple(flipped)


def beside(sql: Sql, ids: Sequence[int]) -> set[int]:
    """The articles whose posts show one of these as their neighbour, or may."""
    wanted = {"ids": json.dumps(list(ids))}
    found = {row["id"] for row in sql.all(_BESIDE, wanted)}
    for row in sql.all(IN_FEED, wanted):
        found |= {row["next"], row["previous"]}
    return found - {None}

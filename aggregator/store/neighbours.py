"""The table `neighbours`: what pages say of their next and previous posts, and which posts show which.

Nothing is guessed on writing. The chain (a later page that names this one as its previous post) and the order within
a feed are followed on reading, so that they are always those of the present moment.

The next and the previous post of each post, as the output shows them.

As its own page says, else as the neighbours' pages say (the chain), else by the order within its feed. Dates settle
which of two posts is the next: some sites call the older one so. What a page said stays as it was in `neighbours`. A
post that was withdrawn is stepped over: what comes after it comes after the one before it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.models import Neighbour, PostLink
from aggregator.store import feeds, times
from aggregator.store.connection import Sql
from aggregator.store.identity import Canonical
from aggregator.text.storable import TEASER_CHARS, keepable, shortened
from aggregator.text.urls import public_url

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


PROMOTED = 3
"""Other pages that name one post as their next (or previous) one, from which that is a promotion in a fixed place: two
may be copies of one page, or a post that was moved."""
MOST_WITHDRAWN = 20
"""Posts in a row that were withdrawn and are stepped over."""

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
) -> set[int]:
    """Write what a page says; the articles for which that was news. What a page says no more stays: it was true once.

    A post that many pages name in one direction is a promotion in a fixed place: then none of them does.
    """
    changed: set[int] = set()
    for direction, neighbour in stated:
        if neighbour is not None:
            changed |= _save_one(sql, article_id, direction, neighbour, now, canonical)
    return changed


def _save_one(
    sql: Sql, article_id: int, direction: str, neighbour: Neighbour, now: datetime, canonical: Canonical
) -> set[int]:
    key = canonical(neighbour.url)
    if sql.value("SELECT article_id FROM article_urls WHERE url = ?", (key,)) == article_id:
        return set()  # a page that names itself as its neighbour
    if sql.value("SELECT 1 FROM promoted WHERE canonical_url = ? AND direction = ?", (key, direction)):
        return set()
    named = sql.all("SELECT article_id FROM neighbours WHERE canonical_url = ? AND direction = ?", (key, direction))
    others = {int(row["article_id"]) for row in named} - {article_id}
    if len(others) >= PROMOTED:
        sql.execute("INSERT INTO promoted VALUES (?, ?, ?)", (key, direction, times.whole(now)))
        sql.execute("DELETE FROM neighbours WHERE canonical_url = ? AND direction = ?", (key, direction))
        return others
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
    return {article_id} if cursor.rowcount > 0 else set()


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
    """The articles whose posts show one of these as their neighbour, or may; over those that were withdrawn, too."""
    found: set[int] = set()
    fresh = set(ids)
    for _ in range(MOST_WITHDRAWN):
        near = _beside(sql, sorted(fresh)) - found
        found |= near
        rows = sql.all(
            "SELECT article_id FROM withdrawals WHERE article_id IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(near)),),
        )
        fresh = {row["article_id"] for row in rows}
        if not fresh:
            break
    return found


def _beside(sql: Sql, ids: Sequence[int]) -> set[int]:
    wanted = {"ids": json.dumps(list(ids))}
    found = {row["id"] for row in sql.all(_BESIDE, wanted)}
    for row in sql.all(IN_FEED, wanted):
        found |= {row["next"], row["previous"]}
    return found - {None}


_STATED = """
    SELECT id, said, direction, url, title, teaser, held_id AS target
    FROM settled_neighbours WHERE id IN (SELECT value FROM json_each(:ids))
    ORDER BY said = direction
"""
_CHAINED = """
    SELECT article_urls.article_id AS id, stated.article_id AS target,
        CASE WHEN namer.published > named.published THEN 'next' WHEN namer.published < named.published THEN 'previous'
            WHEN stated.direction = 'next' THEN 'previous' ELSE 'next' END AS direction
    FROM article_urls
    JOIN neighbours AS stated ON stated.canonical_url = article_urls.url
    JOIN articles AS named ON named.id = article_urls.article_id
    JOIN articles AS namer ON namer.id = stated.article_id
    WHERE article_urls.article_id IN (SELECT value FROM json_each(:ids))
    ORDER BY namer.published DESC, namer.id DESC
"""
_TARGETS = """
    SELECT articles.id, articles.url, articles.title, articles.teaser, posts.path
    FROM json_each(:ids) AS wanted
    JOIN articles ON articles.id = wanted.value
    JOIN posts ON posts.article_id = articles.id
"""


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a post: what its page says (None: nothing), and the article that it means, if held.

    `named`: whether a page, its own or the neighbour's, names it; else the order of the feed is all there is.
    """

    url: str | None
    title: str | None
    teaser: str | None
    target: int | None
    named: bool = True


_Sides = dict[tuple[int, str], _Side]


def of(sql: Sql, wanted: Mapping[str, object]) -> dict[tuple[int, str], PostLink]:
    """The neighbours of the articles `ids`, by article and direction."""
    sides = _over_withdrawn(sql, _sides(sql, wanted))
    held = {side.target for side in sides.values() if side.target is not None}
    targets = {row["id"]: row for row in sql.all(_TARGETS, {"ids": json.dumps(sorted(held))})}
    silent = feeds.silent(sql, held)
    made = {key: _link(side, targets.get(side.target or 0), quiet=side.target in silent) for key, side in sides.items()}
    return {key: link for key, link in made.items() if link is not None}


def _sides(sql: Sql, wanted: Mapping[str, object]) -> _Sides:
    return _in_feed(sql, wanted) | _chained(sql, wanted) | _stated(sql, wanted)


def _over_withdrawn(sql: Sql, sides: _Sides) -> _Sides:
    """The sides with no post in them that was withdrawn: in its place stands the one on the same side of it."""
    sides = dict(sides)
    for _ in range(MOST_WITHDRAWN):
        gone = feeds.withdrawn(sql, {side.target for side in sides.values() if side.target is not None})
        if not gone:
            return sides
        beyond = _sides(sql, {"ids": json.dumps(sorted(gone))})
        for key, side in tuple(sides.items()):
            if side.target in gone:
                further = beyond.get((side.target or 0, key[1]))
                if further is None or further.target == key[0]:
                    del sides[key]
                else:
                    sides[key] = further
    return {key: side for key, side in sides.items() if side.target is None or side.target not in gone}


def _in_feed(sql: Sql, wanted: Mapping[str, object]) -> _Sides:
    return {
        (row["id"], direction): _Side(None, None, None, row[direction], named=False)
        for row in sql.all(IN_FEED, wanted)
        for direction in (NEXT, PREVIOUS)
        if row[direction] is not None
    }


def _chained(sql: Sql, wanted: Mapping[str, object]) -> _Sides:
    """What the neighbours' own pages say of each article: of several, the one published nearest to it."""
    sides: _Sides = {}
    for row in sql.all(_CHAINED, wanted):
        key = row["id"], row["direction"]
        if row["target"] != row["id"] and (key[1] == NEXT or key not in sides):
            sides[key] = _Side(None, None, None, row["target"])
    return sides


def _stated(sql: Sql, wanted: Mapping[str, object]) -> _Sides:
    """What the pages say; of two links that lead to the same side, the one that says so."""
    return {
        (row["id"], row["direction"]): _Side(row["url"], row["title"], row["teaser"], row["target"])
        for row in sql.all(_STATED, wanted)
        if row["target"] != row["id"]
    }


def _link(side: _Side, target: sqlite3.Row | None, *, quiet: bool) -> PostLink | None:
    """What is held of the neighbour counts more than what a page said of it. `quiet`: its text may not be shown."""
    if target is None:
        if side.url is None:
            return None
        teaser = shortened(side.teaser, TEASER_CHARS) if side.teaser and not quiet else None
        return PostLink(public_url(side.url), side.title, teaser)
    url = target["url"] or side.url
    if url is None and target["path"] is None:
        return None
    return PostLink(
        url=public_url(url or ""),
        title=target["title"] or side.title,
        teaser=None if quiet else target["teaser"] or side.teaser,
        path=target["path"],
        named=side.named,
    )

"""The next and the previous post of each post, as the output shows them.

As its own page says, else as the neighbours' pages say (the chain), else by the order within its feed. Dates settle
which of two posts is the next: some sites call the older one so. What a page said stays as it was in `neighbours`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from aggregator.models import PostLink
from aggregator.store import neighbours, republishing
from aggregator.store.connection import Sql
from aggregator.text.storable import TEASER_CHARS, shortened
from aggregator.text.urls import redact

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
    """One side of a post: what its page says (None: nothing), and the article that it means, if held."""

    url: str | None
    title: str | None
    teaser: str | None
    target: int | None


_Sides = dict[tuple[int, str], _Side]


def of(sql: Sql, wanted: Mapping[str, object]) -> dict[tuple[int, str], PostLink]:
    """The neighbours of the articles `ids`, by article and direction."""
    sides = _in_feed(sql, wanted) | _chained(sql, wanted) | _stated(sql, wanted)
    held = {side.target for side in sides.values() if side.target is not None}
    targets = {row["id"]: row for row in sql.all(_TARGETS, {"ids": json.dumps(sorted(held))})}
    silent, gone = republishing.silent(sql, held), republishing.withdrawn(sql, held)
    made = {
        key: _link(side, None if side.target in gone else targets.get(side.target or 0), quiet=side.target in silent)
        for key, side in sides.items()
    }
    return {key: link for key, link in made.items() if link is not None}


def _in_feed(sql: Sql, wanted: Mapping[str, object]) -> _Sides:
    return {
        (row["id"], direction): _Side(None, None, None, row[direction])
        for row in sql.all(neighbours.IN_FEED, wanted)
        for direction in (neighbours.NEXT, neighbours.PREVIOUS)
        if row[direction] is not None
    }


def _chained(sql: Sql, wanted: Mapping[str, object]) -> _Sides:
    """What the neighbours' own pages say of each article: of several, the one published nearest to it."""
    sides: _Sides = {}
    for row in sql.all(_CHAINED, wanted):
        key = row["id"], row["direction"]
        if row["target"] != row["id"] and (key[1] == neighbours.NEXT or key not in sides):
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
        return PostLink(redact(side.url), side.title, teaser)
    url = target["url"] or side.url
    if url is None and target["path"] is None:
        return None
    return PostLink(
        url=redact(url or ""),
        title=target["title"] or side.title,
        teaser=None if quiet else target["teaser"] or side.teaser,
        path=target["path"],
    )

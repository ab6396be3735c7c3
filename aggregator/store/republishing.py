"""How much of a post may go out: what `republish` and `noarchive` say for the feeds that carry it; what was withdrawn.

The strictest word counts: a post that a feed with `republish: link` carries is a link, whichever feed brought it first.
It changes no table.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

from aggregator.models import Republish, Withdrawal
from aggregator.store import times
from aggregator.store.connection import Sql

STANDING = "NOT EXISTS (SELECT 1 FROM withdrawals WHERE withdrawals.article_id = posts.article_id)"
"""The condition on `posts` that one has not been withdrawn."""

ORDER: tuple[Republish, ...] = get_args(Republish)
"""From the freest to the strictest."""

_RULES = """
    SELECT id, coalesce(json_extract(options, '$.republish'), 'full') AS republish,
        coalesce(json_extract(options, '$.noarchive'), 'excerpt') AS noarchive
    FROM feeds
"""
_CARRIED = """
    SELECT articles.id, articles.noarchive, articles.feed_id FROM json_each(:ids) AS wanted
    JOIN articles ON articles.id = wanted.value
    UNION
    SELECT articles.id, articles.noarchive, entries.feed_id FROM json_each(:ids) AS wanted
    JOIN articles ON articles.id = wanted.value
    JOIN entries ON entries.article_id = articles.id
"""


@dataclass(frozen=True, slots=True)
class Rules:
    """What feeds.yaml says, by feed: (republish, noarchive)."""

    by_feed: Mapping[int, tuple[str, str]]

    def of(self, feeds: Iterable[int], *, noarchive: bool) -> Republish:
        """How much of an article goes out that these feeds carry, whose page may ask not to be archived."""
        said = [self.by_feed[feed] for feed in feeds]
        words = [republish for republish, _ in said]
        if noarchive:
            words += [rule for _, rule in said if rule != "ignore"]
        return max((word for word in ORDER if word in words), key=ORDER.index, default="full")


def rules(sql: Sql) -> Rules:
    return Rules({row["id"]: (row["republish"], row["noarchive"]) for row in sql.all(_RULES)})


def silent(sql: Sql, ids: Collection[int]) -> set[int]:
    """Of these articles those of which nothing but title and link may be shown, and those that were withdrawn."""
    wanted = {"ids": json.dumps(sorted(ids))}
    found = withdrawn(sql, ids).keys() | set()
    said = rules(sql)
    if not any("link" in rule for rule in said.by_feed.values()):
        return found
    carried: dict[int, list[sqlite3.Row]] = {}
    for row in sql.all(_CARRIED, wanted):
        carried.setdefault(row["id"], []).append(row)
    for article_id, rows in carried.items():
        if said.of((row["feed_id"] for row in rows), noarchive=bool(rows[0]["noarchive"])) == "link":
            found.add(article_id)
    return found


def withdrawn(sql: Sql, ids: Collection[int]) -> dict[int, Withdrawal]:
    """Of these articles those that were withdrawn."""
    rows = sql.all(
        "SELECT article_id, at, reason FROM withdrawals WHERE article_id IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(ids)),),
    )
    return {row["article_id"]: Withdrawal(times.must_read(row["at"]), row["reason"]) for row in rows}

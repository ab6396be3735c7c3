"""The tables `outputs` and `output_entries`: which posts stand in each output of the operator's.

An entry that has come in keeps its place and its stamp, which rise together: a post that comes to meet the conditions
late (its text was completed, another feed took it up) is a new entry on top, where every reader finds it. With `group:
story` the first post that came in stands for all of its story; the entry keeps that post's place while the story grows,
and of two stories that turn out to be one the later entry ends.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.config.settings import Output
from aggregator.store import facts, times
from aggregator.store.connection import Sql
from aggregator.store.facts import Subject
from aggregator.store.republishing import STANDING

_TELLING = """
    WITH told (id) AS (
        SELECT value FROM json_each(:ids)
        UNION
        SELECT other.article_id FROM json_each(:ids) AS wanted
        JOIN articles ON articles.id = wanted.value
        JOIN story_articles AS own ON own.article_id = coalesce(articles.duplicate_of, articles.id)
        JOIN story_articles AS other ON other.story_id = own.story_id
    )
    SELECT id FROM told
    UNION
    SELECT articles.id FROM told JOIN articles ON articles.duplicate_of = told.id
"""
_STORIES = """
    SELECT output_entries.*,
        iif(withdrawals.at IS NULL,
            coalesce(story_articles.story_id, 'article ' || coalesce(articles.duplicate_of, articles.id)),
            'withdrawn ' || articles.id) AS story
    FROM output_entries
    LEFT JOIN withdrawals ON withdrawals.article_id = output_entries.article_id
    JOIN articles ON articles.id = output_entries.article_id
    LEFT JOIN story_articles ON story_articles.article_id = coalesce(articles.duplicate_of, articles.id)
    WHERE {entries} ORDER BY place
"""
_ALL = "output = :output"
_ONLY = "+output = :output AND output_entries.article_id IN (SELECT value FROM json_each(:ids))"
"""With the sign SQLite looks the few articles up; without, it goes through the output, for the order that it has."""


def drop(sql: Sql, name: str) -> bool:
    """Forget an output that is not wanted any more. It changes what is put out."""
    sql.execute("DELETE FROM outputs WHERE name = ?", (name,))
    return True


def fill(sql: Sql, one: Output, stored: sqlite3.Row | None, head: int, now: datetime) -> bool:
    """Look at the posts that changed since the last time (all, for another filter); whether an entry did then."""
    conditions = one.filter
    form = one.model_dump_json(include={"tags", "sources", "words", "without", "query", "languages", "group"})
    afresh = stored is None or stored["filter"] != form
    ids = None if afresh or stored is None else _changed(sql, stored["seen"])
    if ids is not None and not ids:
        return False
    sql.execute(
        """
        INSERT INTO outputs (name, filter, seen) VALUES (?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET filter = excluded.filter, seen = excluded.seen
        """,
        (one.name, form, head),
    )
    grouped = one.group == "story"
    if ids is not None and grouped:
        ids = {row["id"] for row in sql.all(_TELLING, {"ids": json.dumps(sorted(ids))})}
    found = facts.gather(sql, conditions.expressions(), ids)
    taken = [subject for subject in found if conditions.takes(subject.facts, age=False)]
    before = _rows(sql, one.name, ids)
    after = _grouped(sql, before, taken, now) if grouped else _single(before, taken)
    return _save(sql, one.name, before, _in_order(after) if afresh else after, afresh=afresh)


def _changed(sql: Sql, since: int) -> set[int]:
    rows = sql.all("SELECT article_id FROM posts WHERE change > ? AND sequence IS NOT NULL", (since,))
    return {row["article_id"] for row in rows}


@dataclass(frozen=True, slots=True)
class _Row:
    """An entry. `place` 0: new, to be put on top."""

    place: int
    article_id: int
    stamp: datetime
    story: str = ""
    holds: bool = True
    told: tuple[int, ...] = ()
    grown: datetime | None = None
    ended: datetime | None = None


def _rows(sql: Sql, name: str, ids: set[int] | None) -> list[_Row]:
    """The entries of these articles (None: all entries)."""
    wanted = {"output": name} if ids is None else {"output": name, "ids": json.dumps(sorted(ids))}
    return [
        _Row(
            row["place"],
            row["article_id"],
            times.must_read(row["stamp"]),
            row["story"],
            bool(row["holds"]),
            tuple(json.loads(row["told"])),
            times.read(row["grown"]),
            times.read(row["ended"]),
        )
        for row in sql.all(_STORIES.format(entries=_ALL if ids is None else _ONLY), wanted)
    ]


def _single(before: list[_Row], taken: list[Subject]) -> list[_Row]:
    """An entry a post."""
    wanted = {subject.article_id for subject in taken}
    known = {row.article_id for row in before}
    after = [replace(row, holds=row.article_id in wanted) for row in before]
    return after + [_Row(0, one.article_id, one.stamp) for one in taken if one.article_id not in known]


def _grouped(sql: Sql, before: list[_Row], taken: list[Subject], now: datetime) -> list[_Row]:
    """An entry a story."""
    stories: dict[str, list[Subject]] = {}
    for subject in taken:
        stories.setdefault(subject.story, []).append(subject)
    entries: dict[str, list[_Row]] = {}
    for row in before:
        entries.setdefault(row.story, []).append(row)
    telling = _telling(sql, entries.keys() | stories.keys())
    after: list[_Row] = []
    for story in dict.fromkeys((*entries, *stories)):
        members = stories.get(story, [])
        told = telling.get(story) or tuple(subject.article_id for subject in members)
        after += _story(entries.get(story, []), members, told, now)
    return after


def _story(entries: list[_Row], members: list[Subject], told: tuple[int, ...], now: datetime) -> list[_Row]:
    """The entries of one story: the first that came in stands for it, the others end.

    One that had ended in another story, of which it is no part any more, begins again, on top.
    """
    if not entries:
        return [_Row(0, members[0].article_id, members[0].stamp, told=told)]
    first = next((row for row in entries if row.ended is None), entries[0])
    others = [row if row.ended else replace(row, ended=now) for row in entries if row is not first]
    if first.ended is not None and members:
        first = replace(first, place=0, ended=None)
    joined = [number for number in told if number not in first.told]
    if joined:
        first = replace(first, told=(*first.told, *joined), grown=now)
    return [replace(first, holds=bool(members)), *others]


def _telling(sql: Sql, stories: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """The articles that tell each story and are out, copies left out, in the order of going out."""
    rows = sql.all(
        f"""
        SELECT story_articles.story_id, posts.article_id FROM json_each(?) AS wanted
        JOIN story_articles ON story_articles.story_id = wanted.value
        JOIN posts ON posts.article_id = story_articles.article_id AND posts.sequence IS NOT NULL AND NOT posts.hidden
        WHERE {STANDING} ORDER BY posts.sequence
        """,  # noqa: S608 - our own words
        (json.dumps(sorted(stories)),),
    )
    found: dict[str, tuple[int, ...]] = {}
    for row in rows:
        found[row["story_id"]] = (*found.get(row["story_id"], ()), row["article_id"])
    return found


def _in_order(rows: list[_Row]) -> list[_Row]:
    """All entries as if they had come in by their stamps: another filter begins a new order."""
    return [replace(row, place=0) for row in sorted(rows, key=lambda row: (row.stamp, row.place or 2**62))]


def _save(sql: Sql, name: str, before: list[_Row], after: list[_Row], *, afresh: bool) -> bool:
    """Write what differs; new entries get the next places and rising stamps. Whether anything does."""
    old = {row.place: row for row in before}
    kept = {row.place: row for row in after if row.place}
    changed = [(place, row) for place, row in kept.items() if row != old[place]]
    top = sql.one("SELECT max(place) AS place, max(stamp) AS stamp FROM output_entries WHERE output = ?", (name,))
    place, latest = (0, None) if afresh or top is None else (top["place"] or 0, times.read(top["stamp"]))
    gone = sorted(old.keys() - kept.keys())
    sql.many("DELETE FROM output_entries WHERE output = ? AND place = ?", [(name, number) for number in gone])
    for row in (row for row in after if not row.place):
        place += 1
        latest = row.stamp if latest is None else max(row.stamp, latest + timedelta(seconds=1))
        changed.append((place, replace(row, stamp=latest)))
    sql.many(
        """
        INSERT OR REPLACE INTO output_entries (output, place, article_id, stamp, holds, told, grown, ended)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
            (
                name,
                number,
                row.article_id,
                times.whole(row.stamp),
                row.holds,
                json.dumps(row.told),
                times.exact(row.grown),
                times.exact(row.ended),
            )
            for number, row in changed
        ],
    )
    return bool(changed or gone)

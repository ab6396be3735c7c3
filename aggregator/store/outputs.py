"""The tables `outputs` and `output_entries`: which posts stand in each of the operator's outputs.

An entry that has come in keeps its place and its stamp, which rise together. A post that meets the conditions late (its
text was completed, another feed carries it) is a new entry on top, where every reader finds it, with a stamp after
everything that the output has shown (`output.last_time`), revisions and growth included. With `group: story` the first
post that came in stands for all of its story: the entry keeps that post's place while the story grows, and of two
stories that turn out to be one the later entry ends.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.models import Ended, OutputEntry
from aggregator.models.filters import CombinedRules, Filter, Reason
from aggregator.store import post_changes, posts, times
from aggregator.store.feeds import STANDING
from aggregator.store.filter_facts import FilterFacts, gather, newest_date

if TYPE_CHECKING:
    from aggregator.config.settings import Output
    from aggregator.store.connection import Session, Sql

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
    last = post_changes.last_time(sql, one.name)
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
    found = gather(sql, conditions.expressions(), ids)
    taken = [subject for subject in found if conditions.takes(subject.facts, age=False)]
    before = _rows(sql, one.name, ids)
    after = _grouped(sql, before, taken, post_changes.later(last, now)) if grouped else _single(before, taken)
    return _save(sql, one.name, before, _in_order(after) if afresh else after, last, afresh=afresh)


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


def _single(before: list[_Row], taken: list[FilterFacts]) -> list[_Row]:
    """An entry a post."""
    wanted = {subject.article_id for subject in taken}
    known = {row.article_id for row in before}
    after = [replace(row, holds=row.article_id in wanted) for row in before]
    return after + [_Row(0, one.article_id, one.stamp) for one in taken if one.article_id not in known]


def _grouped(sql: Sql, before: list[_Row], taken: list[FilterFacts], now: datetime) -> list[_Row]:
    """An entry a story."""
    stories: dict[str, list[FilterFacts]] = {}
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
        found = _story(entries.get(story, []), members, told, now)
        if any(now in (row.grown, row.ended) for row in found):
            now = post_changes.later(now, now)  # no two entries of a document share a date
        after += found
    return after


def _story(entries: list[_Row], members: list[FilterFacts], told: tuple[int, ...], now: datetime) -> list[_Row]:
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


def _save(sql: Sql, name: str, before: list[_Row], after: list[_Row], last: datetime | None, *, afresh: bool) -> bool:
    """Write what differs; new entries get the next places and rising stamps. Whether anything does.

    `last`: the newest time that the output has shown. An output with another filter begins a new order.
    """
    old = {row.place: row for row in before}
    kept = {row.place: row for row in after if row.place}
    changed = [(place, row) for place, row in kept.items() if row != old[place]]
    gone = sorted(old.keys() - kept.keys())
    sql.many("DELETE FROM output_entries WHERE output = ? AND place = ?", [(name, number) for number in gone])
    place = sql.value("SELECT coalesce(max(place), 0) FROM output_entries WHERE output = ?", (name,))
    stamp = None if afresh else _newest(last, changed)
    for row in (row for row in after if not row.place):
        place += 1
        stamp = post_changes.later(stamp, row.stamp)
        changed.append((place, replace(row, stamp=stamp)))
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
    shown = _newest(max(filter(None, (last, post_changes.last_time(sql))), default=None), changed)
    if shown is not None:
        post_changes.raise_time(sql, shown, name)
    return bool(changed or gone)


def _newest(last: datetime | None, changed: list[tuple[int, _Row]]) -> datetime | None:
    """The newest time that these entries show, `last` included."""
    found = (time for _, row in changed for time in (row.stamp, row.grown, row.ended))
    return max(filter(None, (last, *found)), default=None)


_SHOWN = f"""
    SELECT output_entries.article_id, output_entries.place, output_entries.stamp, output_entries.grown
    FROM output_entries JOIN posts ON posts.article_id = output_entries.article_id
    WHERE output = :output AND holds AND ended IS NULL AND (:group OR NOT posts.hidden) AND {STANDING}
        AND max(posts.published, coalesce(output_entries.grown, '')) >= :since
    ORDER BY place DESC LIMIT :limit
"""  # noqa: S608 - our own words
_ENDED = """
    WITH out (article_id, place, since) AS (
        SELECT article_id, place, ended FROM output_entries INDEXED BY idx_output_entries_ended
        WHERE output = :output AND ended IS NOT NULL AND article_id NOT IN (SELECT article_id FROM withdrawals)
        UNION ALL
        SELECT entry.article_id, entry.place, withdrawals.at
        FROM withdrawals CROSS JOIN output_entries AS entry ON entry.article_id = withdrawals.article_id
        WHERE entry.output = :output
    )
    SELECT articles.uid, since FROM out JOIN articles ON articles.id = out.article_id
    ORDER BY since DESC, place DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class FilterResult:
    """A post, and what each condition of a filter says of it."""

    article_id: int
    published: datetime
    title: str
    source: str
    url: str
    path: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a filter would take in of the archive: how many of how many, the newest, and what kept the others out.

    `failed` counts for each condition the posts for which it does not hold, `alone` those that nothing else kept out.
    """

    taken: int
    posts: int
    newest: tuple[FilterResult, ...]
    failed: Mapping[str, int] = field(default_factory=dict)
    alone: Mapping[str, int] = field(default_factory=dict)


class Outputs:
    """What the store knows of the operator's outputs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def fill(self, wanted: Iterable[Output], now: datetime) -> None:
        """Bring every output up to date with the posts; forget those that are not wanted any more."""
        configured = {one.name: one for one in wanted}
        with self._session.write() as sql:
            head = post_changes.head(sql)
            stored = {row["name"]: row for row in sql.all("SELECT * FROM outputs")}
            changed = [drop(sql, name) for name in sorted(stored.keys() - configured.keys())]
            changed += [fill(sql, one, stored.get(name), head, now) for name, one in configured.items()]
            if any(changed):
                post_changes.advance(sql)

    def shown(self, one: Output, limit: int) -> tuple[OutputEntry, ...]:
        """At most `limit` entries, newest place first."""
        with self._session.read() as sql:
            rows = {row["article_id"]: row for row in _shown(sql, one, limit)}
            found = {post.sequence: post for post in posts.assemble(sql, list(rows))}
            numbers = {row[0]: row[1] for row in _sequences(sql, rows)}
        return tuple(
            OutputEntry(found[numbers[row["article_id"]]], times.must_read(row["stamp"]), times.read(row["grown"]))
            for row in rows.values()
        )

    def members(self, one: Output, limit: int) -> tuple[int, ...]:
        """The sequences of the posts of `shown`: cheap enough to ask at every build."""
        with self._session.read() as sql:
            ids = [row["article_id"] for row in _shown(sql, one, limit)]
            numbers = {row[0]: row[1] for row in _sequences(sql, ids)}
        return tuple(numbers[number] for number in ids)

    def ended(self, name: str, limit: int) -> tuple[Ended, ...]:
        """The entries whose posts were withdrawn, or that ended in another one of a grouped output, the last first."""
        with self._session.read() as sql:
            rows = sql.all(_ENDED, {"output": name, "limit": limit})
        return tuple(Ended(row["uid"], times.must_read(row["since"])) for row in rows)

    def trial(self, conditions: Filter | CombinedRules, limit: int) -> Trial:
        """What a filter would take in, at most `limit` posts of it, newest first; nothing is changed.

        For the rules of the combined feed, of all posts, those that are muted included.
        """
        failed: Counter[str] = Counter()
        alone: Counter[str] = Counter()
        taken: list[tuple[FilterFacts, tuple[Reason, ...]]] = []
        with self._session.read() as sql:
            subjects = gather(sql, conditions.expressions(), muted=isinstance(conditions, CombinedRules))
            for subject in subjects:
                reasons = conditions.explain(subject.facts)
                missing = [reason.condition for reason in reasons if not reason.holds]
                failed.update(missing)
                alone.update(missing if len(missing) == 1 else ())
                if not missing:
                    taken.append((subject, reasons))
            newest = list(reversed(taken[-limit:]))
            described = {post.sequence: post for post in posts.assemble(sql, [one.article_id for one, _ in newest])}
        judged = []
        for subject, reasons in newest:
            post = described[subject.sequence]
            judged.append(
                FilterResult(
                    subject.article_id, post.published, post.title, post.source.name, post.url or "", post.path, reasons
                )
            )
        return Trial(len(taken), len(subjects), tuple(judged), failed, alone)


def _shown(sql: Sql, one: Output, limit: int) -> list[sqlite3.Row]:
    since = "" if one.max_age is None else times.whole(_back(newest_date(sql), one.max_age))
    grouped = one.group == "story"
    return sql.all(_SHOWN, {"output": one.name, "group": grouped, "since": since, "limit": limit})


def _back(moment: datetime, age: timedelta) -> datetime:
    try:
        return moment - age
    except OverflowError:  # the archive is empty
        return moment


def _sequences(sql: Sql, ids: Iterable[int]) -> list[sqlite3.Row]:
    return sql.all(
        "SELECT article_id, sequence FROM posts WHERE article_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )

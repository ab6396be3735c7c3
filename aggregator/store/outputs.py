"""The outputs that the operator defines: what stands in each, what ended, and what a filter would take in.

How entries come in, grow and end is the business of `output_entries`.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aggregator.config.settings import Output
from aggregator.models import Ended, OutputEntry
from aggregator.models.filters import Filter, Reason
from aggregator.store import facts, output, output_entries, posts, times
from aggregator.store.connection import Session, Sql
from aggregator.store.facts import Subject
from aggregator.store.republishing import STANDING

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
class Judged:
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
    newest: tuple[Judged, ...]
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
            head = output.head(sql)
            stored = {row["name"]: row for row in sql.all("SELECT * FROM outputs")}
            changed = [output_entries.drop(sql, name) for name in sorted(stored.keys() - configured.keys())]
            changed += [output_entries.fill(sql, one, stored.get(name), head, now) for name, one in configured.items()]
            if any(changed):
                output.raise_head(sql)

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

    def trial(self, conditions: Filter, limit: int) -> Trial:
        """What a filter would take in, at most `limit` posts of it, newest first; nothing is changed."""
        failed: Counter[str] = Counter()
        alone: Counter[str] = Counter()
        taken: list[tuple[Subject, tuple[Reason, ...]]] = []
        with self._session.read() as sql:
            subjects = facts.gather(sql, conditions.expressions())
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
                Judged(
                    subject.article_id, post.published, post.title, post.source.name, post.url or "", post.path, reasons
                )
            )
        return Trial(len(taken), len(subjects), tuple(judged), failed, alone)


def _shown(sql: Sql, one: Output, limit: int) -> list[sqlite3.Row]:
    since = "" if one.max_age is None else times.whole(_back(facts.newest_date(sql), one.max_age))
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

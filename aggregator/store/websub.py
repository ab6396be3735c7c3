"""The table `subscriptions`: what we have asked the hubs of feeds for, and what they have said.

The table `hub_pings`: which hub is still to be told of which document.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.models import FeedState
from aggregator.store import times
from aggregator.store.connection import Session, Sql

CALL_SPACING = timedelta(minutes=1)
"""Time between two polls of one feed that its hub calls for, whatever the hub does."""

CALLED = "its hub says that there is something new"

_EARLIER = """
    UPDATE feeds SET next_poll = :at, next_poll_reason = :why
    WHERE id = :feed AND configured AND NOT paused AND status = 'ok' AND next_poll > :at
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A feed that names a hub: `topic` is how the hub knows it."""

    feed_id: int
    url: str
    hub: str
    topic: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """What we have asked a hub for; see the table."""

    id: int
    feed_id: int
    hub: str
    topic: str
    token: str
    secret: str
    state: str
    failures: int
    expires_at: datetime | None


class Subscriptions:
    """Subscriptions over one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def candidates(self) -> tuple[Wanted, ...]:
        """The feeds that are polled and name a hub."""
        with self._session.read() as sql:
            rows = sql.all(
                "SELECT id, url, polled_url, hubs, self_url FROM feeds"
                " WHERE configured AND NOT paused AND status <> 'gone' AND hubs <> '[]'"
            )
        return tuple(
            Wanted(row["id"], row["url"], json.loads(row["hubs"])[0], row["self_url"] or row["polled_url"])
            for row in rows
        )

    def want(self, wanted: Iterable[tuple[Wanted, str, str]]) -> None:
        """Let there be these subscriptions (with the token and the secret of each that is new), and no others."""
        with self._session.write() as sql:
            rows = sql.all("SELECT id, feed_id, hub, topic FROM subscriptions WHERE state <> 'leaving'")
            there = {(row["feed_id"], row["hub"], row["topic"]): row["id"] for row in rows}
            new = {(one.feed_id, one.hub, one.topic): (token, secret) for one, token, secret in wanted}
            for key in there.keys() - new.keys():
                _leave(sql, there[key])
            sql.many(
                "INSERT INTO subscriptions (feed_id, hub, topic, token, secret) VALUES (?, ?, ?, ?, ?)",
                [(*key, *new[key]) for key in new if key not in there],
            )

    def due(self, now: datetime) -> tuple[Subscription, ...]:
        """Whose hub is to be asked now: for a lease, for another, or to let us go."""
        with self._session.read() as sql:
            rows = sql.all(
                "SELECT * FROM subscriptions WHERE next_try IS NULL OR next_try <= ? ORDER BY id", (times.whole(now),)
            )
        return tuple(_subscription(row) for row in rows)

    def of_token(self, token: str) -> Subscription | None:
        """The subscription whose callback ends in `token`."""
        with self._session.read() as sql:
            row = sql.one("SELECT * FROM subscriptions WHERE token = ?", (token,))
        return None if row is None else _subscription(row)

    def asked(self, one: Subscription, now: datetime, again: datetime) -> None:
        """The hub has taken our request; unless it has confirmed that already, it is asked again at `again`."""
        with self._session.write() as sql:
            sql.execute("UPDATE subscriptions SET asked_at = ?, error = NULL WHERE id = ?", (times.whole(now), one.id))
            sql.execute(
                "UPDATE subscriptions SET next_try = ?, failures = failures + 1 WHERE id = ? AND expires_at IS ?",
                (times.not_before(again), one.id, times.whole(one.expires_at) if one.expires_at else None),
            )

    def failed(self, number: int, error: str, again: datetime) -> None:
        """The hub could not be asked."""
        with self._session.write() as sql:
            sql.execute(
                "UPDATE subscriptions SET failures = failures + 1, error = ?, next_try = ? WHERE id = ?",
                (error, times.not_before(again), number),
            )

    def confirmed(self, number: int, expires: datetime, renew: datetime) -> None:
        """The hub has confirmed the subscription."""
        with self._session.write() as sql:
            sql.execute(
                "UPDATE subscriptions SET state = 'active', expires_at = ?, next_try = ?, failures = 0, error = NULL"
                " WHERE id = ? AND state <> 'leaving'",
                (times.whole(expires), times.not_before(renew), number),
            )

    def denied(self, number: int, why: str, now: datetime, again: datetime) -> None:
        """The hub will not, or no more; it is asked again at `again`."""
        with self._session.write() as sql:
            _lapse(sql, number, now)
            sql.execute(
                "UPDATE subscriptions SET state = 'denied', error = ?, next_try = ?"
                " WHERE id = ? AND state <> 'leaving'",
                (why, times.not_before(again), number),
            )

    def ended(self, number: int) -> None:
        """It is no more."""
        with self._session.write() as sql:
            sql.execute("DELETE FROM subscriptions WHERE id = ?", (number,))

    def lapse(self, now: datetime) -> None:
        """Leases that have run out count no more: their feeds are polled as others are."""
        with self._session.write() as sql:
            for row in sql.all("SELECT id FROM subscriptions WHERE expires_at <= ?", (times.whole(now),)):
                _lapse(sql, row["id"], now)

    def called(self, token: str, now: datetime) -> None:
        """The hub has called, and signed: the feed is due now, or a minute after its last poll."""
        with self._session.write() as sql:
            row = sql.one(
                "UPDATE subscriptions SET calls = calls + 1, works = 1, called_at = ?"
                " WHERE token = ? AND state = 'active' RETURNING feed_id",
                (times.whole(now), token),
            )
            if row is None:
                return
            last = times.read(sql.value("SELECT last_poll FROM feeds WHERE id = ?", (row["feed_id"],)))
            _earlier(sql, row["feed_id"], max(now, last + CALL_SPACING) if last and last <= now else now, CALLED)


def polled(sql: Sql, state: FeedState) -> None:
    """Note what a poll has shown of its subscription. A call that came meanwhile makes the feed due again."""
    push = state.push
    if push is None or state.last_poll is None:
        return
    values = {"feed": state.id, "calls": push.calls, "works": push.works}
    sql.execute(
        """
        UPDATE subscriptions SET polled_calls = max(polled_calls, :calls),
            works = CASE WHEN :works OR calls > :calls THEN works ELSE 0 END
        WHERE feed_id = :feed AND state = 'active' AND (polled_calls < :calls OR works > :works)
        """,
        values,
    )
    if sql.value("SELECT 1 FROM subscriptions WHERE feed_id = :feed AND state = 'active' AND calls > :calls", values):
        _earlier(sql, state.id, state.last_poll + CALL_SPACING, CALLED)


def _earlier(sql: Sql, feed_id: int, at: datetime, why: str) -> None:
    sql.execute(_EARLIER, {"feed": feed_id, "at": times.not_before(at), "why": why})


def _leave(sql: Sql, number: int) -> None:
    """To be ended; what was never asked for is simply forgotten."""
    sql.execute("DELETE FROM subscriptions WHERE id = ? AND asked_at IS NULL", (number,))
    sql.execute("UPDATE subscriptions SET state = 'leaving', next_try = NULL, failures = 0 WHERE id = ?", (number,))


def _lapse(sql: Sql, number: int, now: datetime) -> None:
    row = sql.one(
        "UPDATE subscriptions SET state = CASE state WHEN 'active' THEN 'wanted' ELSE state END, expires_at = NULL"
        " WHERE id = ? RETURNING feed_id, works",
        (number,),
    )
    sql.execute("UPDATE subscriptions SET works = 0 WHERE id = ?", (number,))
    if row is not None and row["works"]:
        _earlier(sql, row["feed_id"], now, "its hub calls no more")


def _subscription(row: sqlite3.Row) -> Subscription:
    return Subscription(
        id=row["id"],
        feed_id=row["feed_id"],
        hub=row["hub"],
        topic=row["topic"],
        token=row["token"],
        secret=row["secret"],
        state=row["state"],
        failures=row["failures"],
        expires_at=times.read(row["expires_at"]),
    )


@dataclass(frozen=True, slots=True)
class Ping:
    """A hub is to be told that `topic` has changed; `failures` tries in a row have failed."""

    hub: str
    topic: str
    hash: str
    failures: int = 0


class Pings:
    """What the hubs are to be told, over one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def note(self, hubs: Iterable[str], documents: Mapping[str, str], now: datetime, *, whole: bool = False) -> None:
        """Let each of `hubs` be told of the documents (topic -> hash) whose hash is another than it was.

        `whole`: these are all documents and hubs that there are; others are forgotten.
        """
        wanted = tuple(hubs)
        with self._session.write() as sql:
            if whole:
                kept = {(hub, topic) for hub in wanted for topic in documents}
                stored = {(row["hub"], row["topic"]) for row in sql.all("SELECT hub, topic FROM hub_pings")}
                sql.many("DELETE FROM hub_pings WHERE hub = ? AND topic = ?", stored - kept)
            sql.many(
                """
                INSERT INTO hub_pings (hub, topic, hash, due) VALUES (?, ?, ?, ?)
                ON CONFLICT (hub, topic) DO UPDATE SET hash = excluded.hash,
                    due = CASE WHEN failures > 0 AND due IS NOT NULL THEN due ELSE excluded.due END
                WHERE hash <> excluded.hash
                """,
                [(hub, topic, digest, times.whole(now)) for hub in wanted for topic, digest in documents.items()],
            )

    def due(self, now: datetime) -> tuple[Ping, ...]:
        """What is to be told now, by hub."""
        with self._session.read() as sql:
            rows = sql.all("SELECT * FROM hub_pings WHERE due <= ? ORDER BY hub, topic", (times.whole(now),))
        return tuple(Ping(row["hub"], row["topic"], row["hash"], row["failures"]) for row in rows)

    def told(self, pings: Iterable[Ping]) -> None:
        """The hub knows; what has changed again meanwhile stays due."""
        with self._session.write() as sql:
            sql.many(
                "UPDATE hub_pings SET due = CASE WHEN hash = ? THEN NULL ELSE due END, failures = 0, error = NULL"
                " WHERE hub = ? AND topic = ?",
                [(ping.hash, ping.hub, ping.topic) for ping in pings],
            )

    def failed(self, pings: Iterable[Ping], error: str, again: datetime) -> None:
        """The hub could not be told; it is tried again at `again`."""
        with self._session.write() as sql:
            sql.many(
                "UPDATE hub_pings SET due = ?, failures = failures + 1, error = ? WHERE hub = ? AND topic = ?",
                [(times.not_before(again), error, ping.hub, ping.topic) for ping in pings],
            )

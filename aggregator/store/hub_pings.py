"""The table `hub_pings`: which hub is still to be told of which document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.store import times
from aggregator.store.connection import Session


@dataclass(frozen=True, slots=True)
class Ping:
    """A hub is to be told that `topic` has changed; `failures` tries in a row have failed."""

    hub: str
    topic: str
    hash: str
    failures: int = 0


class StoredPings:
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

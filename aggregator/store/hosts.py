"""The tables `hosts` and `robots`: what fetch must not forget between two runs.

Asked before every request, from many threads: answers come from memory, and only what has changed is written.
"""

from __future__ import annotations

import threading

from aggregator.models import HostState, RobotsFile
from aggregator.store import times
from aggregator.store.connection import Session


class HostMemory:
    """models.FetchMemory on the database. Safe from any thread."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._hosts: dict[str, HostState | None] = {}

    def host(self, host: str) -> HostState | None:
        """What is remembered of a host, or None."""
        with self._lock:
            if host in self._hosts:
                return self._hosts[host]
        with self._session.read() as sql:
            row = sql.one("SELECT * FROM hosts WHERE host = ?", (host,))
        state = None
        if row is not None:
            state = HostState(host, times.read(row["not_before"]), row["failures"], row["crawl_delay_s"])
        with self._lock:
            return self._hosts.setdefault(host, state)

    def save_host(self, state: HostState) -> None:
        """Remember a host from now on."""
        if self.host(state.host) == state:
            return
        with self._session.write() as sql:
            sql.execute(
                "INSERT OR REPLACE INTO hosts (host, not_before, failures, crawl_delay_s) VALUES (?, ?, ?, ?)",
                (state.host, times.not_before(state.not_before), state.failures, state.crawl_delay_s),
            )
        with self._lock:
            self._hosts[state.host] = state

    def robots(self, origin: str) -> RobotsFile | None:
        """The robots.txt of an origin as last fetched, or None."""
        with self._session.read() as sql:
            row = sql.one("SELECT * FROM robots WHERE origin = ?", (origin,))
        if row is None:
            return None
        return RobotsFile(origin, times.must_read(row["fetched_at"]), row["status"], row["body"])

    def save_robots(self, robots: RobotsFile) -> None:
        """Remember a robots.txt, in place of the former one."""
        with self._session.write() as sql:
            sql.execute(
                "INSERT OR REPLACE INTO robots (origin, fetched_at, status, body) VALUES (?, ?, ?, ?)",
                (robots.origin, times.whole(robots.fetched_at), robots.status, robots.body),
            )

"""One politeness budget for each host, shared by everything that asks it for anything.

A budget spaces the starts of requests, bounds the connections, stretches to Crawl-delay, and rests the whole host after
429, 503, timeouts and dead connections, longer each time, until it answers again. What must outlive the program (not
before when, failures in a row, Crawl-delay) is kept through FetchMemory; the rest is forgotten. Nothing is sent here.

Whether the network itself seems to be down: nearly all hosts that were well can no more be reached, all at once.

Every request tells: an answer, of whatever status, or that nobody was there. One host that cannot be reached is that
host's failure; all of them within minutes are ours, and must cost no feed a failure and no host a rest. It is a guess
about the network, made from what happened; nothing is asked to find out.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.fetch.headers import BUSY, MAX_RETRY_AFTER_S
from aggregator.models import FetchMemory, HostState
from aggregator.text.backoff import backoff

if TYPE_CHECKING:
    from aggregator.config.settings import Network

LEAST_HOSTS = 3
"""Hosts that must be out of reach; with fewer, nobody can tell their failure from ours."""

SHARE = 0.9
"""Share of all hosts asked lately that must be out of reach: one in ten may be a host of the own network."""

LATELY = timedelta(minutes=10)
"""How long what a host did counts. Longer than OFFLINE_RETRY_S, so that an outage is remembered between two tries."""

OFFLINE_RETRY_S = 300.0
"""Seconds after which what could not be reached for that reason is asked for again."""


class NetworkMonitor:
    """What the hosts that were asked lately did. Not thread-safe: the budgets' lock guards it (see `Hosts`)."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[datetime, bool]] = {}

    def met(self, place: str, now: datetime) -> None:
        """`place` answered."""
        self._last[place] = now, True

    def lost(self, place: str, now: datetime, *, was_well: bool) -> None:
        """`place` could not be reached. One that failed before says nothing about the network."""
        if was_well:
            self._last[place] = now, False

    def down(self, now: datetime) -> bool:
        """Whether the network seems to be down."""
        # A clock that was set back leaves times in the future: they are not lately either.
        self._last = {place: seen for place, seen in self._last.items() if abs(now - seen[0]) <= LATELY}
        lost = sum(1 for _ in self.out_of_reach())
        return lost >= LEAST_HOSTS and lost >= SHARE * len(self._last)

    def out_of_reach(self) -> Iterator[str]:
        """The hosts that could not be reached lately."""
        return (place for place, (_, met) in self._last.items() if not met)


MAX_REST_S = 3600.0
"""Seconds: the longest rest that we impose by ourselves; a host that asks for more gets more (Retry-After)."""

BUSY_REST_S = 60.0
"""Seconds after the first 429 or 503 that does not say how long; doubles with each failure in a row."""

SILENT_REST_S = 30.0
"""Seconds after the first timeout; doubles likewise. The whole timeout was spent on it already."""

MAX_CRAWL_DELAY_S = 300.0
"""Seconds: a longer Crawl-delay is cut to this; beyond it a host means `rarely`, which polling already does."""

_FORGET_ABOVE = 4096
"""Budgets in memory; above it, those of which there is nothing to remember are dropped."""


@dataclass(slots=True)
class _Budget:
    state: HostState
    next_start: float = 0.0
    running: int = 0
    answered_at: float = 0.0


class Hosts:
    """The budgets, by place (see trip.place). Thread-safe: `lock` guards all, also for those who do more under it."""

    def __init__(self, network: Network, memory: FetchMemory, clock: Callable[[], datetime]) -> None:
        self._interval_s = network.per_host_interval_s
        self._connections = network.per_host_connections
        self._memory = memory
        self._clock = clock
        self._budgets: dict[str, _Budget] = {}
        self._reach = NetworkMonitor()
        self._offline = False
        self.lock = threading.RLock()
        self._saving = threading.Lock()
        self._freed = threading.Condition(self.lock)
        self.on_freed: Callable[[str], None] = lambda _place: None

    def prepare(self, place: str) -> None:
        """Read what is remembered of `place`, so that nothing under the lock waits for a database."""
        if place not in self._budgets:
            state = self._memory.host(place) or HostState(place)
            with self.lock:
                self._forget()
                self._budgets.setdefault(place, _Budget(self._sane(state)))

    def _budget(self, place: str) -> _Budget:
        with self.lock:
            return self._budgets.setdefault(place, _Budget(HostState(place)))

    def _sane(self, state: HostState) -> HostState:
        """A rest that ends later than any could was written by a clock that was wrong."""
        latest = self._clock() + timedelta(seconds=MAX_RETRY_AFTER_S)
        return replace(state, not_before=latest) if state.not_before and state.not_before > latest else state

    def _forget(self) -> None:
        if len(self._budgets) >= _FORGET_ABOVE:
            now = time.monotonic()
            for place, each in list(self._budgets.items()):
                if not each.running and each.next_start <= now and each.state == HostState(place):
                    del self._budgets[place]

    def state(self, place: str) -> HostState:
        """What is remembered of the host."""
        return self._budget(place).state

    def rest_s(self, place: str) -> float:
        """Seconds that the whole host still rests; 0 when it may be asked."""
        not_before = self._budget(place).state.not_before
        return max((not_before - self._clock()).total_seconds(), 0.0) if not_before else 0.0

    def suspect(self, place: str) -> bool:
        """Whether the last that we saw of the host was a failure."""
        return self._budget(place).state.failures > 0

    def interval_s(self, place: str) -> float:
        """Seconds between the starts of two requests."""
        return max(self._interval_s, self._budget(place).state.crawl_delay_s or 0.0)

    def slowed(self, place: str) -> bool:
        """Whether the host itself asked for more than the configured spacing (Crawl-delay)."""
        return self.interval_s(place) > self._interval_s

    def try_begin(self, place: str) -> float:
        """0 when a request may start now, and is counted as started; else seconds to wait, inf for a connection."""
        with self.lock:
            budget = self._budget(place)
            # After a failure one request at a time tries how the host is.
            if budget.running >= (1 if budget.state.failures else self._connections):
                return math.inf
            now = time.monotonic()
            if budget.next_start > now:
                return budget.next_start - now
            budget.running += 1
            budget.next_start = now + self.interval_s(place)
            return 0.0

    def begin(self, place: str, blocked: Callable[[], bool]) -> float:
        """Wait until a request may start, while `blocked` says so too. 0, or the seconds that the host rests."""
        with self._freed:
            while (rest := self.rest_s(place)) <= 0:
                wait = 1.0 if blocked() else self.try_begin(place)
                if wait <= 0:
                    return 0.0
                self._freed.wait(min(wait, 1.0))
            return rest

    def end(self, place: str) -> None:
        """The request that was begun has ended, well or not."""
        with self._freed:
            self._budget(place).running -= 1
            self.freed(place)

    def freed(self, place: str) -> None:
        """Something that a request to `place` may have waited for has come: let those who wait look again."""
        with self._freed:
            self._freed.notify_all()
            self.on_freed(place)

    def answered(self, place: str, status: int, retry_after_s: float | None) -> None:
        """The host answered: it rests when it is busy, and is well again unless its server failed (5xx).

        An answer that comes in while the host rests already (it was asked before) does not end the rest.
        """
        with self.lock:
            self._budget(place).answered_at = time.monotonic()
            self._reach.met(place, self._clock())
            self._offline = self._offline and self._reach.down(self._clock())
        if status in BUSY:
            self._rest(place, retry_after_s, BUSY_REST_S)
        elif status < 500 and self.rest_s(place) <= 0:
            self._update(place, lambda state: replace(state, failures=0, not_before=None))

    @property
    def offline(self) -> bool:
        """Whether the network itself was found to be down, and no answer has shown otherwise since."""
        return self._offline

    def judge(self) -> bool:
        """Whether hosts that could not be reached show that the network itself is down; none is to rest for it then.

        To be asked when a batch is done, or has gone on for a while: at its beginning the dead ones may come first.
        """
        with self.lock:
            self._offline = self._reach.down(self._clock())
            forgiven = tuple(self._reach.out_of_reach()) if self._offline else ()
        for place in forgiven:
            self._update(place, lambda state: replace(state, failures=0, not_before=None))
        return self._offline

    def silent(self, place: str, *, since: float, timed_out: bool, unreached: bool) -> None:
        """No answer came to a request that began at `since` (monotonic seconds).

        A timeout rests the host at once, a dead connection (cheap, often brief) the second time; neither does when
        the host answered others meanwhile: then it was that one URL; nor while the network itself is down.
        """
        if self._budget(place).answered_at > since:
            return
        if unreached:
            with self.lock:
                self._reach.lost(place, self._clock(), was_well=not self.suspect(place))
                if self._offline:
                    return
        if timed_out or self.suspect(place):
            self._rest(place, None, SILENT_REST_S)
        else:
            self._update(place, lambda state: replace(state, failures=state.failures + 1))

    def _rest(self, place: str, asked_s: float | None, first_s: float) -> None:
        now = self._clock()

        def rested(state: HostState) -> HostState:
            own_s = backoff(state.failures, timedelta(seconds=first_s), timedelta(seconds=MAX_REST_S)).total_seconds()
            # What the host asks for is taken at its word once; what it fails again after was too short.
            enough = asked_s and not state.failures
            seconds = max(min(asked_s or 0.0, MAX_RETRY_AFTER_S), 0.0 if enough else own_s)
            until = max(now + timedelta(seconds=seconds), state.not_before or now)
            return replace(state, failures=state.failures + 1, not_before=until)

        self._update(place, rested)

    def crawl_delay(self, place: str, seconds: float | None) -> None:
        """robots.txt asks for `seconds` between requests (None: for nothing)."""
        delay = min(seconds, MAX_CRAWL_DELAY_S) if seconds else None
        self._update(place, lambda state: replace(state, crawl_delay_s=delay))

    def _update(self, place: str, change: Callable[[HostState], HostState]) -> None:
        with self.lock:
            budget = self._budget(place)
            before, budget.state = budget.state, change(budget.state)
            after = budget.state
            if after.crawl_delay_s != before.crawl_delay_s and budget.next_start:
                budget.next_start = max(budget.next_start, time.monotonic() + self.interval_s(place))
        if after != before:
            with self._saving:  # in turn, and what holds by then: an older state must not overwrite a newer one
                self._memory.save_host(self._budget(place).state)

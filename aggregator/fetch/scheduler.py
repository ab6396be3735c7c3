"""Which visit goes next, on which thread: ready hosts first, and no thread waits for a host.

Visits stand in line by host. A thread takes the first of a line whose host may be asked now; between two hops a visit
goes back into a line. Hosts that failed last time get a quarter of the threads, requests that run long counted in, and
up to three quarters when nobody else is ready: those which drip or hang never occupy them all.
"""

from __future__ import annotations

import heapq
import itertools
import math
import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from aggregator.fetch.deadline import JOIN_S
from aggregator.models import Request, Response
from aggregator.models.errors import AggregatorError, FetchError, Refusal, Refused, StageError

if TYPE_CHECKING:
    from aggregator.fetch.hosts import Hosts
    from aggregator.fetch.redirects import CheckedRequest

LONG_S = 5.0
"""Seconds after which a request counts as running long (a healthy one takes less than one)."""

MAX_TURN_S = 300.0
"""Seconds: where a host's Crawl-delay puts a visit's turn further off than this, the caller is told to come back."""

MAX_WAITING_BYTES = 64 * 2**20
"""Bytes of bodies that wait for a caller to take them; above it nothing more is begun for that caller."""

Outcome = Response | FetchError
log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Batch:
    """The requests of one caller: where outcomes go (None: nothing more comes), and whether they are still wanted."""

    done: queue.SimpleQueue[tuple[Request, Outcome | AggregatorError] | None] = field(default_factory=queue.SimpleQueue)
    dropped: bool = False
    waiting_bytes: int = 0
    held_up: list[str] = field(default_factory=list)


@dataclass(eq=False)
class _QueuedRequest:
    visit: CheckedRequest
    batch: Batch

    def deliver(self, outcome: Outcome | AggregatorError) -> None:
        self.visit.abandon()
        self.batch.done.put((self.visit.trip.request, outcome))


class Schedule:
    """Lines of visits by host, and the threads that work them off. `step` does one exchange of a visit."""

    def __init__(self, hosts: Hosts, step: Callable[[CheckedRequest], Response | None], threads: int) -> None:
        self._hosts = hosts
        self._step = step
        self._max_threads = threads
        self._few, self._most = max(threads // 4, 1), max(threads * 3 // 4, 1)
        self._ready = threading.Condition(hosts.lock)
        self._lines: dict[str, deque[_QueuedRequest]] = {}
        self._turns: list[tuple[float, int, str]] = []
        self._parked: set[str] = set()
        self._suspended: deque[str] = deque()
        self._count = itertools.count()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._running: dict[_QueuedRequest, tuple[float, bool]] = {}
        self._batches: set[Batch] = set()
        self._closed = False
        hosts.on_freed = self._freed

    # --- callers ---

    def open(self) -> Batch:
        """A new batch; it is told when the schedule closes."""
        batch = Batch()
        with self._ready:
            self._batches.add(batch)
            if self._closed:
                batch.done.put(None)
        return batch

    def add(self, visit: CheckedRequest, batch: Batch) -> None:
        """Put a visit in line; its outcome goes to the batch."""
        visit.prepare()
        self._enqueue(_QueuedRequest(visit, batch))

    def drop(self, batch: Batch) -> None:
        """The caller has gone: what stands in line for it is forgotten, what runs ends on its own."""
        with self._ready:
            batch.dropped = True
            self._batches.discard(batch)
            self._let_on(batch)

    def taken(self, batch: Batch, outcome: object) -> None:
        """The caller has taken an outcome out of the batch; its bytes no longer wait."""
        with self._ready:
            batch.waiting_bytes -= _size(outcome)
            if batch.waiting_bytes < MAX_WAITING_BYTES:
                self._let_on(batch)

    def _let_on(self, batch: Batch) -> None:
        """Lines that were held up because the batch was full may go on."""
        for place in batch.held_up:
            self._turn(place, 0.0)
        batch.held_up.clear()

    def stop(self) -> None:
        """No more steps are begun, no more outcomes are given, batches end."""
        with self._ready:
            self._closed = True
            for batch in self._batches:
                batch.done.put(None)
            self._ready.notify_all()

    def join(self) -> None:
        """Wait for the threads, after `stop`, once the requests under way have been ended."""
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(JOIN_S)

    # --- lines (all under the lock) ---

    def _enqueue(self, job: _QueuedRequest) -> None:
        with self._ready:
            place = job.visit.place
            line = self._lines.setdefault(place, deque())
            line.append(job)
            if len(line) == 1:
                self._turn(place, 0.0)
            self._shorten(place, line)

    def _turn(self, place: str, wait_s: float) -> None:
        heapq.heappush(self._turns, (time.monotonic() + wait_s, next(self._count), place))
        self._rouse()

    def _rouse(self) -> None:
        """There is a turn to wait for, or to take: wake a thread that has nothing to do, or start one."""
        if self._idle:
            self._ready.notify()
        elif len(self._threads) < self._max_threads and not self._closed:
            thread = threading.Thread(target=self._work, name=f"fetch-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _freed(self, place: str) -> None:
        """A connection of `place` is free, or its robots.txt is known: a line that was parked may go on."""
        with self._ready:
            if place in self._parked:
                self._parked.discard(place)
                self._turn(place, 0.0)

    def _take(self) -> _QueuedRequest | None:
        """The next job that may be done now, its host's budget begun; waits for it. None when closed."""
        with self._ready:
            while not self._closed:
                job = self._next()
                if job is not None:
                    if self._turns:
                        self._rouse()
                    return job
                self._idle += 1
                self._ready.wait(max(self._turns[0][0] - time.monotonic(), 0.0) if self._turns else None)
                self._idle -= 1
            return None

    def _next(self) -> _QueuedRequest | None:
        """A job of a host whose turn it is; when there is none, one of a host that failed last time."""
        while self._turns and self._turns[0][0] <= time.monotonic():
            if (job := self._first(heapq.heappop(self._turns)[2], self._few)) is not None:
                return job
        for _ in range(len(self._suspended)):
            if self._slow() >= self._most:
                break
            if (job := self._first(self._suspended.popleft(), self._most)) is not None:
                return job
        return None

    def _first(self, place: str, suspects: int) -> _QueuedRequest | None:
        """The first job of a line, if its host may be asked now; else its next turn is arranged."""
        line = self._lines.get(place, deque())
        while line and line[0].batch.dropped:
            line.popleft().visit.abandon()
        if line and (rest := self._hosts.rest_s(place)) > 0:
            _refuse(line, resting(place), rest)
        if not line:
            self._lines.pop(place, None)
            return None
        if line[0].batch.waiting_bytes >= MAX_WAITING_BYTES:
            line[0].batch.held_up.append(place)
            return None
        suspect = self._hosts.suspect(place)
        if suspect and self._slow() >= suspects:
            self._suspended.append(place)
            return None
        if line[0].visit.blocked():
            self._parked.add(place)
            return None
        wait = self._hosts.try_begin(place)
        if wait > 0:
            self._wait(place, line, wait)
            return None
        job = line.popleft()
        self._running[job] = (time.monotonic(), suspect)
        if line:
            self._turn(place, 0.0)
        else:
            del self._lines[place]
        return job

    def _wait(self, place: str, line: deque[_QueuedRequest], wait: float) -> None:
        if math.isinf(wait):
            self._parked.add(place)
            return
        self._turn(place, wait)
        self._shorten(place, line)

    def _shorten(self, place: str, line: deque[_QueuedRequest]) -> None:
        """Send back those whose turn is too far off, because the host wants long pauses."""
        if self._hosts.slowed(place):
            interval_s = self._hosts.interval_s(place)
            late = deque(line.pop() for _ in range(len(line) - 1 - int(MAX_TURN_S / interval_s)))
            _refuse(late, f"{place} asks for {interval_s:.0f} s between requests; many are waiting", MAX_TURN_S)

    def _slow(self) -> int:
        """How many threads are with hosts that failed last time, or have been with one for long."""
        now = time.monotonic()
        return sum(suspect or now - begun > LONG_S for begun, suspect in self._running.values())

    # --- threads ---

    def _work(self) -> None:
        while (job := self._take()) is not None:
            place = job.visit.place
            outcome = self._attempt(job)
            with self._ready:
                del self._running[job]
                self._hosts.end(place)
            if outcome is None:
                self._again(job)
            elif not self._closed:
                with self._ready:
                    job.batch.waiting_bytes += _size(outcome)
                job.deliver(outcome)

    def _again(self, job: _QueuedRequest) -> None:
        try:
            job.visit.prepare()
        except AggregatorError as error:
            job.deliver(error)
        else:
            self._enqueue(job)

    def _attempt(self, job: _QueuedRequest) -> Outcome | AggregatorError | None:
        """One step. A bug costs its own request: it is logged, and becomes a FetchError."""
        try:
            return self._step(job.visit)
        except FetchError as error:
            return error
        except AggregatorError as error:
            return error if not isinstance(error, StageError) else FetchError(error.url, error.message)
        except Exception as error:  # noqa: BLE001 -- isolated to this request, and logged
            return bug(job.visit.shown, error)


def _size(outcome: object) -> int:
    return len(outcome.body) if isinstance(outcome, Response) else 0


def bug(shown: str, error: Exception) -> FetchError:
    """An unexpected exception, logged with where it came from but not what it says: that may hold a secret."""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("fetch.bug", url=shown, error=type(error).__name__, where=where)
    return FetchError(shown, f"a mistake in the program ({type(error).__name__})")


def resting(place: str) -> str:
    """Why a host is not asked now."""
    return f"{place} is given a rest, after it was busy or silent"


def _refuse(line: deque[_QueuedRequest], why: str, retry_after_s: float) -> None:
    while line:
        job = line.popleft()
        job.deliver(Refused(job.visit.shown, why, Refusal.RESTING, retry_after_s=retry_after_s))

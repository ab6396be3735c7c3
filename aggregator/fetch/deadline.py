"""One exchange under way, and the watchdog that ends it when its time is up.

No timeout of a socket fires on a server that drips a byte now and then, so each call has a point in (monotonic) time
at which its socket is shut from another thread. A socket that was shut looks like a clean end of the body to its
reader: whoever reads must ask `Call.check` before trusting an end. Nothing here speaks HTTP.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from enum import StrEnum

from aggregator.models.errors import FetchError, TimedOut

JOIN_S = 2.0
"""Seconds that closing waits for a thread, all of which end at once unless a lock is held by whoever closes."""


class Stopped(FetchError):
    """The program is stopping; says nothing about the host or the URL."""


class NoAnswer(FetchError):
    """Nobody is there: no address, no connection, no TLS, or it broke before a byte of an answer came."""


class Unreached(NoAnswer):
    """Not even a connection: no address, or no way to it. A fault of our own network looks the same."""

    unreached = True


class EndReason(StrEnum):
    """Why a call was ended from outside."""

    DEADLINE = "deadline"
    CLOSED = "closed"


class Phase(StrEnum):
    """Where a call stands, in words that complete `while ...`."""

    LOOKUP = "looking up the host"
    CONNECT = "connecting"
    TLS = "setting up TLS"
    WAIT = "waiting for the answer"
    BODY = "reading the body"


class Deadline:
    """One exchange: its deadline, its socket, and how long each phase took (seconds).

    `url` is redacted. A call belongs to the thread that makes it; only `end` is called from others.
    """

    def __init__(self, url: str, seconds: float) -> None:
        self.url = url
        self.seconds = seconds
        self.begun = time.monotonic()
        self.ends_at = self.begun + seconds
        self.phase = Phase.LOOKUP
        self.spent: dict[Phase, float] = {}
        self.address = ""
        self.reused = True
        self.ended: EndReason | None = None
        self._phase_begun = self.begun
        self._abort: Callable[[], None] | None = None
        self._held: socket.socket | None = None
        self._lock = threading.RLock()  # closing may happen in a signal handler, within any of these methods

    def enter(self, phase: Phase) -> None:
        """Note that `phase` begins now."""
        now = time.monotonic()
        self.spent[self.phase] = self.spent.get(self.phase, 0.0) + now - self._phase_begun
        self.phase, self._phase_begun = phase, now

    def remaining(self) -> float:
        """Seconds left, at least one millisecond; raises as `check` does."""
        self.check()
        return max(self.ends_at - time.monotonic(), 0.001)

    def check(self) -> None:
        """Raise TimedOut or Stopped when the call was ended from outside; nothing it read is to be trusted then."""
        if self.ended is None and time.monotonic() >= self.ends_at:
            self.end(EndReason.DEADLINE)  # a timeout of the socket may come a moment before the watchdog
        if self.ended is EndReason.DEADLINE:
            late = TimedOut(self.url, f"not done after {self.seconds:.3g} s (while {self.phase})")
            late.unreached = self.phase in (Phase.LOOKUP, Phase.CONNECT)
            raise late
        if self.ended is EndReason.CLOSED:
            raise Stopped(self.url, "given up: the program is stopping")

    def hold(self, sock: socket.socket) -> None:
        """`sock` is what to shut when the call ends; raises when it has ended already."""
        self._held = sock
        self._ending_by(lambda: _shut(sock))

    @contextlib.contextmanager
    def patience(self, seconds: float) -> Iterator[None]:
        """Within, reading from the socket waits at most so long (never longer than the call has)."""
        sock, before = self._held, None
        with contextlib.suppress(OSError):
            if sock is not None:
                before = sock.gettimeout()
                sock.settimeout(min(self.remaining(), seconds))
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                if sock is not None:
                    sock.settimeout(before)

    def let_go(self, sock: socket.socket | None = None) -> None:
        """`sock` (whatever is held, when None) is about to be closed or given back: ending must not touch it."""
        with self._lock:
            if sock is None or sock is self._held:
                self._abort = self._held = None

    @contextlib.contextmanager
    def ending_by(self, abort: Callable[[], None]) -> Iterator[None]:
        """Within, ending the call calls `abort` (from another thread)."""
        self._ending_by(abort)
        try:
            yield
        finally:
            self.let_go()

    def _ending_by(self, abort: Callable[[], None]) -> None:
        with self._lock:
            self._abort = abort
            ended = self.ended
        if ended:
            abort()
            self.check()

    def end(self, why: EndReason) -> None:
        """End the call from another thread. The first reason stands."""
        with self._lock:
            if self.ended is None:
                self.ended = why
                if self._abort is not None:
                    self._abort()


def _shut(sock: socket.socket) -> None:
    # Not sock.shutdown: SSLSocket's own also forgets its TLS state, and a reader would go on with the raw bytes.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class Watchdog:
    """Ends calls at their deadline, from one thread that starts with the first call and ends with `close`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Deadline]] = []
        self._running: set[Deadline] = set()
        self._count = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextlib.contextmanager
    def watching(self, call: Deadline) -> Iterator[Deadline]:
        """Within, `call` is ended at its deadline, or by `close`."""
        with self._changed:
            if self._closed:
                call.end(EndReason.CLOSED)
            self._running.add(call)
            heapq.heappush(self._due, (call.ends_at, next(self._count), call))
            self._start()
            if self._due[0][2] is call:
                self._changed.notify()
        try:
            yield call
        finally:
            call.let_go()
            with self._changed:
                self._running.discard(call)

    def _start(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._watch, name="fetch-watchdog", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                while self._due and (self._due[0][2] not in self._running or self._due[0][0] <= time.monotonic()):
                    call = heapq.heappop(self._due)[2]
                    if call in self._running:
                        call.end(EndReason.DEADLINE)
                self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)

    def close(self) -> None:
        """End every call under way, and every later one at once. May be called twice."""
        with self._changed:
            self._closed = True
            for call in self._running:
                call.end(EndReason.CLOSED)
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(JOIN_S)

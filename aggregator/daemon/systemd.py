"""What a supervisor is told: ready, reloading, stopping, and, as long as work goes on, that we are alive.

The protocol is that of sd_notify(3): datagrams to the socket that NOTIFY_SOCKET names, a path or, with `@`, an abstract
name. Without that variable nothing is sent anywhere. A message that cannot be sent is no reason to stop working.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

STALL_S = 900.0
"""Seconds without any sign of progress after which a job counts as stuck: a page has 15 s for its worker and a request
at most 600 s; a host is waited for at most 300 s between two of its pages."""

STEPS_OF = {
    "poll": ("poll",),
    "scrape": ("scrape",),
    "images": ("scrape",),
    "emit": ("emit", "scrape"),
    "upkeep": ("upkeep",),
}
"""Which jobs a stage's progress is a sign of life of: `scrape` ends with an emission of its own."""


def tell(*lines: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send assignments such as `READY=1` to the supervisor; whether there is one, and it got them."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
        door.connect(address)
        door.sendall("\n".join(line.replace("\n", " ") for line in lines).encode())
        return True
    return False


def watchdog_s(environ: Mapping[str, str] = os.environ) -> float | None:
    """Seconds between two signs of life, half of what the supervisor allows; None: it does not watch."""
    wanted, process = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not wanted.isdecimal() or int(wanted) == 0 or (process and process != str(os.getpid())):
        return None
    return int(wanted) / 2_000_000


class Heartbeat:
    """Which jobs are under way, and when each last made progress. Thread-safe; times are of the monotonic clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moved: dict[str, float] = {}

    def begin(self, job: str) -> None:
        with self._lock:
            self._moved[job] = time.monotonic()

    def __call__(self, stage: str, done: int = 0, total: int = 0) -> None:  # noqa: ARG002 - as pipeline.Progress
        """A sign of life of a stage, as pipelines give it for their progress."""
        with self._lock:
            for job in STEPS_OF.get(stage, ()):
                if job in self._moved:
                    self._moved[job] = time.monotonic()

    def end(self, job: str) -> None:
        with self._lock:
            self._moved.pop(job, None)

    def busy(self) -> tuple[str, ...]:
        """The jobs that are under way."""
        with self._lock:
            return tuple(sorted(self._moved))

    def stuck(self, *, after_s: float) -> tuple[str, ...]:
        """The jobs that have not moved for `after_s`; none of them: all is well."""
        with self._lock:
            now = time.monotonic()
            return tuple(sorted(job for job, moved in self._moved.items() if now - moved > after_s))

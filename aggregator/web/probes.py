"""For those who watch the program: whether it is alive, whether it works, and its figures for Prometheus."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aggregator.models.errors import StoreError
from aggregator.poll import health
from aggregator.store import Store
from aggregator.store.feeds import Pulse

LEAST_DISK_BYTES = 200 * 2**20
"""Below this the next rounds may fail: the write-ahead log alone may grow to 64 MB."""

BUILT = ".built.json"
"""What emit writes last in a build; its time is that of the newest output."""

_NO_STORE = {"cache-control": "no-store"}


class Probes:
    """`/health` and `/ready`."""

    def __init__(self, database: Path, public: Path, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._public = public
        self._clock = clock

    async def health(self, _: Request) -> Response:
        """200: the process answers, also while every thread is at work for somebody else."""
        return JSONResponse({"status": "ok"}, headers=_NO_STORE)

    def ready(self, _: Request) -> Response:
        """200 when all is well, else 503; each check with its words."""
        checks = self._checks()
        fine = all(words.startswith("ok") for words in checks.values())
        return JSONResponse({"ready": fine, "checks": checks}, 200 if fine else 503, headers=_NO_STORE)

    def _checks(self) -> dict[str, str]:
        try:
            with Store.read(self._database) as store:
                pulse, offline = store.desk.pulse(), store.desk.offline_since()
        except StoreError:
            return {"database": "can not be read", "disk": self._disk()}
        return {
            "database": "ok",
            "rounds": self._rounds(pulse),
            "network": health.network_text(offline, self._clock()) or "ok",
            "output": self._output(pulse),
            "disk": self._disk(),
        }

    def _rounds(self, pulse: Pulse) -> str:
        rest = health.idle(pulse.last_poll, pulse.next_poll, self._clock())
        if rest:
            return rest.words
        return "ok" if pulse.last_poll else "no feed has been polled yet"

    def _output(self, pulse: Pulse) -> str:
        built = built_at(self._public)
        if built is None:
            return "ok, nothing to put out yet" if pulse.last_post is None else "nothing has been put out"
        return "ok"

    def _disk(self) -> str:
        try:
            free = shutil.disk_usage(self._database.parent).free
        except OSError:
            return "can not be read"
        return "ok" if free >= LEAST_DISK_BYTES else f"only {free // 2**20} MB are free"


def built_at(public: Path) -> datetime | None:
    """When the output was last built; None: never."""
    try:
        return datetime.fromtimestamp((public / BUILT).stat().st_mtime, UTC)
    except OSError:
        return None

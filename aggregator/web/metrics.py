"""`/metrics` for Prometheus: read from the database when it is asked for, so that nothing has to be counted meanwhile.

No label holds a name that comes from outside: there are as many series for ten feeds as for a thousand. Every metric is
explained in docs/operating.md, which a test checks.

For those who watch the program: whether it is alive, whether it works, and its figures for Prometheus.
"""

from __future__ import annotations

import shutil
from collections import Counter as Counted
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.emit.folder import notes_of
from aggregator.emit.state import STATE
from aggregator.models.errors import StoreError
from aggregator.poll import health
from aggregator.poll.health import Condition
from aggregator.store import Store
from aggregator.store.feeds import Pulse

LEAST_DISK_BYTES = 200 * 2**20
"""Below this the next rounds may fail: the write-ahead log alone may grow to 64 MB."""

_NO_STORE = {"cache-control": "no-store"}


class Probes:
    """`/health` and `/ready`."""

    def __init__(self, database: Path, public: Path, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._public = public
        self._clock = clock

    async def health(self, _: Request) -> Response:
        """200: the process answers, also while every thread is busy."""
        return JSONResponse({"status": "ok"}, headers=_NO_STORE)

    def ready(self, _: Request) -> Response:
        """200 when all is well, else 503; each check with its words."""
        checks = self._checks()
        fine = all(words.startswith("ok") for words in checks.values())
        return JSONResponse({"ready": fine, "checks": checks}, 200 if fine else 503, headers=_NO_STORE)

    def _checks(self) -> dict[str, str]:
        try:
            with Store.read(self._database) as store:
                pulse, offline = store.queries.pulse(), store.queries.offline_since()
        except StoreError:
            return {"database": "cannot be read", "disk": self._disk()}
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
            return "cannot be read"
        return "ok" if free >= LEAST_DISK_BYTES else f"only {free // 2**20} MB are free"


def built_at(public: Path) -> datetime | None:
    """When the output was last built (emit writes its notes last); None: never."""
    try:
        return datetime.fromtimestamp((notes_of(public) / STATE).stat().st_mtime, UTC)
    except OSError:
        return None


DISTRIBUTION = "security-feed-aggregator"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
DAY = timedelta(days=1)
BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 1, 5)

AREAS = ("search", "status", "api", "metrics", "health", "ready")
"""First parts of paths that are counted by themselves; the rest is the mirror and its feeds."""


disable_created_metrics()  # type: ignore[no-untyped-call]  # when each was begun: twice the series, of no use


class Metrics:
    """The registry of one application, and what fills it."""

    def __init__(self, database: Path, public: Path, clock: Callable[[], datetime]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Stored(database, public, clock))
        ProcessCollector(registry=self._registry)
        self.requests = Counter(
            "aggregator_http_requests", "Requests answered.", ("area", "status"), registry=self._registry
        )
        self.seconds = Histogram(
            "aggregator_http_seconds",
            "Time to a request's answer.",
            ("area",),
            buckets=BUCKETS,
            registry=self._registry,
        )

    def page(self, _: Request) -> Response:
        """All of it, in Prometheus' text format."""
        return Response(generate_latest(self._registry), headers={"content-type": TEXT, "cache-control": "no-store"})


class Counting:
    """Counts requests, outermost, so that refusals count too."""

    def __init__(self, app: ASGIApp, metrics: Metrics, timer: Callable[[], float]) -> None:
        self._app = app
        self._metrics = metrics
        self._timer = timer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, statuses = self._timer(), [500]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses[0] = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            area = area_of(scope["path"])
            self._metrics.requests.labels(area, str(statuses[0])).inc()
            self._metrics.seconds.labels(area).observe(self._timer() - began)


def area_of(path: str) -> str:
    """The part of the site that a path belongs to: one of AREAS, `feeds` or `mirror`."""
    first = path.removeprefix("/").partition("/")[0]
    stem, dot, ending = path.rpartition(".")
    area = first.partition(".")[0]
    if area in AREAS:
        return area
    return "feeds" if dot and stem and ending in ("atom", "rss", "json") else "mirror"


class _Stored(Collector):
    """Figures of the database and the disk, read at each collection."""

    def __init__(self, database: Path, public: Path, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._public = public
        self._clock = clock

    def describe(self) -> list[Metric]:
        """Nothing is read when the registry is made."""
        return []

    def collect(self) -> Iterator[Metric]:
        try:
            with Store.read(self._database) as store:
                found = list(self._read(store))
        except StoreError:
            found = []
        yield _gauge("aggregator_up", "Whether the database can be read.", 1 if found else 0)
        yield from found
        yield from self._files()

    def _read(self, store: Store) -> Iterator[Metric]:
        now, queries = self._clock(), store.queries
        flagged = store.quality.flagged()
        judged = (health.diagnose(state, now, flagged=flagged.get(state.id)) for state in store.feeds())
        conditions = Counted(diagnosis.condition for diagnosis in judged)
        yield _by("aggregator_feeds", "Feeds by condition.", "condition", {c: conditions[c] for c in Condition})
        yield _by("aggregator_polls_last_day", "Polls of the last 24 hours.", "result", queries.polls_since(now - DAY))
        yield _by("aggregator_articles", "Articles by state.", "state", queries.articles_by_state())
        yield _gauge("aggregator_posts", "Posts in the output.", store.archive.last_sequence())
        pulse = queries.pulse()
        late = max((now - pulse.next_poll).total_seconds(), 0.0) if pulse.next_poll else 0.0
        yield _gauge("aggregator_poll_lateness_seconds", "How long the longest waiting feed has been due.", late)
        times = {
            "aggregator_last_poll_timestamp_seconds": ("The last poll of any feed.", pulse.last_poll),
            "aggregator_last_success_timestamp_seconds": ("The last good poll of any feed.", pulse.last_success),
            "aggregator_last_post_timestamp_seconds": ("The newest post of the output.", pulse.last_post),
            "aggregator_last_emit_timestamp_seconds": ("The last build of the output.", built_at(self._public)),
        }
        for name, (words, moment) in times.items():
            if moment is not None:
                yield _gauge(name, words, moment.timestamp())
        yield _by("aggregator_build_info", "The program's version.", "version", {version(DISTRIBUTION): 1})

    def _files(self) -> Iterator[Metric]:
        wal = self._database.with_name(self._database.name + "-wal")
        for name, words, path in (
            ("aggregator_database_bytes", "Size of the database.", self._database),
            ("aggregator_wal_bytes", "Size of its write-ahead log.", wal),
        ):
            yield _gauge(name, words, path.stat().st_size if path.exists() else 0)
        if self._database.parent.exists():
            free = shutil.disk_usage(self._database.parent).free
            yield _gauge("aggregator_disk_free_bytes", "Free space where the data is.", free)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)


def _by(name: str, words: str, label: str, values: dict[Any, int]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([str(key)], value)
    return family

"""Telling the hubs of `site.hubs` that our feed documents have changed (WebSub; PubSubHubbub Core 0.3, section 7.1).

What changed is noted in the database when it was written, and told in one request a hub for many documents; a hub that
fails is tried again, later each time, and never given up. Nobody is told of a site that nobody can reach: `base_url`
has to be public, unless `network.allow` names the hub.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby, islice
from pathlib import Path

import structlog

from aggregator import emit
from aggregator.config.settings import Config
from aggregator.fetch import Fetcher
from aggregator.hub_reach import may_reach_us
from aggregator.models import Request
from aggregator.models.errors import FetchError
from aggregator.store import Ping, Store
from aggregator.text.urls import hide, redact

TOPICS = 100
"""Documents named in one request: about 10 KB."""

FIRST_RETRY = timedelta(minutes=1)
LAST_RETRY = timedelta(days=1)
"""A hub that fails is tried again after this, doubled by each failure up to the other."""

ANSWER_BYTES = 64 * 1024
"""What is read of a hub's answer at most; nothing in it matters to us."""

log = structlog.get_logger()


class Hubs:
    """What our hubs are told. Not thread-safe: `note` belongs to emitting, `tell` to one thread at a time."""

    def __init__(self, store: Store, fetcher: Fetcher, out: Path) -> None:
        self._store = store
        self._fetcher = fetcher
        self._out = out
        self._noted: tuple[str, ...] | None = None

    def note(self, config: Config, written: Iterable[str], now: datetime) -> None:
        """Note which documents have changed: those `written`, and the first time, and for other hubs, any.

        Looking at all of them makes up for what a crash between writing and noting has left out.
        """
        hubs = told_hubs(config)
        address = (config.site.base_url, *hubs)
        whole = address != self._noted
        paths = self._documents() if whole else written
        documents = dict(self._hashed(config, paths)) if hubs else {}
        if documents or whole:
            self._store.pings.note(hubs, documents, now, whole=whole)
        self._noted = address

    def tell(self, config: Config, now: datetime) -> int:
        """Tell the hubs what they are to be told by now; how many documents they have heard of. Raises StoreError."""
        hubs = set(told_hubs(config))
        batches = list(_batches(ping for ping in self._store.pings.due(now) if ping.hub in hubs))
        heard = 0
        for request, answer in self._fetcher.each(map(_request, range(len(batches)), batches)):
            pings = batches[request.key]
            if isinstance(answer, FetchError):
                again = now + max(backoff(pings[0].failures), timedelta(seconds=answer.retry_after_s or 0))
                self._store.pings.failed(pings, hide(answer.message), again)
                log.warning("hub not told", hub=redact(request.url), error=hide(answer.message))
            else:
                self._store.pings.told(pings)
                heard += len(pings)
        return heard

    def _documents(self) -> Iterator[str]:
        for path in self._out.rglob("*"):
            yield path.relative_to(self._out).as_posix()

    def _hashed(self, config: Config, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        for path in paths:
            if emit.is_topic(path) and (place := self._out / path).is_file():
                yield emit.topic(config.site, path), sha256(place.read_bytes()).hexdigest()


def told_hubs(config: Config) -> tuple[str, ...]:
    """The hubs that may be told of our documents."""
    return tuple(hub for hub in emit.hubs(config.site) if may_reach_us(config, hub))


def backoff(failures: int) -> timedelta:
    """How long to wait after one failure more than `failures`."""
    return min(FIRST_RETRY * (1 << min(failures, 20)), LAST_RETRY)


def _batches(pings: Iterable[Ping]) -> Iterator[list[Ping]]:
    for _, group in groupby(pings, lambda ping: ping.hub):
        while batch := list(islice(group, TOPICS)):
            yield batch


def _request(key: int, pings: list[Ping]) -> Request:
    form = (("hub.mode", "publish"), *(("hub.url", ping.topic) for ping in pings))
    return Request(pings[0].hub, key=key, form=form, max_bytes=ANSWER_BYTES)

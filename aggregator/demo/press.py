"""The press itself: opens every outlet on loopback, moves from round to round, and knows what is true."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from aggregator.demo import markup, pages
from aggregator.demo.outlets import OUTLETS, ROUNDS, Outlet
from aggregator.demo.posts import DemoPost, Edition, Printed, all_posts
from aggregator.demo.server import PressRequest, PressServer, Reply
from aggregator.demo.site import Addresses, PressSite, permalinks
from aggregator.demo.themes import THEMES, States
from aggregator.models import Attribution, MediaPolicy, Neighbour

_FIRST_ADDRESS = 1
"""Outlets listen on 127.0.0.1, 127.0.0.2 ...: one host each, as on the internet, and not only one port each."""

SLOW_S = 1.2
"""Seconds that the slow outlet takes for each answer, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One outlet as a subscriber knows it. `feed_url` is what is subscribed to (a moved outlet: its former address)."""

    key: str
    name: str
    feed_url: str
    home_url: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is true of one post in the present round.

    `url` is None for an entry without a page. `paragraphs`, `code` and `cells` must be in the text; nothing of `noise`
    may. `next` and `previous` are what the page itself states. `copy_of` is the URL of the text that it carries,
    `event` the story it belongs to. `allowed` is False where robots.txt forbids the page; `in_feed` is False where the
    post has already left its feed.
    """

    outlet: str
    url: str | None
    guid: str
    round: int
    title: str
    author: str | None
    published: datetime
    updated: datetime
    teaser: str
    paragraphs: tuple[str, ...]
    code: tuple[str, ...]
    cells: tuple[str, ...]
    noise: tuple[str, ...]
    next: Neighbour | None
    previous: Neighbour | None
    source: Attribution | None
    copy_of: str | None
    event: str | None
    tags: tuple[str, ...]
    allowed: bool = True
    in_feed: bool = True


class Press:
    """Every outlet on an origin of its own, from entering the context to leaving it. Thread-safe.

    `now` (aware UTC) is what every date counts from. `slow_s`: seconds that the slow outlet takes for an answer.
    """

    rounds = ROUNDS

    def __init__(self, now: datetime, *, slow_s: float = SLOW_S) -> None:
        self._now = now
        self._slow_s = slow_s
        self._round = 1
        self._lock = threading.Lock()
        self._asked: list[PressRequest] = []
        self._sites: dict[str, PressSite] = {}
        self._former: dict[str, str] = {}
        self._servers: list[PressServer] = []

    def __enter__(self) -> Self:
        try:
            origins = {outlet.key: self._open(outlet) for outlet in OUTLETS}
            self._sites = _sites(origins, self._now)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Shut every server, all at the same time: each takes a moment to notice."""
        with ThreadPoolExecutor(len(self._servers) or 1) as pool:
            list(pool.map(PressServer.close, self._servers))
        self._servers.clear()

    def _open(self, outlet: Outlet) -> str:
        """Start an outlet's server (and one at its former address); the origin."""

        def answer(path: str) -> Reply:
            return self._sites[outlet.key].reply(path, self._round)

        def answer_moved(path: str) -> Reply:
            return self._sites[outlet.key].moved(path)

        def seen(method: str, path: str, headers: Mapping[str, str], status: int) -> None:
            self._log(outlet, method, path, headers, status)

        address = f"127.0.0.{_FIRST_ADDRESS + OUTLETS.index(outlet)}"
        if outlet.moved:
            self._servers.append(PressServer(answer_moved, seen, address=address))
            self._former[outlet.key] = self._servers[-1].origin
        self._servers.append(PressServer(answer, seen, address=address, pause_s=self._slow_s if outlet.slow else 0))
        return self._servers[-1].origin

    def _log(self, outlet: Outlet, method: str, path: str, headers: Mapping[str, str], status: int) -> None:
        with self._lock:
            self._asked.append(PressRequest(outlet.name, method, path, headers, status, time.monotonic()))

    @property
    def round(self) -> int:
        """The present round, from 1."""
        return self._round

    def publish(self, round: int) -> tuple[Expected, ...]:  # noqa: A002 - the word of the trade
        """Go to a round (1 to `rounds`); what is new in it. ValueError for any other."""
        if not 1 <= round <= ROUNDS:
            raise ValueError(f"there are rounds 1 to {ROUNDS}, not {round}")
        self._round = round
        return tuple(post for post in self.expected() if post.round == round)

    def advance(self) -> tuple[Expected, ...]:
        """Go to the next round; what is new in it. ValueError after the last."""
        return self.publish(self._round + 1)

    @property
    def outlets(self) -> tuple[Listed, ...]:
        """Every outlet, as one would subscribe to it."""
        return tuple(self._listed(site) for site in self._sites.values())

    def _listed(self, site: PressSite) -> Listed:
        outlet = site.outlet
        origin = self._former.get(outlet.key, site.origin)
        return Listed(outlet.key, outlet.name, origin + outlet.feed_path, site.home_url, outlet.tags)

    @property
    def requests(self) -> tuple[PressRequest, ...]:
        """Every request so far, in the order of arrival."""
        with self._lock:
            return tuple(self._asked)

    def forget_requests(self) -> None:
        """Empty the log."""
        with self._lock:
            self._asked.clear()

    def expected(self) -> tuple[Expected, ...]:
        """What is true of every post that is out, outlet by outlet, oldest first."""
        editions = (site.edition(self._round) for site in self._sites.values())
        return tuple(_expected(edition, printed) for edition in editions for printed in edition.posts)

    def config_text(self, base_url: str, *, media: MediaPolicy = "link") -> str:
        """A feeds.yaml that subscribes to every outlet; the output is to be served at `base_url`.

        `media`: `mirror` for pages that are looked at after the press has closed.
        """
        feeds = "".join(
            f"  - url: {json.dumps(listed.feed_url)}\n"
            f"    name: {json.dumps(listed.name)}\n"
            f"    tags: {json.dumps(list(listed.tags))}\n"
            for listed in self.outlets
        )
        return (
            "# The imaginary press on this machine. Every outlet, company and vulnerability in it is invented.\n"
            f"site:\n  title: The imaginary security press\n  base_url: {json.dumps(base_url)}\n"
            "network:\n  allow: [127.0.0.0/8]\n  timeout_s: 15\n  per_host_interval_s: 0\n  per_host_connections: 16\n"
            "defaults:\n  interval: 1s\n  min_interval: 1s\n  max_interval: 1m\n"
            f"  media: {media}\n"
            f"feeds:\n{feeds}"
        )


def _sites(origins: Mapping[str, str], now: datetime) -> dict[str, PressSite]:
    by_outlet: dict[str, tuple[DemoPost, ...]] = {
        outlet.key: tuple(post for post in all_posts() if post.outlet == outlet.key) for outlet in OUTLETS
    }
    addresses = Addresses(
        outlets={outlet.key: (outlet.name, origins[outlet.key] + "/") for outlet in OUTLETS},
        posts={
            key: url
            for outlet in OUTLETS
            for key, url in permalinks(outlet, origins[outlet.key], by_outlet[outlet.key], now).items()
        },
    )
    return {
        outlet.key: PressSite(outlet, origins[outlet.key], by_outlet[outlet.key], now, addresses) for outlet in OUTLETS
    }


def _expected(edition: Edition, printed: Printed) -> Expected:
    post, outlet, theme = printed.post, edition.outlet, THEMES[edition.outlet.theme]
    return Expected(
        outlet=outlet.name,
        url=printed.url,
        guid=printed.guid,
        round=post.round,
        title=post.title,
        author=post.author,
        published=printed.published,
        updated=printed.updated,
        teaser=post.teaser,
        paragraphs=markup.paragraphs(printed.blocks),
        code=markup.code(printed.blocks),
        cells=markup.cells(printed.blocks),
        noise=pages.noise(edition, printed) if printed.url else (),
        next=_neighbour(edition.next(printed), theme.next_states) if printed.url else None,
        previous=_neighbour(edition.previous(printed), theme.previous_states) if printed.url else None,
        source=Attribution(printed.credit.name, pages.credit_url(edition, printed)) if printed.credit else None,
        copy_of=printed.credit.url if printed.credit else None,
        event=post.event,
        tags=post.tags,
        allowed=outlet.disallow is None or not urlsplit(printed.url or "").path.startswith(outlet.disallow),
        in_feed=printed in edition.feed_posts,
    )


def _neighbour(printed: Printed | None, states: States) -> Neighbour | None:
    """A neighbour as far as the theme states it."""
    if printed is None or printed.url is None or states == "nothing":
        return None
    title = printed.title if states != "url" else None
    return Neighbour(printed.url, title, printed.teaser if states == "teaser" else None)

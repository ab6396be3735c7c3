"""WebSub as a subscriber: what hubs are asked, what they may say, and what comes of it."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from support.hub import Hub, hub
from support.outlets import Outlet, outlet, rss

from aggregator.config.settings import Config
from aggregator.models import FeedState
from aggregator.pipeline.pipeline import Pipeline, Tally, opened
from aggregator.web import WebServer, of_folder

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DATE = "Tue, 10 Mar 2026 09:00:00 GMT"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass
class Desk:
    """A pipeline over one feed that names a hub, and the web server that the hub calls; a test moves the clock."""

    folder: Path
    site: Outlet
    hub: Hub
    now: datetime = NOW
    options: dict[str, Any] = field(default_factory=dict)
    base: str = "http://127.0.0.1:8080/"
    pipeline: Pipeline = field(init=False)
    server: WebServer = field(init=False)

    @contextmanager
    def open(self) -> Iterator[Desk]:
        """A process of the daemon, with its server."""
        config = Config.model_validate(
            {
                "site": {"base_url": self.base},
                "server": {"token": "${none}-but-long"},
                "network": {"allow": ["127.0.0.0/8"], "per_host_interval_s": 0},
                "defaults": {"full_text": "never", **self.options},
                "feeds": [{"url": f"{self.site.origin}/feed", "name": "Wire"}],
            }
        )
        with opened(config, self.folder, lambda: self.now) as self.pipeline:
            app = of_folder(config, self.folder, lambda: self.now, self.pipeline.subscriber)
            with WebServer(app, "127.0.0.1", 0) as self.server:
                yield self

    def post(self, *names: str) -> None:
        items = [(f"{self.site.origin}/{name}", name, DATE, f"About {name}.") for name in names]
        self.site.pages["/feed"] = rss("Wire", *items)

    def poll(self) -> int:
        tally = Tally()
        self.pipeline.poll(tally)
        return tally.polled

    def state(self) -> FeedState:
        return self.pipeline.store.feeds()[0]

    def row(self) -> dict[str, Any] | None:
        with closing(sqlite3.connect(self.folder / "aggregator.db")) as database:
            database.row_factory = sqlite3.Row
            row = database.execute("SELECT * FROM subscriptions ORDER BY id DESC").fetchone()
        return dict(row) if row else None

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str, str]:
        with closing(http.client.HTTPConnection(*self.server.address, timeout=10)) as connection:
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers.get("content-type", "")

    @property
    def callback(self) -> str:
        return self.hub.last()["hub.callback"].removeprefix("http://127.0.0.1:8080")

    def confirm(self, mode: str = "subscribe", lease_s: int = 864_000, **other: str) -> tuple[int, str, str]:
        """What the hub asks back, as its last request was."""
        asked = {"mode": mode, "topic": self.hub.last()["hub.topic"], "challenge": "c4llenge", **other}
        query = {f"hub.{name}": value for name, value in asked.items()} | {"hub.lease_seconds": str(lease_s)}
        return self.ask("GET", f"{self.callback}?{urlencode(query)}")

    def call(self, secret: str | None = None, method: str = "sha256", body: bytes = b"<rss/>") -> int:
        """The hub distributes content."""
        key = (secret or self.hub.last()["hub.secret"]).encode()
        signature = f"{method}={hmac.new(key, body, getattr(hashlib, method)).hexdigest()}"
        return self.ask("POST", self.callback, body, X_Hub_Signature=signature)[0]

    def subscribe(self, lease_s: int = 864_000) -> None:
        """Poll the feed, ask its hub, and be confirmed."""
        self.poll()
        self.pipeline.subscribe()
        assert self.confirm(lease_s=lease_s)[0] == 200


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A feed whose HTTP header names hub and topic, polled and not yet subscribed to."""
    with outlet() as site, hub() as told:
        made = Desk(tmp_path, site, told)
        site.headers["/feed"] = [("Link", f'<{told.url}>; rel="hub", <{site.origin}/topic>; rel="self"')]
        made.post("worm")
        with made.open():
            yield made


def test_hub_that_a_feed_names_is_asked_and_confirms(desk: Desk) -> None:
    """The header goes before the document; the callback cannot be guessed, and the challenge is echoed as text."""
    desk.poll()
    desk.pipeline.subscribe()
    asked = desk.hub.last()
    assert asked["hub.mode"] == "subscribe"
    assert asked["hub.topic"] == f"{desk.site.origin}/topic"
    assert asked["hub.callback"].startswith("http://127.0.0.1:8080/websub/")
    assert len(desk.callback) > len("/websub/") + 30
    assert 32 <= len(asked["hub.secret"]) < 200
    assert desk.confirm() == (200, "c4llenge", "text/plain; charset=utf-8")
    row = desk.row()
    assert row is not None
    assert (row["state"], row["expires_at"]) == ("active", "2026-03-20T12:00:00Z")
    desk.pipeline.subscribe()
    assert len(desk.hub.asked) == 1


def test_what_we_did_not_ask_for_is_not_confirmed(desk: Desk) -> None:
    """Another topic, another mode, a foreign token, markup as challenge: nothing is there."""
    desk.poll()
    desk.pipeline.subscribe()
    assert desk.confirm(topic="https://other.example/")[0] == 404
    assert desk.confirm(mode="unsubscribe")[0] == 404
    assert desk.confirm(challenge="<script>alert(1)</script> x")[0] == 404
    assert desk.ask("GET", "/websub/unknown?hub.mode=subscribe&hub.challenge=x&hub.topic=y")[0] == 404
    assert desk.ask("POST", "/websub/unknown", b"x")[0] == 410
    row = desk.row()
    assert row is not None
    assert row["state"] == "wanted"


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_signed_call_makes_the_feed_due_and_brings_nothing_itself(desk: Desk, method: str) -> None:
    """What is stored comes by the poll; a call a minute at most makes one."""
    desk.subscribe()
    desk.now += 5 * MINUTE
    assert desk.poll() == 0
    desk.post("worm", "patch")
    assert desk.call(method=method) == 202
    assert desk.state().entries == 1
    assert desk.poll() == 1
    assert desk.state().entries == 2
    assert desk.call(method=method) == 202
    assert desk.poll() == 0
    desk.now += MINUTE
    assert desk.poll() == 1


def test_call_without_a_good_signature_changes_nothing(desk: Desk) -> None:
    """It is answered all the same, so that nobody can try keys."""
    desk.subscribe()
    desk.now += 5 * MINUTE
    assert desk.call(secret="wrong") == 202
    assert desk.ask("POST", desk.callback, b"<rss/>")[0] == 202
    for signature in ("sha256=", "md5=abc", "sha256", "sha256=é"):
        headers = {"X_Hub_Signature": signature}
        assert desk.ask("POST", desk.callback, b"<rss/>", **headers)[0] == 202
    assert desk.poll() == 0


def test_polls_are_stretched_while_the_hub_calls_and_not_when_it_missed_something(desk: Desk) -> None:
    """Confirmed is not proven: a call is. What no call announced ends the trust."""
    desk.subscribe()
    usual = desk.state().interval_s
    assert usual is not None
    assert usual < DAY.total_seconds()
    desk.now += 5 * MINUTE
    desk.post("worm", "patch")
    desk.call()
    desk.poll()
    assert desk.state().interval_s == DAY.total_seconds()
    desk.now += DAY
    desk.post("worm", "patch", "silent")
    assert desk.poll() == 1
    assert desk.state().entries == 3
    assert (desk.state().interval_s or 0) < DAY.total_seconds()


def test_call_after_which_nothing_is_new_yet_does_not_stretch(desk: Desk) -> None:
    """The document may lag behind the hub, in a cache: it is asked for again soon."""
    desk.subscribe()
    desk.now += 5 * MINUTE
    desk.call()
    assert desk.poll() == 1
    assert (desk.state().interval_s or 0) < DAY.total_seconds()


def test_lease_is_renewed_before_it_ends_and_counts_no_more_after(desk: Desk) -> None:
    """At three quarters; a hub that does not confirm again is asked again, and in the end the feed is polled as usual."""
    desk.subscribe()
    desk.now += 5 * MINUTE
    desk.post("worm", "patch")
    desk.call()
    desk.poll()
    desk.now = NOW + timedelta(days=7)
    desk.pipeline.subscribe()
    assert len(desk.hub.asked) == 1
    desk.now = NOW + timedelta(days=7, hours=13)
    desk.pipeline.subscribe()
    assert len(desk.hub.asked) == 2
    assert desk.hub.asked[1] == desk.hub.asked[0]
    desk.confirm()
    desk.poll()
    desk.now += timedelta(days=9)
    desk.hub.status = 503
    desk.pipeline.subscribe()
    desk.poll()
    desk.now += timedelta(days=1, minutes=1)
    desk.pipeline.subscribe()
    row = desk.row()
    assert row is not None
    assert (row["state"], row["works"], row["expires_at"]) == ("wanted", 0, None)
    assert desk.state().push is None


def test_hub_that_denies_is_left_alone_for_a_week(desk: Desk) -> None:
    """Also later, when the subscription was active; the reason is kept."""
    desk.subscribe()
    query = {"hub.mode": "denied", "hub.topic": desk.hub.last()["hub.topic"], "hub.reason": "no <more>"}
    assert desk.ask("GET", f"{desk.callback}?{urlencode(query)}")[0] == 200
    row = desk.row()
    assert row is not None
    assert (row["state"], row["error"]) == ("denied", "no <more>")
    desk.now += timedelta(days=6)
    desk.pipeline.subscribe()
    assert len(desk.hub.asked) == 1
    desk.now += timedelta(days=2)
    desk.pipeline.subscribe()
    assert len(desk.hub.asked) == 2


def test_hub_that_is_down_is_asked_later_also_after_a_restart(tmp_path: Path) -> None:
    """State is in the database; the feed is polled meanwhile."""
    with outlet() as site, hub() as told:
        made = Desk(tmp_path, site, told)
        site.headers["/feed"] = [("Link", f'<{told.url}>; rel="hub"')]
        made.post("worm")
        told.status = 500
        with made.open():
            made.poll()
            made.pipeline.subscribe()
        made.now += 5 * MINUTE
        with made.open():
            made.pipeline.subscribe()
            assert len(told.asked) == 1
            told.status = 202
            made.now += timedelta(hours=1)
            made.pipeline.subscribe()
            assert made.confirm()[0] == 200
        with made.open():
            made.now += 5 * MINUTE
            made.call()
            assert made.poll() == 1


def test_feed_that_leaves_is_unsubscribed(desk: Desk) -> None:
    """The hub hears of it and confirms; a call that still comes is told that we are gone."""
    desk.subscribe()
    other = desk.pipeline.own.model_copy(
        update={"feeds": (desk.pipeline.own.feeds[0].model_copy(update={"websub": False}),)}
    )
    desk.pipeline.configure(other)
    desk.pipeline.subscribe()
    assert desk.hub.last()["hub.mode"] == "unsubscribe"
    assert "hub.secret" not in desk.hub.last()
    assert desk.ask("POST", desk.callback, b"x")[0] == 410
    assert desk.confirm(mode="unsubscribe")[:2] == (200, "c4llenge")
    assert desk.row() is None


def test_nothing_is_subscribed_to_where_no_hub_can_reach_us(tmp_path: Path) -> None:
    """A laptop's address is of no use to a hub on the internet; one that is private is not asked at all."""
    with outlet() as site:
        made = Desk(tmp_path, site, Hub("https://hub.acme.org/"))
        site.headers["/feed"] = [("Link", '<https://hub.acme.org/>; rel="hub"')]
        made.post("worm")
        with made.open():
            made.poll()
            made.pipeline.subscribe()
            assert made.row() is None

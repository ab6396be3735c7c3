"""The press's servers: validators, encodings, HEAD, slowness, the log, and closing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
import requests

from aggregator.demo import Press
from aggregator.demo.server import PressServer, Reply, finish

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
BODY = b"news " * 200
OFFERED = Reply(200, BODY, "text/html", NOW, frozenset({"etag", "last-modified"}))
ETAG = finish(OFFERED, {}).headers["ETag"]


@pytest.fixture
def press() -> Iterator[Press]:
    with Press(NOW, slow_s=0) as opened:
        yield opened


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 200),
        ({"if-none-match": ETAG}, 304),
        ({"if-none-match": ETAG.removeprefix("W/")}, 304),
        ({"if-none-match": f'"other", {ETAG}'}, 304),
        ({"if-none-match": '"other"'}, 200),
        ({"if-none-match": '"other"', "if-modified-since": "Tue, 10 Mar 2026 12:00:00 GMT"}, 200),
        ({"if-modified-since": "Tue, 10 Mar 2026 12:00:00 GMT"}, 304),
        ({"if-modified-since": "Tue, 10 Mar 2026 11:59:59 GMT"}, 200),
        ({"if-modified-since": "yesterday"}, 200),
    ],
)
def test_conditions_are_answered(asked: dict[str, str], status: int) -> None:
    """RFC 9110 section 13: weak comparison, a list of tags, the tag before the date, nonsense ignored."""
    wire = finish(OFFERED, asked)
    assert wire.status == status
    assert wire.headers["ETag"] == ETAG
    assert (wire.body == b"") == (status == 304)


@pytest.mark.parametrize(
    ("offers", "names"),
    [(set(), set()), ({"etag"}, {"ETag"}), ({"last-modified"}, {"Last-Modified"})],
)
def test_only_the_offered_validators_are_sent(offers: set[str], names: set[str]) -> None:
    """Without a validator a condition is not answered either."""
    reply = Reply(200, BODY, "text/html", NOW, frozenset(offers))  # type: ignore[arg-type]
    wire = finish(reply, {})
    assert {"ETag", "Last-Modified"} & wire.headers.keys() == names
    if not names:
        assert finish(reply, {"if-none-match": ETAG}).status == 200


@pytest.mark.parametrize(
    ("accepts", "zipped"),
    [("", False), ("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("gzip; q=0.0, br", False)],
)
def test_gzip_is_sent_to_those_who_take_it(accepts: str, zipped: bool) -> None:
    """Content-Encoding is there exactly when the client said gzip, and not with weight zero."""
    wire = finish(OFFERED, {"accept-encoding": accepts})
    assert ("Content-Encoding" in wire.headers) == zipped
    assert (wire.body != BODY) == zipped


def test_a_feed_that_has_not_changed_costs_no_body(press: Press) -> None:
    """Every outlet with validators answers 304 until the round brings something new."""
    for listed in press.outlets:
        first = requests.get(listed.feed_url, timeout=5)
        conditions = {
            name: first.headers[header]
            for name, header in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
            if header in first.headers
        }
        again = requests.get(listed.feed_url, headers=conditions, timeout=5)
        assert again.status_code == (304 if conditions else 200), listed.name
    press.publish(2)
    listed = press.outlets[0]
    conditions = {"If-Modified-Since": (NOW - timedelta(days=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")}
    assert requests.get(listed.feed_url, headers=conditions, timeout=5).status_code == 200


def test_head_and_pictures(press: Press) -> None:
    """HEAD gives the headers alone; pictures are what their names say, and the same each time."""
    home = press.outlets[0].home_url
    head = requests.head(press.outlets[0].feed_url, headers={"Accept-Encoding": "identity"}, timeout=5)
    body = requests.get(press.outlets[0].feed_url, timeout=5).content
    assert (head.content, int(head.headers["Content-Length"])) == (b"", len(body))
    png = requests.get(home + "img/cranes.png", timeout=5)
    assert png.headers["Content-Type"] == "image/png"
    assert png.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert png.content == requests.get(home + "img/cranes.png", timeout=5).content
    assert requests.get(home + "img/weekly.svg", timeout=5).content.startswith(b"<svg")
    assert requests.get(home + "img/weekly.exe", timeout=5).status_code == 404


def test_requests_are_logged(press: Press) -> None:
    """The log says who was asked what, with which headers, when, and what was answered."""
    listed = press.outlets[2]
    requests.get(listed.feed_url, headers={"User-Agent": "reader/1"}, timeout=5)
    (asked,) = press.requests
    assert (asked.outlet, asked.method, asked.status) == (listed.name, "GET", 200)
    assert listed.feed_url.endswith(asked.path)
    assert asked.headers["user-agent"] == "reader/1"
    assert asked.at <= time.monotonic()
    press.forget_requests()
    assert press.requests == ()


def test_the_slow_outlet_drips(press: Press) -> None:
    """A slow server is silent for half of its time and sends its body in pieces during the rest."""
    server = PressServer(lambda _path: OFFERED, lambda *_: None, pause_s=0.4)
    try:
        start = time.monotonic()
        with requests.get(server.origin, stream=True, timeout=5) as response:
            headers_after = time.monotonic() - start
            body = b"".join(response.iter_content(16))
        assert body == BODY
        assert headers_after >= 0.2
        assert time.monotonic() - start >= 0.35
    finally:
        server.close()


def test_closing_is_prompt_even_under_way() -> None:
    """A client in the middle of a slow answer and an idle one on keep-alive do not hold the press open."""
    outcome: list[str] = []

    def read(url: str) -> None:
        try:
            requests.get(url, timeout=20)
        except requests.RequestException as error:
            outcome.append(type(error).__name__)

    with requests.Session() as idle, Press(NOW, slow_s=30) as press:
        idle.get(press.outlets[0].feed_url, timeout=5)
        slow = next(listed for listed in press.outlets if listed.key == "slowglass")
        reader = Thread(target=read, args=(slow.feed_url,))
        reader.start()
        while not any(asked.outlet == slow.name for asked in press.requests):
            time.sleep(0.005)
        start = time.monotonic()
    reader.join(5)
    assert time.monotonic() - start < 3
    assert outcome == ["ConnectionError"]

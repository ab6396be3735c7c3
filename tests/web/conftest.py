"""A newsroom with a few posts behind a real server, and short words to ask it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from store_builders import HOUR, NOW, Newsroom, entry

from aggregator.emit import build
from aggregator.models import Likeness
from aggregator.settings import Site
from aggregator.store import Store
from aggregator.web import Server, application

SITE = Site(title="Wire", base_url="https://news.example/wire/", page_size=10)
WORM = "Researchers saw a worm spread. CVE-2026-1234 is to blame."


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Asking:
    """A server, and questions to it over a real socket."""

    server: Server
    room: Newsroom
    data: Path
    options: dict[str, object] = field(default_factory=dict)

    def __call__(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(*self.server.address, timeout=10)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with five posts of three feeds, one of them a copy, and the output built from it; not to change."""
    data = tmp_path_factory.mktemp("desk")
    alpha = {"url": "https://alpha.example/feed?token=hunter2hunter2", "name": "Alpha", "tags": ["wire", "vendors"]}
    with Store.open(data / "aggregator.db") as store:
        room = Newsroom(store, alpha, {"url": "https://beta.example/feed", "name": "Beta", "tags": ["wire"]}, "Gamma")
        room.poll(entry("worm", published=NOW - 48 * HOUR), entry("patch", published=NOW - 3 * HOUR))
        room.poll(entry("cafe", "beta.example"), entry("copy", "beta.example"), feed="Beta")
        room.poll(entry("wurm", "gamma.example"), feed="Gamma")
        worm = room.scrape("https://alpha.example/worm", WORM, title="A worm in C++", language="en-GB")
        room.scrape(
            "https://alpha.example/patch", "A vendor patched <b>& co.</b>: a worm used the hole.", language="en"
        )
        room.scrape("https://beta.example/cafe", "Wi-Fi at the café is not safe.", title="Hotspots", language="en")
        likeness = Likeness(worm, 0.98, "the same text")
        room.scrape("https://beta.example/copy", WORM, title="A worm in C++ again", likeness=likeness, language="en")
        room.scrape("https://gamma.example/wurm", "Ein Wurm, auf Englisch worm.", title="Wurm", language="de")
        room.publish()
        build(store.archive, SITE, data / "public")
    return data


@contextmanager
def serving(data: Path, site: Site = SITE, **options: Any) -> Iterator[Asking]:
    """A server over a data folder."""
    clock: Callable[[], Any] = options.pop("clock", lambda: NOW)
    app = application(site, data / "aggregator.db", data / "public", clock, **options)
    with Store.open(data / "aggregator.db") as store, Server(app, "127.0.0.1", 0) as server:
        room = Newsroom.__new__(Newsroom)
        room.store, room.now = store, NOW
        yield Asking(server, room, data)


@pytest.fixture(scope="session")
def ask(filled: Path) -> Iterator[Asking]:
    """Ask the server over the filled folder."""
    with serving(filled) as asking:
        yield asking

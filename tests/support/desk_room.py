"""A real server over a data folder, and short words to ask it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aggregator.config.settings import Site
from aggregator.store import Store
from aggregator.web import WebServer, application
from support.store_builders import NOW, Newsroom

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


def request(server: WebServer, path: str, method: str = "GET", **headers: str) -> Answer:
    """One request on a connection of its own, with no header but these (`_` for `-`) and Host."""
    connection = http.client.HTTPConnection(*server.address, timeout=10)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


@dataclass
class Asking:
    """A server, and questions to it over a real socket."""

    server: WebServer
    room: Newsroom
    data: Path
    options: dict[str, object] = field(default_factory=dict)

    def __call__(self, path: str, method: str = "GET", **headers: str) -> Answer:
        return request(self.server, path, method, **headers)


@contextmanager
def serving(data: Path, site: Site = SITE, **options: Any) -> Iterator[Asking]:
    """A server over a data folder."""
    clock: Callable[[], Any] = options.pop("clock", lambda: NOW)
    app = application(site, data / "aggregator.db", data / "public", clock, **options)
    with Store.open(data / "aggregator.db") as store, WebServer(app, "127.0.0.1", 0) as server:
        room = Newsroom.__new__(Newsroom)
        room.store, room.now = store, NOW
        yield Asking(server, room, data)

"""A WebSub hub on loopback: it takes what it is asked, remembers it, and a test says what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl

from support.machine import Quiet, serving


@dataclass
class Hub:
    """`asked` are the forms that came, in order; `status` is what they are answered with."""

    url: str
    asked: list[list[tuple[str, str]]] = field(default_factory=list)
    status: int = 202

    def last(self) -> dict[str, str]:
        return dict(self.asked[-1])


@contextmanager
def hub() -> Iterator[Hub]:
    """A hub while the block runs."""

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.asked.append(parse_qsl(body.decode(), keep_blank_values=True))
            self.send_response(here.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with serving(Handler) as port:
        here = Hub(f"http://127.0.0.1:{port}/hub")
        yield here

"""Small publishers for tests: a path -> (type, body) table behind a real server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from support.machine import Quiet, serving

Page = tuple[str, bytes] | Callable[[], tuple[int, str, bytes]]


@dataclass
class Outlet:
    """A server whose pages a test may change; `asked` are the paths in the order of the requests.

    `headers` are sent with a path's answers beside the usual ones; `received` are those of a path's last request.
    """

    origin: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    received: dict[str, dict[str, str]] = field(default_factory=dict)
    headers: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


@contextmanager
def outlet(pages: dict[str, Page] | None = None, host: str = "127.0.0.1") -> Iterator[Outlet]:
    """Serve `pages` while the block runs; every other path is a 404."""

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append(self.path)
            here.received[self.path] = dict(self.headers)
            page = here.pages.get(self.path, ("text/plain", b""))
            status, kind, body = page() if callable(page) else (200 if self.path in here.pages else 404, *page)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            for name, value in here.headers.get(self.path, ()):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # a client that has seen enough
                self.wfile.write(body)

    with serving(Handler, host) as port:
        here = Outlet(f"http://{host}:{port}", pages or {})
        yield here


def rss(title: str, *items: tuple[str, str, str, str]) -> tuple[str, bytes]:
    """A feed of (url, title, date, description) items."""
    inner = "".join(
        f"<item><title>{headline}</title><link>{url}</link><guid>{url}</guid><pubDate>{date}</pubDate>"
        f"<description>{about}</description></item>"
        for url, headline, date, about in items
    )
    text = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>{inner}</channel></rss>'
    return "application/rss+xml", text.encode()

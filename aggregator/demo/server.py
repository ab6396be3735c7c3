"""Small HTTP/1.1 servers on loopback: validators, 304s, gzip and HEAD as a decent web server answers them, and a log
of requests.

What is at a path is not decided here. Each server is quiet, uses threads that never keep the program alive, and is
gone when `close` returns.
"""

from __future__ import annotations

import gzip
import hashlib
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aggregator.demo.outlets import Validator

_SMALLEST_GZIP = 256
_KEEP_ALIVE_S = 15
_ACCEPT_POLL_S = 0.05
_DRIPS = 8
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before conditions and encodings are applied. `modified` (UTC) and `offers`: which validators go out."""

    status: int
    body: bytes
    content_type: str
    modified: datetime | None = None
    offers: frozenset[Validator] = frozenset()
    location: str | None = None


@dataclass(frozen=True, slots=True)
class PressRequest:
    """One request as it came in: to whom, for what, with which headers (lower-case names), when (monotonic seconds)."""

    outlet: str
    method: str
    path: str
    headers: Mapping[str, str]
    status: int
    at: float


@dataclass(frozen=True, slots=True)
class Wire:
    """What goes over the wire for one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def finish(reply: Reply, asked: Mapping[str, str]) -> Wire:
    """Conditions (RFC 9110 section 13: If-None-Match wins over If-Modified-Since), then gzip where it was asked for."""
    headers = {"Content-Type": reply.content_type, "Vary": "Accept-Encoding"}
    if reply.location:
        headers["Location"] = reply.location
    etag = f'W/"{hashlib.sha256(reply.body).hexdigest()[:20]}"'
    if "etag" in reply.offers:
        headers["ETag"] = etag
    if "last-modified" in reply.offers and reply.modified:
        headers["Last-Modified"] = format_datetime(reply.modified, usegmt=True)
    if reply.status == HTTPStatus.OK and _unchanged(reply, etag, asked):
        return Wire(HTTPStatus.NOT_MODIFIED, headers, b"")
    body = reply.body
    if len(body) >= _SMALLEST_GZIP and not reply.content_type.startswith("image/") and _takes_gzip(asked):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, 6, mtime=0)
    return Wire(reply.status, headers, body)


def _unchanged(reply: Reply, etag: str, asked: Mapping[str, str]) -> bool:
    if "etag" in reply.offers and "if-none-match" in asked:
        offered = {tag.strip().removeprefix("W/") for tag in asked["if-none-match"].split(",")}
        return etag.removeprefix("W/") in offered
    if "last-modified" in reply.offers and reply.modified and "if-modified-since" in asked:
        try:
            since = parsedate_to_datetime(asked["if-modified-since"])
        except ValueError:
            return False
        return reply.modified <= (since if since.tzinfo else since.replace(tzinfo=UTC))
    return False


def _takes_gzip(asked: Mapping[str, str]) -> bool:
    codings = [coding.replace(" ", "").lower() for coding in asked.get("accept-encoding", "").split(",")]
    return any(coding.split(";")[0] == "gzip" and not coding.endswith((";q=0", ";q=0.0")) for coding in codings)


Answer = Callable[[str], Reply]
"""A path -> what stands there."""

Seen = Callable[[str, str, Mapping[str, str], int], None]
"""Is told of every request: method, path, headers (lower-case names), status."""


class PressServer:
    """One origin on loopback, with a port from the OS.

    `address`: where to listen; where a system has no such loopback address (macOS has 127.0.0.1 alone) it is
    127.0.0.1. `pause_s`: how many seconds an answer takes, half of it silence, half of it a drip of the body.
    """

    def __init__(self, answer: Answer, seen: Seen, *, address: str = _LOOPBACK, pause_s: float = 0) -> None:
        try:
            self._http = _Http(answer, seen, address, pause_s)
        except OSError:
            self._http = _Http(answer, seen, _LOOPBACK, pause_s)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(_ACCEPT_POLL_S,), daemon=True)
        self._thread.start()

    @property
    def origin(self) -> str:
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}"

    def close(self) -> None:
        """Stop listening and shut every connection."""
        self._http.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._http.shut_connections()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    """The listening socket, and the connections that are open, so that they can be shut from another thread."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Answer, seen: Seen, address: str, pause_s: float) -> None:
        self.answer, self.seen, self.pause_s = answer, seen, pause_s
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        super().__init__((address, 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def shut_connections(self) -> None:
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):  # the client was quicker
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error; anything else is, and is shown as http.server does."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    timeout = _KEEP_ALIVE_S
    disable_nagle_algorithm = True
    server: _Http

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        wire = finish(self.server.answer(self.path), headers)
        self.server.seen(self.command, self.path, headers, wire.status)
        if self.server.closing.wait(self.server.pause_s / 2):
            return
        self.send_response(wire.status)
        for name, value in wire.headers.items():
            self.send_header(name, value)
        if wire.status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(wire.body)))
        self.end_headers()
        if self.command == "GET":
            self._send(wire.body)

    do_HEAD = do_GET  # noqa: N815 - as above

    def _send(self, body: bytes) -> None:
        if not self.server.pause_s:
            self.wfile.write(body)
            return
        size = max(1, -(-len(body) // _DRIPS))
        for start in range(0, len(body), size):
            if self.server.closing.wait(self.server.pause_s / 2 / _DRIPS):
                return
            self.wfile.write(body[start : start + size])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: `Seen` is told instead."""

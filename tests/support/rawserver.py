"""A server made of raw sockets, a memory made of dicts, and a fetcher that may talk to loopback."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aggregator.models import HostState, RobotsFile


@dataclass
class Asked:
    """One request as it came over the wire."""

    line: str
    headers: dict[str, str]
    raw: bytes
    at: float

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]


Script = Callable[[socket.socket, Asked], None]


class Server:
    """Accepts on a loopback address of its own; each request is answered by `script`, which writes what it likes."""

    def __init__(
        self, script: Script, address: str = "127.0.0.1", *, keep: bool = False, wrap: Callable | None = None
    ) -> None:
        import time

        self._clock = time.monotonic
        self._script = script
        self._keep = keep
        self._wrap = wrap
        self.asked: list[Asked] = []
        self.connections = 0
        self.open = self.peak = 0
        self._lock = threading.Lock()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, 0), family=family, backlog=128)
        self.address = address
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def url(self, path: str = "/", host: str | None = None, scheme: str = "http") -> str:
        host = host or (f"[{self.address}]" if ":" in self.address else self.address)
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        with self._lock:
            self.open += 1
            self.peak = max(self.peak, self.open)
        try:
            with contextlib.suppress(OSError), raw, self._wrap(raw) if self._wrap else raw as sock:
                while (asked := self._read(sock)) is not None:
                    self.asked.append(asked)
                    self._script(sock, asked)
                    if not self._keep:
                        break
                socket.socket.shutdown(sock, socket.SHUT_WR)
        finally:
            with self._lock:
                self.open -= 1

    def _read(self, sock: socket.socket) -> Asked | None:
        raw = b""
        while b"\r\n\r\n" not in raw:
            data = sock.recv(65536)
            if not data:
                return None
            raw += data
        line, *fields = raw.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        whole = raw.index(b"\r\n\r\n") + 4 + int(headers.get("content-length", 0))
        while len(raw) < whole and (data := sock.recv(65536)):
            raw += data
        return Asked(line, headers, raw, self._clock())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def answer(
    body: bytes = b"hello", status: str = "200 OK", *headers: str, length: bool = True, close: bool = True
) -> Script:
    """A script that gives the same answer to every request."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return lambda sock, asked: sock.sendall(head + body)


def late(make: Callable[..., Script]) -> Script:
    """A script that is made when it is needed: `make` gets what was asked."""
    return lambda sock, asked: make(asked)(sock, asked)


def routes(**paths: Script) -> Script:
    """A script by path: `routes(feed=..., robots=...)` answers `/feed`; anything else is a 404."""
    missing = answer(b"", "404 Not Found")

    def script(sock: socket.socket, asked: Asked) -> None:
        name = asked.path.partition("?")[0].strip("/").replace(".", "_")
        paths.get(name, missing)(sock, asked)

    return script


@dataclass
class Memory:
    """FetchMemory in dicts."""

    hosts: dict[str, HostState] = field(default_factory=dict)
    files: dict[str, RobotsFile] = field(default_factory=dict)
    saves: int = 0

    def host(self, host: str) -> HostState | None:
        return self.hosts.get(host)

    def save_host(self, state: HostState) -> None:
        self.saves += 1
        self.hosts[state.host] = state

    def robots(self, origin: str) -> RobotsFile | None:
        return self.files.get(origin)

    def save_robots(self, robots: RobotsFile) -> None:
        self.files[robots.origin] = robots


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

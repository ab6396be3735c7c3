"""uvicorn in a thread of its own, on a socket that was opened before it: a port in use is said before anything runs.

HTTP/1.1 as uvicorn speaks it, for a server that strangers reach: no slow client keeps a connection forever.

Its own answer to what is no HTTP carries the safe headers too. A client has REQUEST_S seconds to finish what it has
begun to ask, and has to take what it asked for: an answer of which hardly anything is taken for STALL_S seconds is cut.
With too many connections, one of the client that has most is closed.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from aggregator.models.errors import AggregatorError

REQUEST_S = 10.0
"""Seconds from a request's first byte (or the connection) to its last: enough for a modem, too little for a hoarder."""

STALL_S = 30.0
"""Seconds after which a client has to have taken LEAST_TAKEN more bytes, or all there is, of what waits for it."""

LEAST_TAKEN = 8 * 1024
"""Bytes: a quarter of what a modem of 9,600 baud takes in STALL_S."""

MAX_CONNECTIONS = 400
"""Well below the 1,024 files that a process may have open by default."""

SAFE_HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for no seconds. The system forgets what it still held for the client, too."""

_ASKING = (h11.IDLE, h11.SEND_BODY)


class Protocol(H11Protocol):
    """One connection."""

    _deadline: asyncio.TimerHandle | None = None
    _look: asyncio.TimerHandle | None = None
    _left = 0
    _peer = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # asyncio does so only where the listening socket names TCP; else an answer's last bytes wait 40 ms for an ACK
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peer = self.client[0] if self.client else ""
        self._begin()
        if len(self.connections) > MAX_CONNECTIONS:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self._end_watch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state not in _ASKING:
            self._end()
        elif self._deadline is None:
            self._begin()

    def on_response_complete(self) -> None:
        """Between two requests the keep-alive timeout counts; a body that still comes has as long as a request."""
        waiting = self.conn.their_state is h11.SEND_BODY
        self._watch()
        super().on_response_complete()
        if waiting and self._deadline is None:
            self._begin()

    def pause_writing(self) -> None:
        """More waits for the client than asyncio likes to hold: from now on it has to take some."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """It took most of it."""
        super().resume_writing()
        self._watch()

    def _should_upgrade(self) -> bool:
        """No other protocol is spoken: a request that asks for one is answered as HTTP (RFC 9110 section 7.8)."""
        return False

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are for its log
        """What is no HTTP is answered once, and the connection closed."""
        body = b"This is no HTTP request that can be read.\n"
        headers: list[Any] = [(name.encode(), value.encode()) for name, value in SAFE_HEADERS.items()]
        headers += [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        try:
            for event in (h11.Response(status_code=400, headers=headers, reason=b"Bad Request"), h11.Data(data=body)):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.write(self.conn.send(h11.EndOfMessage()) or b"")
        except h11.LocalProtocolError:
            pass  # the answer to a former request is under way: this one cannot be told
        self.transport.close()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # what answers the request that went bad in its body has no client any more
            self.cycle.message_event.set()

    def _begin(self) -> None:
        self._end()
        self._deadline = self.loop.call_later(REQUEST_S, self._cut)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.abort()

    def _watch(self) -> None:
        """See in STALL_S how much of what waits now has been taken; while more is written, this begins again."""
        self._end_watch()
        self._left = self.transport.get_write_buffer_size()
        if self._left:
            self._look = self.loop.call_later(STALL_S, self._look_again)

    def _look_again(self) -> None:
        """Also while the connection is closing: that, too, waits until the client has taken all."""
        left = self.transport.get_write_buffer_size()
        if left > max(self._left - LEAST_TAKEN, 0):
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.transport.abort()
        else:
            self._watch()

    def _end_watch(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _make_room(self) -> None:
        """Close a connection of the client that has most: one that waits, else any.

        One that is closed stays in the list for a moment: among many that come at once it is not to be closed again.
        """
        protocols = (other for other in self.connections if isinstance(other, Protocol) and other is not self)
        others = [other for other in protocols if not other.transport.is_closing()]
        if len(others) < MAX_CONNECTIONS:
            return
        most, _ = Counter(other._peer for other in others).most_common(1)[0]
        theirs = [other for other in others if other._peer == most]
        idle = (other for other in theirs if other.cycle is None or other.cycle.response_complete)
        next(idle, theirs[0]).transport.abort()


START_WAIT_S = 10.0
STOP_WAIT_S = 3.0

BACKLOG = 128
"""Connections taken up at a time: with those that are being closed and protocol.MAX_CONNECTIONS, fewer than 1,024."""


class WebServer:
    """Serves an application while the block runs. `address` is (host, port) as bound; port 0 lets the system choose."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            why = f"cannot listen on {host}:{port}: {(error.strerror or 'no reason given').lower()}"
            if error.errno == errno.EADDRINUSE:
                why += "; set `server.port` in feeds.yaml (or AGGREGATOR_PORT) to another port, or stop what uses it"
            elif error.errno in (errno.EACCES, errno.EADDRNOTAVAIL):
                why += "; see `server.host` and `server.port` in feeds.yaml"
            raise AggregatorError(why) from None
        bound = self._socket.getsockname()
        self.address: tuple[str, int] = (bound[0], bound[1])
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,  # as aggregator.config.logs has it: uvicorn's own writes what it is given
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="off",
                http=Protocol,
                ws="none",
                proxy_headers=False,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=2,
                h11_max_incomplete_event_size=16 * 1024,
                backlog=BACKLOG,
            )
        )
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    @property
    def url(self) -> str:
        """Where a person on this machine finds it."""
        host, port = self.address
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
        return f"http://{shown}:{port}/"

    def __enter__(self) -> WebServer:
        self._thread.start()
        deadline = time.monotonic() + START_WAIT_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        if not self._server.started:
            raise AggregatorError("the web server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_WAIT_S)
        self._socket.close()

    def wait(self) -> None:
        """Block until the server ends (it does not, by itself)."""
        self._thread.join()

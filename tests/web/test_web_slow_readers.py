"""Who hardly takes the answer that he asked for is cut; who only takes it slowly is not."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.responses import Response, StreamingResponse

from aggregator.web import server as protocol
from aggregator.web.server import WebServer

BODY = b"x" * 8_000_000
"""More than the system takes on the server's behalf: the rest waits in the server."""


def in_pieces() -> StreamingResponse:
    return StreamingResponse(BODY[start : start + 65_536] for start in range(0, len(BODY), 65_536))


@contextmanager
def asked(app: object) -> Iterator[socket.socket]:
    """A client with small buffers that has asked."""
    with WebServer(app, "127.0.0.1", 0) as server, socket.socket() as client:  # type: ignore[arg-type]
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
        client.settimeout(5)
        client.connect(server.address)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        yield client


@pytest.mark.parametrize("answer", [lambda: Response(BODY), in_pieces], ids=["at once", "in pieces"])
def test_a_client_that_drips_is_cut(monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    """A byte now and then is no progress, whether the answer was written whole or waits for room."""
    monkeypatch.setattr(protocol, "STALL_S", 0.4)

    async def app(scope: object, receive: object, send: object) -> None:
        await answer()(scope, receive, send)  # type: ignore[operator]

    with asked(app) as client:
        deadline, reset = time.monotonic() + 5, 0
        while not reset and time.monotonic() < deadline:
            client.recv(1)
            time.sleep(0.05)
            reset = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        assert reset == errno.ECONNRESET


@pytest.mark.parametrize("answer", [lambda: Response(BODY), in_pieces], ids=["at once", "in pieces"])
def test_a_client_that_is_slow_gets_all(monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    """Three times as long as STALL_S, but something moves in each."""
    monkeypatch.setattr(protocol, "STALL_S", 0.6)

    async def app(scope: object, receive: object, send: object) -> None:
        await answer()(scope, receive, send)  # type: ignore[operator]

    with asked(app) as client:
        began, got, asleep = time.monotonic(), 0, 0.0
        while data := client.recv(65_536):
            got += len(data)
            if (due := got / len(BODY) * 1.8 - (time.monotonic() - began)) > 0.02:
                time.sleep(due)
                asleep += due
        assert got > len(BODY)
        assert asleep

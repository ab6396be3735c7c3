"""uvicorn in a thread of its own, on a socket that was opened before it: a port in use is said before anything runs."""

from __future__ import annotations

import socket
import threading
import time

import uvicorn
from starlette.types import ASGIApp

from aggregator.models.errors import AggregatorError
from aggregator.web.protocol import Protocol

START_WAIT_S = 10.0
STOP_WAIT_S = 3.0

BACKLOG = 128
"""Connections taken up at a time: with those that are being closed and protocol.MAX_CONNECTIONS, fewer than 1,024."""


class Server:
    """Serves an application while the block runs. `address` is (host, port) as bound; port 0 lets the system choose."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            raise AggregatorError(f"can not listen on {host}:{port}: {error.strerror}") from None
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

    def __enter__(self) -> Server:
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

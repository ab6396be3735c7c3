"""What tests need of the machine: HTTP servers that say nothing on the terminal, programs, a disk that is full."""

from __future__ import annotations

import resource
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Quiet:
    """A handler of requests that writes no log."""

    def log_message(self, *_: object) -> None:
        pass


class QuietFiles(Quiet, SimpleHTTPRequestHandler):
    """The files of a folder, without a log."""


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler], host: str = "127.0.0.1") -> Iterator[int]:
    """A server while the block runs, on a port from the system: that."""
    server = ThreadingHTTPServer((host, 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def needed(program: str, package: str = "", *, other: str = "") -> str:
    """Where a program is (else one of an `other` name); without it the test is skipped, and says so."""
    found = shutil.which(program) or (shutil.which(other) if other else None)
    if found is None:
        pytest.skip(f"{program} is not installed (Debian package {package or program})")
    return found


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Within, no file may grow beyond `size` bytes: what a full disk is for a large file."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)

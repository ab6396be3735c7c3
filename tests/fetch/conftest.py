"""Servers, a memory and fetchers for a test; what they are stands in `rawserver`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from support.rawserver import Clock, Memory, Script, Server

from aggregator.config.settings import Network
from aggregator.fetch import Fetcher


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers, and closes them after the test."""
    servers: list[Server] = []

    def start(script: Script, *args: object, **options: object) -> Server:
        servers.append(Server(script, *args, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fetching(memory: Memory, clock: Clock) -> Iterator[Callable[..., Fetcher]]:
    """Makes fetchers that may reach loopback and do not wait between requests, unless told otherwise."""
    fetchers: list[Fetcher] = []

    def make(resolver: object = None, **options: object) -> Fetcher:
        settings = {"allow": ("127.0.0.0/8", "::1"), "per_host_interval_s": 0, "timeout_s": 10, "threads": 4} | options
        extra = {} if resolver is None else {"resolver": resolver}
        fetchers.append(Fetcher(Network(**settings), memory, clock=clock, **extra))
        return fetchers[-1]

    yield make
    for fetcher in fetchers:
        fetcher.close()

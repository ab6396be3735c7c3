"""One file or URL, fetched outside a round for `parse`, `extract` and `add`: the same guard, the same workers."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aggregator.cli.app import Here, clock
from aggregator.config.settings import Network
from aggregator.fetch import Fetcher
from aggregator.models import FetchMemory, HostState, Request, RobotsFile
from aggregator.models.errors import FetchError, StoreError
from aggregator.text.urls import redact

MAX_FILE_BYTES = 64 * 2**20

_HOST = re.compile(r"(?:[a-z0-9-]+\.)+(?!html?$|xml$|json$|jsonl$|rss$|atom$|gz$|txt$)[a-z]{2,}(?:/|$)", re.IGNORECASE)
"""What was meant for a site rather than for a file."""


class Passing:
    """A memory for a few requests that leave no trace: it goes when they are done.

    `behind` is a memory that it begins with and never writes to: a host that rests is left alone by them, too.
    """

    def __init__(self, behind: FetchMemory | None = None) -> None:
        self._behind = behind
        self._hosts: dict[str, HostState] = {}
        self._robots: dict[str, RobotsFile] = {}

    def host(self, host: str) -> HostState | None:
        return self._hosts.get(host) or (self._behind.host(host) if self._behind else None)

    def save_host(self, state: HostState) -> None:
        self._hosts[state.host] = state

    def robots(self, origin: str) -> RobotsFile | None:
        return self._robots.get(origin) or (self._behind.robots(origin) if self._behind else None)

    def save_robots(self, robots: RobotsFile) -> None:
        self._robots[robots.origin] = robots


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes to look at, and where they are from: empty for a file of which nobody said. Its relative links are lost."""

    body: bytes
    url: str
    content_type: str = ""


@contextmanager
def fetching(place: Here | None, network: Network | None = None) -> Iterator[Fetcher]:
    """A fetcher with `network`, else the operator's settings; it knows which hosts rest, and keeps nothing."""
    from aggregator.store import Store

    network = network or (place.config.network if place and place.config_path.exists() else Network())
    with ExitStack() as opened:
        memory: FetchMemory | None = None
        if place and place.database.exists():
            with suppress(StoreError):  # of another version: what it knows of hosts can not be read
                memory = opened.enter_context(Store.read(place.database)).hosts
        yield opened.enter_context(Fetcher(network, Passing(memory), clock=clock))


def read_document(target: str, place: Here, *, accept: str, url: str | None = None, robots: bool = False) -> Document:
    """A file's bytes (gunzipped if need be) or a URL's; with `robots` robots.txt has its say. Raises FetchError."""
    if "://" in target:
        if not target.lower().startswith(("http://", "https://")):
            raise Unreadable(redact(target), "is neither a file nor an http:// or https:// URL")
        with fetching(place) as fetcher:
            response = fetcher.get(Request(target, accept=accept, robots=robots))
        return Document(response.body, url or response.url, response.content_type)
    return read_file(Path(target), url)


class Unreadable(FetchError):
    """A file can not be read; `url` is its path."""

    def __str__(self) -> str:
        return f"{self.url}: {self.message}"


def read_file(path: Path, url: str | None) -> Document:
    """A file as if it had been fetched from `url`. Unreadable when there is none, or nothing in it."""
    try:
        with path.open("rb") as file:
            body = file.read(MAX_FILE_BYTES)
        if body.startswith(b"\x1f\x8b"):
            with gzip.open(path) as packed:
                body = packed.read(MAX_FILE_BYTES)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise Unreadable(str(path), f"can not be read: {_why(path, error)}") from None
    if not body.strip():
        raise Unreadable(str(path), "can not be read: the file is empty")
    return Document(body, url or "")


def _why(path: Path, error: Exception) -> str:
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    if isinstance(error, FileNotFoundError):
        host = _HOST.match(str(path))
        return f"there is no such file{f'; for the site, write https://{path}' if host else ''}"
    return str(getattr(error, "strerror", None) or error)

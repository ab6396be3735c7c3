"""One file or URL, fetched outside a round for `parse`, `extract` and `add`: the same guard, the same workers."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

from aggregator import poll
from aggregator.cli.app import clock
from aggregator.errors import FetchError, ParseError
from aggregator.fetch import Fetcher
from aggregator.models import FetchMemory, HostState, ParsedFeed, Request, Response, RobotsFile
from aggregator.polling import FEED_TYPES, PARSE_TIMEOUT_S
from aggregator.reading import read_feed
from aggregator.settings import Network
from aggregator.urls import http_url
from aggregator.workers import Workers

MAX_FILE_BYTES = 64 * 2**20


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


def read_document(target: str, network: Network | None, *, accept: str, url: str | None = None) -> Document:
    """A file's bytes (gunzipped if need be) or a URL's. Raises FetchError."""
    if target.startswith(("http://", "https://")):
        response = fetch(target, network or Network(), accept)
        return Document(response.body, url or response.url, response.content_type)
    return read_file(Path(target), url)


def read_file(path: Path, url: str | None) -> Document:
    """A file as if it had been fetched from `url`; FetchError when it can not be read."""
    try:
        with path.open("rb") as file:
            body = file.read(MAX_FILE_BYTES)
        if body.startswith(b"\x1f\x8b"):
            with gzip.open(path) as packed:
                body = packed.read(MAX_FILE_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise FetchError(str(path), f"can not be read: {getattr(error, 'strerror', None) or error}") from None
    return Document(body, url or "")


def fetch(url: str, network: Network, accept: str) -> Response:
    """One unconditional request."""
    with Fetcher(network, Passing(), clock=clock) as fetcher:
        return fetcher.get(Request(url, max_bytes=network.max_bytes, accept=accept))


def read_feed_at(url: str, network: Network | None) -> tuple[str, ParsedFeed]:
    """The feed at `url`, or the first good one that the page there names: (its URL, the feed).

    Raises FetchError when nothing answers, ParseError when there is no feed.
    """
    start = http_url(url if "://" in url else f"https://{url}", userinfo=True)
    if not start:
        raise ParseError(url, "is not an http(s) URL")
    document = read_document(start, network, accept=FEED_TYPES)
    with Workers(processes=1) as workers:
        try:
            return start, _parse(workers, document)
        except ParseError as error:
            not_a_feed = error
        links = workers.call(
            poll.discover, document.body, document.url, document.content_type, timeout_s=PARSE_TIMEOUT_S
        )
        for link in links:
            try:
                return link.url, _parse(workers, read_document(link.url, network, accept=FEED_TYPES))
            except (FetchError, ParseError):
                continue
    raise not_a_feed


def _parse(workers: Workers, document: Document) -> ParsedFeed:
    feed: ParsedFeed = workers.call(
        read_feed, document.body, document.url, document.content_type, timeout_s=PARSE_TIMEOUT_S
    )
    return feed

"""What is asked of servers and what comes back, and what must be remembered of hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to ask again with (RFC 9110 section 8.8), byte for byte, never parsed."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to fetch.

    `key` is the caller's own mark, handed back with the answer (a feed id, an article id).
    `max_bytes` caps the decoded body. `robots` says whether robots.txt is asked first (articles and images: yes;
    feeds: no, the operator asked for them). `headers` are extra request headers; they never cross to another host.
    `proxy` is the address of the HTTP proxy that it goes through, in place of the operator's for all.
    With `keep_late` a body that is not through at the deadline is an answer, as far as it came.
    With a `form` it is a POST of these fields: any 2xx is an answer then, and no redirect leads to another origin.
    """

    url: str
    key: int = 0
    validators: Validators = Validators()
    max_bytes: int | None = None
    accept: str = "*/*"
    robots: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    form: tuple[tuple[str, str], ...] | None = None
    keep_late: bool = False
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a redirect chain: the URL (without secrets), the status, the address that was connected to."""

    url: str
    status: int
    address: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """A final answer, 200, 203 or 304, or any 2xx to a form (every other status is a FetchError).

    `url` is where the chain ended; `moved_to` is the URL at the end of an unbroken run of permanent redirects
    (301, 308) from the start, or None. `headers` has lower-case names, repeated ones joined with ", "
    (`x-robots-tag`: with line breaks, since each of its lines may be meant for another).
    `partial` means that the body ended early or could only be decoded in part, `late` that it did so because its time
    was up. Sizes in bytes, times in seconds.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fetched_at: datetime
    partial: bool = False
    moved_to: str | None = None
    hops: tuple[Hop, ...] = ()
    elapsed_s: float = 0.0
    wire_bytes: int = 0
    late: bool = False

    @property
    def validators(self) -> Validators:
        return Validators(self.headers.get("etag"), self.headers.get("last-modified"))

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class HostState:
    """What we remember of one host between runs: not before when, and how often it failed in a row."""

    host: str
    not_before: datetime | None = None
    failures: int = 0
    crawl_delay_s: float | None = None


@dataclass(frozen=True, slots=True)
class RobotsFile:
    """One robots.txt as fetched (RFC 9309). `status` 0 means unreachable. `body` is at most 500 KiB."""

    origin: str
    fetched_at: datetime
    status: int
    body: str


class FetchMemory(Protocol):
    """Where fetch keeps what must survive a restart. Called from many threads."""

    def host(self, host: str) -> HostState | None: ...

    def save_host(self, state: HostState) -> None: ...

    def robots(self, origin: str) -> RobotsFile | None: ...

    def save_robots(self, robots: RobotsFile) -> None: ...

"""One request explained to a person: every hop, where it went, what came back, and what robots.txt says.

Only a value is made here; how it is shown is the caller's matter. What may be secret has been taken out of every text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aggregator.fetch.statuses import in_words
from aggregator.fetch.wire import Answer
from aggregator.models import HostState, Response, Validators
from aggregator.models.errors import FetchError
from aggregator.text.urls import http_url, redact

_CACHING = ("cache-control", "expires", "age", "date", "retry-after", "etag", "last-modified", "vary", "x-robots-tag")
"""Header fields that say when, and whether, to come back."""

_BODY = ("content-type", "content-encoding", "content-length", "transfer-encoding")


@dataclass(frozen=True, slots=True)
class HopReport:
    """One exchange. `spent_s` are seconds by phase, in order; `location` is where it sent us, redacted."""

    url: str
    status: int
    meaning: str
    address: str
    reused: bool
    spent_s: tuple[tuple[str, float], ...]
    caching: tuple[tuple[str, str], ...]
    content: tuple[tuple[str, str], ...]
    location: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What came of one request, and why.

    `failure` is None when it gave a usable answer. `asked_with` are the validators sent, `validators` those received.
    `robots` is None when robots.txt was not asked, or could not be. `host` is what is remembered of the host after
    it, `rest_s` the seconds that it is given a rest, `interval_s` those between two requests to it.
    """

    url: str
    hops: tuple[HopReport, ...]
    asked_with: Validators
    validators: Validators
    failure: FetchError | None
    robots: str | None
    moved_to: str | None
    body_bytes: int
    wire_bytes: int
    partial: bool
    elapsed_s: float
    host: HostState
    rest_s: float
    interval_s: float
    response: Response | None

    @property
    def error(self) -> str | None:
        """What went wrong, in words."""
        return self.failure.message if self.failure else None


def hop_report(answer: Answer) -> HopReport:
    """What is worth showing of one exchange."""
    location = answer.headers.get("location")
    return HopReport(
        url=redact(answer.url),
        status=answer.status,
        meaning=in_words(answer.status),
        address=answer.address,
        reused=answer.reused,
        spent_s=tuple((str(phase), seconds) for phase, seconds in answer.spent.items() if seconds > 0),
        caching=_chosen(answer.headers, _CACHING),
        content=_chosen(answer.headers, _BODY),
        location=redact(http_url(location, answer.url) or location) if location else None,
    )


def _chosen(headers: Mapping[str, str], names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, headers[name].replace("\n", ", ")) for name in names if name in headers)

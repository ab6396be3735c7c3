"""The door to the network: `get` for one request, `each` for many, `explain` for a person.

It puts the parts together: the guard decides where we may go, the wire goes, the budgets of the hosts say when, and the
schedule on which thread. Nothing is parsed, and nothing is retried: what failed is the caller's to try again.

One request explained to a person: every hop, where it went, what came back, and what robots.txt says.

Only a value is made here; how it is shown is the caller's matter. What may be secret has been taken out of every text.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING

from aggregator.fetch.deadline import NoAnswer, Stopped
from aggregator.fetch.guard import AddressGuard
from aggregator.fetch.headers import in_words, retry_after_s
from aggregator.fetch.hosts import OFFLINE_RETRY_S, Hosts
from aggregator.fetch.redirects import CheckedRequest, RedirectChain, place
from aggregator.fetch.robots import Robots
from aggregator.fetch.scheduler import Batch, Schedule, resting
from aggregator.models import FetchMemory, HostState, Request, Response, Validators
from aggregator.models.errors import FetchError, Offline, Refusal, Refused, TimedOut
from aggregator.text.urls import http_url, redact

if TYPE_CHECKING:
    from aggregator.config.settings import Network
    from aggregator.fetch.connection import Resolver
    from aggregator.fetch.exchange import Answer, Exchange, Outgoing

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


LOOK_AHEAD = 2000
"""Requests that `each` takes from its input beyond those that are done: enough hosts to choose from, little memory."""

TICK_S = 0.1
"""Seconds without an outcome after which `stream` gives its caller a turn."""

HELD_BACK_S = 60.0
"""Seconds for which `each` says nothing of hosts that could not be reached. Without a network that may be all of them,
a deadline each: who waits for a sign of life must not wait for the last."""


_END = object()
_NOTHING_YET = (Request(""), FetchError("", ""))


class Fetcher:
    """Fetches, politely and safely. Thread-safe; a context manager.

    `memory` keeps what must survive a restart; `clock` gives the time as aware UTC. `resolver` turns a host and a port
    into addresses (by default the operating system does).
    """

    def __init__(
        self,
        network: Network,
        memory: FetchMemory,
        *,
        clock: Callable[[], datetime],
        resolver: Resolver | None = None,
    ) -> None:
        self._network = network
        self._clock = clock
        self._guard = AddressGuard.allowing(network.allow)
        self._resolver = resolver
        self._wire: Exchange | None = None
        self._making = threading.Lock()
        self._hosts = Hosts(network, memory, clock)
        self._robots = Robots(memory, clock, network.user_agent)
        self._schedule = Schedule(self._hosts, lambda visit: visit.step(self._exchange), network.threads)
        self._closed = False

    def get(self, request: Request) -> Response:
        """One answer (200, or 304 when asked conditionally).

        Waits for the host's spacing, on the caller's thread. Raises FetchError: Refused by the guard, by robots.txt or
        while the host is given a rest (with `retry_after_s`), Offline, TimedOut, TooLarge, or with the status that
        came.
        """
        try:
            return self._drive(self._visit(request))
        except FetchError as error:
            if not error.unreached or not self._hosts.judge():
                raise
            raise _offline(error) from error

    def each(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Response | FetchError]]:
        """Every request with its answer or its error, as they complete, on `network.threads` threads.

        Takes its input as it goes, LOOK_AHEAD requests in advance at most. When the fetcher is closed it ends, and
        what was not done is not mentioned. Hosts that could not be reached come last (or after HELD_BACK_S), when it
        can be told whether it is they or the network (Offline). An error of the memory (StoreError) is raised.
        """
        with closing(self.stream(requests)) as outcomes:
            yield from (done for done in outcomes if done is not None)

    def stream(
        self, requests: Iterable[Request | None]
    ) -> Generator[tuple[Request, Response | FetchError] | None, None, None]:
        """As `each`, for callers that have other work: None comes when nothing has completed for TICK_S.

        The input may give None as well: there is nothing to ask for at the moment, and it is to be asked again later.
        """
        batch, source = self._schedule.open(), iter(requests)
        pending, more = 0, True
        unreached: list[tuple[Request, FetchError]] = []
        held_until = math.inf
        try:
            while more or pending:
                request = next(source, _END) if more and pending < LOOK_AHEAD and batch.done.empty() else None
                more = more and request is not _END
                if isinstance(request, Request):
                    pending += 1
                    self._add(request, batch)
                if request is not None:
                    continue
                done = _outcome(batch)
                if done is None:
                    return
                if done is not _NOTHING_YET:
                    pending -= 1
                    self._schedule.taken(batch, done[1])
                if isinstance(done[1], FetchError) and done[1].unreached:
                    held_until = min(held_until, time.monotonic() + HELD_BACK_S)
                    unreached.append((done[0], done[1]))
                else:
                    yield None if done is _NOTHING_YET else (done[0], done[1])
                if time.monotonic() >= held_until:
                    yield from self._judged(unreached)
                    unreached, held_until = [], math.inf
            yield from self._judged(unreached)
        finally:
            self._schedule.drop(batch)

    def is_slowed(self, url: str) -> bool:
        """Whether the host of `url` asks for longer pauses than we make anyway (Crawl-delay)."""
        return self._hosts.slowed(place(url))

    def _judged(self, unreached: list[tuple[Request, FetchError]]) -> Iterator[tuple[Request, FetchError]]:
        """Requests whose hosts could not be reached, each with its error, or Offline where it is the network."""
        offline = bool(unreached) and self._hosts.judge()
        return ((request, _offline(error) if offline else error) for request, error in unreached)

    def _add(self, request: Request, batch: Batch) -> None:
        try:
            self._schedule.add(self._visit(request), batch)
        except FetchError as error:
            batch.done.put((request, error))

    def explain(self, request: Request) -> Explanation:
        """Make a request once, and say all that can be said about it. Does not raise FetchError: it explains it."""
        visit: CheckedRequest | None = None
        response: Response | None = None
        failure: FetchError | None = None
        try:
            visit = self._visit(request)
            response = self._drive(visit)
        except FetchError as error:
            failure = error
        return self._explained(request, visit, response, failure)

    def _explained(
        self, request: Request, visit: CheckedRequest | None, response: Response | None, failure: FetchError | None
    ) -> Explanation:
        answers = visit.trip.answers if visit else []
        asked_robots = visit is not None and request.robots and self._robots.knows(visit.trip.url)
        where = place(visit.trip.url) if visit else ""
        return Explanation(
            url=redact(request.url),
            hops=tuple(hop_report(answer) for answer in answers),
            asked_with=request.validators,
            validators=response.validators if response else Validators(),
            failure=failure,
            robots=self._robots.said(visit.trip.url) if visit and asked_robots else None,
            moved_to=redact(response.moved_to) if response and response.moved_to else None,
            body_bytes=len(response.body) if response else 0,
            wire_bytes=response.wire_bytes if response else 0,
            partial=bool(response and response.partial),
            elapsed_s=sum(answer.elapsed_s for answer in answers),
            host=self._hosts.state(where),
            rest_s=self._hosts.rest_s(where),
            interval_s=self._hosts.interval_s(where),
            response=response,
        )

    def _visit(self, request: Request) -> CheckedRequest:
        return CheckedRequest(self._trip(request), self._hosts, self._robots, self._trip)

    def _trip(self, request: Request, *, cut: bool = False) -> RedirectChain:
        return RedirectChain(
            request,
            self._guard,
            seconds=self._network.timeout_s,
            max_bytes=request.max_bytes or self._network.max_bytes,
            clock=self._clock,
            cut=cut,
            proxy=self._network.proxy,
        )

    def _drive(self, visit: CheckedRequest) -> Response:
        """A visit to its end on this thread, waiting for each host's budget."""

        def blocked() -> bool:
            if self._closed:
                raise Stopped(visit.shown, "given up: the program is stopping")
            return visit.blocked()

        try:
            while True:
                visit.prepare()
                where = visit.place
                rest = self._hosts.begin(where, blocked)
                if rest > 0:
                    raise Refused(visit.shown, resting(where), Refusal.RESTING, retry_after_s=rest)
                try:
                    response = visit.step(self._exchange)
                finally:
                    self._hosts.end(where)
                if response is not None:
                    return response
        finally:
            visit.abandon()

    def _opened_wire(self) -> Exchange:
        """What exchanges bytes; made for the first request, since what it needs takes long to load."""
        from aggregator.fetch.connection import Connector, system_resolver
        from aggregator.fetch.exchange import Exchange

        with self._making:
            if self._wire is None:
                self._wire = Exchange(
                    Connector(self._guard, self._resolver or system_resolver),
                    user_agent=self._network.user_agent,
                    threads=self._network.threads,
                    per_host=self._network.per_host_connections,
                )
                if self._closed:
                    self._wire.close()
            return self._wire

    def _exchange(self, outgoing: Outgoing) -> Answer:
        """One exchange, and what it tells about the host."""
        where = place(outgoing.url)
        begun = time.monotonic()
        try:
            answer = self._opened_wire().exchange(outgoing)
        except (TimedOut, NoAnswer) as error:
            timed_out = isinstance(error, TimedOut)
            self._hosts.silent(where, since=begun, timed_out=timed_out, unreached=error.unreached)
            raise
        if answer.body.late:
            self._hosts.silent(where, since=begun, timed_out=True, unreached=False)
            return answer
        self._hosts.answered(where, answer.status, retry_after_s(answer.headers, self._clock()))
        return answer

    def close(self) -> None:
        """End every request under way and every `each`, at once. May be called twice, and from any thread."""
        self._closed = True
        self._schedule.stop()
        with self._making:
            if self._wire is not None:
                self._wire.close()
        self._schedule.join()
        self._hosts.freed("")

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _outcome(batch: Batch) -> tuple[Request, Response | FetchError] | None:
    """What has completed next; _NOTHING_YET after TICK_S, None when nothing more comes. Raises errors of the memory."""
    try:
        done = batch.done.get(timeout=TICK_S)
    except queue.Empty:
        return _NOTHING_YET
    if done is None:
        return None
    request, outcome = done
    if not isinstance(outcome, Response | FetchError):
        raise outcome
    return request, outcome


def _offline(error: FetchError) -> Offline:
    why = f"the network seems to be down ({error.message})"
    return Offline(error.url, why, Refusal.OFFLINE, retry_after_s=OFFLINE_RETRY_S)

"""One request on its way: hop by hop, until there is an answer.

A trip does one exchange a step and then stands at the next host, so that whoever drives it can ask that host's budget
before each. Credentials and extra headers stay on the origin they were given for; cookies that a server sets live for
this request, on its host. The guard is asked at every hop.

A trip that asks robots.txt at every origin it comes to, before it goes on.

Fetching robots.txt is a trip of its own, done step by step like any other, by the first visit that needs the file;
the others that need it wait (`blocked`) without holding a thread.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from aggregator.fetch.cookies import CookieJar
from aggregator.fetch.deadline import Stopped
from aggregator.fetch.headers import PERMANENT, REDIRECTS, WHOLE, in_words, retry_after_s
from aggregator.models import Hop, Request, Response
from aggregator.models.errors import FetchError, Refusal, Refused, TimedOut, TooLarge
from aggregator.text.urls import http_url, redact

if TYPE_CHECKING:
    from aggregator.fetch.exchange import Answer, Outgoing
    from aggregator.fetch.guard import AddressGuard
    from aggregator.fetch.hosts import Hosts
    from aggregator.fetch.robots import Robots

MAX_HOPS = 5
"""Redirects that are followed for one request (browsers follow 20; a feed that needs more is broken)."""


KEEP_METHOD = frozenset({307, 308})
"""Redirects after which a POST stays a POST (RFC 9110 sections 15.4.8 and 15.4.9)."""


Exchanging = Callable[["Outgoing"], "Answer"]
"""See Wire.exchange."""


class TripMaker(Protocol):
    """Makes a trip with the settings in force; `cut` as in Outgoing."""

    def __call__(self, request: Request, *, cut: bool = False) -> RedirectChain: ...


class RedirectChain:
    """A request, where it stands, and what it has left of its time (`seconds`, all exchanges together).

    `place` is the host whose budget the next step needs. `answers` are the exchanges so far.
    """

    def __init__(
        self,
        request: Request,
        guard: AddressGuard,
        *,
        seconds: float,
        max_bytes: int,
        clock: Callable[[], datetime],
        cut: bool = False,
        proxy: str | None = None,
    ) -> None:
        self.request = request
        self._proxy = request.proxy or proxy
        self.answers: list[Answer] = []
        self._guard = guard
        self._clock = clock
        self._seconds = self._left_s = seconds
        self._max_bytes = max_bytes
        self._form = None if request.form is None else urlencode(request.form).encode("ascii")
        self._cut = cut or self._form is not None
        self._url, self._credentials = _without_credentials(guard.url(request.url))
        self._origin = _origin(self._url)
        self._at_home = True
        self._permanent = True
        self._moved_to: str | None = None
        self._cookies = CookieJar()
        self._asked: set[tuple[str, str]] = set()

    @property
    def url(self) -> str:
        """Where the next step goes; without credentials."""
        return self._url

    @property
    def place(self) -> str:
        return place(self._url)

    def step(self, exchange: Exchanging) -> Response | None:
        """One exchange; the final answer, or None when it goes on at `place`. Raises the tree of FetchError."""
        if self._left_s <= 0:
            raise TimedOut(self.shown, f"not done after {self._seconds:.3g} s (redirects included)")
        from aggregator.fetch.exchange import Outgoing

        sent = self._cookies.header(self._url)
        answer = exchange(
            Outgoing(
                self._url,
                self._headers(),
                seconds=self._left_s,
                max_bytes=self._max_bytes,
                cut=self._cut,
                keep_late=self.request.keep_late,
                body=self._form,
                proxy=self._proxy,
            )
        )
        self._left_s -= answer.elapsed_s
        self.answers.append(answer)
        self._cookies.take(answer.url, answer.headers.get("set-cookie", ""))
        if answer.status in REDIRECTS and "location" in answer.headers:
            self._follow(answer, sent)
            return None
        return self._final(answer)

    @property
    def shown(self) -> str:
        """The URL that was asked for, fit to be printed."""
        return redact(self.request.url)

    @property
    def hops(self) -> tuple[Hop, ...]:
        return tuple(Hop(redact(answer.url), answer.status, answer.address) for answer in self.answers)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": self.request.accept}
        validators = self.request.validators
        if validators.etag is not None:
            headers["If-None-Match"] = validators.etag
        if validators.last_modified is not None:
            headers["If-Modified-Since"] = validators.last_modified
        if self._form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if self._at_home:
            headers |= self.request.headers
            if self._credentials:
                headers["Authorization"] = _basic(self._credentials)
        if cookies := self._cookies.header(self._url, headers.get("Cookie", "")):
            headers["Cookie"] = cookies
        return headers

    def _follow(self, answer: Answer, sent: str) -> None:
        """Go on to where the answer leads, which came to a request with these cookies."""
        if len(self.answers) > MAX_HOPS:
            raise TooLarge(self.shown, f"more than {MAX_HOPS} redirects", status=answer.status)
        location = _as_utf8(answer.headers["location"])
        target = http_url(location, self._url)
        if target is None:
            raise Refused(
                self.shown, f"redirected to what is no http(s) URL: {redact(location)[:200]}", status=answer.status
            )
        try:
            target = self._guard.url(_without_credentials(target)[0])
        except Refused as error:
            why = f"redirected to {error.url}: {error.message}"
            raise Refused(self.shown, why, error.kind, status=answer.status) from error
        self._asked.add((answer.url, sent))
        if (target, self._cookies.header(target)) in self._asked:
            raise TooLarge(self.shown, "redirected in a circle", status=answer.status)
        if self._form is not None and (answer.status not in KEEP_METHOD or _origin(target) != self._origin):
            # Anything else would turn it into a GET, or hand what we say to somebody whom we did not mean.
            raise Refused(self.shown, f"redirected to {redact(target)}, where a form is not sent", status=answer.status)
        # Once away, the way back does not count: whoever sent us there chose the URL (RFC 9110 section 15.4).
        self._at_home = self._at_home and _origin(target) == self._origin
        self._permanent = self._permanent and answer.status in PERMANENT
        self._url = target
        if self._permanent:
            self._moved_to = _with_credentials(target, self._credentials if self._at_home else "")

    def _final(self, answer: Answer) -> Response:
        asked = self.request.validators.etag is not None or self.request.validators.last_modified is not None
        if answer.status == 304 and not asked:
            raise FetchError(self.shown, "304 Not Modified to a request that asked for the whole", status=304)
        if answer.status not in {*WHOLE, 304} and not (self._form is not None and 200 <= answer.status < 300):
            raise FetchError(
                self.shown,
                in_words(answer.status) + (f": {answer.barrier}" if answer.barrier else ""),
                status=answer.status,
                retry_after_s=retry_after_s(answer.headers, self._clock()),
                barrier=answer.barrier,
            )
        return Response(
            url=answer.url,
            status=answer.status,
            headers=answer.headers,
            body=answer.body.data,
            fetched_at=self._clock(),
            partial=answer.body.partial,
            moved_to=self._moved_to,
            hops=self.hops,
            elapsed_s=sum(each.elapsed_s for each in self.answers),
            wire_bytes=answer.body.wire_bytes,
            late=answer.body.late,
        )


def place(url: str) -> str:
    """Whose politeness budget a request to `url` uses: its host; with the port where that is not the default one."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    return host if parts.port is None else f"{host}:{parts.port}"


def _origin(url: str) -> tuple[str, str]:
    return urlsplit(url).scheme, place(url)


def _without_credentials(url: str) -> tuple[str, str]:
    """`url` without credentials and fragment, and the credentials as they stood there (`user:password`, or empty)."""
    parts = urlsplit(url)
    credentials, _, netloc = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, "")), credentials


def _with_credentials(url: str, credentials: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{credentials}@{parts.netloc}")) if credentials else url


def _basic(credentials: str) -> str:
    """RFC 7617, with the charset that every server of today expects."""
    user, _, password = credentials.partition(":")
    plain = f"{unquote(user)}:{unquote(password)}".encode()
    return "Basic " + base64.b64encode(plain).decode("ascii")


def _as_utf8(value: str) -> str:
    """A header value as UTF-8 where it is, since that is what servers put into Location besides ASCII."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


class CheckedRequest:
    """One request under way, with or without robots.txt. `place` is the host whose budget the next step needs."""

    def __init__(self, trip: RedirectChain, hosts: Hosts, robots: Robots, new_trip: TripMaker) -> None:
        self.trip = trip
        self._hosts = hosts
        self._robots = robots
        self._new_trip = new_trip
        self._asked_for: str | None = None
        self._asking: RedirectChain | None = None

    @property
    def place(self) -> str:
        return self._asking.place if self._asking else self.trip.place

    @property
    def shown(self) -> str:
        return self.trip.shown

    def prepare(self) -> None:
        """Read from memory what `blocked` and the budget need to know. To be called where waiting does no harm."""
        self._hosts.prepare(self.place)
        if self.trip.request.robots:
            self._robots.prepare(self.trip.url)

    def blocked(self) -> bool:
        """Whether another visit is fetching the robots.txt that this one needs; if none is, this one will."""
        if not self.trip.request.robots or self._asked_for or self._robots.fresh(self.trip.url):
            return False
        if not self._robots.claim(self.trip.url):
            return True
        self._asked_for = self.trip.url
        return False

    def step(self, exchange: Exchanging) -> Response | None:
        """One exchange, once neither `blocked` nor the budget forbids it: see Trip.step. Refused by robots.txt."""
        if not self.trip.request.robots:
            return self.trip.step(exchange)
        if self._asked_for:
            self._asking = self._asking or self._new_trip(
                replace(self._robots.request(self._asked_for), proxy=self.trip.request.proxy), cut=True
            )
            self._ask(self._asking, self._asked_for, exchange)
            return None
        verdict = self._robots.verdict(self.trip.url)
        if not verdict.allows:
            failed = verdict is verdict.UNREACHABLE
            wait = self._robots.retry_s(self.trip.url) if failed else None
            why = self._robots.why(self.trip.url) if failed else ""
            raise Refused(
                self.shown, f"robots.txt of {self.trip.place} {verdict}{why}", Refusal.ROBOTS, retry_after_s=wait
            )
        return self.trip.step(exchange)

    def _ask(self, asking: RedirectChain, url: str, exchange: Exchanging) -> None:
        outcome: Response | FetchError | None
        try:
            outcome = asking.step(exchange)
        except Stopped:
            raise
        except FetchError as error:
            lost = error.unreached and self._hosts.offline
            if (isinstance(error, Refused) or lost) and not asking.answers:
                self.abandon()  # the host of the page itself may not, or cannot, be reached: that is the news
                told = copy(error)
                told.url, told.unreached = self.shown, error.unreached
                raise told from error
            outcome = error
        if outcome is not None:
            self._hosts.crawl_delay(place(url), self._robots.delay_s(url, outcome))
            self._robots.learn(url, outcome)
            self.abandon()

    def abandon(self) -> None:
        """Leave it to others to fetch the robots.txt that this visit was about to fetch."""
        if self._asked_for:
            url, self._asked_for, self._asking = self._asked_for, None, None
            self._robots.release(url)
            self._hosts.freed(place(url))

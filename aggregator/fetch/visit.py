"""A trip that asks robots.txt at every origin it comes to, before it goes on.

Fetching robots.txt is a trip of its own, done step by step like any other, by the first visit that needs the file;
the others that need it wait (`blocked`) without holding a thread.
"""

from __future__ import annotations

from aggregator.fetch.calls import Stopped
from aggregator.fetch.hosts import Hosts
from aggregator.fetch.robots import Robots
from aggregator.fetch.trip import Exchange, Trip, TripMaker, place
from aggregator.models import Response
from aggregator.models.errors import FetchError, Refused


class Visit:
    """One request under way, with or without robots.txt. `place` is the host whose budget the next step needs."""

    def __init__(self, trip: Trip, hosts: Hosts, robots: Robots, new_trip: TripMaker) -> None:
        self.trip = trip
        self._hosts = hosts
        self._robots = robots
        self._new_trip = new_trip
        self._asked_for: str | None = None
        self._asking: Trip | None = None

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

    def step(self, exchange: Exchange) -> Response | None:
        """One exchange, once neither `blocked` nor the budget forbids it: see Trip.step. Refused by robots.txt."""
        if not self.trip.request.robots:
            return self.trip.step(exchange)
        if self._asked_for:
            self._asking = self._asking or self._new_trip(self._robots.request(self._asked_for), cut=True)
            self._ask(self._asking, self._asked_for, exchange)
            return None
        verdict = self._robots.verdict(self.trip.url)
        if not verdict.allows:
            failed = verdict is verdict.UNREACHABLE
            wait = self._robots.retry_s(self.trip.url) if failed else None
            why = self._robots.why(self.trip.url) if failed else ""
            raise Refused(self.shown, f"robots.txt of {self.trip.place} {verdict}{why}", retry_after_s=wait)
        return self.trip.step(exchange)

    def _ask(self, asking: Trip, url: str, exchange: Exchange) -> None:
        outcome: Response | FetchError | None
        try:
            outcome = asking.step(exchange)
        except Stopped:
            raise
        except FetchError as error:
            lost = error.unreached and self._hosts.offline
            if (isinstance(error, Refused) or lost) and not asking.answers:
                self.abandon()  # the host of the page itself may not, or can not, be reached: that is the news
                told = type(error)(self.shown, error.message)
                told.unreached = error.unreached
                raise told from error
            outcome = error
        if outcome is not None:
            self._hosts.crawl_delay(place(url), self._robots.learn(url, outcome))
            self.abandon()

    def abandon(self) -> None:
        """Leave it to others to fetch the robots.txt that this visit was about to fetch."""
        if self._asked_for:
            url, self._asked_for, self._asking = self._asked_for, None, None
            self._robots.release(url)
            self._hosts.freed(place(url))

"""robots.txt: may this URL be fetched? RFC 9309, with Protego reading the rules.

A file holds for 24 hours. None (4xx) allows everything; one that cannot be had (5xx, 429, no answer) forbids
everything for a while, unless an older copy is there to go by. Files are kept through FetchMemory. Nothing is fetched
here: whoever drives a visit does, through the same client, guard and budget as everything else.
"""

from __future__ import annotations

import functools
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from protego import Protego

from aggregator.models import FetchMemory, Request, Response, RobotsFile
from aggregator.models.errors import FetchError, TooLarge

MAX_BYTES = 500 * 1024
"""What a crawler must read at least (RFC 9309 section 2.5); the rest is left."""

FRESH = timedelta(hours=24)
"""How long a file holds (RFC 9309 section 2.4)."""

UNREACHABLE = timedelta(minutes=30)
"""How long nothing is fetched from an origin whose file could not be had, before it is asked for again."""

_UNREACHABLE_STATUS = 0

_GROUP_LINE = re.compile(r"\s*user[- ]?agent\s*(?::|\s)\s*(\*(?!\S)|[\w-]*)", re.IGNORECASE)
_OTHERS = "(others)"

_RECENT = 32
"""Files kept at hand besides those in memory."""

_FORGET_ABOVE = 8192
"""Origins whose time is kept at hand; above it all are forgotten, and read from memory again when needed."""


class RobotsVerdict(StrEnum):
    """What robots.txt says, in words that follow `robots.txt ...`."""

    ALLOWED = "allows it"
    NONE = "does not exist, so everything is allowed"
    DISALLOWED = "does not allow it"
    UNREACHABLE = "cannot be had, so nothing is allowed for now"

    @property
    def allows(self) -> bool:
        return self in (RobotsVerdict.ALLOWED, RobotsVerdict.NONE)


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """The part of a robots.txt that concerns us."""

    protego: Protego
    agent: str

    def allow(self, url: str) -> bool:
        return bool(self.protego.can_fetch(url, self.agent))

    def delay_s(self) -> float | None:
        """Seconds between requests: Crawl-delay, or what Request-rate comes to."""
        delay = self.protego.crawl_delay(self.agent)
        rate = self.protego.request_rate(self.agent)
        return float(delay) if delay is not None else rate.seconds / rate.requests if rate else None


@functools.lru_cache(maxsize=4)
def read_rules(body: str, agent: str) -> RobotsRules:
    """The rules of one file for the product token `agent`. Never raises: what cannot be understood is no rule."""
    return RobotsRules(Protego.parse(_narrowed(body, agent)), agent)


def _narrowed(body: str, agent: str) -> str:
    """`body` with one name for all the others whom its groups are for.

    Protego keeps the rules of a group once for each of its names: 500 KiB of both become more than 1 GB. It also takes
    the beginning of our name for our name, where RFC 9309 section 2.2.1 wants all of it.
    """
    lines: list[str] = []
    for line in body.splitlines():
        group = _GROUP_LINE.match(line)
        if group:
            name = group[1].lower()
            line = f"User-agent: {name if name in (agent, '*') else _OTHERS}"  # noqa: PLW2901 -- mended on its way
        if not group or not lines or lines[-1] != line:
            lines.append(line)
    return "\n".join(lines)


def product_token(user_agent: str) -> str:
    """The name that robots.txt calls us by: the first product of the user agent (RFC 9309 section 2.2.1)."""
    return user_agent.split("/", maxsplit=1)[0].split(" ", maxsplit=1)[0].lower()


def origin(url: str) -> str:
    """`https://example.org`: what one robots.txt holds for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class Robots:
    """What is known of robots.txt files, by origin. Thread-safe."""

    def __init__(self, memory: FetchMemory, clock: Callable[[], datetime], user_agent: str) -> None:
        self._memory = memory
        self._clock = clock
        self._agent = product_token(user_agent)
        self._until: dict[str, datetime] = {}
        self._why: dict[str, str] = {}
        self._recent: OrderedDict[str, RobotsFile] = OrderedDict()
        self._claimed: set[str] = set()
        self._lock = threading.Lock()

    def prepare(self, url: str) -> None:
        """Find out from memory how long the file for `url` holds, if there is one."""
        where = origin(url)
        if len(self._until) > _FORGET_ABOVE:
            self._until.clear()
            self._why.clear()
        if where not in self._until and (file := self._memory.robots(where)) is not None:
            self._until.setdefault(where, file.fetched_at + (FRESH if _had(file) else UNREACHABLE))

    def fresh(self, url: str) -> bool:
        """Whether the file for `url` still holds. Asks no database (see `prepare`)."""
        until = self._until.get(origin(url))
        # A time far in the future was written by a clock that was wrong.
        return until is not None and self._clock() < until <= self._clock() + FRESH

    def claim(self, url: str) -> bool:
        """True for one caller, who is to fetch the file and then `release`; False while another does."""
        with self._lock:
            where = origin(url)
            if where in self._claimed:
                return False
            self._claimed.add(where)
            return True

    def release(self, url: str) -> None:
        with self._lock:
            self._claimed.discard(origin(url))

    def knows(self, url: str) -> bool:
        """Whether the file for `url` was ever asked for."""
        return self._file(origin(url)) is not None

    def verdict(self, url: str) -> RobotsVerdict:
        """What the file for `url` says, as far as it was ever read."""
        file = self._file(origin(url))
        if file is None or not _had(file):
            return RobotsVerdict.UNREACHABLE
        if file.status != 200:
            return RobotsVerdict.NONE
        return RobotsVerdict.ALLOWED if read_rules(file.body, self._agent).allow(url) else RobotsVerdict.DISALLOWED

    def _file(self, where: str) -> RobotsFile | None:
        with self._lock:
            recent = self._recent.get(where)
        return recent or self._memory.robots(where)

    def _keep(self, file: RobotsFile) -> None:
        with self._lock:
            self._recent[file.origin] = file
            self._recent.move_to_end(file.origin)
            if len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
        self._memory.save_robots(file)

    def said(self, url: str) -> str:
        """The verdict as a sentence, with the reason where there is one."""
        return f"robots.txt {self.verdict(url)}{self.why(url)}"

    def why(self, url: str) -> str:
        """Why the file for `url` could not be had at the last try of this process, in brackets; empty: not known."""
        reason = self._why.get(origin(url))
        return f" ({reason})" if reason else ""

    def retry_s(self, url: str) -> float:
        """Seconds until the file for `url` is asked for again."""
        until = self._until.get(origin(url))
        return max((until - self._clock()).total_seconds(), 0.0) if until else 0.0

    @staticmethod
    def request(url: str) -> Request:
        """What to fetch for the origin of `url`."""
        return Request(f"{origin(url)}/robots.txt", max_bytes=MAX_BYTES, accept="text/plain,*/*;q=0.1")

    def delay_s(self, url: str, outcome: Response | FetchError) -> float | None:
        """The seconds between requests that the file for `url` asks for, by what came of fetching it; or None."""
        file: RobotsFile | None = RobotsFile(origin(url), self._clock(), *_status_and_body(outcome))
        if file is not None and not _had(file):
            file = self._file(origin(url))
        return read_rules(file.body, self._agent).delay_s() if file is not None and file.status == 200 else None

    def learn(self, url: str, outcome: Response | FetchError) -> None:
        """Keep what came of fetching the file for `url`. Others go by it at once: its delay is to be known before."""
        where, now = origin(url), self._clock()
        file = RobotsFile(where, now, *_status_and_body(outcome))
        if _had(file):
            self._until[where] = now + FRESH
            self._keep(file)
            return
        self._until[where] = now + UNREACHABLE
        self._why[where] = outcome.message if isinstance(outcome, FetchError) else ""
        known = self._file(where)
        if known is None or not _had(known):
            self._keep(file)


def _had(file: RobotsFile) -> bool:
    """Whether we know what the site wants: there is a file, or there is none."""
    return file.status == 200 or (400 <= file.status < 500 and file.status != 429)


def _status_and_body(outcome: Response | FetchError) -> tuple[int, str]:
    if isinstance(outcome, Response):
        return outcome.status, outcome.body.decode("utf-8", "replace").removeprefix("\ufeff").replace("\x00", "")
    if isinstance(outcome, TooLarge):
        return 404, ""  # more redirects than are followed: as if there were none (RFC 9309 section 2.3.1.2)
    if outcome.status is not None and 200 <= outcome.status < 300:
        return 200, ""  # an answer without a file, such as 204: any 2xx is a success (RFC 9309 section 2.3.1.1)
    return outcome.status or _UNREACHABLE_STATUS, ""

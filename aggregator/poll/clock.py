"""Is this machine's clock years ahead? The servers say what time it is, each with its answer (`Date`; RFC 9110, 6.6.1).

A post that is stamped in the future stands above all that comes for years, and stamps are never taken back: so nothing
is stored or stamped as long as most servers disagree. One that is wrong itself is outvoted. Pure: what time it is
here, the caller says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import median_low

from aggregator.text.dates import http_date
from aggregator.text.urls import host_of

AHEAD = timedelta(days=365)
"""Below this a wrong clock does no lasting harm, and an answer out of a cache, or a server that nobody tends, is not
rarely so old."""

SLACK = timedelta(days=1)
"""Within this, servers agree."""


class ServerTimes:
    """What the servers that answered in a round say of the time.

    `past`: a moment that has certainly passed, since something was stamped then; None: nothing was.
    """

    def __init__(self, past: datetime | None) -> None:
        self._past = past
        self._stated: dict[str, tuple[datetime, timedelta]] = {}

    def add(self, url: str, headers: Mapping[str, str], now: datetime) -> None:
        """Note the time that an answer states."""
        stated = http_date(headers.get("date", ""))
        if stated is not None:
            self._stated[host_of(url)] = stated, now - stated

    @property
    def ahead(self) -> timedelta | None:
        """By how much the clock is ahead of most servers; None where that is not much, or they do not agree."""
        found = [ahead for _, ahead in self._stated.values()]
        if not found:
            return None
        usual = median_low(found)
        agreeing = sum(abs(ahead - usual) < SLACK for ahead in found)
        if usual <= AHEAD or agreeing * 2 <= len(found):
            return None
        if len(found) == 1 and self._past is not None and next(iter(self._stated.values()))[0] < self._past - SLACK:
            return None  # one server alone, and it says a time that has passed: it is wrong itself
        return usual

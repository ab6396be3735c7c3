"""Whether the network itself seems to be down: nearly all hosts that were well can no more be reached, all at once.

Every request tells: an answer, of whatever status, or that nobody was there. One host that can not be reached is that
host's failure; all of them within minutes are ours, and must cost no feed a failure and no host a rest. It is a guess
about the network, made from what happened; nothing is asked to find out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

LEAST_HOSTS = 3
"""Hosts that must be out of reach; with fewer, nobody can tell their failure from ours."""

SHARE = 0.9
"""Share of all hosts asked lately that must be out of reach: one in ten may be a host of the own network."""

LATELY = timedelta(minutes=10)
"""How long what a host did counts. Longer than OFFLINE_RETRY_S, so that an outage is remembered between two tries."""

OFFLINE_RETRY_S = 300.0
"""Seconds after which what could not be reached for that reason is asked for again."""


class Reach:
    """What the hosts that were asked lately did. Not thread-safe: the budgets' lock guards it (see `Hosts`)."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[datetime, bool]] = {}

    def met(self, place: str, now: datetime) -> None:
        """`place` answered."""
        self._last[place] = now, True

    def lost(self, place: str, now: datetime, *, was_well: bool) -> None:
        """`place` could not be reached. One that failed before says nothing about the network."""
        if was_well:
            self._last[place] = now, False

    def down(self, now: datetime) -> bool:
        """Whether the network seems to be down."""
        # A clock that was set back leaves times in the future: they are not lately either.
        self._last = {place: seen for place, seen in self._last.items() if abs(now - seen[0]) <= LATELY}
        lost = sum(1 for _ in self.out_of_reach())
        return lost >= LEAST_HOSTS and lost >= SHARE * len(self._last)

    def out_of_reach(self) -> Iterator[str]:
        """The hosts that could not be reached lately."""
        return (place for place, (_, met) in self._last.items() if not met)

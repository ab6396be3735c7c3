"""Which of a few dozen articles belong together, by the scores of their pairs: average link, measured by cohesion.

Two groups become one when the average score between them is a good part of the average score within them. That makes
one threshold do for terse and for wordy articles, and keeps two like events apart (each is closer to itself than to the
other), which no fixed score would. Groups of one or two have no cohesion of their own yet: they borrow the usual one.

The order of the articles does not matter; ties are broken by their ids.

This runs once for nearly every new article, so the scores are rows of numbers, and one merge is a few operations on two
of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

USUAL = 0.15
"""The average score within a story, before anything is known of it."""

BORROWED = 4.0
"""How many pairs' worth of `USUAL` a group's own cohesion is mixed with."""

JOIN = 0.55
"""The part of the cohesion that the average score between two groups must reach."""

ALONE = JOIN * USUAL
"""The score that two articles need which are in no story with others yet."""

Scores = Mapping[str, Mapping[str, float]]

Companions = Mapping[str, AbstractSet[str]]
"""Articles, and those that an operator has put beside them, or away from them; each pair both ways."""

_NONE: Companions = {}


DIGITS = 6
"""Digits of a strength that count."""

_UNIT = 10.0**DIGITS
_ENOUGH = round(JOIN * _UNIT)

Rows = NDArray[np.float64]


class _Groups:
    """Articles that are together, a group a place: the sums of their scores within and between, and the strengths of
    their ties in units of the last digit that counts (0 where two are not to become one).

    Of a group that was taken into another nothing is left but zeros. The other one keeps its place, and goes by a new
    number.
    """

    def __init__(self, members: list[list[str]], scores: Scores, away: Companions) -> None:
        within, self.between = _sums(members, scores)
        self.members = members
        self.within = within
        self.sizes = np.array([len(some) for some in members], np.float64)
        self.cohesion = np.array([cohesion(sum_, len(some)) for sum_, some in zip(within, members, strict=True)])
        self.numbers = np.arange(len(members))
        self.merges = len(members)
        self.apart = _apart(members, away)
        pairs = self.sizes * self.sizes[:, None]
        self.strengths = _counted(self.between / pairs / ((self.cohesion + self.cohesion[:, None]) / 2))
        np.fill_diagonal(self.strengths, 0.0)
        for a, b in self.apart:
            self.strengths[a, b] = self.strengths[b, a] = 0.0

    def closest(self) -> tuple[int, int] | None:
        """The places of the two groups that are tied most strongly, of equals those that came first; None: none are."""
        numbers, many = self.numbers, len(self.numbers)
        if not many:
            return None
        first = int(self.strengths.argmax())
        most = self.strengths.flat[first]
        if not most:
            return None
        same = np.flatnonzero(self.strengths == most)  # each pair both ways
        if len(same) > 2:
            ones, others = np.divmod(same, many)
            first = int(same[(numbers[ones] * (2 * many) + numbers[others]).argmin()])
        one, other = divmod(first, many)
        return (one, other) if numbers[one] < numbers[other] else (other, one)

    def merge(self, place: int, taken: int) -> None:
        """Put the group at `taken` into the one at `place`."""
        row, other = self.between[place], self.between[taken]
        self.within[place] = self.within[place] + self.within[taken] + float(row[taken])
        self.members[place] += self.members[taken]
        self.members[taken] = []
        many = len(self.members[place])
        own = cohesion(self.within[place], many)
        self.sizes[place], self.cohesion[place] = many, own
        self.merges += 1
        self.numbers[place] = self.merges
        row += other
        row[place] = row[taken] = 0.0
        other[:] = self.between[:, taken] = 0.0
        self.between[:, place] = row
        strengths = _counted(row / (many * self.sizes) / ((own + self.cohesion) / 2))
        if self.apart:
            self.apart = {(place if a == taken else a, place if b == taken else b) for a, b in self.apart}
            strengths[[b for a, b in self.apart if a == place]] = 0.0
        self.strengths[place] = self.strengths[:, place] = strengths
        self.strengths[taken] = self.strengths[:, taken] = 0.0


def agglomerate(
    items: Iterable[str], scores: Scores, together: Companions = _NONE, away: Companions = _NONE
) -> tuple[tuple[str, ...], ...]:
    """The partition of `items`; `scores` holds each pair both ways (absent: 0). Groups and members are sorted."""
    groups = _Groups(_bundles(sorted(items), together), scores, away)
    while (pair := groups.closest()) is not None:
        groups.merge(*pair)
    return tuple(sorted(tuple(sorted(some)) for some in groups.members if some))


def cohesion(within: float, size: int) -> float:
    """The average score within a group of `size` articles, given the sum; small groups lean on the usual one."""
    return (within + BORROWED * USUAL) / (size * (size - 1) / 2 + BORROWED)


def tie(between: float, pairs: int, one: float, other: float) -> float:
    """The average of `pairs` scores that sum up to `between`, as a part of the mean of two cohesions."""
    return round(between / pairs / ((one + other) / 2), DIGITS)


def _counted(strengths: Rows) -> Rows:
    """Strengths in units of their last digit; those that are not enough for two groups to become one are nothing."""
    found = np.rint(strengths * _UNIT)
    found[found < _ENOUGH] = 0.0
    return found


def _sums(members: Sequence[Sequence[str]], scores: Scores) -> tuple[list[float], Rows]:
    """The sums of the scores within each group, and between any two of them."""
    if all(len(some) == 1 for some in members):
        items = [item for (item,) in members]
        rows = (scores.get(item, {}).get for item in items)
        return [0.0] * len(items), np.array([[get(other, 0.0) for other in items] for get in rows], ndmin=2)
    place_of = {item: place for place, some in enumerate(members) for item in some}
    within, between = [0.0] * len(members), np.zeros((len(members), len(members)))
    for item in sorted(place_of):
        a = place_of[item]
        for other, value in scores.get(item, {}).items():
            if item < other and (b := place_of.get(other)) is not None:
                if a == b:
                    within[a] += value
                else:
                    between[a, b] = between[b, a] = between[a, b] + value
    return within, between


def _bundles(items: Sequence[str], together: Companions) -> list[list[str]]:
    root = {item: item for item in items}

    def find(item: str) -> str:
        while root[item] != item:
            item = root[item]
        return item

    for item in items:
        for other in sorted(together.get(item, ())):
            if other in root:
                first, second = sorted((find(item), find(other)))
                root[second] = first
    bundles: dict[str, list[str]] = {}
    for item in items:
        bundles.setdefault(find(item), []).append(item)
    return list(bundles.values())


def _apart(members: Sequence[Sequence[str]], away: Companions) -> set[tuple[int, int]]:
    """The groups that an operator wants apart, each pair both ways."""
    place_of = {item: place for place, some in enumerate(members) for item in some} if away else {}
    pairs = ((place_of[a], place_of[b]) for a in place_of for b in away.get(a, ()) if b in place_of)
    return {each for a, b in pairs if a != b for each in ((a, b), (b, a))}

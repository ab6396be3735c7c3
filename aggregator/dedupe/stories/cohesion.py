"""Which of a few dozen articles belong together, by the scores of their pairs: average link, measured by cohesion.

Two groups become one when the average score between them is a good part of the average score within them. That makes
one threshold do for terse and for wordy articles, and keeps two like events apart (each is closer to itself than to the
other), which no fixed score would. Groups of one or two have no cohesion of their own yet: they borrow the usual one.

The order of the articles does not matter; ties are broken by their ids.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aggregator.dedupe.stories.values import NO_RULINGS, Rulings

USUAL = 0.15
"""The average score within a story, before anything is known of it."""

BORROWED = 4.0
"""How many pairs' worth of `USUAL` a group's own cohesion is mixed with."""

JOIN = 0.55
"""The part of the cohesion that the average score between two groups must reach."""

Scores = Mapping[str, Mapping[str, float]]


@dataclass(slots=True)
class _Group:
    members: list[str]
    within: float = 0.0
    between: dict[int, float] = field(default_factory=dict)

    def cohesion(self) -> float:
        pairs = len(self.members) * (len(self.members) - 1) / 2
        return (self.within + BORROWED * USUAL) / (pairs + BORROWED)


def agglomerate(items: Iterable[str], scores: Scores, rulings: Rulings = NO_RULINGS) -> tuple[tuple[str, ...], ...]:
    """The partition of `items`; `scores` holds each pair both ways (absent: 0). Groups and members are sorted."""
    groups = _beginnings(sorted(items), scores, rulings)
    apart = _apart(groups, rulings)
    queue = [
        (-tie, a, b)
        for a, group in groups.items()
        for b in group.between
        if a < b and (tie := _tie(groups, a, b)) >= JOIN
    ]
    heapq.heapify(queue)
    number = len(groups)
    while queue:
        _, a, b = heapq.heappop(queue)
        if a not in groups or b not in groups or frozenset((a, b)) in apart:
            continue
        number += 1
        _merge(groups, apart, a, b, number)
        for other in groups[number].between:
            tie = _tie(groups, number, other)
            if tie >= JOIN:
                heapq.heappush(queue, (-tie, other, number))
    return tuple(sorted(tuple(sorted(group.members)) for group in groups.values()))


def ratio(between: float, pairs: int, one: float, other: float) -> float:
    """The average of `pairs` scores that sum up to `between`, as a part of two groups' cohesions."""
    return between / pairs / ((one + other) / 2)


def _tie(groups: Mapping[int, _Group], a: int, b: int) -> float:
    one, other = groups[a], groups[b]
    pairs = len(one.members) * len(other.members)
    return round(ratio(one.between[b], pairs, one.cohesion(), other.cohesion()), 6)


def _beginnings(items: Sequence[str], scores: Scores, rulings: Rulings) -> dict[int, _Group]:
    """One group for each item, or for those that an operator has put together."""
    root = {item: item for item in items}

    def find(item: str) -> str:
        while root[item] != item:
            item = root[item]
        return item

    for a, b in sorted(rulings.together):
        if a in root and b in root:
            first, second = sorted((find(a), find(b)))
            root[second] = first
    bundles: dict[str, list[str]] = {}
    for item in items:
        bundles.setdefault(find(item), []).append(item)
    groups = {place: _Group(members) for place, members in enumerate(bundles.values())}
    place_of = {item: place for place, group in groups.items() for item in group.members}
    for item in items:
        for other, value in scores.get(item, {}).items():
            if other in place_of and item < other:
                _count(groups, place_of[item], place_of[other], value)
    return groups


def _count(groups: Mapping[int, _Group], a: int, b: int, value: float) -> None:
    if a == b:
        groups[a].within += value
        return
    groups[a].between[b] = groups[a].between.get(b, 0.0) + value
    groups[b].between[a] = groups[b].between.get(a, 0.0) + value


def _apart(groups: Mapping[int, _Group], rulings: Rulings) -> set[frozenset[int]]:
    place_of = {item: place for place, group in groups.items() for item in group.members}
    pairs = ((place_of[a], place_of[b]) for a, b in rulings.apart if a in place_of and b in place_of)
    return {frozenset(pair) for pair in pairs if pair[0] != pair[1]}


def _merge(groups: dict[int, _Group], apart: set[frozenset[int]], a: int, b: int, number: int) -> None:
    one, other = groups.pop(a), groups.pop(b)
    within = math.fsum((one.within, other.within, one.between.get(b, 0.0)))
    merged = _Group(one.members + other.members, within)
    for group in (one, other):
        for place, value in group.between.items():
            if place in groups:
                merged.between[place] = merged.between.get(place, 0.0) + value
    for place, value in merged.between.items():
        between = groups[place].between
        between.pop(a, None)
        between.pop(b, None)
        between[number] = value
    groups[number] = merged
    for pair in [pair for pair in apart if pair & {a, b}]:
        rest = pair - {a, b}
        if rest:
            apart.add(rest | {number})

"""Which of a few dozen articles belong together, by the scores of their pairs: average link, measured by cohesion.

Two groups become one when the average score between them is a good part of the average score within them. That makes
one threshold do for terse and for wordy articles, and keeps two like events apart (each is closer to itself than to the
other), which no fixed score would. Groups of one or two have no cohesion of their own yet: they borrow the usual one.

The order of the articles does not matter; ties are broken by their ids.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class _Group:
    """Articles that are together; the sums of their scores among each other, and with those of other groups."""

    members: list[str]
    within: float = 0.0
    between: dict[int, float] = field(default_factory=dict)
    cohesion: float = USUAL


def agglomerate(
    items: Iterable[str], scores: Scores, together: Companions = _NONE, away: Companions = _NONE
) -> tuple[tuple[str, ...], ...]:
    """The partition of `items`; `scores` holds each pair both ways (absent: 0). Groups and members are sorted."""
    groups = _beginnings(sorted(items), scores, together)
    apart = _apart(groups, away)
    queue = [
        (-strength, a, b)
        for a, group in groups.items()
        for b in group.between
        if a < b and (strength := _strength(group, groups[b], b)) >= JOIN
    ]
    heapq.heapify(queue)
    number = len(groups)
    while queue:
        _, a, b = heapq.heappop(queue)
        if a not in groups or b not in groups or frozenset((a, b)) in apart:
            continue
        number += 1
        merged = _merge(groups, apart, a, b, number)
        for other in merged.between:
            strength = _strength(merged, groups[other], other)
            if strength >= JOIN:
                heapq.heappush(queue, (-strength, other, number))
    return tuple(sorted(tuple(sorted(group.members)) for group in groups.values()))


def cohesion(within: float, size: int) -> float:
    """The average score within a group of `size` articles, given the sum; small groups lean on the usual one."""
    return (within + BORROWED * USUAL) / (size * (size - 1) / 2 + BORROWED)


def tie(between: float, pairs: int, one: float, other: float) -> float:
    """The average of `pairs` scores that sum up to `between`, as a part of the mean of two cohesions."""
    return round(between / pairs / ((one + other) / 2), 6)


def _strength(one: _Group, other: _Group, place: int) -> float:
    return tie(one.between[place], len(one.members) * len(other.members), one.cohesion, other.cohesion)


def _beginnings(items: Sequence[str], scores: Scores, together: Companions) -> dict[int, _Group]:
    """One group for each item, or for those that an operator has put together."""
    groups = {place: _Group(members) for place, members in enumerate(_bundles(items, together))}
    place_of = {item: place for place, group in groups.items() for item in group.members}
    for item in items:
        place = place_of[item]
        for other, value in scores.get(item, {}).items():
            if item < other and other in place_of:
                _count(groups, place, place_of[other], value)
    for group in groups.values():
        group.cohesion = cohesion(group.within, len(group.members))
    return groups


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


def _count(groups: Mapping[int, _Group], a: int, b: int, value: float) -> None:
    if a == b:
        groups[a].within += value
        return
    groups[a].between[b] = groups[a].between.get(b, 0.0) + value
    groups[b].between[a] = groups[b].between.get(a, 0.0) + value


def _apart(groups: Mapping[int, _Group], away: Companions) -> set[frozenset[int]]:
    place_of = {item: place for place, group in groups.items() for item in group.members}
    pairs = ((place_of[a], place_of[b]) for a in place_of for b in away.get(a, ()) if b in place_of)
    return {frozenset(pair) for pair in pairs if pair[0] != pair[1]}


def _merge(groups: dict[int, _Group], apart: set[frozenset[int]], a: int, b: int, number: int) -> _Group:
    one, other = groups.pop(a), groups.pop(b)
    merged = _Group(one.members + other.members, one.within + other.within + one.between.get(b, 0.0))
    merged.cohesion = cohesion(merged.within, len(merged.members))
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
    return merged

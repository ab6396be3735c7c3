"""Where an article's likely companions are found among a hundred thousand: by the weightiest terms that they share.

Articles are rows of numbers here, each in a place of its own. A value: it knows no file. The store keeps the terms of
each article, from which it is filled again.

The window's articles, the scores of their pairs, and the stories that they make: kept, compared, not decided.

Everything here could be put down in tables and taken up again: the terms of each article, its story, and the scores.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from aggregator.dedupe.stories.cohesion import cohesion
from aggregator.dedupe.stories.scoring import (
    DIGITS,
    FRESH,
    STALE,
    WEIGHTIEST,
    Described,
    Numbered,
    Stats,
    Vector,
    described,
    remaining,
    vectors,
)
from aggregator.dedupe.stories.values import WINDOW, Features

KEPT = 40
"""Terms of an article by which it can be found, the weightiest."""

ASKED = 24
"""Terms of a new article that are looked up."""

CROWD = 5_000
"""Articles that one search touches at most; rare terms go first, so that what is left out leads anywhere."""

Places = NDArray[np.intp]


class Index:
    """Terms, and the places of the articles that hold them."""

    def __init__(self) -> None:
        self._holders: dict[int, int | array[int]] = {}
        """One article, or several: half of all terms are in one article alone; an array for each would cost most."""
        self._names: list[str] = []
        self._free: list[int] = []
        self._numbers = np.zeros((64, WEIGHTIEST), np.int32)
        self._weights = np.zeros((64, WEIGHTIEST), np.float32)
        self._asking = np.zeros(1024)

    def add(self, item: str, vector: Vector) -> int:
        """Let an article be found; its place."""
        place = self._free.pop() if self._free else len(self._names)
        if place == len(self._names):
            self._names.append(item)
            if place == len(self._numbers):
                self._numbers = np.concatenate((self._numbers, np.zeros_like(self._numbers)))
                self._weights = np.concatenate((self._weights, np.zeros_like(self._weights)))
        self._names[place] = item
        self._fill(place, vector)
        return place

    def replace(self, place: int, vector: Vector) -> None:
        """Let an article have other weights from now on."""
        self._forget(place)
        self._fill(place, vector)

    def remove(self, place: int) -> None:
        """Let an article be found no more; its place may be given to another."""
        self._forget(place)
        self._free.append(place)

    def name(self, place: int) -> str:
        """The article that stands there."""
        return self._names[place]

    def near(self, vector: Vector, limit: int, admits: Callable[[Places], NDArray[np.bool_]] | None = None) -> Places:
        """The articles that share most of a vector's weight, most first; `admits` says which may be named."""
        places: list[NDArray[np.int32]] = []
        weights: list[float] = []
        touched = 0
        for many, weight, holders in self._asked(vector):
            touched += many
            if touched > CROWD:
                break
            places.append(holders)
            weights.append(weight)
        if not places:
            return np.zeros(0, np.intp)
        sums = np.bincount(np.concatenate(places), np.repeat(weights, [len(some) for some in places]))
        found: NDArray[np.float64] = sums.astype(np.float64, copy=False)
        best = self._most(np.flatnonzero(found), found, 4 * limit)
        if admits is not None:
            best = best[admits(best)]
        best = self._most(best, found, limit)
        return best[np.argsort(-found[best], kind="stable")]

    def cosines(self, vector: Vector, places: Places) -> NDArray[np.float64]:
        """How much an article shares with each of others, 0 to 1."""
        if len(vector.numbers) and vector.numbers.max() >= len(self._asking):
            self._asking = np.zeros(2 * int(vector.numbers.max()))
        # Other rows may hold numbers that this one has never met.
        rows = self._numbers[places]
        most = int(rows.max(initial=0))
        if most >= len(self._asking):
            self._asking = np.zeros(2 * most)
        self._asking[vector.numbers] = vector.weights
        shared: NDArray[np.float64] = np.einsum("ij,ij->i", self._asking[rows], self._weights[places])
        self._asking[vector.numbers] = 0.0
        return shared

    def _fill(self, place: int, vector: Vector) -> None:
        many = len(vector.numbers)
        self._numbers[place, :many], self._numbers[place, many:] = vector.numbers, 0
        self._weights[place, :many], self._weights[place, many:] = vector.weights, 0
        for number in vector.numbers[:KEPT].tolist():
            holders = self._holders.get(number)
            if holders is None:
                self._holders[number] = place
            elif isinstance(holders, int):
                self._holders[number] = array("i", (holders, place))
            else:
                holders.append(place)

    def _forget(self, place: int) -> None:
        for number in self._numbers[place, :KEPT].tolist():
            holders = self._holders.get(number)
            if isinstance(holders, array) and len(holders) > 1:
                holders.remove(place)
            elif number:
                self._holders.pop(number, None)

    def _asked(self, vector: Vector) -> list[tuple[int, float, NDArray[np.int32]]]:
        """The terms to look up, those of the fewest articles first, with the square of their weight."""
        asked = []
        for number, weight in zip(vector.numbers[:ASKED].tolist(), vector.weights[:ASKED].tolist(), strict=True):
            holders = self._holders.get(number)
            if holders is not None:
                several = array("i", (holders,)) if isinstance(holders, int) else holders
                asked.append((len(several), weight**2, np.array(several, np.int32)))
        return sorted(asked, key=lambda one: (one[0], -one[1]))

    def _most(self, places: Places, found: NDArray[np.float64], limit: int) -> Places:
        """So many of these with the highest numbers; of equals those whose names come last."""
        if len(places) <= limit:
            return places
        values = found[places]
        least = np.partition(values, -limit)[-limit]
        above, level = places[values > least], places[values == least]
        room = limit - len(above)
        if len(level) > room:
            named = sorted(level.tolist(), key=self._names.__getitem__, reverse=True)
            level = np.array(named[:room], np.intp)
        return np.concatenate((above, level))


CHANCE = 0.02
"""Scores below this are chance, and not kept."""

UNUSED = 10_000
"""Terms that may have a number though no article of the window has them any more."""

_FRESH_S, _WINDOW_S = FRESH.total_seconds(), WINDOW.total_seconds()

NEAR = 60
"""Articles that a new one is compared with first."""

TOUCHING = 0.04
"""The score from which on a companion's whole story is looked at: half of what two lone articles need."""

STORIES = 6
"""Stories that are looked at for one article, the closest first."""

ARTICLES = 200
"""Articles of these stories together; a story that would go beyond is left as it is, unless it is the closest."""


@dataclass(slots=True)
class Story:
    """A story's articles in the window, its place in the order of founding, and the sum of their pairs' scores."""

    founded: int
    items: dict[str, None] = field(default_factory=dict)
    within: float = 0.0

    def cohesion(self) -> float:
        return cohesion(self.within, len(self.items))


@dataclass(slots=True)
class Member:
    """An article. `arrival` is its place in the order of coming, `place` that in the index."""

    arrival: int
    numbered: Numbered
    described: Described
    place: int = -1
    story: str = ""
    scores: dict[str, float] = field(default_factory=dict)


class Window:
    """Articles by id, stories by id. `stats` given: they stay as they are; else articles are counted as they come."""

    def __init__(self, stats: Stats | None) -> None:
        self.members: dict[str, Member] = {}
        self.stories: dict[str, Story] = {}
        self.stats = stats if stats is not None else Stats()
        self._counting = stats is None
        self._index = Index()
        self._published = np.zeros(0)
        self._arrivals = 0
        self._foundings = 0
        self._founders: dict[str, str] = {}
        """Which article each story is named for: no name is given twice, not even after its story is gone."""

    def member(self, features: Features) -> Member:
        """An article that is not kept yet, and counts in the statistics from now on."""
        numbered = self.stats.numbered(features)
        if self._counting:
            self.stats.add(numbered)
        self._arrivals += 1
        its = vectors([numbered], self.stats)[0]
        return Member(self._arrivals, numbered, described(features.published, its, self.stats))

    def restore(self, stored: Iterable[Features]) -> None:
        """Keep articles that have no story yet, in the order in which they came; weighed when all have been counted."""
        found = [(one.id, one.published, self.stats.numbered(one)) for one in stored]
        if self._counting:
            for _, _, numbered in found:
                self.stats.add(numbered)
        weighed = vectors([numbered for _, _, numbered in found], self.stats)
        for (item, published, numbered), its in zip(found, weighed, strict=True):
            self._arrivals += 1
            self._keep(item, Member(self._arrivals, numbered, described(published, its, self.stats)))

    def weigh(self) -> None:
        """Weigh every article again by what is rare now."""
        stats = self.stats
        for member, its in zip(
            self.members.values(), vectors([one.numbered for one in self.members.values()], stats), strict=True
        ):
            member.described = described(member.described.published, its, stats)
            self._index.replace(member.place, its)

    def scores(self, member: Member) -> dict[str, float]:
        """The scores of a new article that count, with its companions, and with all articles of the stories that it
        touches.
        """
        new = member.described
        moment = _seconds(new.published)
        near = self._index.near(new.vector, NEAR, lambda places: self._nearness(moment, places) > 0)
        scores = self._values(new, moment, near)
        compared = set(near.tolist())
        beside = [
            place
            for story in self.touched(scores)
            for other in self.stories[story].items
            if (place := self.members[other].place) not in compared
        ]
        if beside:
            scores |= self._values(new, moment, np.array(beside, np.intp))
        return scores

    def _values(self, new: Described, moment: float, places: Places) -> dict[str, float]:
        """The scores of an article with others, 0 to 1, those that are more than chance."""
        values = self._index.cosines(new.vector, places) * self._nearness(moment, places)
        found: dict[str, float] = {}
        for place, value in zip(places.tolist(), values.tolist(), strict=True):
            if value < CHANCE / 2:
                continue
            name = self._index.name(place)
            score = round(min(value * remaining(new, self.members[name].described), 1.0), DIGITS)
            if score >= CHANCE:
                found[name] = score
        return found

    def _nearness(self, moment: float, places: Places) -> NDArray[np.float64]:
        """As `scoring.nearness`, for many articles at once."""
        gaps = np.abs(self._published[places] - moment)
        falling = 1.0 - (1.0 - STALE) * ((gaps - _FRESH_S) / (_WINDOW_S - _FRESH_S))
        # What has no date gives no gap (NaN), which is larger than nothing.
        return np.where(gaps > _WINDOW_S, 0.0, np.where(gaps > _FRESH_S, falling, 1.0))

    def touched(self, scores: Mapping[str, float]) -> tuple[str, ...]:
        """The stories that a new article may change, that of its closest companion first."""
        closest = sorted((-score, other) for other, score in scores.items() if score >= TOUCHING)
        touched: list[str] = []
        articles = 0
        for story in dict.fromkeys(self.members[other].story for _, other in closest):
            articles += len(self.stories[story].items)
            if touched and (articles > ARTICLES or len(touched) == STORIES):
                break
            touched.append(story)
        return tuple(touched)

    def enter(self, item: str, member: Member, scores: Iterable[tuple[str, float]]) -> None:
        """Keep an article that has no story yet, and its scores with others."""
        self._keep(item, member)
        for other, score in scores:
            self.connect(item, other, score)

    def _keep(self, item: str, member: Member) -> None:
        self.members[item] = member
        member.place = self._index.add(item, member.described.vector)
        if member.place >= len(self._published):
            self._published = np.concatenate((self._published, np.zeros(max(64, len(self._published)))))
        self._published[member.place] = _seconds(member.described.published)

    def connect(self, a: str, b: str, score: float) -> None:
        """Keep a score; at least one of the two has no story yet."""
        self.members[a].scores[b] = score
        self.members[b].scores[a] = score

    def move(self, item: str, story: str) -> None:
        """Put an article into a story that exists, out of the one in which it is."""
        member = self.members[item]
        if member.story == story:
            return
        if member.story:
            self._take_out(item, member)
        home = self.stories[story]
        home.within += self.sum(item, home)
        home.items[item] = None
        member.story = story

    def _take_out(self, item: str, member: Member) -> None:
        former = self.stories[member.story]
        del former.items[item]
        former.within -= self.sum(item, former)
        if not former.items:
            del self.stories[member.story]

    def sum(self, item: str, story: Story) -> float:
        """The sum of an article's scores with those of a story."""
        scores = self.members[item].scores
        if len(scores) < len(story.items):
            return sum(score for other, score in scores.items() if other in story.items)
        return sum(scores.get(other, 0.0) for other in story.items)

    def found(self, founder: str) -> str:
        """A new story, named for its first article (with a number, should that have given its name before)."""
        name, number = founder, 1
        while name in self._founders:
            number += 1
            name = f"{founder}.{number}"
        self.revive(name, founder)
        return name

    def reserve(self, name: str, founder: str) -> None:
        """Let a name be given to no other story, though its articles may all be elsewhere."""
        self._founders.setdefault(name, founder)

    def revive(self, name: str, founder: str) -> None:
        """A story of that name, without articles yet."""
        self._foundings += 1
        self.stories[name] = Story(self._foundings)
        self._founders[name] = founder

    def leave(self, before: datetime) -> None:
        """Drop the stories whose every article was published before a moment, and names that nothing brings back."""
        for story in [name for name, story in self.stories.items() if self._is_past(story, before)]:
            for item in tuple(self.stories[story].items):
                self._drop(item)
        alive = self.stories.keys()
        self._founders = {name: by for name, by in self._founders.items() if name in alive or by in self.members}
        if self._counting and self.stats.unused > max(UNUSED, len(self.stats.terms) // 2):
            self._renumber()

    def _renumber(self) -> None:
        """Forget the terms that stand in no article any more."""
        former, self.stats = self.stats, Stats()
        for member in self.members.values():
            numbers = member.numbered.numbers.tolist()
            member.numbered = self.stats.renumbered(member.numbered, [former.terms[number] for number in numbers])
            self.stats.add(member.numbered)
        self.weigh()

    def _is_past(self, story: Story, before: datetime) -> bool:
        moments = (self.members[item].described.published for item in story.items)
        return all(moment is not None and moment < before for moment in moments)

    def _drop(self, item: str) -> None:
        member = self.members[item]
        self._take_out(item, member)
        self._index.remove(member.place)
        for other in member.scores:
            self.members[other].scores.pop(item, None)
        if self._counting:
            self.stats.remove(member.numbered)
        del self.members[item]


def _seconds(moment: datetime | None) -> float:
    return math.nan if moment is None else moment.timestamp()

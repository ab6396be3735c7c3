"""Where an article's likely companions are found among a hundred thousand: by the weightiest terms that they share.

A value: it knows no file. The store keeps the terms of each article, from which it is filled again.

The window's articles, the scores of their pairs, and the stories that they make: kept, compared, not decided.

Everything here could be put down in tables and taken up again: the terms of each article, its story, and the scores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nlargest

from aggregator.dedupe.stories.cohesion import cohesion
from aggregator.dedupe.stories.scoring import Described, Stats, Vector, described, nearness, value
from aggregator.dedupe.stories.values import Features

KEPT = 40
"""Terms of an article by which it can be found, the weightiest."""

ASKED = 24
"""Terms of a new article that are looked up."""

CROWD = 5_000
"""Articles that one search touches at most; rare terms go first, so that what is left out leads anywhere."""


class Index:
    """Terms, and the articles that hold them."""

    def __init__(self) -> None:
        self._holders: dict[str, str | list[str]] = {}
        """One article, or several: half of all terms are in one article alone, and a list for each would cost most."""

    def add(self, item: str, vector: Vector) -> None:
        """Let an article be found."""
        for term in vector.terms[:KEPT]:
            holders = self._holders.get(term)
            if holders is None:
                self._holders[term] = item
            elif isinstance(holders, str):
                self._holders[term] = [holders, item]
            else:
                holders.append(item)

    def remove(self, item: str, vector: Vector) -> None:
        """Let it be found no more."""
        for term in vector.terms[:KEPT]:
            holders = self._holders.get(term)
            if isinstance(holders, list) and len(holders) > 1:
                holders.remove(item)
            else:
                self._holders.pop(term, None)

    def near(self, vector: Vector, limit: int, admits: Callable[[str], bool]) -> list[str]:
        """The articles that share most of a vector's weight, most first; `admits` says which may be named."""
        found: defaultdict[str, float] = defaultdict(float)
        touched = 0
        for _, weight, holders in self._asked(vector):
            touched += len(holders)
            if touched > CROWD:
                break
            for item in holders:
                found[item] += weight
        best = nlargest(4 * limit, found.items(), key=lambda pair: (pair[1], pair[0]))
        return [item for item, _ in best if admits(item)][:limit]

    def _asked(self, vector: Vector) -> list[tuple[int, float, list[str]]]:
        """The terms to look up, those of the fewest articles first, with the square of their weight."""
        asked = []
        for place in range(min(ASKED, len(vector.terms))):
            holders = self._holders.get(vector.terms[place])
            if holders is not None:
                several = [holders] if isinstance(holders, str) else holders
                asked.append((len(several), vector.weights[place] ** 2, several))
        return sorted(asked, key=lambda one: (one[0], -one[1]))


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
    """An article. `arrival` is its place in the order of coming; `counted` the terms that the statistics hold of it."""

    arrival: int
    described: Described
    counted: tuple[str, ...]
    story: str = ""
    scores: dict[str, float] = field(default_factory=dict)


class Window:
    """Articles by id, stories by id. `stats` given: they stay as they are; else articles are counted as they come."""

    def __init__(self, stats: Stats | None) -> None:
        self.members: dict[str, Member] = {}
        self.stories: dict[str, Story] = {}
        self._stats = stats if stats is not None else Stats()
        self._counting = stats is None
        self._index = Index()
        self._arrivals = 0
        self._foundings = 0
        self._founders: dict[str, str] = {}
        """Which article each story is named for: no name is given twice, not even after its story is gone."""

    def count(self, features: Features) -> None:
        """Let an article count in the statistics."""
        if self._counting:
            self._stats.add(features)

    def member(self, features: Features) -> Member:
        """An article that is not kept yet."""
        self._arrivals += 1
        counted = tuple(term for term, _ in features.terms) if self._counting else ()
        return Member(self._arrivals, described(features, self._stats), counted)

    def scores(self, member: Member) -> dict[str, float]:
        """The scores of a new article with its companions, and with all articles of the stories that it touches."""
        mapping = member.described.vector.mapping()
        near = self._index.near(member.described.vector, NEAR, lambda other: self._admits(member, other))
        scores = {other: value(member.described, mapping, self.members[other].described) for other in near}
        for story in self.touched(scores):
            for other in self.stories[story].items:
                if other not in scores:
                    scores[other] = value(member.described, mapping, self.members[other].described)
        return scores

    def _admits(self, member: Member, other: str) -> bool:
        return nearness(member.described.published, self.members[other].described.published) > 0

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
        self.members[item] = member
        self._index.add(item, member.described.vector)
        for other, score in scores:
            self.connect(item, other, score)

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

    def _is_past(self, story: Story, before: datetime) -> bool:
        moments = (self.members[item].described.published for item in story.items)
        return all(moment is not None and moment < before for moment in moments)

    def _drop(self, item: str) -> None:
        member = self.members[item]
        self._take_out(item, member)
        self._index.remove(item, member.described.vector)
        for other in member.scores:
            self.members[other].scores.pop(item, None)
        if self._counting:
            self._stats.remove(member.counted)
        del self.members[item]

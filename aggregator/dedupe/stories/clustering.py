"""Stories as they grow: each article is placed when it comes, and may bring stories together, or part them again.

What is kept is the window's articles, their scores, and which story each belongs to. A new article is compared with
its likely companions and with the members of their stories; then these few stories are made anew from the scores of
their pairs. So the outcome hangs on what there is, and hardly on the order in which it came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.dedupe.stories.cohesion import agglomerate
from aggregator.dedupe.stories.index import Index
from aggregator.dedupe.stories.scoring import match, nearness
from aggregator.dedupe.stories.values import (
    NO_RULINGS,
    Evidence,
    Features,
    Link,
    Placement,
    Rulings,
    StoryDecision,
)
from aggregator.dedupe.stories.weights import Stats, vector

NEAR = 60
"""Articles that a new one is compared with first."""

TOUCHING = 0.04
"""The score from which on a companion's whole story is looked at."""

STORIES = 6
"""Stories that are looked at for one article, the closest first."""

KEPT = 0.02
"""Scores below this are not kept: they are chance."""


@dataclass(slots=True)
class _Member:
    features: Features
    vector: Mapping[str, float]
    story: str
    scores: dict[str, float] = field(default_factory=dict)


class Clusterer:
    """The stories of a window. `stats` given: they are taken as they are; else every article is counted as it comes."""

    def __init__(self, stats: Stats | None = None, rulings: Rulings = NO_RULINGS) -> None:
        self._stats = stats if stats is not None else Stats()
        self._counting = stats is None
        self._rulings = rulings
        self._index = Index()
        self._members: dict[str, _Member] = {}
        self._stories: dict[str, dict[str, None]] = {}
        self._founded: dict[str, int] = {}

    def story(self, item: str) -> str:
        """The story that an article belongs to now. KeyError: it is not in the window."""
        return self._members[item].story

    def add(self, features: Features, copy_of: str | None = None) -> StoryDecision:
        """Place an article. `copy_of`: the article whose text it carries, and whose story it shares whatever else."""
        if self._counting:
            self._stats.add(features)
        if copy_of in self._members:
            pair = (features.id, str(copy_of))
            self._rulings = Rulings(self._rulings.together | {pair}, self._rulings.apart)
        member = _Member(features, vector(features, self._stats), "")
        links = self._links(member, copy_of)
        involved = self._involved(links)
        self._enter(member, links)
        parts = agglomerate((features.id, *involved), self._scores((features.id, *involved)), self._rulings)
        return self._settle(features.id, parts, tuple(links))

    def forget(self, before: datetime) -> None:
        """Drop the articles published before the window; their stories stand as they are, elsewhere."""
        for item, member in list(self._members.items()):
            published = member.features.published
            if published is not None and published < before:
                self._leave(item, member)

    def _links(self, member: _Member, copy_of: str | None) -> list[Link]:
        """The scores of a new article with all that may share its story, highest first."""
        item = member.features.id
        near = self._index.near(member.vector, NEAR, lambda other: self._admits(member, other))
        found = {other: self._link(member, other) for other in near if other != item}
        if copy_of in self._members and copy_of is not None:
            found[copy_of] = Link(item, copy_of, 1.0, (Evidence("the same text", 1.0),))
        closest = sorted(found.values(), key=lambda link: (-link.score, link.b))
        stories = dict.fromkeys(self._members[link.b].story for link in closest if link.score >= TOUCHING)
        for story in list(stories)[:STORIES]:
            for other in self._stories[story]:
                if other not in found:
                    found[other] = self._link(member, other)
        kept = (link for link in found.values() if link.score >= KEPT)
        return sorted(kept, key=lambda link: (-link.score, link.b))

    def _admits(self, member: _Member, other: str) -> bool:
        return nearness(member.features.published, self._members[other].features.published) > 0

    def _link(self, member: _Member, other: str) -> Link:
        against = self._members[other]
        found = match(member.features, member.vector, against.features, against.vector)
        return Link(member.features.id, other, found.score, found.evidence)

    def _involved(self, links: Iterable[Link]) -> tuple[str, ...]:
        """The members of the stories that the new article may change."""
        stories = dict.fromkeys(self._members[link.b].story for link in links if link.score >= TOUCHING)
        return tuple(item for story in list(stories)[:STORIES] for item in self._stories[story])

    def _scores(self, items: Iterable[str]) -> dict[str, Mapping[str, float]]:
        return {item: self._members[item].scores for item in items}

    def _enter(self, member: _Member, links: Iterable[Link]) -> None:
        item = member.features.id
        self._members[item] = member
        self._index.add(item, member.vector)
        for link in links:
            member.scores[link.b] = link.score
            self._members[link.b].scores[item] = link.score

    def _leave(self, item: str, member: _Member) -> None:
        del self._members[item]
        self._index.remove(item, member.vector)
        self._stories[member.story].pop(item, None)
        for other in member.scores:
            if other in self._members:
                self._members[other].scores.pop(item, None)
        if self._counting:
            self._stats.remove(member.features)

    def _settle(self, item: str, parts: tuple[tuple[str, ...], ...], links: tuple[Link, ...]) -> StoryDecision:
        """Give each part its story, and say what has changed."""
        names = self._named(parts)
        before = {member: self._members[member].story for part in parts for member in part}
        for part, story in zip(parts, names, strict=True):
            for member in part:
                self._move(member, story)
        own = self._members[item].story
        moved = tuple((m, now) for m, was in before.items() if m != item and (now := self._members[m].story) != was)
        gone = tuple(sorted(story for story in set(before.values()) if story and not self._stories.get(story)))
        for story in gone:
            self._stories.pop(story, None)
        joined = any(before[m] == own for m in before if m != item)
        kind = Placement.MERGED if gone else Placement.JOINED if joined else Placement.NEW
        ours = [link for link in links if self._members[link.b].story == own]
        others = [link for link in links if self._members[link.b].story != own]
        return StoryDecision(item, own, kind, tuple(ours + others), moved, gone)

    def _named(self, parts: tuple[tuple[str, ...], ...]) -> list[str]:
        """A story's id stays with the part that holds most of it; where several meet, the oldest's survives."""
        homes: dict[str, Counter[int]] = {}
        for place, part in enumerate(parts):
            for member in part:
                story = self._members[member].story
                if story:
                    homes.setdefault(story, Counter())[place] += 1
        claims: dict[int, list[str]] = {}
        for story, counts in homes.items():
            place = min(counts, key=lambda place: (-counts[place], place))
            claims.setdefault(place, []).append(story)
        return [
            min(claims[place], key=lambda story: self._founded[story]) if place in claims else self._found(part)
            for place, part in enumerate(parts)
        ]

    def _found(self, part: tuple[str, ...]) -> str:
        """A new story's id: that of its first article (with a number, should that have founded one before)."""
        order = list(self._members)
        first = min(part, key=order.index)
        story, number = first, 1
        while story in self._founded:
            number += 1
            story = f"{first}.{number}"
        self._founded[story] = len(self._founded)
        return story

    def _move(self, item: str, story: str) -> None:
        member = self._members[item]
        if member.story and member.story != story:
            self._stories[member.story].pop(item, None)
        member.story = story
        self._stories.setdefault(story, {})[item] = None

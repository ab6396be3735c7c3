"""Stories as they grow: each article is placed when it comes, and may bring stories together, or part them again.

A new article is compared with its likely companions and with the articles of their stories; then these few stories are
made again from the scores of their pairs. So the outcome hangs on what there is, and hardly on the order in which it
came. An operator's rulings outweigh every score, now and later.

A collection of articles at once: copies found, stories made, one line for each, in the order given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from aggregator.dedupe.near_duplicates import SHARED_BANDS, fingerprint, same
from aggregator.dedupe.stories.cohesion import JOIN, USUAL, agglomerate, tie
from aggregator.dedupe.stories.index import Window
from aggregator.dedupe.stories.scoring import Stats, counted, evidence
from aggregator.dedupe.stories.terms import features
from aggregator.dedupe.stories.values import (
    NO_RULINGS,
    Evidence,
    Features,
    Grouped,
    Move,
    Pair,
    Placement,
    Rulings,
    StoryDecision,
    StoryItem,
    StoryLink,
)
from aggregator.models import Candidate, Likeness

PLAIN = 40
"""Articles. Where the stories to look at have more, an article whose place is plain is put there and nothing else."""

CLEARLY, HARDLY = 1.2, 0.8
"""Plain is: it reaches this many times `JOIN` with one story, and not this many times with any other."""

FAINTLY = 0.5
"""A story that the new article does not reach this many times `JOIN` with is not changed by it."""

EXPLAINED = 8
"""Links of a decision that carry their evidence, the strongest."""

Parts = tuple[tuple[str, ...], ...]


class Clusterer:
    """The stories of a window. `stats` given: they are taken as they are; else every article is counted as it comes."""

    def __init__(self, stats: Stats | None = None, rulings: Rulings = NO_RULINGS) -> None:
        self._window = Window(stats)
        self._together: dict[str, set[str]] = {}
        self._apart: dict[str, set[str]] = {}
        self._rulings = NO_RULINGS
        self._take(rulings)

    def __len__(self) -> int:
        return len(self._window.members)

    def __contains__(self, item: object) -> bool:
        return item in self._window.members

    def story(self, item: str) -> str:
        """The story that an article belongs to now. KeyError: it is not in the window."""
        return self._window.members[item].story

    def members(self, story: str) -> tuple[str, ...]:
        """The articles of a story that are in the window, in the order of joining; empty when there is none."""
        known = self._window.stories.get(story)
        return tuple(known.items) if known else ()

    def restore(
        self,
        stored: Iterable[tuple[Features, str]],
        links: Iterable[tuple[str, str, float]],
        names: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Take up where a former process ended: articles with their stories, as they came, and the scores kept.

        `names` are stories that were named for an article, even if nothing else of them
        is here: no name is given
        twice. To be called once, before anything else.
        """
        window = self._window
        arrived: list[tuple[str, str]] = []

        def entering() -> Iterator[Features]:
            for one, story in stored:
                arrived.append((one.id, story))
                yield one

        window.restore(entering())
        for story, first in _in_order_of_founding(arrived):
            window.revive(story, first)
        for name, founder in names:
            window.reserve(name, founder)
        for a, b, score in links:
            if a in window.members and b in window.members:
                window.connect(a, b, score)
        for item, story in arrived:
            window.move(item, story)

    def add(self, features: Features, copy_of: str | None = None) -> StoryDecision:
        """Place an article. `copy_of`: the article whose text it carries, and whose story it shares whatever else.

        ValueError: an article of that id is in the window.
        """
        item, window = features.id, self._window
        if item in window.members:
            raise ValueError(f"{item} has been placed before")
        member = window.member(features)
        scores = window.scores(member)
        if copy_of is not None and copy_of in window.members:
            scores[copy_of] = 1.0
            _both_ways(self._together, (item, copy_of))
        touched = self._with_ruled(item, window.touched(scores))
        window.enter(item, member, scores.items())
        before = self._place(item, touched)
        return self._decision(item, before, copy_of)

    def rule(self, rulings: Rulings) -> tuple[Move, ...]:
        """Take an operator's rulings (all of them), and say which articles change their story by it."""
        window = self._window
        changed = self._take(rulings)
        named = (item for pair in sorted(changed) for item in pair if item in window.members)
        before = self._settle(dict.fromkeys(window.members[item].story for item in named), ())
        return self._moves(before)

    def weigh(self) -> None:
        """Weigh every article again by what is rare in the window now; scores and stories stay as they are."""
        self._window.weigh()

    def forget(self, before: datetime) -> None:
        """Drop the stories whose every article was published before the window; they stand as they are, elsewhere."""
        self._window.leave(before)

    def _take(self, rulings: Rulings) -> frozenset[Pair]:
        """Put rulings in the place of the former ones; the pairs of which something else is said now."""
        former, self._rulings = self._rulings, rulings
        for pairs, was, now in (
            (self._together, former.together, rulings.together),
            (self._apart, former.apart, rulings.apart),
        ):
            for a, b in was - now:
                pairs[a].discard(b)
                pairs[b].discard(a)
            for pair in now - was:
                _both_ways(pairs, pair)
        return (rulings.together ^ former.together) | (rulings.apart ^ former.apart)

    # --- placing ---------------------------------------------------------------------------------------------------

    def _place(self, item: str, touched: tuple[str, ...]) -> dict[str, str]:
        """Give a new article its story; the former stories of all that may have moved."""
        stories = self._window.stories
        ruled = self._together.get(item, set()) | self._apart.get(item, set())
        beside = {self.story(other) for other in ruled if other in self._window.members}
        ties = sorted(((self._tie(item, story), story) for story in touched), reverse=True)
        near = [story for strength, story in ties if strength >= FAINTLY * JOIN or story in beside]
        if not near:
            self._window.move(item, self._window.found(item))
            return {}
        articles = sum(len(stories[story].items) for story in near)
        if articles > PLAIN and not ruled and _plain([strength for strength, _ in ties]):
            self._window.move(item, near[0])
            return dict.fromkeys(stories[near[0]].items, near[0])
        return self._settle(near, (item,))

    def _with_ruled(self, item: str, touched: tuple[str, ...]) -> tuple[str, ...]:
        """The stories to look at, and those of articles that an operator has put beside this one, however unlike."""
        beside = (other for other in sorted(self._together.get(item, ())) if other in self._window.members)
        return tuple(dict.fromkeys((*touched, *map(self.story, beside))))

    def _tie(self, item: str, name: str) -> float:
        """How strongly a new article belongs to a story: its average score, as a part of the cohesion."""
        story = self._window.stories[name]
        return tie(self._window.sum(item, story), len(story.items), story.cohesion(), USUAL)

    def _settle(self, stories: Iterable[str], new: tuple[str, ...]) -> dict[str, str]:
        """Make these stories again, with the new articles; what each article's story was before."""
        window = self._window
        items = (*new, *(item for story in stories for item in window.stories[story].items))
        scores = {item: window.members[item].scores for item in items}
        parts = agglomerate(items, scores, self._together, self._apart)
        before = {item: window.members[item].story for item in items}
        for part, story in zip(parts, self._named(parts), strict=True):
            for item in part:
                window.move(item, story)
        return before

    def _named(self, parts: Parts) -> list[str]:
        """A story's id stays with the part that holds most of it (of equals, the part with its first article).

        Where several meet, the id of the oldest survives.
        """
        window = self._window
        homes: dict[str, Counter[int]] = {}
        for place, part in enumerate(parts):
            for item in part:
                if story := window.members[item].story:
                    homes.setdefault(story, Counter())[place] += 1
        claims: dict[int, list[str]] = {}
        for story, counts in homes.items():
            first = next(iter(window.stories[story].items))
            most = max(counts.values())
            best = [place for place, count in counts.items() if count == most]
            home = next((place for place in best if first in parts[place]), best[0])
            claims.setdefault(home, []).append(story)
        return [
            min(claims[place], key=lambda story: window.stories[story].founded)
            if place in claims
            else window.found(self._first(part))
            for place, part in enumerate(parts)
        ]

    def _first(self, part: tuple[str, ...]) -> str:
        return min(part, key=self._arrival)

    def _arrival(self, item: str) -> int:
        return self._window.members[item].arrival

    # --- telling ---------------------------------------------------------------------------------------------------

    def _moves(self, before: Mapping[str, str]) -> tuple[Move, ...]:
        now = {item: self.story(item) for item in before}
        return tuple(Move(item, was, now[item]) for item, was in before.items() if was and was != now[item])

    def _decision(self, item: str, before: Mapping[str, str], copy_of: str | None) -> StoryDecision:
        story = self.story(item)
        merged = tuple(sorted({was for was in before.values() if was and was not in self._window.stories}))
        joined = story in before.values()
        placement = Placement.MERGED if merged else Placement.JOINED if joined else Placement.NEW
        return StoryDecision(item, story, placement, self._links(item, copy_of), self._moves(before), merged)

    def _links(self, item: str, copy_of: str | None) -> tuple[StoryLink, ...]:
        """The pairs of a new article, those of its own story first, then by score; the first with their evidence."""
        members = self._window.members
        member = members[item]
        pairs = sorted(
            member.scores.items(), key=lambda pair: (members[pair[0]].story != member.story, -pair[1], pair[0])
        )
        mine, stats = member.described.weights(), self._window.stats
        told = []
        for other, score in pairs[:EXPLAINED]:
            said = (Evidence("the same text", 1.0),) if other == copy_of else ()
            shared = evidence(member.described, mine, members[other].described, stats)
            told.append(StoryLink(item, other, score, (*said, *shared)))
        return (*told, *(StoryLink(item, other, score) for other, score in pairs[EXPLAINED:]))


def _in_order_of_founding(arrived: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The stories of articles, in the order in which these came, each with the first of its own.

    A story is as old as the article that it is named for, even where that has left it: whoever came first of those that
    are in it now may be older. Of stories named for one article the first has the plain name.
    """
    places: dict[str, int] = {}
    firsts: dict[str, str] = {}
    for place, (item, story) in enumerate(arrived):
        places[item] = place
        firsts.setdefault(story, item)

    def age(story: str) -> tuple[int, int, str]:
        namesake = story if story in places else story.rpartition(".")[0]
        return places.get(namesake, -1), len(story), story

    return [(story, firsts[story]) for story in sorted(firsts, key=age)]


def _plain(ties: list[float]) -> bool:
    """Whether an article clearly belongs to the first story, and to no other; the ties are in falling order."""
    return ties[0] >= CLEARLY * JOIN and all(other < HARDLY * JOIN for other in ties[1:])


def _both_ways(pairs: dict[str, set[str]], pair: Pair) -> None:
    a, b = pair
    pairs.setdefault(a, set()).add(b)
    pairs.setdefault(b, set()).add(a)


COMPARED = 20
"""Texts that a new one is compared with at most, those that share most bands first."""

_NEVER = datetime.max.replace(tzinfo=UTC)


class _Copies:
    """The articles met so far, to find the one that a new one is a copy of."""

    def __init__(self) -> None:
        self._articles: list[Candidate] = []
        self._bands: dict[int, list[int]] = {}

    def add(self, item: StoryItem) -> Likeness | None:
        """The article that `item` is a copy of, if any; its number is the place in the order of adding."""
        print_ = fingerprint(item.title, item.text)
        shared = Counter(number for band in print_.bands for number in self._bands.get(band, ()))
        needed = min(SHARED_BANDS, len(print_.bands))
        numbers = [number for number, bands in shared.most_common(COMPARED) if bands >= needed]
        published = item.published or _NEVER
        found = same(item.title, item.text, published, print_, (self._articles[number] for number in numbers))
        number = len(self._articles)
        self._articles.append(Candidate(number, item.title, item.text, published, print_))
        for band in print_.bands:
            self._bands.setdefault(band, []).append(number)
        return found


def group(items: Iterable[StoryItem]) -> Iterator[Grouped]:
    """Each article with its story and what it is a copy of. The same items in the same order give the same lines.

    Of several copies the one published first leads, whatever the order; without dates, the first in order.
    """
    collection = _distinct(items)
    described = [features(item) for item in collection]
    clusterer = Clusterer(counted(described))
    copies = _Copies()
    likenesses: list[Likeness | None] = []
    for item, one in zip(collection, described, strict=True):
        likeness = copies.add(item)
        likenesses.append(likeness)
        clusterer.add(one, collection[likeness.article_id].id if likeness else None)
    leaders = _leaders(collection, likenesses)
    for number, item in enumerate(collection):
        story, leader = clusterer.story(item.id), leaders[number]
        likeness = likenesses[number] or likenesses[leader]
        if leader == number or likeness is None:
            yield Grouped(item.id, story)
        else:
            yield Grouped(item.id, story, collection[leader].id, likeness.reason, likeness.similarity)


def _distinct(items: Iterable[StoryItem]) -> tuple[StoryItem, ...]:
    """The items, those that repeat an id (or have none) under one of their own."""
    met: set[str] = set()
    distinct: list[StoryItem] = []
    for item in items:
        name, number = item.id, 1
        while name in met or not name:
            number += 1
            name = f"{item.id}~{number}"
        met.add(name)
        distinct.append(item if name == item.id else replace(item, id=name))
    return tuple(distinct)


def _leaders(collection: Sequence[StoryItem], likenesses: Sequence[Likeness | None]) -> list[int]:
    """For each article, the one that leads its copies: the first published. Chains of copies have one beginning."""
    beginnings: list[int] = []
    for number, likeness in enumerate(likenesses):
        beginnings.append(number if likeness is None else beginnings[likeness.article_id])
    first: dict[int, int] = {}
    for number, beginning in enumerate(beginnings):
        best = first.setdefault(beginning, number)
        if (collection[number].published or _NEVER) < (collection[best].published or _NEVER):
            first[beginning] = number
    return [first[beginning] for beginning in beginnings]

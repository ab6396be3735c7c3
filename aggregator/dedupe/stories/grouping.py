"""A collection of articles at once: copies found, stories made, one line for each, in the order given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from aggregator.dedupe.fingerprints import SHARED_BANDS, fingerprint
from aggregator.dedupe.likeness import same
from aggregator.dedupe.stories.clustering import Clusterer
from aggregator.dedupe.stories.terms import features
from aggregator.dedupe.stories.values import Grouped, Item
from aggregator.dedupe.stories.weights import counted
from aggregator.models import Candidate, Likeness

COMPARED = 20
"""Texts that a new one is compared with at most, those that share most bands first."""

_NEVER = datetime.max.replace(tzinfo=UTC)


class _Copies:
    """The articles met so far, to find the one that a new one is a copy of."""

    def __init__(self) -> None:
        self._articles: list[Candidate] = []
        self._bands: dict[int, list[int]] = {}

    def add(self, item: Item) -> Likeness | None:
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


def group(items: Iterable[Item]) -> Iterator[Grouped]:
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


def _distinct(items: Iterable[Item]) -> tuple[Item, ...]:
    """The items, those that repeat an id (or have none) under one of their own."""
    met: set[str] = set()
    distinct: list[Item] = []
    for item in items:
        name, number = item.id, 1
        while name in met or not name:
            number += 1
            name = f"{item.id}~{number}"
        met.add(name)
        distinct.append(item if name == item.id else replace(item, id=name))
    return tuple(distinct)


def _leaders(collection: Sequence[Item], likenesses: Sequence[Likeness | None]) -> list[int]:
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

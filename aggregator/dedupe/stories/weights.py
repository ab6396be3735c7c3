"""How telling a term is: the rarer among the articles of the window, the more; identifiers and names above words.

The counts start from an imagined background, so that ten articles are weighed as sensibly as ten thousand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aggregator.dedupe.stories.values import Features
from aggregator.dedupe.stories.vocabulary import COMMON

BACKGROUND = 100
"""Imagined articles that every count starts from."""

COMMON_SHARE = 0.25
"""The part of them that holds each of the press's common words; any other term is in half of one."""

KIND = {"id": 2.0, "name": 1.0, "num": 1.0, "word": 1.0}
"""What a term's weight is multiplied by. A name counts as a word besides (see `terms`)."""

_COMMON_STEMS = frozenset(f"word:{word[:6]}" for word in COMMON) | frozenset(f"name:{word}" for word in COMMON)


@dataclass(slots=True)
class Stats:
    """In how many of the window's articles each term stands."""

    documents: int = 0
    frequency: dict[str, int] = field(default_factory=dict)

    def add(self, features: Features) -> None:
        self.documents += 1
        for term, _ in features.terms:
            self.frequency[term] = self.frequency.get(term, 0) + 1

    def remove(self, features: Features) -> None:
        """Forget an article that has left the window."""
        self.documents -= 1
        for term, _ in features.terms:
            left = self.frequency.get(term, 0) - 1
            if left > 0:
                self.frequency[term] = left
            else:
                self.frequency.pop(term, None)

    def rarity(self, term: str) -> float:
        """The inverse document frequency (natural logarithm), at least a little above 0."""
        return rarity(term, self.frequency.get(term, 0), self.documents)


def rarity(term: str, frequency: int, documents: int) -> float:
    """The same for counts that are kept elsewhere."""
    background = BACKGROUND * COMMON_SHARE if term in _COMMON_STEMS else 0.5
    return max(math.log((BACKGROUND + documents + 1) / (background + frequency)), 0.05)


def vector(features: Features, stats: Stats) -> dict[str, float]:
    """The terms with their weights, of length 1 together."""
    raw = {term: weight * KIND[term.partition(":")[0]] * stats.rarity(term) for term, weight in features.terms}
    length = math.sqrt(sum(value * value for value in raw.values()))
    return {term: value / length for term, value in raw.items()} if length else {}


def counted(features: Iterable[Features]) -> Stats:
    """The statistics of a collection."""
    stats = Stats()
    for one in features:
        stats.add(one)
    return stats


def dot(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    """The cosine of two vectors of length 1."""
    if len(a) > len(b):
        a, b = b, a
    return sum(value * b[term] for term, value in a.items() if term in b)

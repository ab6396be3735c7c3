"""How telling a term is: the rarer among the articles of the window, the more; identifiers and numbers above words.

The counts start from an imagined background, so that ten articles are weighed as sensibly as ten thousand.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import repeat
from operator import mul
from sys import intern

from aggregator.dedupe.stories.values import Features
from aggregator.dedupe.stories.vocabulary import COMMON

BACKGROUND = 50
"""Imagined articles that every count starts from."""

COMMON_SHARE = 0.25
"""The part of them that holds each of the press's common words; any other term is in half of one."""

KIND = {"id": 2.0, "name": 0.7, "num": 1.5, "word": 1.0}
"""What a term's weight is multiplied by. A name counts as a word besides (see `terms`)."""

LEAST = 0.05
"""The rarity of a term that nearly every article has."""

WEIGHTIEST = 64
"""Terms of an article that are compared; what is lighter adds noise and memory."""

_COMMON_TERMS = frozenset(f"word:{word[:6]}" for word in COMMON) | frozenset(f"name:{word}" for word in COMMON)


@dataclass(slots=True)
class Stats:
    """In how many of the window's articles each term stands."""

    documents: int = 0
    frequency: dict[str, int] = field(default_factory=dict)

    def add(self, features: Features) -> None:
        """Count an article."""
        self.documents += 1
        for term, _ in features.terms:
            self.frequency[term] = self.frequency.get(term, 0) + 1

    def remove(self, terms: Iterable[str]) -> None:
        """Forget an article that has left the window."""
        self.documents -= 1
        for term in terms:
            left = self.frequency.get(term, 0) - 1
            if left > 0:
                self.frequency[term] = left
            else:
                self.frequency.pop(term, None)

    def rarity(self, term: str) -> float:
        """The inverse document frequency (natural logarithm), at least a little above 0."""
        background = BACKGROUND * COMMON_SHARE if term in _COMMON_TERMS else 0.5
        rarity = math.log((BACKGROUND + self.documents + 1) / (background + self.frequency.get(term, 0)))
        return max(LEAST, rarity)


@dataclass(frozen=True, slots=True)
class Vector:
    """The weightiest terms of an article, heaviest first; with what was left out, the weights have length 1."""

    terms: tuple[str, ...]
    weights: array[float]

    def mapping(self) -> dict[str, float]:
        return dict(zip(self.terms, self.weights, strict=True))


def vector(features: Features, stats: Stats) -> Vector:
    """The vector of an article by the statistics of the window."""
    raw = [(weight * KIND[term[: term.index(":")]] * stats.rarity(term), term) for term, weight in features.terms]
    length = math.sqrt(math.fsum(value * value for value, _ in raw))
    kept = nlargest(WEIGHTIEST, raw)
    return Vector(tuple(intern(term) for _, term in kept), array("f", (value / length for value, _ in kept)))


def cosine(a: Mapping[str, float], b: Vector) -> float:
    """How much two articles share, 0 to 1; `a` is a vector's mapping."""
    return math.fsum(map(mul, map(a.get, b.terms, repeat(0.0)), b.weights))


def counted(features: Iterable[Features]) -> Stats:
    """The statistics of a collection."""
    stats = Stats()
    for one in features:
        stats.add(one)
    return stats

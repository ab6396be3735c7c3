"""How much two articles tell of one event, with the evidence for it.

The cosine of their weighted terms, corrected by what a person looks at first: identifiers that are all different, and
the days between. Symmetric; the same pair gets the same score in any order of arrival.

How telling a term is: the rarer among the articles of the window, the more; identifiers and numbers above words.

The counts start from an imagined background, so that ten articles are weighed as sensibly as ten thousand. Terms go by
number here, and many articles are weighed at once, as rows of numbers.

Features and evidence as text: for the database, and for the person who asks why.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from aggregator.dedupe.stories.terms import COMMON, STEM, bare
from aggregator.dedupe.stories.values import WINDOW, Evidence, Features, Match
from aggregator.text.words import is_unspaced, raw_tokens

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

Numbers = NDArray[np.int32]
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Numbered:
    """An article's terms by number, and what each weighs before its rarity; in falling order of the terms' names."""

    numbers: Numbers
    worth: Weights


@dataclass(frozen=True, slots=True)
class Vector:
    """The weightiest terms of an article, heaviest first; with what was left out, the weights have length 1."""

    numbers: Numbers
    weights: NDArray[np.float32]


class Stats:
    """In how many of the window's articles each term stands. Number 0 is no term."""

    def __init__(self) -> None:
        self.documents = 0
        self.terms: list[str] = [""]
        self._number: dict[str, int] = {}
        self._frequency = np.zeros(1024)
        self._kind = np.zeros(1024)
        self._background = np.zeros(1024)
        self._background[0] = 1.0

    def numbered(self, features: Features) -> Numbered:
        """An article's terms by number; terms that are new get one."""
        ordered = sorted(features.terms, reverse=True)
        numbers = np.array([self._number.get(term) or self._new(term) for term, _ in ordered], np.int32)
        return Numbered(numbers, np.array([weight for _, weight in ordered], np.float64) * self._kind[numbers])

    def renumbered(self, article: Numbered, terms: Iterable[str]) -> Numbered:
        """An article whose terms have other numbers elsewhere, by the numbers that they have here."""
        return Numbered(
            np.array([self._number.get(term) or self._new(term) for term in terms], np.int32), article.worth
        )

    def _new(self, term: str) -> int:
        found = self._number[term] = len(self.terms)
        self.terms.append(term)
        if found == len(self._background):
            self._frequency = np.concatenate((self._frequency, np.zeros(found)))
            self._background = np.concatenate((self._background, np.zeros(found)))
            self._kind = np.concatenate((self._kind, np.zeros(found)))
        self._kind[found] = KIND[term[: term.index(":")]]
        self._background[found] = BACKGROUND * COMMON_SHARE if term in _COMMON_TERMS else 0.5
        return found

    def add(self, article: Numbered) -> None:
        """Count an article."""
        self.documents += 1
        self._frequency[article.numbers] += 1

    def remove(self, article: Numbered) -> None:
        """Forget an article that has left the window."""
        self.documents -= 1
        self._frequency[article.numbers] -= 1

    @property
    def unused(self) -> int:
        """Terms that have a number and stand in no article."""
        return len(self.terms) - int(np.count_nonzero(self._frequency[: len(self.terms)]))

    def rarity(self, numbers: Numbers) -> Weights:
        """The inverse document frequency (natural logarithm), at least a little above 0."""
        part = (BACKGROUND + self.documents + 1) / (self._background[numbers] + self._frequency[numbers])
        rarity: Weights = np.maximum(LEAST, np.log(part))
        return rarity


def vectors(articles: Sequence[Numbered], stats: Stats) -> list[Vector]:
    """The vectors of articles by the statistics of the window, in order."""
    if not articles:
        return []
    longest = max(len(one.numbers) for one in articles)
    numbers = np.zeros((len(articles), longest), np.int32)
    worth = np.zeros((len(articles), longest))
    for row, one in enumerate(articles):
        numbers[row, : len(one.numbers)] = one.numbers
        worth[row, : len(one.worth)] = one.worth
    raw = worth * stats.rarity(numbers)
    lengths = np.sqrt(np.einsum("ij,ij->i", raw, raw))
    lengths[lengths == 0] = 1.0
    # Stable: of equals the one whose name comes last is first.
    order = np.argsort(-raw, axis=1, kind="stable")[:, :WEIGHTIEST]
    numbers = np.take_along_axis(numbers, order, 1)
    weights = (np.take_along_axis(raw, order, 1) / lengths[:, None]).astype(np.float32)
    kept = [min(WEIGHTIEST, len(one.numbers)) for one in articles]
    return [Vector(numbers[row, :many], weights[row, :many]) for row, many in enumerate(kept)]


def vector(features: Features, stats: Stats) -> Vector:
    """The vector of one article."""
    return vectors([stats.numbered(features)], stats)[0]


def counted(features: Iterable[Features]) -> Stats:
    """The statistics of a collection."""
    stats = Stats()
    for one in features:
        stats.add(stats.numbered(one))
    return stats


FRESH = timedelta(days=3)
"""Up to here the days between count for nothing; from here to the end of the window the score falls to `STALE`."""

STALE = 0.2

OTHER_IDENTIFIERS = 0.5
"""What is left of the score when both name identifiers (CVE and the like) and none is shared."""

OTHER_NUMBERS = 0.1
"""The same when both name numbers of one series of notices: an agency's advisories share all words but a few."""

DIGITS = 4
"""Digits of a score that count."""

_SERIES = re.compile(r"id:([A-Z]+(?:-[A-Z]+)*)-(?:20)?\d\d-\d")
"""A series, a year, a number (`CVE-2026-21407`, `ZDI-26-101`); not models and patches: one event has many of them."""

SAID = 12
"""Shared terms that are named as evidence."""


@dataclass(frozen=True, slots=True)
class Described:
    """An article ready to be compared with many."""

    published: datetime | None
    vector: Vector
    identifiers: frozenset[str]
    series: frozenset[str]

    def weights(self) -> dict[int, float]:
        """What each of its terms weighs, by number."""
        return dict(zip(self.vector.numbers.tolist(), self.vector.weights.tolist(), strict=True))


def described(published: datetime | None, its: Vector, stats: Stats) -> Described:
    """An article by its vector."""
    terms = (stats.terms[number] for number in its.numbers.tolist())
    identifiers = frozenset(term for term in terms if term.startswith("id:"))
    return Described(published, its, identifiers, frozenset(_SERIES.findall(" ".join(identifiers))))


def score(a: Features, b: Features, stats: Stats) -> Match:
    """The match of two articles, with the evidence."""
    one, other = (described(each.published, vector(each, stats), stats) for each in (a, b))
    mine = one.weights()
    shared = sum(mine.get(number, 0.0) * weight for number, weight in other.weights().items())
    value = shared * nearness(a.published, b.published) * remaining(one, other)
    return Match(round(min(value, 1.0), DIGITS), evidence(one, mine, other, stats))


def evidence(a: Described, mine: Mapping[int, float], b: Described, stats: Stats) -> tuple[Evidence, ...]:
    """What two articles share, weightiest first, and what speaks against them; `mine` are the weights of `a`."""
    shared = [(mine[number] * weight, stats.terms[number]) for number, weight in b.weights().items() if number in mine]
    shared.sort(key=lambda pair: (-pair[0], pair[1]))
    told = [Evidence(term, round(weight, DIGITS)) for weight, term in shared[:SAID]]
    left = remaining(a, b)
    if left < 1:
        told.append(Evidence("different identifiers", round(left - 1, DIGITS)))
    near = nearness(a.published, b.published)
    if near < 1 and a.published and b.published:
        told.append(Evidence(f"{abs(a.published - b.published).days} days apart", round(near - 1, DIGITS)))
    return tuple(told)


def nearness(a: datetime | None, b: datetime | None) -> float:
    """1 for articles of the same days, less with every day between, 0 outside of the window; 1 without dates."""
    if a is None or b is None:
        return 1.0
    gap = abs(a - b)
    if gap <= FRESH:
        return 1.0
    return 1.0 - (1.0 - STALE) * ((gap - FRESH) / (WINDOW - FRESH)) if gap <= WINDOW else 0.0


def remaining(a: Described, b: Described) -> float:
    """The part of the score that the identifiers leave."""
    if not a.identifiers or not b.identifiers or a.identifiers & b.identifiers:
        return 1.0
    return OTHER_NUMBERS if a.series & b.series else OTHER_IDENTIFIERS


_SHOWN = {"id": "", "name": "", "num": "the number "}


SPELLINGS = 3
"""Forms of one word that are shown: `patched, patches, patch`."""


def spelled(terms: Iterable[str], texts: Iterable[str]) -> dict[str, str]:
    """Each term in whole words, as these texts write it, the usual form first: `patched, patches` for `word:patche`.

    What they do not write (pairs of characters, an identifier's normal form) stays as it is.
    """
    forms: dict[str, Counter[str]] = {}
    for text in texts:
        for token in raw_tokens(text):
            if not is_unspaced(token):
                word = bare(token)
                forms.setdefault(f"word:{word[:STEM]}", Counter())[word] += 1
                forms.setdefault(f"name:{word}", Counter())[token] += 1
    return {
        term: ", ".join(form for form, _ in forms[term].most_common(SPELLINGS if term.startswith("word:") else 1))
        if term in forms
        else term.partition(":")[2] or term
        for term in terms
    }


def told(evidence: Iterable[Evidence]) -> str:
    """Evidence in words: `CVE-2026-1234, "helmgate", "portal…"; against it: 5 days apart`.

    A name that stands there as a name and as a word is said once.
    """
    shared: dict[str, str] = {}
    against = []
    for one in evidence:
        if one.weight < 0:
            against.append(one.term)
            continue
        kind, _, value = one.term.partition(":")
        known = shared.get(value[:STEM])
        if known is None or kind == "name":
            shared[value[:STEM] if kind in ("name", "word") else one.term] = _shown(kind, value)
    said = ", ".join(shared.values())
    return f"{said}; against it: {', '.join(against)}" if against else said


def _shown(kind: str, value: str) -> str:
    if kind == "word":
        return f"“{value}…”" if len(value) == STEM else f"“{value}”"
    return f"{_SHOWN[kind]}{value}" if kind in _SHOWN else kind

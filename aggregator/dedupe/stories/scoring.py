"""How much two articles tell of one event, with the evidence for it.

The cosine of their weighted terms, corrected by what a person looks at first: identifiers that are all different, and
the days between. Symmetric; the same pair gets the same score in any order of arrival.

How telling a term is: the rarer among the articles of the window, the more; identifiers and numbers above words.

The counts start from an imagined background, so that ten articles are weighed as sensibly as ten thousand.

Features and evidence as text: for the database, and for the person who asks why.
"""

from __future__ import annotations

import json
import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nlargest
from itertools import repeat
from operator import mul
from sys import intern

from aggregator.dedupe.stories.terms import COMMON, STEM, bare
from aggregator.dedupe.stories.values import Evidence, Features, Match
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


WINDOW = timedelta(days=14)
"""Articles further apart are about different events, or about the same one's aftermath, which is another story."""

FRESH = timedelta(days=3)
"""Up to here the days between count for nothing; from here to the end of the window the score falls to `STALE`."""

STALE = 0.2

OTHER_IDENTIFIERS = 0.5
"""What is left of the score when both name identifiers (CVE and the like) and none is shared."""

OTHER_NUMBERS = 0.1
"""The same when both name numbers of one series of notices: an agency's advisories share all words but a few."""

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


def described(features: Features, stats: Stats) -> Described:
    """An article by the statistics of the window."""
    its = vector(features, stats)
    identifiers = frozenset(term for term in its.terms if term.startswith("id:"))
    return Described(features.published, its, identifiers, frozenset(_SERIES.findall(" ".join(identifiers))))


def score(a: Features, b: Features, stats: Stats) -> Match:
    """The match of two articles, with the evidence."""
    one, other = described(a, stats), described(b, stats)
    return Match(value(one, one.vector.mapping(), other), evidence(one, other))


def value(a: Described, a_terms: Mapping[str, float], b: Described) -> float:
    """The score alone, 0 to 1; `a_terms` is the mapping of `a`'s vector, made once for many comparisons."""
    near = nearness(a.published, b.published)
    if not near:
        return 0.0
    return round(min(cosine(a_terms, b.vector) * near * _left(a, b), 1.0), 4)


def evidence(a: Described, b: Described) -> tuple[Evidence, ...]:
    """What two articles share, weightiest first, and what speaks against them."""
    mine = a.vector.mapping()
    shared = [(mine[term] * weight, term) for term, weight in b.vector.mapping().items() if term in mine]
    shared.sort(key=lambda pair: (-pair[0], pair[1]))
    told = [Evidence(term, round(weight, 4)) for weight, term in shared[:SAID]]
    left = _left(a, b)
    if left < 1:
        told.append(Evidence("different identifiers", round(left - 1, 4)))
    near = nearness(a.published, b.published)
    if near < 1 and a.published and b.published:
        told.append(Evidence(f"{abs(a.published - b.published).days} days apart", round(near - 1, 4)))
    return tuple(told)


def nearness(a: datetime | None, b: datetime | None) -> float:
    """1 for articles of the same days, less with every day between, 0 outside of the window; 1 without dates."""
    if a is None or b is None:
        return 1.0
    gap = abs(a - b)
    if gap <= FRESH:
        return 1.0
    return 1.0 - (1.0 - STALE) * ((gap - FRESH) / (WINDOW - FRESH)) if gap <= WINDOW else 0.0


def _left(a: Described, b: Described) -> float:
    """The part of the score that the identifiers leave."""
    if not a.identifiers or not b.identifiers or a.identifiers & b.identifiers:
        return 1.0
    return OTHER_NUMBERS if a.series & b.series else OTHER_IDENTIFIERS


_SHOWN = {"id": "", "name": "", "num": "the number "}


def written(features: Features) -> str:
    """The terms as JSON: an object of term and weight, strongest first. Id and date are columns of their own."""
    return json.dumps(dict(features.terms), ensure_ascii=False, separators=(",", ":"))


def reread(item: str, published: datetime | None, terms: str) -> Features:
    """What `written` wrote. ValueError: it is not that."""
    values = json.loads(terms)
    if not isinstance(values, dict):
        raise ValueError("the terms of an article are a JSON object")  # noqa: TRY004 - as for what is no JSON at all
    return Features(item, published, tuple((str(term), float(weight)) for term, weight in values.items()))


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

"""How much two articles tell of one event, with the evidence for it.

The cosine of their weighted terms, corrected by what a person looks at first: identifiers that are all different, and
the days between. Symmetric; the same pair gets the same score in any order of arrival.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.dedupe.stories.values import Evidence, Features, Match
from aggregator.dedupe.stories.weights import Stats, Vector, cosine, vector

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

"""How much two articles tell of one event, with the evidence for it.

The cosine of their weighted terms, corrected by what a person looks at first: identifiers that are the same or all
different, and the days between. Symmetric; the same pair gets the same score in any order of arrival.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from aggregator.dedupe.stories.values import Evidence, Features, Match
from aggregator.dedupe.stories.weights import Stats, dot, vector

WINDOW = timedelta(days=14)
"""Articles further apart are about different events, or about the same one's aftermath, which is another story."""

FRESH = timedelta(days=3)
"""Up to here the days between count for nothing; from here to the end of the window the score falls to `STALE`."""

STALE = 0.5

OTHER_IDENTIFIERS = 0.5
"""What is left of the score when both name identifiers (CVE and the like) and none is shared."""

SAID = 12
"""Shared terms that are kept as evidence."""


def score(a: Features, b: Features, stats: Stats) -> Match:
    """The match of two articles by the statistics of the window."""
    return match(a, vector(a, stats), b, vector(b, stats))


def match(a: Features, a_vector: Mapping[str, float], b: Features, b_vector: Mapping[str, float]) -> Match:
    """The same for vectors at hand."""
    near = nearness(a.published, b.published)
    if not near:
        return Match(0.0)
    value = dot(a_vector, b_vector) * near
    against = _against(a_vector, b_vector)
    value *= OTHER_IDENTIFIERS if against else 1.0
    shared = {term: weight * b_vector[term] for term, weight in a_vector.items() if term in b_vector}
    strongest = sorted(shared.items(), key=lambda pair: (-pair[1], pair[0]))[:SAID]
    evidence = [Evidence(term, round(weight, 4)) for term, weight in strongest]
    if against:
        evidence.append(Evidence("different identifiers", OTHER_IDENTIFIERS - 1))
    if near < 1 and a.published and b.published:
        evidence.append(Evidence(f"{abs(a.published - b.published).days} days apart", round(near - 1, 4)))
    return Match(round(min(value, 1.0), 4), tuple(evidence))


def nearness(a: datetime | None, b: datetime | None) -> float:
    """1 for articles of the same days, less with every day between, 0 outside of the window; 1 without dates."""
    if a is None or b is None:
        return 1.0
    gap = abs(a - b)
    if gap > WINDOW:
        return 0.0
    return 1.0 - (1.0 - STALE) * max(gap - FRESH, timedelta(0)) / (WINDOW - FRESH)


def _against(a: Mapping[str, float], b: Mapping[str, float]) -> bool:
    first = {term for term in a if term.startswith("id:")}
    second = {term for term in b if term.startswith("id:")}
    return bool(first and second and not first & second)

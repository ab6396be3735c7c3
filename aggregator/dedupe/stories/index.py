"""Where an article's likely companions are found among a hundred thousand: by the weightiest terms that they share.

A value: it knows no file. The store keeps the terms of each article, from which it is filled again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from heapq import nlargest

from aggregator.dedupe.stories.weights import Vector

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

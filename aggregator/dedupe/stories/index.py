"""Where an article's likely companions are found among a hundred thousand: by the rarest terms that they share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from heapq import nlargest

ASKED = 24
"""Terms of the new article that are looked up, the weightiest first."""

CROWD = 20_000
"""Articles that are touched at most in one search; a term that would go beyond is too common to lead anywhere."""


class Index:
    """Terms and the articles that hold them. A value: it knows no file, and can be filled from anywhere."""

    def __init__(self) -> None:
        self._holders: dict[str, dict[str, None]] = {}

    def add(self, item: str, terms: Mapping[str, float]) -> None:
        for term in terms:
            self._holders.setdefault(term, {})[item] = None

    def remove(self, item: str, terms: Mapping[str, float]) -> None:
        for term in terms:
            holders = self._holders.get(term)
            if holders is not None:
                holders.pop(item, None)
                if not holders:
                    del self._holders[term]

    def near(self, terms: Mapping[str, float], limit: int, admits: Callable[[str], bool]) -> list[str]:
        """The articles that share most of the weight of `terms` (most first; `admits` says which may be named)."""
        asked = nlargest(ASKED, terms.items(), key=lambda pair: (pair[1], pair[0]))
        found: dict[str, float] = defaultdict(float)
        touched = 0
        for term, weight in sorted(asked, key=lambda pair: len(self._holders.get(pair[0], ()))):
            holders = self._holders.get(term, {})
            touched += len(holders)
            if touched > CROWD:
                break
            for item in holders:
                found[item] += weight * weight
        best = nlargest(4 * limit, found.items(), key=lambda pair: (pair[1], pair[0]))
        return [item for item, _ in best if admits(item)][:limit]

"""The values of stories: what goes in, what is compared, what is decided. Frozen, comparable, made of plain types."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

WINDOW = timedelta(days=14)
"""Articles further apart are about different events, or about the same one's aftermath, which is another story."""


@dataclass(frozen=True, slots=True)
class StoryItem:
    """An article as stories see it. `published` is aware UTC, or None; `text` is plain, paragraphs or not."""

    id: str
    title: str
    text: str
    published: datetime | None = None
    source: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Features:
    """What of an article is compared: terms with weights (strongest first), and when it was published.

    A term is a kind and a value: `id:CVE-2026-1234`, `name:lockbit`, `num:450000`, `word:ransom`.
    """

    id: str
    published: datetime | None
    terms: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that two articles share, or that keeps them apart (negative), and its part of the score."""

    term: str
    weight: float


@dataclass(frozen=True, slots=True)
class Match:
    """How much two articles tell of one event (0 to 1), and why; the evidence is strongest first."""

    score: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class StoryLink:
    """A pair of articles with the score and the evidence it got; `a` is the one that came later."""

    a: str
    b: str
    score: float
    evidence: tuple[Evidence, ...] = ()


class Placement(StrEnum):
    """What became of an article: it founded a story, joined one, or brought several together."""

    NEW = "new"
    JOINED = "joined"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Move:
    """An article whose story is another one now."""

    item: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class StoryDecision:
    """Where an article belongs, and what that changes for others.

    `moved` are the other articles that are in another story now. `merged` are the stories that are gone, and lead to
    `story` from now on. `links` are the pairs to remember: those of the article's own story come first, and the
    first few carry their evidence.
    """

    item: str
    story: str
    placement: Placement
    links: tuple[StoryLink, ...] = ()
    moved: tuple[Move, ...] = ()
    merged: tuple[str, ...] = ()


Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rulings:
    """What an operator said: pairs of articles that belong together, and pairs that do not. They outweigh any score.

    Of two that contradict each other the later one holds.
    """

    together: frozenset[Pair] = frozenset()
    apart: frozenset[Pair] = frozenset()

    def joined(self, pairs: Iterable[Pair]) -> Rulings:
        """These rulings, and that the articles of each pair belong together."""
        new = frozenset(_in_order(pair) for pair in pairs)
        return Rulings(self.together | new, self.apart - new)

    def parted(self, pairs: Iterable[Pair]) -> Rulings:
        """These rulings, and that the articles of each pair do not belong together."""
        new = frozenset(_in_order(pair) for pair in pairs)
        return Rulings(self.together - new, self.apart | new)


def _in_order(pair: Pair) -> Pair:
    return pair if pair[0] <= pair[1] else (pair[1], pair[0])


NO_RULINGS = Rulings()


@dataclass(frozen=True, slots=True)
class Grouped:
    """A line of `aggregator stories`: an article, its story, and the article that it is a copy of (or None)."""

    id: str
    story: str
    duplicate_of: str | None = None
    reason: str | None = None
    similarity: float | None = None

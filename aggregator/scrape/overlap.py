"""How much of one text is in another, by runs of three words. Punctuation, case and line breaks do not count."""

from __future__ import annotations

import re

RUN = 3
"""Words in a row: two meet by chance, four miss what was edited."""

_WORD = re.compile(r"\w+")
Shingles = frozenset[tuple[str, ...]]


def words_of(text: str) -> list[str]:
    """The words of `text`, in lower case."""
    return _WORD.findall(text.casefold())


def shingles(text: str) -> Shingles:
    """All runs of one to RUN words in `text`."""
    words = words_of(text)
    return frozenset(
        tuple(words[start : start + size]) for size in range(1, RUN + 1) for start in range(len(words) - size + 1)
    )


def coverage(text: str, known: Shingles) -> float:
    """The share of `text`'s runs of RUN words (of all of it, when it is shorter) that are among `known`: 0 to 1."""
    words = words_of(text)
    size = min(RUN, len(words))
    if not size:
        return 0.0
    runs = [tuple(words[start : start + size]) for start in range(len(words) - size + 1)]
    return sum(run in known for run in runs) / len(runs)

"""Paragraphs that are known to stand on page after page of a site in place of the article, by their marks.

A mark is a hash of a paragraph's words: it survives white space, punctuation and case, and gives nothing away.
"""

from __future__ import annotations

from hashlib import sha256

from aggregator.text.words import words_of

LEAST = 4
"""Words; shorter paragraphs ("Read more", "Update") stand in good articles too."""

MOST = 40
"""Paragraphs of a text that are marked: notices and boxes have one to ten."""

_DIGITS = 16


def mark(paragraph: str) -> str | None:
    """The mark of one paragraph; None for a short one."""
    words = words_of(paragraph)
    if len(words) < LEAST:
        return None
    return sha256(" ".join(words).encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def marks(text: str) -> tuple[str, ...]:
    """The marks of a text's first paragraphs."""
    found = (mark(paragraph) for paragraph in text.split("\n\n")[:MOST])
    return tuple(dict.fromkeys(one for one in found if one))

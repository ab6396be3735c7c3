"""Two versions of a text, compared for a person: which paragraphs came, went or changed, and which words of them.

Whether a difference matters is not decided here (see `dedupe.changes`); nothing is escaped or coloured. The work is
bounded whatever the texts hold: what is too long to compare word by word is shown as removed and added.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

MOST_PARAGRAPHS = 2_000
"""Paragraphs compared one by one; the rest counts as one. The longest of 400 real articles has some 600."""

MOST_TOKENS = 1_500
"""Words and signs of a paragraph up to which it is compared word by word; 1,500 against 1,500 take under 0.1 s."""

MOST_PAIRS = 400
"""Pairs of paragraphs that are tried where several were rewritten at once: twenty against twenty."""

ALIKE = 0.4
"""The ratio of equal words from which a paragraph is a changed one, and no other."""

_PARAGRAPHS = re.compile(r"\n{2,}")
_TOKENS = re.compile(r"\w+(?:[.:/'’-]\w+)*\s*|[^\w\s]\s*|\s+")
"""Versions, identifiers and addresses are one word each: `5.[-1-]{+2+}` is hard to read."""


class DiffKind(StrEnum):
    """What became of a paragraph, or of some words."""

    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words: the same in both texts, or in one of them only (ADDED, REMOVED)."""

    kind: DiffKind
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph. Its pieces joined without the ADDED are what it was; without the REMOVED, what it is."""

    kind: DiffKind
    pieces: tuple[Piece, ...]


def compare(before: str, after: str) -> tuple[Passage, ...]:
    """Every paragraph of both texts, in the order of reading."""
    return tuple(_passages(_paragraphs(before), _paragraphs(after)))


def changes(before: str, after: str) -> tuple[Passage, ...]:
    """`compare` without the paragraphs that are the same."""
    return tuple(passage for passage in compare(before, after) if passage.kind is not DiffKind.SAME)


def words_of(before: str, after: str) -> tuple[Piece, ...]:
    """One line compared word by word: a title, a paragraph."""
    one, other = _TOKENS.findall(before), _TOKENS.findall(after)
    if max(len(one), len(other)) > MOST_TOKENS:
        return _nonempty(Piece(DiffKind.REMOVED, before), Piece(DiffKind.ADDED, after))
    return _joined(_word_pieces(one, other))


def summary(before: str, after: str) -> str:
    """What changed, in a few words: `2 paragraphs changed, 1 added (+30 −4 words)`; empty when nothing did."""
    found = changes(before, after)
    if not found:
        return ""
    told: list[str] = []
    for kind in (DiffKind.CHANGED, DiffKind.ADDED, DiffKind.REMOVED):
        number = sum(passage.kind is kind for passage in found)
        if number:
            noun = "" if told else " paragraph" if number == 1 else " paragraphs"
            told.append(f"{number}{noun} {kind}")
    pieces = [piece for passage in found for piece in passage.pieces]
    added, removed = (
        sum(len(piece.text.split()) for piece in pieces if piece.kind is kind)
        for kind in (DiffKind.ADDED, DiffKind.REMOVED)
    )
    counts = " ".join(f"{sign}{number}" for sign, number in (("+", added), ("−", removed)) if number)
    return f"{', '.join(told)} ({counts} {'word' if added + removed == 1 else 'words'})"


def _paragraphs(text: str) -> list[str]:
    found = [part for part in _PARAGRAPHS.split(text.strip()) if part.strip()]
    if len(found) <= MOST_PARAGRAPHS:
        return found
    return [*found[: MOST_PARAGRAPHS - 1], "\n\n".join(found[MOST_PARAGRAPHS - 1 :])]


def _passages(one: list[str], other: list[str]) -> Iterator[Passage]:
    for tag, first, last, start, end in SequenceMatcher(None, one, other).get_opcodes():
        if tag == "equal":
            yield from (_whole(DiffKind.SAME, text) for text in one[first:last])
        else:
            yield from _rewritten(one[first:last], other[start:end])


def _rewritten(gone: list[str], come: list[str]) -> Iterator[Passage]:
    """Paragraphs in the place of others: each that has its like is a changed one."""
    place = 0
    if len(gone) * len(come) <= MOST_PAIRS:
        for text in gone:
            like = next((n for n in range(place, len(come)) if _alike(text, come[n])), None)
            if like is None:
                yield _whole(DiffKind.REMOVED, text)
                continue
            yield from (_whole(DiffKind.ADDED, new) for new in come[place:like])
            yield Passage(DiffKind.CHANGED, words_of(text, come[like]))
            place = like + 1
    else:
        yield from (_whole(DiffKind.REMOVED, text) for text in gone)
    yield from (_whole(DiffKind.ADDED, new) for new in come[place:])


def _whole(kind: DiffKind, text: str) -> Passage:
    return Passage(kind, (Piece(kind, text),))


def _alike(one: str, other: str) -> bool:
    first, second = one.split(), other.split()
    if max(len(first), len(second)) > MOST_TOKENS:
        return False
    matcher = SequenceMatcher(None, first, second)
    return matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def _word_pieces(one: Sequence[str], other: Sequence[str]) -> Iterator[Piece]:
    keys = [token.strip() for token in one], [token.strip() for token in other]
    for tag, first, last, start, end in SequenceMatcher(None, *keys).get_opcodes():
        if tag == "equal":
            same = zip(one[first:last], other[start:end], strict=True)
            yield Piece(DiffKind.SAME, "".join(max(tokens, key=len) for tokens in same))  # they differ in white space
        else:
            yield Piece(DiffKind.REMOVED, "".join(one[first:last]))
            yield Piece(DiffKind.ADDED, "".join(other[start:end]))


def _joined(pieces: Iterator[Piece]) -> tuple[Piece, ...]:
    """Pieces without the empty ones; a lone sign between two changes belongs to both: `a-b` became `c-d`."""
    found = [piece for piece in pieces if piece.text]
    merged: list[Piece] = []
    removed = added = ""
    for place, piece in enumerate(found):
        between = removed or added
        sign = piece.kind is DiffKind.SAME and not any(map(str.isalnum, piece.text)) and place + 1 < len(found)
        if piece.kind is DiffKind.REMOVED:
            removed += piece.text
        elif piece.kind is DiffKind.ADDED:
            added += piece.text
        elif between and sign:
            removed, added = removed + piece.text, added + piece.text
        else:
            merged += _nonempty(Piece(DiffKind.REMOVED, removed), Piece(DiffKind.ADDED, added), piece)
            removed = added = ""
    return (*merged, *_nonempty(Piece(DiffKind.REMOVED, removed), Piece(DiffKind.ADDED, added)))


def _nonempty(*pieces: Piece) -> tuple[Piece, ...]:
    return tuple(piece for piece in pieces if piece.text)

"""A text as its reader sees it: lines, headings and what stands below them, tables, labels, sentences.

The input is the shown text of an article: a heading or a list item is a line, a table row is `a | b`. Which words
make a heading one of indicators is data (`words.toml`). No value is judged here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from aggregator.text.word_lists import word_list

MAX_HEADING = 90
"""Characters of a line that may be a heading."""

PROSE_WORDS = 8
"""Words of a line, besides its values, that make it a sentence rather than an entry of a list."""


class Section(Enum):
    """What a heading says of the lines below it."""

    INDICATORS = "indicators"
    REFERENCES = "references"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line, the heading that it stands below, and the first row of its table."""

    start: int
    end: int
    section: Section | None = None
    heading: str = ""
    columns: tuple[str, ...] = ()
    heads: bool = False


_CELLS = " | "
_WORD = re.compile(r"[^\W\d_][\w'-]*")
_RULE = re.compile(r"[-=_*~]{3,}\s*")
_MARKS = " #*-=:>\u2022\u25cf\u00b7\u25aa0123456789.)("
_END = re.compile(r"[.!?][\"'\u201d\u2019)]*$")


@lru_cache(64)
def pattern(table: str, name: str, *, ends: bool = False) -> re.Pattern[str]:
    """The words of `words.toml` as one pattern, for text in lower case; with `ends`, the last words of a text."""
    return re.compile(
        rf"(?<![\w-])(?:{'|'.join(word_list('aggregator.intel', 'words')[table][name])})(?![\w-]){'$' if ends else ''}"
    )


REACH = 1000
"""Characters on each side of a value that can have to do with it: a line may be as long as a book."""


@dataclass(frozen=True)
class Layout:
    """The lines of a text."""

    text: str
    lower: str
    lines: tuple[TextLine, ...]
    starts: tuple[int, ...]

    def line(self, position: int) -> TextLine:
        """The line that holds a position."""
        return self.lines[bisect_right(self.starts, position) - 1]

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """The bounds of the sentence around a span, within its line (its cell, in a table), no further than REACH."""
        line = self.line(start)
        left, right = max(line.start, start - REACH), max(min(line.end, end + REACH), end)
        for stop in _STOP.finditer(self.text, left, start):
            left = stop.end()
        if match := _STOP.search(self.text, end, right):
            right = match.start() + 1
        return left, right


NO_LINES = Layout("", "", (), ())
"""Of a text of whose lines nobody asks, since there is no value in it."""

_STOP = re.compile(r"[.!?;][\"'\u201d\u2019)]*\s+(?=[\"'\u201c\u2018(]?[A-Z0-9\u00c0-\u024f\u0400-\u04ff])| \| ")


def layout(text: str, lower: str, spans: Sequence[tuple[int, int]]) -> Layout:
    """The lines of a text; `spans` are the places of its values, ascending."""
    lines: list[TextLine] = []
    section: Section | None = None
    columns: tuple[str, ...] = ()
    heading, start, index = "", 0, 0
    rows = text.split("\n")
    blank_before = True
    for number, row in enumerate(rows):
        end = start + len(row)
        held = []
        while index < len(spans) and spans[index][0] < end:
            held.append(spans[index])
            index += 1
        following = rows[number + 1] if number + 1 < len(rows) else ""
        heads = False
        if _CELLS in row:
            columns = columns or tuple(cell.strip().lower() for cell in row.split("|"))
        elif stripped := row.strip():
            columns = ()
            kind = _reads_as(
                stripped,
                row,
                lower[start:end],
                [(a - start, b - start) for a, b in held],
                following,
                blank=blank_before,
            )
            if kind is _ENDS:
                section, heading = None, ""
            elif isinstance(kind, Section):
                section, heading, heads = kind, stripped.strip(" #*=:>\u2022\u25cf\u00b7\u25aa") or stripped, True
        lines.append(TextLine(start, end, section, heading, columns, heads))
        blank_before = not row.strip()
        start = end + 1
    return Layout(text, lower, tuple(lines), tuple(line.start for line in lines))


_ENDS, _STAYS = "ends", "stays"


def _reads_as(
    stripped: str, row: str, lower: str, held: list[tuple[int, int]], following: str, *, blank: bool
) -> Section | str:
    """What a line does to the section that it stands in: begins another, ends it, or neither."""
    if _RULE.fullmatch(stripped) or stripped.startswith("```"):
        return _STAYS
    words = len(_WORD.findall(_without(row, held)))
    if held:
        prose = words >= PROSE_WORDS and held[0][0] > 24 and (_END.search(stripped) or ". " in stripped)
        return _ENDS if prose else _STAYS
    introduces = stripped.endswith(":")
    if introduces and (len(stripped) <= MAX_HEADING or words <= 40):
        last = max(lower.rfind(". "), 0)
        sentence = words > 5 or stripped[0].islower() or "following" in lower
        return _kind(lower[last:], introduces=sentence) or (Section.OTHERS if sentence else _STAYS)
    if words >= PROSE_WORDS and _END.search(stripped):
        return _STAYS if pattern("headings", "indicators").search(lower) and _INTRODUCES.search(lower) else _ENDS
    if len(stripped) > MAX_HEADING or words > 10 or not words or stripped[-1] in ",;":
        return _STAYS
    underlined = bool(_RULE.fullmatch(following.strip())) if following.strip() else False
    if underlined or stripped.startswith("#") or (stripped[0].isupper() or not stripped[0].isascii()):
        kind = _kind(lower, introduces=False)
        if kind:
            return kind
        if underlined or stripped.startswith("#") or (blank and not following.strip()):
            return Section.OTHERS
    return _STAYS


_INTRODUCES = re.compile(r"following|below|listed|these|indicators|iocs")


def _kind(lower: str, *, introduces: bool) -> Section | None:
    """What the words of a heading say; `introduces`: a sentence that ends with a colon."""
    if pattern("headings", "others").search(lower):
        return Section.OTHERS
    if introduces:
        return Section.INDICATORS if pattern("headings", "introductions").search(lower) else None
    found = pattern("headings", "indicators").search(lower)
    if not (found and "ioc" in found[0]) and (
        pattern("headings", "references").search(lower)
        or pattern("headings", "references_alone").fullmatch(lower.strip(_MARKS))
    ):
        return Section.REFERENCES
    return Section.INDICATORS if found else None


def _without(row: str, held: Iterable[tuple[int, int]]) -> str:
    parts, last = [], 0
    for start, end in held:
        parts.append(row[last:start])
        last = end
    parts.append(row[last:])
    return " ".join(parts)

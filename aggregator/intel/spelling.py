"""One spelling for what people write in many: hyphens, full stops, spaces, invisible characters.

The patterns of this package run on the text in this spelling; offsets lead back to the text as given. Defanged forms
are not undone here: they are part of the patterns, since a replacement over a whole text changes words, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"
_STOPS = "\u3002\uff0e\uff61\u2024"
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t\x0b\x0c"
_BREAKS = "\r\u2028\u2029\x85"
_ONE_FOR_ONE = str.maketrans(
    {
        **dict.fromkeys(_HYPHENS, "-"),
        **dict.fromkeys(_STOPS, "."),
        **dict.fromkeys(_SPACES, " "),
        **dict.fromkeys(_BREAKS, "\n"),
        "\u0130": "I",  # the one letter whose lower case is longer
    }
)
INVISIBLE = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+")  # fmt: skip  # noqa: E501
"""Characters without width, and those that set the direction of writing (Unicode: Default_Ignorable_Code_Point)."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """A text in one spelling (`text`, and `lower` of the same length), and where each character stood."""

    text: str
    lower: str
    original: str
    skipped: tuple[tuple[int, int], ...]
    """(offset in `text`, characters skipped up to there), ascending; empty when nothing was skipped."""

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The offsets in the original of the characters from `start` up to `end`."""
        return self._offset(start), self._offset(end - 1) + 1

    def _offset(self, position: int) -> int:
        low, high = 0, len(self.skipped)
        while low < high:
            middle = (low + high) // 2
            if self.skipped[middle][0] <= position:
                low = middle + 1
            else:
                high = middle
        return position + (self.skipped[low - 1][1] if low else 0)


def spelled(text: str) -> Spelled:
    """`text` in one spelling."""
    plain = text.translate(_ONE_FOR_ONE)
    skipped: list[tuple[int, int]] = []
    if not text.isascii() and INVISIBLE.search(plain):
        parts, last, gone, length = [], 0, 0, 0
        for match in INVISIBLE.finditer(plain):
            parts.append(plain[last : match.start()])
            length += match.start() - last
            gone += match.end() - match.start()
            skipped.append((length, gone))
            last = match.end()
        parts.append(plain[last:])
        plain = "".join(parts)
    lower = plain.lower()
    if len(lower) != len(plain):  # a letter of an unforeseen script
        lower = "".join(small if len(small := sign.lower()) == 1 else sign for sign in plain)
    return Spelled(plain, lower, text, tuple(skipped))

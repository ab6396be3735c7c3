"""Characters that show nothing, and marks that turn the direction of what follows them; pure.

A title of zero-width spaces is no title: its link can neither be seen nor clicked. A direction mark without its end
turns round whatever a reader's list shows after it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Letters, marks and symbols by their category that have no ink: joiners, Hangul fillers, the empty Braille cell."""

_NO_INK: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})

_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ENDS: Final = {**dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c"), **dict.fromkeys("\u2066\u2067\u2068", "\u2069")}


def is_seen(text: str) -> bool:
    """Whether anything of `text` can be seen."""
    return any(unicodedata.category(char) not in _NO_INK for char in _BLANK.sub("", text))


def closed(text: str) -> str:
    """`text` with an end for every direction mark in it (Unicode Standard Annex 9); idempotent."""
    if text.isascii() or not _MARKS.search(text):
        return text
    open_ends: list[str] = []
    for mark in _MARKS.findall(text):
        if mark in _ENDS:
            open_ends.append(_ENDS[mark])
        elif mark in open_ends:
            while open_ends.pop() != mark:  # an isolate's end ends the embeddings in it
                pass
    return text + "".join(reversed(open_ends))

"""Text that every format can carry: characters that XML 1.0 forbids are removed before rendering.

The same text goes into Atom, RSS, JSON and HTML, so it is made valid once, for the strictest of them (XML 1.0,
section 2.2). Nothing is escaped here: that is each format's own business.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections import Counter
from functools import cache
from typing import Any, TypeVar

from aggregator.text.plain import closed, legal

_Value = TypeVar("_Value")

_C0 = bytes([*range(9), 11, 12, 13, *range(14, 32), 127])
_MAYBE_C1 = b"\xc2"  # C1 controls are C2 80 to C2 9F in UTF-8; so is a lot of good text, which only costs a closer look
_MAYBE_NONCHARACTER = b"\xef\xbf"
_NO_TEXT = re.compile(r"<(pre|code)\b.*?</\1>|<[^>]*>", re.DOTALL)

RTL_LANGUAGES = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ji", "ps", "sd", "ug", "ur", "yi"})
DIRECTION_CHARS = 5_000
"""Of a text, to find out how it runs."""


def valid(text: str) -> str:
    """`text` as XML 1.0 allows it (see `plain.legal`), with line feeds alone.

    Direction marks in it are closed, so that they turn round nothing that is shown after it.

    Pairs of surrogates become the character that they stand for. Idempotent; quick for text that is already valid,
    which nearly all is: the check runs at the speed of a memory copy.
    """
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        raw = text.encode()
    if len(raw.translate(None, _C0)) == len(raw) and (
        len(raw) == len(text) or (_MAYBE_C1 not in raw and _MAYBE_NONCHARACTER not in raw)
    ):
        return text if len(raw) == len(text) else closed(text)
    return closed(legal(text.replace("\r\n", "\n").replace("\r", "\n")))


def runs_rtl(html: str, language: str | None) -> bool:
    """Whether clean HTML runs from right to left: by its letters (Unicode's bidirectional classes), code left out.

    A third of them is enough, since names and terms are Latin in any script; fewer where the language says so itself.
    """
    if html.isascii():
        return False
    letters = Counter(map(unicodedata.bidirectional, _NO_TEXT.sub("", html)[:DIRECTION_CHARS]))
    rtl = letters["R"] + letters["AL"]
    share = 0.1 if (language or "").partition("-")[0].lower() in RTL_LANGUAGES else 1 / 3
    return rtl > share * (rtl + letters["L"])


def line(text: str | None) -> str:
    """Valid text on one line: every run of white space is one space, none at the ends."""
    return " ".join(valid(text).split()) if text else ""


def purify(value: _Value) -> _Value:
    """The same value (text, tuple, dataclass, nested as they come) with every text in it valid."""
    pure: Any
    kind: Any = type(value)
    if isinstance(value, str):
        pure = valid(value)
    elif isinstance(value, tuple):
        pure = tuple(map(purify, value)) if value else value
    elif names := _field_names(kind):
        changes: dict[str, Any] = {}
        for name in names:
            old = getattr(value, name)
            if old is None or old is True or old is False:
                continue
            new = purify(old)
            if new is not old and new != old:
                changes[name] = new
        pure = dataclasses.replace(value, **changes) if changes else value  # type: ignore[type-var]
    else:
        return value
    return pure  # type: ignore[no-any-return]


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass; none of any other type."""
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else ()

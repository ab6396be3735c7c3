"""Feed HTML as the words that a reader would see, without what changes by itself from poll to poll.

For hashing and comparing only: what comes out is never shown, and nothing here makes HTML safe. One pass, linear in
the input whatever it holds (unclosed comments, a million `<`).
"""

from __future__ import annotations

import html
import re

from aggregator.dedupe.noise import without_noise
from aggregator.text.words import normal

_MARK = re.compile(r"<!--|-->|<(/?)([a-zA-Z][a-zA-Z0-9:-]*+)[^<>]*+>|<[!?][^<>]*+>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*+>")
_SILENT = frozenset(
    {"script", "style", "noscript", "template", "iframe", "svg", "object", "form", "textarea", "select"}
)
_UNCOMMON = re.compile(rf"(?i)<[!?]|-->|<(?:{'|'.join(sorted(_SILENT))})")
"""What clean HTML does not have."""

_PICTURE = re.compile(r"""(?i)\bsrc\s?=\s?["']?([^"'\s>?#]+)""")


def visible(markup: str) -> str:
    """The text between the tags, entities resolved, whitespace folded."""
    text = _walked(markup) if _UNCOMMON.search(markup) else _TAG.sub(" ", markup)
    return normal(" ".join(html.unescape(text).split()))


def lasting(markup: str) -> str:
    """`visible` without what changes by itself: view counters, ages, tokens, links written out, generation times.

    The addresses of the pictures, without their parameters, where there is no text.
    """
    text = visible(markup)
    if not text:
        return " ".join(_PICTURE.findall(markup))
    return " ".join(without_noise(text).split())


def _walked(markup: str) -> str:
    """The text of markup with comments, scripts and the like, without these."""
    pieces: list[str] = []
    position, silent, comment = 0, "", False
    for match in _MARK.finditer(markup):
        if not silent and not comment:
            pieces.append(markup[position : match.start()])
        position = match.end()
        mark = match[0]
        if comment or mark in ("<!--", "-->"):
            comment = mark != "-->"
            pieces.append(" ")
            continue
        name = (match[2] or "").lower()
        if silent:
            silent = "" if match[1] and name == silent else silent
        elif name in _SILENT and not match[1] and not mark.endswith("/>"):
            silent = name
        pieces.append(" ")
    if not silent and not comment:
        pieces.append(markup[position:])
    return "".join(pieces)

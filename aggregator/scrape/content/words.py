"""The words by which pages name their parts, in class names and in the text itself.

Each is a piece of evidence, never a verdict: how much it counts for or against a block is learned (see classify). The
words themselves are data (`words.toml`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from lxml.html import HtmlElement

from aggregator.text.word_lists import word_list

_WORDS = word_list("aggregator.scrape.content", "words")

HINTS: dict[str, str] = {name: " ".join(pieces) for name, pieces in _WORDS["hints"].items()}
"""What class, id, role and the like call a part of the page: pieces of names, `-` standing for any separator."""


def _pattern(phrase: Mapping[str, Any]) -> str:
    words = (
        [f"{phrase.get('before', '')}(?:{'|'.join(phrase['words'])}){phrase.get('after', '')}"]
        if "words" in phrase
        else []
    )
    return "|".join((*words, *phrase.get("patterns", ())))


PHRASES: dict[str, str] = {name: _pattern(phrase) for name, phrase in _WORDS["phrases"].items()}
"""What the text of a short block says that articles seldom do. Matched against lower-case text."""

SHORT = 40
"""Words; a longer block is not judged by a phrase in it."""

_ATTRIBUTES = ("class", "id", "role", "itemprop")
_MAX_NAMES = 300
_MAX_REMEMBERED = 50_000
_MAX_TEXTS = 8_000
_NAMELESS = (None,) * len(_ATTRIBUTES)

_OF_POSTS = frozenset({"hentry", "type-post", "status-publish"})
_SUBJECTS = ("tag-", "category-", "post_tag-")
"""How the names begin that WordPress gives a post for what it is about: they say nothing of the part of the page."""

_KEY = 3
"""Characters; no piece is shorter, so that those that can begin at a place are found by as many."""

_PIECES: dict[str, list[tuple[str, str]]] = {}
for _hint, _pieces in HINTS.items():
    for _piece in _pieces.split():
        _PIECES.setdefault(_piece[:_KEY], []).append((_piece, _hint))

_AT_START = frozenset(name for name, phrase in _WORDS["phrases"].items() if phrase.get("starts"))
"""The phrases that stand at the beginning, in each of their forms."""

_PATTERNS = [
    (name, re.compile(pattern).match if name in _AT_START else re.compile(pattern).search)
    for name, pattern in PHRASES.items()
]
_SEPARATORS = str.maketrans({"_": "-", ":": "-", ".": "-", "/": "-"})
_NONE: frozenset[str] = frozenset()
_of_name: dict[str, frozenset[str]] = {}
_of_names: dict[tuple[str | None, ...], frozenset[str]] = {}


def hints(node: HtmlElement) -> frozenset[str]:
    """The HINTS that `node`'s own names give."""
    names = tuple(map(node.get, _ATTRIBUTES))
    if names == _NAMELESS:
        return _NONE
    known = _of_names.get(names)
    if known is None:
        if len(_of_names) >= _MAX_REMEMBERED:
            _of_names.clear()
        pieces = [name for value in names if value for name in value[:_MAX_NAMES].split()]
        if any(name in _OF_POSTS for name in pieces):
            pieces = [name for name in pieces if not name.startswith(_SUBJECTS)]
        known = _of_names[names] = frozenset().union(*map(_hints_of, pieces))
    return known


def _hints_of(name: str) -> frozenset[str]:
    known = _of_name.get(name)
    return _remember(name) if known is None else known


def _remember(name: str) -> frozenset[str]:
    padded = f"-{name.lower().translate(_SEPARATORS)}-"
    known = frozenset(
        [
            hint
            for start in range(len(padded) - _KEY + 1)
            for piece, hint in _PIECES.get(padded[start : start + _KEY], ())
            if padded.startswith(piece, start)
        ]
    )
    if len(_of_name) >= _MAX_REMEMBERED:
        _of_name.clear()
    _of_name[name] = known
    return known


@lru_cache(_MAX_TEXTS)
def phrases(text: str) -> tuple[str, ...]:
    """The PHRASES that are in `text`. The pages of a site share their menus: what was asked for is remembered."""
    lower = text.lower()
    return tuple([name for name, found in _PATTERNS if found(lower)])

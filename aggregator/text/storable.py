"""Small texts made from larger ones: what SQLite can hold, teasers, safe file names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from aggregator.text.urls import hide_in_urls

HIT_START, HIT_END = "\ue000", "\ue001"
"""Around a hit in a search snippet (models.SearchHit); removed from stored text, so that they mean nothing else."""

TEASER_CHARS = 200
SUMMARY_CHARS = 300
SLUG_CHARS = 60
"""Leaves room for a folder, a hash and a suffix below the 255 bytes of common file systems."""

_DROP = str.maketrans({HIT_START: None, HIT_END: None})
_LARGEST = 2**63 - 1
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))})
"""Names that Windows gives to devices, whatever their suffix."""


def storable(value: object) -> object:
    """`value` as SQLite can keep it: lone surrogates and NUL become U+FFFD, huge numbers the largest there is."""
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else _whole_text(value)
    if isinstance(value, int):
        return value if -_LARGEST <= value <= _LARGEST else max(-_LARGEST - 1, min(_LARGEST, int(value)))
    return value


def _whole_text(text: str) -> str:
    if not _UNSTORABLE.search(text):
        return text
    # Two surrogates that belong together are one character; one alone has no bytes in UTF-8.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")


def keepable(text: str) -> str:
    """`text` (plain or HTML) without the characters that mark hits in snippets, and without secrets in its URLs."""
    return hide_in_urls(text if text.isascii() else text.translate(_DROP))


def shortened(text: str, limit: int) -> str:
    """The first `limit` characters of `text` on one line, cut between words, with an ellipsis where it was cut."""
    line = " ".join(text[: limit * 4].split())
    if len(line) <= limit:
        return line
    cut = line[:limit]
    if not line[limit].isspace() and " " in cut[limit // 2 :]:
        cut = cut.rpartition(" ")[0]
    return cut.rstrip(" .,;:–—-") + "…"


def slug(text: str, fallback: str) -> str:
    """A safe name for a file: `a-z0-9-` only, never empty, never a device of Windows, at most 60 characters."""
    ascii_text = unicodedata.normalize("NFKD", text[:1000]).encode("ascii", "ignore").decode().lower()
    name = _NOT_SLUG.sub("-", ascii_text).strip("-")
    if len(name) > SLUG_CHARS:
        cut = name[: SLUG_CHARS + 1]
        name = (cut.rpartition("-")[0] if "-" in cut[SLUG_CHARS // 2 :] else cut[:SLUG_CHARS]).strip("-")
    if not name:
        return fallback
    return f"{fallback}-{name}" if name in _DEVICES else name


def unused(name: str, taken: Iterable[str]) -> str:
    """`name`, or `name-2`, `name-3` ... until it is not among `taken`."""
    used = set(taken)
    number, candidate = 2, name
    while candidate in used:
        candidate, number = f"{name}-{number}", number + 1
    return candidate

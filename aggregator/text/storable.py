"""Small texts made from larger ones: what SQLite can hold, plain text out of clean HTML, teasers, safe file names.

`plain` is for HTML that scrape has cleaned (or a feed's summary): it takes the tags out and no more. It does not make
HTML safe, and its result is text, to be escaped by whoever shows it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable

from aggregator.text.urls import hide_in_urls

HIT_START, HIT_END = "\ue000", "\ue001"
"""Around a hit in a search snippet (models.SearchHit); taken out of stored text, so that they mean nothing else."""

TEASER_CHARS = 200
SUMMARY_CHARS = 300
SLUG_CHARS = 60
"""Leaves room for a folder, a hash and a suffix below the 255 bytes of common file systems."""

_DROP = str.maketrans({HIT_START: None, HIT_END: None})
_UNSEEN = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"), ("<template", "</template>"))
_LARGEST = 2**63 - 1
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_BLOCK = re.compile(
    r"(?i)</?(?:address|article|aside|blockquote|dd|details|div|dl|dt|figcaption|figure|footer|h[1-6]|header|hr|li|main|"
    r"nav|ol|p|pre|section|summary|table|tr|ul)\b[^<>]*>"
)
_BREAK = re.compile(r"(?i)<br\b[^<>]*>")
_CELL = re.compile(r"(?i)</t[dh]\s*>")
_TAG = re.compile(r"</?[a-zA-Z!?][^<>]*>")
_PARAGRAPHS = re.compile(r"\n[ \t\r\f\v]*(?:\n\s*)+")
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0]+")
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


def plain(markup: str) -> str:
    """The text of clean HTML: paragraphs separated by a blank line, entities resolved."""
    if not markup:
        return ""
    text = markup
    for opening, closing in _UNSEEN:
        text = _without(text, opening, closing)
    text = re.sub(r"\s+", " ", text) if "<pre" not in text else text
    text = _CELL.sub(" ", _BREAK.sub("\n", text))
    text = _TAG.sub("", _BLOCK.sub("\n\n", text))
    text = _BLANKS.sub(" ", html.unescape(text))
    return keepable(_PARAGRAPHS.sub("\n\n", text.replace(" \n", "\n").replace("\n ", "\n")).strip())


def _without(markup: str, opening: str, closing: str) -> str:
    """`markup` without what stands between the two, to the end if it is not closed; in one pass, whatever it is."""
    lower = markup.lower()
    if opening not in lower or len(lower) != len(markup):
        return markup
    kept, place = [], 0
    while (start := lower.find(opening, place)) >= 0:
        kept.append(markup[place:start])
        end = lower.find(closing, start + len(opening))
        place = len(markup) if end < 0 else end + len(closing)
    kept.append(markup[place:])
    return "".join(kept)


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

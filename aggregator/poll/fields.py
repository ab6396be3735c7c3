"""Fields that every feed format has, brought into one form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from aggregator.text.plain import plain, visible_length

MAX_TAGS = 50
MAX_TAG = 100
"""Characters; what is longer is not a category but a sentence that someone put there."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_DIGITS = re.compile(r"\d{1,15}")


def content(versions: Sequence[str], summary: str, *, sure: bool) -> tuple[str, str]:
    """(the content, the short version or "" when it is the same).

    `sure`: the format tells content from summary; otherwise the fullest of all is the content.
    """
    given = [version for version in versions if version.strip()]
    fullest = max(given if sure and given else [*given, summary], key=visible_length)
    others = (version for version in (summary, *given) if version.strip() not in ("", fullest.strip()))
    return fullest, next(others, "")


def tags(values: Iterable[object]) -> tuple[str, ...]:
    """Categories as plain text, each once (in whatever case it came first)."""
    found: dict[str, str] = {}
    for value in values:
        tag = plain(value, limit=MAX_TAG)
        if tag and len(found) < MAX_TAGS:
            found.setdefault(tag.casefold(), tag)
    return tuple(found.values())


def language(value: object) -> str | None:
    """A BCP 47 tag, or None: feeds write `en_US`, `english` and nothing at all."""
    tag = str(value or "").strip().replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else None


def length(value: object) -> int | None:
    """A size in bytes, where it is a number above 0."""
    digits = str(value or "").strip()
    return (int(digits) or None) if _DIGITS.fullmatch(digits) else None

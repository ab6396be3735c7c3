"""What in a URL says how a reader came to a page, and not which page it is: the list `tracking.toml`, asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from aggregator.text.word_lists import word_list

_LISTS = word_list("aggregator.dedupe", "tracking")

TRACKING_PREFIXES: Final = tuple(_LISTS["prefixes"])
"""Beginnings of names (lower case)."""

TRACKING_NAMES: Final = frozenset(" ".join(_LISTS["names"].values()).split())
"""Whole names (lower case)."""

_CHANNEL = (
    rf"(?i)({'|'.join(_LISTS['channel']['names'].split())}|"
    rf"[\w-]+(\.[\w-]+)*\.({'|'.join(_LISTS['channel']['domains'].split())}))([-_ :|].*)?"
)
_KINDS = {
    "channel": _CHANNEL,
    "linked_from": (
        rf"{_CHANNEL}|[\w-]+(\.[\w-]+)*\.(?!({'|'.join(_LISTS['channel']['no_domains'].split())})$)[a-zA-Z]{{2,24}}"
    ),
    "on": r"(?i)(1|true|yes|on)?",
}


def _patterns(values: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    return {name: re.compile(_KINDS.get(value.strip("{}"), value)) for name, value in values.items()}


TRACKING_VALUES: Final = _patterns(_LISTS["values"])
"""Names that are identity on some sites: dropped only when the whole value matches."""

VARIANT_VALUES: Final = _patterns(_LISTS["variants"])
"""Names and values that ask for another dress of the same page."""

VARIANT_HOSTS: Final = frozenset(_LISTS["hosts"]["variants"].split())
"""First labels of hosts that show the same pages in another dress."""

INDEX_FILES: Final = frozenset(
    f"{name}.{ending}"
    for name in _LISTS["index_files"]["names"].split()
    for ending in _LISTS["index_files"]["endings"].split()
)
"""What a server shows for a folder (lower case)."""

FORMER_NAMES: Final = frozenset(_LISTS["former"]["names"].split())
FORMER_CHANGING: Final = frozenset(_LISTS["former"]["changing"].split())
"""Names that were once dropped from guids, too, these where the value looked like a moment, a number or a hash."""

_CHANGING = re.compile(r"\d{6,}|0?\.\d+|[0-9a-fA-F]{16,}")


def is_tracking(name: str, value: str) -> bool:
    """Whether a query parameter (name and value decoded) says nothing about which page is meant."""
    key = name.lower()
    if key in TRACKING_NAMES or key.startswith(TRACKING_PREFIXES):
        return True
    pattern = TRACKING_VALUES.get(key) or VARIANT_VALUES.get(key)
    return pattern is not None and pattern.fullmatch(value) is not None


def was_tracking(name: str, value: str) -> bool:
    """Whether guids that are stored may lack this parameter, since it was once taken for tracking."""
    key = name.lower()
    changing = key in FORMER_CHANGING and _CHANGING.fullmatch(value) is not None
    return key in FORMER_NAMES or changing or is_tracking(name, value)

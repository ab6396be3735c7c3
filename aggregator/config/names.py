"""The names that outputs and notifications in feeds.yaml ask for: each has to be that of a feed or of a tag."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from aggregator.config.together import default_name
from aggregator.settings import Config, Selection


def selection_mistakes(config: Config) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong with outputs and notifications: (where, what), for names that stand twice and what no feed has."""
    known = {
        "sources": {name.casefold(): name for feed in config.feeds for name in [feed.name or default_name(feed.url)]},
        "tags": {tag.casefold(): tag for feed in config.feeds for tag in feed.tags},
    }
    if config.lists:
        known = {}  # who knows what they bring
    for section in ("outputs", "notifications"):
        seen: dict[str, int] = {}
        for index, one in enumerate(getattr(config, section)):
            first = seen.setdefault(one.name, index)
            if first != index:
                yield (section, index, "name"), f"found `{one.name}`, which {section}[{first}] has already"
            for place, what in _unknown_names(one, known):
                yield (section, index, *place), what


def _unknown_names(one: Selection, known: dict[str, dict[str, str]]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for key, names in known.items():
        for place, wanted in enumerate(getattr(one, key)):
            if wanted.casefold() not in names:
                yield (key, place), _unknown(key, wanted, names)


def _unknown(key: str, wanted: str, names: dict[str, str]) -> str:
    near = difflib.get_close_matches(wanted.casefold(), names, 1, 0.5)
    what = f"found `{wanted}`, which {'is no feed' if key == 'sources' else 'no feed has as a tag'}"
    return f"{what}; did you mean `{names[near[0]]}`?" if near else what

"""Which feed a person means: by name in any case, by slug, or by URL; else the nearest name is suggested."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from aggregator.models.errors import ConfigError

Feed = TypeVar("Feed")


def meant(wanted: str, feeds: Iterable[tuple[Feed, Iterable[str]]], where: object) -> Feed:
    """The feed that `wanted` calls by any of its names, its proper one first. ConfigError when none in `where` is."""
    known: dict[str, Feed] = {}
    proper: dict[str, str] = {}
    for feed, names in feeds:
        for place, name in enumerate(names):
            known.setdefault(name.casefold(), feed)
            if place == 0:
                proper[name.casefold()] = name
    if (found := known.get(wanted.strip().casefold())) is not None:
        return found
    raise ConfigError((f"{where}: no feed is called `{wanted}`{_hint(wanted, proper)}",))


def _hint(wanted: str, proper: Mapping[str, str]) -> str:
    wanted = wanted.strip().casefold()
    near = [name for name in proper if wanted and wanted in name]
    near += difflib.get_close_matches(wanted, proper, 3, 0.5)
    named = [f"`{proper[name]}`" for name in dict.fromkeys(near)][:3]
    return f"; did you mean {' or '.join(named)}?" if named else "; `aggregator status` lists them all"

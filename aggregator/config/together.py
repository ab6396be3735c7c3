"""What no single value of feeds.yaml shows: names and URLs that stand twice, limits that contradict each other.

It looks at the values as they stand in the file, not at those that were found right, so that these mistakes are named
beside all the others. It names them and judges nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from aggregator.settings import FeedOptions
from aggregator.settings.kinds import parse_duration
from aggregator.text.urls import host_of, redact

Path_ = tuple[str | int, ...]

_LIMITS = ("min_interval", "max_interval")


def contradictions(
    values: Mapping[str, Any], places: Mapping[Path_, tuple[int, int]], secret: Collection[Path_]
) -> Iterator[tuple[Path_, str]]:
    """Each mistake with the path of the value that it is about. `secret` are paths whose values must not be shown."""
    defaults = values.get("defaults")
    defaults = defaults if isinstance(defaults, dict) else {}
    if _are_reversed(defaults, {}):
        yield ("defaults",), _REVERSED
    feeds = values.get("feeds")
    if not feeds and not values.get("lists"):
        yield ("feeds",), "names no feed; expected one at least, or one list of feeds under `lists`"
    seen: dict[tuple[str, str], int] = {}
    for index, feed in enumerate(feeds if isinstance(feeds, list) else ()):
        if not isinstance(feed, dict):
            continue
        for key, value in _identities(feed):
            first = seen.setdefault((key, value.casefold() if key == "name" else value), index)
            if first != index:
                path, line = ("feeds", index, key), places["feeds", first][0]
                if key == "name" and not feed.get("name"):
                    yield path, f"is missing; without one it is called `{value}`, as the feed in line {line} is"
                    continue
                shown = "a value from the environment" if path in secret else f"`{redact(value)}`"
                yield path, f"found {shown}, which line {line} has already"
        if _are_reversed(feed, defaults):
            yield ("feeds", index), _REVERSED


_REVERSED = "min_interval is longer than max_interval; expected the reverse"


def _identities(feed: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What no two feeds may share: the URL, and the name, which is the host where none is given."""
    url, name = feed.get("url"), feed.get("name")
    if isinstance(url, str) and url:
        yield "url", url
        name = name or default_name(url)
    if isinstance(name, str) and name:
        yield "name", name


def _are_reversed(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> bool:
    """Whether the shortest interval is longer than the longest, where `options` sets one of the two."""
    if not any(options.get(key) for key in _LIMITS):
        return False
    try:
        shortest, longest = (
            parse_duration(options.get(key) or defaults.get(key) or FeedOptions.model_fields[key].default)
            for key in _LIMITS
        )
    except ValueError:
        return False  # that value is a mistake of its own
    return shortest > longest


def default_name(url: str) -> str:
    """What a feed without a name is called: its host without `www.`."""
    return host_of(url).removeprefix("www.")

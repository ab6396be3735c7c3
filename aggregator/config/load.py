"""Read feeds.yaml: checked against the types, every mistake named at once with its place (see `document`).

What no single value of feeds.yaml shows: names and URLs that stand twice, limits that contradict each other.

It looks at the raw values of the file, not at those that were found right, so that these mistakes are named
beside all the others. It names them and judges nothing else.

The names that outputs and notifications in feeds.yaml ask for: each has to be that of a feed or of a tag.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from aggregator.config.document import Path_, YamlDocument, expectation, explain, read, where
from aggregator.config.settings import (
    CombinedRule,
    Config,
    Feed,
    FeedList,
    FeedOptions,
    Notification,
    Output,
    Selection,
    Server,
)
from aggregator.config.value_types import parse_duration
from aggregator.models.errors import ConfigError
from aggregator.text.urls import default_name, keep_secrets_of, redact

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
    if not values.keys() & {"feeds", "lists"}:
        yield ("feeds",), "is missing; expected a list of feeds (`feeds: []` for none yet) or `lists`"
    seen: dict[tuple[str, str], int] = {}
    for index, feed in enumerate(feeds if isinstance(feeds, list) else ()):
        if not isinstance(feed, dict):
            continue
        for key, value in _identities(feed):
            first = seen.setdefault((key, value.casefold() if key == "name" else value), index)
            if first != index:
                path, line = ("feeds", index, key), places["feeds", first][0]
                shown = "a value from the environment" if path in secret else f"`{redact(value)}`"
                yield path, f"found {shown}, which line {line} has already"
        if _are_reversed(feed, defaults):
            yield ("feeds", index), _REVERSED


_REVERSED = "min_interval is longer than max_interval; expected the reverse"


def _identities(feed: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What no two feeds may share: the URL, and a name that is given."""
    for key in ("url", "name"):
        value = feed.get(key)
        if isinstance(value, str) and value:
            yield key, value


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


def selection_mistakes(config: Config) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong with outputs and notifications: (where, what), for names that stand twice and what no feed has."""
    known = {
        "sources": {name.casefold(): name for feed in config.feeds for name in [feed.name or default_name(feed.url)]},
        "tags": {tag.casefold(): tag for feed in config.feeds for tag in feed.tags},
    }
    if config.lists:
        known = {}  # what they bring is not known here
    elif not all(feed.name for feed in config.feeds):
        del known["sources"]  # feeds without a name are called by their own titles
    for section in ("keep", "mute"):
        for index, rule in enumerate(getattr(config.combined, section)):
            for place, what in _unknown_names(rule, known):
                yield ("combined", section, index, *place), what
    for section in ("outputs", "notifications"):
        seen: dict[str, int] = {}
        for index, one in enumerate(getattr(config, section)):
            first = seen.setdefault(one.name, index)
            if first != index:
                yield (section, index, "name"), f"found `{one.name}`, which {section}[{first}] has already"
            for place, what in _unknown_names(one, known):
                yield (section, index, *place), what


def _unknown_names(
    one: Selection | CombinedRule, known: dict[str, dict[str, str]]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for key, names in known.items():
        for place, wanted in enumerate(getattr(one, key)):
            if wanted.casefold() not in names:
                yield (key, place), _unknown(key, wanted, names)


def _unknown(key: str, wanted: str, names: dict[str, str]) -> str:
    near = difflib.get_close_matches(wanted.casefold(), names, 1, 0.5)
    what = f"found `{wanted}`, which {'is no feed' if key == 'sources' else 'no feed has as a tag'}"
    return f"{what}; did you mean `{names[near[0]]}`?" if near else what


_LISTED: dict[str, type[BaseModel]] = {
    "feeds": Feed,
    "lists": FeedList,
    "keep": CombinedRule,
    "mute": CombinedRule,
    "outputs": Output,
    "notifications": Notification,
}
_ENVIRONMENT = {"AGGREGATOR_HOST": ("server", "host"), "AGGREGATOR_PORT": ("server", "port")}


def load(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration in `path`, with `${NAME}` and AGGREGATOR_HOST/AGGREGATOR_PORT from `environ`.

    Raises ConfigError with every mistake, each as `file:line:column: where: found, expected`.
    """
    document = read(path, environ or {}, "a mapping with the key `feeds`")
    config = _validated(document, path) if isinstance(document.values, dict) else None
    if document.mistakes or config is None:
        raise ConfigError(document.lines())
    return config


_WITHOUT_EFFECT = {
    ("site", "desk"): "`run` and `serve` link Search and Status by themselves",
}
"""Keys of former versions, and why they are no longer needed."""


def _without_effect(document: YamlDocument) -> Iterator[str]:
    """Take away keys that had an effect once; a hint for each, with its place."""
    for (section, key), why in _WITHOUT_EFFECT.items():
        found = document.values.get(section)
        if isinstance(found, dict) and key in found:
            del found[key]
            line, column = document.keys[section, key]
            yield f"{document.name}:{line}:{column}: {section}.{key} has no effect any more: {why}; delete the line"


def _validated(document: YamlDocument, path: Path) -> Config | None:
    values = document.values
    hints = [*_without_effect(document)]
    for variable, (section, key) in _ENVIRONMENT.items():
        if variable in document.environ and isinstance(values.setdefault(section, {}), dict):
            values[section][key] = _from_environment(variable, key, document.environ[variable])
    # A section that is named and left empty means its defaults.
    given = {key: value for key, value in values.items() if value is not None}
    if "feeds" in values:
        given.setdefault("feeds", [])
    for at, message in contradictions(given, document.places, document.secret):
        place = next(document.places[p] for p in (at, at[:-1], ()) if p in document.places)
        document.mistake(place, f"{where(at)}: {message}")
    try:
        config = Config.model_validate(given)
    except ValidationError as error:
        explain(document, error, _valid_keys)
        return None
    for at, message in selection_mistakes(config):
        document.mistake(document.places[at], f"{where(at)}: {message}")
    for section, listed in (("feeds", config.feeds), ("lists", config.lists)):
        for number, feed in enumerate(listed):
            named = {(section, number), (section, number, "url")} & document.secret
            keep_secrets_of(feed.url, interpolated=bool(named))
    return config.model_copy(update={"rules": _rule_folders(document, config, path)}).hinted(hints)


def _from_environment(variable: str, key: str, value: str) -> str:
    """`value`, which is to be one of `server`. ConfigError, naming the variable, where it can be none."""
    try:
        Server.model_validate({key: value})
    except ValidationError as error:
        raise ConfigError((f"{variable}: found `{value}`; expected {expectation(error.errors()[0])}",)) from None
    return value


def _rule_folders(document: YamlDocument, config: Config, path: Path) -> tuple[str, ...]:
    """The folders of site rules as absolute paths: they are named relative to feeds.yaml."""
    folders = [path.absolute().parent / Path(name).expanduser() for name in config.rules]
    for index, folder in enumerate(folders):
        if not folder.is_dir():
            place = document.places.get(("rules", index), document.places.get(("rules",), (1, 1)))
            document.mistake(place, f"rules: found `{config.rules[index]}`; expected a folder")
    return tuple(map(str, folders))


def _valid_keys(path: Path_) -> tuple[str, ...]:
    model: type[BaseModel] = Config
    for part in path:
        if isinstance(part, int):
            continue
        model = _LISTED.get(part) or type(model.model_fields[part].get_default())
    return tuple(model.model_fields)


def feed_name(feed: Feed) -> str:
    """What a feed is called: its `name`, or else its host without `www.`."""
    return feed.name or default_name(feed.url)

"""Read feeds.yaml: checked against the types, every mistake named at once with its place (see `document`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from aggregator.config.document import Document, Path_, expectation, explain, read, where
from aggregator.config.names import selection_mistakes
from aggregator.config.together import contradictions, default_name
from aggregator.models.errors import ConfigError
from aggregator.settings import Config, Feed, FeedList, Notification, Output, Server
from aggregator.text.urls import keep_secrets_of

_LISTED: dict[str, type[BaseModel]] = {
    "feeds": Feed,
    "lists": FeedList,
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


def _validated(document: Document, path: Path) -> Config | None:
    values = document.values
    for variable, (section, key) in _ENVIRONMENT.items():
        if variable in document.environ and isinstance(values.setdefault(section, {}), dict):
            values[section][key] = _from_environment(variable, key, document.environ[variable])
    # A section that is named and left empty means its defaults.
    given = {key: value for key, value in values.items() if value is not None}
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
    for feed in (*config.feeds, *config.lists):
        keep_secrets_of(feed.url)
    return config.model_copy(update={"rules": _rule_folders(document, config, path)})


def _from_environment(variable: str, key: str, value: str) -> str:
    """`value`, which is to be one of `server`. ConfigError, naming the variable, where it can be none."""
    try:
        Server.model_validate({key: value})
    except ValidationError as error:
        raise ConfigError((f"{variable}: found `{value}`; expected {expectation(error.errors()[0])}",)) from None
    return value


def _rule_folders(document: Document, config: Config, path: Path) -> tuple[str, ...]:
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

"""The configuration's JSON Schema (for editors) and its reference page, generated from the types."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from aggregator.config.settings import (
    Combined,
    CombinedRule,
    Config,
    Exports,
    Feed,
    FeedList,
    FeedOptions,
    Intel,
    IntelFiles,
    Network,
    Notification,
    Output,
    Server,
    Site,
    Upkeep,
    Watch,
    WatchedProduct,
)
from aggregator.config.value_types import format_duration

_SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("site", Site),
    ("network", Network),
    ("server", Server),
    ("upkeep", Upkeep),
    ("defaults", FeedOptions),
    ("feeds[]", Feed),
    ("lists[]", FeedList),
    ("combined", Combined),
    ("combined.keep[]", CombinedRule),
    ("combined.mute[]", CombinedRule),
    ("outputs[]", Output),
    ("notifications[]", Notification),
    ("intel", Intel),
    ("intel.files", IntelFiles),
    ("intel.exports", Exports),
    ("watch[]", Watch),
    ("watch[].products[]", WatchedProduct),
)


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of feeds.yaml."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Config.model_json_schema(mode="validation"),
        "title": "feeds.yaml",
    }


def reference() -> str:
    """The table of every key, its type, its default and its meaning, in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from ("## Keys of their own", "", "Top-level keys beside the sections.", "")
    named = {name.removesuffix("[]") for name, _ in _SECTIONS}
    yield from _table(Config, skip=named)
    for name, model in _SECTIONS:
        yield from (f"## `{name}`", "", (model.__doc__ or "").strip().splitlines()[0], "")
        yield from _table(model)


def rule_reference() -> str:
    """The table of every key of a site's rule, in Markdown."""
    from aggregator.config.site_rules import SiteRule

    return "\n".join(_table(SiteRule))


def _table(model: type[BaseModel], skip: Collection[str] = ()) -> Iterator[str]:
    properties = model.model_json_schema()["properties"]
    yield from ("| key | takes | default | meaning |", "| --- | --- | --- | --- |")
    for key, info in model.model_fields.items():
        if key not in skip:
            default = "required" if info.is_required() else _default(info.get_default(call_default_factory=True))
            yield f"| `{key}` | {_takes(properties[key])} | {default} | {info.description or ''} |"
    yield ""


def _takes(kind: dict[str, Any]) -> str:
    if "anyOf" in kind:
        return " or ".join(_takes(one) for one in kind["anyOf"] if one.get("type") != "null")
    if "$ref" in kind or "allOf" in kind:
        return "mapping"
    if "const" in kind and not isinstance(kind["const"], bool):
        return f"`{kind['const']}`"
    if "enum" in kind:
        return " or ".join(f"`{value}`" for value in kind["enum"])
    if kind.get("pattern") == r"^\d+\s*[smhd]$":
        return "duration"
    name = {"string": "text", "integer": "whole number", "boolean": "yes/no", "array": "list", "object": "mapping"}.get(
        kind["type"]
    )
    return (name or str(kind["type"])) + _bounds(kind)


def _bounds(kind: dict[str, Any]) -> str:
    low = kind.get("minimum", kind.get("exclusiveMinimum"))
    high = kind.get("maximum")
    if low is None and high is None:
        return ""
    return f" ({low:g} to {high:g})" if high is not None else f" (from {low:g})"


def _default(value: object) -> str:
    if isinstance(value, timedelta):
        return f"`{format_duration(value)}`"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if value is None or value in ((), {}):
        return "none"
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value}`"

"""How golden pairs are read: NAME.xml or NAME.json beside NAME.xml.expected.json, the values that differ from nothing."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"
URL = "https://news.example.org/feed"


def documents() -> list[Path]:
    return sorted(path for path in GOLDEN.iterdir() if not path.name.endswith(".expected.json"))


def as_json(value: object) -> object:
    """A value as JSON, without what is None or empty; times as ISO 8601, durations in seconds."""
    if is_dataclass(value):
        pairs = ((field.name, as_json(getattr(value, field.name))) for field in fields(value))
        return {
            name: found
            for name, found in pairs
            if found not in (None, "", [], {}) and (name, found) != ("cut_short", False)
        }
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, tuple | frozenset):
        return [as_json(part) for part in (sorted(value) if isinstance(value, frozenset) else value)]
    return value

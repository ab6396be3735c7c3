"""When a feed document asks to be polled: ttl, skipHours and skipDays (RSS 2.0), sy:update* (RSS 1.0 syndication)."""

from __future__ import annotations

from datetime import timedelta

from lxml import etree

from aggregator.models import Rhythm
from aggregator.poll.names import SY, heads, local_name

MAX_ANNOUNCED = timedelta(days=366)
"""Longer ones are taken for this: they are clamped again, far below, when the next poll is set."""

_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def announced_rhythm(root: etree._Element) -> Rhythm:
    """What the channel or feed element says; nonsense in it counts as nothing."""
    fields = [child for holder in heads(root) for child in holder]
    return Rhythm(
        ttl=max(filter(None, (_ttl(fields), _update_period(fields))), default=None),
        skip_hours=frozenset(_hours(fields)),
        skip_days=frozenset(_days(fields)),
    )


def _ttl(fields: list[etree._Element]) -> timedelta | None:
    minutes = next((_number(field.text) for field in fields if local_name(field) == "ttl"), None)
    return min(timedelta(minutes=minutes), MAX_ANNOUNCED) if minutes else None


def _update_period(fields: list[etree._Element]) -> timedelta | None:
    own = {local_name(field): field.text or "" for field in fields if str(field.tag).startswith(f"{{{SY}}}")}
    if not own:
        return None
    period = _PERIODS.get(own.get("updateperiod", "daily").strip().lower())
    frequency = _number(own.get("updatefrequency")) or 1
    return period / frequency if period else None


def _hours(fields: list[etree._Element]) -> set[int]:
    """0 to 23; RSS 0.91 counts from 1 to 24."""
    numbers = (_number(hour.text) for field in fields if local_name(field) == "skiphours" for hour in field)
    return {number % 24 for number in numbers if number is not None and number <= 24}


def _days(fields: list[etree._Element]) -> set[int]:
    names = ((day.text or "").strip().lower() for field in fields if local_name(field) == "skipdays" for day in field)
    return {_DAYS.index(name) for name in names if name in _DAYS}


def _number(text: str | None) -> int | None:
    digits = (text or "").strip()[:9]
    return int(digits) if digits.isascii() and digits.isdigit() else None

"""A date as a page writes it -> an aware UTC datetime.

Reads what machines write (ISO 8601, RFC 2822, numbers of seconds). What only people write is left to htmldate, which
looks at the whole page. A page's local time without a zone is taken for UTC: there is nothing better.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

EARLIEST = datetime(1994, 1, 1, tzinfo=UTC)
"""No article on the web is older; earlier dates are defaults (1970) or subjects."""

_ISO = re.compile(
    r"\s*(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?)?\s*",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"\s*(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?(Z)?\s*")
_EPOCH = re.compile(r"\s*(\d{10})(?:\d{3})?\s*")


def read_date(value: str | None) -> datetime | None:
    """The moment that `value` names, or None when it is no date, or one before the web."""
    if not value or len(value) > 100:
        return None
    try:
        found = _iso(value) or _compact(value) or _epoch(value) or _mail(value)
    except (ValueError, OverflowError):
        return None
    return found if found and found >= EARLIEST else None


def _iso(value: str) -> datetime | None:
    # Some write a name or a zone in words behind it; the date is sure all the same.
    match = _ISO.match(value)
    return _moment(match) if match else None


def _compact(value: str) -> datetime | None:
    match = _COMPACT.fullmatch(value)
    return _moment(match) if match else None


def _moment(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second, zone = match.groups()
    clock = (int(hour or 0), int(minute or 0), min(int(second or 0), 59))
    if clock[0] == 24:
        clock = (0, *clock[1:])
    return datetime(int(year), int(month), int(day), *clock, tzinfo=_zone(zone)).astimezone(UTC)


def _zone(zone: str | None) -> timezone:
    if not zone or zone.upper() in ("Z", "UTC", "GMT"):
        return UTC
    digits = zone[1:].replace(":", "").ljust(4, "0") if len(zone) > 3 else zone[1:].rjust(2, "0") + "00"
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
    return timezone(-offset if zone[0] == "-" else offset)


def _epoch(value: str) -> datetime | None:
    match = _EPOCH.fullmatch(value)
    return datetime.fromtimestamp(int(match[1]), UTC) if match else None


def _mail(value: str) -> datetime | None:
    if "," not in value and not re.match(r"\s*\w{3} ", value):
        return None
    try:
        found = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)

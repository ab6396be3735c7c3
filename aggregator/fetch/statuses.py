"""What a status and its headers mean for us: in words, and in seconds to wait."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

MAX_RETRY_AFTER_S = 86_400.0
"""Seconds: a longer Retry-After is cut to a day, so that a mistake does not silence a feed for years."""

PERMANENT = frozenset({301, 308})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
BUSY = frozenset({429, 503})
"""The host itself asks for less (RFC 6585 section 4, RFC 9110 section 15.6.4)."""


def in_words(status: int) -> str:
    """`404 Not Found`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} (not a known HTTP status)"


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that Retry-After asks for (RFC 9110 section 10.2.3), between 0 and MAX_RETRY_AFTER_S; None when unclear.

    A date is taken relative to the server's own Date, so that its clock may be wrong.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII):
        return min(float(value[:12]), MAX_RETRY_AFTER_S)
    when = http_date(value)
    if when is None:
        return None
    return min(max((when - (http_date(headers.get("date", "")) or now)).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


def http_date(value: str) -> datetime | None:
    """An HTTP date (RFC 9110 section 5.6.7, and what passes for one), or None."""
    try:
        when = parsedate_to_datetime(value)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None

"""Before when a server does not want to be asked again, and which of its wishes that is.

HTTP: Cache-Control max-age less Age, or Expires (RFC 9111 sections 4.2.1 and 5), Retry-After (RFC 9110 section
10.2.3). The document: ttl, sy:update*, skipHours, skipDays (`Rhythm`). A wish is a floor, never a ceiling; how long one
is honoured is bounded, so that a mistake of somebody's does not end a subscription.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from aggregator.models import Rhythm

MAX_HONOURED = timedelta(days=1)
"""The longest wait that a server or a document can ask for, unless the operator's max_interval is longer."""

_MAX_AGE = re.compile(r'(?:^|[\s,])max-age\s*=\s*"?(\d{1,12})', re.IGNORECASE)
_SECONDS = re.compile(r"\s*(\d{1,12})\s*")


@dataclass(frozen=True, slots=True)
class Wish:
    """Not before `wait` from now; `words` name who said so."""

    wait: timedelta
    words: str


def wishes(
    headers: Mapping[str, str], max_age_s: int | None, rhythm: Rhythm, now: datetime, limit: timedelta
) -> Iterator[Wish]:
    """Every wish that a server and its document utter, each between nothing and `limit`. Header names in lower case.

    `max_age_s` is the one in force (see `max_age`), whether or not this answer repeats it.
    """
    for wait, words in (
        (_fresh_for(headers, max_age_s), "the server asks for {} (max-age)"),
        (_expires_in(headers, now) if max_age_s is None else None, "the server asks for {} (Expires)"),
        (retry_after(headers.get("retry-after", ""), now), "the server asks for {} (Retry-After)"),
        (rhythm.ttl, "the feed asks for {} (ttl)"),
    ):
        if wait is not None and wait > timedelta(0):
            yield Wish(min(wait, limit), words)


def retry_after(value: str, now: datetime) -> timedelta | None:
    """Retry-After as seconds or as a date; None when it is neither, or in the past."""
    if seconds := _SECONDS.fullmatch(value):
        return timedelta(seconds=min(int(seconds[1]), 10**9))
    moment = _http_date(value)
    return moment - now if moment and moment > now else None


def max_age(status: int, headers: Mapping[str, str], before: int | None) -> int | None:
    """The max-age (seconds) in force after an answer; of several the longest counts: we are in no hurry.

    A 304 without Cache-Control leaves what was said `before` as it is (RFC 9111 section 4.3.4).
    """
    if status == 304 and "cache-control" not in headers:
        return before
    ages = [int(age) for age in _MAX_AGE.findall(headers.get("cache-control", ""))]
    return min(max(ages), 10**9) if ages else None


def _fresh_for(headers: Mapping[str, str], max_age_s: int | None) -> timedelta | None:
    """max-age less what a cache on the way has used up of it."""
    if max_age_s is None:
        return None
    used = _SECONDS.fullmatch(headers.get("age", ""))
    return timedelta(seconds=max_age_s - (min(int(used[1]), 10**9) if used else 0))


def _expires_in(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Expires less Date, both the server's clock. Where there is a max-age, it takes its place."""
    expires = _http_date(headers.get("expires", ""))
    return expires - (_http_date(headers.get("date", "")) or now) if expires else None


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value[:100])
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def outside_skipped(moment: datetime, rhythm: Rhythm) -> datetime:
    """The first moment from `moment` on that is in no skipped hour or day (GMT); `moment` if all of them are."""
    later = moment
    for _ in range(24 * 8):
        if later.hour not in rhythm.skip_hours and later.weekday() not in rhythm.skip_days:
            return later
        later = later.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return moment

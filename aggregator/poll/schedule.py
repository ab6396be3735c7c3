"""Before when a server does not want to be asked again, and which of its wishes that is.

HTTP: Cache-Control max-age less Age, or Expires (RFC 9111 sections 4.2.1 and 5), Retry-After (RFC 9110 section
10.2.3). The document: ttl, sy:update*, skipHours, skipDays (`FeedHints`). A wish is a floor,
never a ceiling; how long one is honoured is bounded, so that a mistake of somebody's does not end a subscription.

How long to wait for a feed's next post, from when it posted before.

Posts are taken for random events whose rate depends on the hour of the day and on the day of the week (GMT), learned
from the times of the last posts, with some doubt left everywhere. The wait is the time in which a quarter of a post is
to be expected: short while a newsroom is at work, long at its night, and growing while a feed falls silent.

When a feed document asks to be polled: ttl, skipHours and skipDays (RSS 2.0), sy:update* (RSS 1.0 syndication).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from aggregator.models import FeedHints
from aggregator.poll.fields import SY, heads, local_name
from aggregator.text.dates import http_date, retry_after

MAX_HONOURED = timedelta(days=1)
"""The longest wait that a server or a document can ask for, unless the operator's max_interval is longer."""

_MAX_AGE = re.compile(r'(?:^|[\s,])max-age\s*=\s*"?(\d{1,12})', re.IGNORECASE)
_SECONDS = re.compile(r"\s*(\d{1,12})\s*")


@dataclass(frozen=True, slots=True)
class MinimumWait:
    """Not before `wait` from now; `words` name who said so."""

    wait: timedelta
    words: str


def wishes(
    headers: Mapping[str, str], max_age_s: int | None, rhythm: FeedHints, now: datetime, limit: timedelta
) -> Iterator[MinimumWait]:
    """Every wish that a server and its document utter, each between nothing and `limit`. Header names in lower case.

    `max_age_s` is the one in force (see `max_age`), whether or not this answer repeats it.
    """
    for wait, words in (
        (_fresh_for(headers, max_age_s), "the server asks for {} (max-age)"),
        (_expires_in(headers, now) if max_age_s is None else None, "the server asks for {} (Expires)"),
        (retry_after(headers, now), "the server asks for {} (Retry-After)"),
        (rhythm.ttl, "the feed asks for {} (ttl)"),
    ):
        if wait is not None and wait > timedelta(0):
            yield MinimumWait(min(wait, limit), words)


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
    expires = http_date(headers.get("expires", ""))
    return expires - (http_date(headers.get("date", "")) or now) if expires else None


def outside_skipped(moment: datetime, rhythm: FeedHints) -> datetime:
    """The first moment from `moment` on that is in no skipped hour or day (GMT); `moment` if all of them are."""
    later = moment
    for _ in range(24 * 8):
        if later.hour not in rhythm.skip_hours and later.weekday() not in rhythm.skip_days:
            return later
        later = later.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return moment


MAX_POSTED = 60
"""Publication times that are remembered: two months of a daily feed, a few days of a newsroom."""

EXPECTED_POSTS = 0.25
"""Posts expected until the next poll. A post is then found after an eighth of the usual gap on average, and three of
four polls find nothing: a cheap 304 each."""

UNKNOWN = timedelta(hours=1)
"""The wait for a feed whose rhythm is not known yet."""

ENOUGH = 3
"""Posts needed to speak of a rhythm."""

SHORTEST_SPAN = timedelta(hours=6)
"""A burst of posts counts as spread over at least this: one busy hour is not a rhythm."""

DOUBT = 0.35
"""Share of the mean rate that every hour and day keeps, whatever was observed: habits change."""

ENOUGH_FOR_HOURS = 12
ENOUGH_FOR_DAYS = timedelta(days=14)
STEP = timedelta(minutes=15)

FORESIGHT = timedelta(days=30)
"""Nothing is reckoned further ahead than this."""


def remembered(posted: Sequence[datetime], new: Iterable[datetime], now: datetime) -> tuple[datetime, ...]:
    """Past publication times, newest first, to the minute and each once, so that a batch counts as one post."""
    minutes = {moment.replace(second=0, microsecond=0) for moment in (*posted, *new) if moment <= now}
    return tuple(sorted(minutes, reverse=True)[:MAX_POSTED])


def usual_gap(posted: Sequence[datetime], now: datetime) -> timedelta | None:
    """The mean time between posts up to `now`, silence since the last one included; None when too few are known."""
    times = [moment for moment in posted if moment <= now]
    if len(times) < ENOUGH:
        return None
    return max(now - times[-1], SHORTEST_SPAN) / len(times)


def expected_wait(posted: Sequence[datetime], now: datetime, longest: timedelta) -> timedelta:
    """How long until EXPECTED_POSTS posts are to be expected from `now` on; at most `longest`."""
    gap = usual_gap(posted, now)
    if gap is None:
        return min(UNKNOWN, longest)
    hours, days = _hours(posted), _days(posted, now)
    expected, moment = 0.0, now
    while moment - now < min(longest, FORESIGHT):
        due = STEP / gap * hours[moment.hour] * days[moment.weekday()]
        if expected + due >= EXPECTED_POSTS:
            return min(moment - now + STEP * ((EXPECTED_POSTS - expected) / due), longest)
        expected += due
        moment += STEP
    return longest


def _hours(posted: Sequence[datetime]) -> list[float]:
    """The rate in each hour of the day, as a multiple of the mean; neighbouring hours lend each other a quarter."""
    if len(posted) < ENOUGH_FOR_HOURS:
        return [1.0] * 24
    counts = Counter(moment.hour for moment in posted)
    smooth = [(counts[(hour - 1) % 24] + 2 * counts[hour] + counts[(hour + 1) % 24]) / 4 for hour in range(24)]
    return _doubted(smooth)


def _days(posted: Sequence[datetime], now: datetime) -> list[float]:
    """The rate on each day of the week, as a multiple of the mean."""
    if len(posted) < ENOUGH_FOR_HOURS or now - posted[-1] < ENOUGH_FOR_DAYS:
        return [1.0] * 7
    counts = Counter(moment.weekday() for moment in posted)
    return _doubted([float(counts[day]) for day in range(7)])


def _doubted(counts: list[float]) -> list[float]:
    mean = sum(counts) / len(counts)
    return [DOUBT + (1 - DOUBT) * count / mean for count in counts]


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


def announced_rhythm(root: etree._Element) -> FeedHints:
    """What the channel or feed element says; nonsense in it counts as nothing."""
    fields = [child for holder in heads(root) for child in holder]
    return FeedHints(
        ttl=max(filter(None, (_ttl(fields), _update_period(fields))), default=None),
        skip_hours=frozenset(_skip_hours(fields)),
        skip_days=frozenset(_skip_days(fields)),
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


def _skip_hours(fields: list[etree._Element]) -> set[int]:
    """0 to 23; RSS 0.91 counts from 1 to 24."""
    numbers = (_number(hour.text) for field in fields if local_name(field) == "skiphours" for hour in field)
    return {number % 24 for number in numbers if number is not None and number <= 24}


def _skip_days(fields: list[etree._Element]) -> set[int]:
    names = ((day.text or "").strip().lower() for field in fields if local_name(field) == "skipdays" for day in field)
    return {_DAYS.index(name) for name in names if name in _DAYS}


def _number(text: str | None) -> int | None:
    digits = (text or "").strip()[:9]
    return int(digits) if digits.isascii() and digits.isdigit() else None

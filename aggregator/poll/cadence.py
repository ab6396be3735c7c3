"""How long to wait for a feed's next post, from when it posted before.

Posts are taken for random events whose rate depends on the hour of the day and on the day of the week (GMT), learned
from the times of the last posts, with some doubt left everywhere. The wait is the time in which a quarter of a post is
to be expected: short while a newsroom is at work, long at its night, and growing while a feed falls silent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

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

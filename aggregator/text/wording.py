"""Durations as people say them.

Dates as pages show them: in English, in UTC, and never by the machine's locale.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

MUCH = 5
"""From so many hours on, minutes are not shown."""

ROUGHLY_FROM = timedelta(minutes=5)
"""Below, a duration is shown as it is."""

_UNITS = ((86400, "day", "days"), (3600, "h", "h"), (60, "min", "min"), (1, "s", "s"))


def duration(span: timedelta) -> str:
    """`45 min`, `1 h 30 min`, `3 days`: the largest unit, and the next where it matters (below MUCH).

    >>> duration(timedelta(minutes=90)), duration(timedelta(days=12, hours=5))
    ('1 h 30 min', '12 days')
    """
    seconds = max(round(span.total_seconds()), 0)
    for index, (size, *_) in enumerate(_UNITS):
        count, rest = divmod(seconds, size)
        if not count:
            continue
        second = rest // _UNITS[index + 1][0] if rest and count < MUCH else 0
        return f"{_counted(count, index)} {_counted(second, index + 1)}" if second else _counted(count, index)
    return "0 s"


def _counted(count: int, index: int) -> str:
    _, one, many = _UNITS[index]
    return f"{count} {one if count == 1 else many}"


def about(span: timedelta) -> str:
    """How long ago something was, or until it is, as every page and command shows it: to the half hour from two hours
    on, to five minutes from five minutes on, below as it is.

    >>> about(timedelta(hours=2, minutes=53)), about(timedelta(minutes=32)), about(timedelta(seconds=90))
    ('3 h', '30 min', '1 min 30 s')
    """
    if span < ROUGHLY_FROM:
        return duration(span)
    step = timedelta(minutes=30 if span >= timedelta(hours=2) else 5)
    return duration(max(round(span / step), 1) * step)


MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def day(moment: datetime | date) -> str:
    """`30 July 2019`."""
    when = utc_date(moment)
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def weekday(moment: datetime | date) -> str:
    """`Tuesday`."""
    return WEEKDAYS[utc_date(moment).weekday()]


def clock(moment: datetime) -> str:
    """`17:16`."""
    moment = moment.astimezone(UTC)
    return f"{moment.hour:02}:{moment.minute:02}"


def month(name: str) -> str:
    """`July 2019` for `2019-07`."""
    return f"{month_name(name)} {int(name[:-3])}"


def month_name(name: str) -> str:
    """`July` for `2019-07`."""
    return MONTHS[int(name[-2:]) - 1]


def utc_date(moment: datetime | date) -> date:
    """The calendar day in UTC."""
    return moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment

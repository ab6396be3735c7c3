"""Dates as pages show them: in English, in UTC, and never by the machine's locale."""

from __future__ import annotations

from datetime import UTC, date, datetime

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

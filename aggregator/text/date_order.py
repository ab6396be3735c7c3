"""Which number of a date in numbers is the day, which the month: decided by the document, never guessed.

What decides: the other dates of the same document, days of the week, the present, in the end the document's language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from aggregator.text import date_names

EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
"""Before this a feed's date is a zero that some program did not fill in, not the time of a post."""

AHEAD = timedelta(days=2)
"""A post may be dated so far ahead of now (a zone that is not named, a fast clock); a reading that is later, and
stands beside another, is the wrong one."""

MUCH = 200
"""Times that the entries of a document lie farther apart in one reading than in another, for that to be the wrong one:
26/02/24 and 26/02/17 are a week of one year, not the same day of years."""


NEAR = timedelta(days=1)
"""Days of one moment in two time zones may lie so far apart."""


class Order(StrEnum):
    """Which number of 03/04/2026 is which."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"
    YEAR_FIRST = "ymd"


@dataclass(frozen=True, slots=True)
class Style:
    """How a document writes its dates: the order of numbers where that is known, its language (BCP 47), the present.

    `earliest`: what is before is no date.
    """

    order: Order | None = None
    language: str = ""
    now: datetime | None = None
    earliest: datetime = EARLIEST


@dataclass(frozen=True, slots=True)
class Numbers:
    """A date in numbers alone: the digits, what is between them, and the day of the week beside them."""

    values: tuple[str, ...]
    between: str
    weekdays: frozenset[int]


def numbers_of(tokens: Sequence[str]) -> Numbers:
    """The first two or three numbers of a date that has no names, with the day of the week beside them."""
    at = [index for index, token in enumerate(tokens) if token.isdecimal()][:3]
    between = tokens[at[0] + 1 : at[-1]] if at else ()
    days = frozenset[int]().union(*(date_names.weekdays(token) for token in tokens if token[0].isalpha()))
    joined = len(at) > 1 and all(sign.isdecimal() or sign in "-/." for sign in between)
    if any(len(tokens[index]) > 4 for index in at):
        joined = False
    if len(at) == 2 and all(len(tokens[index]) <= 2 for index in at):  # a day and a month, if nothing else is said
        joined = joined and all(date_names.weekdays(token) for token in tokens if token[0].isalpha())
    return Numbers(tuple(tokens[index] for index in at) if joined else (), "".join(between), days)


def orders(numbers: Numbers, style: Style) -> tuple[Order, ...]:
    """The orders to try, in turn; none where two give different days and nothing decides."""
    if len(numbers.values) < 2:
        return ()
    readings = {order: day for order in Order if (day := in_order(numbers, order, style.now))}
    if len(set(readings.values())) > 1 and style.order not in readings:
        likely = {order: day for order, day in readings.items() if not _contradicted(day, numbers, style.now)}
        if "." in numbers.between and Order.DAY_FIRST in likely:
            return (Order.DAY_FIRST,)
        return tuple(likely) if len(set(likely.values())) == 1 else ()
    return (style.order, *readings) if style.order else tuple(readings)


def in_order(numbers: Numbers, order: Order, now: datetime | None = None) -> date | None:
    """The day that the numbers name, read in this order; None where they cannot be read so.

    24/02 without a year is the last such day that is not ahead of now, and none without a now.
    """
    values = numbers.values
    if len(values) == 2 and max(map(len, values)) <= 2:
        day, month = values if order is Order.DAY_FIRST else values[::-1]
        return next(past_days(int(month), int(day), now), None) if now else None
    if len(values) == 2:  # a year and a month
        year, month = (values[0], values[1]) if len(values[0]) == 4 else (values[1], values[0])
        return day_of(int(year), int(month), 1) if len(year) == 4 and len(month) <= 2 else None
    one, two, three = values
    if len(one) == 4:
        if max(len(two), len(three)) > 2:
            return None
        found = day_of(int(one), int(two), int(three))
        return found if found or "-" in numbers.between else day_of(int(one), int(three), int(two))
    if len(three) == 4 or order is not Order.YEAR_FIRST:
        if order is Order.YEAR_FIRST or max(len(one), len(two)) > 2 or len(three) == 1:
            return None
        day, month = (one, two) if order is Order.DAY_FIRST else (two, one)
        return day_of(full_year(three), int(month), int(day))
    return day_of(full_year(one), int(two), int(three)) if len(one) == len(two) == len(three) == 2 else None


def past_days(month: int, day: int, now: datetime) -> Iterator[date]:
    """Such days of the last years that are not ahead of now, the latest first."""
    latest = (now + AHEAD).date()
    for back in range(8):
        if (found := day_of(latest.year - back, month, day)) and found <= latest:
            yield found


def _contradicted(day: date, numbers: Numbers, now: datetime | None) -> bool:
    """Whether the day of the week, or the present, speaks against a reading."""
    if numbers.weekdays and day.weekday() not in numbers.weekdays:
        return True
    return now is not None and day > (now + AHEAD).date()


def decided(written: Iterable[Numbers], language: str = "", now: datetime | None = None) -> Style:
    """How a document that has these dates, in its own order, writes them.

    24/02/2026 among them proves that the day comes first in all. So do days of the week that fit, dates that would lie
    in the future otherwise, and entries that would not be in order. `language` decides last: East Asia writes the year
    first, nearly every language other than American English the day.
    """
    style = Style(None, language, now)
    in_question = [
        one for one in written if len(one.values) > 1 and len(one.values[0]) <= 2 and len(one.values[1]) <= 2
    ]
    if not in_question:
        return style
    readings = {order: [in_order(one, order, now) for one in in_question] for order in Order}
    against = {
        order: sum(day is None or _contradicted(day, one, now) for day, one in zip(days, in_question, strict=True))
        for order, days in readings.items()
    }
    best = [order for order in Order if against[order] == min(against.values()) < len(in_question)]
    if len(best) > 1 and len(in_question) > 1:
        best = [order for order in best if _is_sorted(readings[order])] or best
        spans = {order: _span(readings[order]) for order in best}
        best = [order for order in best if spans[order] <= MUCH * min(spans.values())]
    if len(best) == 1:
        return replace(style, order=best[0])
    tag = language.casefold().replace("_", "-")
    if tag.startswith(_YEAR_FIRST) and Order.YEAR_FIRST in best:
        return replace(style, order=Order.YEAR_FIRST)
    if tag and Order.DAY_FIRST in best and (not tag.startswith("en") or tag.startswith(_DAY_FIRST_ENGLISH)):
        return replace(style, order=Order.DAY_FIRST)
    return style


def proven(written: Iterable[Numbers]) -> Order | None:
    """The order that dates prove which do not follow one another, each by itself: a day above 12, a day of the week.

    None where none proves anything, or one the contrary of another.
    """
    found = {decided([one]).order for one in written} - {None}
    return found.pop() if len(found) == 1 else None


def agreeing(written: Iterable[Numbers], known: Iterable[date]) -> Order | None:
    """The order in which one of the dates is one of the days that are `known`; None where none is, or in both."""
    days = list(known)
    found = {
        order
        for one in written
        for order in (Order.DAY_FIRST, Order.MONTH_FIRST)
        if len(one.values) == 3 and (day := in_order(one, order)) and any(abs(day - other) <= NEAR for other in days)
    }
    return found.pop() if len(found) == 1 else None


_YEAR_FIRST = ("ja", "ko", "zh", "hu", "mn")
_DAY_FIRST_ENGLISH = ("en-gb", "en-au", "en-nz", "en-ie", "en-in", "en-za")


def _span(days: Sequence[date | None]) -> int:
    """Days between the first and the last of them, at least one."""
    known = [day for day in days if day]
    return max((max(known) - min(known)).days, 1) if known else 1


def _is_sorted(days: Sequence[date | None]) -> bool:
    known = [day for day in days if day]
    return known in (sorted(known), sorted(known, reverse=True))


def full_year(digits: str) -> int:
    """A year of two digits in 1970 to 2069; of three as Java's Date.getYear gives it (126 for 2026)."""
    year = int(digits)
    if len(digits) <= 2:
        return year + (1900 if year >= 70 else 2000)
    return year + 1900 if len(digits) == 3 else year


def day_of(year: int, month: int, day: int) -> date | None:
    if 2400 < year < 2700:  # the Buddhist calendar, in Thai
        year -= 543
    try:
        return date(year, month, day)
    except ValueError:
        return None

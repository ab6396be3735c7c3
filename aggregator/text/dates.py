"""Dates as feeds write them -> aware UTC datetimes.

RFC 822 and RFC 3339 are what the formats ask for; what is met besides is asctime, dates without a time, named zones,
month names of other languages, two-digit and Java-style years, Unix seconds. What can not be read, or can not be meant
(the year 1, the epoch's first second, 03/04/05), is None. Future dates are kept as given. Never raises.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

MAX_DATE = 100
"""Characters of a date that are looked at; the longest real ones have about 45."""

EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
"""Before this a date is a zero that some program did not fill in, not the time of a post."""

LATEST_YEAR = 2200

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan ene gen janv янв",
            "feb fev fév fév. févr fevr фев",
            "mar mär mrz maa mars marz мар",
            "apr abr avr апр",
            "may mai mei mag мая май",
            "jun juin giu июн",
            "jul juil lug июл",
            "aug ago août aout авг",
            "sep set sept сен",
            "oct okt ott out окт",
            "nov ноя",
            "dec dez dic déc дек",
        ),
        start=1,
    )
    for name in names.split()
}
"""Month names by their first letters, in the languages in which feeds write them against RFC 822."""

_HOURS = {
    **dict.fromkeys(("ut", "utc", "gmt", "z", "wet"), 0.0),
    **dict.fromkeys(("cet", "bst", "west", "wat", "mez", "met"), 1.0),
    **dict.fromkeys(("cest", "eet", "sast", "mesz", "mest", "cat"), 2.0),
    **dict.fromkeys(("eest", "msk", "eat", "trt"), 3.0),
    **dict.fromkeys(("msd", "gst"), 4.0),
    **dict.fromkeys(("pkt", "uzt"), 5.0),
    **dict.fromkeys(("ict", "wib"), 7.0),
    **dict.fromkeys(("hkt", "sgt", "awst", "pht", "wita"), 8.0),
    **dict.fromkeys(("jst", "kst"), 9.0),
    **dict.fromkeys(("aest",), 10.0),
    **dict.fromkeys(("aedt",), 11.0),
    **dict.fromkeys(("nzst",), 12.0),
    **dict.fromkeys(("nzdt",), 13.0),
    **dict.fromkeys(("brt", "art", "adt"), -3.0),
    **dict.fromkeys(("ast", "edt"), -4.0),
    **dict.fromkeys(("est", "cdt"), -5.0),
    **dict.fromkeys(("cst", "mdt"), -6.0),
    **dict.fromkeys(("mst", "pdt"), -7.0),
    **dict.fromkeys(("pst", "akdt"), -8.0),
    **dict.fromkeys(("akst",), -9.0),
    **dict.fromkeys(("hst",), -10.0),
    "ist": 5.5,
    "acst": 9.5,
    "nst": -3.5,
}
"""Hours east of Greenwich. RFC 822 names the American ones; where a name is used twice, the one met in feeds counts."""

_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?"
_ZONE = r"(?:\s*(?P<half>[ap]\.?m\b\.?))?\s*\(?(?P<zone>(?:[a-z]{1,5})?\s*(?:[+-]\d{1,2}:?\d{0,2})?)"
_WEEKDAY = r"(?:[^\W\d_]{2,12}\.?,?\s+)?"
_MONTH = r"(?P<name>[^\W\d_]{3,12})"
_SHAPES = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})(?:[-/.](?P<day>\d{{1,2}})(?:[t\s,_]+{_TIME}{_ZONE})?)?(?!\d)",
        rf"(?P<year>\d{{4}})(?P<month>\d{{2}})(?P<day>\d{{2}})(?:t?(?P<hour>\d{{2}}):?(?P<minute>\d{{2}}):?(?P<second>\d{{2}}){_ZONE})?(?!\d)",
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.)?[\s-]+(?:de\s+)?{_MONTH}\.?,?[\s-]+(?:de\s+)?(?P<year>\d{{2,4}})(?!\d)(?:[\s,t-]+(?:at\s+)?{_TIME}{_ZONE})?",
        rf"{_WEEKDAY}{_MONTH}\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})(?!\d)(?:[\s,t-]+(?:at\s+)?{_TIME}{_ZONE})?",
        rf"{_WEEKDAY}{_MONTH}\s+(?P<day>\d{{1,2}})\s+{_TIME}\s+(?P<zone>[a-z]{{1,5}}\s+)?(?P<year>\d{{4}})",
        rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d{{4}})(?!\d)(?:[\s,t-]+{_TIME}{_ZONE})?",
    )
)
_SLASHED = re.compile(
    rf"(?P<one>\d{{1,2}})/(?P<two>\d{{1,2}})/(?P<year>\d{{4}})(?:[\s,]+{_TIME}{_ZONE})?", re.IGNORECASE
)
_SECONDS = re.compile(r"\d{9,10}(?:\.\d+)?|\d{12,13}")
_OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d{2})?")


def parse_date(text: str | None) -> datetime | None:
    """The moment that `text` names, in UTC; a date without a zone is taken for UTC, one without a time for midnight."""
    if not text:
        return None
    cleaned = " ".join(text[:MAX_DATE].split())
    if _SECONDS.fullmatch(cleaned):
        return _from_seconds(cleaned)
    for shape in _SHAPES:
        if match := shape.match(cleaned):
            return _assemble(match.groupdict())
    if match := _SLASHED.match(cleaned):
        return _from_slashed(match.groupdict())
    return None


def _from_seconds(digits: str) -> datetime | None:
    seconds = float(digits)
    if len(digits.partition(".")[0]) > 10:
        seconds /= 1000
    return _sensible(datetime.fromtimestamp(seconds, UTC))


def _from_slashed(parts: dict[str, str | None]) -> datetime | None:
    """Month first, as in the United States, unless only the other reading is possible; both possible: no telling."""
    one, two = int(parts["one"] or 0), int(parts["two"] or 0)
    if one > 12:
        day, month = one, two
    elif two > 12 or one == two:
        month, day = one, two
    else:
        return None
    return _assemble({**parts, "month": str(month), "day": str(day)})


def _assemble(parts: dict[str, str | None]) -> datetime | None:
    try:
        month = _month(parts["name"]) if parts.get("name") else int(parts.get("month") or 1)
        moment = datetime(_year(parts["year"] or ""), month, int(parts.get("day") or 1), tzinfo=UTC)
        hour = _hour(int(parts.get("hour") or 0), parts.get("half"))
        seconds = min(int(parts.get("second") or 0), 59)  # a leap second is the one before it
        moment += timedelta(hours=hour, minutes=int(parts.get("minute") or 0), seconds=seconds)
        return _sensible(moment - _offset(parts.get("zone") or ""))
    except (ValueError, OverflowError):
        return None


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) == 2:
        return year + (1900 if year >= 70 else 2000)
    return year + 1900 if len(digits) == 3 else year  # 126 for 2026: Java's Date.getYear


def _month(name: str | None) -> int:
    letters = (name or "").lower()
    for length in (4, 3):
        if number := _MONTHS.get(letters[:length]):
            return number
    raise ValueError(letters)


def _hour(hour: int, half: str | None) -> int:
    if hour > 24:
        raise ValueError(hour)
    if half:
        return hour % 12 + (12 if half.lower().startswith("p") else 0)
    return hour


def _offset(zone: str) -> timedelta:
    """What `+0100`, `GMT-5`, `EST`, `Z` add to UTC; a name that nobody knows adds nothing."""
    if match := _OFFSET.search(zone):
        hours, minutes = int(match[2]), int(match[3] or 0)
        if hours > 14 or minutes > 59:
            return timedelta()
        distance = timedelta(hours=hours, minutes=minutes)
        return -distance if match[1] == "-" else distance
    return timedelta(hours=_HOURS.get(zone.strip().lower(), 0.0))


def _sensible(moment: datetime) -> datetime | None:
    return moment if moment >= EARLIEST and moment.year <= LATEST_YEAR else None

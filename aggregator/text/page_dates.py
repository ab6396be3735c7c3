"""A date as a page writes it -> an aware UTC datetime.

Reads what machines write (ISO 8601, RFC 2822, numbers of seconds) and what people write, in the languages whose months
are listed. A page's local time without a zone is taken for UTC: there is nothing better.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jänner janvier janv enero ene gennaio gen janeiro januari января stycznia ledna ocak",
            "february feb februar février févr fév febrero febbraio fevereiro fev februari февраля lutego února şubat",
            "march mar märz mrz mars marzo março maart maret марта marca března mart",
            "april apr avril avr abril abr aprile апреля kwietnia dubna nisan",
            "may mai mayo maggio mag maio mei maj мая maja května mayıs",
            "june jun juni juin junio giugno giu junho июня czerwca června haziran",
            "july jul juli juillet juil julio luglio lug julho июля lipca července temmuz",
            "august aug août agosto ago augustus augusti agustus августа sierpnia srpna ağustos",
            "september sept sep septembre septiembre settembre set setembro сентября września září eylül",
            "october oct oktober okt octobre octubre ottobre ott outubro out октября października října ekim",
            "november nov novembre noviembre novembro ноября listopada listopadu kasım",
            (
                "december dec dezember dez décembre déc diciembre dic dicembre dezembro desember декабря grudnia"
                " prosince aralık"
            ),
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?P<year>(?:19|20)\d\d)\b"
_A_YEAR = re.compile(r"(?:19|20)\d\d")
_IN_WORDS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<month>\b(?:{_MONTH})\b)\.?,?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_YEAR}",
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.|er|º)?[\s-]+(?:de\s+)?(?P<month>{_MONTH})\.?,?[\s-]+(?:de\s+)?{_YEAR}",
        r"\b(?P<year>(?:19|20)\d\d)\s?[年년]\s?(?P<month>\d{1,2})\s?[月월]\s?(?P<day>\d{1,2})\s?[日일]",
        r"\b(?P<year>(?:19|20)\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})\b",
        rf"\b(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.{_YEAR}",
        rf"\b(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/{_YEAR}",
        rf"\b(?P<day>1[3-9]|2\d|3[01])/(?P<month>\d{{1,2}})/{_YEAR}",
    )
)


def read_date(value: str | None) -> datetime | None:
    """The moment that `value` names, or None when it is no date, or one before the web."""
    if not value or len(value) > 100:
        return None
    try:
        found = _iso(value) or _compact(value) or _epoch(value) or _mail(value) or next(dates_in(value), None)
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


def dates_in(text: str) -> Iterator[datetime]:
    """The days that `text` names as people write them, at midnight UTC. Of 3/4/2025 the first is the month."""
    if not _A_YEAR.search(text):
        return
    lower = text.lower()
    for pattern in _IN_WORDS:
        for match in pattern.finditer(lower):
            month = _MONTHS.get(match["month"]) or (int(match["month"]) if match["month"].isdigit() else 0)
            try:
                moment = datetime(int(match["year"]), month, int(match["day"]), tzinfo=UTC)
            except ValueError:
                continue
            if moment >= EARLIEST:
                yield moment

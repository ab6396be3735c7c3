"""Dates as feeds, pages and HTTP write them -> aware UTC datetimes.

What people and programs write is read: RFC 5322, RFC 3339, ISO 8601, asctime, Unix seconds, numbers in any order, the
names of months in some seventy languages, zones by offset, abbreviation or region. A text that may be two dates
(03/04/2026) is one only where something decides: the other dates of its document (`style_of`), the day of the week, or
the present. What cannot be read, or cannot be meant (the year 1, the epoch's first second), is None. Never raises.

A date without a zone is taken for UTC, one without a time for midnight. `now` is an argument: nothing reads the clock.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from aggregator.text import date_names, relative_dates
from aggregator.text.date_order import (
    Order,
    Style,
    agreeing,
    day_of,
    decided,
    full_year,
    in_order,
    numbers_of,
    orders,
    past_days,
    proven,
)

MAX_DATE = 100
"""Characters of a date that are looked at; the longest real ones have about 60."""

WEB_BEGINS = datetime(1994, 1, 1, tzinfo=UTC)
"""No article on the web is older; earlier dates on pages are defaults (1970) or subjects."""

LATEST_YEAR = 2200

MAX_WAIT = timedelta(days=400)
"""The longest Retry-After that is told from a mistake; how much of it is honoured is decided by who asks."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = Style(Order.MONTH_FIRST, earliest=WEB_BEGINS)
"""On a page of which nothing is known 3/4/2026 is the fourth of March: most that write so are American."""


def parse_date(text: str | None, style: Style = Style()) -> datetime | None:  # noqa: B008 - frozen
    """The moment that `text`, a feed's date, names; None where it is none or may be two."""
    if not text:
        return None
    cleaned = _cleaned(text)
    found = _usual(cleaned, style.language) or _seconds(cleaned) or _read(cleaned, style)
    return found if found and found >= style.earliest and found.year <= LATEST_YEAR else None


def read_date(value: str | None, style: Style = PAGE) -> datetime | None:
    """The moment that `value`, a date on a page, names; None when it is no date, or one before the web."""
    if not value or len(value) > MAX_DATE:
        return None
    return parse_date(value, style)


def style_of(texts: Iterable[str | None], language: str | None = None, now: datetime | None = None) -> Style:
    """How a document that has these dates, in its own order, writes them (see `date_order.decided`)."""
    written = (numbers_of(_TOKEN.findall(_apart(_cleaned(text))[0])) for text in texts if text)
    return decided(written, language or "", now)


def page_style(texts: Iterable[str], language: str = "", known: Iterable[datetime] = ()) -> Style:
    """How a page writes the dates in `texts`: as one of them proves, as the moments that are `known` of it have it, as
    its `language` (BCP 47) does.
    """
    matches = (match[0] for text in texts for match in _NUMBERS.finditer(text))
    written = [numbers_of(_TOKEN.findall(each)) for each in matches]
    order = proven(written) or agreeing(written, (moment.date() for moment in known)) if written else None
    order = order or decided(written[:1], language).order
    return Style(order or PAGE.order, language, earliest=WEB_BEGINS)


def has_two_readings(text: str) -> bool:
    """Whether a date in `text` may name two days: 03/04/2026."""
    return any(max(int(match["one"]), int(match["two"])) <= 12 for match in _NUMBERS.finditer(text))


def dates_in(text: str, style: Style = PAGE) -> Iterator[datetime]:
    """The days that a text on a page names, at midnight UTC, in the order of the shapes below."""
    if not _A_YEAR.search(text):
        return
    cleaned = text if text.isascii() else unicodedata.normalize("NFKC", text)
    for shape in _IN_TEXT:
        for match in shape.finditer(cleaned):
            parts = match.groupdict()
            if parts.get("one"):
                numbers = numbers_of(_TOKEN.findall(match[0]))
                day = next((found for order in orders(numbers, style) if (found := in_order(numbers, order))), None)
            else:
                month = date_names.month(parts["name"], exact=True) if parts.get("name") else int(parts["month"])
                day = day_of(int(parts["year"]), month or 0, int(parts["day"]))
            if day and day >= WEB_BEGINS.date():
                yield datetime(day.year, day.month, day.day, tzinfo=UTC)


def date_in_url(url: str | None) -> datetime | None:
    """The day that a post's address names (`/2026/02/24/`, `/2026-02-24-title`), at midnight UTC, or None."""
    match = _IN_URL.search(url or "")
    day = day_of(int(match["year"]), int(match["month"]), int(match["day"])) if match else None
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day and day >= WEB_BEGINS.date() else None


def http_date(value: str) -> datetime | None:
    """An HTTP date (RFC 9110 section 5.6.7, and what passes for one), or None."""
    return parse_date(value, Style(Order.MONTH_FIRST, earliest=_EPOCH))


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """What Retry-After asks for (RFC 9110 section 10.2.3), at most MAX_WAIT; None where it is neither number nor date.

    A date is taken relative to the server's own Date, so that its clock may be wrong; one that is past asks for
    nothing. Header names in lower case.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII):
        return min(timedelta(seconds=float(value[:9])), MAX_WAIT)
    when = http_date(value)
    if when is None:
        return None
    return min(max(when - (http_date(headers.get("date", "")) or now), timedelta()), MAX_WAIT)


# --- the shapes that machines write ----------------------------------------------------------------------------

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?\s?([Zz]|[+-]\d\d(?::?\d\d)?)?")
_MAIL = re.compile(
    r"(?:[A-Za-z]{3}, )?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))? (GMT|UTC|UT|Z|[+-]\d{4})"
)
_DIGITS = re.compile(r"(?:/?Date\()?(\d{9,14}|\d{16}|\d{19})(\.\d+)?(?:[+-]\d{4})?(?:\)/?)?")
_FLOAT = re.compile(r"\d\.\d{5,9}e\+?0?9", re.IGNORECASE)
_WEEK = re.compile(r"(\d{4})-?W(\d\d)(?:-?([1-7])(?!\d))?(?=\D|$)", re.IGNORECASE)
_A_YEAR = re.compile(r"(?:19|20|25)\d\d")
_YEAR = r"(?P<year>(?:19|20)\d\d)\b"
_NAME = r"\b(?P<name>[^\W\d_]{3,14})"
_IN_NUMBERS = rf"(?<![\w/.-])(?P<one>\d{{1,2}})(?P<mark>[/.-])(?P<two>\d{{1,2}})(?P=mark){_YEAR}"
_NUMBERS = re.compile(rf"(?:[^\W\d_]{{2,12}}\.?,? +)?{_IN_NUMBERS}")
"""A date in numbers alone, with the word before it, which may be a day of the week."""

_IN_TEXT = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"{_NAME}\.?,?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_YEAR}",
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.|er|º)?[\s-]+(?:de\s+)?{_NAME}\.?,?[\s-]+(?:de\s+)?{_YEAR}",
        r"\b(?P<year>(?:19|20)\d\d)\s?[年년]\s?(?P<month>\d{1,2})\s?[月월]\s?(?P<day>\d{1,2})\s?[日일]",
        r"\b(?P<year>(?:19|20)\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})\b",
        rf"\b(?P<day>\d{{1,2}})\.\s?(?P<month>\d{{1,2}})\.\s?{_YEAR}",
        _IN_NUMBERS,
    )
)
"""Days in running text: a month's name, a day and a year beside one another, or numbers with marks between them."""

_IN_URL = re.compile(
    r"/(?P<year>(?:19|20)\d\d)(?P<mark>[/_.-]?)(?P<month>[01]\d|(?<=[/_.-])[1-9])(?P=mark)"
    r"(?P<day>[0-3]\d|(?<=[/_.-])[1-9])(?=[/_.-]|$)"
)
_DAY_OF_YEAR = re.compile(r"(\d{4})-(\d{3})(?!\d)|(?:^|\s)((?:19|20)\d\d)(\d{3})(?!\d)")


def _cleaned(text: str) -> str:
    """`text` on one line, with full-width forms, dashes and minus signs as ASCII has them."""
    head = " ".join(text[: 2 * MAX_DATE].split())[:MAX_DATE]
    if head.isascii():
        return head
    head = re.sub("[\u200b-\u200f\u061c]", "", head)  # joiners, and marks of direction
    return re.sub("[\u2010-\u2015\u2212\ufe63\uff0d]", "-", unicodedata.normalize("NFKC", head))


def _usual(text: str, language: str) -> datetime | None:
    """RFC 3339 and RFC 5322 as they are meant to be written: nearly all dates of feeds."""
    if match := _ISO.fullmatch(text):
        year, month, day, hour, minute, second, zone = match.groups()
        return _moment(int(year), int(month), int(day), (int(hour), int(minute), int(second or 0)), zone or "")
    if match := _MAIL.fullmatch(text):
        day, name, year, hour, minute, second, zone = match.groups()
        if number := date_names.month(name, language):
            return _moment(int(year), number, int(day), (int(hour), int(minute), int(second or 0)), zone)
    return None


def _seconds(text: str) -> datetime | None:
    """Digits alone: seconds since 1970 or a thousandth, millionth ... of them (also as a program prints a float), or a
    date and a time without anything between them.
    """
    if _FLOAT.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC)
    match = _DIGITS.fullmatch(text)
    if match is None:
        return None
    digits = match[1]
    if len(digits) in (12, 14):
        clock = (int(digits[8:10]), int(digits[10:12]), int(digits[12:14] or 0))
        return _moment(int(digits[:4]), int(digits[4:6]), int(digits[6:8]), clock, "")
    if len(digits) == 11:
        return None
    seconds = int(digits) / 10 ** (len(digits) - 10) if len(digits) > 12 else float(digits + (match[2] or ""))
    return datetime.fromtimestamp(seconds, UTC)


# --- what people write -----------------------------------------------------------------------------------------

_HALF = (
    r"(?P<half>[ap]\.?\s?m\b\.?|[πμ]\.?\s?μ\b\.?|[pm]\.d\b\.?"
    r"|(?:ptg|pg|م|ص|vorm(?:ittags)?|nachm(?:ittags)?|abends)\b|ਪੂ\.ਦੁ|ਬਾ\.ਦੁ)"
)
_EAST_HALF = r"(?P<east>上午|下午|午前|午後|오전|오후|凌晨|早上|晚上|中午|शाम|रात|सुबह|दोपहर|\b(?:am|pm|öö|ös)\b)"
_LATE = frozenset(
    {"pm", "μμ", "md", "ptg", "م", "下午", "午後", "오후", "晚上", "ös", "शाम", "nachm", "nachmittags", "ਬਾਦੁ", "abends"}
)
"""What the second half of the day is called, behind a time or before it, without points."""

_TIMES = tuple(
    re.compile("".join(shape), re.IGNORECASE)
    for shape in (
        (
            rf"(?:{_EAST_HALF}\s*)?(?<![\d.])(?P<hour>\d{{1,2}})\s?:\s?(?P<minute>\d\d?)(?!\d)",
            rf"(?:\s?:\s?(?P<second>\d\d?)(?!\d)(?:[.,:]\d{{1,9}})?)?(?:\s?{_HALF})?(?:\s?(?:uhr|hrs?|h)\b\.?)?",
        ),
        (
            rf"(?:{_EAST_HALF}\s*)?(?<!\d)(?P<hour>\d{{1,2}})\s?[時时시点點]\s?(?:(?P<minute>\d{{1,2}})\s?[分분]?)?",
            r"(?:\s?(?P<second>\d{1,2})\s?[秒초])?",
        ),
        (r"(?<![\d.])(?P<hour>\d{1,2})\s?h\s?(?P<minute>\d\d)(?!\d)(?:\s?m?(?:in)?\s?(?P<second>\d\d)\s?s)?",),
        (
            r"\b(?:klo|kl|klockan|ore|om|alle|at|um|ob|godz|saat|pukul|pkl|jam|в|о|às|a las)\b\.?\s?",
            r"(?P<hour>\d{1,2})\.(?P<minute>\d\d)(?!\.?\d)",
            r"(?P<second>)(?:\s?(?:uhr|uur)\b)?",
        ),
        (r"(?<![\d.])(?P<hour>\d{1,2})\.(?P<minute>\d\d)(?P<second>)\s?(?:uhr|uur)\b",),
        (rf"(?<![\d.:])(?P<hour>\d{{1,2}})(?:\.(?P<minute>\d\d))?(?P<second>)\s?{_HALF}",),
        (r"(?<![\d.:])(?P<hour>\d{1,2})(?P<minute>)(?P<second>)\s?(?:h|uhr|uur)\b",),
    )
)
"""A time of day, the surest shape first: 17:08:09, 17時08分, 17h08, kl. 17.08, 17.08 Uhr, 5.08 pm, 5 pm, 17h."""

_DAY_END = re.compile(r"\d{4}(?:[-/.]\d{1,2}[-/.]\d{1,2}(?!\d))?(?:,\s[^\W\d]{2,12},?)?")
_DOTTED = re.compile(
    r"[\s,;-]*(?P<hour>\d{1,2})(?:[.h](?P<minute>\d\d)(?:\.(?P<second>\d\d))?|-(?P<minute2>\d\d)-(?P<second2>\d\d))(?![\d.])"
)
"""A time with a dot, where a whole date stands before it."""

_OFFSET = re.compile(
    r"[\s,]*\(?(?:(?P<name>[A-Za-z]{1,5})\s?(?P<sign>[+-])\s?(?P<hours>\d{1,2})(?:[:.]?(?P<minutes>\d\d))?(?![\d:])"
    r"|[+-]?(?P<sign2>[+-])(?P<hours2>\d\d?)(?:[:.]?(?P<minutes2>\d\d))?(?![\d./-]))\)?"
)
_WORD = r"[A-Za-z]+(?:[_-][A-Za-z]+)*"
_REGION = re.compile(rf"[\s,]*[(\[]?(?P<name>{_WORD}(?:/{_WORD}){{1,2}}(?:[+-]\d+)?)")
_ZONE_NAME = re.compile(
    r"[\s,]*[(\[]?(?P<name>[A-Za-z]{3}\d[A-Za-z]{3}|[A-Za-z]{1,8})\b[)\]]?(?:\s(?:standard |daylight )?time\b)?",
    re.IGNORECASE,
)
_LETTER = r"(?:(?!\d)[A-Za-z\u00aa\u00b5\u00ba\u00c0-\u1fff\u2c00-\u2dff\u3040-\ud7ff\uf900-\ufdff\ufe70-\ufefc])"
"""With the vowel signs of Indian and Thai writing, which are no letters to Python."""
_TOKEN = re.compile(rf"\d+|{_LETTER}+(?:[.'’׳·-]?{_LETTER}+)*[.'’׳]?|[^\w\s]")
_JOINED = re.compile(r"(?<!\d)(\d{4})(\d\d)(\d\d)(?:[Tt_ -](\d\d):?(\d\d)(?::?(\d\d))?(?!\d)|(?=\s|$))")
_COLONS = re.compile(r"^((?:19|20)\d\d):(\d\d):(\d\d)(?=[ Tt]|$)")
_ERA = re.compile(r"(?<!\w)(?P<era>[RH])\s?(?P<year>\d{1,2})(?=[./-]\d{1,2}[./-]\d{1,2}(?!\d))")
_HAN = re.compile(r"[〇零一二三四五六七八九十]+(?=[年月日号號])|元(?=年)")
_HAN_DIGITS = "〇一二三四五六七八九"
_ROMAN = re.compile(r"(?<=\d)([\s./-]+)(XI{0,2}|IX|IV|VI{0,3}|I{1,3})(?=[\s./-]+\d)")
_ROMAN_NUMBERS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_MARKS = {"年": "y", "년": "y", "năm": "y", "月": "m", "월": "m", "日": "d", "일": "d", "號": "d", "号": "d"}
_MARKS_BEFORE = {"tháng": "m", "thg": "m", "ngày": "d", "năm": "y"}


@dataclass(frozen=True, slots=True)
class _Clock:
    """A time of day, and the zone behind it as written."""

    time: tuple[int, int, int] = (0, 0, 0)
    zone: str = ""


def _read(text: str, style: Style) -> datetime | None:
    """The moment that a text of any shape names."""
    if (back := relative_dates.ago(text)) is not None:
        return style.now - back if style.now else None
    day_text, clock = _apart(_JOINED.sub(_spaced, _in_numbers(text)))
    day = _day_named(day_text, style)
    if day is None:
        return None
    if clock == _Clock() and (end := _DAY_END.search(day_text)) and (late := _DOTTED.match(day_text, end.end())):
        hour, *parts = (int(part or 0) for part in late.groups())
        clock = _Clock((hour, max(parts[0], parts[2]), max(parts[1], parts[3])), _zone_behind(day_text[late.end() :]))
    return _moment(day.year, day.month, day.day, clock.time, clock.zone, style.language)


def _day_named(text: str, style: Style) -> date | None:
    """The day that a text without a time of day names."""
    with suppress(ValueError):
        if match := _WEEK.match(text):
            return date.fromisocalendar(int(match[1]), int(match[2]), int(match[3] or 1))
        if match := _DAY_OF_YEAR.match(text):
            year = int(match[1] or match[3])
            counted = date(year, 1, 1) + timedelta(days=int(match[2] or match[4]) - 1)
            return counted if counted.year == year else None
    if (back := relative_dates.days_back(text)) is not None and style.now:
        return style.now.date() - timedelta(days=back)
    tokens = _TOKEN.findall(text)
    if found := _with_marks(tokens, style) or _with_name(tokens, style):
        return found
    numbers = numbers_of(tokens)
    return next(filter(None, (in_order(numbers, order, style.now) for order in orders(numbers, style))), None)


def _spaced(match: re.Match[str]) -> str:
    """`20260224T170809` as `2026-02-24 17:08:09`."""
    year, month, day, hour, minute, second = match.groups()
    return f"{year}-{month}-{day}" + (f" {hour}:{minute}:{second or '00'}" if hour else "")


def _in_numbers(text: str) -> str:
    """`2026:02:24` (EXIF), `R8.2.24` (Japan's era), `二〇二六年二月`, `24.II.2026` in the numbers that others write."""
    found = _COLONS.sub(r"\1-\2-\3", text)
    found = _ERA.sub(lambda match: str(int(match["year"]) + {"R": 2018, "H": 1988}[match["era"]]), found)
    found = _ROMAN.sub(lambda match: f"{match[1]}{_ROMAN_NUMBERS.index(match[2]) + 1}", found)
    return found if found.isascii() else _HAN.sub(_han_number, found)


def _han_number(match: re.Match[str]) -> str:
    digits = match[0].replace("零", "〇").replace("元", "一")
    if "十" in digits:
        tens, _, ones = digits.partition("十")
        return str(10 * max(_HAN_DIGITS.find(tens or "一"), 1) + (_HAN_DIGITS.index(ones) if len(ones) == 1 else 0))
    return "".join(str(_HAN_DIGITS.index(digit)) for digit in digits)


def _apart(text: str) -> tuple[str, _Clock]:
    """What names the day, and the time of day with its zone."""
    match = next((match for shape in _TIMES if (match := shape.search(text))), None)
    if match is None:
        return text, _Clock()
    parts = match.groupdict()
    hour = int(parts["hour"])
    half = re.sub(r"[.\s]", "", parts.get("half") or parts.get("east") or "").casefold()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half in _LATE else 0)
    rest = text[match.end() :]
    zone = _zone_behind(rest)
    time = (hour, int(parts["minute"] or 0), int(parts.get("second") or 0))
    return f"{text[: match.start()]} {rest[len(zone) :]}", _Clock(time, zone)


def _zone_behind(rest: str) -> str:
    """The zone with which the text after a time begins, as it is written; empty where it does not."""
    for shape in (_OFFSET, _REGION, _ZONE_NAME):
        behind = shape.match(rest)
        if behind and (shape is _OFFSET or _is_zone(behind["name"])):
            return behind[0]
    return ""


def _is_zone(name: str) -> bool:
    return date_names.zone_offset(name, datetime(2000, 1, 1)) is not None  # noqa: DTZ001 - a local time


# --- which number is which -------------------------------------------------------------------------------------


def _with_marks(tokens: Sequence[str], style: Style) -> date | None:
    """`2026年2月24日`, `2026년 2월 24일`, `ngày 24 tháng 2 năm 2026`: each number is marked for what it is."""
    found: dict[str, int] = {}
    unmarked: list[int] = []
    before = 0
    for index, token in enumerate(tokens):
        before = date_names.era(token) or before
        if not token.isdecimal() or len(token) > 4:
            continue
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        mark = _MARKS.get(following[:1]) or _MARKS.get(following.casefold())
        mark = _MARKS_BEFORE.get(tokens[index - 1].casefold() if index else "") or mark
        if mark:
            found.setdefault(mark, int(token) + (before if mark == "y" else 0))
        elif "y" not in found and len(token) == 4:
            found["y"] = int(token)
        else:
            unmarked.append(int(token))
    if "m" not in found or not ("d" in found or "y" in found):
        return None
    if unmarked:
        found.setdefault("d", unmarked[0])
    year = found.get("y")
    if year is not None and 100 <= year < 200:  # the years of Taiwan's calendar
        year += 1911
    return _day(year, found["m"], found.get("d", 1), frozenset(), style)


def _with_name(tokens: Sequence[str], style: Style) -> date | None:
    """A month's name with a day and a year beside it, in whatever order."""
    named = [
        (index, number)
        for index, token in enumerate(tokens)
        if token[0].isalpha() and (number := date_names.month(token, style.language))
    ]
    if not named:
        return None

    def doubts(one: tuple[int, int]) -> tuple[bool, int]:
        """`mar` may be a Tuesday, too; a name with numbers on either side is likelier a month's."""
        return bool(date_names.weekdays(tokens[one[0]])), -_beside(tokens, one[0])

    at, month = min(named, key=doubts)
    numbers = [(index, token) for index, token in enumerate(tokens) if token.isdecimal() and len(token) <= 4]
    if len(numbers) >= 3 and not _beside(tokens, at):
        return None
    days = frozenset[int]().union(*(date_names.weekdays(token) for token in tokens if token[0].isalpha()))
    years = [one for one in numbers if len(one[1]) == 4]
    if years:
        year_at = min(years, key=lambda one: abs(one[0] - at))
        others = [one for one in numbers if one is not year_at and len(one[1]) <= 2]
        day = min(others, key=lambda one: abs(one[0] - at), default=(0, "1"))
        return _day(int(year_at[1]), month, int(day[1]), days, style)
    if not numbers or any(token.isdecimal() and len(token) > 4 for token in tokens):
        return None
    day, *rest = [one for one in numbers if len(one[1]) <= 2] or [(0, "0")]
    year = next((one[1] for one in (*rest, *(one for one in numbers if len(one[1]) == 3))), None)
    if year and len(year) == 2 and "\u0e00" <= tokens[at][0] <= "\u0e7f":  # of the Buddhist calendar
        year = f"25{year}"
    return _day(full_year(year) if year else None, month, int(day[1]), days, style)


def _beside(tokens: Sequence[str], at: int) -> int:
    """On how many sides of a token a number stands, with nothing but a mark or a small word between."""
    sides = tokens[max(0, at - 3) : at], tokens[at + 1 : at + 4]
    return sum(any(token.isdecimal() for token in side) for side in sides)


# --- from parts to a moment ------------------------------------------------------------------------------------


def _day(year: int | None, month: int, day: int, weekdays: frozenset[int], style: Style) -> date | None:
    """The day; without a year the last one that is not ahead of now, and is such a day of the week where one is named.

    None without a year and without a now.
    """
    if year is not None:
        return day_of(year, month, day)
    past = list(past_days(month, day, style.now)) if style.now else []
    return next((found for found in past if not weekdays or found.weekday() in weekdays), next(iter(past), None))


def _moment(
    year: int, month: int, day: int, clock: tuple[int, int, int], zone: str, language: str = ""
) -> datetime | None:
    """The moment in UTC; None where there is no such day or time. 24:00 is the end of the day (ISO 8601)."""
    hour, minute, second = clock
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        return None
    try:
        local = datetime(year, month, day) + timedelta(  # noqa: DTZ001 - a local time
            hours=hour,
            minutes=minute,
            seconds=min(second, 59),  # a leap second is the one before it
        )
        return (local - _offset(zone, local, language)).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _offset(zone: str, local: datetime, language: str) -> timedelta:
    """What `+0100`, `GMT-5`, `EST`, `Europe/Brussels` add to UTC; an unknown one adds nothing."""
    if match := _OFFSET.match(zone):
        sign = match["sign"] or match["sign2"]
        hours = int(match["hours"] or match["hours2"])
        minutes = int(match["minutes"] or match["minutes2"] or 0)
        if hours > 14 or minutes > 59:
            return timedelta()
        return timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)
    for shape in (_REGION, _ZONE_NAME):
        if (match := shape.match(zone)) and (
            found := date_names.zone_offset(match["name"], local, language)
        ) is not None:
            return found
    return timedelta()

"""Names of months, days and time zones in the languages that feeds and pages are written in. Looked up, never guessed.

The names stand in `date_names.toml`, which is read at the first name that is not English. Short on its own: the tables
change for other reasons than the reading of dates does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from aggregator.text.word_lists import word_list

SHORTEST = 3
"""Letters from which on the beginning of a month's name stands for it."""

LONGEST_ENDING = 4
"""Letters that a language may add to a month's name: `helmikuussa`, `februárban`."""

_ENGLISH_MONTHS = (
    "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
    "september sep sept", "october oct", "november nov", "december dec",
)  # fmt: skip
_ENGLISH = {name: number for number, names in enumerate(_ENGLISH_MONTHS, start=1) for name in names.split()}
_WEEK = ("monday mon", "tuesday tue", "wednesday wed", "thursday thu", "friday fri", "saturday sat", "sunday sun")
_ENGLISH_DAYS = {name: number for number, names in enumerate(_WEEK) for name in names.split()}

_HOURS: Mapping[str, float] = {
    name: hours
    for hours, names in (
        (-11, "sst"), (-10, "hst hast"), (-9, "akst hdt"), (-8, "pst akdt"), (-7, "mst pdt"), (-6, "cst mdt"),
        (-5, "est cdt cot pet ect"), (-4, "ast edt bot vet amt clt pyt"), (-3.5, "nst"),
        (-3, "brt art adt uyt clst pyst"),
        (-2.5, "ndt"), (-2, "brst"), (-1, "azot cvt"), (0, "ut utc gmt z wet zulu"), (1, "cet bst west wat mez met"),
        (2, "cest eet sast mesz mest cat"), (3, "eest msk eat trt idt fet"), (3.5, "irst"), (4, "msd gst get azt samt"),
        (4.5, "irdt aft"), (5, "pkt uzt yekt"), (5.5, "ist slst"), (5.75, "npt"), (6, "omst btt"), (6.5, "mmt"),
        (7, "ict wib krat"), (8, "hkt sgt awst pht wita irkt myt"), (9, "jst kst wit yakt"), (9.5, "acst"),
        (10, "aest vlat chst"), (10.5, "acdt"), (11, "aedt magt"), (12, "nzst pett fjt"), (13, "nzdt"),
    )
    for name in names.split()
}  # fmt: skip
"""Hours east of Greenwich. RFC 822 names the American ones; where a name is used twice, the one met in feeds counts."""

_HOURS_OF = {("zh", "cst"): 8, ("he", "ist"): 2, ("ga", "ist"): 1, ("ar", "ast"): 3, ("bn", "bst"): 6}
"""What a name means in documents of a language: China's, Israel's, Ireland's, Arabia's, Bangladesh's time."""

_REGIONS = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
    "eastern": "America/New_York",
    "central": "America/Chicago",
    "mountain": "America/Denver",
    "pacific": "America/Los_Angeles",
}
"""What is said of a time in the United States in winter and in summer."""

_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}


def plain_name(word: str) -> str:
    """A name as the tables have it: lower case, composed, without the dot of an abbreviation."""
    return unicodedata.normalize("NFC", word.casefold()).strip(".'’،")


def month(word: str, language: str = "", *, exact: bool = False) -> int | None:
    """The month that `word` names; unless `exact`, also by its beginning, or with an ending that its language adds.

    `language` (a BCP 47 tag) decides where two languages use one name for different months.
    """
    name = plain_name(word)
    if name in _ENGLISH:
        return _ENGLISH[name]
    names = _names()
    own = language.casefold().partition("-")[0]
    for known, form in ((names.months, name), (names.bare_months, _bare(name))):
        if found := known.get(form):
            return found.get(own) or next(iter(found.values()))
    if name.startswith("ב") and (found := names.months.get(name[1:])):  # Hebrew: "in" is written with the name
        return next(iter(found.values()))
    return None if exact else _inflected(_bare(name))


@cache
def _inflected(name: str) -> int | None:
    """The one month whose name begins with `name`, or that `name` begins with; None where two would fit."""
    if len(name) < SHORTEST:
        return None
    fitting = {
        number
        for known, by_language in _names().bare_months.items()
        if (known.startswith(name) and len(known) > SHORTEST + 1)
        or (name.startswith(known) and len(known) > SHORTEST and len(name) - len(known) <= LONGEST_ENDING)
        for number in by_language.values()
    }
    return fitting.pop() if len(fitting) == 1 else None


def weekdays(word: str) -> frozenset[int]:
    """The days of the week that `word` may name, 0 being Monday; empty where it is none."""
    name = plain_name(word)
    if name in _ENGLISH_DAYS:
        return frozenset({_ENGLISH_DAYS[name]})
    return _names().days.get(name, frozenset())


def era(word: str) -> int | None:
    """The year before the first of an East Asian era, or None."""
    return _ERAS.get(word)


def zone_offset(name: str, local: datetime, language: str = "") -> timedelta | None:
    """How far a zone (`EST`, `Europe/Brussels`, `ET`) is east of Greenwich at a local time; None where it is unknown.

    `language` (a BCP 47 tag) tells zones apart that are called alike.

    Regions come from the machine's zone data (IANA), so that summer time counts.
    """
    lower = name.strip("().").casefold()
    hours = _HOURS_OF.get((language.casefold().partition("-")[0], lower), _HOURS.get(lower))
    if hours is not None:
        return timedelta(hours=hours)
    region = _REGIONS.get(lower) or (name if "/" in name or not name.isalpha() else None)
    if region is None:
        return None
    try:
        zone = ZoneInfo(region)
    except (KeyError, ValueError, OSError):
        known = _regions().get(region.casefold())
        if known is None:
            return None
        zone = ZoneInfo(known)
    return local.replace(tzinfo=zone).utcoffset()


@cache
def _regions() -> Mapping[str, str]:
    """The names of regions as the zone data spell them, by the same in lower case."""
    return {name.casefold(): name for name in available_timezones()}


class _Names:
    """The tables of `date_names.toml`, by name."""

    def __init__(self) -> None:
        self.months: dict[str, dict[str, int]] = {}
        self.bare_months: dict[str, dict[str, int]] = {}
        self.days: dict[str, frozenset[int]] = {}
        languages = word_list("aggregator.text", "date_names")
        for language, kinds in languages.items():
            code = language.partition("-")[0]
            for number, forms in enumerate(kinds.get("months", ()), start=1):
                for name in unicodedata.normalize("NFC", forms).split():
                    self.months.setdefault(name, {}).setdefault(code, number)
                    self.bare_months.setdefault(_bare(name), {}).setdefault(code, number)
            for number, forms in enumerate(kinds.get("days", ())):
                for name in forms.split():
                    self.days[name] = self.days.get(name, frozenset()) | {number}


@cache
def _names() -> _Names:
    return _Names()


def _bare(name: str) -> str:
    """`name` without accents, as people type it who lack the keys: `Subat`, `fevrier`."""
    parts = unicodedata.normalize("NFD", name.replace("ı", "i").replace("ł", "l").replace("ø", "o").replace("đ", "d"))
    return re.sub("[\u0300-\u036f\u093c\u09bc\u0a3c]", "", parts)  # accents; the nukta of Indian writing

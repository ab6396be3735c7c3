"""Identifiers that their form alone gives away: CVE, GHSA, CWE, and the numbers of ATT&CK.

Whether an ATT&CK number exists is asked of a catalogue where there is one. Short lists (`CVE-2026-1001/1002`,
`CVE-2026-6100, -6101 and -6120`) are read as the numbers they stand for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

FIRST_YEAR = 1999

_CVE = re.compile(
    r"(?<![a-z0-9])cve(?:[-_:]?\s?(?:id)?[-_:]?\s?)(?P<year>(?:19|20)\d\d)(?:\s?[-_]\s?|\s)(?P<number>\d{4,10})(?!\d)"
)
_MORE = re.compile(
    r"(?:\s?/\s?-?|(?:\s?[,;]\s?(?:(?:and|or|und|et|y|e|&)\s)?|\s(?:and|or|und|et|y|e|&)\s)(?=-|(?:19|20)\d\d-))"
    r"(?:(?P<year>(?:19|20)\d\d)?-)?(?P<number>\d{4,10})(?![\d.]*\d|[a-z_])"
)
_GHSA = re.compile(r"(?<![a-z0-9])ghsa((?:[-_ ][23456789cfghjmpqrvwx]{4}){3})(?![a-z0-9])")
_CWE = re.compile(r"(?<![a-z0-9])cwe[-_ :]\s?(?:id[- ])?(\d{1,5})(?![\d]|\.\d)")
_TECHNIQUE = re.compile(r"(?<![A-Za-z0-9_./-])T([01]\d{3})(?:[./](\d{3}))?(?![A-Za-z0-9_]|[./-]\d)")
_IN_URL = re.compile(r"/techniques/T([01]\d{3})(?:[./](\d{3}))?(?![A-Za-z0-9_])")
_OTHER = re.compile(r"(?<![A-Za-z0-9_.-])(?P<kind>TA|C|G|S)(?P<number>\d{4})(?![A-Za-z0-9_]|[.-]\d)")
_DIGIT = re.compile(r"\d")
_OTHER_KINDS = {"TA": "tactic", "C": "campaign", "G": "actor", "S": "software"}


@dataclass(frozen=True, slots=True)
class Found:
    """An identifier, and where it stands in the text as spelled."""

    kind: str
    value: str
    start: int
    end: int


def identifiers(text: str, lower: str, year: int, known: Collection[str] | None = None) -> Iterator[Found]:
    """Every identifier in a text in one spelling; `year` is the last that a CVE may have.

    `known` are the ATT&CK numbers that exist; without it their form decides, and groups and software are left out,
    since nobody knows their names then.
    """
    if "cve" in lower:
        yield from _cves(lower, year)
    if "ghsa" in lower:
        for match in _GHSA.finditer(lower):
            yield Found("ghsa", "GHSA-" + re.sub("[_ ]", "-", match[1][1:]), *match.span())
    if "cwe" in lower:
        for match in _CWE.finditer(lower):
            if int(match[1]):
                yield Found("cwe", f"CWE-{int(match[1])}", *match.span())
    if _DIGIT.search(text):
        yield from _attack(text, known)


def _cves(lower: str, last_year: int) -> Iterator[Found]:
    for match in _CVE.finditer(lower):
        year = int(match["year"])
        if not FIRST_YEAR <= year <= last_year:
            continue
        yield Found("cve", cve(year, match["number"]), *match.span())
        at = match.end()
        while more := _MORE.match(lower, at):
            year = int(more["year"] or year)
            if FIRST_YEAR <= year <= last_year:
                yield Found(
                    "cve", cve(year, more["number"]), more.start("year" if more["year"] else "number"), more.end()
                )
            at = more.end()


def cve(year: int, number: str) -> str:
    """The number as the CVE Program writes it: four digits at least, no further zeros in front.

    >>> cve(2026, "0012345")
    'CVE-2026-12345'
    """
    return f"CVE-{year}-{number.lstrip('0').zfill(4)}"


def _attack(text: str, known: Collection[str] | None) -> Iterator[Found]:
    for pattern in (_TECHNIQUE, _IN_URL):
        for match in pattern.finditer(text):
            value = f"T{match[1]}" + (f".{match[2]}" if match[2] else "")
            if known is None or value in known:
                start = match.start(1) - 1
                yield Found("technique", value, start, match.end())
    for match in _OTHER.finditer(text):
        value, kind = match[0], match["kind"]
        if value in known if known is not None else kind == "TA":
            yield Found(_OTHER_KINDS[kind], value, *match.span())

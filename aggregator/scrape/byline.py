"""What stands around a headline for people to read: who wrote it, and when.

Looks only at the short lines between the headline and the first paragraphs (and just above the headline), where every
layout has them. Dates in words are read in the languages whose months are listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from aggregator.scrape.blocks import Block
from aggregator.scrape.dates import EARLIEST

ABOVE = 4
BELOW = 14
"""Blocks above and below the headline in which a byline is looked for."""

LONGEST = 30
"""Words; a longer block is no byline."""

PARAGRAPHS = 2
"""Paragraphs below the headline after which the article has begun."""

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero gennaio janeiro januari ene",
            "february feb februar février febrero febbraio fevereiro februari fév",
            "march mar märz mars marzo março maart mrz",
            "april apr avril abril aprile avr abr",
            "may mai mayo maggio maio mei",
            "june jun juni juin junio giugno junho",
            "july jul juli juillet julio luglio julho",
            "august aug août agosto augustus ago",
            "september sept sep septembre septiembre settembre setembro",
            "october oct oktober octobre octubre ottobre outubro okt",
            "november nov novembre noviembre novembro",
            "december dec dezember décembre diciembre dicembre dezembro dez dic",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATES = (
    re.compile(rf"(?P<month>\b(?:{_MONTH})\b)\.?,?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>(?:19|20)\d\d)\b"),
    re.compile(
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.|er)?[\s-]+(?:de\s+)?(?P<month>{_MONTH})\.?,?[\s-]+(?:de\s+)?(?P<year>(?:19|20)\d\d)\b"
    ),
    re.compile(r"\b(?P<year>(?:19|20)\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})\b"),
    re.compile(r"\b(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>(?:19|20)\d\d)\b"),
    re.compile(r"\b(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>(?:19|20)\d\d)\b"),
)
_LATER = re.compile(r"(?i)updated|modified|reviewed|revised|aktualisiert|mis à jour|actualizado|edited")
_BY = re.compile(
    r"(?i)^\W*(?:(?:(?:story|words|text|article|guide|post(?:ed)?|written|authored|published|reported"
    r"|review(?:ed)?)\s+)?by|author|written by|von|par|por|di|door|af|av)\b"
    r"[:\s]+(?P<name>\S.*)$"
)


def byline(blocks: list[Block]) -> list[str]:
    """The short lines around the headline, in order; below it first, as that is where most bylines are."""
    top = next((index for index, block in enumerate(blocks) if block.element.tag == "h1"), None)
    if top is None:
        return []
    below: list[str] = []
    paragraphs = 0
    for block in blocks[top + 1 : top + 1 + BELOW]:
        if block.words > LONGEST:
            paragraphs += 1
            if paragraphs >= PARAGRAPHS:
                break
        else:
            below.append(block.text)
    above = [block.text for block in blocks[max(0, top - ABOVE) : top] if block.words <= LONGEST]
    return below + above[::-1]


def shown_date(lines: list[str]) -> datetime | None:
    """The first date in `lines` that is not one of a change; failing that, the first of all."""
    found = [(bool(_LATER.search(line)), moment) for line in lines for moment in _dates(line)]
    first = next((moment for later, moment in found if not later), None)
    return first or (found[0][1] if found else None)


def shown_author(lines: list[str]) -> str | None:
    """The name behind a "by" in `lines`."""
    for line in lines:
        if match := _BY.match(line):
            return match["name"]
    return None


def _dates(line: str) -> Iterator[datetime]:
    lower = line.lower()
    for pattern in _DATES:
        for match in pattern.finditer(lower):
            month = _MONTHS.get(match["month"]) or (int(match["month"]) if match["month"].isdigit() else 0)
            try:
                moment = datetime(int(match["year"]), month, int(match["day"]), tzinfo=UTC)
            except ValueError:
                continue
            if moment >= EARLIEST:
                yield moment

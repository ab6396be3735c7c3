"""What stands around a headline for people to read: who wrote it, and when.

Looks only at the short lines between the headline and the first paragraphs (and just above the headline), where every
layout has them.
"""

from __future__ import annotations

import re
from datetime import datetime

from lxml.html import HtmlElement

from aggregator.scrape.blocks import INLINE, Block
from aggregator.scrape.dom import text_of
from aggregator.text.page_dates import dates_in

ABOVE = 4
BELOW = 14
"""Blocks above and below the headline in which a byline is looked for."""

LONGEST = 30
"""Words; a longer block is no byline."""

DATELINE = 12
"""Words of a line that shows the article's date; a longer one tells of something that happened then."""

PARAGRAPHS = 2
"""Paragraphs below the headline after which the article has begun."""

_LATER = re.compile(
    r"(?i)updated?\b|modified|reviewed|revised|edited|aktualisiert|geändert|mis à jour|modifié|actualizado|aggiornato"
    r"|atualizado|bijgewerkt|uppdaterad|opdateret|oppdatert|обновлено|zaktualizowano|更新"
)
_BY = re.compile(
    r"(?i)^\W*(?:this \w+ (?:was|is) )?(?:(?:(?:story|words|text|article|guide|post(?:ed)?|written|authored|published|reported"
    r"|review(?:ed)?)\s+)?by|author|written by|von|par|por|di|door|af|av|autor|auteur|autore)\b"
    r"[:\s]+(?P<name>\S.*)$"
)
_BY_ALONE = re.compile(r"(?i)^\W*(?:(?:posted|written|authored|published|words|story)\s+)?(?:by|von|par|por)\W*$")
_DATE_BEFORE = re.compile(
    r"^(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\w{3,9}\.? \d{1,2},? \d{4}|\d{1,2}\.? \w{3,9} \d{4})\W+"
)


def byline(blocks: list[Block], title: str | None) -> list[Block]:
    """The short lines around the headline, in order; below it first, as that is where most bylines are."""
    top = _headline(blocks, title)
    if top is None:
        return []
    below: list[Block] = []
    paragraphs = 0
    for block in blocks[top + 1 : top + 1 + BELOW]:
        if block.words > LONGEST:
            paragraphs += 1
            if paragraphs >= PARAGRAPHS:
                break
        else:
            below.append(block)
    above = [block for block in blocks[max(0, top - ABOVE) : top] if block.words <= LONGEST]
    return below + above[::-1]


def _headline(blocks: list[Block], title: str | None) -> int | None:
    """Where the headline stands: the block with the title, a heading if there is one; else the first `h1`."""
    wanted = (title or "").casefold().split()
    same = [index for index, block in enumerate(blocks) if wanted and block.text.casefold().split() == wanted]
    first = next((index for index, block in enumerate(blocks) if block.element.tag == "h1"), None)
    headings = [index for index in same if blocks[index].element.tag in ("h1", "h2", "h3")]
    return next(iter([*headings, *([] if first is not None else same)]), first)


def shown_date(lines: list[str]) -> datetime | None:
    """The first date in `lines` that is not one of a change."""
    return next((moment for line in lines if not _LATER.search(line) for moment in dates_in(line)), None)


def shown_change(lines: list[str]) -> datetime | None:
    """The first date in `lines` that is one of a change: "Updated June 12, 2026"."""
    return next((moment for line in lines if _LATER.search(line) for moment in dates_in(line)), None)


def dateline(lines: list[str]) -> datetime | None:
    """The date that stands around the headline by itself, or with little more than a name."""
    return shown_date([line for line in lines if len(line.split()) <= DATELINE])


def told_behind(day: datetime, lines: list[Block]) -> str | None:
    """What the first of `lines` with `day` (midnight UTC) tells machines where it shows that day; not of a change."""
    for line in lines:
        if day not in dates_in(line.text):
            continue
        for node in line.element.iter("time"):
            shown = text_of(node)
            # What stands before it says what it is of, as in "19 November 2026, updated 20 November 2026".
            of_change = _LATER.search(line.text.partition(shown)[0])
            if day in dates_in(shown) and _box(node) is line.element and not of_change:
                told: str | None = node.get("datetime")
                return told
        if not _LATER.search(line.text):
            return None
    return None


def _box(node: HtmlElement) -> HtmlElement | None:
    """The element whose block has the text of `node`."""
    return next((around for around in node.iterancestors() if around.tag not in INLINE), None)


def shown_author(lines: list[str]) -> str | None:
    """The name behind a "by" in `lines`."""
    for line, following in zip(lines, [*lines, ""][1:], strict=True):
        if match := _BY.match(_DATE_BEFORE.sub("", line)):
            return match["name"]
        if following and _BY_ALONE.match(line):
            return following
    return None

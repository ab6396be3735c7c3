"""How much of a feed's tree is looked at: so many entries, so many fields, so long a field, and nothing else.

What is cut here never reaches feedparser, whose regular expressions are slow on what nobody would write by hand.
"""

from __future__ import annotations

import re

from lxml import etree

from aggregator.poll.names import (
    CONTENT,
    DC,
    DCTERMS,
    ENTRIES,
    FEEDBURNER,
    ITUNES,
    MEDIA,
    PLAIN,
    RDF,
    SY,
    XHTML,
    entries,
    local_name,
    namespace,
)

MAX_ENTRIES = 20_000
"""Entries taken of one document; the largest feed seen in the wild has about 12,000."""

MAX_FIELD = 2 * 2**20
"""Characters of one field (an article's content); the longest of a thousand real feeds has 600,000."""

MAX_SHORT = 5000
"""Characters of every other field: a date, a link (one that was cut here is over MAX_URL, and refused), a title."""

MAX_NAME = 2000
"""Characters of an author."""

MAX_FIELDS = 200
"""Child elements of one entry."""

_LONG_FIELDS = frozenset({"description", "summary", "content", "encoded", "body", "div", "tagline"})
_NAME_FIELDS = frozenset({"author", "creator", "managingeditor", "webmaster", "contributor", "publisher"})
_EMAIL_RUN = re.compile(r"[A-Za-z0-9_.+-]{120}")
"""feedparser looks for addresses in authors, in time that grows with the square of such a run."""

_KEPT = PLAIN | {CONTENT, DC, DCTERMS, FEEDBURNER, XHTML, SY}
_ITUNES_KEPT = {"author": "creator", "summary": "description"}


def bound(root: etree._Element) -> list[str]:
    """Drop what nobody reads and cut what is too long, in place; notes on what was lost."""
    found = entries(root)
    for entry in found[MAX_ENTRIES:]:
        _remove(entry)
    cut = sum(_bounded_fields(entry) for entry in found[:MAX_ENTRIES])
    for holder in (root, *(child for child in root if local_name(child) == "channel")):
        cut += _bounded_fields(holder)
    notes = []
    if len(found) > MAX_ENTRIES:
        notes.append(f"{len(found)} entries; the first {MAX_ENTRIES} were taken")
    if cut:
        notes.append(f"{cut} over-long or superfluous fields were cut")
    return notes


def _bounded_fields(holder: etree._Element) -> int:
    """Bound the child elements of a channel, an item, a feed or an entry; how many lost something."""
    cut = kept = 0
    names = {local_name(child) for child in holder}
    for child in list(holder):
        name = local_name(child)
        if name in ENTRIES or name == "channel":
            continue
        kept += 1
        if not _wanted(child, names) or kept > MAX_FIELDS:
            cut += kept > MAX_FIELDS
            _remove(child)
        else:
            cut += _shorten(child, _limit(name))
    return cut


def _wanted(field: etree._Element, names: set[str]) -> bool:
    uri = namespace(field)
    if uri in _KEPT or uri == RDF:
        return True
    if uri.lower() == ITUNES:
        return local_name(field) in _ITUNES_KEPT and not names & {_ITUNES_KEPT[local_name(field)]}
    return uri.startswith(MEDIA[:-1]) and local_name(field) == "content"


def _limit(name: str) -> int:
    if name in _LONG_FIELDS:
        return MAX_FIELD
    return MAX_NAME if name in _NAME_FIELDS else MAX_SHORT


def _shorten(field: etree._Element, limit: int) -> int:
    """Cut every text below `field` to `limit`; 1 when something was lost."""
    lost = 0
    for element in field.iter():
        if limit == MAX_NAME and _EMAIL_RUN.search(element.text or ""):
            element.text, lost = (element.text or "")[:120], 1
        if element.text and len(element.text) > limit:
            element.text, lost = element.text[:limit], 1
        if element is not field and element.tail and len(element.tail) > limit:
            element.tail, lost = element.tail[:limit], 1
        for key, value in element.attrib.items():
            if len(value) > MAX_SHORT:
                element.attrib[key], lost = value[:MAX_SHORT], 1
    return lost


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        element.tail = None
        parent.remove(element)

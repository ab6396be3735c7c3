"""How much of a feed's tree is looked at: so many entries, so many fields, so long a field, and nothing else.

What is cut here never reaches feedparser, whose regular expressions are slow on what nobody would write by hand.
"""

from __future__ import annotations

from lxml import etree

from aggregator.poll.names import ENTRIES, entries, heads, local_name

MAX_ENTRIES = 20_000
"""Entries taken of one document; the largest feed seen in the wild has about 12,000."""

MAX_FIELD = 2 * 2**20
"""Characters of one field (an article's content); the longest of a thousand real feeds has 600,000."""

MAX_SHORT = 5000
"""Characters of every other field: a date, a title, a link (one that was cut here is over MAX_URL, and refused)."""

MAX_NAME = 2000
"""Characters of an author."""

MAX_FIELDS = 200
"""Child elements of one entry."""

MAX_ATTRIBUTES = 50
"""Of one element. lxml needs time that grows with the square of them to list them: 16 s for 60,000."""

_ATTRIBUTES = ("href", "url", "src", "rel", "type", "length", "term", "label", "xmlUrl", "text", "title")
"""Kept of an element that has more than that."""

_LONG = frozenset({"description", "summary", "content", "encoded", "body", "div", "tagline", "subtitle", "group"})
_NAMES = frozenset({"author", "creator", "managingeditor"})
_SHORT = frozenset(
    name
    for line in (
        "title link guid id origlink enclosure category categories subject language image logo icon",
        "pubdate date published updated issued modified created lastbuilddate",
        "ttl skiphours skipdays updateperiod updatefrequency",
    )
    for name in line.split()
)


def bound(root: etree._Element) -> list[str]:
    """Drop what nobody reads and cut what is too long, in place; notes on what was lost."""
    for element in root.iter():
        slim(element)
    found = entries(root)
    for entry in found[MAX_ENTRIES:]:
        remove(entry)
    holders = [*heads(root), *found[:MAX_ENTRIES]]
    cut = sum(_bounded_fields(holder) for holder in holders)
    notes = []
    if len(found) > MAX_ENTRIES:
        notes.append(f"{len(found)} entries; the first {MAX_ENTRIES} were taken")
    if cut:
        notes.append(f"over-long fields were cut: {cut}")
    return notes


def slim(element: etree._Element) -> None:
    """Take all but the usual attributes from an element that has too many."""
    if isinstance(element.tag, str) and len(element.attrib) > MAX_ATTRIBUTES:
        kept = {name: value for name in _ATTRIBUTES if (value := element.get(name)) is not None}
        element.attrib.clear()
        for name, value in kept.items():
            element.set(name, value)


def remove(element: etree._Element) -> None:
    """Take an element out of its tree, with the white space after it."""
    parent = element.getparent()
    if parent is not None:
        element.tail = None
        parent.remove(element)


def _bounded_fields(holder: etree._Element) -> int:
    """Bound the child elements of a channel, an item, a feed or an entry; how many lost something."""
    cut = kept = 0
    for child in list(holder):
        name = local_name(child)
        if name in ENTRIES or name == "channel":
            continue
        limit = _limit(name)
        kept += limit is not None
        if limit is None or kept > MAX_FIELDS:
            cut += limit is not None
            remove(child)
        else:
            cut += _shorten(child, limit)
    return cut


def _limit(name: str) -> int | None:
    """Characters that a field of this name may have; None for one that is not looked at."""
    if name in _LONG:
        return MAX_FIELD
    if name in _NAMES:
        return MAX_NAME
    return MAX_SHORT if name in _SHORT else None


def _shorten(field: etree._Element, limit: int) -> bool:
    """Cut every text below `field` to `limit`; whether something was lost."""
    lost = False
    for element in field.iter():
        if element.text and len(element.text) > limit:
            element.text, lost = element.text[:limit], True
        if element is not field and element.tail and len(element.tail) > limit:
            element.tail, lost = element.tail[:limit], True
        for key, value in element.attrib.items():
            if len(value) > MAX_SHORT:
                element.attrib[key], lost = value[:MAX_SHORT], True
    return lost

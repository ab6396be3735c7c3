"""Structures of a page that belong to an article as a whole or not at all: listings, tables of data, lists, definition
lists, quotations, `details`.

Half of a rule, or a table without a row, says something else than the whole. Here it is found which blocks make up
which structure, and what kind of structure it is; the judge decides about each of them as one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.clean.rewrite import lays_out
from aggregator.scrape.dom import HEADINGS

MAX_ITEM = 60
"""Words of a list's mean item, or of a table's mean cell, up to which it is a list or a table, and no layout."""

MAX_SHARE = 0.5
"""Share of a page's prose up to which an element is a part of the article, and not what holds it."""

ITEM = 400
"""Characters of an item within which its indicator stands."""

INDICATOR = re.compile(
    r"(?i)\b(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})\b|\[(?:\.|dot|:|at|@)\]|\bhxxps?\b|\b\d{1,3}(?:\.\d{1,3}){3}\b"
    r"|\b(?:CVE|GHSA|CWE|RUSTSEC|USN|DSA|RHSA)-[0-9a-z]{2,}|\bAPT\d+\b|\bT\d{4}(?:\.\d{3})?\b"
)
"""Hashes, defanged names, addresses, numbers of flaws and techniques."""

_LISTS = frozenset({"ul", "ol", "dl"})
_WHOLES = _LISTS | {"pre", "table", "blockquote", "details"}
_OUR_OWN = ("#", "mailto:")
_FILE = re.compile(r"(?i)\.(?:csv|tsv|txt|json|xml|ya?ml|ya?ra?|rules|stix2?|ioc|zip|7z|gz|pdf|py|ps1|sh|md)(?:[?#]|$)")


class StructureKind(StrEnum):
    LISTING = "listing"
    TABLE = "table"
    LIST = "list"
    TERMS = "terms"
    QUOTE = "quote"
    DETAILS = "details"


_KINDS = {
    "pre": StructureKind.LISTING, "table": StructureKind.TABLE, "ul": StructureKind.LIST, "ol": StructureKind.LIST, "dl": StructureKind.TERMS,
    "blockquote": StructureKind.QUOTE, "details": StructureKind.DETAILS,
}  # fmt: skip


@dataclass(slots=True)
class Structure:
    """An element that is kept or dropped as a whole, and the places of its blocks."""

    element: HtmlElement
    kind: StructureKind
    parts: list[int] = field(default_factory=list)
    words: int = 0
    linked: int = 0

    @property
    def is_linked(self) -> bool:
        """Whether most of its text is links."""
        return 2 * self.linked > self.words


def structures(blocks: Sequence[Block], prose: Sequence[float]) -> list[Structure]:
    """The structures of a page, in order; of those inside one another the outermost. `prose` is each block's words of
    prose, which tells a list from a page that is laid out as one.
    """
    weights: dict[HtmlElement, list[float]] = {}
    chains: list[list[HtmlElement]] = []
    outer: dict[HtmlElement, list[HtmlElement]] = {}
    for block, weight in zip(blocks, prose, strict=True):
        chain = _wholes_around(block.element, outer)
        chains.append(chain)
        for node in chain:
            sums = weights.setdefault(node, [0.0, 0.0, 0.0])
            sums[0] += weight
            sums[1] += block.words
            sums[2] += 1
    total = sum(prose) or 1.0
    eligible: dict[HtmlElement, bool] = {}
    found: dict[HtmlElement, Structure] = {}
    for index, (block, chain) in enumerate(zip(blocks, chains, strict=True)):
        for node in reversed(chain):
            if node not in eligible:
                eligible[node] = _is_structure(node, weights[node], total)
            if eligible[node]:
                whole = found.setdefault(node, Structure(node, _KINDS[str(node.tag)]))
                whole.parts.append(index)
                whole.words += block.words
                whole.linked += block.link_words
                break
    return list(found.values())


def names_indicators(text: str) -> bool:
    """Whether at least half of the words of a short text are indicators."""
    words = text.split()[:MAX_ITEM]
    return bool(words) and 2 * sum(1 for word in words if INDICATOR.search(word)) >= len(words)


def lists_indicators(node: HtmlElement, *, alone: bool = False) -> bool:
    """Whether at least half of the items or rows of `node` have an indicator in them; with `alone`, are little else."""
    items = list(node.iter("tr")) if node.tag == "table" else [item for item in node if item.tag in ("li", "dd")]
    texts = ("".join(item.itertext())[:ITEM] for item in items)
    named = sum(1 for text in texts if (names_indicators(text) if alone else INDICATOR.search(text)))
    return bool(items) and 2 * named >= len(items)


def is_contents(node: HtmlElement) -> bool:
    """Whether a list is a table of contents: nothing but links, all of which lead to places on the page."""
    links = list(node.iter("a"))
    if len(links) < 2 or not all((link.get("href") or "").lstrip().startswith("#") for link in links):
        return False
    linked = sum(len("".join(link.itertext()).split()) for link in links)
    return 5 * linked >= 4 * len("".join(node.itertext()).split()) - 2 * len(links)


def leads_out(node: HtmlElement, host: str) -> bool:
    """Whether most links in `node` lead to other sites than `host`, or to files: sources, not the site's own posts."""
    links = [
        link for link in node.iter("a") if (link.get("href") or "") and not link.get("href", "").startswith(_OUR_OWN)
    ]
    if node.tag == "a":
        links.append(node)
    out = sum(1 for link in links if _leads_out(link, host))
    return bool(links) and 2 * out > len(links)


def leads_to_file(node: HtmlElement) -> bool:
    """Whether all links in `node` lead to files: a report, a list of indicators."""
    links = [link for link in node.iter("a") if link.get("href")]
    return bool(links) and all(link.get("download") is not None or _FILE.search(link.get("href", "")) for link in links)


def _leads_out(link: HtmlElement, host: str) -> bool:
    href = (link.get("href") or "").strip()
    if link.get("download") is not None or _FILE.search(href):
        return True
    try:
        other = urlsplit(href).hostname
    except ValueError:
        return False
    return bool(other) and _site(other or "") != _site(host)


def _site(host: str) -> str:
    return ".".join(host.lower().split(".")[-2:])


def _wholes_around(node: HtmlElement, outer: dict[HtmlElement, list[HtmlElement]]) -> list[HtmlElement]:
    """The elements around `node` that may be structures, itself included, inside out."""
    known = outer.get(node)
    if known is None:
        parent = node.getparent()
        above = [] if parent is None else _wholes_around(parent, outer)
        known = outer[node] = [node, *above] if node.tag in _WHOLES else above
    return known


def _is_structure(node: HtmlElement, sums: list[float], total: float) -> bool:
    prose, words, number = sums
    tag = node.tag
    if tag == "pre":
        return True
    if prose > MAX_SHARE * total and number > 1 and tag != "table":
        return _is_compact(node, words) and tag in _LISTS
    if tag == "table":
        return is_data_table(node)
    if tag in _LISTS:
        return _is_compact(node, words)
    return tag == "details" or number < 12


def _is_compact(node: HtmlElement, words: float) -> bool:
    items = sum(1 for item in node if item.tag in ("li", "dt", "dd", "div"))
    return words <= MAX_ITEM * max(items, 1) and next(node.iter("h1", "h2", "h3"), None) is None


def is_data_table(table: HtmlElement) -> bool:
    """Whether a table holds data: none that lays out the page, or a column of text beside a picture."""
    if lays_out(table):
        return False
    rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")]
    cells = [cell for row in rows for cell in row]
    if not cells or sum(1 for cell in cells if next(cell.iter("h1", "h2", "h3"), None) is not None) > len(cells) // 4:
        return False
    if len("".join(table.itertext()).split()) > MAX_ITEM * len(cells):
        return False
    if max(map(len, rows)) > 1:
        return len(rows) > 1 or len(cells) > 2
    return len(rows) > 1 and (any(cell.tag == "th" for cell in cells) or lists_indicators(table))


def is_title(block: Block) -> bool:
    """Whether a block names what stands below it: a heading, a caption, or a line such as "The rule:"."""
    return block.element.tag in HEADINGS | {"figcaption", "caption"} or (
        block.words < 25 and block.text.endswith((":", "："))
    )

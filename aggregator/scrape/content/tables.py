"""Tables, listings and lists of indicators: whether each belongs to the article, as a whole.

They look like nothing else in an article, so that the evidence for their blocks is poor; but half of a rule or of a
table says something else, and a reader of security news wants the indicators and the commands. What stands between kept
text, or beside it in the same element (at the article's end, say, where most rules are), is kept unless it is links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.dom import HEADINGS

KEEP_AMID = 0.02
"""Chance from which a piece in the midst of the article, or beside its paragraphs, is kept. The labelled pages have
few, and their labels often leave them out."""

MAX_LINKED = 0.5
"""Share of linked words up to which a piece is data, and no menu."""

PROSE = 12
"""Words of a block that can be a paragraph of the article."""

WRAPPED = 3
"""Levels of elements in which sites wrap a listing or a table (`figure`, `div.highlight`)."""

ITEM = 400
"""Characters of an item of a list within which its indicator stands."""

_LISTS = frozenset({"ul", "ol", "dl"})
_HOLDERS = ("pre", "td", "th", "caption", "ul", "ol", "dl")
_BETWEEN = HEADINGS | {"figcaption", "caption"}
"""What may stand between a piece and the text that it belongs to: titles of its own."""

_CELLS = frozenset({"table", "tbody", "tr", "td"})
"""What numbers the lines of a listing."""

_INDICATOR = re.compile(
    r"(?i)\b(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})\b|\[(?:\.|dot|:|at|@)\]|\bhxxps?\b|\b\d{1,3}(?:\.\d{1,3}){3}\b"
)
"""Hashes, defanged names, addresses."""


def classify_tables(blocks: Sequence[Block], chances: list[float], kept: list[bool], keep: float) -> None:
    """Keep or drop each piece of a page as a whole; `keep` is the chance from which one is kept wherever it stands."""
    pieces: dict[HtmlElement, list[int]] = {}
    lists: dict[HtmlElement, bool] = {}
    for index, block in enumerate(blocks):
        if (piece := _piece(block, lists)) is not None:
            pieces.setdefault(piece, []).append(index)
    inside = {part for parts in pieces.values() for part in parts}
    homes = {
        block.element.getparent()
        for index, block in enumerate(blocks)
        if kept[index] and block.words >= PROSE and index not in inside
    }
    for piece, parts in pieces.items():
        words = sum(min(blocks[part].words, 20) for part in parts)
        mean = sum(chances[part] * min(blocks[part].words, 20) for part in parts) / words
        keeping = mean >= keep
        if not keeping and mean >= KEEP_AMID and not _linked(blocks, parts):
            around = _Around(blocks, kept, inside, parts)
            keeping = around.before() and (around.after() or _at_home(piece, homes))
            if keeping:
                around.keep_title()
        for part in parts:
            kept[part] = keeping


class _Around:
    """What stands before and behind a piece."""

    def __init__(self, blocks: Sequence[Block], kept: list[bool], inside: set[int], parts: list[int]) -> None:
        self._blocks = blocks
        self._kept = kept
        self._inside = inside
        self._parts = parts

    def before(self) -> bool:
        """Whether it follows text that is kept, or a piece that is; its own heading may be in doubt because of it."""
        return any(self._kept[index] for index in self._nearest(range(self._parts[0] - 1, -1, -1), pieces=False))

    def after(self) -> bool:
        """Whether text that is kept follows, right behind it or behind the pieces that stand in a row with it."""
        nearest = list(self._nearest(range(self._parts[-1] + 1, len(self._blocks)), pieces=True))
        return not nearest or self._kept[nearest[0]]

    def keep_title(self) -> None:
        """Keep the headings right before it."""
        for index in range(self._parts[0] - 1, -1, -1):
            if not _is_title(self._blocks[index]):
                return
            self._kept[index] = True

    def _nearest(self, indexes: range, *, pieces: bool) -> Iterator[int]:
        """The first block among `indexes` that is no title (and, with `pieces`, in no piece), if any."""
        for index in indexes:
            if not _is_title(self._blocks[index]) and not (pieces and index in self._inside):
                yield index
                return


def _is_title(block: Block) -> bool:
    """Whether a block is a heading, a caption, or a line such as "The rule:"."""
    return block.element.tag in _BETWEEN or (block.words < PROSE and block.text.endswith(":"))


def _linked(blocks: Sequence[Block], parts: list[int]) -> bool:
    words = sum(blocks[part].words for part in parts)
    return sum(blocks[part].link_words for part in parts) > MAX_LINKED * words


def _at_home(piece: HtmlElement, homes: set[HtmlElement | None]) -> bool:
    """Whether the article's paragraphs stand beside the piece, or beside what it is wrapped in."""
    around = (parent for parent in piece.iterancestors() if parent.tag not in _CELLS)
    return any(parent in homes for parent, _ in zip(around, range(WRAPPED), strict=False))


def _piece(block: Block, lists: dict[HtmlElement, bool]) -> HtmlElement | None:
    """The listing, table of data or list of indicators that a block is a part of; None when it is in none.

    `lists` is what is known of the lists of the page.
    """
    around = [block.element, *block.element.iterancestors(*_HOLDERS)]
    for node in around:
        if node.tag == "pre":
            return node
    if (len(around) > 1 or block.element.tag in _HOLDERS) and (table := _data_table(block.element, lists)) is not None:
        return table
    for node in around:
        if node.tag in _LISTS:
            if node not in lists:
                lists[node] = _lists_indicators(node)
            return node if lists[node] else None
    return block.element if _names_indicators(block) else None


def _data_table(node: HtmlElement, lists: dict[HtmlElement, bool]) -> HtmlElement | None:
    """The table that `node` is a cell of (or in a cell of), unless tables lay out the page there.

    One of a single column is data where it lists indicators.
    """
    inner = node if node.tag in ("td", "th", "caption") else next(node.iterancestors("td", "th"), None)
    if inner is None:
        return None
    table = next(inner.iterancestors("table"), None)
    if table is None or next(table.iterancestors("table"), None) is not None or table.find(".//table") is not None:
        return None
    row = next(table.iter("tr"), None)
    if row is not None and len(row) > 1:
        return table
    if table not in lists:
        lists[table] = _lists_indicators(table)
    return table if lists[table] else None


def _lists_indicators(node: HtmlElement) -> bool:
    items = list(node.iter("td")) if node.tag == "table" else [item for item in node if item.tag in ("li", "dd")]
    named = sum(1 for item in items if _INDICATOR.search(item.text_content()[:ITEM]))
    return bool(items) and 2 * named >= len(items)


def _names_indicators(block: Block) -> bool:
    words = block.text.split() if block.words < 4 * PROSE else []
    return bool(words) and 2 * sum(1 for word in words if _INDICATOR.search(word)) >= len(words)

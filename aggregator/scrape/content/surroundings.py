"""Evidence from around a block: its list, its row of cards, the headline, the heading above it, the blocks before and
behind. What a block is by itself, and where it hangs, is in features.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.content.areas import PROSE_WORDS, PageAreas
from aggregator.scrape.dom import HEADINGS

Evidence = dict[str, float]

MENU = "menu"
"""The evidence of a block about which nothing else is asked: a link of a menu, or among links."""

_SECTIONS = frozenset(
    {"more", "about", "comments", "subscribe", "share", "faq", "references", "toc", "cta", "tags", "lead"}
)
_CONTEXT = ("linked", "heading", "within", "ends", "no_link", "images", "all_linked")
_SIDES = ((-2, "prev2"), (-1, "prev"), (1, "next"), (2, "next2"))
_NAMES = {
    side: {name: f"{side}_{name}" for name in (*_CONTEXT, "words", "sibling", "same", "none")} for _, side in _SIDES
}
_HOLDERS = frozenset({"ul", "ol", "dl", "table", "pre"})
_WINDOW = 5
_ENOUGH = 40
"""Words; more of them make a block no more of a paragraph."""


def add_template(page: PageAreas, found: list[Evidence]) -> None:
    """Note how much of the page's prose stands in elements that are made like a block's (tag, class, and those of its
    parent), and how much in its parent and in its parent's parent.
    """
    kinds: dict[tuple[object, ...], list[float]] = {}
    made = []
    for block, prose in zip(page.blocks, page.prose, strict=True):
        node = block.element
        parent = node.getparent()
        kind = (node.tag, node.get("class"), *((parent.tag, parent.get("class")) if parent is not None else ()))
        made.append(kind)
        sums = kinds.setdefault(kind, [0.0, 0.0, 0.0, 0.0])
        sums[0] += prose
        sums[1] += 1
        sums[2] += block.words
        sums[3] += block.link_words
    for block, kind, item in zip(page.blocks, made, found, strict=True):
        if MENU in item:
            continue
        prose, number, words, links = kinds[kind]
        item["kind_prose"] = prose / page.total
        item["kind_mean"] = min(words / number, 60) / 60
        item["kind_linked"] = links / words
        item["kind_number"] = min(number, 30) / 30
        parent = block.element.getparent()
        for name in ("mother", "grandmother"):
            area = page.areas.get(parent) if parent is not None else None
            if parent is None or area is None:
                break
            item[f"{name}_prose"] = area.prose / page.total
            item[f"{name}_linked"] = area.links / area.words
            item[f"{name}_number"] = min(area.number, 60) / 60
            parent = parent.getparent()


def add_lists(page: PageAreas, found: list[Evidence]) -> None:
    """Note what the list or table is like that a block is a part of."""
    outer: dict[HtmlElement, HtmlElement | None] = {}
    for block, item in zip(page.blocks, found, strict=True):
        if MENU in item:
            continue
        holder = _holder(block.element, outer)
        if holder is None:
            continue
        area = page.areas.get(holder)
        if area is not None and area.words:
            item["list_linked"] = area.links / area.words
            item["list_mean"] = min(area.words / area.number, 40) / 40
            item["list_number"] = min(area.number, 40) / 40
            item["list_prose"] = area.prose / page.total
        if holder.tag == "table":
            item["of_table"] = 1.0
        elif holder.tag == "pre":
            item["of_listing"] = 1.0


def add_title(page: PageAreas, found: list[Evidence], top: int | None) -> None:
    """Note how far each block hangs from the headline, the block at `top`: where an article begins, it goes on."""
    if top is None:
        for item in found:
            item["no_title"] = 1.0
        return
    headline = page.blocks[top].element
    line = {node: level for level, node in enumerate((headline, *headline.iterancestors()))}
    story = next(headline.iterancestors("article"), None)
    meets: dict[HtmlElement, tuple[int, HtmlElement]] = {node: (0, node) for node in line}
    before = sum(page.prose[:top])
    for order, (block, item) in enumerate(zip(page.blocks, found, strict=True)):
        if MENU in item:
            continue
        up, common = _meeting(block.element, meets)
        item["title_up"] = min(line[common], 10) / 10
        item["title_down"] = min(up, 12) / 12
        area = page.areas.get(common)
        if area is not None:
            item["title_prose"] = area.prose / page.total
        if order <= top:
            item["above_title"] = min(top - order, 20) / 20
        else:
            item["below_title"] = min(order - top, 60) / 60
            item["prose_since_title"] = (item["prose_before"] * page.total - before) / page.total
        if story is not None:
            item[
                "same_story" if story is common or (story in line and line[story] >= line[common]) else "other_story"
            ] = 1.0


def _meeting(node: HtmlElement, meets: dict[HtmlElement, tuple[int, HtmlElement]]) -> tuple[int, HtmlElement]:
    """How many levels above `node` the headline's line is, and where on it."""
    known = meets.get(node)
    if known is None:
        parent = node.getparent()
        assert parent is not None
        up, common = _meeting(parent, meets)
        known = meets[node] = (up + 1, common)
    return known


def add_cards(page: PageAreas, found: list[Evidence]) -> None:
    """Note in how long a row of like elements of several blocks each a block stands, and whether they are links:
    the teasers of other posts.
    """
    rows: dict[tuple[HtmlElement | None, object, object], list[int]] = {}
    keys: dict[HtmlElement, tuple[HtmlElement | None, object, object]] = {}
    for node, area in page.areas.items():
        if area.number > 1:
            key = keys[node] = (node.getparent(), node.tag, node.get("class"))
            row = rows.setdefault(key, [0, 0, 0])
            row[0] += 1
            row[1] += area.links > 0
            row[2] += area.words
    known: dict[HtmlElement, tuple[float, float, float]] = {}
    for block, item in zip(page.blocks, found, strict=True):
        if MENU in item:
            continue
        if page.cards and any(node in page.cards for node in (block.element, *block.element.iterancestors())):
            item["card"] = 1.0
        number, linked, mean = _card(block.element, keys, rows, known)
        if number:
            item["cards"], item["cards_linked"], item["cards_mean"] = number, linked, mean


def _card(
    node: HtmlElement | None,
    keys: dict[HtmlElement, tuple[HtmlElement | None, object, object]],
    rows: dict[tuple[HtmlElement | None, object, object], list[int]],
    known: dict[HtmlElement, tuple[float, float, float]],
) -> tuple[float, float, float]:
    """Of the longest row of cards around `node`: how many, the share with links, and the mean of their words."""
    if node is None:
        return (0.0, 0.0, 0.0)
    found = known.get(node)
    if found is None:
        found = _card(node.getparent(), keys, rows, known)
        if node in keys:
            number, linked, words = rows[keys[node]]
            if number > 2 and min(number, 12) / 12 > found[0]:
                found = (min(number, 12) / 12, linked / number, min(words / number, 100) / 100)
        known[node] = found
    return found


def _holder(node: HtmlElement | None, outer: dict[HtmlElement, HtmlElement | None]) -> HtmlElement | None:
    """The list, table or listing that `node` is a part of, the nearest."""
    if node is None or node.tag in _HOLDERS:
        return node
    if node not in outer:
        outer[node] = _holder(node.getparent(), outer)
    return outer[node]


def add_sections(blocks: Sequence[Block], found: list[Evidence]) -> None:
    """Note what heading a block stands under, when that heading names a part that is no article.

    What a heading names ends with the element around it and the first block below it: a box of other posts.
    """
    names: list[str] = []
    level = ""
    linked = twice = False
    box: HtmlElement | None = None
    for index, (block, item) in enumerate(zip(blocks, found, strict=True)):
        tag = str(block.element.tag)
        if box is not None and not any(node is box for node in block.element.iterancestors()):
            names, level, linked, twice, box = [], "", False, False, None
        heading = tag in HEADINGS
        if heading and (not names or tag <= level):
            names = ["under_" + name[3:] for name in item if name.startswith("is_") and name[3:] in _SECTIONS]
            level = tag
            linked = block.link_words > 0.5 * block.words
            twice = "twice" in item
            box = (
                _box(block, blocks[index + 1] if index + 1 < len(blocks) else None)
                if names or linked or twice
                else None
            )
        for name in names:
            item[name] = 1.0
        if linked:
            item["under_link"] = 1.0
        if twice:
            item["under_twice"] = 1.0
        if heading:
            item["heading"] = 1.0


def _box(heading: Block, below: Block | None) -> HtmlElement | None:
    """The smallest element around a heading and the block below it."""
    around = set() if below is None else {below.element, *below.element.iterancestors()}
    return next((node for node in heading.element.iterancestors() if node in around), None)


def add_neighbours(blocks: Sequence[Block], found: list[Evidence]) -> None:
    """Note what the two blocks before and the two behind are like, and how much prose is near."""
    number = len(blocks)
    plain = [block.words >= PROSE_WORDS and not block.link_words for block in blocks]
    prose = list(accumulate(plain, initial=0))
    words = list(accumulate((min(block.words, _ENOUGH) for block in blocks), initial=0))
    links = list(accumulate((min(block.link_words, _ENOUGH) for block in blocks), initial=0))
    parents = [block.element.getparent() for block in blocks]
    context = [[(name, item[name]) for name in _CONTEXT if name in item] for item in found]
    for index, (block, item) in enumerate(zip(blocks, found, strict=True)):
        if MENU in item:
            continue
        for offset, side in _SIDES:
            names = _NAMES[side]
            other = index + offset
            if not 0 <= other < number:
                item[names["none"]] = 1.0
                continue
            for name, value in context[other]:
                item[names[name]] = value
            item[names["words"]] = min(blocks[other].words, _ENOUGH) / _ENOUGH
            if parents[other] is parents[index]:
                item[names["sibling"]] = 1.0
            if blocks[other].element.tag == block.element.tag:
                item[names["same"]] = 1.0
        start, end = max(0, index - _WINDOW), min(number, index + _WINDOW + 1)
        item["near_prose"] = (prose[end] - prose[start]) / (end - start)
        item["near_linked"] = (links[end] - links[start]) / (words[end] - words[start])

"""Evidence from around a block: the heading that it stands under, and the blocks before and after."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from aggregator.scrape.blocks import Block
from aggregator.scrape.dom import HEADINGS
from aggregator.scrape.survey import PROSE_WORDS

Evidence = dict[str, float]

_SECTIONS = frozenset(
    {"more", "about", "comments", "subscribe", "share", "faq", "references", "toc", "cta", "tags", "lead"}
)
_CONTEXT = ("linked", "heading", "within", "ends", "no_link", "images", "all_linked")
_SIDES = ((-2, "prev2"), (-1, "prev"), (1, "next"), (2, "next2"))
_NAMES = {
    side: {name: f"{side}_{name}" for name in (*_CONTEXT, "words", "sibling", "same", "none")} for _, side in _SIDES
}
_WINDOW = 5
_ENOUGH = 40
"""Words; more of them make a block no more of a paragraph."""


def add_sections(blocks: Sequence[Block], found: list[Evidence]) -> None:
    """Note what heading a block stands under, when that heading names a part that is no article."""
    names: list[str] = []
    level = ""
    for block, item in zip(blocks, found, strict=True):
        tag = str(block.element.tag)
        heading = tag in HEADINGS
        if heading and (not names or tag <= level):
            names = ["under_" + name[3:] for name in item if name.startswith("is_") and name[3:] in _SECTIONS]
            level = tag
        for name in names:
            item[name] = 1.0
        if heading:
            item["heading"] = 1.0


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

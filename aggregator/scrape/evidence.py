"""What speaks for and against each block of a page: named pieces of evidence with a strength of 0 to 1.

Everything is seen from the core, the smallest part of the page with half of its prose in it: names and tags of what is
around the core say nothing, those of the branch between the core and a block do. No verdict is given here (see judge).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from itertools import accumulate

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.wording import HINTS, SHORT, hints, phrases

Evidence = dict[str, float]
_Seen = dict[HtmlElement, tuple[str, frozenset[str], bool]]
_NEAR = {hint: f"near_{hint}" for hint in HINTS}
_FAR = {hint: f"far_{hint}" for hint in HINTS}

PROSE_WORDS = 12
"""Words from which a block can be prose."""

PROSE_LINKS = 0.3
"""Share of linked words up to which it can."""

_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_LANDMARKS = frozenset({"main", "article", "nav", "aside", "footer", "header", "form", "figure", "table", "ul", "ol", "dl", "blockquote",
                        "details", "pre", "section"})  # fmt: skip
_TAGS = (
    _HEADINGS | _LANDMARKS | {"p", "li", "td", "th", "div", "dt", "dd", "figcaption", "address", "summary", "caption"}
)
_PARTS = _HEADINGS | {
    "p",
    "ul",
    "ol",
    "dl",
    "li",
    "dd",
    "pre",
    "table",
    "tbody",
    "tr",
    "td",
    "blockquote",
    "figure",
    "form",
}
_AGAINST_PROSE = frozenset(
    {"reader", "comment", "related", "sidebar", "footer", "nav", "cookie", "modal", "letter", "hidden", "popular"}
)
_FEW = 4
"""Blocks; a smaller part of the page is a part of the article."""

_SIZES = ((1, "1"), (3, "3"), (7, "7"), (15, "15"), (30, "30"), (60, "60"), (1 << 30, "long"))
_SENTENCE = re.compile(r"[.!?][”\"’)]? +[A-Z“\"]")
_SECTIONS = frozenset(
    {"more", "about", "comments", "subscribe", "share", "faq", "references", "toc", "cta", "tags", "lead"}
)
_WINDOW = 5


@dataclass(slots=True)
class Page:
    """The blocks of a page with what is known of their surroundings."""

    blocks: list[Block]
    prose: dict[HtmlElement, float]
    """Words of prose inside an element."""
    totals: dict[HtmlElement, list[int]]
    """Words, linked words and blocks inside an element."""
    core: list[HtmlElement]
    """The core and what is around it, inside out."""
    total: float


def survey(blocks: list[Block], worth: Sequence[float] | None = None) -> Page:
    """Where the prose of a page is."""
    prose: dict[HtmlElement, float] = defaultdict(float)
    totals: dict[HtmlElement, list[int]] = defaultdict(lambda: [0, 0, 0])
    total = 0.0
    for block in blocks:
        weight = _prose(block) if worth is None else worth[block.order]
        total += weight
        node: HtmlElement | None = block.element
        words, links = block.words, block.link_words
        while node is not None:
            if weight:
                prose[node] += weight
            sums = totals[node]
            sums[0] += words
            sums[1] += links
            sums[2] += 1
            node = node.getparent()
    return Page(blocks, prose, totals, _core(prose, totals, total), total or 1.0)


def _prose(block: Block) -> float:
    if block.words < PROSE_WORDS or block.link_words > PROSE_LINKS * block.words:
        return 0.0
    weight = float(block.words)
    node: HtmlElement | None = block.element
    for level in range(8):
        if node is None or node.tag == "body":
            break
        if node.tag in ("nav", "footer", "aside", "form") or (level < 4 and hints(node) & _AGAINST_PROSE):
            return 0.05 * weight
        node = node.getparent()
    return weight


def _core(prose: dict[HtmlElement, float], totals: dict[HtmlElement, list[int]], total: float) -> list[HtmlElement]:
    """The smallest element with half of the prose, and what is around it."""
    half = [node for node, words in prose.items() if words >= 0.5 * total]
    # Two elements with more than half of it each are one inside the other: the one with fewer ancestors is outside.
    best = max(half, key=lambda node: sum(1 for _ in node.iterancestors()), default=None)
    while best is not None and (best.tag in _PARTS or totals[best][2] < _FEW):
        best = best.getparent()
    return [] if best is None else [best, *best.iterancestors()]


def evidence(page: Page, title: str) -> list[Evidence]:
    """The evidence for each block, in order, without what engines say."""
    counts = Counter(block.text for block in page.blocks)
    title_words = set(title.casefold().split())
    inside = [block.order for block in page.blocks if _in_core(page, block) and _prose(block)]
    first, last = (inside[0], inside[-1]) if inside else (0, len(page.blocks))
    top = next((block.order for block in page.blocks if block.element.tag == "h1"), -1)
    found = [_own(block, title_words, counts) for block in page.blocks]
    seen: _Seen = {}
    depth_of = {node: level for level, node in enumerate(page.core)}
    words = 0
    everything = sum(block.words for block in page.blocks) or 1
    for block, item in zip(page.blocks, found, strict=True):
        _place(page, block, item, seen, depth_of)
        _position(block, item, first, last, top, len(page.blocks))
        item["through"] = words / everything
        words += block.words
    _sections(page.blocks, found)
    _around(page.blocks, found)
    return found


def _in_core(page: Page, block: Block) -> bool:
    core = page.core[0] if page.core else None
    return core is not None and (block.element is core or core in block.element.iterancestors())


def _own(block: Block, title: set[str], counts: Counter[str]) -> Evidence:
    text, words = block.text, block.words
    tag = str(block.element.tag)
    item: Evidence = {"bias": 1.0, f"tag_{tag if tag in _TAGS else 'other'}": 1.0}
    item["words_" + next(name for limit, name in _SIZES if words <= limit)] = 1.0
    density = block.link_words / words
    if density:
        item["linked"] = density
        if density > 0.9:
            item["all_linked"] = 1.0
            item["all_linked_short" if words < 12 else "all_linked_long"] = 1.0
        item["links"] = min(block.links, 5) / 5
    else:
        item["no_link"] = 1.0
    if text[-1] in '.!?”"’)…':
        item["ends"] = 1.0
    if _SENTENCE.search(text):
        item["sentences"] = 1.0
    if text[0].islower():
        item["lower"] = 1.0
    elif text.isupper():
        item["upper"] = 1.0
    if block.bold_words >= words:
        item["bold"] = 1.0
    if block.images:
        item["images"] = 1.0
    if block.breaks:
        item["breaks"] = min(block.breaks, 4) / 4
    if counts[text] > 1:
        item["twice"] = 1.0
    if commas := text.count(","):
        item["commas"] = min(commas, 4) / 4
    if words <= SHORT:
        short = words <= 12
        for phrase in phrases(text):
            item["says_" + phrase] = 1.0
            if short:
                item["is_" + phrase] = 1.0
    if title and words > 2:
        own = set(text.casefold().split())
        if len(own & title) >= 0.85 * max(len(own), len(title)):
            item["title"] = 1.0
    return item


def _place(
    page: Page,
    block: Block,
    item: Evidence,
    seen: _Seen,
    depth_of: dict[HtmlElement, int],
) -> None:
    """Where the block hangs: the names on its branch, and how big the branch is."""
    node: HtmlElement | None = block.element
    above: list[HtmlElement] = []
    while node is not None and node not in depth_of:
        above.append(node)
        node = node.getparent()
    joined = depth_of.get(node, 9) if node is not None else 9
    item[f"joins_{min(joined, 6)}"] = 1.0
    if 0 < joined < len(page.core):
        item["join_gain"] = (
            page.prose.get(page.core[joined], 0.0) - page.prose.get(page.core[joined - 1], 0.0)
        ) / page.total
    item[f"hangs_{min(len(above), 6)}"] = 1.0
    for level, ancestor in enumerate(above):
        tag, names, hidden = _seen(ancestor, seen)
        if tag:
            item[tag] = 1.0
        for hint in names:
            item[_NEAR[hint] if level < 2 else _FAR[hint]] = 1.0
        if hidden:
            item["invisible"] = 1.0
    if above:
        branch = above[-1]
        words, links, number = page.totals[branch]
        item["branch_prose"] = page.prose.get(branch, 0.0) / page.total
        item["branch_linked"] = links / words
        item["branch_words"] = min(words, 400) / 400
        item["branch_blocks"] = min(number, 30) / 30
        parent = above[1] if len(above) > 1 else None
        if parent is not None:
            words, links, number = page.totals[parent]
            item["parent_linked"] = links / words
            item["parent_words"] = min(words, 400) / 400
            item["parent_mean"] = min(words / number, 40) / 40
        if len(above) > 2:
            words, links, number = page.totals[above[2]]
            item["grand_linked"] = links / words
            item["grand_mean"] = min(words / number, 40) / 40
            item["grand_prose"] = page.prose.get(above[2], 0.0) / page.total


def _seen(node: HtmlElement, seen: _Seen) -> tuple[str, frozenset[str], bool]:
    known = seen.get(node)
    if known is None:
        tag = f"in_{node.tag}" if node.tag in _LANDMARKS else ""
        known = seen[node] = (tag, hints(node), _is_hidden(node))
    return known


def _is_hidden(node: HtmlElement) -> bool:
    if node.get("hidden") is not None or node.get("aria-hidden") == "true":
        return True
    style = node.get("style")
    return style is not None and "display:none" in style.replace(" ", "").lower()


def _position(block: Block, item: Evidence, first: int, last: int, top: int, number: int) -> None:
    order = block.order
    item["order"] = order / number
    if first <= order <= last:
        item["within"] = 1.0
    else:
        side = "before" if order < first else "after"
        gap = first - order if order < first else order - last
        item[side] = 1.0
        item[f"{side}_gap"] = min(gap, 20) / 20
    if top < 0:
        item["no_h1"] = 1.0
    else:
        item["above_h1" if order < top else "below_h1"] = 1.0


def _sections(blocks: Sequence[Block], found: list[Evidence]) -> None:
    """What heading a block stands under, when that heading names a part that is no article."""
    names: list[str] = []
    level = ""
    for block, item in zip(blocks, found, strict=True):
        tag = str(block.element.tag)
        heading = tag in _HEADINGS
        if heading and (not names or tag <= level):
            names = [name[3:] for name in item if name.startswith("is_") and name[3:] in _SECTIONS]
            level = tag
        for name in names:
            item["under_" + name] = 1.0
        if heading:
            item["heading"] = 1.0


_CONTEXT = ("linked", "heading", "within", "ends", "no_link", "images", "all_linked")


def _around(blocks: Sequence[Block], found: list[Evidence]) -> None:
    """What the blocks before and after are like."""
    number = len(blocks)
    prose_sums = list(
        accumulate(
            (
                1 if block.words >= PROSE_WORDS and "linked" not in item else 0
                for block, item in zip(blocks, found, strict=True)
            ),
            initial=0,
        )
    )
    word_sums = list(accumulate((min(block.words, 40) for block in blocks), initial=0))
    link_sums = list(accumulate((min(block.link_words, 40) for block in blocks), initial=0))
    snapshots = [{name: item[name] for name in _CONTEXT if name in item} for item in found]
    for index, (block, item) in enumerate(zip(blocks, found, strict=True)):
        parent = block.element.getparent()
        for offset, side in ((-2, "prev2"), (-1, "prev"), (1, "next"), (2, "next2")):
            other = index + offset
            if 0 <= other < number:
                for name, value in snapshots[other].items():
                    item[f"{side}_{name}"] = value
                item[f"{side}_words"] = min(blocks[other].words, 40) / 40
                if blocks[other].element.getparent() is parent:
                    item[f"{side}_sibling"] = 1.0
                if blocks[other].element.tag == block.element.tag:
                    item[f"{side}_same"] = 1.0
            else:
                item[f"{side}_none"] = 1.0
        start, end = max(0, index - _WINDOW), min(number, index + _WINDOW + 1)
        item["near_prose"] = (prose_sums[end] - prose_sums[start]) / (end - start)
        item["near_linked"] = (link_sums[end] - link_sums[start]) / (word_sums[end] - word_sums[start])

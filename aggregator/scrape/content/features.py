"""What speaks for and against each block of a page: named pieces of evidence with a strength of 0 to 1.

Everything is seen from the core (see survey): names and tags of what is around the core say nothing, those of the
branch between the core and a block do. No verdict is given here (see judge).

Evidence from around a block: the heading that it stands under, and the blocks before and after.

Where the prose of a page is: each part's words, and the core, the smallest part with half of the prose in it.

Paragraphs that are known to stand on page after page of a site in place of the article, by their marks.

A mark is a hash of a paragraph's words: it survives white space, punctuation and case, and gives nothing away.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.content.words import HINTS, SHORT, hints, phrases
from aggregator.scrape.dom import HEADINGS
from aggregator.text.words import words_of

PROSE_WORDS = 12
"""Words from which a block can be prose."""

PROSE_LINKS = 0.3
"""Share of linked words up to which it can."""

ASIDE = 0.05
"""What prose in comments, menus, sidebars and the like counts: enough to find it where there is no other."""

_FEW = 4
"""Blocks; a smaller part of the page is a part of the article."""

_NEAR_LEVELS = 4
_FAR_LEVELS = 8
"""Levels up to which names (near) and tags (far) tell that prose stands aside."""

_PARTS = HEADINGS | {
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
_AGAINST = frozenset(
    {"reader", "comment", "related", "sidebar", "footer", "nav", "cookie", "modal", "letter", "hidden", "popular"}
)


@dataclass(slots=True)
class Area:
    """What an element holds: words, linked words, blocks, and words of prose (those aside hardly counting)."""

    words: int = 0
    links: int = 0
    number: int = 0
    prose: float = 0.0


@dataclass(slots=True)
class PageAreas:
    """The blocks of a page with what is known of their surroundings."""

    blocks: list[Block]
    prose: list[float]
    """Each block's words of prose, 0 for what is none."""
    areas: dict[HtmlElement, Area]
    core: list[HtmlElement]
    """The core and what is around it, inside out."""
    total: float


def page_areas(blocks: list[Block]) -> PageAreas:
    """Where the prose of a page is."""
    prose = [_prose(block) for block in blocks]
    areas: dict[HtmlElement, Area] = {}
    paths: dict[HtmlElement, list[Area]] = {}
    for block, weight in zip(blocks, prose, strict=True):
        words, links = block.words, block.link_words
        for area in _path(block.element, areas, paths):
            area.words += words
            area.links += links
            area.number += 1
            area.prose += weight
    total = sum(prose)
    return PageAreas(blocks, prose, areas, _core(areas, total), total or 1.0)


def _path(node: HtmlElement, areas: dict[HtmlElement, Area], paths: dict[HtmlElement, list[Area]]) -> list[Area]:
    """The areas of `node` and all that is around it."""
    known = paths.get(node)
    if known is None:
        area = areas[node] = Area()
        parent = node.getparent()
        known = paths[node] = [area] if parent is None else [area, *_path(parent, areas, paths)]
    return known


def _prose(block: Block) -> float:
    if block.words < PROSE_WORDS or block.link_words > PROSE_LINKS * block.words:
        return 0.0
    node: HtmlElement | None = block.element
    for level in range(_FAR_LEVELS):
        if node is None or node.tag == "body":
            break
        if node.tag in ("nav", "footer", "aside", "form") or (level < _NEAR_LEVELS and hints(node) & _AGAINST):
            return ASIDE * block.words
        node = node.getparent()
    return float(block.words)


def _core(areas: dict[HtmlElement, Area], total: float) -> list[HtmlElement]:
    half = [node for node, area in areas.items() if area.prose >= 0.5 * total]
    # Two elements with half of it each are one inside the other: the one with more around it is inside.
    best = max(half, key=lambda node: sum(1 for _ in node.iterancestors()), default=None)
    while best is not None and (best.tag in _PARTS or areas[best].number < _FEW):
        best = best.getparent()
    return [] if best is None else [best, *best.iterancestors()]


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


_LANDMARKS = frozenset({"main", "article", "nav", "aside", "footer", "header", "form", "figure", "table", "ul",
    "ol", "dl", "blockquote",
                        "details", "pre", "section"})  # fmt: skip
_TAGS = (
    HEADINGS | _LANDMARKS | {"p", "li", "td", "th", "div", "dt", "dd", "figcaption", "address", "summary", "caption"}
)
_SIZES = (
    (1, "words_1"),
    (3, "words_3"),
    (7, "words_7"),
    (15, "words_15"),
    (30, "words_30"),
    (60, "words_60"),
    (1 << 30, "words_long"),
)
_SENTENCE = re.compile(r"[.!?][”\"’)]? +[A-Z“\"]")
_NEAR = {hint: f"near_{hint}" for hint in HINTS}
_FAR = {hint: f"far_{hint}" for hint in HINTS}
_MANY_WORDS = 400
_MANY_BLOCKS = 30
_OUTSIDE = 9
"""Levels between the core and a block that hangs nowhere on it."""

_Branch = tuple[Evidence, HtmlElement | None, int]
"""What the names from an element up to the core say, the element's end of the branch, and the level of the core's
surroundings that it joins."""


def evidence(page: PageAreas, title: str) -> list[Evidence]:
    """The evidence for each block, in order, without what engines say."""
    counts = Counter(block.text for block in page.blocks)
    title_words = frozenset(title.casefold().split())
    number = len(page.blocks)
    core = page.core[0] if page.core else None
    found = [_own(block, title_words, counts) for block in page.blocks]
    branches: dict[HtmlElement, _Branch] = {node: ({}, None, level) for level, node in enumerate(page.core)}
    joined = [_place(page, block, item, branches) for block, item in zip(page.blocks, found, strict=True)]
    inside = [order for order, level in enumerate(joined) if level == 0 and core is not None and page.prose[order]]
    first, last = (inside[0], inside[-1]) if inside else (0, number)
    top = next((order for order, block in enumerate(page.blocks) if block.element.tag == "h1"), -1)
    words = 0
    everything = sum(block.words for block in page.blocks) or 1
    for order, (block, item) in enumerate(zip(page.blocks, found, strict=True)):
        _position(order, item, first, last, top)
        item["order"] = order / number
        item["through"] = words / everything
        words += block.words
    add_sections(page.blocks, found)
    add_neighbours(page.blocks, found)
    return found


def _own(block: Block, title: frozenset[str], counts: Counter[str]) -> Evidence:
    text, words = block.text, block.words
    tag = str(block.element.tag)
    item: Evidence = {"bias": 1.0, f"tag_{tag if tag in _TAGS else 'other'}": 1.0}
    item[next(name for limit, name in _SIZES if words <= limit)] = 1.0
    _links(block, item)
    _writing(text, item)
    if block.bold_words >= words:
        item["bold"] = 1.0
    if block.images:
        item["images"] = 1.0
    if block.breaks:
        item["breaks"] = min(block.breaks, 4) / 4
    if counts[text] > 1:
        item["twice"] = 1.0
    if words <= SHORT:
        short = words <= 12
        for phrase in phrases(text):
            item["says_" + phrase] = 1.0
            if short:
                item["is_" + phrase] = 1.0
    if title and words > 2 and words < 2 * len(title) + 2:
        own = set(text.casefold().split())
        if len(own & title) >= 0.85 * max(len(own), len(title)):
            item["title"] = 1.0
    return item


def _links(block: Block, item: Evidence) -> None:
    density = block.link_words / block.words
    if not density:
        item["no_link"] = 1.0
        return
    item["linked"] = density
    item["links"] = min(block.links, 5) / 5
    if density > 0.9:
        item["all_linked"] = 1.0
        item["all_linked_short" if block.words < 12 else "all_linked_long"] = 1.0


def _writing(text: str, item: Evidence) -> None:
    if text[-1] in '.!?”"’)…':
        item["ends"] = 1.0
    if _SENTENCE.search(text):
        item["sentences"] = 1.0
    if text[0].islower():
        item["lower"] = 1.0
    elif text.isupper():
        item["upper"] = 1.0
    if commas := text.count(","):
        item["commas"] = min(commas, 4) / 4


def _place(page: PageAreas, block: Block, item: Evidence, branches: dict[HtmlElement, _Branch]) -> int:
    """Note where the block hangs; the level of the core's surroundings at which it joins them (0: inside the core)."""
    node = block.element
    parent = node.getparent()
    outer: HtmlElement | None = node
    grand = parent.getparent() if parent is not None else None
    if node not in page.areas or _on_core(node, branches):
        above = 0
    elif parent is None or _on_core(parent, branches):
        above = 1
    else:
        above = 2 if grand is None or _on_core(grand, branches) else 3
    names, end, joined = _branch(outer if above == 0 else parent if above == 1 else grand, branches)
    item.update(names)
    near = (node, parent)[: min(above, 2)]
    for element in near:
        if element is not None:
            _name(element, item, _NEAR)
    item[f"joins_{min(joined, 6)}"] = 1.0
    item[f"hangs_{above}"] = 1.0
    if 0 < joined < len(page.core):
        item["join_gain"] = (page.areas[page.core[joined]].prose - page.areas[page.core[joined - 1]].prose) / page.total
    if above:
        _sizes(
            page,
            item,
            end if end is not None else near[-1],
            parent if above > 1 else None,
            grand if above > 2 else None,
        )
    return joined


def _on_core(node: HtmlElement, branches: dict[HtmlElement, _Branch]) -> bool:
    known = branches.get(node)
    return known is not None and known[1] is None


def _branch(node: HtmlElement | None, branches: dict[HtmlElement, _Branch]) -> _Branch:
    if node is None:
        return {}, None, _OUTSIDE
    known = branches.get(node)
    if known is None:
        parent = node.getparent()
        names, end, joined = _branch(parent, branches)
        names = dict(names)
        _name(node, names, _FAR)
        known = branches[node] = (names, end if end is not None else node, joined)
    return known


def _name(node: HtmlElement, item: Evidence, forms: dict[str, str]) -> None:
    if node.tag in _LANDMARKS:
        item[f"in_{node.tag}"] = 1.0
    for hint in hints(node):
        item[forms[hint]] = 1.0
    if _is_hidden(node):
        item["invisible"] = 1.0


def _sizes(
    page: PageAreas, item: Evidence, end: HtmlElement | None, parent: HtmlElement | None, grand: HtmlElement | None
) -> None:
    if end is not None:
        area = page.areas.get(end) or Area(1, 0, 1, 0.0)
        item["branch_prose"] = area.prose / page.total
        item["branch_linked"] = area.links / area.words
        item["branch_words"] = min(area.words, _MANY_WORDS) / _MANY_WORDS
        item["branch_blocks"] = min(area.number, _MANY_BLOCKS) / _MANY_BLOCKS
    if parent is not None:
        area = page.areas[parent]
        item["parent_linked"] = area.links / area.words
        item["parent_words"] = min(area.words, _MANY_WORDS) / _MANY_WORDS
        item["parent_mean"] = min(area.words / area.number, 40) / 40
    if grand is not None:
        area = page.areas[grand]
        item["grand_linked"] = area.links / area.words
        item["grand_mean"] = min(area.words / area.number, 40) / 40
        item["grand_prose"] = area.prose / page.total


def _is_hidden(node: HtmlElement) -> bool:
    if node.get("hidden") is not None or node.get("aria-hidden") == "true":
        return True
    style = node.get("style")
    return style is not None and "display:none" in style.replace(" ", "").lower()


def _position(order: int, item: Evidence, first: int, last: int, top: int) -> None:
    if first <= order <= last:
        item["within"] = 1.0
    elif order < first:
        item["before"] = 1.0
        item["before_gap"] = min(first - order, 20) / 20
    else:
        item["after"] = 1.0
        item["after_gap"] = min(order - last, 20) / 20
    if top < 0:
        item["no_h1"] = 1.0
    else:
        item["above_h1" if order < top else "below_h1"] = 1.0


LEAST = 4
"""Words; shorter paragraphs ("Read more", "Update") stand in good articles too."""

MOST = 40
"""Paragraphs of a text that are marked: notices and boxes have one to ten."""

_DIGITS = 16


def mark(paragraph: str) -> str | None:
    """The mark of one paragraph; None for a short one."""
    words = words_of(paragraph)
    if len(words) < LEAST:
        return None
    return sha256(" ".join(words).encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def marks(text: str) -> tuple[str, ...]:
    """The marks of a text's first paragraphs."""
    found = (mark(paragraph) for paragraph in text.split("\n\n")[:MOST])
    return tuple(dict.fromkeys(one for one in found if one))

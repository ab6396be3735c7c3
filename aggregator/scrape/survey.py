"""Where the prose of a page is: each part's words, and the core, the smallest part with half of the prose in it."""

from __future__ import annotations

from dataclasses import dataclass

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.dom import HEADINGS
from aggregator.scrape.wording import hints

PROSE_WORDS = 12
"""Words from which a block can be prose."""

PROSE_LINKS = 0.3
"""Share of linked words up to which it can."""

ASIDE = 0.05
"""What prose in comments, menus, sidebars and the like counts: enough to find it where there is no other."""

_FEW = 4
"""Blocks; a smaller part of the page is a part of the article."""

_NEAR = 4
_FAR = 8
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
class Page:
    """The blocks of a page with what is known of their surroundings."""

    blocks: list[Block]
    prose: list[float]
    """Each block's words of prose, 0 for what is none."""
    areas: dict[HtmlElement, Area]
    core: list[HtmlElement]
    """The core and what is around it, inside out."""
    total: float


def survey(blocks: list[Block]) -> Page:
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
    return Page(blocks, prose, areas, _core(areas, total), total or 1.0)


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
    for level in range(_FAR):
        if node is None or node.tag == "body":
            break
        if node.tag in ("nav", "footer", "aside", "form") or (level < _NEAR and hints(node) & _AGAINST):
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

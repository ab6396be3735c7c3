"""Where the prose of a page is: each part's words, the core (the smallest part with half of the prose in it), menus and
rows of other posts. Nothing is decided about the article here (see classify).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.content.words import hints
from aggregator.scrape.dom import HEADINGS

PROSE_WORDS = 12
"""Words from which a block can be prose."""

PROSE_LINKS = 0.3
"""Share of linked words up to which it can."""

ASIDE = 0.05
"""What prose in comments, menus, sidebars and the like counts: enough to find it where there is no other."""

_FEW = 4
"""Blocks; a smaller part of the page is a part of the article."""

LEAST_CARDS = 4
"""Elements of a kind with a linked heading each that are a row of other posts; an article may list three sources so."""

MENU_WORDS = 8
"""Words of an entry of a menu."""

LINK_WORDS = 15
"""Words of a link to another post."""

LEAST_LINKS = 2
LINKED = 0.9
"""Blocks, and share of linked words, of the element around a link that is one among many."""

_MENU = frozenset({"nav", "footer", "sidebar", "share", "tags", "login", "prevnext", "top"})

_CARD_LEVELS = 5
"""Levels between a card and its heading."""

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
    cards: frozenset[HtmlElement] = frozenset()
    """The elements that show other posts of the site."""
    menus: list[bool] = field(default_factory=list)
    """Which blocks are entries of menus: short links in navigation, a footer or the like."""
    links: list[bool] = field(default_factory=list)
    """Which others are links among links, outside the core: lists of other posts."""


def page_areas(blocks: list[Block], host: str = "") -> PageAreas:
    """Where the prose of a page is. `host` is the page's, if it is known."""
    cards = _cards(blocks, host)
    prose = [_prose(block, cards) for block in blocks]
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
    core = _core(areas, total)
    return PageAreas(blocks, prose, areas, core, total or 1.0, cards, *_menus(blocks, core, areas))


def _menus(
    blocks: list[Block], core: list[HtmlElement], areas: dict[HtmlElement, Area]
) -> tuple[list[bool], list[bool]]:
    """Which blocks are entries of menus by their place, and which are links among links outside the core."""
    known: dict[HtmlElement, bool] = dict.fromkeys(core, False)
    inside = set(core[0].iter()) if core else set()
    known.update(dict.fromkeys(inside, False))
    menus = [False] * len(blocks)
    links = [False] * len(blocks)
    for index, block in enumerate(blocks):
        node = block.element
        if block.link_words < block.words or block.words > LINK_WORDS or node.tag in HEADINGS or node in inside:
            continue
        menus[index] = block.words <= MENU_WORDS and _is_aside(node, known)
        links[index] = not menus[index] and any(
            area.number > LEAST_LINKS and area.links > LINKED * area.words
            for around, _ in zip(node.iterancestors(), range(2), strict=False)
            if (area := areas.get(around)) is not None
        )
    return menus, links


def _is_aside(node: HtmlElement, known: dict[HtmlElement, bool]) -> bool:
    """Whether `node` stands in navigation or the like, outside the core and what is around it."""
    found = known.get(node)
    if found is None:
        parent = node.getparent()
        aside = node.tag in ("nav", "footer", "header", "aside") or not _MENU.isdisjoint(hints(node))
        found = known[node] = aside or (parent is not None and _is_aside(parent, known))
    return found


def _cards(blocks: list[Block], host: str) -> frozenset[HtmlElement]:
    """The elements of rows of other posts: LEAST_CARDS or more of a kind, one beside the other, each with a linked
    heading that leads to a page of the same site.
    """
    rows: dict[tuple[HtmlElement | None, object, object], dict[HtmlElement, None]] = {}
    for block in blocks:
        node = block.element
        parent = node.getparent()
        heading = node.tag in HEADINGS or (parent is not None and parent.tag in HEADINGS)
        if not heading or 5 * block.link_words < 4 * block.words or not _leads_home(node, host):
            continue
        for level, around in enumerate((node, *node.iterancestors())):
            if level > _CARD_LEVELS or around.tag in ("body", "html"):
                break
            rows.setdefault((around.getparent(), around.tag, around.get("class")), {})[around] = None
    return frozenset(card for row in rows.values() if len(row) >= LEAST_CARDS for card in row)


def _leads_home(node: HtmlElement, host: str) -> bool:
    link = next(node.iter("a"), None)
    if link is None:
        link = next(node.iterancestors("a"), None)
    href = "" if link is None else (link.get("href") or "").strip()
    if not href or href.startswith("#"):
        return False
    return "//" not in href or (bool(host) and host in href)


def _path(node: HtmlElement, areas: dict[HtmlElement, Area], paths: dict[HtmlElement, list[Area]]) -> list[Area]:
    """The areas of `node` and all that is around it."""
    known = paths.get(node)
    if known is None:
        area = areas[node] = Area()
        parent = node.getparent()
        known = paths[node] = [area] if parent is None else [area, *_path(parent, areas, paths)]
    return known


def _prose(block: Block, cards: frozenset[HtmlElement]) -> float:
    if block.words < PROSE_WORDS or block.link_words > PROSE_LINKS * block.words:
        return 0.0
    node: HtmlElement | None = block.element
    for level in range(_FAR_LEVELS):
        if node is None or node.tag == "body":
            break
        if node in cards:
            return ASIDE * block.words
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

"""What speaks for and against each block of a page: named pieces of evidence with a strength of 0 to 1.

Everything is seen from the core (see page_areas): names and tags of what is around the core say nothing, those of the
branch between the core and a block do. No verdict is given here (see classify).

Evidence from around a block: the heading that it stands under, and the blocks before and after.

Where the prose of a page is: each part's words, and the core, the smallest part with half of the prose in it.

Paragraphs that are known to stand on page after page of a site in place of the article, by their marks.

A mark is a hash of a paragraph's words: it survives white space, punctuation and case, and gives nothing away.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import accumulate

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.content.words import HINTS, SHORT, hints, phrases
from aggregator.scrape.dom import HEADINGS
from aggregator.text.words import count_words, coverage, shingles

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
_LINK: Evidence = {MENU: 1.0, "bias": 1.0, "linked": 1.0, "all_linked": 1.0, "tag_other": 1.0}
_MENU_ITEM: Evidence = {**_LINK, "in_nav": 1.0}
"""What is noted of one: enough to be known by, and for its neighbours to know it."""

STATED_WORDS = 50
"""Words from which a stated text counts: shorter ones are teasers, and stand on other pages' cards too."""

DESCRIBED = 80
"""Words; a longer block is no standfirst that a page repeats as its description."""

_SURE = 0.8
"""Share of a block's runs of words that a text must have for the block to stand in it."""

_STOP = re.compile(r"[.!?…](?=[\s”\"’)»]|$)|[。！？]")
_COMMA = re.compile(r"[,，、،]")
_NEAR = {hint: f"near_{hint}" for hint in HINTS}
_FAR = {hint: f"far_{hint}" for hint in HINTS}
_MANY_WORDS = 400
_MANY_BLOCKS = 30
_OUTSIDE = 9
"""Levels between the core and a block that hangs nowhere on it."""

_Branch = tuple[Evidence, HtmlElement | None, int]
"""What the names from an element up to the core say, the element's end of the branch, and the level of the core's
surroundings that it joins."""


def evidence(page: PageAreas, title: str, stated: str = "", described: str = "") -> list[Evidence]:
    """The evidence for each block, in order, without what engines say."""
    stated_runs = shingles(stated) if count_words(stated) >= STATED_WORDS else None
    described_runs = shingles(described) if described else None
    counts = Counter(block.text for block in page.blocks)
    title_words = frozenset(title.casefold().split())
    number = len(page.blocks)
    core = page.core[0] if page.core else None
    found = [
        dict(_MENU_ITEM) if menu else dict(_LINK) if link else _own(block, title_words, counts)
        for block, menu, link in zip(page.blocks, page.menus, page.links, strict=True)
    ]
    branches: dict[HtmlElement, _Branch] = {node: ({}, None, level) for level, node in enumerate(page.core)}
    joined = [
        _OUTSIDE if MENU in item else _place(page, block, item, branches)
        for block, item in zip(page.blocks, found, strict=True)
    ]
    inside = [order for order, level in enumerate(joined) if level == 0 and core is not None and page.prose[order]]
    first, last = (inside[0], inside[-1]) if inside else (0, number)
    top = next((order for order, block in enumerate(page.blocks) if block.element.tag == "h1"), -1)
    words = 0
    prose = 0.0
    everything = sum(block.words for block in page.blocks) or 1
    for order, (block, item) in enumerate(zip(page.blocks, found, strict=True)):
        if MENU in item:
            words += block.words
            continue
        _position(order, item, first, last, top)
        item["order"] = order / number
        item["through"] = words / everything
        item["prose_before"] = prose / page.total
        running = block.words > 3 and 2 * block.link_words < block.words
        if stated_runs is not None and running:
            item["stated" if coverage(block.text, stated_runs) > _SURE else "unstated"] = 1.0
        if (
            described_runs is not None
            and running
            and block.words < DESCRIBED
            and coverage(block.text, described_runs) > _SURE
        ):
            item["described"] = 1.0
        words += block.words
        prose += page.prose[order]
        item["prose_after"] = 1 - prose / page.total
    add_template(page, found)
    add_lists(page, found)
    add_cards(page, found)
    add_title(page, found, _headline(page.blocks, title))
    add_sections(page.blocks, found)
    add_neighbours(page.blocks, found)
    return found


def _headline(blocks: list[Block], title: str) -> int | None:
    """Where the headline stands: a heading with the title, else a block with it, else the first `h1`."""
    wanted = title.casefold().split()
    same = [index for index, block in enumerate(blocks) if wanted and block.text.casefold().split() == wanted]
    headings = [index for index in same if blocks[index].element.tag in HEADINGS]
    tops = (index for index, block in enumerate(blocks) if block.element.tag == "h1")
    return next(iter(headings), None) if headings else next(tops, same[0] if same else None)


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
        item["often"] = min(counts[text], 8) / 8
    if words <= SHORT and block.link_words < words:
        # A link by itself says what it is by being one, and most of a page are such: menus.
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
    if text[-1] in '.!?”"’)…。！？」』»':
        item["ends"] = 1.0
    if _SENTENCE.search(text):
        item["sentences"] = 1.0
    if text[0].islower():
        item["lower"] = 1.0
    elif text.isupper():
        item["upper"] = 1.0
    item["characters"] = min(len(text), 400) / 400
    if sentences := len(_STOP.findall(text)):
        item["stops"] = min(sentences, 6) / 6
    if digits := sum(map(str.isdigit, text[:80])):
        item["digits"] = digits / min(len(text), 80)
    if commas := len(_COMMA.findall(text)):
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
        own: Evidence = {}
        _name(node, own, _FAR)
        if own:
            # Most elements have no name that says anything: they share what is known of those around them.
            names = names | own
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
    return style is not None and "none" in style and "display:none" in style.replace(" ", "").lower()


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


_WORD = re.compile(r"\w+")
"""What is hashed; marks are stored, so this does not follow how texts are compared elsewhere."""

LEAST = 4
"""Words; shorter paragraphs ("Read more", "Update") stand in good articles too."""

MOST = 40
"""Paragraphs of a text that are marked: notices and boxes have one to ten."""

_DIGITS = 16


def mark(paragraph: str) -> str | None:
    """The mark of one paragraph; None for a short one."""
    words = _WORD.findall(paragraph.casefold())
    if len(words) < LEAST:
        return None
    return sha256(" ".join(words).encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def marks(text: str) -> tuple[str, ...]:
    """The marks of a text's first paragraphs."""
    found = (mark(paragraph) for paragraph in text.split("\n\n")[:MOST])
    return tuple(dict.fromkeys(one for one in found if one))

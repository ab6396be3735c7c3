"""What speaks for and against each block of a page: named pieces of evidence with a strength of 0 to 1.

Everything is seen from the core (see page_areas): names and tags of what is around the core say nothing, those of the
branch between the core and a block do. No verdict is given here (see classify).

Paragraphs that are known to stand on page after page of a site in place of the article, by their marks.

A mark is a hash of a paragraph's words: it survives white space, punctuation and case, and gives nothing away.
"""

from __future__ import annotations

import re
from collections import Counter
from hashlib import sha256

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.content.areas import Area, PageAreas
from aggregator.scrape.content.surroundings import (
    MENU,
    Evidence,
    add_cards,
    add_lists,
    add_neighbours,
    add_sections,
    add_template,
    add_title,
)
from aggregator.scrape.content.words import HINTS, SHORT, hints, phrases
from aggregator.scrape.dom import HEADINGS
from aggregator.text.words import count_words, coverage, shingles

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

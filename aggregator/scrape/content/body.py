"""The body of an article: engines propose, the judge decides, and what was kept is written out from the page's tree.

Our own engine weighs each block (judge). Where it finds next to nothing or doubts, trafilatura and then readability are
asked, and whoever fits the evidence best wins; a text that the page states in JSON-LD is the last resort. The result
keeps the page's structure: tables, lists, code, figures with their captions.

Other people's engines, each behind the same door: a tree and its URL in, the text that it takes for the article out.

They are asked for a second opinion (see body); an engine that fails has no opinion.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from itertools import islice

import trafilatura
from lxml.etree import tostring
from lxml.html import HtmlElement
from readability import Document

from aggregator.scrape.attribution import is_attribution
from aggregator.scrape.blocks import INLINE, Block
from aggregator.scrape.clean.clean import clean_tree, paragraphs
from aggregator.scrape.content.classify import ArticleContext, BlockVerdict, is_placeholder, judge
from aggregator.scrape.content.features import mark
from aggregator.scrape.content.figures import is_caption, pictures
from aggregator.scrape.content.tables import Structure
from aggregator.scrape.dom import MAX_DEPTH, running_text, to_text
from aggregator.scrape.page_source import PageSource
from aggregator.text.words import count_words, coverage, shingles

# They warn of every page that they give up; we have our own word for that.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("readability").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def by_trafilatura(tree: HtmlElement, url: str) -> str:
    """What trafilatura takes for the article; empty when it finds none."""
    try:
        return trafilatura.extract(copy(tree), url=url, include_comments=False, include_tables=True) or ""
    except Exception:  # noqa: BLE001 - whatever stops it, it has no opinion
        return ""


def by_readability(tree: HtmlElement, _url: str) -> str:
    """What readability takes for the article; empty when it finds none."""
    try:
        return to_text(Document(tostring(deepcopy(tree), encoding="unicode", method="html")).summary())
    except Exception:  # noqa: BLE001 - whatever stops it, it has no opinion
        return ""


ENGINES: tuple[tuple[str, Callable[[HtmlElement, str], str]], ...] = (
    ("trafilatura", by_trafilatura),
    ("readability", by_readability),
)
"""In the order in which they are asked."""


DOUBT = 0.6
"""Expected F1 under which the other engines are asked."""

FEW = 40
"""Words; with less of an article than this the other engines are asked whatever the judge thinks of it."""

ATTRIBUTION_WORDS = 25
"""Words; a longer line says more than where the text is from. The shorter is shown as the attribution, not twice."""

MAX_ELEMENTS = 15_000
"""Elements of a page above which the other engines are not asked: they take ten seconds for 60,000, or
for 600 tables one inside the other."""

_BYLINE = re.compile(r"(?:Posted|Written) by [A-Z]\w+ [^.!?]*$")
_AGREED = 0.7
"""Share of a block's words that an engine must have for the block to count as its choice."""


@dataclass(frozen=True, slots=True)
class ArticleBody:
    """Clean HTML and text of an article, who found it, and how sure the judge is (0 to 1)."""

    html: str = ""
    text: str = ""
    engine: str = ""
    quality: float = 0.0


def find_body(
    page: PageSource, about: ArticleContext, others: list[HtmlElement], boilerplate: frozenset[str] = frozenset()
) -> ArticleBody:
    """The body of the article in a page.

    `about` is what the page and the feed claim of it; `others` are the elements that show other posts. Blocks with a
    mark in `boilerplate` are not the article, unless there is none without them.
    """
    if boilerplate:
        known = [block for block in page.blocks if mark(block.text) in boilerplate]
        if known:
            silent = frozenset(block.element for block in known)
            rest = [block for block in page.blocks if block.element not in silent]
            found = _find(replace(page, blocks=rest), about, others, silent)
            if count_words(found.text) >= FEW:
                return found
    return _find(page, about, others, frozenset())


def _find(
    page: PageSource, about: ArticleContext, others: list[HtmlElement], silent: frozenset[HtmlElement]
) -> ArticleBody:
    tree, url, everything, stated = page.tree, page.url, page.blocks, about.stated
    body = tree.find("body")
    root = tree if body is None else body
    apart = frozenset(others)
    found = [block for block in everything if not _inside(block.element, apart)]
    for order, block in enumerate(found):
        block.order = order
    verdict = judge(found, about)
    kept, engine, quality = verdict.kept, "blocks", verdict.expected_f1(verdict.kept)
    if (verdict.words < FEW or quality < DOUBT) and _is_bearable(root, everything):
        kept, engine, quality = _second_opinions(tree, url, verdict)
    kept = [keep and not _shown_apart(block, url) for block, keep in zip(found, kept, strict=True)]
    html = _write(root, url, found, kept, apart, silent, verdict.wholes)
    text = running_text(html)
    if count_words(text) < FEW and count_words(stated) > 2 * FEW:
        return ArticleBody(paragraphs(stated), stated, "stated", 0.5)
    return ArticleBody(html, text, engine, round(quality, 3))


def _shown_apart(block: Block, url: str) -> bool:
    """Whether the line is one that we show beside the article: whom it is from, or who wrote it."""
    if block.words > ATTRIBUTION_WORDS:
        return False
    return is_attribution(block.text, url) or bool(_BYLINE.match(block.text))


def _is_bearable(root: HtmlElement, found: list[Block]) -> bool:
    if any(block.depth >= MAX_DEPTH // 2 for block in found):
        return False
    return sum(1 for _ in islice(root.iter(), MAX_ELEMENTS)) < MAX_ELEMENTS


def _second_opinions(tree: HtmlElement, url: str, verdict: BlockVerdict) -> tuple[list[bool], str, float]:
    best = (verdict.kept, "blocks", verdict.expected_f1(verdict.kept))
    for name, engine in ENGINES:
        known = shingles(engine(tree, url))
        if not known:
            continue
        chosen = [coverage(block.text, known) >= _AGREED and not is_placeholder(block) for block in verdict.blocks]
        quality = verdict.expected_f1(chosen)
        if quality > best[2]:
            best = (chosen, name, quality)
    return best


def _write(
    root: HtmlElement,
    url: str,
    found: list[Block],
    kept: list[bool],
    dropped: frozenset[HtmlElement],
    silent: frozenset[HtmlElement],
    wholes: list[Structure],
) -> str:
    alive = [block for block, keep in zip(found, kept, strict=True) if keep]
    if not alive:
        return ""
    live: set[HtmlElement] = set()
    for block in alive:
        node: HtmlElement | None = block.element
        while node is not None and node not in live:
            live.add(node)
            node = node.getparent()
    for whole in wholes:
        if whole.element in live:
            # Cells and items without text keep their places.
            live.update(whole.element.iter("tr", "td", "th", "li", "dt", "dd", "summary"))
    top = _common(root, live, {block.element for block in alive})
    shown = pictures(top, live, alive)
    visible = shown | live
    captions = frozenset(block.element for block in found if is_caption(block, visible))
    for node in captions:
        live.update((node, *node.iterancestors()))
    muted = silent | {block.element for block, keep in zip(found, kept, strict=True) if not keep} - captions
    skip = {child for node in top.iter() if node in live for child in node if _lifeless(child, live, shown)}
    return clean_tree(top, url, frozenset(skip) | dropped, muted)


def _common(root: HtmlElement, live: set[HtmlElement], own: set[HtmlElement]) -> HtmlElement:
    """The smallest element with all that is kept in it, and around its own text."""
    node = root
    while node not in own:
        inner = [child for child in node if child in live]
        if len(inner) != 1 or inner[0].tag in ("table", "ul", "ol", "dl", "pre", "blockquote", "p"):
            return node
        node = inner[0]
    parent = node.getparent()
    return parent if node is not root and parent is not None else node


def _lifeless(node: HtmlElement, live: set[HtmlElement], shown: set[HtmlElement]) -> bool:
    """Whether nothing inside `node` is to be shown. Inline elements belong to the text around them."""
    return isinstance(node.tag, str) and node.tag not in INLINE and node not in live and node not in shown


def _inside(node: HtmlElement, dropped: frozenset[HtmlElement]) -> bool:
    return bool(dropped) and (node in dropped or any(ancestor in dropped for ancestor in node.iterancestors()))

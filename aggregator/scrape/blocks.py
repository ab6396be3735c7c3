"""A page as a sequence of blocks: each run of text that stands on its own, with what surrounds it.

A block is the inline text of one block-level element (its own, not that of block-level elements inside it). Blocks are
what engines agree or disagree about and what the judge keeps or drops; the tree itself is never changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml.html import HtmlElement

from aggregator.scrape.dom import MAX_DEPTH, squeeze
from aggregator.text.words import count_words

INVISIBLE = frozenset(
    {"script", "style", "template", "noscript", "head", "svg", "math", "iframe", "object", "embed", "video",
    "audio", "canvas", "map",
     "select", "textarea", "input", "button", "datalist", "progress", "meter", "dialog", "frameset", "noframes",
     "link", "meta"}
)  # fmt: skip
"""Elements without text of the article's."""

INLINE = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
    "ins", "kbd", "label",
     "mark", "nobr", "q", "rb", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
     "time", "tt", "u",
     "var", "wbr", "br", "img", "picture", "source", "output", "amp-img", "blink", "center-inline"}
)  # fmt: skip
"""Elements that do not end a run of text. (Unknown elements do: web components are boxes more often than words.)"""

MAX_BLOCKS = 6000
"""Blocks that are looked at; the longest real articles have 2,000."""


@dataclass(slots=True)
class Block:
    """One run of text. `parts` is filled while walking; `text` is the whole, one line."""

    element: HtmlElement
    order: int
    depth: int
    parts: list[str] = field(default_factory=list)
    link_parts: list[str] = field(default_factory=list)
    bold_parts: list[str] = field(default_factory=list)
    links: int = 0
    breaks: int = 0
    images: int = 0
    text: str = ""
    words: int = 0
    link_words: int = 0
    bold_words: int = 0


def blocks(root: HtmlElement) -> list[Block]:
    """The blocks with text below `root`, in the order of the page."""
    walker = _Walker()
    walker.box(root, 0)
    found: list[Block] = []
    for block in walker.found:
        if text := squeeze("".join(block.parts)):
            block.text = text
            block.words = count_words(text) or 1
            block.link_words = count_words("".join(block.link_parts)) if block.link_parts else 0
            block.bold_words = count_words("".join(block.bold_parts)) if block.bold_parts else 0
            block.order = len(found)
            found.append(block)
    return found


class _Walker:
    def __init__(self) -> None:
        self.found: list[Block] = []
        self._linked = 0
        self._bold = 0

    def box(self, node: HtmlElement, depth: int) -> None:
        if depth > MAX_DEPTH or len(self.found) > MAX_BLOCKS:
            return
        block = Block(node, 0, depth)
        self.found.append(block)
        linked = self._linked
        self._inside(node, block, depth)
        self._linked = linked

    def _inside(self, node: HtmlElement, block: Block, depth: int) -> None:
        if text := node.text:
            self._write(block, text)
        for child in node:
            tag = child.tag
            # Comments and the like have functions for tags.
            if tag not in INVISIBLE and isinstance(tag, str):
                if tag in INLINE:
                    self._inline(child, block, depth)
                else:
                    block.parts.append(" ")
                    self.box(child, depth + 1)
            if text := child.tail:
                self._write(block, text)

    def _inline(self, node: HtmlElement, block: Block, depth: int) -> None:
        tag = node.tag
        if tag == "br":
            block.breaks += 1
            block.parts.append(" ")
            return
        if tag in ("img", "amp-img"):
            block.images += 1
            return
        link = tag == "a" and node.get("href") is not None
        bold = tag in ("b", "strong")
        self._linked += link
        self._bold += bold
        block.links += link
        if depth < MAX_DEPTH:
            self._inside(node, block, depth + 1)
        self._linked -= link
        self._bold -= bold

    def _write(self, block: Block, text: str) -> None:
        block.parts.append(text)
        if self._linked:
            block.link_parts.append(text)
            block.link_parts.append(" ")
        if self._bold:
            block.bold_parts.append(text)

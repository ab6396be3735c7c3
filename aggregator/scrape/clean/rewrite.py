"""An lxml tree -> a new tree that holds an article's structure and nothing else.

The new tree is built element by element from a short list of what is allowed, so nothing gets in by being overlooked.
Layout (div, section, span, font, tables used for columns) dissolves into paragraphs; headings, lists, tables, quotes,
figures, code and links stay. This module makes things readable; `clean` has the last word on what is safe.

What becomes of each element and attribute when a page is rewritten: tables and rules, no walking.

What is safe to show is not decided here: `cleaning` has the last word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from lxml.etree import SubElement
from lxml.html import Element, HtmlElement

from aggregator.scrape.blocks import INLINE as RUNNING
from aggregator.scrape.clean.images import EMBEDS, embed_link, image_url, is_post, pixels
from aggregator.scrape.clean.preformatted import code_text, language_class
from aggregator.scrape.clean.writer import BLOCKS, HtmlWriter
from aggregator.scrape.dom import HEADINGS, MAX_DEPTH, is_element, squeeze, text_of, visible
from aggregator.text.urls import http_url

DROPPED = frozenset(
    {"script", "style", "template", "svg", "math", "head", "title", "meta", "link", "base", "noframes", "frameset",
     "frame", "applet", "canvas", "map", "area", "dialog", "datalist", "select", "option", "optgroup", "input",
     "textarea", "button", "progress", "meter", "keygen", "portal", "slot", "colgroup", "col", "rp", "xml"}
)  # fmt: skip
"""Elements that go with all they hold."""

LAYOUT = frozenset(
    {"html", "body", "div", "section", "article", "main", "header", "footer", "aside", "nav", "address", "center",
     "form", "fieldset", "legend", "details", "summary", "hgroup", "search", "noscript", "td", "th", "tr", "tbody",
     "thead", "tfoot", "caption", "li", "dt", "dd", "figcaption", "dir", "menu", "marquee", "multicol",
     "amp-carousel", "amp-img-lightbox"}
)  # fmt: skip
"""Blocks that only arrange; their content flows on where they stood."""

INLINE = {
    "a": "a", "strong": "strong", "b": "strong", "em": "em", "i": "em", "code": "code", "tt": "code", "kbd": "kbd",
    "samp": "samp", "var": "var", "sub": "sub", "sup": "sup", "mark": "mark", "del": "del", "s": "del", "strike": "del",
    "ins": "ins", "u": "u", "q": "q", "cite": "cite", "abbr": "abbr", "acronym": "abbr", "dfn": "dfn", "small": "small",
    "time": "time", "bdi": "bdi", "bdo": "bdo", "ruby": "ruby", "rt": "rt",
}  # fmt: skip
"""Inline elements that are kept, and as what; any other is transparent."""

_SPAN_LIMIT = 100
"""Largest colspan or rowspan that is kept; browsers stop at 1,000."""


def direction(node: HtmlElement) -> str | None:
    """Which way the text of an element runs, where it says so: `ltr`, `rtl` or `auto`."""
    given = (node.get("dir") or "").strip().lower()
    return given if given in ("ltr", "rtl", "auto") else None


def inline_attributes(tag: str, node: HtmlElement, base: str | None) -> dict[str, str] | None:
    """The attributes that an inline element keeps; None for a link that leads nowhere: its text alone stays."""
    runs = {"dir": found} if (found := direction(node)) else {}
    if tag == "a":
        href = link_url(node.get("href"), base)
        return {"href": href, **runs} if href else None
    if tag == "time" and node.get("datetime"):
        return {"datetime": node.get("datetime", "")[:40], **runs}
    if tag == "abbr" and node.get("title"):
        return {"title": node.get("title", "")[:300], **runs}
    return {**language_class(node.get("class") or ""), **runs} if tag == "code" else runs


def list_attributes(tag: str, node: HtmlElement) -> dict[str, str]:
    """The number that an ordered list begins with, where it says so."""
    start = node.get("start") or ""
    return {"start": start} if tag == "ol" and start.isascii() and start.isdigit() and len(start) < 7 else {}


def image_attributes(node: HtmlElement, url: str) -> dict[str, str]:
    """The picture at `url` as the element describes it."""
    sizes = {name: size for name in ("width", "height") if (size := pixels(node.get(name)))}
    title = squeeze(node.get("title"))[:300]
    return {"src": url, "alt": squeeze(node.get("alt"))[:1000], **sizes, **({"title": title} if title else {})}


def link_url(href: str | None, base: str | None) -> str | None:
    """Where a link may lead: http, https or mailto, absolute; None for anything else, a place on the page included."""
    if not href:
        return None
    href = href.strip()
    if href[:7].lower() == "mailto:":
        address = href[7:].strip()
        return f"mailto:{address}" if re.fullmatch(r"[\w.+%-]+@[\w.-]+(?:\?[\w=&%.+-]*)?", address, re.ASCII) else None
    return None if href.startswith("#") else http_url(href, base)


def spans(cell: HtmlElement) -> dict[str, str]:
    """How many columns and rows a cell takes, where it is more than one."""
    attributes = {}
    for name in ("colspan", "rowspan"):
        value = cell.get(name) or ""
        if value.isascii() and value.isdigit() and 1 < int(value[:6]) <= _SPAN_LIMIT:
            attributes[name] = str(int(value))
    return attributes


_CAPTIONED, _CAPTION = "wp-caption", "wp-caption-text"
"""How WordPress wrote figures before HTML had them, and still does in old posts."""

_CELL_HOLDERS = {"thead", "tbody", "tfoot"}

MAX_ELEMENTS = 20_000
"""Elements that are looked at; what comes after is left out. The longest real articles have 10,000."""


MAIN_CELL = 0.6
MAIN_WORDS = 80
MAIN_PARTS = 3
"""Share of a table's words, their number, and paragraphs from which a cell is the column of text of a page."""


def lays_out(table: HtmlElement) -> bool:
    """Whether a table arranges a page, and holds no data: it says so, has another in it, the page's headline, or a
    cell that is a column of text.
    """
    if (table.get("role") or "").lower() in ("presentation", "none"):
        return True
    if table.find(".//table") is not None or table.find(".//h1") is not None:
        return True
    cells = [(words, cell) for cell in table.iter("td") if (words := len(text_of(cell).split()))]
    words, main = max(cells, key=lambda each: each[0], default=(0, None))
    if main is None or words < MAIN_WORDS or words < MAIN_CELL * sum(count for count, _ in cells):
        return False
    return sum(1 for part in main.iter("p", "h2", "h3", "h4", "ul", "ol", "pre") if text_of(part)) >= MAIN_PARTS


def rewrite(
    root: HtmlElement, base: str | None, skip: Collection[HtmlElement] = (), muted: Collection[HtmlElement] = ()
) -> HtmlElement:
    """A `div` with what `root` holds, rewritten; elements in `skip` are left out with all they hold, and
    the own text of those in `muted` is (that of block-level elements inside them stays).

    `base` is what relative addresses are relative to.
    """
    target = Element("div")
    writer = _Writer(target, base, skip, muted)
    writer.children(root, 0)
    writer.finish()
    return target


class _Writer:
    """Walks the old tree and has the pen write the new one."""

    def __init__(
        self, target: HtmlElement, base: str | None, skip: Collection[HtmlElement], muted: Collection[HtmlElement]
    ) -> None:
        self._pen = HtmlWriter(target)
        self._budget = MAX_ELEMENTS
        self._base = base
        self._skip = skip
        self._muted = muted
        self._quiet = False  # whether the text of the block that we are in is left out
        self._last_image: str | None = None

    def finish(self) -> None:
        self._pen.end_run()

    # --- walking ---------------------------------------------------------------------------------------------------

    def children(self, node: HtmlElement, depth: int) -> None:
        quiet = self._quiet
        if node.tag not in RUNNING:
            self._quiet = node in self._muted
        self._children(node, depth)
        self._quiet = quiet

    def _children(self, node: HtmlElement, depth: int) -> None:
        self._text(node.text)
        for child in node:
            if is_element(child) and child not in self._skip:
                if depth < MAX_DEPTH:
                    self._element(child, depth + 1)
                else:
                    self._flattened(child)
            self._text(child.tail)

    def _text(self, text: str | None) -> None:
        if text and not self._quiet and self._budget >= 0:
            self._pen.text(visible(text))

    def _flattened(self, node: HtmlElement) -> None:
        for part in node.iter():
            if is_element(part) and part.tag not in DROPPED:
                self._text(part.text)
            if part is not node:
                self._text(part.tail)

    def _element(self, node: HtmlElement, depth: int) -> None:
        tag = str(node.tag).lower()
        self._budget -= 1
        if self._budget < 0 or tag in DROPPED:
            return
        if tag in INLINE:
            self._inline_element(INLINE[tag], node, depth)
        elif tag in ("span", "font") and direction(node):
            self._inline_element("bdi", node, depth)
        else:
            outer = self._turn(node)
            self._block_element(tag, node, depth)
            self._pen.direction = outer

    def _turn(self, node: HtmlElement) -> str | None:
        """Have what is written from now on run as the element says; how it ran before."""
        before = self._pen.direction
        self._pen.direction = direction(node) or before
        return before

    def _block_element(self, tag: str, node: HtmlElement, depth: int) -> None:
        if tag in EMBEDS:
            self._embed(node)
        elif tag in ("img", "amp-img", "image"):
            self._image(node)
        elif tag in ("br", "hr"):
            self._mark(tag)
        elif tag == "div" and _CAPTIONED in _classes(node):
            self._figure(node, depth)
        elif tag in BLOCKS or tag in ("dir", "menu"):
            self._kept_block(tag, node, depth)
        elif tag in LAYOUT:
            # For browsers without scripts: a lazy image's real self counts, a request to switch them on does not.
            if tag != "noscript" or node.find(".//img") is not None:
                self._arranged(node, depth)
        else:
            self.children(node, depth)

    def _mark(self, tag: str) -> None:
        if tag == "hr":
            self._pen.rule()
        elif not self._quiet:
            self._pen.line_break()

    def _arranged(self, node: HtmlElement, depth: int) -> None:
        self._pen.end_run()
        self.children(node, depth)
        self._pen.end_run()

    def _kept_block(self, tag: str, node: HtmlElement, depth: int) -> None:
        if tag == "pre":
            self._code_block(node)
        elif tag in ("ul", "ol", "dir", "menu"):
            self._list("ol" if tag == "ol" else "ul", node, depth)
        elif tag == "dl":
            self._definitions(node, depth)
        elif tag == "table":
            self._table(node, depth)
        elif tag == "figure":
            self._figure(node, depth)
        elif tag == "p" or tag in HEADINGS:
            self._simple_block(tag, node, depth)
        else:
            self._in_block(tag, {}, node, depth, wrap=True)

    def _simple_block(self, tag: str, node: HtmlElement, depth: int) -> None:
        """A paragraph or a heading: holds inline content only, in the new tree."""
        if self._pen.block.tag in HEADINGS or self._pen.block.tag in ("p", "figcaption", "caption", "dt"):
            self._arranged(node, depth)
            return
        if tag == "p":
            # `wrap` makes paragraphs by itself, also inside list items and cells that hold several.
            wrapped, self._pen.wrap = self._pen.wrap, True
            self._arranged(node, depth)
            self._pen.wrap = wrapped
            return
        self._in_block(tag, {}, node, depth, wrap=False)

    def _in_block(self, tag: str, attributes: Mapping[str, str], node: HtmlElement, depth: int, *, wrap: bool) -> None:
        turned = self._turn(node)
        outer = self._pen.open(tag, attributes, wrap=wrap)
        self.children(node, depth)
        self._pen.close(outer)
        self._pen.direction = turned

    # --- blocks ----------------------------------------------------------------------------------------------------

    def _list(self, tag: str, node: HtmlElement, depth: int) -> None:
        outer = self._pen.open(tag, list_attributes(tag, node), wrap=False)
        for child in node:
            if not is_element(child) or child in self._skip or child.tag in DROPPED:
                continue
            # Whatever stands in a list is an item of it: a list without `li` is common in old pages.
            self._budget -= 1
            if self._budget < 0:
                break
            turned = self._turn(child)
            item = self._pen.open("li", {}, wrap=False)
            if child.tag == "li":
                self.children(child, depth + 1) if depth < MAX_DEPTH else self._flattened(child)
            elif depth < MAX_DEPTH:
                self._element(child, depth + 1)
            self._pen.close(item)
            self._pen.direction = turned
        self._pen.close(outer)

    def _definitions(self, node: HtmlElement, depth: int) -> None:
        outer = self._pen.open("dl", {}, wrap=False)
        groups = [child for child in node if is_element(child) and child not in self._skip]
        for group in groups:
            for child in [group] if group.tag in ("dt", "dd") else group:
                self._budget -= 1
                if self._budget < 0 or depth >= MAX_DEPTH:
                    break
                if is_element(child) and child.tag in ("dt", "dd") and child not in self._skip:
                    self._in_block(str(child.tag), {}, child, depth + 1, wrap=False)
        self._pen.close(outer)

    def _figure(self, node: HtmlElement, depth: int) -> None:
        quote = node.find(".//blockquote")
        around = node.find(".//pre") is not None or node.find(".//table") is not None
        if around or self._pen.block.tag == "figure" or (quote is not None and not is_post(quote)):
            # A figure around code, a table or a quotation is how blogs float them; the thing itself is what counts.
            self._arranged(node, depth)
            return
        outer = self._pen.open("figure", {}, wrap=False)
        self._text(node.text)
        for child in node:
            if is_element(child) and child not in self._skip and depth < MAX_DEPTH:
                if child.tag == "figcaption" or _CAPTION in _classes(child):
                    self._in_block("figcaption", {}, child, depth + 1, wrap=False)
                else:
                    self._element(child, depth + 1)
            self._text(child.tail)
        self._pen.close(outer)

    def _table(self, node: HtmlElement, depth: int) -> None:
        rows = [row for row in node.iter("tr") if next(row.iterancestors("table"), None) is node]
        cells = [[cell for cell in row if is_element(cell) and cell.tag in ("td", "th")] for row in rows]
        if self._holds_layout(node, cells) or depth + 4 >= MAX_DEPTH:
            self._arranged(node, depth)
        else:
            self._data_table(node, rows, cells, depth)

    def _holds_layout(self, node: HtmlElement, cells: list[list[HtmlElement]]) -> bool:
        widest = max(map(len, cells), default=0)
        return widest < 2 or lays_out(node) or self._pen.block.tag in (*HEADINGS, "td", "th", "dt", "figcaption")

    def _data_table(
        self, node: HtmlElement, rows: list[HtmlElement], cells: list[list[HtmlElement]], depth: int
    ) -> None:
        outer = self._pen.open("table", {}, wrap=False)
        caption = node.find("caption")
        if caption is not None and caption not in self._skip:
            self._in_block("caption", {}, caption, depth + 1, wrap=False)
        section, section_outer = "", None
        for row, row_cells in zip(rows, cells, strict=True):
            parent = row.getparent()
            name = str(parent.tag) if parent is not None and parent.tag in _CELL_HOLDERS else "tbody"
            if row in self._skip or not row_cells:
                continue
            if name != section:
                if section_outer:
                    self._pen.close(section_outer)
                section, section_outer = name, self._pen.open(name, {}, wrap=False)
            row_outer = self._pen.open("tr", {}, wrap=False)
            for cell in row_cells:
                self._budget -= 1
                if cell not in self._skip and self._budget >= 0:
                    self._in_block(str(cell.tag), spans(cell), cell, depth + 4, wrap=False)
            self._pen.close(row_outer)
        if section_outer:
            self._pen.close(section_outer)
        self._pen.close(outer)

    def _code_block(self, node: HtmlElement) -> None:
        """`pre`: the text to the letter, in one `code` element when the page says it is code."""
        if node in self._muted:
            return
        text = code_text(node, self._skip)
        if not text.strip():
            return
        self._pen.end_run()
        if self._pen.block.tag in HEADINGS or self._pen.block.tag in ("dt", "caption", "figcaption"):
            self._text(text)
            return
        block = self._pen.begin("pre")
        code = node if node.get("class") else next(node.iterdescendants("code"), node)
        language = language_class(f"{node.get('class') or ''} {code.get('class') or ''}")
        if language or node.find(".//code") is not None:
            block = SubElement(block, "code", language)
        block.text = text

    # --- inline ----------------------------------------------------------------------------------------------------

    def _inline_element(self, tag: str, node: HtmlElement, depth: int) -> None:
        attributes = None if self._quiet else inline_attributes(tag, node, self._base)
        if attributes is None or self._pen.is_open(tag):
            self.children(node, depth)
            return
        self._pen.push(tag, attributes)
        self.children(node, depth)
        self._pen.pop()

    def _image(self, node: HtmlElement) -> None:
        url = image_url(node, self._base)
        if url is None or url == self._last_image:
            return  # a <noscript> copy of a lazy image stands right behind it
        self._last_image = url
        self._pen.put("img", image_attributes(node, url))

    def _embed(self, node: HtmlElement) -> None:
        link = embed_link(node, self._base)
        if link is None:
            return
        wrap = self._pen.block.tag in ("div", "blockquote", "li", "td", "dd")
        self._pen.link_alone(*link, wrap=wrap)


def _classes(node: HtmlElement) -> list[str]:
    return (node.get("class") or "").split()

"""An lxml tree -> a new tree that holds an article's structure and nothing else.

The new tree is built element by element from a short list of what is allowed, so nothing gets in by being overlooked.
Layout (div, section, span, font, tables used for columns) dissolves into paragraphs; headings, lists, tables, quotes,
figures, code and links stay. This module makes things readable; `clean` has the last word on what is safe.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from lxml.etree import SubElement, _Element
from lxml.html import Element, HtmlElement

from aggregator.scrape.blocks import INLINE as RUNNING
from aggregator.scrape.dom import MAX_DEPTH, is_element
from aggregator.scrape.media import EMBEDS, embed_link, image_url, pixels
from aggregator.urls import http_url

DROPPED = frozenset(
    {"script", "style", "template", "svg", "math", "head", "title", "meta", "link", "base", "noframes", "frameset",
     "frame", "applet", "canvas", "map", "area", "dialog", "datalist", "select", "option", "optgroup", "input",
     "textarea", "button", "progress", "meter", "keygen", "portal", "slot", "colgroup", "col", "rp", "xml"}
)  # fmt: skip
"""Elements that go with all they hold."""

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
BLOCKS = HEADINGS | frozenset({"p", "blockquote", "ul", "ol", "dl", "figure", "table", "pre"})
"""Blocks that are kept as what they are."""

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

_APART = BLOCKS | {"br", "hr", "li", "figcaption", "img"}
_CELL_HOLDERS = {"thead", "tbody", "tfoot"}
_SPACE = re.compile(r"[ \t\n\r\f]+")
_LANGUAGE_CLASS = re.compile(r"(?:^|\s)(?:language|lang|brush|highlight-source)[-:]\s*([a-zA-Z0-9+#_.-]{1,20})")
_GUTTER = re.compile(r"(?:^|[\s_-])(?:gutter|lineno|linenos|line-?numbers?|blob-num|code-?line-?number)(?:$|[\s_-])")
MAX_ELEMENTS = 20_000
"""Elements that are looked at; what comes after is left out. The longest real articles have 10,000."""

_SPAN_LIMIT = 100
"""Largest colspan or rowspan that is kept; browsers stop at 1,000."""


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
    writer.end_run()
    return target


class _Writer:
    """Where we stand in the new tree: the block that is being filled, and the inline elements that are open."""

    def __init__(
        self, target: HtmlElement, base: str | None, skip: Collection[HtmlElement], muted: Collection[HtmlElement]
    ) -> None:
        self._block: _Element = target
        self._wrap = True  # whether loose text in the block gets a paragraph of its own
        self._run: _Element | None = None  # the element that takes inline content now
        self._cursor: _Element | None = None
        self._inline: list[tuple[str, dict[str, str]]] = []
        self._buffer: list[str] = []  # text for the end of the cursor
        self._space = False  # white space seen, not yet written
        self._budget = MAX_ELEMENTS
        self._base = base
        self._skip = skip
        self._muted = muted
        self._quiet = False  # whether the text of the block that we are in is left out
        self._last_image: str | None = None

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

    def _flattened(self, node: HtmlElement) -> None:
        for part in node.iter():
            if is_element(part) and part.tag not in DROPPED:
                self._text(part.text)
            if part is not node:
                self._text(part.tail)

    def _element(self, node: HtmlElement, depth: int) -> None:
        tag = str(node.tag).lower()
        self._budget -= 1
        if tag in DROPPED or self._budget < 0:
            return
        if tag in EMBEDS:
            self._embed(node)
        elif tag in ("img", "amp-img", "image"):
            self._image(node)
        elif tag == "br":
            self._break()
        elif tag == "hr":
            self._rule()
        elif tag == "noscript":
            # What is shown to browsers without scripts: a lazy image's real self, or a request to switch them on.
            self._arranged(node, depth) if node.find(".//img") is not None else None
        elif tag in BLOCKS or tag in ("dir", "menu"):
            self._kept_block(tag, node, depth)
        elif tag in LAYOUT:
            self._arranged(node, depth)
        elif tag in INLINE:
            self._inline_element(INLINE[tag], node, depth)
        else:
            self.children(node, depth)

    def _arranged(self, node: HtmlElement, depth: int) -> None:
        self.end_run()
        self.children(node, depth)
        self.end_run()

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
        if self._block.tag in HEADINGS or self._block.tag in ("p", "figcaption", "caption", "dt"):
            self._arranged(node, depth)
            return
        if tag == "p":
            # `wrap` makes paragraphs by itself, also inside list items and cells that hold several.
            wrapped, self._wrap = self._wrap, True
            self._arranged(node, depth)
            self._wrap = wrapped
            return
        self._in_block(tag, {}, node, depth, wrap=False)

    def _in_block(self, tag: str, attributes: Mapping[str, str], node: HtmlElement, depth: int, *, wrap: bool) -> None:
        outer = self._open(tag, attributes, wrap=wrap)
        self.children(node, depth)
        self._close(outer)

    def _open(self, tag: str, attributes: Mapping[str, str], *, wrap: bool) -> tuple[_Element, bool]:
        self.end_run()
        outer = (self._block, self._wrap)
        self._block = SubElement(self._block, tag, dict(attributes))
        self._wrap = wrap
        return outer

    def _close(self, outer: tuple[_Element, bool]) -> None:
        self.end_run()
        block = self._block
        self._block, self._wrap = outer
        if _last(block) is None and not (block.text or "").strip() and block.tag not in ("td", "th"):
            self._block.remove(block)

    # --- blocks ----------------------------------------------------------------------------------------------------

    def _list(self, tag: str, node: HtmlElement, depth: int) -> None:
        start = node.get("start") or ""
        attributes = {"start": start} if tag == "ol" and start.isascii() and start.isdigit() and len(start) < 7 else {}
        outer = self._open(tag, attributes, wrap=False)
        for child in node:
            if not is_element(child) or child in self._skip or child.tag in DROPPED:
                continue
            # Whatever stands in a list is an item of it: a list without `li` is common in old pages.
            self._budget -= 1
            if self._budget < 0:
                break
            item = self._open("li", {}, wrap=False)
            if child.tag == "li":
                self.children(child, depth + 1) if depth < MAX_DEPTH else self._flattened(child)
            elif depth < MAX_DEPTH:
                self._element(child, depth + 1)
            self._close(item)
        self._close(outer)

    def _definitions(self, node: HtmlElement, depth: int) -> None:
        outer = self._open("dl", {}, wrap=False)
        groups = [child for child in node if is_element(child) and child not in self._skip]
        for group in groups:
            for child in [group] if group.tag in ("dt", "dd") else group:
                self._budget -= 1
                if self._budget < 0 or depth >= MAX_DEPTH:
                    break
                if is_element(child) and child.tag in ("dt", "dd") and child not in self._skip:
                    self._in_block(str(child.tag), {}, child, depth + 1, wrap=False)
        self._close(outer)

    def _figure(self, node: HtmlElement, depth: int) -> None:
        if node.find(".//pre") is not None or node.find(".//table") is not None or self._block.tag == "figure":
            # A figure around code or a table is how blogs float them; the thing itself is what counts.
            self._arranged(node, depth)
            return
        outer = self._open("figure", {}, wrap=False)
        self._text(node.text)
        for child in node:
            if is_element(child) and child not in self._skip and depth < MAX_DEPTH:
                if child.tag == "figcaption":
                    self._in_block("figcaption", {}, child, depth + 1, wrap=False)
                else:
                    self._element(child, depth + 1)
            self._text(child.tail)
        self._close(outer)

    def _table(self, node: HtmlElement, depth: int) -> None:
        rows = [row for row in node.iter("tr") if next(row.iterancestors("table"), None) is node]
        cells = [[cell for cell in row if is_element(cell) and cell.tag in ("td", "th")] for row in rows]
        if _code_table(cells):
            self._arranged(cells[0][-1], depth)
        elif self._holds_layout(node, cells) or depth + 4 >= MAX_DEPTH:
            self._arranged(node, depth)
        else:
            self._data_table(node, rows, cells, depth)

    def _holds_layout(self, node: HtmlElement, cells: list[list[HtmlElement]]) -> bool:
        widest = max(map(len, cells), default=0)
        return (
            widest < 2
            or node.find(".//table") is not None
            or self._block.tag in (*HEADINGS, "td", "th", "dt", "figcaption")
        )

    def _data_table(
        self, node: HtmlElement, rows: list[HtmlElement], cells: list[list[HtmlElement]], depth: int
    ) -> None:
        outer = self._open("table", {}, wrap=False)
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
                    self._close(section_outer)
                section, section_outer = name, self._open(name, {}, wrap=False)
            row_outer = self._open("tr", {}, wrap=False)
            for cell in row_cells:
                self._budget -= 1
                if cell not in self._skip and self._budget >= 0:
                    self._in_block(str(cell.tag), _spans(cell), cell, depth + 4, wrap=False)
            self._close(row_outer)
        if section_outer:
            self._close(section_outer)
        self._close(outer)

    def _code_block(self, node: HtmlElement) -> None:
        """`pre`: the text to the letter, in one `code` element when the page says it is code."""
        if node in self._muted:
            return
        text = code_text(node, self._skip)
        if not text.strip():
            return
        self.end_run()
        if self._block.tag in HEADINGS or self._block.tag in ("dt", "caption", "figcaption"):
            self._text(text)
            return
        block = SubElement(self._block, "pre")
        code = node if node.get("class") else next(node.iterdescendants("code"), node)
        language = _LANGUAGE_CLASS.search(f"{node.get('class') or ''} {code.get('class') or ''}")
        if language or node.find(".//code") is not None:
            block = SubElement(block, "code", {"class": f"language-{language[1].lower()}"} if language else {})
        block.text = text

    # --- inline ----------------------------------------------------------------------------------------------------

    def _inline_element(self, tag: str, node: HtmlElement, depth: int) -> None:
        attributes = None if self._quiet else self._inline_attributes(tag, node)
        if attributes is None or any(tag == name for name, _ in self._inline):
            self.children(node, depth)
            return
        self._inline.append((tag, attributes))
        self._cursor_down(len(self._inline) - 1)
        self.children(node, depth)
        self._inline.pop()
        self._cursor_up(tag)

    def _inline_attributes(self, tag: str, node: HtmlElement) -> dict[str, str] | None:
        if tag == "a":
            href = link_url(node.get("href"), self._base)
            return {"href": href} if href else None
        if tag == "time" and node.get("datetime"):
            return {"datetime": node.get("datetime", "")[:40]}
        if tag == "abbr" and node.get("title"):
            return {"title": node.get("title", "")[:300]}
        if tag in ("bdo", "bdi") and node.get("dir") in ("ltr", "rtl"):
            return {"dir": node.get("dir", "")}
        if tag == "code" and (match := _LANGUAGE_CLASS.search(node.get("class") or "")):
            return {"class": f"language-{match[1].lower()}"}
        return {}

    def _cursor_down(self, level: int) -> None:
        """Open the inline elements from `level` on, if a run is open; otherwise they open with it."""
        if self._run is None:
            return
        for tag, attributes in self._inline[level:]:
            if self._space:
                self._append(" ")
                self._space = False
            self._cursor = SubElement(self._flush(), tag, attributes)

    def _cursor_up(self, tag: str) -> None:
        if self._run is None or self._cursor is None or self._cursor is self._run:
            return
        closed = self._flush()
        self._cursor = closed.getparent()
        assert closed.tag == tag
        if _last(closed) is None and not closed.text:
            _remove(closed)

    def _start_run(self) -> None:
        if self._run is not None:
            return
        self._run = SubElement(self._block, "p") if self._wrap else self._block
        if not self._wrap and _ends_inline(self._block):
            SubElement(self._block, "br")
        self._cursor = self._run
        self._space = False
        self._cursor_down(0)

    def end_run(self) -> None:
        """Close the paragraph, or whatever takes inline content, and drop it when it came to nothing."""
        run = self._run
        if run is not None:
            self._flush()
        self._run = self._cursor = None
        self._space = False
        if run is None:
            return
        _trim_end(run)
        if run is not self._block and _last(run) is None and not run.text:
            _remove(run)

    def _text(self, text: str | None) -> None:
        if not text or self._quiet or self._budget < 0:
            return
        words = _SPACE.sub(" ", text)
        if self._run is None:
            words = words.lstrip(" ")
            if not words:
                return
            self._start_run()
        starts, body, ends = words.startswith(" "), words.strip(" "), words.endswith(" ")
        if starts:
            self._space = True
        if not body:
            return
        self._append((" " if self._space else "") + body)
        self._space = ends

    def _append(self, text: str) -> None:
        if not self._buffer and self._at_start():
            text = text.lstrip(" ")
        self._buffer.append(text)

    def _flush(self) -> _Element:
        """Write what was appended, at once (piece by piece it would cost the square of its length)."""
        cursor = self._cursor
        assert cursor is not None
        if self._buffer:
            text = "".join(self._buffer)
            self._buffer.clear()
            last = _last(cursor)
            if last is not None:
                last.tail = (last.tail or "") + text
            else:
                cursor.text = (cursor.text or "") + text
        return cursor

    def _at_start(self) -> bool:
        """Whether nothing has been written in the run yet, or only a line break."""
        cursor = self._cursor
        assert cursor is not None
        last = _last(cursor)
        if last is not None:
            return not last.tail and (last.tag == "br" or (cursor is self._run and last.tag in BLOCKS))
        return not cursor.text and cursor is self._run

    def _break(self) -> None:
        if self._run is None or self._cursor is None or self._quiet:
            return
        cursor = self._flush()
        last = _last(cursor)
        if self._wrap and last is not None and last.tag == "br" and not (last.tail or "").strip():
            # Two breaks in a row are how old pages write a new paragraph.
            self.end_run()
        elif not self._at_start():
            SubElement(cursor, "br")
            self._space = False

    def _rule(self) -> None:
        self.end_run()
        if self._wrap:
            SubElement(self._block, "hr")

    def _image(self, node: HtmlElement) -> None:
        url = image_url(node, self._base)
        if url is None or url == self._last_image:
            return  # a <noscript> copy of a lazy image stands right behind it
        self._last_image = url
        self._start_run()
        if self._space:
            self._append(" ")
            self._space = False
        image = SubElement(self._flush(), "img", {"src": url, "alt": " ".join((node.get("alt") or "").split())[:1000]})
        for name in ("width", "height"):
            if size := pixels(node.get(name)):
                image.set(name, size)
        if title := " ".join((node.get("title") or "").split()):
            image.set("title", title[:300])

    def _embed(self, node: HtmlElement) -> None:
        link = embed_link(node, self._base)
        if link is None:
            return
        self.end_run()
        outer = self._inline
        self._inline = []
        wrapped, self._wrap = self._wrap, self._block.tag in ("div", "blockquote", "li", "td", "dd")
        self._start_run()
        SubElement(self._flush(), "a", {"href": link[0]}).text = link[1]
        self.end_run()
        self._inline, self._wrap = outer, wrapped


def link_url(href: str | None, base: str | None) -> str | None:
    """Where a link may lead: http, https or mailto, absolute; None for anything else, a place on the page included."""
    if not href:
        return None
    href = href.strip()
    if href[:7].lower() == "mailto:":
        address = href[7:].strip()
        return f"mailto:{address}" if re.fullmatch(r"[\w.+%-]+@[\w.-]+(?:\?[\w=&%.+-]*)?", address, re.ASCII) else None
    return None if href.startswith("#") else http_url(href, base)


def code_text(node: HtmlElement, skip: Collection[HtmlElement] = ()) -> str:
    """The text of `pre` as a person would copy it: line breaks where the page shows them, no line numbers."""
    parts: list[str] = []
    _collect_code(node, parts, skip, 0)
    text = "".join(parts).replace("\r\n", "\n").replace("\xa0", " ")
    return "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))


def _collect_code(node: HtmlElement, parts: list[str], skip: Collection[HtmlElement], depth: int) -> None:
    parts.append(node.text or "")
    for child in node:
        if is_element(child) and child not in skip and child.tag not in DROPPED and depth < MAX_DEPTH:
            _collect_code_child(child, parts, skip, depth)
        parts.append(child.tail or "")


def _collect_code_child(child: HtmlElement, parts: list[str], skip: Collection[HtmlElement], depth: int) -> None:
    if child.tag == "br":
        parts.append("\n")
        return
    if _GUTTER.search(child.get("class") or ""):
        return
    own_line = child.tag in ("div", "p", "li", "tr")
    if own_line and parts and not "".join(parts[-2:]).endswith("\n"):
        parts.append("\n")
    _collect_code(child, parts, skip, depth + 1)
    if own_line and not "".join(parts[-2:]).endswith("\n"):
        parts.append("\n")


def _code_table(cells: list[list[HtmlElement]]) -> bool:
    """Whether the table is what a highlighter makes of code: one row, numbers on the left, `pre` on the right."""
    return (
        len(cells) == 1
        and len(cells[0]) == 2
        and cells[0][1].find(".//pre") is not None
        and not re.sub(r"[\d\s]+", "", "".join(cells[0][0].itertext()))
    )


def _spans(cell: HtmlElement) -> dict[str, str]:
    attributes = {}
    for name in ("colspan", "rowspan"):
        value = cell.get(name) or ""
        if value.isascii() and value.isdigit() and 1 < int(value[:6]) <= _SPAN_LIMIT:
            attributes[name] = str(int(value))
    return attributes


def _trim_end(run: _Element) -> None:
    """Take white space and line breaks from the end of a paragraph."""
    while (last := _last(run)) is not None:
        last.tail = (last.tail or "").rstrip(" ") or None
        if last.tail or last.tag != "br":
            return
        run.remove(last)
    run.text = (run.text or "").rstrip(" ") or None


def _ends_inline(block: _Element) -> bool:
    """Whether text added to `block` would run into text that stands there."""
    last = _last(block)
    return bool(block.text) if last is None else bool(last.tail) or last.tag not in _APART


def _last(node: _Element) -> _Element | None:
    """The last child; unlike `len`, it does not walk all the others."""
    try:
        return node[-1]
    except IndexError:
        return None


def _remove(node: _Element) -> None:
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)

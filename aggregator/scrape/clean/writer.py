"""Writing a new tree: blocks, and runs of text with inline elements in them, white space put in order.

Inline elements may be open while blocks begin and end (`<b><p>...`): they are opened again in each run of text, as a
browser would, and vanish where there is no text for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from lxml.etree import SubElement, _Element
from lxml.html import HtmlElement

from aggregator.scrape.dom import HEADINGS

BLOCKS = HEADINGS | frozenset({"p", "blockquote", "ul", "ol", "dl", "figure", "table", "pre"})
"""Blocks that are kept as what they are."""

_APART = BLOCKS | {"br", "hr", "li", "figcaption", "img"}
_SPACE = re.compile(r"[ \t\n\r\f]+")
_UNEVEN = ("  ", "\n", "\t", "\r", "\f")
"""What `_SPACE` finds, besides a single blank: quicker to look for."""


class HtmlWriter:
    """Where we stand in the new tree: the block that is being filled, and the inline elements that are open.

    `wrap` says whether loose text in the block gets a paragraph of its own; `direction` which way the text runs that is
    written now (`ltr`, `rtl`, `auto`; None: as around it): a block says so where it differs from what holds it.
    """

    def __init__(self, target: HtmlElement) -> None:
        self.block: _Element = target
        self.wrap = True
        self.direction: str | None = None
        self._in_force: str | None = None  # the direction of the block
        self._run: _Element | None = None  # the element that takes inline content now
        self._cursor: _Element | None = None
        self._inline: list[tuple[str, dict[str, str]]] = []
        self._buffer: list[str] = []  # text for the end of the cursor
        self._space = False  # white space seen, not yet written

    def open(self, tag: str, attributes: Mapping[str, str], *, wrap: bool) -> tuple[_Element, bool, str | None]:
        self.end_run()
        outer = (self.block, self.wrap, self._in_force)
        self.block = self.begin(tag, attributes)
        self.wrap = wrap
        self._in_force = self.direction or self._in_force
        return outer

    def begin(self, tag: str, attributes: Mapping[str, str] = MappingProxyType({})) -> _Element:
        """A new block in the present one, which stays the one that is filled."""
        runs = {"dir": self.direction} if self.direction and self.direction != self._in_force else {}
        return SubElement(self.block, tag, {**attributes, **runs})

    def close(self, outer: tuple[_Element, bool, str | None]) -> None:
        self.end_run()
        block = self.block
        self.block, self.wrap, self._in_force = outer
        if _last(block) is None and not (block.text or "").strip() and block.tag not in ("td", "th"):
            self.block.remove(block)

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
        if run is not self.block and _last(run) is None and not run.text:
            _remove(run)

    def text(self, text: str | None) -> None:
        if not text:
            return
        words = _SPACE.sub(" ", text) if any(map(text.__contains__, _UNEVEN)) else text
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

    def line_break(self) -> None:
        if self._run is None or self._cursor is None:
            return
        cursor = self._flush()
        last = _last(cursor)
        if self.wrap and last is not None and last.tag == "br" and not (last.tail or "").strip():
            # Two breaks in a row are how old pages write a new paragraph.
            self.end_run()
        elif not self._at_start():
            SubElement(cursor, "br")
            self._space = False

    def rule(self) -> None:
        self.end_run()
        if self.wrap:
            SubElement(self.block, "hr")

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
        self._run = self.begin("p") if self.wrap else self.block
        if not self.wrap and _ends_inline(self.block):
            SubElement(self.block, "br")
        self._cursor = self._run
        self._space = False
        self._cursor_down(0)

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

    def is_open(self, tag: str) -> bool:
        """Whether we are inside an inline `tag`."""
        return any(tag == name for name, _ in self._inline)

    def push(self, tag: str, attributes: dict[str, str]) -> None:
        """Open an inline element."""
        self._inline.append((tag, attributes))
        self._cursor_down(len(self._inline) - 1)

    def pop(self) -> None:
        """Close the inline element that was opened last."""
        self._cursor_up(self._inline.pop()[0])

    def put(self, tag: str, attributes: dict[str, str]) -> _Element:
        """Write an element without content into the run, and give it back."""
        self._start_run()
        if self._space:
            self._append(" ")
            self._space = False
        return SubElement(self._flush(), tag, attributes)

    def link_alone(self, href: str, text: str, *, wrap: bool) -> None:
        """Write a link as a run of its own, outside all open inline elements."""
        self.end_run()
        inline, self._inline = self._inline, []
        wrapped, self.wrap = self.wrap, wrap
        self.put("a", {"href": href}).text = text
        self.end_run()
        self._inline, self.wrap = inline, wrapped


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

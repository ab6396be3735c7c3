"""Clean article HTML -> the text of it, as paragraphs separated by a blank line.

Made for what `clean` gives; anything else comes out as its text too, only less well divided.
"""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from aggregator.scrape.dom import HEADINGS, MAX_DEPTH, is_element, parse

_BLOCKS = HEADINGS | {
    "p", "blockquote", "ul", "ol", "dl", "dt", "dd", "figure", "figcaption", "table", "caption", "hr",
    "div", "section", "article", "body", "html",
}  # fmt: skip
"""What begins a new paragraph: the blocks of clean HTML, and those that only arrange in any other."""

_SKIPPED = frozenset({"script", "style", "template", "noscript", "head", "svg"})
_SPACE = re.compile(r"[ \t\n\r\f\xa0]+")
_CAPTION = re.compile(r"(?s)<figcaption>.*?</figcaption>")


def running_text(html: str) -> str:
    """`to_text` of an article's clean HTML without the captions of its figures, which interrupt what is read."""
    return to_text(_CAPTION.sub("", html))


def to_text(html: str) -> str:
    """The text of `html`: a paragraph, heading, caption, table or list each on its own, a blank line between them.

    List items stand on lines of their own after `- `, table rows on lines with ` | ` between the cells, code as it is.
    """
    tree = parse(f"<!doctype html><html><body>{html}</body></html>") if html.strip() else None
    return text_of_tree(tree) if tree is not None else ""


def text_of_tree(tree: HtmlElement) -> str:
    """As `to_text`, for a parsed tree."""
    parts = _Paragraphs()
    parts.walk(tree, 0)
    parts.flush()
    return "\n\n".join(parts.done)


class _Paragraphs:
    """The paragraphs written so far, and the one being written."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self._line: list[str] = []

    def flush(self) -> None:
        text = _lines("".join(self._line))
        self._line = []
        if text:
            self.done.append(text)

    def walk(self, node: HtmlElement, depth: int) -> None:
        self._line.append(_SPACE.sub(" ", node.text or ""))
        for child in node:
            if is_element(child) and child.tag not in _SKIPPED and depth < MAX_DEPTH:
                self._element(child, depth + 1)
            self._line.append(_SPACE.sub(" ", child.tail or ""))

    def _element(self, node: HtmlElement, depth: int) -> None:
        tag = str(node.tag)
        if tag == "br":
            self._line.append("\n")
        elif tag == "pre":
            self.flush()
            if text := "".join(node.itertext()).strip("\n"):
                self.done.append(text)
        elif tag in ("ul", "ol"):
            self._alone(["\n".join(_item(item, depth) for item in node if is_element(item))])
        elif tag == "tr":
            cells = (_inside(cell, depth) for cell in node if is_element(cell))
            self._line.append("\n" + " | ".join(" ".join(cell.split()) for cell in cells) + "\n")
        elif tag in _BLOCKS:
            self.flush()
            self.walk(node, depth)
            self.flush()
        else:
            self.walk(node, depth)

    def _alone(self, paragraphs: list[str]) -> None:
        self.flush()
        self.done.extend(paragraph for paragraph in paragraphs if paragraph.strip())


def _inside(node: HtmlElement, depth: int) -> str:
    parts = _Paragraphs()
    parts.walk(node, depth + 1)
    parts.flush()
    return "\n".join(parts.done)


def _item(node: HtmlElement, depth: int) -> str:
    text = _inside(node, depth)
    return f"- {text}" if text else ""


def _lines(text: str) -> str:
    return "\n".join(line for raw in text.split("\n") if (line := raw.strip()))

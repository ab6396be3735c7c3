"""Listings: what highlighters make of code, as `pre` with the text that a person would copy.

Whatever box, table or row of elements a highlighter has built, the text comes out to the letter: no line numbers, no
"copy" buttons, a line break where the page shows one. Only invisible characters go, which nobody wants to copy.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable

from lxml.etree import SubElement
from lxml.html import HtmlElement

from aggregator.scrape.dom import MAX_DEPTH, is_element, visible

MAX_LINES = 20_000
"""Lines of one listing; what has more is left as it is."""

_LANGUAGE_CLASS = re.compile(r"(?:^|\s)(?:language|lang|brush|highlight-source)[-:]\s*([a-zA-Z0-9+#_.-]{1,20})")
_GUTTER = re.compile(
    r"(?:^|[\s_-])(?:gutter|lineno|linenos|linenodiv|line-?numbers?|blob-num|code-?line-?number|crayon-nums?|ln-numbers"
    r")(?:$|[\s_-])|(?:^|\s)(?:ln|lnt|lnum)(?:$|\s)"
)
_COPY = re.compile(
    r"(?i)(?:^|[\s_-])(?:copy|clipboard|btn|button|toolbar-item|code-lang|lang-label)(?:$|[\s_-])|copy-?code|copy-?btn|clipboard"
)
_LINE = re.compile(r"(?:^|\s)(?:[\w-]*-)?line(?:$|\s)")
_BOX = re.compile(
    r"(?i)highlight|code|syntax|crayon|enlighter|shiki|hljs|listing|terminal|console|prism|gist|blob|snippet"
)
_NUMBERS = re.compile(r"[\d\s.:|]*")
_NOT_SELECTED = re.compile(r"user-select\s*:\s*none")
_BLOCK_STYLE = re.compile(r"display\s*:\s*(?:block|flex|grid)")
_NOT_TEXT = frozenset({"script", "style", "template", "svg", "math", "button", "textarea", "select"})
_OWN_LINE = frozenset({"div", "p", "li", "tr"})
_LABEL = 24
"""Characters up to which what is named like a button is one."""


def language_class(names: str) -> dict[str, str]:
    """The class attribute that names the language of code, or nothing."""
    match = _LANGUAGE_CLASS.search(names)
    return {"class": f"language-{match[1].lower()}"} if match else {}


def code_text(node: HtmlElement, skip: Collection[HtmlElement] = ()) -> str:
    """The text of `node`, a listing, as a person would copy it: line breaks where the page shows them."""
    lines = _Lines(skip)
    lines.walk(node, 0)
    text = visible("".join(lines.parts).replace("\r\n", "\n").replace("\xa0", " "))
    return text.strip("\n").rstrip()


def write_listings(tree: HtmlElement) -> None:
    """Make a `pre` of each listing in `tree`, in place."""
    _name_listings(tree)
    for table in list(tree.iter("table")):
        if table.getparent() is not None and (parts := _code_cells(table)):
            _become_listing(table, parts)
    _show_sources(tree)
    named = (node for node in tree.iter("div", "span", "li", "code") if "line" in (node.get("class") or ""))
    for box in dict.fromkeys(node.getparent() for node in named):
        if box is not None and box.tag not in ("pre", "p", "body") and (lines := _lines_of(box)):
            _become_listing(box, lines)
    for box, lines in _boxes_of_lines(tree):
        _become_listing(box, lines)
    for listing in tree.iter("pre"):
        if len(listing):
            _flatten(listing)


def _show_sources(tree: HtmlElement) -> None:
    """Put what Crayon keeps as plain text in the place of its table of lines."""
    sources = [area for area in tree.iter("textarea") if "crayon-plain" in (area.get("class") or "")]
    for source in sources:
        for box in source.iterancestors():
            if "crayon-syntax" in (box.get("class") or ""):
                _become_listing(box, [source])
                break


def _boxes_of_lines(tree: HtmlElement) -> list[tuple[HtmlElement, list[HtmlElement]]]:
    """What editors in a page show: a `pre` for each line, side by side, or in boxes with a line's number each."""
    lines = [line for line in tree.iter("pre") if _LINE.search(line.get("class") or "")]
    number = Counter(line.getparent() for line in lines)
    boxes: dict[HtmlElement, list[HtmlElement]] = {}
    for line in lines:
        box = line.getparent()
        if box is not None and number[box] == 1 and box.getparent() is not None:
            box = box.getparent()
        if box is not None:
            boxes.setdefault(box, []).append(line)
    return [(box, lines) for box, lines in boxes.items() if len(lines) > 1 and _holds_only(box, lines)]


def _holds_only(box: HtmlElement, lines: list[HtmlElement]) -> bool:
    known = set(lines)
    children = [child for child in box if is_element(child)]
    return all(child in known or any(inner in known for inner in child) for child in children)


def _name_listings(tree: HtmlElement) -> None:
    for node in list(tree.iter("xmp", "listing", "plaintext")):
        node.tag = "pre"


def _flatten(listing: HtmlElement) -> None:
    """Leave nothing in a `pre` but its text, and the `code` that names its language; pictures and tables stay."""
    if listing.find(".//img") is not None or listing.find(".//table") is not None or listing.find(".//pre") is not None:
        return
    text = code_text(listing)
    coded = next(listing.iter("code"), None)
    names = " ".join(node.get("class") or "" for node in (listing, coded) if node is not None)
    tail = listing.tail
    for child in list(listing):
        listing.remove(child)
    listing.text, listing.tail = text, tail
    if coded is not None:
        listing.text = None
        SubElement(listing, "code", language_class(names)).text = text


def _become_listing(node: HtmlElement, parts: Iterable[HtmlElement]) -> None:
    """Make `node` a `pre` with the text of `parts`, a line each unless they have lines of their own."""
    lines = [part.text or "" if part.tag == "textarea" else code_text_of_line(part) for part in parts]
    names = " ".join(inner.get("class") or "" for inner in (node, *node.iter("code", "pre")))
    tail = node.tail
    for child in list(node):
        node.remove(child)
    node.tag, node.tail = "pre", tail
    node.attrib.clear()
    node.text = None
    text = visible("\n".join(lines).replace("\xa0", " ")).strip("\n").rstrip()
    SubElement(node, "code", language_class(names)).text = text


def code_text_of_line(node: HtmlElement) -> str:
    """The text of one line, or of a listing that is a part of one: white space at its beginning stays."""
    lines = _Lines(())
    lines.walk(node, 0)
    text = "".join(lines.parts).replace("\r\n", "\n")
    return text.strip("\n")


def _code_cells(table: HtmlElement) -> list[HtmlElement]:
    """The cells of `table` that hold code, where it is a listing with its lines numbered in cells beside it."""
    if table.find(".//table") is not None:
        return []
    rows = [[cell for cell in row if is_element(cell) and cell.tag in ("td", "th")] for row in table.iter("tr")]
    if not rows or len(rows) > MAX_LINES or any(len(row) not in (1, 2) for row in rows):
        return []
    if len(rows) == 1:
        row = rows[0]
        numbered = (
            len(row) == 2
            and _numbers(row[0])
            and (row[1].find(".//pre") is not None or bool(_GUTTER.search(row[0].get("class") or "")))
        )
        return [row[-1]] if numbered else []
    if all(len(row) == 2 and _numbers(row[0]) for row in rows):
        named = sum(1 for row in rows if _GUTTER.search(row[0].get("class") or "") or row[0].get("data-line-number"))
        if 2 * named > len(rows):
            return [row[1] for row in rows]
    return []


def _numbers(cell: HtmlElement) -> bool:
    return _NUMBERS.fullmatch("".join(cell.itertext())) is not None


def _lines_of(box: HtmlElement) -> list[HtmlElement]:
    """The elements of `box` with a line of code each, where it is nothing but such lines."""
    children = [child for child in box if is_element(child) and child.tag not in ("br", "script", "style")]
    if not children or (box.text or "").strip() or len(children) > MAX_LINES:
        return []
    if (len(children) == 1 and box.tag in ("code", "span")) or next(box.iterancestors("pre"), None) is not None:
        return []
    if not all(
        child.tag in ("div", "span", "li", "code") and _LINE.search(child.get("class") or "") for child in children
    ):
        return []
    if any((child.tail or "").strip() for child in children):
        return []
    around = (box, *(node for node, _ in zip(box.iterancestors(), range(5), strict=False)))
    named = " ".join(f"{node.get('class') or ''} {node.get('id') or ''}" for node in around)
    return children if _BOX.search(named) else []


class _Lines:
    """The text of a listing, written while walking it. `open`: a line has ended, its break is not yet written."""

    def __init__(self, skip: Collection[HtmlElement]) -> None:
        self.parts: list[str] = []
        self._skip = skip
        self._open = False

    def _write(self, text: str | None) -> None:
        if not text:
            return
        if self._open and not text.startswith(("\n", "\r")):
            self.parts.append("\n")
        self._open = False
        self.parts.append(text)

    def walk(self, node: HtmlElement, depth: int) -> None:
        self._write(node.text)
        for child in node:
            if is_element(child) and child not in self._skip and child.tag not in _NOT_TEXT and depth < MAX_DEPTH:
                self._child(child, depth)
            tail = child.tail
            # A line's own element and the break behind it are one break.
            self._write(tail)

    def _child(self, child: HtmlElement, depth: int) -> None:
        if child.tag == "br":
            self._open = False
            self.parts.append("\n")
            return
        names, style = child.get("class") or "", child.get("style") or ""
        if (_GUTTER.search(names) or _NOT_SELECTED.search(style)) and _numbers(child):
            return
        if names and _COPY.search(names) and len("".join(child.itertext()).strip()) <= _LABEL:
            return
        own_line = child.tag in _OWN_LINE or bool(_LINE.search(names)) or bool(_BLOCK_STYLE.search(style))
        if not own_line:
            self.walk(child, depth + 1)
            return
        if self._open or (self.parts and not self.parts[-1].endswith("\n")):
            self.parts.append("\n")
        self._open = False
        before = len(self.parts)
        self.walk(child, depth + 1)
        written = "".join(self.parts[before:])
        if written.isspace() and "\n" not in written:
            # A blank that gives an empty line its height.
            del self.parts[before:]
        self._open = self._open or len(self.parts) == before or not self.parts[-1].endswith("\n")

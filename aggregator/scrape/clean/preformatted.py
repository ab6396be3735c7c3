"""`pre`: the text of a listing as a person would copy it."""

from __future__ import annotations

import re
from collections.abc import Collection

from lxml.html import HtmlElement

from aggregator.scrape.dom import MAX_DEPTH, is_element

_LANGUAGE_CLASS = re.compile(r"(?:^|\s)(?:language|lang|brush|highlight-source)[-:]\s*([a-zA-Z0-9+#_.-]{1,20})")
_GUTTER = re.compile(r"(?:^|[\s_-])(?:gutter|lineno|linenos|line-?numbers?|blob-num|code-?line-?number)(?:$|[\s_-])")
_NOT_TEXT = frozenset({"script", "style", "template", "svg", "math", "button", "textarea", "select"})


def language_class(names: str) -> dict[str, str]:
    """The class attribute that names the language of code, or nothing."""
    match = _LANGUAGE_CLASS.search(names)
    return {"class": f"language-{match[1].lower()}"} if match else {}


def code_text(node: HtmlElement, skip: Collection[HtmlElement] = ()) -> str:
    """The text of `pre` as a person would copy it: line breaks where the page shows them, no line numbers."""
    parts: list[str] = []
    _collect_code(node, parts, skip, 0)
    text = "".join(parts).replace("\r\n", "\n").replace("\xa0", " ")
    return "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))


def _collect_code(node: HtmlElement, parts: list[str], skip: Collection[HtmlElement], depth: int) -> None:
    parts.append(node.text or "")
    for child in node:
        if is_element(child) and child not in skip and child.tag not in _NOT_TEXT and depth < MAX_DEPTH:
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


def code_table(cells: list[list[HtmlElement]]) -> bool:
    """Whether the table is what a highlighter makes of code: one row, numbers on the left, `pre` on the right."""
    return (
        len(cells) == 1
        and len(cells[0]) == 2
        and cells[0][1].find(".//pre") is not None
        and not re.sub(r"[\d\s]+", "", "".join(cells[0][0].itertext()))
    )

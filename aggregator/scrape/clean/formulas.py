"""Formulas as text: the TeX that a page has beside what it shows, or MathML on one line.

A browser draws MathML; a feed reader mostly does not, and its letters run together (`g^x` as `gx`). Where the page
keeps the TeX source (KaTeX and MathJax do), that is what stays. The tree is changed in place; nothing else in it is.
"""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from aggregator.scrape.dom import MAX_DEPTH, is_element, replace_by_text, squeeze

_TEX = re.compile(r"(?i)\b(?:x-)?(?:la)?tex\b")
_TEX_SCRIPT = re.compile(r"(?i)math/(?:tex|asciimath)")
_DRAWN = ("katex", "mathjax", "mjx", "mwe-math")
"""How the classes and elements begin that scripts draw formulas with, beside their sources."""

_NO_SPACE = frozenset(("", *"()[]{}|,!'\u2061\u2062"))
"""Operators that stand close: brackets, commas, signs that nobody sees."""

_SINGLE = re.compile(r"\w|\d+(?:\.\d+)?|[^\w\s]")


def write_formulas(tree: HtmlElement) -> None:
    """Put each formula's text in its place."""
    sources = [script for script in tree.iter("script") if _TEX_SCRIPT.match(script.get("type") or "")]
    if sources:
        for node in [node for node in tree.iter() if _is_drawn(node)]:
            if node.getparent() is not None and not _is_drawn(node.getparent()):
                replace_by_text(node, "")
    for script in sources:
        replace_by_text(script, script.text or "")
    for math in list(tree.iter("math")):
        if math.getparent() is not None:
            replace_by_text(_whole(math), formula(math))


def formula(math: HtmlElement) -> str:
    """The TeX that `math` states, or what it holds on one line."""
    for note in math.iter("annotation"):
        if _TEX.search(note.get("encoding") or "") and (note.text or "").strip():
            return squeeze(note.text)
    return squeeze(math.get("alttext")) or squeeze(_line(math, 0))


def _whole(math: HtmlElement) -> HtmlElement:
    """The element that shows the formula and nothing else: KaTeX and MathJax draw it again beside the MathML."""
    whole = math
    for node in math.iterancestors():
        if not _is_drawn(node):
            break
        whole = node
    return whole


def _is_drawn(node: HtmlElement) -> bool:
    if not isinstance(node.tag, str):
        return False
    names = (node.get("class") or "").lower().split()
    return node.tag.startswith("mjx-") or any(name.startswith(_DRAWN) for name in names)


def _line(node: HtmlElement, depth: int) -> str:
    if depth > MAX_DEPTH or node.tag in ("annotation", "annotation-xml"):
        return ""
    parts = [_line(child, depth + 1) for child in node if is_element(child)]
    if not parts:
        return squeeze(node.text)
    return _joined(str(node.tag), parts) or "".join(
        f" {part} " if _is_operator(child) else part for part, child in zip(parts, node, strict=False)
    )


def _joined(tag: str, parts: list[str]) -> str:
    """What an element of `tag` makes of its parts; empty where they just follow one another."""
    if tag in ("msup", "mover") and len(parts) == 2:
        return f"{parts[0]}^{_grouped(parts[1])}"
    if tag in ("msub", "munder") and len(parts) == 2:
        return f"{parts[0]}_{_grouped(parts[1])}"
    if tag in ("msubsup", "munderover") and len(parts) == 3:
        return f"{parts[0]}_{_grouped(parts[1])}^{_grouped(parts[2])}"
    if tag == "mfrac" and len(parts) == 2:
        return f"{_grouped(parts[0])}/{_grouped(parts[1])}"
    whole = {"msqrt": f"√{_grouped(''.join(parts))}", "mtr": ", ".join(parts), "mtable": f"[{'; '.join(parts)}]"}
    if tag == "mroot" and len(parts) == 2:
        return f"root({parts[1]}, {parts[0]})"
    if tag in whole:
        return whole[tag]
    return ""


def _is_operator(node: HtmlElement) -> bool:
    """Whether spaces stand around it: a relation or a sum, no bracket, no comma, no sign that cannot be seen."""
    return node.tag == "mo" and squeeze(node.text) not in _NO_SPACE


def _grouped(text: str) -> str:
    return text if _SINGLE.fullmatch(text.strip()) else f"({text.strip()})"

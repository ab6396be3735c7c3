"""HTML text -> an lxml tree that is safe to walk: bounded in depth, in nodes and in attributes.

Parsing is lenient and never raises on bad HTML; it returns None for what holds no element at all. Nothing is made
safe to show here (see clean), and nothing is fetched: no DTD, no entity, no network.

Clean article HTML -> the text of it, as paragraphs separated by a blank line.

Made for what `clean` gives; anything else comes out as its text too, only less well divided.

What is known of a page before it is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TypeGuard

from lxml import etree
from lxml.html import HtmlElement, document_fromstring

from aggregator.models.site_rules import Rule
from aggregator.text.plain import ILLEGAL, legal

MAX_DEPTH = 100
"""Levels of nesting that are walked; below, only the text is taken. Browsers nest up to 512, articles 40."""

MAX_ATTRIBUTES = 500
"""Attributes of one element. libxml2 needs four seconds for 60,000 (quadratic); real elements have under 50."""

MAX_CHARACTERS = 12_000_000
"""Longer pages are cut here: the largest real articles have 3 million characters."""

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

MAX_CODE = 0x110000
_INVISIBLE = dict.fromkeys((0xAD, 0x200B, 0x2060, 0xFEFF))

_REFERENCE = re.compile(r"&#([xX][0-9a-fA-F]{1,8}|[0-9]{1,9});?")

_ONE_CLASS = etree.ElementDefaultClassLookup(element=HtmlElement)
"""lxml.html would ask a function for the class of each element that is touched; one class does for ours."""

_POST_CHARACTERS = 600
"""Characters of text in a `noscript` from which it is no request to switch scripts on."""

_UNLIKELY = frozenset({"button", "svg", "select", "label", "header", "noscript", "symbol", "textarea", "option"})
_ASIDE = frozenset({"nav", "aside", "footer"})
_OF_HEAD = frozenset({"base", "basefont", "bgsound", "link", "meta", "noframes", "noscript", "object", "script",
                      "style", "template", "title"})  # fmt: skip

# A flooded tag as the WHATWG tokenizer sees it; raw text elements and comments come first, so that what looks like a
# tag inside them does not count. Possessive, hence linear: a tag with fewer attributes fails after one look.
_ATTRIBUTE = r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+"""
_FLOOD = re.compile(
    r"<(?:!--[^-]*+(?:-(?!->)[^-]*+)*+|(?P<raw>script|style|textarea|title)\b[^<]*+(?:<(?!/(?P=raw))[^<]*+)*+"
    rf"|(?P<name>[a-zA-Z][^\s/>]*+)(?:{_ATTRIBUTE}){{{MAX_ATTRIBUTES},}}+)",
    re.IGNORECASE,
)


def parse(html: str) -> HtmlElement | None:
    """The document element of `html`, comments and processing instructions taken out; None when it is empty."""
    html = _without_floods(_legal(html[:MAX_CHARACTERS]))
    if not html.strip():
        return None
    try:
        # A parser is not shared: lxml keeps the last error log in it.
        parser = etree.HTMLParser(
            remove_comments=True, remove_pis=True, collect_ids=False, huge_tree=True, encoding="utf-8"
        )
        parser.set_element_class_lookup(_ONE_CLASS)
        tree = document_fromstring(html.encode("utf-8"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    _mend(tree)
    _reveal(tree)
    return tree


def _legal(html: str) -> str:
    """`html` without characters that no document may hold, written out or as numeric references.

    libxml2 would stop at some of them, and hands on others that no tree may be given again.
    """
    html = legal(html)
    if "&#" not in html:
        return html
    # What is taken out may leave another reference behind (`&#&#1;1;`); a blank does not.
    return _without_references(_without_references(html, ""), " ")


def _without_references(html: str, instead: str) -> str:
    def judged(reference: re.Match[str]) -> str:
        digits = reference[1]
        code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
        return reference[0] if code < MAX_CODE and not ILLEGAL.match(chr(code)) else instead

    return _REFERENCE.sub(judged, html)


def _mend(tree: HtmlElement) -> None:
    """Undo what an unclosed tag does in libxml2, where no HTML5 rule ends it: a button that holds the whole article."""
    _end_head(tree)
    for main in tree.iter("main", "article"):
        for ancestor in main.iterancestors():
            if ancestor.tag in _UNLIKELY or (main.tag == "main" and ancestor.tag in _ASIDE):
                ancestor.tag = "div"


def _end_head(tree: HtmlElement) -> None:
    """Move to the body what begins it: libxml2 knows no `article` or `main`, and leaves those of a page without a
    `body` tag in the head (WHATWG HTML, 13.2.6.4.4).
    """
    head = tree.find("head")
    stray = [] if head is None else [node for node in head if isinstance(node.tag, str) and node.tag not in _OF_HEAD]
    if head is None or not stray:
        return
    body = tree.find("body")
    if body is None:
        body = etree.SubElement(tree, "body")
    stray[-1].tail, body.text = (stray[-1].tail or "") + (body.text or "") or None, None
    for place, node in enumerate(stray):
        body.insert(place, node)


def _reveal(tree: HtmlElement) -> None:
    """Count what is shown to browsers without scripts: Blogger and others put the whole post there."""
    for node in list(tree.iter("noscript")):
        text = "".join(node.itertext())
        if len(text) >= _POST_CHARACTERS and node.getparent() is not None and node.getparent().tag != "head":
            node.tag = "div"


def is_element(node: object) -> TypeGuard[HtmlElement]:
    """Whether `node` is an element proper: not a comment, an entity or a processing instruction."""
    return isinstance(node, etree._Element) and isinstance(node.tag, str)


def squeeze(text: str | None) -> str:
    """`text` with each run of white space as one space, trimmed."""
    return " ".join(text.split()) if text else ""


def text_of(node: HtmlElement) -> str:
    """All text inside, on one line."""
    return squeeze(" ".join(node.itertext()))


def visible(text: str) -> str:
    """`text` without characters that nobody sees and a copied hash or name must not have: breaks that are allowed
    inside a word (soft hyphen, zero-width space, word joiner) and stray byte order marks.
    """
    return text if text.isascii() else text.translate(_INVISIBLE)


def replace_by_text(node: HtmlElement, text: str) -> None:
    """Put `text` in the place of `node`; what stands behind it stays."""
    parent = node.getparent()
    if parent is None:
        return
    text += node.tail or ""
    before = node.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + text or None
    else:
        parent.text = (parent.text or "") + text or None
    node.tail = None
    parent.remove(node)


def _without_floods(html: str) -> str:
    return _FLOOD.sub(lambda match: f"<{match['name']}" if match["name"] else match[0], html)


_BLOCKS = HEADINGS | {
    "p", "blockquote", "ul", "ol", "dl", "dt", "dd", "figure", "figcaption", "table", "caption", "hr",
    "div", "section", "article", "body", "html",
}  # fmt: skip
"""What begins a new paragraph: the blocks of clean HTML, and those that only arrange in any other."""

_SKIPPED = frozenset({"script", "style", "template", "noscript", "head", "svg"})
_SPACE = re.compile(r"[ \t\n\r\f\xa0]+")
_INTERRUPTIONS = re.compile(r"(?s)<figcaption>.*?</figcaption>|<figure><blockquote>.*?</blockquote></figure>")


def running_text(html: str) -> str:
    """`to_text` of an article's clean HTML without what interrupts reading: captions of figures, and posts of other
    sites that are shown as figures.
    """
    return to_text(_INTERRUPTIONS.sub("", html))


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


@dataclass(frozen=True, slots=True)
class Hint:
    """What is known of the page before it is read: what its feed said (evidence, not truth), and its site's rule.

    `html` is the feed's own content, raw or clean. `boilerplate` are the marks of paragraphs that page after page of
    its feed has shown in place of articles.
    """

    title: str = ""
    html: str = ""
    published: datetime | None = None
    language: str | None = None
    rule: Rule | None = None
    boilerplate: frozenset[str] = frozenset()

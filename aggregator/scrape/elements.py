"""What becomes of each element and attribute when a page is rewritten: tables and rules, no walking.

What is safe to show is not decided here: `cleaning` has the last word.
"""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from aggregator.scrape.dom import squeeze
from aggregator.scrape.listings import language_class
from aggregator.scrape.media import pixels
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


def inline_attributes(tag: str, node: HtmlElement, base: str | None) -> dict[str, str] | None:
    """The attributes that an inline element keeps; None for a link that leads nowhere: its text alone stays."""
    if tag == "a":
        href = link_url(node.get("href"), base)
        return {"href": href} if href else None
    if tag == "time" and node.get("datetime"):
        return {"datetime": node.get("datetime", "")[:40]}
    if tag == "abbr" and node.get("title"):
        return {"title": node.get("title", "")[:300]}
    if tag in ("bdo", "bdi") and node.get("dir") in ("ltr", "rtl"):
        return {"dir": node.get("dir", "")}
    return language_class(node.get("class") or "") if tag == "code" else {}


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

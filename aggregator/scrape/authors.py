"""Who wrote an article: one line of names, as the page gives them."""

from __future__ import annotations

import re
from html import unescape

from lxml.html import HtmlElement

from aggregator.scrape.dom import squeeze, text_of
from aggregator.scrape.structured import Claims

MAX_AUTHORS = 8
_META = ("author", "article:author", "parsely-author", "sailthru.author", "dc.creator", "dcterms.creator", "byl", "citation_author",
         "twitter:data1")  # fmt: skip
_BYLINE = re.compile(r"(?i)(?:^|[\s_-])(?:byline|author|authors|writer|contributor)(?:$|[\s_-]|name|link)")
_NOT_BYLINE = re.compile(r"(?i)bio|avatar|image|photo|social|comment|related|box|about|sidebar|widget|description|info")
_BY = re.compile(
    r"(?i)^\W*(?:(?:posted|written|published|reported|story|words|text)\s+by|by|von|par|por|di|af|av|door|authors?|autor)\b[:\s]+"
)
_NO_NAME = re.compile(
    r"(?i)https?:|www\.|@\w+\.\w|^\W*$|^(?:admin|administrator|editor|author|staff|guest|none|null|unknown|root|user)$"
)
_TAIL = re.compile(
    r"(?i)\s*(?:[|•·—]|\s-\s|\bon\b\s+\w+\s+\d|\b(?:published|updated|posted)\b|\d{1,2}[./]\d|\b\w{3,9}\.?\s\d{1,2},?\s\d{4}).*$"
)


def find_author(tree: HtmlElement, said: Claims) -> str | None:
    """The names of the authors, separated by ", "; or None."""
    for names in (_stated(said), _meta(said), _shown(tree)):
        kept = list(dict.fromkeys(name for raw in names if (name := _name(raw))))
        if kept:
            return ", ".join(kept[:MAX_AUTHORS])
    return None


def _stated(said: Claims) -> list[str]:
    return _people(said.article.get("author") or said.article.get("creator"), said)


def _people(value: object, said: Claims) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [name for item in value[:20] for name in _people(item, said)]
    if isinstance(value, dict):
        name = value.get("name")
        if isinstance(name, list):
            return [item for item in name if isinstance(item, str)]
        if isinstance(name, str) and name.strip():
            return [name]
        identity = value.get("@id")
        return [said.people[identity]] if isinstance(identity, str) and identity in said.people else []
    return []


def _meta(said: Claims) -> list[str]:
    for key in _META[:-1]:
        if names := [name for name in said.meta.get(key, ()) if _name(name)]:
            return names
    return []


def _shown(tree: HtmlElement) -> list[str]:
    marked = [text_of(node) for node in tree.iter("a", "span", "address", "p", "div") if _marked(node)]
    return [name for name in marked if 2 < len(name) < 100][:1]


def _marked(node: HtmlElement) -> bool:
    if "author" in (node.get("rel") or "").split() or "author" in (node.get("itemprop") or "").split():
        return True
    names = f"{node.get('class') or ''} {node.get('id') or ''}"
    return bool(_BYLINE.search(names)) and not _NOT_BYLINE.search(names)


def _name(raw: str) -> str | None:
    name = _BY.sub("", squeeze(unescape(raw)))
    name = _TAIL.sub("", name).strip(" ,;:|·•-–—")
    return None if not 1 < len(name) <= 120 or _NO_NAME.search(name) else name

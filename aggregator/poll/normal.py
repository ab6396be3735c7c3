"""Odd ways of saying ordinary things in a feed, said in the ordinary way, so that its reader need not know them.

Markup that stands in a field unescaped (Atom's `type="xhtml"`, or by mistake) becomes escaped HTML; an XHTML body
becomes `content:encoded`; what Media RSS and iTunes say counts where the feed's own elements say nothing.
"""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import urljoin

from lxml import etree

from aggregator.poll.bounds import remove
from aggregator.poll.names import CONTENT, ITUNES, MEDIA, XHTML, entries, heads, local_name, namespace

_HTML_NAME = re.compile(r"[a-z][a-z0-9-]*")
_MARKUP = frozenset({"title", "description", "summary", "content", "encoded", "subtitle", "tagline", "body", "div"})
_TEXTS = frozenset({"description", "summary", "content", "encoded"})


def normalise(root: etree._Element) -> None:
    """Rewrite the fields of the feed and of its entries, in place."""
    holders = [*heads(root), *entries(root)]
    for holder in holders:
        _foreign(holder)
        for field in list(holder):
            if namespace(field) == XHTML and local_name(field) in ("body", "div"):
                field.tag = f"{{{CONTENT}}}encoded"
            if len(field) and local_name(field) in _MARKUP:
                _escape(field)


# --- markup ----------------------------------------------------------------------------------------------------


def _escape(field: etree._Element) -> None:
    """The markup below `field` as text, with references made absolute where an xml:base says against what."""
    inner = field[0] if _is_wrapper(field) else field
    # Text beside elements was meant as text, save in a field that holds escaped markup and elements by mistake.
    before = (inner.text or "") if inner is field else _escaped(inner.text or "")
    markup = before + "".join(etree.tostring(_as_html(child), method="html", encoding="unicode") for child in inner)
    for child in list(field):
        field.remove(child)
    field.text = markup
    if field.get("type"):
        field.set("type", "html")


def _as_html(element: etree._Element) -> etree._Element:
    """A copy without namespaces. As deep as libxml2 lets documents be: 256."""
    tag = local_name(element)
    copy = etree.Element(tag if _HTML_NAME.fullmatch(tag) else "span")
    for name, value in element.attrib.items():
        if not str(name).startswith("{"):
            copy.set(name, _resolved(element, str(name), str(value)))
    copy.text, copy.tail = element.text, element.tail
    copy.extend([_as_html(child) for child in element])
    return copy


def _resolved(element: etree._Element, name: str, value: str) -> str:
    if name in ("href", "src") and element.base and not value.startswith("#"):
        with suppress(ValueError):
            return urljoin(element.base, value)
    return value


def _is_wrapper(field: etree._Element) -> bool:
    """Atom's `type="xhtml"` puts one div around the content, which is not part of it (RFC 4287 section 3.1.1.3)."""
    return (
        field.get("type") in ("xhtml", "application/xhtml+xml")
        and len(field) == 1
        and local_name(field[0]) == "div"
        and not (field.text or "").strip()
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# --- other vocabularies ----------------------------------------------------------------------------------------


def _foreign(holder: etree._Element) -> None:
    """Media RSS and iTunes: files come out of their groups, descriptions stand in where there is no other text."""
    has_text = any(local_name(field) in _TEXTS and not _is_foreign(field) for field in holder)
    for field in [field for field in holder if _is_foreign(field)]:
        parts = list(field) if local_name(field) == "group" else [field]
        for part in parts:
            if local_name(part) == "content":
                holder.append(part)
            elif local_name(part) in ("description", "summary") and not has_text:
                part.tag, has_text = "description", True
                holder.append(part)
        if local_name(field) not in ("content", "description"):
            remove(field)


def _is_foreign(field: etree._Element) -> bool:
    """Said in another vocabulary; authors excepted, which `people` sorts out."""
    uri = namespace(field)
    return (uri.startswith(MEDIA[:-1]) or uri.lower() == ITUNES) and local_name(field) != "author"

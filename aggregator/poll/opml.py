"""OPML 1.0 and 2.0 subscription lists -> feeds with their folders as tags.

Lists come from other programs and from strangers: one that declares entities or names a file or a URL outside of itself
is rejected, not repaired.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lxml import etree

from aggregator.models.errors import ParseError
from aggregator.poll.fields import local_name, slim
from aggregator.poll.xmltree import NotXml, read_any
from aggregator.text.encoding import decode
from aggregator.text.plain import plain
from aggregator.text.urls import http_url, web_address

MAX_BYTES = 16 * 2**20
MAX_FEEDS = 10_000
MAX_TAGS = 20

_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]*(\[)?", re.IGNORECASE)
_OUTSIDE = re.compile(r"\b(?:SYSTEM|PUBLIC)\b")
_NOT_IN_A_TAG = re.compile(r"[^\w .+-]+")


@dataclass(frozen=True, slots=True)
class OpmlFeed:
    """One subscription. `name` may be empty; `tags` are written as feeds.yaml allows."""

    url: str
    name: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An outline that gives no feed of its own, and why; `address` is the http(s) address that is lost with it."""

    name: str
    why: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Opml:
    """A list: its feeds, each URL once (with the tags of all its places), and what is left out."""

    feeds: tuple[OpmlFeed, ...]
    left_out: tuple[LeftOut, ...] = ()


def read_opml(data: bytes) -> Opml:
    """What a list holds, in order. Raises ParseError."""
    if len(data) > MAX_BYTES:
        raise ParseError("", f"this list is larger than {MAX_BYTES // 2**20} MB")
    text = decode(data)
    _refuse_entities(text)
    try:
        root = read_any(text)
    except NotXml:
        raise ParseError("", "this is not OPML: it is not XML that can be read") from None
    if local_name(root) != "opml" and not any(local_name(element) == "outline" for element in root.iter()):
        raise ParseError("", f"this is not OPML: it begins with <{local_name(root)}>")
    return _feeds(root)


def _refuse_entities(text: str) -> None:
    """XXE and XML bombs both need a document type declaration with something in it."""
    for doctype in _DOCTYPE.finditer(text):
        if doctype[1] or _OUTSIDE.search(doctype[0]):
            raise ParseError("", "this list declares entities or names an outside document; it is refused")


def _feeds(root: etree._Element) -> Opml:
    found: dict[str, OpmlFeed] = {}
    left_out: list[LeftOut] = []
    waiting: list[tuple[etree._Element, tuple[str, ...]]] = [(root, ())]
    wraps = any("thunderbird" in (title.text or "").lower() for title in root.iterfind("{*}head/{*}title"))
    while waiting and len(found) < MAX_FEEDS:
        element, folders = waiting.pop()
        slim(element)
        feed = _feed(element, folders)
        if feed:
            if feed.url in found:
                left_out.append(LeftOut(_called(element), "stands in the list twice"))
            known = found.get(feed.url, feed)
            found[feed.url] = replace(known, tags=_once(*known.tags, *feed.tags))
        elif local_name(element) == "outline":
            if not _wraps_one_feed(element, whatever_its_name=wraps):
                folders = _once(*folders, _tag(element.get("text") or element.get("title") or ""))
            if (none := _not_a_feed(element)) is not None:
                left_out.append(none)
        waiting.extend((child, folders) for child in reversed(element))
    if waiting:
        left_out.append(LeftOut("all that follows", f"only {MAX_FEEDS:,} feeds are taken from a list", "..."))
    return Opml(tuple(found.values()), tuple(left_out))


def _wraps_one_feed(element: etree._Element, *, whatever_its_name: bool) -> bool:
    """Whether a folder is a feed's own: it holds that feed alone and has its name.

    Thunderbird makes one for each feed, which people rename: in its lists the name says nothing. As tags there would be
    as many of these as feeds.
    """
    inside = [child for child in element if local_name(child) == "outline"]
    if len(inside) != 1 or len(inside[0]) or _feed(inside[0], ()) is None:
        return False
    return whatever_its_name or _called(element).casefold() == _called(inside[0]).casefold()


def _called(element: etree._Element) -> str:
    return plain(element.get("title") or element.get("text") or "", limit=200) or "an outline without a name"


def _not_a_feed(element: etree._Element) -> LeftOut | None:
    """Why an outline gives no feed; None for a folder, empty or not."""
    values = {str(key).lower(): str(value) for key, value in element.attrib.items()}
    kind, address = plain(values.get("type", ""), limit=40), plain(values.get("xmlurl", ""), limit=300)
    if "xmlurl" in values or (kind and not len(element)):
        if address:
            why = "has no http:// or https:// address"
            if _is_scraped(values):
                why = f"is no feed but a page that the other reader scrapes (type {kind})"
        else:
            why = "has no address" if "xmlurl" in values or kind.lower() == "rss" else f"is no feed (type {kind})"
        return LeftOut(_called(element), why, http_url(web_address(address), userinfo=True) or "")
    return None


def _is_scraped(values: Mapping[str, str]) -> bool:
    """Whether the address is that of a page, out of which FreshRSS makes a feed (`HTML+XPath`, `JSON+DotNotation`)."""
    return "+" in values.get("type", "")


def _feed(element: etree._Element, folders: tuple[str, ...]) -> OpmlFeed | None:
    """The subscription of an outline, or None for a folder, a link to a page, or a URL that is none."""
    values = {str(key).lower(): str(value) for key, value in element.attrib.items()}
    address = values.get("xmlurl") or (values.get("url") if values.get("type", "").lower() == "rss" else None)
    url = http_url(web_address(address or ""), userinfo=True)
    if local_name(element) != "outline" or url is None or _is_scraped(values):
        return None
    categories = [_tag(part) for category in values.get("category", "").split(",") for part in category.split("/")]
    return OpmlFeed(url, plain(values.get("title") or values.get("text"), limit=200), _once(*folders, *categories))


def _tag(name: str) -> str:
    """A folder's name as a tag that feeds.yaml takes: word characters, spaces and `.+-`, beginning with a word."""
    words = _NOT_IN_A_TAG.sub(" ", plain(name, limit=200)).split()
    return " ".join(words).strip(" .+-")[:64].strip()


def _once(*tags: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for tag in tags if tag))[:MAX_TAGS]

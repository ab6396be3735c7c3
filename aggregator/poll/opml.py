"""OPML 1.0 and 2.0 subscription lists -> feeds with their folders as tags.

Lists come from other programs and from strangers: one that declares entities or names a file or a URL outside of itself
is rejected, not repaired.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lxml import etree

from aggregator.models.errors import ParseError
from aggregator.poll.fields import local_name, slim
from aggregator.poll.xmltree import NotXml, read_any
from aggregator.text.encoding import decode
from aggregator.text.plain import plain
from aggregator.text.urls import http_url

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
class Opml:
    """A list: its feeds, each URL once (with the tags of all its places), and (what, why) of what is none of them."""

    feeds: tuple[OpmlFeed, ...]
    skipped: tuple[tuple[str, str], ...] = ()


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
    skipped: list[tuple[str, str]] = []
    waiting: list[tuple[etree._Element, tuple[str, ...]]] = [(root, ())]
    while waiting and len(found) < MAX_FEEDS:
        element, folders = waiting.pop()
        slim(element)
        feed = _feed(element, folders)
        if feed:
            if feed.url in found:
                skipped.append((_called(element), "stands in the list twice"))
            known = found.get(feed.url, feed)
            found[feed.url] = replace(known, tags=_once(*known.tags, *feed.tags))
        elif local_name(element) == "outline":
            folders = _once(*folders, _tag(element.get("text") or element.get("title") or ""))
            if why := _not_a_feed(element):
                skipped.append((_called(element), why))
        waiting.extend((child, folders) for child in reversed(element))
    if waiting:
        skipped.append(("what follows", f"only {MAX_FEEDS:,} feeds are taken from a list"))
    return Opml(tuple(found.values()), tuple(skipped))


def _called(element: etree._Element) -> str:
    return plain(element.get("title") or element.get("text") or "", limit=200) or "an outline without a name"


def _not_a_feed(element: etree._Element) -> str | None:
    """Why an outline gives no feed; None for a folder, empty or not."""
    values = {str(key).lower(): str(value) for key, value in element.attrib.items()}
    if "xmlurl" in values:
        return "has no http:// or https:// address" if values["xmlurl"].strip() else "has no address"
    if (kind := values.get("type", "").lower()) and not len(element):
        return "has no address" if kind == "rss" else f"is no feed (type {plain(kind, limit=40)})"
    return None


def _feed(element: etree._Element, folders: tuple[str, ...]) -> OpmlFeed | None:
    """The subscription of an outline, or None for a folder, a link to a page, or a URL that is none."""
    values = {str(key).lower(): str(value) for key, value in element.attrib.items()}
    address = values.get("xmlurl") or (values.get("url") if values.get("type", "").lower() == "rss" else None)
    url = http_url(_web_address(address or ""), userinfo=True)
    if local_name(element) != "outline" or url is None:
        return None
    categories = [_tag(part) for category in values.get("category", "").split(",") for part in category.split("/")]
    return OpmlFeed(url, plain(values.get("title") or values.get("text"), limit=200), _once(*folders, *categories))


def _web_address(address: str) -> str:
    """`feed:https://…` and `feed://…` are how some programs write https:// and http://."""
    rest = address.strip()
    if rest.lower().startswith("feed:"):
        rest = rest[5:]
        return rest if rest.lower().startswith("http") else "http:" + rest
    return rest


def _tag(name: str) -> str:
    """A folder's name as a tag that feeds.yaml takes: word characters, spaces and `.+-`, beginning with a word."""
    words = _NOT_IN_A_TAG.sub(" ", plain(name, limit=200)).split()
    return " ".join(words).strip(" .+-")[:64].strip()


def _once(*tags: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for tag in tags if tag))[:MAX_TAGS]

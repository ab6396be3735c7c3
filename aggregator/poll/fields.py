"""Fields that every feed format has, brought into one form.

How much of a feed's tree is looked at: so many entries, so many fields, so long a field, and nothing else.

What is cut here never reaches feedparser, whose regular expressions are slow on what nobody would write by hand.

Every entry of a document gets an identity that is never empty, unique in it, and the same at the next poll.

The guid as the feed writes it (never resolved against a URL: the feed may move), else the link, else a hash of title
and date, else of the content. When different entries share a guid, each of them gets a suffix made of its own link and
title, and of its date or text where these are the same; were one of them to keep the bare guid, it would pass from
article to article as the feed scrolls. Which stored entry each is, is decided in `dedupe`.

Names that feeds use: the namespaces, and which elements belong to the formats themselves.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256

from lxml import etree

from aggregator.models import Entry
from aggregator.text.plain import plain, visible_length
from aggregator.text.urls import http_url

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
FEEDBURNER = "http://rssnamespace.org/feedburner/ext/1.0"
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
MEDIA = "http://search.yahoo.com/mrss/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RSS_090 = "http://my.netscape.com/rdf/simple/0.9/"
RSS_10 = "http://purl.org/rss/1.0/"
SY = "http://purl.org/rss/1.0/modules/syndication/"
XHTML = "http://www.w3.org/1999/xhtml"
PREFIXES = {
    "atom": ATOM,
    "content": CONTENT,
    "dc": DC,
    "dcterms": DCTERMS,
    "feedburner": FEEDBURNER,
    "itunes": ITUNES,
    "media": MEDIA,
    "sy": SY,
}
"""What the usual prefixes mean, for documents that forget to declare them."""

PLAIN = frozenset({"", ATOM, RSS_090, RSS_10, "http://purl.org/atom/ns#", "http://backend.userland.com/rss2"})
"""Namespaces of the feed formats themselves; their elements mean what RSS and Atom say."""

ENTRIES = frozenset({"item", "entry"})
ROOTS = frozenset({"rss", "rdf", "feed", "channel"})


def local_name(element: etree._Element) -> str:
    """The element's name in lower case, without its namespace; empty for comments and the like."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def namespace(element: etree._Element) -> str:
    """The element's namespace name, "" for none and for those of the feed formats themselves."""
    uri = element.tag.rpartition("}")[0][1:] if isinstance(element.tag, str) else ""
    return "" if uri in PLAIN else uri


def entries(root: etree._Element) -> list[etree._Element]:
    """Every `item` and `entry`, in the order of the document."""
    return [element for element in root.iter() if local_name(element) in ENTRIES and not namespace(element)]


def heads(root: etree._Element) -> list[etree._Element]:
    """The elements whose children describe the feed itself: the root, and in RSS the channel."""
    return [*(child for child in root if local_name(child) == "channel"), root]


MAX_TAGS = 50
MAX_TAG = 100
"""Characters; what is longer is not a category but a sentence that someone put there."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_UNSEEN = " \t\r\n\xa0\xad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_SCHEME = re.compile(r"^(?:https?:?/{1,3}(?=https?:?//))?(https?)(?:://?/?|//)", re.IGNORECASE)
_ANCHOR = re.compile(r"^a\s[^<>]{0,500}?href\s*=\s*[\"']?([^\"'\s<>]+)", re.IGNORECASE)
_BACKSLASHES = re.compile(r"https?:\\", re.IGNORECASE)
_WWW = re.compile(r"www\.[\w-]+(?:\.[\w-]+)+(?::\d+)?")
_DIGITS = re.compile(r"\d{1,15}")


def content(versions: Sequence[str], summary: str, *, sure: bool) -> tuple[str, str]:
    """(the content, the short version or "" when it is the same).

    `sure`: the format tells content from summary; otherwise the fullest of all is the content.
    """
    given = [version for version in versions if version.strip()]
    fullest = max(given if sure and given else [*given, summary], key=visible_length)
    others = (version for version in (summary, *given) if version.strip() not in ("", fullest.strip()))
    return fullest, next(others, "")


def tags(values: Iterable[object]) -> tuple[str, ...]:
    """Categories as plain text, each once (in whatever case it came first)."""
    found: dict[str, str] = {}
    for value in values:
        tag = plain(value, limit=MAX_TAG)
        if tag and len(found) < MAX_TAGS:
            found.setdefault(tag.casefold(), tag)
    return tuple(found.values())


def language(value: object) -> str | None:
    """A BCP 47 tag, or None: feeds write `en_US`, `english` and nothing at all."""
    tag = str(value or "").strip().replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else None


def length(value: object) -> int | None:
    """A size in bytes, where it is a number above 0."""
    digits = re.sub(r"(?<=\d)[,.' ](?=\d{3}(?!\d))", "", str(value or "").strip())
    return (int(digits) or None) if _DIGITS.fullmatch(digits) else None


def meant_url(value: str, host: str) -> str:
    """An address as written, with its scheme put right: doubled, without its colon, or missing altogether.

    An anchor or angle brackets around it go; backslashes behind the scheme are slashes. The scheme is missing where the
    address begins with `www.` or with the feed's own `host`. Blanks around it are dropped; what no person can see is
    dropped by `urls.http_url`.
    """
    address = value.strip(_UNSEEN).removeprefix("<").removesuffix(">")
    if anchor := _ANCHOR.search(address):
        address = anchor[1]
    if _BACKSLASHES.match(address):
        address = address.replace("\\", "/")
    address = _SCHEME.sub(lambda match: f"{match[1].lower()}://", address)
    first = re.split(r"[/?#]", address, maxsplit=1)[0].lower()
    bare = host.removeprefix("www.")
    own = "." in bare and first.removeprefix("www.") == bare
    return f"https://{address}" if own or _WWW.fullmatch(first) else address


def base_of(root: etree._Element, url: str) -> str:
    """What relative links start from where the document, fetched from `url`, says nothing.

    Atom: its own URL; RSS: the channel's link (never that of an item, or of the channel's image).
    """
    if local_name(root) == "feed":
        return url
    links = [field for head in heads(root) for field in head if local_name(field) == "link" and not namespace(field)]
    given = [(field, field.text) for field in links if (field.text or "").strip()]
    given += [(field, field.get("href")) for field in links if field.get("rel", "alternate").strip() == "alternate"]
    found = (http_url(meant_url(text or "", ""), http_url(field.base, url) or url) for field, text in given)
    return next(filter(None, found), url)


MAX_ENTRIES = 20_000
"""Entries taken of one document; the largest feed seen in the wild has about 12,000."""

MAX_FIELD = 2 * 2**20
"""Characters of one field (an article's content); the longest of a thousand real feeds has 600,000."""

MAX_SHORT = 5000
"""Characters of every other field: a date, a title, a link (one that was cut here is over MAX_URL, and refused)."""

MAX_NAME = 2000
"""Characters of an author."""

MAX_FIELDS = 200
"""Child elements of one entry."""

MAX_ATTRIBUTES = 50
"""Of one element. lxml needs time that grows with the square of them to list them: 16 s for 60,000."""

_ATTRIBUTES = ("href", "url", "src", "rel", "type", "length", "term", "label", "xmlUrl", "text", "title")
"""Kept of an element that has more than that."""

_LONG = frozenset({"description", "summary", "content", "encoded", "body", "div", "tagline", "subtitle", "group"})
_NAMES = frozenset({"author", "creator", "managingeditor"})
_SHORT = frozenset(
    name
    for line in (
        "title link guid id origlink enclosure category categories subject language image logo icon",
        "pubdate date published updated issued modified created lastbuilddate",
        "thumbnail duration season episode episodetype explicit keywords",
        "featuredimage cover images alternateenclosure",
        "ttl skiphours skipdays updateperiod updatefrequency",
    )
    for name in line.split()
)


def bound(root: etree._Element) -> list[str]:
    """Drop what nobody reads and cut what is too long, in place; notes on what was lost."""
    for element in root.iter():
        slim(element)
    found = entries(root)
    for entry in found[MAX_ENTRIES:]:
        remove(entry)
    holders = [*heads(root), *found[:MAX_ENTRIES]]
    cut = sum(_bounded_fields(holder) for holder in holders)
    notes = []
    if len(found) > MAX_ENTRIES:
        notes.append(f"{len(found)} entries; the first {MAX_ENTRIES} were taken")
    if cut:
        notes.append(f"over-long fields were cut: {cut}")
    return notes


def slim(element: etree._Element) -> None:
    """Take all but the usual attributes from an element that has too many."""
    if isinstance(element.tag, str) and len(element.attrib) > MAX_ATTRIBUTES:
        kept = {name: value for name in _ATTRIBUTES if (value := element.get(name)) is not None}
        element.attrib.clear()
        for name, value in kept.items():
            element.set(name, value)


def remove(element: etree._Element) -> None:
    """Take an element out of its tree, with the white space after it."""
    parent = element.getparent()
    if parent is not None:
        element.tail = None
        parent.remove(element)


def _bounded_fields(holder: etree._Element) -> int:
    """Bound the child elements of a channel, an item, a feed or an entry; how many lost something."""
    cut = kept = 0
    for child in list(holder):
        name = local_name(child)
        if name in ENTRIES or name == "channel":
            continue
        limit = _limit(name)
        kept += limit is not None
        if limit is None or kept > MAX_FIELDS:
            cut += limit is not None
            remove(child)
        else:
            cut += _shorten(child, limit)
    return cut


def _limit(name: str) -> int | None:
    """Characters that a field of this name may have; None for one that is not looked at."""
    if name in _LONG:
        return MAX_FIELD
    if name in _NAMES:
        return MAX_NAME
    return MAX_SHORT if name in _SHORT else None


def _shorten(field: etree._Element, limit: int) -> bool:
    """Cut every text below `field` to `limit`; whether something was lost."""
    lost = False
    for element in field.iter():
        if element.text and len(element.text) > limit:
            element.text, lost = element.text[:limit], True
        if element is not field and element.tail and len(element.tail) > limit:
            element.tail, lost = element.tail[:limit], True
        for key, value in element.attrib.items():
            if len(value) > MAX_SHORT:
                element.attrib[key], lost = value[:MAX_SHORT], True
    return lost


def identified(entries: Iterable[Entry]) -> tuple[tuple[Entry, ...], list[str]]:
    """The entries with their final guids, and notes on those that were dropped: empty ones, and exact repetitions.

    A repetition has guid, link, title, and date or text of another; without a guid of its own, date and text.
    """
    distinct: set[tuple[str, ...]] = set()
    found: list[Entry] = []
    for entry in entries:
        if _says_something(entry):
            named = _with_guid(entry)
            key = (named.guid, *_self(entry))
            seen: set[tuple[str, ...]]
            if entry.guid:
                seen = {(*key, _text(entry)), (*key, _moment(entry) or _text(entry))}
            else:
                seen = {(*key, _text(entry), _moment(entry))}
            if seen.isdisjoint(distinct):
                found.append(named)
            distinct |= seen
    guids = Counter(entry.guid for entry in found)
    pairs = Counter((entry.guid, *_self(entry)) for entry in found)
    moments = Counter((entry.guid, *_self(entry), _moment(entry)) for entry in found)

    def suffix(entry: Entry) -> str:
        own = _self(entry)
        if pairs[entry.guid, *own] == 1:
            return _digest(*own)[:12]
        moment = _moment(entry)
        alone = bool(moment) and moments[entry.guid, *own, moment] == 1
        return _digest(*own, moment if alone else _text(entry) + moment)[:12]

    result = tuple(
        replace(entry, guid=f"{entry.guid}#{suffix(entry)}") if guids[entry.guid] > 1 else entry for entry in found
    )
    shared = sum(1 for count in guids.values() if count > 1)
    return result, [f"guids that different entries share (all are kept): {shared}"] if shared else []


def _says_something(entry: Entry) -> bool:
    return bool(entry.guid or entry.url or entry.title or entry.html or entry.enclosures)


def _with_guid(entry: Entry) -> Entry:
    if entry.guid:
        return entry
    if entry.url:
        return replace(entry, guid=entry.url)
    moment = _moment(entry)
    if entry.title or moment:
        return replace(entry, guid=f"urn:sha256:{_digest(entry.title, moment)[:32]}")
    files = " ".join(enclosure.url for enclosure in entry.enclosures)
    return replace(entry, guid=f"urn:sha256:{_digest(entry.html, files)[:32]}")


def _moment(entry: Entry) -> str:
    return entry.published.isoformat() if entry.published else ""


def _text(entry: Entry) -> str:
    return _digest(entry.html or entry.summary)


def _self(entry: Entry) -> tuple[str, str]:
    return entry.url or _digest(entry.html), entry.title


def _digest(*parts: str) -> str:
    return sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()

"""RSS 0.9x, 1.0 and 2.0, RDF and Atom as values: a bounded tree in, what feedparser makes of it out, as our types.

feedparser is given a sound, small document (see `xmltree`), as a stream, so that nothing in it can be taken for a file
or a URL, and with its cleaners off, which are slow on hostile input (scrape cleans). What it gets wrong for our purpose
is read from the tree: guids (it resolves them), authors, when to come back.

Who wrote an entry, as text: names, in the order given, each once; an address only where there is no name.

Odd ways of saying ordinary things in a feed, said in the ordinary way, so that its reader need not know them.

Markup that stands in a field unescaped (Atom's `type="xhtml"`, or by mistake) becomes escaped HTML; an XHTML body
becomes `content:encoded`; what Media RSS and iTunes say counts where the feed's own elements say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import feedparser
from lxml import etree

from aggregator.models import Enclosure, Entry, ParsedFeed
from aggregator.models.errors import ParseError
from aggregator.poll import xmltree
from aggregator.poll.fields import (
    CONTENT,
    ITUNES,
    MEDIA,
    RDF,
    XHTML,
    content,
    entries,
    heads,
    identified,
    language,
    length,
    local_name,
    namespace,
    remove,
    tags,
)
from aggregator.poll.schedule import announced_rhythm
from aggregator.text.dates import parse_date
from aggregator.text.plain import from_plain, legal, literal, looks_like_html, plain, with_base
from aggregator.text.urls import http_url, redact

_AUTHORS = frozenset({"author", "creator", "managingeditor"})


def take_authors(holder: etree._Element) -> str | None:
    """The authors named in a channel, feed or entry; their elements are taken out of it.

    What iTunes' element says counts where there is no other.
    """
    fields = [field for field in holder if local_name(field) in _AUTHORS]
    own = [field for field in fields if namespace(field).lower() != ITUNES]
    names = [plain(name) for field in own or fields for name in _names(field)]
    for field in fields:
        remove(field)
    return ", ".join(dict.fromkeys(filter(None, names))) or None


def _names(field: etree._Element) -> Iterator[str]:
    """Atom has `name` and `email` inside; RSS has `address (name)`; `name <address>` is met as well."""
    inside = {local_name(part): (part.text or "").strip() for part in field}
    if inside:
        yield inside.get("name") or inside.get("email") or ""
        return
    text = (field.text or "").strip()
    before, _, after = text.partition(" ")
    if "@" in before and after.startswith("(") and after.endswith(")"):
        yield after[1:-1].strip() or before
    elif text.endswith(">") and "@" in (address := text.rpartition("<")[2]):
        yield text.rpartition("<")[0].strip(' "') or address[:-1]
    else:
        yield text


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


_FORMATS = {"rss090": "RSS 0.90", "rss10": "RSS 1.0", "rss20": "RSS 2.0", "rss091n": "RSS 0.91", "rss091u": "RSS 0.91"}
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_MEDIA = ("audio/", "video/", "application/")

LONG_TEXT = 100
"""Characters from which on a field is handed over as CDATA."""

Raw = Mapping[str, Any]


def read(text: str, url: str) -> ParsedFeed:
    """The feed in `text`, fetched from `url`. Raises xmltree.NotXml when there is none in it, or ParseError."""
    root, problems = xmltree.read(text)
    normalise(root)
    author = next(filter(None, map(take_authors, heads(root))), None)
    aside = [_Aside(*_guid(tree), take_authors(tree)) for tree in entries(root)]
    base, rhythm = _base(root, url), announced_rhythm(root)
    document = _understood(_serialised(root), base)
    if len(aside) != len(document.entries):  # entries within entries, say
        aside = [_Aside("", False, None)] * len(document.entries)
    reader = _Reader(url, base, atom=str(document.version).startswith("atom"), feed=dict(document.feed), author=author)
    found = []
    for number, (item, own) in enumerate(zip(document.entries, aside, strict=True), start=1):
        try:
            found.append(reader.entry(dict(item), own))
        except (ValueError, TypeError, LookupError, AttributeError) as error:  # feedparser's values are of any type
            problems.append(f"entry {number} could not be read: {type(error).__name__}")
    if not found and xmltree.BROKEN in problems:
        raise ParseError(redact(url), "the XML is broken, and no entry can be read in it")
    identities, notes = identified(found)
    feed = reader.head(_format(str(document.version)))
    return replace(feed, entries=identities, rhythm=rhythm, problems=(*problems, *notes))


@dataclass(frozen=True, slots=True)
class _Aside:
    """What is read of an entry beside feedparser. `guid` is empty when there is none."""

    guid: str
    permalink: bool
    author: str | None


def _serialised(root: etree._Element) -> bytes:
    """The document for feedparser. The tree is empty afterwards: both of a large feed take much memory."""
    for holder in (*heads(root), *entries(root)):
        for field in holder:
            # As CDATA a long text arrives in one piece; escaped, in one for each tag in it, at three times the cost.
            if len(field.text or "") > LONG_TEXT and "]]>" not in (field.text or ""):
                field.text = etree.CDATA(field.text or "")
    document: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    root.clear()
    return document


def _understood(document: bytes, base: str) -> Any:
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": base}
    try:
        return feedparser.parse(
            BytesIO(document), response_headers=headers, resolve_relative_uris=False, sanitize_html=False
        )
    except Exception as error:
        raise ParseError(redact(base), f"feedparser can not read it: {type(error).__name__}") from error


def _base(root: etree._Element, url: str) -> str:
    """What relative links start from where the document says nothing: Atom: its own URL; RSS: the channel's link."""
    if local_name(root) != "feed":
        for element in root.iter():
            if local_name(element) == "link" and not namespace(element) and not len(element):
                return http_url(element.text, url) or url
    return url


def _format(version: str) -> str:
    if version.startswith("atom"):
        return "Atom 0.3" if version == "atom03" else "Atom 1.0"
    return _FORMATS.get(version, f"RSS 0.{version[-2:]}" if version[-2:].isdigit() else "RSS")


class _Reader:
    """Turns feedparser's dictionaries of one document into values."""

    def __init__(self, url: str, base: str, *, atom: bool, feed: Raw, author: str | None) -> None:
        self._url = url
        self._base = base
        self._atom = atom
        self._feed = feed
        self._author = author
        self._language = language(feed.get("language"))

    def head(self, format_: str) -> ParsedFeed:
        feed = self._feed
        icons = (feed.get("icon"), feed.get("logo"), _dict(feed.get("image")).get("href"))
        return ParsedFeed(
            title=self._line(feed, "title"),
            url=self._url,
            home_page_url=self._link(feed),
            description=self._line(feed, "subtitle"),
            language=self._language,
            author=self._author,
            icon=next(filter(None, (http_url(_text(icon), self._base) for icon in icons)), None),
            id=literal(_text(feed.get("id"))) or None,
            updated=parse_date(_text(feed.get("updated")) or _text(feed.get("published"))),
            format=format_,
            self_url=next(self._related(feed, "self"), None),
            hubs=tuple(dict.fromkeys(self._related(feed, "hub"))),
            next_url=next(self._related(feed, "prev-archive", "next"), None),
        )

    def entry(self, item: Raw, own: _Aside) -> Entry:
        published, updated = _dates(item)
        html, summary = self._content(item)
        guid = own.guid or _text(item.get("id"))
        return Entry(
            guid=literal(guid, limit=4096),
            url=self._link(item) or (http_url(guid) if own.permalink else None),
            title=self._line(item, "title"),
            author=own.author or (self._author if self._atom else None),
            published=published,
            updated=updated,
            summary=summary,
            html=html,
            tags=tags(tag.get("label") or tag.get("term") for tag in _dicts(item.get("tags"))),
            enclosures=tuple(self._enclosures(item)),
            language=self._entry_language(item),
        )

    # --- text --------------------------------------------------------------------------------------------------

    def _line(self, holder: Raw, key: str) -> str:
        """A title or a description as one line of plain text. Only Atom says whether it is HTML."""
        value = holder.get(key)
        if not self._atom:
            return plain(value)
        kind = _dict(holder.get(f"{key}_detail")).get("type", "text/plain")
        return plain(value, markup=True) if kind in _HTML_TYPES else literal(value)

    def _content(self, item: Raw) -> tuple[str, str]:
        """(the content, the summary). RSS does not say which of its two fields is which; the fuller is the content."""
        versions = [self._html(part) for part in _dicts(item.get("content"))]
        summary = ""
        if detail := _dict(item.get("summary_detail")):  # without it, feedparser has copied the content
            summary = self._html({"type": "text/html", **detail, "value": item.get("summary") or ""})
        return content(versions, summary, sure=self._atom)

    def _html(self, part: Raw) -> str:
        value, kind = legal(str(part.get("value") or "")), part.get("type", "text/html")
        if kind not in _HTML_TYPES and not str(kind).startswith("text/"):
            return ""  # an image in base64, or a document of some other kind
        if (kind not in _HTML_TYPES and self._atom) or not (kind == "application/xhtml+xml" or looks_like_html(value)):
            return from_plain(value)
        base = part.get("base")
        return with_base(value, base if base != self._base else None)

    def _entry_language(self, item: Raw) -> str | None:
        details = [*_dicts(item.get("content")), _dict(item.get("summary_detail")), _dict(item.get("title_detail"))]
        own = (item.get("language"), *(detail.get("language") for detail in details))
        return next(filter(None, map(language, own)), self._language)

    # --- links -------------------------------------------------------------------------------------------------

    def _link(self, holder: Raw) -> str | None:
        """Where the thing itself is: the address behind FeedBurner's, the alternate as HTML, any alternate."""
        links = [link for link in _dicts(holder.get("links")) if link.get("rel", "alternate") == "alternate"]
        links.sort(key=lambda link: link.get("type", "text/html") not in _HTML_TYPES)
        candidates = (holder.get("feedburner_origlink"), *(link.get("href") for link in links))
        return next(filter(None, (http_url(_text(href), self._base) for href in candidates)), None)

    def _related(self, holder: Raw, *relations: str) -> Iterator[str]:
        for relation in relations:
            for link in _dicts(holder.get("links")):
                if link.get("rel") == relation and (found := http_url(_text(link.get("href")), self._base)):
                    yield found

    def _enclosures(self, item: Raw) -> Iterator[Enclosure]:
        files = [link for link in _dicts(item.get("links")) if link.get("rel") == "enclosure"]
        files += [
            {"href": media.get("url"), "type": media.get("type"), "length": media.get("filesize")}
            for media in _dicts(item.get("media_content"))
            if media.get("medium") in ("audio", "video") or str(media.get("type", "")).startswith(_MEDIA)
        ]
        seen = set()
        for file in files:
            url = http_url(_text(file.get("href")), self._base)
            if url and url not in seen:
                seen.add(url)
                yield Enclosure(url, literal(file.get("type"), limit=100), length(file.get("length")))


def _dates(item: Raw) -> tuple[Any, Any]:
    """(published, updated): the first date there is serves for published; updated only when it says something else."""
    updated = parse_date(_text(item.get("updated")))
    given = (parse_date(_text(item.get(key))) for key in ("published", "created"))
    published = next(filter(None, given), updated)
    return published, updated if updated != published else None


def _guid(tree: etree._Element) -> tuple[str, bool]:
    """The guid or id as written, or what the item is about in RDF; and whether it may stand for a missing link."""
    for name in ("guid", "id"):
        for child in tree:
            text = (child.text or "").strip()
            if local_name(child) == name and not namespace(child) and text:
                return text, (child.get("isPermaLink") or "true").strip().lower() == "true"
    return (tree.get(f"{{{RDF}}}about") or "").strip(), True


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _dict(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _dicts(values: Iterable[object] | None) -> Sequence[dict[str, Any]]:
    return [dict(value) for value in values if isinstance(value, dict)] if isinstance(values, list) else []

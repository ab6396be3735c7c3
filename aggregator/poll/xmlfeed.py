"""RSS 0.9x, 1.0 and 2.0, RDF and Atom as values: a bounded tree in, what feedparser makes of it out, as our types.

feedparser is given a sound, small document (see `xmltree`), as a stream, so that nothing in it can be taken for a file
or a URL, and with its cleaners off, which are slow on hostile input (scrape cleans). What it gets wrong for our purpose
is read from the tree: guids (it resolves them), authors, when to come back.

Who wrote an entry, as text: names, in the order given, each once; an address only where there is no name.

Odd ways of saying ordinary things in a feed, said in the ordinary way, so that its reader need not know them.

Markup that stands in a field unescaped (Atom's `type="xhtml"`, or by mistake) becomes escaped HTML; an XHTML body
becomes `content:encoded`; links are written as they are meant. What other vocabularies say is read by `media`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import feedparser
from lxml import etree

from aggregator.models import Enclosure, Entry, EntryImage, ParsedFeed
from aggregator.models.errors import ParseError
from aggregator.poll import xmltree
from aggregator.poll.fields import (
    CONTENT,
    ITUNES,
    RDF,
    XHTML,
    base_of,
    content,
    entries,
    heads,
    identified,
    language,
    length,
    local_name,
    meant_url,
    namespace,
    remove,
    tags,
)
from aggregator.poll.media import NO_MEDIA, EntryMedia, complete, pictures, take_media, with_pictures
from aggregator.poll.schedule import announced_rhythm
from aggregator.text.date_order import Style
from aggregator.text.dates import parse_date, style_of
from aggregator.text.plain import from_plain, legal, literal, looks_like_html, plain, unwrapped, with_base
from aggregator.text.urls import host_of, http_url, redact

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


_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_HTML_NAME = re.compile(r"[a-z][a-z0-9-]*")
_RELATION_IRI = re.compile(r"^https?://www\.iana\.org/assignments/(?:link-)?relations?/")
_LINKS = frozenset({"link", "origlink", "enclosure", "comments", "url"})
_MARKUP = frozenset({"title", "description", "summary", "content", "encoded", "subtitle", "tagline", "body", "div"})


def normalise(root: etree._Element, host: str) -> None:
    """Rewrite the fields of the feed, whose links lead to `host`, and of its entries, in place."""
    for holder in (*heads(root), *entries(root)):
        _mend_links(holder, host)
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
    base = inner.get(_BASE, "") if inner is not field else ""
    markup = before + "".join(
        etree.tostring(_as_html(child, base), method="html", encoding="unicode") for child in inner
    )
    for child in list(field):
        field.remove(child)
    field.text = markup
    if field.get("type"):
        field.set("type", "html")


def _as_html(element: etree._Element, base: str) -> etree._Element:
    """A copy without namespaces. As deep as libxml2 lets documents be: 256.

    `base` is what the markup itself says references are relative to; the field's own base is applied later, once.
    """
    tag = local_name(element)
    base = _joined(base, element.get(_BASE, ""))
    copy = etree.Element(tag if _HTML_NAME.fullmatch(tag) else "span")
    for name, value in element.attrib.items():
        if not str(name).startswith("{"):
            reference = name in ("href", "src", "poster", "cite", "longdesc") and not str(value).startswith("#")
            several = name in ("srcset", "imagesrcset") and base
            copy.set(
                name, _all_joined(base, str(value)) if several else _joined(base, str(value)) if reference else value
            )
    copy.text, copy.tail = element.text, element.tail
    copy.extend([_as_html(child, base) for child in element])
    return copy


def _joined(base: str, reference: str) -> str:
    with suppress(ValueError):
        return urljoin(base, reference) if base else reference
    return reference


def _all_joined(base: str, candidates: str) -> str:
    """A srcset (WHATWG HTML 4.8.4.2.1), each of its addresses absolute."""
    parts = (part.strip().partition(" ") for part in re.split(r",\s+", candidates))
    return ", ".join(f"{_joined(base, url)} {size}".strip() for url, _, size in parts if url)


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


# --- links -----------------------------------------------------------------------------------------------------


def _mend_links(holder: etree._Element, host: str) -> None:
    """Addresses as they are meant: without blanks and invisible characters, with the scheme that was left out.

    Relations by their names (RFC 4287 section 4.2.7.2: an IRI of the registry stands for the same).
    """
    for field in holder:
        if local_name(field) not in _LINKS:
            continue
        if not len(field) and field.text:
            field.text = meant_url(field.text, host)
        for name in ("href", "url"):
            if value := field.get(name):
                field.set(name, meant_url(value, host))
        if relation := field.get("rel"):
            names = [_RELATION_IRI.sub("", name) for name in relation.lower().split()]
            field.set("rel", "alternate" if "alternate" in names else " ".join(names))


_FORMATS = {"rss090": "RSS 0.90", "rss10": "RSS 1.0", "rss20": "RSS 2.0", "rss091n": "RSS 0.91", "rss091u": "RSS 0.91"}
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})

_PUBLISHED = ("pubdate", "published", "issued", "created")
_UPDATED = ("updated", "modified", "date")
_DATES = frozenset({*_PUBLISHED, *_UPDATED})
"""RSS, Atom 1.0 and 0.3, Dublin Core (`dc:date`, `dcterms:issued`): which element says which."""

_NUMBER = "media-number"

LONG_TEXT = 100
"""Characters from which on a field is handed over as CDATA."""

Raw = Mapping[str, Any]


def read(text: str, url: str, now: datetime | None = None) -> ParsedFeed:
    """The feed in `text`, fetched from `url`. Raises xmltree.NotXml when there is none in it, or ParseError."""
    root, problems = xmltree.read(text)
    base, rhythm = base_of(root, url), announced_rhythm(root)
    channel = [take_media(head, base) for head in heads(root)]
    media = _media(root, base)
    normalise(root, host_of(base))
    author = next(filter(None, map(take_authors, heads(root))), None)
    aside = [
        _Aside(*_guid(tree), take_authors(tree), _dates(tree), media.get(str(tree.attrib.pop(_NUMBER, "")), NO_MEDIA))
        for tree in entries(root)
    ]
    document = _understood(_serialised(root), base)
    if len(aside) != len(document.entries):  # entries within entries, say
        aside = [_Aside("", False, None, {}, NO_MEDIA)] * len(document.entries)
    feed = dict(document.feed)
    dates = style_of(
        (text for own in aside for texts in own.dates.values() for text in texts), feed.get("language"), now
    )
    reader = _Reader(url, base, atom=str(document.version).startswith("atom"), feed=feed, author=author, dates=dates)
    found = []
    for number, (item, own) in enumerate(zip(document.entries, aside, strict=True), start=1):
        try:
            found.append(reader.entry(dict(item), own))
        except (ValueError, TypeError, LookupError, AttributeError) as error:  # feedparser's values are of any type
            problems.append(f"entry {number} could not be read: {type(error).__name__}")
    if not found and xmltree.BROKEN in problems:
        raise ParseError(redact(url), "the XML is broken, and no entry can be read in it")
    identities, notes = identified(found)
    head = reader.head(_format(str(document.version)), next((one for one in channel if one != NO_MEDIA), NO_MEDIA))
    return replace(head, entries=identities, rhythm=rhythm, problems=(*problems, *notes))


@dataclass(frozen=True, slots=True)
class _Aside:
    """What is read of an entry beside feedparser. `guid` is empty when there is none."""

    guid: str
    permalink: bool
    author: str | None
    dates: Mapping[str, Sequence[str]]
    media: EntryMedia


def _media(root: etree._Element, base: str) -> dict[str, EntryMedia]:
    """What comes with entries, by a number that each of them is given as an attribute; without those that have nothing.

    Entries may stand in a field, whose markup becomes text, so that their order tells nothing; to hold on to them
    makes lxml slow.
    """
    found = {}
    for number, tree in enumerate(entries(root)):
        if (media := take_media(tree, base)) is not NO_MEDIA:
            found[str(number)] = media
            tree.set(_NUMBER, str(number))
    return found


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
        raise ParseError(redact(base), f"feedparser cannot read it: {type(error).__name__}") from error


def _format(version: str) -> str:
    if version.startswith("atom"):
        return "Atom 0.3" if version == "atom03" else "Atom 1.0"
    return _FORMATS.get(version, f"RSS 0.{version[-2:]}" if version[-2:].isdigit() else "RSS")


class _Reader:
    """Turns feedparser's dictionaries of one document into values."""

    def __init__(self, url: str, base: str, *, atom: bool, feed: Raw, author: str | None, dates: Style) -> None:
        self._url = url
        self._base = base
        self._atom = atom
        self._feed = feed
        self._author = author
        self._dates = dates
        self._language = language(feed.get("language"))

    def head(self, format_: str, media: EntryMedia) -> ParsedFeed:
        """The feed itself; where its own elements say nothing, what iTunes' or Media RSS say of it."""
        feed = self._feed
        icons = (feed.get("icon"), feed.get("logo"), _dict(feed.get("image")).get("href"), *_urls(media.images))
        return ParsedFeed(
            title=self._line(feed, "title") or media.title,
            url=self._url,
            home_page_url=self._link(feed),
            description=self._line(feed, "subtitle") or plain(media.description),
            language=self._language,
            author=self._author,
            icon=next(filter(None, (http_url(_text(icon), self._base) for icon in icons)), None),
            id=literal(_text(feed.get("id"))) or None,
            updated=parse_date(_text(feed.get("updated")) or _text(feed.get("published")), self._dates),
            format=format_,
            self_url=next(self._related(feed, "self"), None),
            hubs=tuple(dict.fromkeys(self._related(feed, "hub"))),
            next_url=next(self._related(feed, "prev-archive", "next"), None),
        )

    def entry(self, item: Raw, own: _Aside) -> Entry:
        published, updated = self._when(own.dates)
        html, summary = self._content(item)
        if not (html or summary):
            html = own.media.description
        files = complete((*self._enclosures(item), *own.media.files), own.media.episode)
        images = pictures(own.media.images, files)
        title, html = with_pictures(self._line(item, "title") or own.media.title, html, images)
        guid = own.guid or _text(item.get("id"))
        guid_base = self._base if guid and guid.startswith("/") else None
        url = self._link(item) or (http_url(guid, guid_base) if own.permalink else None)
        categories = (tag.get("label") or tag.get("term") for tag in _dicts(item.get("tags")))
        return Entry(
            guid=literal(guid, limit=4096),
            url=url or next(self._related(item, "via", "related"), None),
            title=title,
            author=own.author or (self._author if self._atom else None),
            published=published,
            updated=updated,
            summary=summary,
            html=html,
            tags=tags([*categories, *own.media.keywords]),
            enclosures=files,
            images=images,
            episode=own.media.episode,
            language=self._entry_language(item),
        )

    def _when(self, given: Mapping[str, Sequence[str]]) -> tuple[datetime | None, datetime | None]:
        """(published, updated): the first date that can be read serves; updated only when it says something else."""

        def first(names: Iterable[str]) -> datetime | None:
            texts = (text for name in names for text in given.get(name, ()))
            return next(filter(None, (parse_date(text, self._dates) for text in texts)), None)

        updated = first(_UPDATED)
        published = first(_PUBLISHED) or updated
        return published, updated if updated != published else None

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
        value, kind = unwrapped(legal(str(part.get("value") or ""))), part.get("type", "text/html")
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
        for file in _dicts(item.get("links")):
            if file.get("rel") == "enclosure" and (url := http_url(_text(file.get("href")), self._base)):
                kind, size = _text(file.get("type")) or "", length(file.get("length"))
                yield Enclosure(url, kind, size, title=plain(file.get("title")))


def _dates(tree: etree._Element) -> dict[str, list[str]]:
    """The dates of an entry as written, by the names of their elements in whatever vocabulary."""
    found: dict[str, list[str]] = {}
    for child in tree:
        if (name := local_name(child)) in _DATES and (text := (child.text or child.get("datetime") or "").strip()):
            found.setdefault(name, []).append(text)
    return found


def _guid(tree: etree._Element) -> tuple[str, bool]:
    """The guid or id as written, or what the item is about in RDF; and whether it may stand for a missing link."""
    for name in ("guid", "id"):
        for child in tree:
            text = (child.text or "").strip()
            if local_name(child) == name and not namespace(child) and text:
                return text, (child.get("isPermaLink") or "true").strip().lower() == "true"
    return (tree.get(f"{{{RDF}}}about") or "").strip(), True


def _urls(images: Iterable[EntryImage]) -> Iterator[str]:
    return (image.url for image in images)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _dict(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _dicts(values: Iterable[object] | None) -> Sequence[dict[str, Any]]:
    return [dict(value) for value in values if isinstance(value, dict)] if isinstance(values, list) else []

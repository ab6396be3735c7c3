"""Atom 1.0 (RFC 4287), with feed history (RFC 5005)."""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.emit import intel, paths
from aggregator.emit.feed import GENERATOR, SMALL_ICON, FeedDocument, address
from aggregator.emit.item import Item, Link, rfc3339
from aggregator.emit.xmlwriter import element, empty, styled
from aggregator.models import Enclosure

NAMESPACE = "http://www.w3.org/2005/Atom"
HISTORY = "http://purl.org/syndication/history/1.0"
MEDIA = "http://search.yahoo.com/mrss/"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"


def document(document: FeedDocument, entries: Sequence[str]) -> bytes:
    """The document as UTF-8; `entries` are its items as `entry` spells them."""
    feed = document.feed
    parts = [
        styled(paths.to_root(document.stem)),
        f'<feed xmlns="{NAMESPACE}" xmlns:fh="{HISTORY}" xmlns:media="{MEDIA}"{_tombstones(document)}',
        f' xml:lang="{feed.language}">\n',
        element("id", feed.id),
        element("title", feed.title),
        element("subtitle", feed.subtitle),
        element("updated", rfc3339(document.updated)),
        f"<author>{element('name', feed.author).rstrip()}</author>\n",
        element("generator", GENERATOR),
        element("icon", feed.base + SMALL_ICON),
        empty("link", rel="alternate", type="text/html", href=feed.home_url),
        empty("link", rel="self", type="application/atom+xml", href=document.url("atom")),
        hub_links(document, "link"),
        history_links(document, "atom", "link"),
    ]
    if document.archived:
        parts.append(empty("fh:archive"))
    parts += [empty("at:deleted-entry", ref=gone.id, when=rfc3339(gone.at)) for gone in document.deleted]
    return "".join((*parts, *entries, "</feed>\n")).encode()


def _tombstones(document: FeedDocument) -> str:
    """The namespace of RFC 6721, where it is used."""
    return f' xmlns:at="{TOMBSTONES}"' if document.deleted else ""


def hub_links(document: FeedDocument, name: str) -> str:
    """Where to subscribe to changes of the document (WebSub section 4)."""
    return "".join(empty(name, rel="hub", href=hub) for hub in document.hubs)


def history_links(document: FeedDocument, extension: str, name: str) -> str:
    """prev-archive, next-archive and current (RFC 5005 section 4), where the document has them."""
    targets = [("prev-archive", document.older), ("next-archive", document.newer)]
    if document.archived:
        targets.append(("current", document.feed.stem))
    return "".join(empty(name, rel=rel, href=address(document.feed, stem, extension)) for rel, stem in targets if stem)


def entry(item: Item) -> str:
    """One entry. The alternate link stands first: some parsers take the first link whatever its rel."""
    parts = [
        f'<entry xml:lang="{item.language}">\n' if item.language else "<entry>\n",
        element("id", item.id),
        element("title", item.title),
        empty("link", rel="alternate", type="text/html", href=item.url),
        entry_links(item, "link"),
        enclosures(item, "link"),
        element("published", rfc3339(item.published)),
        element("updated", rfc3339(item.updated)),
        *(f"<author>{element('name', author).rstrip()}</author>\n" for author in item.authors),
        *(empty("category", term=tag) for tag in item.tags),
        *(empty("category", term=term, scheme=scheme) for term, scheme in intel.categories(item.facts)),
        element("summary", item.summary) if item.summary else "",
        element("content", item.html, type="html"),
        thumbnail(item),
        *(media(file) for file in item.enclosures if file.duration is not None),
        source(item),
        "</entry>\n",
    ]
    return "".join(parts)


def entry_links(item: Item, name: str) -> str:
    """The next and the previous post, and the same article elsewhere, as Atom links (also used in RSS)."""
    links: list[tuple[str, Link]] = [("related", other) for other in item.also_in]
    if item.previous is not None:
        links.insert(0, (f"{item.relation}prev", item.previous))
    if item.next is not None:
        links.insert(0, (f"{item.relation}next", item.next))
    return "".join(empty(name, rel=rel, href=link.url, title=link.title) for rel, link in links)


def enclosures(item: Item, name: str) -> str:
    return "".join(
        empty(
            name,
            rel="enclosure",
            href=file.url,
            type=file.type or None,
            length=str(file.length) if file.length is not None else None,
            title=file.title or None,
        )
        for file in item.enclosures
    )


def thumbnail(item: Item) -> str:
    """The main picture (Media RSS), where most readers look for it. Also used in RSS."""
    if item.image is None:
        return ""
    size = {name: str(value) for name in ("width", "height") if (value := getattr(item.image, name))}
    return empty("media:thumbnail", url=item.image.url, **size)


def media(file: Enclosure) -> str:
    """A file as Media RSS has it, with what enclosures have no place for. Also used in RSS."""
    medium = file.type.partition("/")[0]
    return empty(
        "media:content",
        url=file.url,
        type=file.type or None,
        fileSize=str(file.length) if file.length is not None else None,
        medium=medium if medium in ("image", "audio", "video") else None,
        duration=str(file.duration) if file.duration is not None else None,
    )


def source(item: Item) -> str:
    """atom:source (RFC 4287 section 4.2.11): the origin's feed as it was when the entry came from it.

    Its `updated` is the entry's stamp: the time at which that feed was seen with this entry in it. The feed's own
    latest date would change every entry of the source at every poll.
    """
    return "".join(
        (
            "<source>\n",
            element("id", item.source_id),
            element("title", item.source_title),
            element("updated", rfc3339(item.stamp)),
            empty("link", rel="self", href=item.source_feed),
            empty("link", rel="alternate", type="text/html", href=item.source_home) if item.source_home else "",
            "</source>\n",
        )
    )

"""RSS 2.0, by the RSS Advisory Board's specification and profile, with Atom, history and content extensions."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

from aggregator.emit import intel, paths
from aggregator.emit.atom import HISTORY, MEDIA, NAMESPACE, entry_links, history_links, hub_links, media, thumbnail
from aggregator.emit.feed import GENERATOR, SMALL_ICON, FeedDocument
from aggregator.emit.item import Item, rfc3339
from aggregator.emit.xmlwriter import element, empty, styled

SPECIFICATION = "http://www.rssboard.org/rss-specification"
_NAMESPACES = (
    f'xmlns:atom="{NAMESPACE}" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    f'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:fh="{HISTORY}" '
    f'xmlns:media="{MEDIA}" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
)


def document(document: FeedDocument, entries: Sequence[str]) -> bytes:
    """The document as UTF-8; `entries` are its items as `entry` spells them."""
    feed = document.feed
    newest = max((item.stamp for item in document.items), default=document.newest)
    parts = [
        styled(paths.to_root(document.stem)),
        f'<rss version="2.0" {_NAMESPACES}>\n<channel>\n',
        element("title", feed.title),
        element("link", feed.home_url),
        element("description", feed.subtitle),
        element("language", feed.language),
        element("pubDate", rfc822(newest)),
        element("lastBuildDate", rfc822(document.updated)),
        element("docs", SPECIFICATION),
        element("generator", GENERATOR),
        (
            f"<image>\n{element('url', feed.base + SMALL_ICON)}{element('title', feed.title)}"
            f"{element('link', feed.home_url)}</image>\n"
        ),
        empty("atom:link", rel="self", type="application/rss+xml", href=document.url("rss")),
        hub_links(document, "atom:link"),
        history_links(document, "rss", "atom:link"),
    ]
    if document.archived:
        parts.append(empty("fh:archive"))
    return "".join((*parts, *entries, "</channel>\n</rss>\n")).encode()


def entry(item: Item) -> str:
    """One item. Its date is the stamp, unique and descending; the origin's own date is dcterms:created.

    (dc:date would say the same, but the W3C validator warns of it beside pubDate, and parsers prefer it.)
    """
    parts = [
        "<item>\n",
        element("title", item.title),
        element("link", item.url),
        element("guid", item.id, isPermaLink="false"),
        element("pubDate", rfc822(item.stamp)),
        element("dcterms:created", rfc3339(item.published)) if item.published != item.stamp else "",
        element("dc:creator", item.author),
        element("dc:language", item.language) if item.language else "",
        *(element("category", tag) for tag in item.tags),
        *(element("category", term, domain=scheme) for term, scheme in intel.categories(item.facts)),
        element("source", item.source_name, url=item.source_feed),
        entry_links(item, "atom:link"),
        enclosure(item),
        thumbnail(item),
        *(media(file) for file in item.enclosures if file is not item.main_file),
        episode(item),
        element("description", html.escape(item.summary or item.title, quote=False)),
        element("content:encoded", item.html),
        "</item>\n",
    ]
    return "".join(parts)


def enclosure(item: Item) -> str:
    """The main file: an RSS item has one at most, with all three attributes (0 for an unknown length)."""
    file = item.main_file
    if file is None:
        return ""
    return empty(
        "enclosure",
        url=file.url,
        length=str(file.length or 0),
        type=file.type or "application/octet-stream",
    )


def episode(item: Item) -> str:
    """What a podcast's feed says of an episode, for players (Apple's podcast namespace)."""
    found, file = item.episode, item.main_file
    if found is None:
        return ""
    duration = found.duration if found.duration is not None else file.duration if file else None
    values = (
        ("duration", None if duration is None else str(duration)),
        ("season", None if found.season is None else str(found.season)),
        ("episode", None if found.number is None else str(found.number)),
        ("episodeType", found.kind or None),
        ("explicit", None if found.explicit is None else str(found.explicit).lower()),
        ("subtitle", found.subtitle or None),
    )
    image = empty("itunes:image", href=item.image.url) if item.image else ""
    return image + "".join(element(f"itunes:{name}", value) for name, value in values if value)


def rfc822(moment: datetime) -> str:
    """`Tue, 30 Jul 2019 17:16:29 GMT`."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)

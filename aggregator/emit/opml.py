"""The sources as OPML 2.0, for importing into any reader."""

from __future__ import annotations

from collections.abc import Iterable

from aggregator.config.settings import Site
from aggregator.emit import paths
from aggregator.emit.xmlwriter import DECLARATION, element, empty
from aggregator.models import Source
from aggregator.text import published


def opml(sources: Iterable[Source], site: Site) -> bytes:
    """One outline a source, in a folder named for its first tag; `category` holds all of its tags.

    A source stands once, though it may have many tags: most readers import what stands twice as two feeds.
    Addresses are given without their secrets, so a feed behind a token has to be completed by hand.
    """
    folders: dict[str, list[str]] = {}
    for source in sources:
        folders.setdefault(published.line(source.tags[0]) if source.tags else "", []).append(_outline(source))
    parts = [
        DECLARATION,
        '<opml version="2.0">\n<head>\n',
        element("title", published.line(site.title)),
        "</head>\n<body>\n",
    ]
    for folder in sorted(folders):
        outlines = "".join(folders[folder])
        if folder:
            head = empty("outline", text=folder, title=folder).replace("/>", ">")
            outlines = f"{head}{outlines}</outline>\n"
        parts.append(outlines)
    parts.append("</body>\n</opml>\n")
    return "".join(parts).encode()


def _outline(source: Source) -> str:
    source = published.purify(source)
    name = published.line(source.name) or source.slug
    return empty(
        "outline",
        type="rss",
        text=name,
        title=name,
        xmlUrl=paths.shown_feed(source.feed_url),
        htmlUrl=paths.shown(source.home_page_url),
        category=",".join(f"/{tag}" for tag in source.tags) or None,
    )

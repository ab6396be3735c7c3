"""What a feed document is, whatever its format: its identity, its place among the others, and its items."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from aggregator.config.settings import Site
from aggregator.emit import paths
from aggregator.emit.item import Item
from aggregator.models import Ended
from aggregator.text import published

GENERATOR = "security-feed-aggregator"
ICON, SMALL_ICON = "icon.png", "icon-64.png"
"""512 and 64 pixels a side: few readers show SVG."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of a feed without entries: nothing here reads the clock."""


@dataclass(frozen=True, slots=True)
class OutputFeed:
    """A logical feed (RFC 5005): one id and title, however many documents it is spread over.

    `stem` is its current document's path without extension, `home` the path of the page that shows the same (empty: the
    front page). `query` (of a search) belongs to all its addresses, spelled as in a URL, without `?`. `hubs` are told
    when its current document changes (WebSub).
    """

    stem: str
    title: str
    home: str
    base: str
    language: str
    author: str
    subtitle: str
    query: str = ""
    hubs: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """A tag: URI (RFC 4151) under the site's name; the same for all documents and formats of the feed."""
        parts = urlsplit(self.base)
        host = parts.hostname or ""
        authority = host if host and ":" not in host else "localhost"
        name = quote(parts.path + self.stem, safe="/")
        return f"tag:{authority},2000:feed:{name}{self._question}"

    @property
    def home_url(self) -> str:
        return self.base + paths.quoted(self.home) + self._question

    @property
    def _question(self) -> str:
        return f"?{self.query}" if self.query else ""


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """One document of a feed. `older` and `newer` are the stems of its neighbours in the archive, if it has them.

    An archived document is complete and will not change (RFC 5005 section 4); the current one has no `newer`.
    `first` and `last` are the sequence numbers that an archived document covers. `deleted` are former entries. `newest`
    is the time of the newest change where the entries are no items.
    """

    feed: OutputFeed
    stem: str
    items: tuple[Item, ...]
    older: str | None = None
    newer: str | None = None
    archived: bool = False
    first: int = 0
    last: int = 0
    deleted: tuple[Ended, ...] = ()
    newest: datetime = EPOCH

    def url(self, extension: str) -> str:
        return address(self.feed, self.stem, extension)

    @property
    def hubs(self) -> tuple[str, ...]:
        """Where to subscribe to its changes; an archived document has none."""
        return () if self.archived else self.feed.hubs

    @property
    def updated(self) -> datetime:
        """The time of the newest change in the document."""
        times = (*(item.updated for item in self.items), *(gone.at for gone in self.deleted))
        return max(times, default=self.newest)


def entry_bytes(site: Site) -> int:
    """How many bytes the entries of one document may have: what `site.page_bytes` leaves beside its head."""
    return site.page_bytes * 24 // 25


def address(feed: OutputFeed, stem: str, extension: str) -> str:
    """The absolute URL of the feed's document at `stem` in one format."""
    question = f"?{feed.query}" if feed.query else ""
    return f"{feed.base}{paths.quoted(stem)}.{extension}{question}"


def combined(site: Site) -> OutputFeed:
    """The feed of everything."""
    return _feed(site, "feed", site.title, "", f"{site.title}: every post, newest first")


def of_tag(site: Site, tag: str, slug: str) -> OutputFeed:
    """The feed of what sources with this tag carry."""
    return _feed(site, f"tags/{slug}", f"{site.title}: {tag}", f"tags/{slug}.html", f"Posts tagged {tag}, newest first")


def of_source(site: Site, name: str, slug: str) -> OutputFeed:
    """The feed of what one source carries, hidden posts too."""
    return _feed(
        site, f"sources/{slug}", f"{name} ({site.title})", f"sources/{slug}.html", f"Posts by {name}, newest first"
    )


def of_search(site: Site, query: str, words: str) -> OutputFeed:
    """The feed of what a search finds. `query` is its query string in one fixed spelling, `words` says it to people."""
    feed = _feed(site, "search", f"{words} ({site.title})", "search", f"Posts found by the search: {words}")
    return replace(feed, query=query, hubs=())  # made on request: when it changes is not known


def of_output(site: Site, title: str, name: str) -> OutputFeed:
    """An output of the operator."""
    return _feed(
        site, f"outputs/{name}", f"{title} ({site.title})", f"outputs/{name}.html", f"Posts for {title}, newest first"
    )


def of_stem(site: Site, stem: str, title: str, subtitle: str) -> OutputFeed:
    """The feed of a page of its own: of a flaw, a group, a product, a watchlist."""
    return replace(_feed(site, stem, f"{title} ({site.title})", f"{stem}.html", subtitle), hubs=())


def of_health(site: Site) -> OutputFeed:
    """The feed of what happened to the feeds."""
    subtitle = "What broke, moved, fell silent or came back"
    return replace(_feed(site, "health", f"Health of the feeds ({site.title})", "status", subtitle), hubs=())


def _feed(site: Site, stem: str, title: str, home: str, subtitle: str) -> OutputFeed:
    return OutputFeed(
        stem=stem,
        title=published.line(title),
        home=home,
        base=paths.base(site.base_url),
        language=site.language,
        author=published.line(site.author) or published.line(site.title),
        subtitle=published.line(subtitle),
        hubs=tuple(filter(None, map(paths.shown, site.hubs))),
    )

"""The imaginary press's masthead: who publishes, in which format, at which paths, with which habits and troubles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

FeedFormat = Literal["rss", "atom", "blogger", "json", "rdf"]
Trouble = Literal["truncated", "error", "html", "gone"]
Validator = Literal["etag", "last-modified"]

ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Outlet:
    """One publisher.

    `permalink` is a path with {slug}, {number}, {section} and {date} (strftime fields after a colon); empty: its posts
    have no pages. `window` is how many posts its feed holds. `full` feeds carry the whole text. `credit` is how it
    names the source of a text that it carries, with {name} and {url}. `trouble` says what its feed does from a round
    on.
    """

    key: str
    name: str
    description: str
    theme: str
    feed: FeedFormat
    feed_path: str
    permalink: str
    tags: tuple[str, ...]
    full: bool = False
    window: int = 20
    validators: frozenset[Validator] = frozenset({"etag", "last-modified"})
    credit: str = ""
    disallow: str | None = None
    slow: bool = False
    moved: bool = False
    trouble: Mapping[int, Trouble] = field(default_factory=lambda: MappingProxyType({}))

    def trouble_in(self, round_: int) -> Trouble | None:
        """What is wrong in a round. A gone outlet stays gone; every other trouble lasts one round."""
        if any(kind == "gone" and since <= round_ for since, kind in self.trouble.items()):
            return "gone"
        return self.trouble.get(round_)


OUTLETS: tuple[Outlet, ...] = (
    Outlet(
        key="lantern",
        name="Threat Lantern",
        description="Independent news on threats, flaws and the people behind both",
        theme="classic",
        feed="rss",
        feed_path="/feed/",
        permalink="/{slug}/{number}/",
        tags=("news",),
    ),
    Outlet(
        key="nightly",
        name="The Nightly Patch",
        description="What to patch before you go to bed",
        theme="blogger",
        feed="blogger",
        feed_path="/feeds/posts/default",
        permalink="/{date:%Y/%m}/{slug}.html",
        tags=("news", "blogs"),
        validators=frozenset({"etag"}),
        credit="Source: {name}",
    ),
    Outlet(
        key="basalt",
        name="Basalt Labs Research",
        description="Reverse engineering and incident response notes",
        theme="research",
        feed="atom",
        feed_path="/research/atom.xml",
        permalink="/research/{slug}",
        tags=("research", "vendor"),
        full=True,
    ),
    Outlet(
        key="kettle",
        name="Kettle & Key",
        description="A defender's notebook, with tea",
        theme="notes",
        feed="json",
        feed_path="/feed.json",
        permalink="/{date:%Y}/{slug}/",
        tags=("blogs",),
        full=True,
        validators=frozenset({"etag"}),
    ),
    Outlet(
        key="farpoint",
        name="Farpoint News Service",
        description="The wire: security",
        theme="wire",
        feed="rss",
        feed_path="/rss/security.xml",
        permalink="/story/{number}",
        tags=("news", "wire"),
        validators=frozenset({"last-modified"}),
    ),
    Outlet(
        key="ledger",
        name="The Coastal Ledger",
        description="News from the coast since 1871",
        theme="daily",
        feed="rss",
        feed_path="/rss.xml",
        permalink="/{section}/{date:%Y-%m-%d}/{slug}.html",
        tags=("news",),
        credit="Source: {link}",
    ),
    Outlet(
        key="dockside",
        name="Dockside Technology",
        description="Machines, ports and the people who run them",
        theme="daily",
        feed="rss",
        feed_path="/feed.xml",
        permalink="/{section}/{slug}",
        tags=("news",),
        credit="This article was first published by {link}.",
        disallow="/subscribers/",
    ),
    Outlet(
        key="upland",
        name="Upland Business Daily",
        description="Markets and the things that move them",
        theme="daily",
        feed="rss",
        feed_path="/feeds/all.rss",
        permalink="/a/{number}-{slug}",
        tags=("news", "business"),
        credit="Source: {name}",
    ),
    Outlet(
        key="slowglass",
        name="Slow Glass Review",
        description="Long looks at quick things",
        theme="ghost",
        feed="atom",
        feed_path="/atom.xml",
        permalink="/{slug}/",
        tags=("blogs",),
        slow=True,
    ),
    Outlet(
        key="cracked",
        name="Cracked Bell Security",
        description="Small teams, old machines",
        theme="plain",
        feed="rss",
        feed_path="/index.xml",
        permalink="/posts/{number}",
        tags=("blogs",),
        full=True,
        trouble=MappingProxyType({1: "truncated", 2: "error", 3: "html"}),
    ),
    Outlet(
        key="oldmill",
        name="Old Mill Bulletin",
        description="One paragraph a night",
        theme="plain",
        feed="rss",
        feed_path="/bulletin.rss",
        permalink="/{number}",
        tags=("advisories",),
        full=True,
        trouble=MappingProxyType({2: "gone"}),
    ),
    Outlet(
        key="ferry",
        name="Ferry Street Security",
        description="Frauds of everyday travel",
        theme="table",
        feed="rss",
        feed_path="/rss20.xml",
        permalink="/articles/{slug}.htm",
        tags=("blogs",),
        moved=True,
    ),
    Outlet(
        key="certvel",
        name="CERT Velmark",
        description="Advisories of the national computer emergency response team",
        theme="none",
        feed="rdf",
        feed_path="/advisories.rdf",
        permalink="",
        tags=("advisories",),
        full=True,
        validators=frozenset(),
    ),
    Outlet(
        key="copperline",
        name="Copperline Engineering",
        description="How we make meters, and mistakes",
        theme="hugo",
        feed="rss",
        feed_path="/posts/index.xml",
        permalink="/posts/{slug}/",
        tags=("vendor",),
        window=2,
    ),
)

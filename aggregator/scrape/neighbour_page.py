"""A page as the search for neighbours sees it: its own URL, the links that could be neighbours, what names say.

Everything is worked out once and bounded, so that a hostile page (a hundred thousand links in one block) costs no more
than reading it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice

from lxml.html import HtmlElement

from aggregator.scrape.neighbour_labels import Way
from aggregator.scrape.neighbour_names import Hint, hint_of
from aggregator.scrape.neighbour_urls import can_be_neighbour, folded, site_of
from aggregator.urls import http_url

MAX_ANCHORS = 3000
"""Links looked at; the largest pages of the corpora have 2,600."""
MAX_INSIDE = 60
"""Nodes looked at when the links inside a block are counted: a block of neighbours is small, others need no count."""
STOP_TAGS = frozenset({"body", "html", "main", "article"})
"""No block of neighbours reaches up to one of these."""

_REL_WAYS = {"next": Way.NEXT, "prev": Way.PREVIOUS, "previous": Way.PREVIOUS}


class Page:
    """A parsed page (which stays as it is) with its own URL and the hosts that it belongs to."""

    def __init__(self, tree: HtmlElement, url: str) -> None:
        self.tree = tree
        stated = self._stated_urls()
        self.url = http_url(url) or next(iter(stated), "")
        base = next((element.get("href") for element in tree.iter("base") if element.get("href")), None)
        self.base = http_url(base, self.url or None) or self.url or None
        self.sites = frozenset(filter(None, map(site_of, (self.url, *stated))))
        self._hints: dict[HtmlElement, Hint] = {}

    def _stated_urls(self) -> tuple[str, ...]:
        """What the page calls its own URL; the host counts as its own beside the one it was fetched from."""
        found = [link.get("href") for link in self.tree.iter("link") if (link.get("rel") or "").lower() == "canonical"]
        found += [meta.get("content") for meta in self.tree.iter("meta") if meta.get("property") == "og:url"]
        return tuple(filter(None, map(http_url, found)))

    @cached_property
    def anchors(self) -> dict[HtmlElement, str]:
        """Every link to what may be a neighbour, with its absolute URL, in the page's order."""
        every = islice(self.tree.iter("a"), MAX_ANCHORS)
        return {anchor: url for anchor in every if (url := self.resolve(anchor.get("href")))}

    @cached_property
    def keys(self) -> dict[HtmlElement, str]:
        """The same links with their URL folded, to compare by."""
        return {anchor: folded(url) for anchor, url in self.anchors.items()}

    def resolve(self, href: str | None) -> str | None:
        """The absolute URL of a link, or None when it can not be a neighbour."""
        if not href or href.startswith(("#", "javascript:", "mailto:")):
            return None
        url = http_url(href, self.base)
        return url if url and can_be_neighbour(self.url, url, self.sites) else None

    def keys_in(self, element: HtmlElement) -> list[str]:
        """The different possible neighbours linked inside a block, in order, folded; of a large block only the first."""
        return list(dict.fromkeys(self.keys[each] for each in self.anchors_in(element)))

    def anchors_in(self, element: HtmlElement) -> Iterator[HtmlElement]:
        return (each for each in islice(element.iter("a"), MAX_INSIDE) if each in self.anchors)

    def hint(self, element: HtmlElement) -> Hint:
        """What the class and id of an element say."""
        hint = self._hints.get(element)
        if hint is None:
            hint = self._hints[element] = hint_of(f"{element.get('class', '')} {element.get('id', '')}")
        return hint


def rel_way(element: HtmlElement) -> Way | None:
    """The direction of an element's `rel`, or None."""
    rel = element.get("rel")
    return next((_REL_WAYS[word] for word in rel.lower().split() if word in _REL_WAYS), None) if rel else None

"""A page as the search for neighbours sees it: its own URL, the links that could be neighbours, what names say.

Everything is worked out when first asked for, once, and bounded: most links of a page are never resolved, and a
hostile page (a hundred thousand links in one block) costs no more than reading it.

The block of a page that is about one neighbour, or about both: how far it reaches around a link.

It never takes in a piece of the article: it ends below whatever holds a headline of something else, several
paragraphs, or more text than titles and teasers need.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import islice

from lxml.html import HtmlElement

from aggregator.scrape.dom import HEADINGS
from aggregator.scrape.neighbours.labels import LabelHint, Way, hint_of, label_of
from aggregator.scrape.neighbours.urls import can_be_neighbour, date_in, folded, may_be_of, site_of
from aggregator.text.urls import http_url

MAX_ANCHORS = 3000
"""Links looked at; the largest pages of the corpora have 2,600."""
MAX_INSIDE = 60
MAX_POSTS = 9
"""Links and different posts looked at in one block: two neighbours, each with picture, title, category and author, have
eight; what has more is a menu, whatever else is in it."""
MAX_CARD_CLIMB = 3
DAY = len("2026-03-12")
STOP_TAGS = frozenset({"body", "html", "main", "article"})
"""No block of neighbours reaches up to one of these."""

_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_FRAME = frozenset({"header", "masthead", "topbar", "footer", "navbar", "subnav", "megamenu", "menu", "mainnav"})
_OF_ARTICLE = frozenset({"post", "entry", "article", "single", "content", "story", "blog"})

_REL_WAYS = {"next": Way.NEXT, "prev": Way.PREVIOUS, "previous": Way.PREVIOUS}


class NeighbourPage:
    """A parsed page (which stays as it is) with its own URL and the hosts that it belongs to."""

    def __init__(self, tree: HtmlElement, url: str) -> None:
        self.tree = tree
        self.head_links: list[HtmlElement] = list(islice(tree.iter("link"), MAX_ANCHORS))
        stated = self._stated_urls()
        self.url = http_url(url) or next(iter(stated), "")
        base = next((element.get("href") for element in tree.iter("base") if element.get("href")), None)
        self.base = http_url(base, self.url or None) or self.url or None
        self.sites = frozenset(filter(None, map(site_of, (self.url, *stated))))
        self.own_keys = frozenset(map(folded, (self.url, *stated)))
        self.hints: dict[HtmlElement, LabelHint] = {}
        self._urls: dict[str, str | None] = {}
        self._anchors_in: dict[HtmlElement, dict[str, HtmlElement]] = {}
        self.around: dict[HtmlElement, list[tuple[HtmlElement, LabelHint]]] = {}
        """For the parent of a link, the named elements from it upwards; kept by who asks for them (see links)."""
        self._framed: dict[HtmlElement, bool] = {}

    def _stated_urls(self) -> tuple[str, ...]:
        """What the page calls its own URL; the host counts as its own beside the one it was fetched from."""
        found = [link.get("href") for link in self.head_links if (link.get("rel") or "").lower() == "canonical"]
        found += [meta.get("content") for meta in self.tree.iter("meta") if meta.get("property") == "og:url"]
        return tuple(filter(None, map(http_url, found)))

    @cached_property
    def anchors(self) -> list[HtmlElement]:
        """Every link that leads somewhere, in the page's order."""
        every = islice(self.tree.iter("a"), MAX_ANCHORS)
        return [each for each in every if not each.get("href", "#").startswith(("#", "javascript:", "mailto:"))]

    def own_anchors(self) -> Iterator[HtmlElement]:
        """The links to the page itself, fragments aside."""
        tails = tuple(key.rstrip("/").rpartition("/")[2] for key in self.own_keys)
        for anchor in self.anchors:
            href = anchor.get("href", "")
            if "#" not in href and href.lower().rstrip("/").endswith(tails):
                url = http_url(href, self.base)
                if url and folded(url) in self.own_keys:
                    yield anchor

    def url_of(self, link: HtmlElement) -> str | None:
        """The absolute URL of a link, or None when it cannot be a neighbour."""
        href = link.get("href")
        if not href:
            return None
        if href not in self._urls:
            url = http_url(href, self.base) if may_be_of(href, self.sites) else None
            self._urls[href] = url if url and can_be_neighbour(self.url, url, self.sites) else None
        return self._urls[href]

    def key_of(self, link: HtmlElement) -> str | None:
        """The URL of a link to compare by, or None when it cannot be a neighbour."""
        url = self.url_of(link)
        return folded(url) if url else None

    def anchors_in(self, block: HtmlElement) -> dict[str, HtmlElement]:
        """The posts that a block links to (folded URL -> first link), in order; at most `MAX_POSTS` are told apart."""
        firsts = self._anchors_in.get(block)
        if firsts is None:
            firsts = self._anchors_in[block] = {}
            for each in islice(block.iter("a"), MAX_INSIDE):
                if key := self.key_of(each):
                    firsts.setdefault(key, each)
                if len(firsts) == MAX_POSTS:
                    break
        return firsts

    def hint(self, element: HtmlElement) -> LabelHint:
        """What the class and id of an element say."""
        hint = self.hints.get(element)
        if hint is None:
            hint = self.hints[element] = hint_of(element.get("class", ""), element.get("id", ""))
        return hint

    def way_by_date(self, url: str) -> Way | None:
        """By the dates in the page's own URL and in another, or None when one has none or they are equal."""
        own, other = date_in(self.url), date_in(url)
        if not own or not other or own == other:
            return None
        return Way.NEXT if other > own else Way.PREVIOUS

    def way_by_time(self, anchor: HtmlElement) -> Way | None:
        """By the date in or beside a link (a `time` of its own) and that on which the page says it was published."""
        theirs = ""
        for block in (anchor, *islice(anchor.iterancestors(), MAX_CARD_CLIMB)):
            if theirs or block.tag in ("main", "body", "html") or len(self.anchors_in(block)) > 1:
                break
            theirs = next((each.get("datetime", "") for each in block.iter("time")), "")[:DAY]
        own = self.published
        if len(own) != DAY or len(theirs) != DAY or own == theirs:
            return None
        return Way.NEXT if theirs > own else Way.PREVIOUS

    def in_frame(self, element: HtmlElement) -> bool:
        """Whether an element stands in the head or the foot of the site, and not of an article."""
        passed = []
        node: HtmlElement | None = element
        found = False
        while node is not None and node.tag not in STOP_TAGS:
            if node in self._framed:
                found = self._framed[node]
                break
            passed.append(node)
            node = node.getparent()
        for node in reversed(passed):
            found = self._framed[node] = found or names_frame(node)
        return found

    @cached_property
    def published(self) -> str:
        """The day on which the page says for machines that it was published; empty when it does not."""
        metas = (each for each in self.tree.iter("meta") if each.get("property") == "article:published_time")
        return next((each.get("content", "") for each in metas), "")[:DAY]


def names_frame(node: HtmlElement) -> bool:
    """Whether an element is the head or the foot of a site by its tag or its names."""
    names = set(map(str.lower, _NAME.findall(f"{node.get('class') or ''} {node.get('id') or ''}")))
    framed = node.tag in ("header", "footer") or not names.isdisjoint(_FRAME)
    return framed and names.isdisjoint(_OF_ARTICLE)


def rel_way(element: HtmlElement) -> Way | None:
    """The direction of an element's `rel`, or None."""
    rel = element.get("rel")
    return next((_REL_WAYS[word] for word in rel.lower().split() if word in _REL_WAYS), None) if rel else None


_STOP_TAGS = frozenset({"body", "html", "main"})
_MAX_PARAGRAPHS = 3
"""Of two teasers and a label; an article has more, or else headings."""
_UNSEEN = ("screen-reader", "visually-hidden", "sr-only", "assistive", "visuallyhidden")
"""In the class of a heading that only a screen reader reads out: "Post navigation"."""


def own_block(
    page: NeighbourPage, anchor: HtmlElement, keys: Collection[str], max_text: int, shared: HtmlElement | None = None
) -> HtmlElement:
    """The largest block around a link that links to no posts but `keys` (folded URLs) and holds nothing else.

    At most `max_text` characters, and below `shared`, where that is given.
    """
    block = anchor
    for ancestor in anchor.iterancestors():
        if ancestor is shared or ancestor.tag in _STOP_TAGS or len(ancestor.text_content()) > max_text:
            break
        if not all(key in keys for key in page.anchors_in(ancestor)) or _holds_article(page, ancestor, keys):
            break
        block = ancestor
    return block


def _holds_article(page: NeighbourPage, block: HtmlElement, keys: Collection[str]) -> bool:
    paragraphs = islice((each for each in block.iter("p") if len(each.text_content()) > 1), _MAX_PARAGRAPHS + 1)
    return len(list(paragraphs)) > _MAX_PARAGRAPHS or any(
        not _is_theirs(page, heading, keys) for heading in block.iter(*HEADINGS)
    )


def _is_theirs(page: NeighbourPage, heading: HtmlElement, keys: Collection[str]) -> bool:
    """Whether a heading is a neighbour's title, a label, or only for screen readers."""
    around = (heading, *islice(heading.iterancestors(), 4))
    if any(page.key_of(each) in keys for each in around if each.tag == "a"):
        return True
    if heading.tag != "h1" and any(key in keys for key in page.anchors_in(heading)):
        return True
    return label_of(heading.text_content()) is not None or any(word in heading.get("class", "") for word in _UNSEEN)

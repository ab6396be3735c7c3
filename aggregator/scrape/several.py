"""Pages that show several articles: which parts are others than the one that the address and the titles mean.

Endless scrolling, lists of whole posts, live blogs. A part is left out only where it is
shown to be another's: it has a heading, an address or an id of its own beside one that is the article's. Where no part
is the one that is meant, the page is one article.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from aggregator.scrape.dom import HEADINGS, MAX_DEPTH, text_of
from aggregator.scrape.neighbours.urls import folded
from aggregator.text.urls import http_url

MAX_PARTS = 200
"""Parts of a page that are compared; a live blog of a long day has some 150 entries."""

LEAST = 15
"""Words of a part that can be the article; a card that only names it has fewer."""

OUTSIDE = 60
"""Words of paragraphs beside all parts that are an article of their own."""

_PART = re.compile(
    r"(?:^|\s)(?:h-?entry|post|blog-?post|story|entry|live-?(?:entry|post|blog-?(?:entry|post|item)))(?:$|\s)",
    re.IGNORECASE,
)
_TYPES = re.compile(r"schema\.org/(?:\w*Article|BlogPosting|LiveBlogPosting)", re.IGNORECASE)
_ADDRESSES = ("data-url", "data-href", "data-permalink", "data-canonical", "data-article-url", "data-post-url",
              "itemid", "about", "data-link")  # fmt: skip
_FOLD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class _Part:
    """One part with its heading (folded), the level of it, and the addresses (folded) that it gives itself."""

    element: HtmlElement
    heading: str
    level: str
    addresses: frozenset[str]


def other_parts(tree: HtmlElement, url: str, canonical: str | None, titles: tuple[str, ...]) -> list[HtmlElement]:
    """The elements of the page at `url` that are other articles.

    `titles` are those that the feed and the page give the article, the feed's first.
    """
    own = frozenset(folded(each.partition("#")[0]) for each in (url, canonical) if each)
    parts = _parts(tree, url)
    meant = _meant(parts, url, own, [folded_title for title in titles if (folded_title := _fold(title))])
    if meant is None and _are_others(tree, parts, own):
        return [part.element for part in parts]
    if meant is None or len(text_of(meant.element).split()) < LEAST:
        return []
    return [part.element for part in parts if part is not meant and _is_another(part, meant, own)]


def _parts(tree: HtmlElement, url: str) -> list[_Part]:
    """The parts of a page that are articles or entries, none inside another."""
    found: list[_Part] = []
    inside: set[HtmlElement] = set()
    for node in tree.iter("article", "section", "div", "li"):
        if len(found) == MAX_PARTS:
            break
        if node.getparent() in inside:
            inside.add(node)
            continue
        names = f"{node.get('class') or ''} {node.get('id') or ''}"
        marked = node.tag == "article" or _PART.search(names) or _TYPES.search(node.get("itemtype") or "")
        if not marked or any(each in inside for each in islice(node.iterancestors(), MAX_DEPTH)):
            continue
        heading = next(node.iter(*HEADINGS), None)
        if heading is None or _holds_parts(node):
            continue
        inside.add(node)
        found.append(_Part(node, _fold(text_of(heading)), str(heading.tag), _addresses(node, heading, url)))
    return found if len(found) > 1 else []


def _holds_parts(node: HtmlElement) -> bool:
    """Whether an element only holds articles: a list of them."""
    return len(list(islice(node.iterdescendants("article"), 2))) == 2 and node.tag != "article"


def _addresses(node: HtmlElement, heading: HtmlElement, url: str) -> frozenset[str]:
    found = [node.get(name) for name in _ADDRESSES]
    found += [link.get("href") for link in islice(heading.iter("a"), 2)]
    found += [link.get("href") for link in islice(heading.iterancestors("a"), 1)]
    found += [link.get("href") for link in islice(node.iter("a", "link"), 20) if _is_permalink(link)]
    absolute = (http_url(each, url) for each in found if each and not each.startswith("#"))
    return frozenset(folded(each.partition("#")[0]) for each in absolute if each)


def _is_permalink(link: HtmlElement) -> bool:
    return "bookmark" in (link.get("rel") or "").split() or link.get("itemprop") in ("url", "mainEntityOfPage")


def _meant(parts: list[_Part], url: str, own: frozenset[str], titles: list[str]) -> _Part | None:
    """The part that the address (its fragment, or the whole) or a title means; None where it is no one part."""
    fragment = urlsplit(url).fragment
    if fragment:
        for part in parts:
            inner = (part.element, *islice(part.element.iterdescendants(), 30))
            if any(fragment in (each.get("id"), each.get("name")) for each in inner):
                return part
    for found in (
        [part for part in parts if titles and part.heading == titles[0]],
        [part for part in parts if part.addresses & own],
        [part for part in parts if part.heading in titles],
    ):
        if len(found) == 1 or (found and all(part.heading == found[0].heading for part in found)):
            return found[0]
    return None


def _are_others(tree: HtmlElement, parts: list[_Part], own: frozenset[str]) -> bool:
    """Whether all parts have addresses of other pages, and the article stands outside of them: it is longer than they
    are, or they are headed as pages are.
    """
    if not parts or any(not part.addresses or part.addresses & own for part in parts):
        return False
    inside = {node for part in parts for node in part.element.iter()}
    words = [0, 0]
    for node in tree.iter("p", "pre", "li"):
        words[node in inside] += len(text_of(node).split())
    return words[0] >= OUTSIDE and (words[0] >= words[1] or all(part.level == "h1" for part in parts))


def _is_another(part: _Part, meant: _Part, own: frozenset[str]) -> bool:
    """Whether a part is another article than the one meant: by its address, or by a heading of the same rank."""
    if part.heading == meant.heading or (part.addresses & own and not meant.addresses & own):
        return False
    if part.addresses - own:
        return True
    same = (
        part.element.tag == meant.element.tag
        and (part.element.get("class") or "").split()[:1] == (meant.element.get("class") or "").split()[:1]
    )
    return same and part.level == meant.level


def _fold(text: str) -> str:
    return _FOLD.sub("", text.casefold())

"""What the links of one page say about a next and a previous post, each link by itself, with a score.

Reads rel, class names, wording, arrows and position; decides nothing between links (see `neighbours`). Scores are on
a scale where `ENOUGH` makes a neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lxml.html import HtmlElement

from aggregator.scrape.neighbour_urls import can_be_neighbour, folded, site_of
from aggregator.scrape.neighbour_words import Force, Hint, Label, Way, arrow_of, hint_of, label_of, split_label
from aggregator.urls import http_url

ENOUGH = 60
"""The score from which a link is taken. The parts below are set so that one strong statement or two weak ones of
different kinds reach it; calibrated on one half of the corpus, and checked on the other (docs/extraction.md)."""

_REL = 100
_AGE_CLASS = 90
_CLASS = 35
_NAV = 30
_SIDE = 15
_PAIR = 20
_FOREIGN = -60
_LABEL = {Force.AGE: 65, Force.POST: 60, Force.BARE: 35, Force.VAGUE: 15, Force.ARROW: 15}
_AGE_OVER_REL = 15
"""A link that reads "older post" is the older one, whatever its rel says: this much more than the rel itself."""

_CLIMB = 6
"""Ancestors looked at: themes wrap a link at most so deep below the block that names it."""
_MAX_TEXT = 400
"""Characters of a link's text; a longer one holds a teaser, and no label is looked for behind it."""
_REL_WAYS = {"next": Way.NEXT, "prev": Way.PREVIOUS, "previous": Way.PREVIOUS}
_STOP_TAGS = frozenset({"body", "html", "main"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One link's word: where it leads, which way, how surely, and the element that says it."""

    url: str
    way: Way
    score: int
    element: HtmlElement
    title: str | None = None
    container: HtmlElement | None = None


class Page:
    """A parsed page with its own URL, the hosts that it belongs to, and its links resolved once."""

    def __init__(self, tree: HtmlElement, url: str) -> None:
        self.tree = tree
        stated = self._stated_urls()
        self.url = http_url(url) or next(iter(stated), "")
        base = next((element.get("href") for element in tree.iter("base") if element.get("href")), None)
        self.base = http_url(base, self.url or None) or self.url or None
        self.sites = frozenset(filter(None, map(site_of, (self.url, *stated))))

    def _stated_urls(self) -> tuple[str, ...]:
        found = [link.get("href") for link in self.tree.iter("link") if (link.get("rel") or "").lower() == "canonical"]
        found += [meta.get("content") for meta in self.tree.iter("meta") if meta.get("property") == "og:url"]
        return tuple(filter(None, map(http_url, found)))

    @cached_property
    def anchors(self) -> dict[HtmlElement, str]:
        """Every link to what may be a neighbour, with its absolute URL, in the page's order."""
        return {anchor: url for anchor in self.tree.iter("a") if (url := self.resolve(anchor.get("href")))}

    def resolve(self, href: str | None) -> str | None:
        """The absolute URL of a link, or None when it can not be a neighbour."""
        if not href or href.startswith(("#", "javascript:", "mailto:")):
            return None
        url = http_url(href, self.base)
        return url if url and can_be_neighbour(self.url, url, self.sites) else None

    def urls_in(self, element: HtmlElement) -> list[str]:
        """The different possible neighbours linked inside `element`, in order, folded."""
        return list(dict.fromkeys(folded(self.anchors[a]) for a in element.iter("a") if a in self.anchors))


def rel_way(element: HtmlElement) -> Way | None:
    """The direction of a `rel` attribute, or None."""
    rel = element.get("rel")
    return next((_REL_WAYS[word] for word in rel.lower().split() if word in _REL_WAYS), None) if rel else None


def head_links(page: Page) -> Iterator[Statement]:
    """`<link rel="next" href title>`, wherever in the page it stands."""
    for link in page.tree.iter("link"):
        way = rel_way(link)
        url = page.resolve(link.get("href")) if way else None
        if way and url:
            yield Statement(url, way, _REL, link, link.get("title"))


def names(element: HtmlElement) -> Hint:
    """What the class and id of `element` say."""
    return hint_of(f"{element.get('class') or ''} {element.get('id') or ''}".strip())


@dataclass(slots=True)
class _Surroundings:
    """What the ancestors of a link say, nearest first."""

    way: Way | None = None
    age: bool = False
    side: Way | None = None
    nav: bool = False
    foreign: bool = False
    container: HtmlElement | None = None


def _surroundings(page: Page, anchor: HtmlElement) -> _Surroundings:
    found = _Surroundings()
    element: HtmlElement | None = anchor
    for _ in range(_CLIMB):
        if element is None or element.tag in _STOP_TAGS:
            break
        _take(found, page, anchor, element, names(element))
        if found.container is not None:
            break
        element = element.getparent()
    return found


def _take(found: _Surroundings, page: Page, anchor: HtmlElement, element: HtmlElement, hint: Hint) -> None:
    """Add what one ancestor (or the link itself) says to what is known."""
    if hint.foreign and not (hint.nav and hint.post and not hint.way):
        found.foreign = True
    if hint.way and found.way is None and (element is anchor or _leads(page, anchor, element)):
        found.way, found.age = hint.way, hint.age
    if hint.side and found.side is None and not hint.nav:
        found.side = hint.side
    if hint.nav or element.tag == "nav":
        found.nav = True
        if hint.way is None:
            found.container = element


def _leads(page: Page, anchor: HtmlElement, element: HtmlElement) -> bool:
    """Whether a block named for one direction is there for this link: it is its first possible neighbour of at most two."""
    urls = page.urls_in(element)
    return len(urls) <= 2 and urls[0] == folded(page.anchors[anchor])


def _labels(anchor: HtmlElement) -> list[Label]:
    """What the link's texts, its title attribute and its accessible name say."""
    chunks = [text for text in anchor.itertext() if text.strip()][:4]
    chunks += [value for name in ("title", "aria-label") if (value := anchor.get(name))]
    chunks += [image.get("alt") for image in anchor.iter("img") if image.get("alt")]
    before = _text_before(anchor)
    if before:
        chunks.append(before)
    return [label for chunk in chunks if len(chunk) < _MAX_TEXT and (label := split_label(chunk)[0])]


def _text_before(anchor: HtmlElement) -> str:
    """The bare text right before a link: `Next: <a ...>`."""
    sibling, parent = anchor.getprevious(), anchor.getparent()
    text = sibling.tail if sibling is not None else parent.text if parent is not None else None
    text = (text or "").strip()
    return text if text.endswith(":") else ""


def _arrow(anchor: HtmlElement) -> Way | None:
    text = "".join(anchor.itertext())
    return arrow_of(text) if len(text) < _MAX_TEXT else None


def anchor_links(page: Page) -> Iterator[Statement]:
    """What every link of the page says by its own rel, names, wording and surroundings."""
    for anchor, url in page.anchors.items():
        labels = _labels(anchor)
        if any(label.way is None for label in labels):
            continue
        statement = _weigh(page, anchor, url, labels)
        if statement is not None:
            yield statement


def refused(page: Page) -> set[str]:
    """The URLs that some link calls a page or a list ("next page", "older posts"): folded."""
    return {folded(url) for anchor, url in page.anchors.items() if any(label.way is None for label in _labels(anchor))}


def _weigh(page: Page, anchor: HtmlElement, url: str, labels: list[Label]) -> Statement | None:
    rel, near = rel_way(anchor), _surroundings(page, anchor)
    label = max(labels, key=lambda each: each.force, default=None)
    arrow = _arrow(anchor)
    way = _direction(rel, near, label, arrow)
    if way is None:
        return None
    score = _score(way, rel, near, label, arrow)
    return Statement(url, way, score, anchor, None, near.container) if score > 0 else None


def _direction(rel: Way | None, near: _Surroundings, label: Label | None, arrow: Way | None) -> Way | None:
    """Which way a link leads: names and words of age first, then rel, then "next post", names, "next", arrow, side."""
    force = label.force if label else None
    word = label.way if label else None
    if near.age:
        return near.way
    if force is Force.AGE:
        return word
    if rel:
        return rel
    if force is Force.POST:
        return word
    return near.way or word or arrow or (near.side if near.nav else None)


def _score(way: Way, rel: Way | None, near: _Surroundings, label: Label | None, arrow: Way | None) -> int:
    if rel:
        overruled = rel is not way
        return _REL + (_AGE_OVER_REL if overruled else 0)
    score = 0
    if near.way is way:
        score += _AGE_CLASS if near.age else _CLASS
    if label and label.way is way:
        score += _LABEL[label.force]
    if arrow is way:
        score += _LABEL[Force.ARROW]
    if near.side is way and near.nav:
        score += _SIDE
    if near.nav and score:
        score += _NAV
    return score + (_FOREIGN if near.foreign and not near.age else 0)


_LOOSE_TAGS = (
    "span",
    "p",
    "div",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "strong",
    "em",
    "b",
    "small",
    "td",
    "th",
    "dt",
    "label",
)
_LOOSE_CLIMB = 3


def loose_labels(page: Page) -> Iterator[Statement]:
    """A label beside a link, not in it: `<div><span>Next post</span><h4><a href>Title</a></h4></div>`."""
    for element in page.tree.iter(*_LOOSE_TAGS):
        text = element.text
        if not text or len(text) > 60 or (label := label_of(text)) is None or label.way is None:
            continue
        anchor = _only_link_near(page, element)
        if anchor is not None:
            near = _surroundings(page, anchor)
            score = _score(label.way, None, near, label, None)
            yield Statement(page.anchors[anchor], label.way, score, anchor, None, near.container)


def _only_link_near(page: Page, element: HtmlElement) -> HtmlElement | None:
    """The one possible neighbour in the smallest block around a label, when the label is not inside a link itself."""
    if any(ancestor.tag == "a" for ancestor in element.iterancestors()):
        return None
    block = element
    for _ in range(_LOOSE_CLIMB):
        urls = page.urls_in(block)
        if urls:
            return next(a for a in block.iter("a") if a in page.anchors) if len(urls) == 1 else None
        parent = block.getparent()
        if parent is None or parent.tag in _STOP_TAGS:
            return None
        block = parent
    return None

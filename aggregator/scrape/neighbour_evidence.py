"""What the links of one page say about a next and a previous post, each link by itself, with a score.

Reads rel, class names, wording, arrows and sides; decides nothing between links (see `neighbours`). Scores are on a
scale on which `ENOUGH` makes a neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from lxml.html import HtmlElement

from aggregator.scrape.neighbour_labels import Force, Label, Way, arrow_of, label_of, split_label
from aggregator.scrape.neighbour_page import STOP_TAGS, Page, rel_way

ENOUGH = 60
"""The score from which a link is taken. The parts below are set so that one strong statement (rel, "older post") or two
weaker ones of different kinds (a name, a word, an arrow, a block of navigation) reach it; set on one half of the corpus
and checked on the other (docs/extraction.md)."""

REL = 100
AGE_OVER_REL = 115
"""A link that reads "older post" is the older one, whatever its rel says."""
PAIR = 20
"""For a link that has its opposite beside it."""
_NAME = 35
_AGE_NAME = 60
_NAV = 30
_POST_NAV = 15
_SIDE = 15
_ARROW = 25
_LABEL = {Force.AGE: 65, Force.POST: 60, Force.BARE: 35, Force.VAGUE: 15}
_FOREIGN = -60

_CLIMB = 6
"""Ancestors looked at: themes wrap a link no deeper below the block that names it."""
_MAX_NAV = 8
"""Links in a block of navigation between posts, beyond which it is a menu: two neighbours with picture, title, category
and author each."""
_MAX_TEXT = 400
"""Characters of a link's text; a longer one holds a teaser, and no arrow behind it is looked for."""
_MAX_CHUNKS = 6
_MAX_LOOSE = 60
"""Labels beside links looked at on a page; the corpora have at most a dozen."""
_LOOSE_CLIMB = 3
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


@dataclass(frozen=True, slots=True)
class Statement:
    """One link's word: where it leads, which way, how surely, and the element that says it.

    `block` is the element in which its opposite would stand.
    """

    url: str
    way: Way
    score: int
    element: HtmlElement
    title: str | None = None
    block: HtmlElement | None = None


@dataclass(slots=True)
class _Near:
    """What a link's own names and those of its ancestors say, nearest first."""

    way: Way | None = None
    age: bool = False
    side: Way | None = None
    nav: bool = False
    post: bool = False
    foreign: bool = False
    block: HtmlElement | None = None


class _Link:
    """One link with all that it says, worked out when asked for."""

    def __init__(self, page: Page, anchor: HtmlElement) -> None:
        self.page = page
        self.anchor = anchor
        self.rel = rel_way(anchor)

    @cached_property
    def labels(self) -> list[Label]:
        """What its texts, its title, its accessible name, its pictures and the bare text before it say."""
        anchor = self.anchor
        texts = [text for text in islice(anchor.itertext(), _MAX_CHUNKS) if not text.isspace()]
        texts += [value for name in ("title", "aria-label") if (value := anchor.get(name))]
        texts += [alt for image in islice(anchor.iter("img"), 2) if (alt := image.get("alt"))]
        if before := _text_before(anchor):
            texts.append(before)
        return [label for text in texts if len(text) < _MAX_TEXT and (label := split_label(text)[0])]

    @property
    def refused(self) -> bool:
        """Whether it says that it leads to another page or to a list."""
        return any(label.way is None for label in self.labels)

    @cached_property
    def label(self) -> Label | None:
        return max(self.labels, key=lambda each: each.force, default=None)

    @cached_property
    def arrow(self) -> Way | None:
        text = "".join(islice(self.anchor.itertext(), 3 * _MAX_CHUNKS))
        return arrow_of(text) if len(text) < _MAX_TEXT else None

    @cached_property
    def near(self) -> _Near:
        return _names_around(self.page, self.anchor)

    @property
    def way(self) -> Way | None:
        """Which way it leads: words and names of age first, then rel, then "next post", names, "next", arrow, side."""
        label, near = self.label, self.near
        if label and label.force is Force.AGE:
            return label.way
        if near.age:
            return near.way
        if self.rel:
            return self.rel
        if label and label.force is Force.POST:
            return label.way
        return near.way or (label and label.way) or self.arrow or near.side

    def score(self, way: Way) -> int:
        """How surely it is the neighbour on this side."""
        if self.rel:
            return REL if self.rel is way else AGE_OVER_REL
        near, label = self.near, self.label
        score = _LABEL[label.force] if label and label.way is way else 0
        if near.way is way:
            score += _AGE_NAME if near.age else _NAME
        if self.arrow is way:
            score += _ARROW
        if near.side is way and near.nav:
            score += _SIDE
        if score and near.nav:
            score += _NAV + (_POST_NAV if near.post else 0)
        return score + (_FOREIGN if near.foreign else 0)


def _names_around(page: Page, anchor: HtmlElement) -> _Near:
    near = _Near()
    element: HtmlElement | None = anchor
    for _ in range(_CLIMB):
        if element is None or element.tag in STOP_TAGS:
            break
        _take(near, page, anchor, element)
        if near.block is not None:
            break
        element = element.getparent()
    return near


def _take(near: _Near, page: Page, anchor: HtmlElement, element: HtmlElement) -> None:
    """Add what one ancestor (or the link itself) says."""
    hint = page.hint(element)
    nav = hint.nav or element.tag == "nav"
    if hint.foreign and not (nav and hint.post):
        near.foreign = True
    if not (hint.way or hint.side or nav):
        return
    around = page.keys_in(element)
    leads = len(around) <= 2 and around[0] == page.keys[anchor]
    if hint.way and near.way is None and leads:
        near.way, near.age = hint.way, hint.age
        near.nav = near.nav or hint.post
    if hint.side and near.side is None and leads and not nav:
        near.side = hint.side
    if nav and len(around) <= _MAX_NAV:
        near.nav = True
        near.post = near.post or hint.post
    if len(around) > 1:
        near.block = element


def _text_before(anchor: HtmlElement) -> str:
    """The bare text right before a link: `Next: <a ...>`."""
    sibling, parent = anchor.getprevious(), anchor.getparent()
    text = sibling.tail if sibling is not None else parent.text if parent is not None else None
    text = (text or "").strip()
    return text if text.endswith(":") else ""


def head_links(page: Page) -> Iterator[Statement]:
    """`<link rel="next" href title>`, wherever in the page it stands."""
    for link in page.tree.iter("link"):
        way = rel_way(link)
        url = page.resolve(link.get("href")) if way else None
        if way and url:
            yield Statement(url, way, REL, link, link.get("title"))


def anchor_links(page: Page) -> tuple[list[Statement], set[str]]:
    """What every link says by its own rel, names and words; and the URLs (folded) that one calls a page or a list."""
    said: list[Statement] = []
    refused: set[str] = set()
    for anchor, url in page.anchors.items():
        link = _Link(page, anchor)
        if link.refused:
            refused.add(page.keys[anchor])
        elif (way := link.way) and (score := link.score(way)) > 0:
            said.append(Statement(url, way, score, anchor, None, link.near.block))
    return said, refused


def loose_labels(page: Page) -> Iterator[Statement]:
    """A label beside a link, not in it: `<div><span>Next post</span><h4><a href>Title</a></h4></div>`."""
    for element, label in islice(_labelled(page), _MAX_LOOSE):
        anchor = _only_link_near(page, element)
        if anchor is not None and label.way is not None:
            link = _Link(page, anchor)
            link.labels = [*link.labels, label]
            yield Statement(page.anchors[anchor], label.way, link.score(label.way), anchor, None, link.near.block)


def _labelled(page: Page) -> Iterator[tuple[HtmlElement, Label]]:
    for element in page.tree.iter(*_LOOSE_TAGS):
        text = element.text
        if text and not text.isspace() and (label := label_of(text)) and label.way:
            yield element, label


def _only_link_near(page: Page, element: HtmlElement) -> HtmlElement | None:
    """The one possible neighbour in the smallest block around a label that is not inside a link itself."""
    block: HtmlElement | None = element
    for _ in range(_LOOSE_CLIMB):
        if block is None or block.tag in STOP_TAGS or block.tag == "a":
            return None
        keys = page.keys_in(block)
        if keys:
            return next(page.anchors_in(block)) if len(keys) == 1 else None
        block = block.getparent()
    return None

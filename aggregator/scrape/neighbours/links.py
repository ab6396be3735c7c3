"""What the links of one page say about a next and a previous post, each link by itself, with a score.

Reads rel, class names, wording, arrows and sides; decides nothing between links (see `neighbours`). Scores are on a
scale on which `ENOUGH` makes a neighbour.

What the names around a link say: its own, and those of the blocks that it stands in, nearest first.

A name counts for a link only when its block is there for it: a block named "next" that holds five posts is a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain, islice

from lxml.html import HtmlElement

from aggregator.scrape.dom import HEADINGS
from aggregator.scrape.neighbours.labels import (
    NOTHING,
    Force,
    LabelHint,
    LinkLabel,
    Way,
    arrow_of,
    label_of,
    may_be_labelled,
    split_label,
)
from aggregator.scrape.neighbours.page import MAX_POSTS, STOP_TAGS, NeighbourPage, rel_way
from aggregator.scrape.neighbours.urls import is_section_of

_CLIMB = 6
"""Ancestors looked at: themes wrap a link no deeper below the block that names it."""

Named = list[tuple[HtmlElement, LabelHint]]


@dataclass(slots=True)
class Near:
    """What a link's own names and those of its ancestors say, nearest first."""

    way: Way | None = None
    age: bool = False
    side: Way | None = None
    nav: bool = False
    post: bool = False
    foreign: bool = False
    block: HtmlElement | None = None


def named_ancestors(page: NeighbourPage, anchor: HtmlElement) -> Named:
    """The link and its ancestors that have a name that says something, nearest first."""
    hint = page.hint(anchor)
    parent = anchor.getparent()
    around = [] if parent is None else page.around.get(parent)
    if around is None and parent is not None:
        around = page.around[parent] = []
        for element in chain((parent,), islice(parent.iterancestors(), _CLIMB - 2)):
            tag = element.tag
            if tag in STOP_TAGS:
                break
            name = page.hint(element)
            if name is not NOTHING or tag == "nav":
                around.append((element, name))
    return [(anchor, hint), *(around or [])] if hint is not NOTHING else around or []


def names_may_tell(named: Named) -> bool:
    """Whether any of the names could tell a way; then the links around are worth counting."""
    if not named:
        return False
    if any(hint.way for _, hint in named):
        return True
    return any(hint.side for _, hint in named) and any(hint.nav or element.tag == "nav" for element, hint in named)


def names_around(page: NeighbourPage, anchor: HtmlElement, named: Named) -> Near:
    near = Near()
    for element, hint in named:
        _take(near, page, anchor, element, hint)
        if near.block is not None:
            break
    return near


def _take(near: Near, page: NeighbourPage, anchor: HtmlElement, element: HtmlElement, hint: LabelHint) -> None:
    """Add what the names of one ancestor (or the link's own) say."""
    nav = hint.nav or element.tag == "nav"
    if hint.foreign and not (nav and hint.post) and not (hint.among and (element is anchor or _is_pair(page, element))):
        near.foreign = True
    if not (hint.way or hint.side or nav):
        return
    around = page.anchors_in(element)
    leads = 1 <= len(around) <= 2 and next(iter(around)) == page.key_of(anchor)
    if hint.way and near.way is None and leads:
        near.way, near.age = hint.way, hint.age or _is_chronological(element)
        near.nav = near.nav or hint.post
    if hint.side and near.side is None and leads and (not nav or len(around) == 1):
        near.side = hint.side
    if nav and len(around) < MAX_POSTS:
        near.nav = True
        near.post = near.post or hint.post
    if len(around) > 1:
        near.block = element


def _is_chronological(element: HtmlElement) -> bool:
    """Whether WordPress itself named an element: its newer and older are true, whatever a translation writes there."""
    parent = element.getparent()
    return parent is not None and "nav-links" in (parent.get("class") or "").split()


def _is_pair(page: NeighbourPage, block: HtmlElement) -> bool:
    """Whether a block links to two posts and nothing else."""
    return len(page.anchors_in(block)) == 2 and len(list(islice(block.iter("a"), _MAX_CHUNKS))) <= _PAIR_LINKS


ENOUGH = 60
"""The score from which a link is taken. The parts below are set so that one strong statement (rel, "older post") or two
weaker ones of different kinds (a name, a word, an arrow, a block of navigation) reach it; set on one half of the corpus
and checked on the other (docs/internals/extraction.md)."""

REL = 100
AGE_OVER_REL = 115
"""A link that reads "older post" is the older one, whatever its rel says."""
PAIR = 25
"""For a link that has its opposite, or the overview, beside it."""
_NAME = 35
_AGE_NAME = 60
_NAV = 30
_POST_NAV = 15
_SIDE = 15
_ARROW = 25
_LABEL = {Force.AGE: 65, Force.POST: 60, Force.BARE: 35, Force.VAGUE: 15}
_FOREIGN = -60

_MAX_TEXT = 400
"""Characters of a link's text; a longer one holds a teaser, and no arrow behind it is looked for."""
_CAMPAIGN = re.compile(r"[?&]\w{2,5}_(?:medium|campaign)=")
"""In the address of a link by which a site counts who follows its own promotions."""
_MAX_CHUNKS = 6
_PAIR_LINKS = 4
"""Links of a pager with nothing else in it: each neighbour by its picture and its title."""
_MAX_LOOSE = 60
"""Labels beside links looked at on a page; the corpora have at most a dozen."""
_LOOSE_CLIMB = 3
_BEFORE = HEADINGS | {"dt", "th"}
"""Elements that name what stands behind them."""
_ICON = re.compile(r"(?i)(?:arrow|chevron|angle|caret|triangle)[\w-]*?[-_](left|right)(?![a-z])")
_INLINE_TAGS = frozenset({"span", "strong", "em", "b", "small", "label"})
_LOOSE_TAGS = ("span", "p", "div", *HEADINGS, "strong", "em", "b", "small", "td", "th", "dt", "label")


class SaidBy(IntEnum):
    """What tells the way of a link, from the least sure to the surest: `REL` is a `rel`, and words of age."""

    PLACE = 0
    VAGUE = 1
    WORDS = 2
    REL = 3


_SAID_BY = {Force.VAGUE: SaidBy.VAGUE, Force.BARE: SaidBy.WORDS, Force.POST: SaidBy.WORDS, Force.AGE: SaidBy.REL}


@dataclass(frozen=True, slots=True)
class Statement:
    """One link's word: where it leads, which way, how surely, and the element that says it.

    `block` is the element in which its opposite would stand, `said_by` what tells the way; `framed` is one in the head
    or foot of the site, which counts only beside its opposite.
    """

    url: str
    way: Way
    score: int
    element: HtmlElement
    title: str | None = None
    block: HtmlElement | None = None
    said_by: SaidBy = SaidBy.PLACE
    framed: bool = False


@dataclass(slots=True)
class _Link:
    """One link with all that it says.

    `label` is the strongest of its labels; `refused` means that one calls it a page or a list, and none a post.
    """

    rel: Way | None
    label: LinkLabel | None
    refused: bool
    arrow: Way | None
    near: Near


def _read(page: NeighbourPage, anchor: HtmlElement, beside: LinkLabel | None = None) -> _Link:
    """Everything that a link says; `beside` is a label that stands next to it."""
    inside = islice(anchor.itertext(), _MAX_CHUNKS) if len(anchor) else filter(None, (anchor.text,))
    texts = [text for text in inside if not text.isspace()]
    labels = [_of_post(page, anchor, label) for label in _labels(anchor, texts)]
    if beside:
        labels.append(beside)
    rel, arrow, named = rel_way(anchor), _arrow(texts) or icon_way(anchor), named_ancestors(page, anchor)
    return _Link(
        rel=rel,
        label=max(labels, key=_force) if labels else None,
        refused=any(label.way is None for label in labels) and not any(label.force >= Force.POST for label in labels),
        arrow=arrow,
        near=names_around(page, anchor, named) if rel or labels or arrow or names_may_tell(named) else Near(),
    )


def _of_post(page: NeighbourPage, anchor: HtmlElement, label: LinkLabel) -> LinkLabel:
    """A label as it is meant: "next page" on a link whose address is no page of the article, nor a list, is the next
    post's, and so is "next posts" where `rel` means one.
    """
    if not label.pages or not page.url_of(anchor):
        return label
    return LinkLabel(label.pages) if not label.listed or rel_way(anchor) is label.pages else label


def icon_way(anchor: HtmlElement) -> Way | None:
    """The way of an arrow that is drawn: an icon in a link, or right beside it ("fa-angle-left", "arrow-right")."""
    before, behind = anchor.getprevious(), anchor.getnext()
    near = [each for each in (before, behind) if each is not None and each.tag in ("i", "svg")]
    if not near and not len(anchor):
        return None
    near += islice(anchor.iter("i", "svg", "span", "em"), _MAX_CHUNKS)
    icons = [name for each in near if (name := each.get("class"))]
    ways = {
        Way.NEXT if match[1].lower() == "right" else Way.PREVIOUS for name in icons if (match := _ICON.search(name))
    }
    return ways.pop() if len(ways) == 1 else None


def _labels(anchor: HtmlElement, texts: list[str]) -> list[LinkLabel]:
    """What a link's texts, its title, its accessible name, its pictures and the bare text before it say."""
    said = [*texts, anchor.get("title"), anchor.get("aria-label"), _text_before(anchor)]
    said += ["".join(texts)] if len(texts) > 1 else []
    if len(anchor):
        said += [image.get("alt") for image in islice(anchor.iter("img"), 2)]
    return [label for text in said if text and may_be_labelled(text) and (label := split_label(text)[0])]


def _force(label: LinkLabel) -> Force:
    return label.force


def _arrow(texts: list[str]) -> Way | None:
    """The arrow before the first or behind the last text of a link."""
    if not texts or len(texts[0]) > _MAX_TEXT:
        return None
    way = arrow_of(texts[0])
    return way if way or len(texts) == 1 else arrow_of(texts[-1])


def _way(page: NeighbourPage, url: str, link: _Link) -> Way | None:
    """Which way a link leads: words and names of age first, then rel, then "next post", names, "next", arrow, side.

    Left is the previous post and right the next, unless the dates in the URLs say otherwise.
    """
    label, near = link.label, link.near
    if label and label.force is Force.AGE:
        return label.way
    if near.age:
        return near.way
    if link.rel:
        return link.rel
    if label and label.force is Force.POST:
        return label.way
    return near.way or (label and label.way) or link.arrow or (near.side and (page.way_by_date(url) or near.side))


def _score(link: _Link, way: Way) -> int:
    """How surely a link is the neighbour on this side."""
    if link.rel:
        return REL if link.rel is way else AGE_OVER_REL
    near, label = link.near, link.label
    score = _LABEL[label.force] if label and label.way is way else 0
    if near.way is way:
        score += _AGE_NAME if near.age else _NAME
    if link.arrow is way:
        score += _ARROW
    if near.side and near.nav and not near.way and not label:
        score += _SIDE
    if score and near.nav:
        score += _NAV + (_POST_NAV if near.post else 0)
    return score + (_FOREIGN if near.foreign else 0)


def _text_before(anchor: HtmlElement) -> str:
    """The bare text right before a link: `Next: <a ...>`."""
    sibling, parent = anchor.getprevious(), anchor.getparent()
    text = sibling.tail if sibling is not None else parent.text if parent is not None else None
    text = (text or "").strip()
    return text if text.endswith((":", "：")) else ""


def _is_in_sentence(anchor: HtmlElement) -> bool:
    """Whether a link is a piece of running text: "as our <a>previous post</a> said"."""
    sibling, parent = anchor.getprevious(), anchor.getparent()
    before = (sibling.tail if sibling is not None else parent.text if parent is not None else None) or ""
    before, behind = before.rstrip(), (anchor.tail or "").lstrip()
    if behind[:1].islower():
        return True
    return bool(before) and (before[-1].isalnum() or before[-1] in ",'’") and label_of(before) is None


def head_links(page: NeighbourPage) -> Iterator[Statement]:
    """`<link rel="next" href title>`, wherever in the page it stands."""
    for link in page.head_links:
        way = rel_way(link)
        url = page.url_of(link) if way else None
        if way and url:
            yield Statement(url, way, REL, link, link.get("title"), said_by=SaidBy.REL)


@dataclass(slots=True)
class LinkStatement:
    """What the links of a page say.

    `refused` are the URLs (folded) that a link calls a page or a list, `overviews` the blocks with one to an overview.
    """

    statements: list[Statement]
    refused: set[str]
    overviews: set[HtmlElement]


def anchor_links(page: NeighbourPage) -> LinkStatement:
    """What every link says by its own rel, names and words."""
    said = LinkStatement([], set(), set())
    for anchor in page.anchors:
        link = _read(page, anchor)
        if link.refused:
            said.refused.add(page.key_of(anchor) or "")
            if link.label and link.label.force is Force.VAGUE and (block := _shared(page, link, anchor)) is not None:
                said.overviews.add(block)
        elif statement := _state(page, anchor, link):
            said.statements.append(statement)
    return said


def _shared(page: NeighbourPage, link: _Link, anchor: HtmlElement) -> HtmlElement | None:
    """The block in which a link's opposite would stand: the nearest with another post in it."""
    if link.near.block is not None:
        return link.near.block
    around = [each for each in islice(anchor.iterancestors(), _LOOSE_CLIMB) if each.tag not in STOP_TAGS]
    several = (each for each in around if 1 < len(page.anchors_in(each)) < MAX_POSTS) if link.label else iter(())
    return next(several, anchor.getparent())


def _state(page: NeighbourPage, anchor: HtmlElement, link: _Link) -> Statement | None:
    """A link's word, if it says a way at all and can be a neighbour."""
    near = link.near
    if not (link.rel or link.label or link.arrow or near.way or near.side):
        return None
    if not (link.rel or near.way or near.nav) and _is_in_sentence(anchor):
        return None
    url = page.url_of(anchor)
    plain = link.rel is not None or (link.label is not None and link.label.force >= Force.POST)
    if not plain and url and (_CAMPAIGN.search(url) or is_section_of(page.url, url)):
        return None
    framed = not plain and not near.way and page.in_frame(anchor)
    if framed and not link.label:
        return None
    way = _way(page, url, link) if url else None
    score = _score(link, way) if way else 0
    said_by = SaidBy.REL if link.rel or near.age else _SAID_BY[link.label.force] if link.label else SaidBy.PLACE
    block = _shared(page, link, anchor)
    return Statement(url, way, score, anchor, None, block, said_by, framed) if url and way and score > 0 else None


def loose_labels(page: NeighbourPage) -> Iterator[Statement]:
    """A label beside a link, not in it: `<div><span>Next post</span><h4><a href>Title</a></h4></div>`."""
    for element, label in islice(_labelled(page), _MAX_LOOSE):
        anchor = _only_link_near(page, element)
        if anchor is not None:
            link = _read(page, anchor, label)
            statement = None if link.rel and label.force is not Force.AGE else _state(page, anchor, link)
            if statement:
                yield statement


def _labelled(page: NeighbourPage) -> Iterator[tuple[HtmlElement, LinkLabel]]:
    for element in page.tree.iter(*_LOOSE_TAGS):
        text = element.text
        if (text is None or text.isspace()) and len(element) == 1 and len(element[0]) == 0 and not element[0].text:
            text = element[0].tail  # an icon, and the label behind it
        if text and not text.isspace() and (label := label_of(text)) and label.way and not _is_in_text(element):
            yield element, label


def _is_in_text(element: HtmlElement) -> bool:
    """Whether an element is a piece of running text: "the state before is called the <b>previous</b>, and"."""
    if element.tag not in _INLINE_TAGS:
        return False
    before, parent = element.getprevious(), element.getparent()
    said = (before.tail if before is not None else parent.text if parent is not None else None) or ""
    return any(map(str.isalnum, f"{said[-40:]}{(element.tail or '')[:40]}"))


def _only_link_near(page: NeighbourPage, element: HtmlElement) -> HtmlElement | None:
    """The one possible neighbour in the smallest block around a label that is not inside a link itself, or right behind
    the label.
    """
    block: HtmlElement | None = element
    for _ in range(_LOOSE_CLIMB):
        if block is None or block.tag in STOP_TAGS or block.tag == "a":
            return None
        anchors = page.anchors_in(block)
        if not anchors and block.tag in _BEFORE and (behind := block.getnext()) is not None:
            anchors = page.anchors_in(behind)
        if anchors:
            return next(iter(anchors.values())) if len(anchors) == 1 else None
        block = block.getparent()
    return None

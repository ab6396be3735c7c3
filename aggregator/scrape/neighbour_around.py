"""What the names around a link say: its own, and those of the blocks that it stands in, nearest first.

A name counts for a link only when its block is there for it: a block named "next" that holds five posts is a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice

from lxml.html import HtmlElement

from aggregator.scrape.neighbour_labels import Way
from aggregator.scrape.neighbour_names import NOTHING, Hint
from aggregator.scrape.neighbour_page import MAX_POSTS, STOP_TAGS, Page

_CLIMB = 6
"""Ancestors looked at: themes wrap a link no deeper below the block that names it."""

Named = list[tuple[HtmlElement, Hint]]


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


def named_ancestors(page: Page, anchor: HtmlElement) -> Named:
    """The link and its ancestors that have a name that says something, nearest first."""
    named: Named = []
    for element in chain((anchor,), islice(anchor.iterancestors(), _CLIMB - 1)):
        tag = element.tag
        if tag in STOP_TAGS:
            break
        hint = page.hint(element)
        if hint is not NOTHING or tag == "nav":
            named.append((element, hint))
    return named


def names_may_tell(named: Named) -> bool:
    """Whether any of the names could tell a way; then the links around are worth counting."""
    if not named:
        return False
    if any(hint.way for _, hint in named):
        return True
    return any(hint.side for _, hint in named) and any(hint.nav or element.tag == "nav" for element, hint in named)


def names_around(page: Page, anchor: HtmlElement, named: Named) -> Near:
    near = Near()
    for element, hint in named:
        _take(near, page, anchor, element, hint)
        if near.block is not None:
            break
    return near


def _take(near: Near, page: Page, anchor: HtmlElement, element: HtmlElement, hint: Hint) -> None:
    """Add what the names of one ancestor (or the link's own) say."""
    nav = hint.nav or element.tag == "nav"
    if hint.foreign and not (nav and hint.post):
        near.foreign = True
    if not (hint.way or hint.side or nav):
        return
    around = page.anchors_in(element)
    leads = 1 <= len(around) <= 2 and next(iter(around)) == page.key_of(anchor)
    if hint.way and near.way is None and leads:
        near.way, near.age = hint.way, hint.age
        near.nav = near.nav or hint.post
    if hint.side and near.side is None and leads and not nav:
        near.side = hint.side
    if nav and len(around) < MAX_POSTS:
        near.nav = True
        near.post = near.post or hint.post
    if len(around) > 1:
        near.block = element

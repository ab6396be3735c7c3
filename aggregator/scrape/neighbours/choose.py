"""The next and the previous post of a page, as the page itself states them.

`find` gathers what every link says (`links`, `positions`) and settles between them. It says what the page said: a site
that calls the older post "next" is quoted so, except where the link's own words or names are about age ("older post");
the dates of the posts settle that for the whole site, in the pipeline. Where neither `rel` nor a word tells the way,
dates do, in the addresses and in the cards.
Pages of one article, pages of a list, related posts and comments are no neighbours. Nothing is fetched, and the tree
stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lxml.html import HtmlElement

from aggregator.models import Neighbour
from aggregator.scrape.neighbours.labels import Way
from aggregator.scrape.neighbours.links import ENOUGH, PAIR, SaidBy, Statement, anchor_links, head_links, loose_labels
from aggregator.scrape.neighbours.page import NeighbourPage, own_block
from aggregator.scrape.neighbours.positions import by_place
from aggregator.scrape.neighbours.titles import cards_of, teaser_of, title_of
from aggregator.scrape.neighbours.urls import folded, number_in

_MAX_BLOCK_TEXT = 1500
"""Characters; a block of two neighbours with titles and teasers is shorter, an article is not."""
_MAX_WITNESSES = 8
"""Links to one neighbour that are looked at for its title, its teaser and its block."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The newer (`next`) and the older (`previous`) post that a page names, or None."""

    next: Neighbour | None = None
    previous: Neighbour | None = None


def find(tree: HtmlElement, url: str) -> Neighbours:
    """The neighbours that the page at `url` names. `tree` is the whole page (its root)."""
    page = NeighbourPage(tree, url)
    return _neighbours(page, _choose(page))


def find_with_blocks(tree: HtmlElement, url: str) -> tuple[Neighbours, list[HtmlElement]]:
    """The neighbours, as `find` gives them, and the elements that show them and nothing else: no part of the text.

    For each visible link to a neighbour that says so, and for each card of one, the largest block around it with no
    other post and no piece of the article in it.
    """
    page = NeighbourPage(tree, url)
    chosen = _choose(page)
    return _neighbours(page, chosen), _blocks(page, chosen)


def _neighbours(page: NeighbourPage, chosen: dict[Way, list[Statement]]) -> Neighbours:
    return Neighbours(**{way.value: _neighbour(page, said) for way, said in chosen.items()})


def _blocks(page: NeighbourPage, chosen: dict[Way, list[Statement]]) -> list[HtmlElement]:
    keys = {folded(said[0].url) for said in chosen.values()}
    plain = (each for said in chosen.values() for each in said if each.score >= ENOUGH)
    anchors = [each.element for each in plain if each.element.tag == "a"]
    cards = (card for key in keys for card in cards_of(page, key))
    blocks = dict.fromkeys([*(own_block(page, anchor, keys, _MAX_BLOCK_TEXT) for anchor in anchors), *cards])
    return [block for block in blocks if not any(ancestor in blocks for ancestor in block.iterancestors())]


def _choose(page: NeighbourPage) -> dict[Way, list[Statement]]:
    """For each way the statements about the best URL, best first. A URL stands for one way only."""
    by_url: dict[tuple[str, Way], list[Statement]] = {}
    for each in _statements(page):
        by_url.setdefault((folded(each.url), each.way), []).append(each)
    chosen: dict[Way, list[Statement]] = {}
    taken: set[str] = set()
    for (key, way), said in sorted(by_url.items(), key=lambda item: -_best(item[1])):
        if _best(said) >= ENOUGH and way not in chosen and key not in taken:
            chosen[way] = sorted(said, key=lambda each: -each.score)[:_MAX_WITNESSES]
            taken.add(key)
    return {way.other: said for way, said in chosen.items()} if _is_reversed(page, chosen) else chosen


def _is_reversed(page: NeighbourPage, chosen: dict[Way, list[Statement]]) -> bool:
    """Whether what the page shows as the next post is older than the page, and the previous one newer, as far as dates
    tell, or the numbers in their addresses; neither a `rel` nor a word says otherwise, but for "back" and "on".
    """
    surest = max((each.said_by for said in chosen.values() for each in said), default=SaidBy.PLACE)
    if surest >= SaidBy.WORDS:
        return False
    told = [(way, page.way_by_date(said[0].url) or _by_card(page, said)) for way, said in chosen.items()]
    known = [found is way for way, found in told if found]
    if known or len(chosen) < len(Way):
        return bool(known) and not any(known)
    newer, older = (number_in(chosen[way][0].url) for way in (Way.NEXT, Way.PREVIOUS))
    return newer is not None and older is not None and len(newer) == len(older) and newer < older


def _by_card(page: NeighbourPage, said: list[Statement]) -> Way | None:
    """By the dates that the links or the blocks around them show."""
    return next((way for each in said if each.element.tag == "a" and (way := page.way_by_time(each.element))), None)


def _best(said: Iterable[Statement]) -> int:
    return max(each.score for each in said)


def _statements(page: NeighbourPage) -> list[Statement]:
    visible = anchor_links(page)
    said = [*head_links(page), *_paired([*visible.statements, *loose_labels(page)], visible.overviews)]
    if {each.way for each in said if each.score > ENOUGH} != set(Way):
        said += by_place(page, frozenset(folded(each.url) for each in said if each.score >= ENOUGH))
    return [each for each in said if folded(each.url) not in visible.refused]


def _paired(said: list[Statement], overviews: set[HtmlElement]) -> list[Statement]:
    """The statements, those raised that have their opposite or the overview in the same block; without those that need
    it and have it not.
    """
    ways: dict[HtmlElement, set[Way]] = {}
    for each in said:
        if each.block is not None:
            ways.setdefault(each.block, set()).add(each.way)
    return [
        replace(each, score=each.score + PAIR)
        if each.block is not None and (each.way.other in ways[each.block] or each.block in overviews)
        else each
        for each in said
        if not each.framed or (each.block is not None and each.way.other in ways[each.block])
    ]


def _neighbour(page: NeighbourPage, said: list[Statement]) -> Neighbour:
    title = title_of(page, said)
    return Neighbour(said[0].url, title, teaser_of(page, said, title))

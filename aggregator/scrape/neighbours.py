"""The next and the previous post of a page, as the page itself states them.

`find` gathers what every link says (`neighbour_evidence`) and settles between them. It says what the page said: a
site that calls the older post "next" is quoted so, except where the link's own words are about age ("older post").
Pages of one article, pages of a list, related posts and comments are no neighbours. Nothing is fetched, the tree is
not changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lxml.html import HtmlElement

from aggregator.models import Neighbour
from aggregator.scrape.neighbour_evidence import (
    _PAIR,
    ENOUGH,
    Page,
    Statement,
    anchor_links,
    head_links,
    loose_labels,
    refused,
)
from aggregator.scrape.neighbour_text import teaser_of, title_of
from aggregator.scrape.neighbour_urls import folded
from aggregator.scrape.neighbour_words import Way


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The newer (`next`) and the older (`previous`) post that a page names, or None."""

    next: Neighbour | None = None
    previous: Neighbour | None = None


def find(tree: HtmlElement, url: str) -> Neighbours:
    """The neighbours that the page at `url` names. `tree` is the whole page (its root); it is not changed."""
    page = Page(tree, url)
    chosen = _choose(page)
    return Neighbours(**{way.value: _neighbour(page, found) for way, found in chosen.items()})


def _statements(page: Page) -> list[Statement]:
    said = [*head_links(page), *anchor_links(page), *loose_labels(page)]
    unwanted = refused(page)
    return _paired([statement for statement in said if folded(statement.url) not in unwanted])


def _paired(said: list[Statement]) -> list[Statement]:
    """The statements, with those raised that have their opposite in the same container."""
    ways: dict[HtmlElement, set[Way]] = {}
    for each in said:
        if each.container is not None:
            ways.setdefault(each.container, set()).add(each.way)
    return [
        replace(each, score=each.score + _PAIR)
        if each.container is not None and each.way.other in ways[each.container]
        else each
        for each in said
    ]


def _choose(page: Page) -> dict[Way, list[Statement]]:
    """For each way the statements about the best URL, best first; a URL is only one way's."""
    by_url: dict[tuple[str, Way], list[Statement]] = {}
    for each in _statements(page):
        by_url.setdefault((folded(each.url), each.way), []).append(each)
    ranked = sorted(by_url.items(), key=lambda item: -_best(item[1]))
    chosen: dict[Way, list[Statement]] = {}
    taken: set[str] = set()
    for (key, way), said in ranked:
        if _best(said) >= ENOUGH and way not in chosen and key not in taken:
            chosen[way] = sorted(said, key=lambda each: -each.score)
            taken.add(key)
    return chosen


def _best(said: Iterable[Statement]) -> int:
    return max(each.score for each in said)


def _neighbour(page: Page, said: list[Statement]) -> Neighbour:
    title = title_of(page, said)
    return Neighbour(said[0].url, title, teaser_of(page, said, title))


def neighbour_blocks(tree: HtmlElement, url: str) -> list[HtmlElement]:
    """The elements of the page that only show its neighbours: what is not part of the article's text.

    For each visible neighbour link the largest block around it that links to neighbours alone.
    """
    page = Page(tree, url)
    chosen = _choose(page)
    keys = {folded(said[0].url) for said in chosen.values()}
    anchors = [each.element for said in chosen.values() for each in said if each.element.tag == "a"]
    blocks = dict.fromkeys(_block(page, anchor, keys) for anchor in anchors)
    return [block for block in blocks if not any(ancestor in blocks for ancestor in block.iterancestors())]


_MAX_BLOCK_TEXT = 1500
"""Characters; a block of neighbours with two titles and two teasers is shorter, an article is not."""


def _block(page: Page, anchor: HtmlElement, keys: set[str]) -> HtmlElement:
    block = anchor
    for ancestor in anchor.iterancestors():
        if ancestor.tag in {"body", "html", "main", "article"} or len(ancestor.text_content()) > _MAX_BLOCK_TEXT:
            break
        if set(page.urls_in(ancestor)) - keys:
            break
        block = ancestor
    return block

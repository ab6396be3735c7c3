"""Which pictures and embedded media of a page belong to the article: those that stand among what was kept of it.

A caption goes with its picture, listing or table: alone it looks like any line of furniture.
"""

from __future__ import annotations

from collections.abc import Collection

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.clean.images import EMBEDS
from aggregator.scrape.content.words import hints, phrases

MAX_STEPS = 6
"""Levels between a picture and the element that holds it and kept text."""

CREDIT = 7
"""Words up to which a caption with a credit in it ("Image: Getty Images") is nothing but that."""

_NOT_OURS = frozenset({"related", "share", "author", "sidebar", "ad", "nav", "footer", "comment", "reader",
    "popular", "letter", "cta", "prevnext",
                       "login", "cookie", "modal", "rating"})  # fmt: skip
_PICTURES = ("img", "amp-img", *sorted(EMBEDS))


def pictures(top: HtmlElement, live: set[HtmlElement], alive: list[Block]) -> set[HtmlElement]:
    """The elements to show for their pictures: those, and what is around them up to what is `live`."""
    shown: set[HtmlElement] = set()
    if not alive:
        return shown
    last = alive[-1].element
    after = False
    for node in top.iter():
        if node is last:
            after = True
        if node.tag not in _PICTURES:
            continue
        path = _path(node, live)
        if path is None or (after and not _close(path[-1], last)):
            continue
        if not any(hints(step) & _NOT_OURS for step in path):
            shown.update(path)
    return shown


def is_caption(block: Block, shown: Collection[HtmlElement]) -> bool:
    """Whether the block is the caption of a figure that is among what is `shown`, and says more than whose it is."""
    caption = next((node for node in (block.element, *block.element.iterancestors()) if node.tag == "figcaption"), None)
    figure = None if caption is None else next(caption.iterancestors("figure"), None)
    if figure is None or figure not in shown:
        return False
    return block.words > CREDIT or "credit" not in phrases(block.text)


def _path(node: HtmlElement, live: set[HtmlElement]) -> list[HtmlElement] | None:
    """From the picture up to, not including, the first element with kept text in it."""
    path = [node]
    step = node.getparent()
    while step is not None and step not in live:
        if len(path) > MAX_STEPS or step.tag in ("nav", "aside", "footer", "form", "button"):
            return None
        path.append(step)
        step = step.getparent()
    return path if step is not None else None


def _close(node: HtmlElement, last: HtmlElement) -> bool:
    """Whether `node`, behind the last kept text, still belongs to it: its next sibling or inside it."""
    previous = node.getprevious()
    return previous is not None and (previous is last or last in previous.iter())

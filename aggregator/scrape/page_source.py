"""A parsed page with what is read from it once, for everything that takes it apart.

Kept apart from `article`, which makes it, because what takes it stands below.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block, blocks
from aggregator.scrape.structured import Claims, claims


@dataclass(frozen=True, slots=True)
class PageSource:
    """The page at `url`: its tree, what its own data states, its blocks of text in order."""

    tree: HtmlElement
    url: str
    said: Claims
    blocks: list[Block]

    @classmethod
    def of(cls, tree: HtmlElement, url: str) -> PageSource:
        """The page in `tree`, which is not changed."""
        return cls(tree, url, claims(tree), blocks(tree))

"""The block of a page that is about one neighbour, or about both: how far it reaches around a link.

It never takes in a piece of the article: it ends below whatever holds a headline of something else, several
paragraphs, or more text than titles and teasers need.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

from lxml.html import HtmlElement

from aggregator.scrape.dom import HEADINGS
from aggregator.scrape.neighbour_labels import label_of
from aggregator.scrape.neighbour_page import Page

_STOP_TAGS = frozenset({"body", "html", "main"})
_MAX_PARAGRAPHS = 3
"""Of two teasers and a label; an article has more, or else headings."""
_UNSEEN = ("screen-reader", "visually-hidden", "sr-only", "assistive", "visuallyhidden")
"""In the class of a heading that only a screen reader reads out: "Post navigation"."""


def own_block(
    page: Page, anchor: HtmlElement, keys: Collection[str], max_text: int, shared: HtmlElement | None = None
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


def _holds_article(page: Page, block: HtmlElement, keys: Collection[str]) -> bool:
    paragraphs = islice((each for each in block.iter("p") if len(each.text_content()) > 1), _MAX_PARAGRAPHS + 1)
    return len(list(paragraphs)) > _MAX_PARAGRAPHS or any(
        not _is_theirs(page, heading, keys) for heading in block.iter(*HEADINGS)
    )


def _is_theirs(page: Page, heading: HtmlElement, keys: Collection[str]) -> bool:
    """Whether a heading is a neighbour's title, a label, or only for screen readers."""
    around = (heading, *islice(heading.iterancestors(), 4))
    if any(page.key_of(each) in keys for each in around if each.tag == "a"):
        return True
    if heading.tag != "h1" and any(key in keys for key in page.anchors_in(heading)):
        return True
    return label_of(heading.text_content()) is not None or any(word in heading.get("class", "") for word in _UNSEEN)

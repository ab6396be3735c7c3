"""Title and teaser of a neighbour, from the words in and around the links that lead to it.

Labels ("Next post:"), arrows, dates and "read more" are no titles. What the page does not give stays None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from lxml.html import HtmlElement

from aggregator.scrape.neighbour_evidence import Statement
from aggregator.scrape.neighbour_labels import label_of, split_label, without_arrows
from aggregator.scrape.neighbour_page import STOP_TAGS, Page
from aggregator.scrape.neighbour_urls import folded

MAX_TEASER = 600
"""Characters; a teaser is an opening, not the article."""
_MIN_TEASER = 40
"""Characters; shorter ones are dates, authors and sections."""
_MAX_TITLE = 300
_MAX_NODES = 200
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_NO_TITLE = re.compile(
    r"(?:\d+|\W*|(?:read more|continue reading|more|weiterlesen|mehr|lire la suite|leer más|leia mais|leggi tutto|"
    r"lees meer|czytaj (?:dalej|więcej)|читать далее|permalink|https?://\S*|image|photo|featured image)\W*)",
    re.IGNORECASE,
)
_PERMALINK = re.compile(
    r"^(?:permanent(?:er)? link (?:to|zu)|permalink (?:to|zu|for)|link to|go to)[:\s]+", re.IGNORECASE
)


def title_of(page: Page, said: list[Statement]) -> str | None:
    """The neighbour's title: from a visible link to it, a head link, a title attribute, or any other link to it."""
    texts = [text for each in said if each.element.tag == "a" and (text := link_text(each.element))]
    texts += [text for each in said if each.title and (text := _title(each.title))]
    texts += [text for each in said if (text := _title(each.element.get("title") or ""))]
    texts += _elsewhere(page, folded(said[0].url)) if not texts else []
    whole = [text for text in texts if not text.endswith(("…", "..."))]
    return next(iter(whole or texts), None)


def link_text(anchor: HtmlElement) -> str | None:
    """The text of a link without labels and arrows, or None when nothing is left."""
    heading = next(anchor.iter(*_HEADINGS), None)
    if heading is not None and (text := _joined(heading)):
        return text
    return _joined(anchor)


def _joined(element: HtmlElement) -> str | None:
    chunks = (" ".join(chunk.split()) for chunk in islice(element.itertext(), _MAX_NODES))
    return _title(" ".join(rest for chunk in chunks if chunk and (rest := split_label(chunk)[1])))


def _title(text: str) -> str | None:
    cleaned = without_arrows(_PERMALINK.sub("", split_label(text)[1]))
    if not cleaned or len(cleaned) > _MAX_TITLE or _NO_TITLE.fullmatch(cleaned) or label_of(cleaned):
        return None
    return cleaned


def _elsewhere(page: Page, key: str) -> list[str]:
    """Titles by which other links of the page (an archive, a list of recent posts) name the same post."""
    found = []
    for anchor in page.anchors:
        parent = anchor.getparent()
        if parent is not None and parent.tag in {"li", *_HEADINGS} and page.key_of(anchor) == key:
            text = link_text(anchor)
            if text and " " in text:
                found.append(text)
    return found


def teaser_of(page: Page, said: list[Statement], title: str | None) -> str | None:
    """The running text in the block around a visible link, when that block is about this neighbour alone."""
    for each in said:
        if each.element.tag == "a":
            for text in _passages(_own_block(page, each)):
                if len(text) >= _MIN_TEASER and not (title and title in text):
                    return text[:MAX_TEASER]
    return None


def _own_block(page: Page, said: Statement) -> HtmlElement:
    """The largest block around a link that links to no other post."""
    block = said.element
    for ancestor in said.element.iterancestors():
        if ancestor is said.block or ancestor.tag in STOP_TAGS or len(page.anchors_in(ancestor)) > 1:
            break
        if len(ancestor.text_content()) > 2 * MAX_TEASER:
            break
        block = ancestor
    return block


def _passages(block: HtmlElement) -> Iterator[str]:
    """The texts of a block's paragraphs that are not labels."""
    for element in islice(block.iter("p", "div", "span"), _MAX_NODES):
        if element.find(".//a") is None and element.find(".//p") is None:
            text = " ".join(element.text_content().split())
            if text and label_of(text) is None:
                yield text

"""Title and teaser of a neighbour, from the words in and around the links that lead to it.

Labels ("Next post:"), arrows, dates and "read more" are no titles. What the page does not give stays None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from lxml import etree
from lxml.html import HtmlElement

from aggregator.scrape.dom import HEADINGS
from aggregator.scrape.neighbours.labels import Way, label_of, split_label, without_arrows
from aggregator.scrape.neighbours.links import Statement
from aggregator.scrape.neighbours.page import NeighbourPage, own_block
from aggregator.scrape.neighbours.urls import folded
from aggregator.text.dates import dates_in

MAX_TEASER = 600
"""Characters; a teaser is an opening, not the article."""
_MAX_BLOCK = 2 * MAX_TEASER
_MAX_ELSEWHERE = 3
_MIN_TEASER = 40
"""Characters; shorter ones are dates, authors and sections."""
_MAX_TITLE = 300
_MAX_NODES = 200
_MAX_WAY_WORDS = 3
_DATE_WORDS = 5
"""Words of an element that shows a date and nothing else."""
_INLINE = frozenset(
    {"a", "abbr", "b", "code", "em", "font", "i", "mark", "q", "small", "span", "strong", "sub", "sup", "u"}
)
_NO_WORDS = frozenset({"svg", "title", "style", "script"})
_TITLED = re.compile(r"(?i)(?:^|[\s_-])title(?:$|[\s_-]|s\b)")
_BESIDE = re.compile(
    r"(?i)(?:^|[\s_-])(?:date|time|caption|label|icons?|material-icons|meta-nav|screen-reader-text|sr-only|visually-hidden)(?:$|[\s_-])"
)
"""What stands beside a title in a link: the label, the date."""

_PASSAGES = ("p", "div", "span", "section", "small", "em", "i", "dd", "td")
_LISTED = frozenset({"li", *HEADINGS})
_NO_TITLE = re.compile(
    r"(?:\d+|\W*|(?:read more|continue reading|more|weiterlesen|mehr|lire la suite|leer más|leia mais|leggi tutto|"
    r"lees meer|czytaj (?:dalej|więcej)|читать далее|permalink|https?://\S*|image|photo|featured image)\W*)",
    re.IGNORECASE,
)
_PERMALINK = re.compile(
    r"^(?:permanent(?:er)? link (?:to|zu)|permalink (?:to|zu|for)|link to|go to)[:\s]+", re.IGNORECASE
)


def title_of(page: NeighbourPage, said: list[Statement]) -> str | None:
    """The neighbour's title: the headline in its block, the text of a link to it, a head link's title, or others."""
    key = folded(said[0].url)
    visible = [each for each in said if each.element.tag == "a"]
    texts = [text for block in _blocks(page, said) if (text := _headline(page, block, key))]
    texts += [text for each in visible if (text := link_text(each.element)) and not _repeats(text, each.way)]
    texts += [text for each in said if each.title and (text := _title(each.title))]
    texts += [text for each in said if (text := _title(each.element.get("title") or ""))]
    if not texts:
        others = map(link_text, _elsewhere(page, key))
        texts += [text for text in others if text and " " in text]
    whole = [text for text in texts if not text.endswith(("…", "..."))]
    return next(iter(whole or texts), None)


def _headline(page: NeighbourPage, block: HtmlElement, key: str) -> str | None:
    """The heading of a block that is a link to the post, or has one in it."""
    for heading in block.iter(*HEADINGS):
        linked = key in page.anchors_in(heading) or any(
            page.key_of(each) == key for each in islice(heading.iterancestors("a"), 1)
        )
        if linked and (text := _joined(heading)):
            return text
    return None


def _repeats(text: str, way: Way) -> bool:
    """Whether a short text only says the way in words that no table has: "Previous podcast"."""
    terms = text.split()
    first = label_of(terms[0]) if 1 < len(terms) <= _MAX_WAY_WORDS else None
    return first is not None and first.way is way


def link_text(anchor: HtmlElement) -> str | None:
    """The text of a link without labels and arrows, or None when nothing is left."""
    heading = next(anchor.iter(*HEADINGS), None)
    if heading is not None and (text := _joined(heading)):
        return text
    titled = [each for each in islice(anchor.iterdescendants(), _MAX_NODES) if _TITLED.search(each.get("class") or "")]
    return (
        next((text for each in reversed(titled) if (text := _joined(each))), None) or _first(anchor) or _joined(anchor)
    )


def _first(anchor: HtmlElement) -> str | None:
    """Of a link that is made of elements alone, the first that is no label, where the last is as long as a teaser."""
    if (anchor.text or "").strip() or any((child.tail or "").strip() for child in anchor):
        return None
    texts = [text for child in islice(anchor, _MAX_NODES) if not _is_beside(child) and (text := _joined(child))]
    return texts[0] if len(texts) > 1 and len(texts[-1]) >= _MIN_TEASER else None


def _joined(element: HtmlElement) -> str | None:
    """The text of an element without the pieces that are labels, or None when it is one as a whole."""
    if label_of(" ".join(element.text_content()[:_MAX_TITLE].split())):
        return None
    return _title(_without_labels(element, beside=False)) or _title(_without_labels(element, beside=True))


def _without_labels(element: HtmlElement, *, beside: bool) -> str:
    joined = ""
    for piece, apart in islice(_pieces(element, beside=beside), _MAX_NODES):
        label, rest = split_label(piece)
        joined += (" " if apart or label else "") + (rest if label else piece)
    return joined


def _pieces(element: HtmlElement, *, beside: bool) -> Iterator[tuple[str, bool]]:
    """The texts in an element, and whether each begins in a block of its own; with what stands `beside` a title, or
    without.
    """
    apart = True
    for event, node in etree.iterwalk(element, events=("start", "end")):
        text = node.text if event == "start" else node.tail if node is not element else None
        if event == "start" and (node.tag in _NO_WORDS or (not beside and _is_beside(node))):
            text = None
        apart = apart or node.tag not in _INLINE
        if text:
            yield text, apart
            apart = False


def _is_beside(node: HtmlElement) -> bool:
    if node.tag == "time" or _BESIDE.search(node.get("class") or ""):
        return True
    text = node.text or ""
    return len(node) == 0 and any(map(str.isdigit, text)) and len(text.split()) <= _DATE_WORDS and any(dates_in(text))


def _title(text: str) -> str | None:
    cleaned = without_arrows(_PERMALINK.sub("", split_label(text.replace("\xad", ""))[1]))
    if not cleaned or len(cleaned) > _MAX_TITLE or _NO_TITLE.fullmatch(cleaned) or label_of(cleaned):
        return None
    return cleaned


def _elsewhere(page: NeighbourPage, key: str) -> Iterator[HtmlElement]:
    """The links by which an archive, a list of recent posts or a card elsewhere on the page names the same post."""
    tail = key.rpartition("/")[2]
    for anchor in page.anchors:
        if tail.isascii() and tail not in anchor.get("href", "").lower():
            continue
        parent = anchor.getparent()
        if parent is not None and parent.tag in _LISTED and page.key_of(anchor) == key:
            yield anchor


def cards_of(page: NeighbourPage, key: str) -> Iterator[HtmlElement]:
    """The blocks elsewhere on the page that show a neighbour's title as a heading and its opening lines."""
    for anchor in _elsewhere(page, key):
        parent = anchor.getparent()
        block = own_block(page, anchor, (key,), _MAX_BLOCK)
        if parent is not None and parent.tag in HEADINGS and _opening(block, link_text(anchor)):
            yield block


def teaser_of(page: NeighbourPage, said: list[Statement], title: str | None) -> str | None:
    """The running text in a block about this neighbour alone: around a link of the pager, or a card elsewhere."""
    key = folded(said[0].url)
    others = islice(_elsewhere(page, key), _MAX_ELSEWHERE)
    blocks = [*_blocks(page, said), *(own_block(page, anchor, (key,), _MAX_BLOCK) for anchor in others)]
    return next((text for block in blocks if (text := _opening(block, title))), None)


def _blocks(page: NeighbourPage, said: list[Statement]) -> list[HtmlElement]:
    """The blocks around the visible links that say so, each below the one that it shares with its opposite."""
    key = folded(said[0].url)
    visible = (each for each in said if each.element.tag == "a")
    return [own_block(page, each.element, (key,), _MAX_BLOCK, _shared(page, each)) for each in visible]


def _shared(page: NeighbourPage, said: Statement) -> HtmlElement | None:
    """The block that a statement shares with its opposite, if that stands there."""
    return said.block if said.block is not None and len(page.anchors_in(said.block)) > 1 else None


def _opening(block: HtmlElement, title: str | None) -> str | None:
    """The first text of a block that is long enough for a teaser and is not the title again."""
    known = _letters(title or "")
    for text in _passages(block):
        letters = _letters(text)
        if len(text) >= _MIN_TEASER and letters and letters not in known and not (known and known in letters):
            return text[:MAX_TEASER]
    return None


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _passages(block: HtmlElement) -> Iterator[str]:
    """The texts of a block's paragraphs, and its loose texts, without headings, links and labels."""
    for element in islice(block.iter(*_PASSAGES), _MAX_NODES):
        if element.find(".//p") is None and not _in_heading(element, block):
            texts = [element.text_content()]
            for link in element.iter("a"):
                if link is not element and not _NO_TITLE.fullmatch(" ".join(link.text_content().split())):
                    break
                texts.append(link.text_content())
            else:
                whole, *links = (" ".join(text.replace("\xad", "").split()) for text in texts)
                text = whole.removesuffix(links[-1]).strip() if links else whole
                if text and label_of(text) is None:
                    yield text
    loose = [element.tail for element in islice(block.iterdescendants(), _MAX_NODES) if element.tail]
    yield from (text for tail in (block.text or "", *loose) if (text := " ".join(tail.split())) and not label_of(text))


def _in_heading(element: HtmlElement, block: HtmlElement) -> bool:
    for ancestor in element.iterancestors():
        if ancestor is block:
            return False
        if ancestor.tag in HEADINGS:
            return True
    return False

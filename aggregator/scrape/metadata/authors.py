"""Who wrote an article: the names, as the page gives them, on one line.

What stands around a headline for people to read: who wrote it, and when.

Looks only at the short lines between the headline and the first paragraphs (and just above the headline), where every
layout has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from html import unescape

from lxml.html import HtmlElement

from aggregator.scrape.blocks import INLINE, Block
from aggregator.scrape.dom import squeeze, text_of
from aggregator.scrape.structured import Claims, types_of
from aggregator.text.dates import dates_in

ABOVE = 4
BELOW = 14
"""Blocks above and below the headline in which a byline is looked for."""

LONGEST = 30
"""Words; a longer block is no byline."""

DATELINE = 12
"""Words of a line that shows the article's date; a longer one tells of something that happened then."""

PARAGRAPHS = 2
"""Paragraphs below the headline after which the article has begun."""

_LATER = re.compile(
    r"(?i)updated?\b|modified|reviewed|revised|edited|aktualisiert|geändert|mis à jour|modifié|actualizado|aggiornato"
    r"|atualizado|bijgewerkt|uppdaterad|opdateret|oppdatert|обновлено|zaktualizowano|更新"
)
_BYLINE = re.compile(
    r"(?i)^\W*(?:this \w+ (?:was|is) )?(?:(?:(?:story|words|text|article|guide|post(?:ed)?|written|authored|published|reported"
    r"|review(?:ed)?)\s+)?by|author|written by|von|par|por|di|door|af|av|autor|auteur|autore)\b"
    r"[:\s]+(?P<name>\S.*)$"
)
_BY_ALONE = re.compile(r"(?i)^\W*(?:(?:posted|written|authored|published|words|story)\s+)?(?:by|von|par|por)\W*$")
_DATE_BEFORE = re.compile(
    r"^(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\w{3,9}\.? \d{1,2},? \d{4}|\d{1,2}\.? \w{3,9} \d{4})\W+"
)


def byline(blocks: list[Block], title: str | None) -> list[Block]:
    """The short lines around the headline, in order; below it first, as that is where most bylines are."""
    top = _headline(blocks, title)
    if top is None:
        return []
    below: list[Block] = []
    paragraphs = 0
    for block in blocks[top + 1 : top + 1 + BELOW]:
        if block.words > LONGEST:
            paragraphs += 1
            if paragraphs >= PARAGRAPHS:
                break
        else:
            below.append(block)
    above = [block for block in blocks[max(0, top - ABOVE) : top] if block.words <= LONGEST]
    return below + above[::-1]


def _headline(blocks: list[Block], title: str | None) -> int | None:
    """Where the headline stands: the block with the title, a heading if there is one; else the first `h1`."""
    wanted = (title or "").casefold().split()
    same = [index for index, block in enumerate(blocks) if wanted and block.text.casefold().split() == wanted]
    first = next((index for index, block in enumerate(blocks) if block.element.tag == "h1"), None)
    headings = [index for index in same if blocks[index].element.tag in ("h1", "h2", "h3")]
    return next(iter([*headings, *([] if first is not None else same)]), first)


def shown_date(lines: list[str]) -> datetime | None:
    """The first date in `lines` that is not one of a change."""
    return next((moment for line in lines if not _LATER.search(line) for moment in dates_in(line)), None)


def shown_change(lines: list[str]) -> datetime | None:
    """The first date in `lines` that is one of a change: "Updated June 12, 2026"."""
    return next((moment for line in lines if _LATER.search(line) for moment in dates_in(line)), None)


def dateline(lines: list[str]) -> datetime | None:
    """The date that stands around the headline by itself, or with little more than a name."""
    return shown_date([line for line in lines if len(line.split()) <= DATELINE])


def told_behind(day: datetime, lines: list[Block]) -> str | None:
    """What the first of `lines` with `day` (midnight UTC) tells machines where it shows that day; not of a change."""
    for line in lines:
        if day not in dates_in(line.text):
            continue
        for node in line.element.iter("time"):
            shown = text_of(node)
            # What stands before it says what it is of, as in "19 November 2026, updated 20 November 2026".
            of_change = _LATER.search(line.text.partition(shown)[0])
            if day in dates_in(shown) and _box(node) is line.element and not of_change:
                told: str | None = node.get("datetime")
                return told
        if not _LATER.search(line.text):
            return None
    return None


def _box(node: HtmlElement) -> HtmlElement | None:
    """The element whose block has the text of `node`."""
    return next((around for around in node.iterancestors() if around.tag not in INLINE), None)


def shown_author(lines: list[str]) -> str | None:
    """The name behind a "by" in `lines`."""
    for line, following in zip(lines, [*lines, ""][1:], strict=True):
        if match := _BYLINE.match(_DATE_BEFORE.sub("", line)):
            return match["name"]
        if following and _BY_ALONE.match(line):
            return following
    return None


MAX_AUTHORS = 8
MAX_NAME = 120
"""Characters; what is longer is a sentence about the author."""

MAX_WORDS = 6
"""Words of one element's text that can be nothing but a name; longer ones hold a title or an employer as well."""

_META = ("author", "article:author", "parsely-author", "sailthru.author", "dc.creator", "dcterms.creator", "byl",
    "citation_author",
         "article:author_name", "cxenseparse:author", "rbauthors")  # fmt: skip
_NAMED = re.compile(r"(?i)(?:^|[\s_-])(?:byline|author|authors|writer|contributor)(?:$|[\s_-]|name|link)")
_NOT_NAME = re.compile(
    r"(?i)bio|avatar|image|photo|social|comment|related|box|about|sidebar|widget|description|info|job|title|role|date"
)
_OF_NAME = re.compile(r"(?i)(?:author|byline|writer|contributor)s?[\w-]*?name(?:$|[\s_-])")
_PROFILE = re.compile(
    r"(?i)^(?!https?://(?:[\w.-]*\.)?(?:bsky\.app|linkedin\.|facebook\.|twitter\.|x\.com|instagram\.|youtube\.)).*/(?:authors?|people|contributors?|staff|writers?|by)/[^/?#]+/?$"
)
_BY = re.compile(
    r"(?i)^\W*(?:(?:posted|written|authored|published|reported|story|words|text|article|guide|reviewed)\s+by|by|von|par|por|di|af|av|door"
    r"|authors?|autor|read more about|more by|view all posts by)\b[:\s]+"
)
_WRITTEN_BY = re.compile(
    r"(?i)(?:written|posted) by|author|geschrieben von|verfasst von|écrit par|escrito por|scritto da"
)
"""What WordPress tells link previews: a label, and the author's name with it."""
_NO_NAME = re.compile(
    r"(?i)https?:|www\.|@\w+\.\w|^\W*$|^[\d\W]+$|^(?:admin|administrator|editor|author|authors|staff|guest|none"
    r"|null|unknown|root|user|by|updated|bluesky|linkedin|twitter|facebook|learn more)$"
    r"|\.(?:com|net|org|extra)\b|^page\."
)
_DATED = re.compile(
    r"(?i)\s*(?:[|•·—–]|\s-\s|\b(?:on|at)\b\s+(?:\w+day\b|\w+\s+\d|\d)|\b(?:published|updated|posted|reviewed by"
    r"|fact[- ]checked)\b|\d{1,2}[./]\d|"
    r"\b\d{1,2}\s\w{3,9}\.?,?\s\d{4}|\b\w{3,9}\.?\s\d{1,2},?\s\d{4}|\b\d+ min).*$"
)
_LEADING_DATE = re.compile(r"(?i)^\W*(?:\d{1,2}\s\w{3,9}\.?,?\s\d{4}|\w{3,9}\.?\s\d{1,2},?\s\d{4})\W+(?:by\s+)?")


def find_author(tree: HtmlElement, said: Claims, lines: list[str]) -> str | None:
    """The names of the authors, separated by ", "; or None. `lines` is what stands around the headline."""
    stated, organisation = _stated(said)
    sources: list[Callable[[], list[str]]] = [
        lambda: _meta(said),
        lambda: _shown(tree),
        lambda: [shown_author(lines) or ""],
    ]
    sources.insert(2 if organisation else 0, lambda: stated)
    site = _site(said)
    later = None
    for source in sources:
        names = list(dict.fromkeys(name for raw in source() if (name := _name(raw))))[:MAX_AUTHORS]
        if names and not all(name.casefold() == site for name in names):
            return ", ".join(names)
        later = later or ", ".join(names)
    return later or None


def _site(said: Claims) -> str:
    return (said.first("og:site_name") or "").casefold()


def _stated(said: Claims) -> tuple[list[str], bool]:
    """The names in JSON-LD, and whether they are an organisation's."""
    value = said.article.get("author") or said.article.get("creator")
    first = value[0] if isinstance(value, list) and value else value
    return _people(value, said), isinstance(first, dict) and "organization" in types_of(first)


def _people(value: object, said: Claims) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [name for item in value[:20] for name in _people(item, said)]
    if isinstance(value, dict):
        name = value.get("name")
        if isinstance(name, list):
            return [item for item in name if isinstance(item, str)]
        if isinstance(name, str) and name.strip():
            return [name]
        identity = value.get("@id")
        return [said.people[identity]] if isinstance(identity, str) and identity in said.people else []
    return []


def _meta(said: Claims) -> list[str]:
    for key in _META:
        if names := [name for name in said.meta.get(key, ()) if _name(name)]:
            return [_in_order(name) for name in names] if key == "citation_author" else names
    labels, data = said.meta.get("twitter:label1", ()), said.meta.get("twitter:data1", ())
    return list(data[:1]) if labels and data and _WRITTEN_BY.match(labels[0]) else []


def _in_order(name: str) -> str:
    """Libraries write "Lovelace, Ada"."""
    last, comma, first = name.partition(", ")
    return f"{first} {last}" if comma and "," not in first else name


def _shown(tree: HtmlElement) -> list[str]:
    """The names in markup made for names: microdata and rel first, then profile links, then class names.

    The first name, and those of its kind beside it: "Ada Example and Bob Example" are two links.
    """
    best: tuple[int, HtmlElement] | None = None
    names: list[str] = []
    for node in tree.iter("a", "span", "address", "p", "div", "strong", "h3", "h4", "h5", "li"):
        rank = _rank(node)
        if rank is None or (best is not None and (rank > best[0] or (rank == best[0] and not _beside(node, best[1])))):
            continue
        text = next((name for name in _texts(node) if _name(name)), "")
        if text:
            names = [*names, text] if best is not None and rank == best[0] else [text]
            best = (rank, node)
    return names


def _beside(node: HtmlElement, other: HtmlElement) -> bool:
    """Whether the two stand in one line: children of one element, each perhaps in an element of its own."""
    mine, theirs = node.getparent(), other.getparent()
    if mine is None or theirs is None:
        return False
    if mine is theirs:
        return True
    outer = mine.getparent()
    return outer is not None and outer is theirs.getparent() and len(mine) == len(theirs) == 1


def _rank(node: HtmlElement) -> int | None:
    if "author" in (node.get("rel") or "").split() or "author" in (node.get("itemprop") or "").split():
        return 0
    if node.tag == "a" and _PROFILE.search(node.get("href") or ""):
        return 1
    names = f"{node.get('class') or ''} {node.get('id') or ''}"
    if len(names) <= 3 or not (_NAMED.search(names) or _OF_NAME.search(names)) or _NOT_NAME.search(names):
        return None
    return 2 if _OF_NAME.search(names) else 3


def _texts(node: HtmlElement) -> Iterator[str]:
    """The part that is the name, when the markup says so; else the whole, when it is short."""
    for inner in node.iter("span", "a", "meta", "p", "div"):
        if inner is not node and (
            "name" in (inner.get("itemprop") or "") or (inner.tag == "a" and _PROFILE.search(inner.get("href") or ""))
        ):
            yield inner.get("content") or text_of(inner)
    if sum(1 for _ in node.iter()) < 20:
        whole = text_of(node)
        if len(whole.split()) > MAX_WORDS:
            yield from (part for text in node.itertext() if _is_person(part := squeeze(text)))
        yield whole


def _is_person(text: str) -> bool:
    words = text.split()
    return 2 <= len(words) <= 4 and all(word[0].isupper() for word in words) and not text.endswith((".", ":"))


def _name(raw: str) -> str | None:
    name = _BY.sub("", _LEADING_DATE.sub("", squeeze(unescape(raw))))
    name = _DATED.sub("", name).strip(" ,;:|·•-–—")
    return None if not 1 < len(name) <= MAX_NAME or len(name.split()) > 14 or _NO_NAME.search(name) else name

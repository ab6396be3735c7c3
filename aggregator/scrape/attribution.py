"""Whom a page names as its source when it re-publishes another's article.

A line of its own at the article's edge ("Source: Threatpost", "Quelle: ...", "Via ..."), a sentence there that says
where the article appeared first, or a canonical link to another domain. Conservative: captions, picture credits, notes
under data, lists of references and quotations are no attribution, and a page never re-publishes its own site. Nothing
is fetched, and the tree stays as it is.

How pages say whom they took an article from: labels and sentences in many languages, and what is no such thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import urlsplit

from lxml import etree
from lxml.html import HtmlElement

from aggregator.models import Attribution
from aggregator.scrape.neighbours.urls import same_site, site_of
from aggregator.text.urls import http_url


def _terms(listed: str) -> tuple[str, ...]:
    return tuple(" ".join(term.split()) for term in listed.split(","))


LABELS = frozenset(
    _terms("""
source, via, h/t, hat tip, original source, original article, article source, news source, original post, originally
from, quelle, originalquelle, originalartikel, quellenangabe, source originale, source de l'article, fuente, fuente
original, fonte, fonte originale, fonte original, bron, źródło, zdroj, källa, kilde, lähde, kaynak, источник, джерело,
πηγή, forrás, sursa, sursă, izvor, 出典, 引用元, 来源, 來源, 출처
""")
)
"""What stands before the colon of a line of its own. The plural ("Sources:") opens a list of references."""

LINE = re.compile(r"^\W{0,3}(?P<label>[^:：]{2,24}?)\s*[:：]\s*(?P<name>\S.{0,100}?)\s*[.\])]?$")
VIA = re.compile(r"^\W{0,3}(?:via|h/t)\s+(?P<name>[A-Z\d].{0,60}?)\s*[.\])]?$", re.IGNORECASE)

CUES = _terms("""
originally, first appeared, first published, first ran, previously published, permission, republished, re-published,
reprinted, reproduced, cross-posted, crossposted, syndicated, zuerst, ursprünglich, zunächst, initialement, d'abord,
originalmente, por primera vez, originariamente, per la prima volta, oorspronkelijk, eerder, version of th
""")
"""One of these is in every sentence below; they tell quickly that a page has none."""

_THING = r"(?:article|post|story|piece|report|essay|column|interview|blog\spost|text|version|analysis)"
_APPEARED = r"(?:appeared|published|posted|ran|featured|printed|released)"
_REPUBLISHED = r"(?:re-?published|reproduced|reprinted|syndicated|cross-?posted)"
_PERMITTED = r"(?:here\s)?(?:from|with\s(?:the\s)?(?:kind\s)?permission\s(?:from|of|by))"
_SENTENCES = rf"""
(?:this|the|an?)\s(?:[\w'’]+\s){{0,3}}?{_THING}\s(?:\w+\s){{0,3}}?(?:originally|first|previously)\s{_APPEARED}
\s(?:\w+\s)?(?:at|on|in|by|for|with)
|\bversion\sof\s(?:this|the)\s{_THING}\s(?:\w+\s){{0,3}}?{_APPEARED}\s(?:at|on|in|by)
|^\W*(?:originally|first)\s{_APPEARED}\s(?:at|on|in|by)
|(?:this|the)\s{_THING}\s(?:is|was|has\sbeen)\s{_REPUBLISHED}\s{_PERMITTED}
|^\W*{_REPUBLISHED}\s{_PERMITTED}
|dieser?\s(?:artikel|beitrag|text|meldung)\s(?:ist|wurde|erschien)\s(?:\w+\s){{0,3}}?
(?:zuerst|ursprünglich|zunächst)\s(?:erschienen\s|veröffentlicht\s)?(?:bei|auf|in|im|von)
|^\W*(?:zuerst|ursprünglich)\s(?:erschienen|veröffentlicht)\s(?:bei|auf|in|im|von)
|cet\sarticle\s(?:a\sété|est)\s(?:initialement|d['’]abord|originellement)\s(?:publié|paru)\s(?:sur|dans|par)
|est[ea]\s(?:artículo|nota|texto)\s(?:se\spublicó|fue\spublicad[oa]|apareció)\s(?:originalmente|por\sprimera\svez)
\sen
|est[ea]\s(?:artigo|texto|matéria)\sfoi\s(?:originalmente\spublicad[oa]|publicad[oa]\soriginalmente)
\s(?:em|no|na|por)
|(?:questo\s|l['’])articolo\sè\s(?:stato\s)?(?:originariamente\spubblicato|apparso\sper\sla\sprima\svolta)
\s(?:su|in|da)
|dit\sartikel\s(?:verscheen|is)\s(?:eerder|oorspronkelijk|eerst)\s(?:verschenen\s|gepubliceerd\s)?(?:op|in|bij)
"""
SENTENCE = re.compile(rf"(?:{_SENTENCES})\s+(?P<name>[^.;()|\n]{{2,80}})", re.IGNORECASE | re.VERBOSE)

TAIL = re.compile(
    r"\s(?:under|and\s(?:is|was|has|appears)|with\s(?:their|his|her|kind)?\s?permission|on\s(?:\w+\s)?\d|in\s\w+\s\d{4}|here)\b.*",
    re.IGNORECASE,
)
"""What follows a name in such a sentence: a licence, a date, a courtesy."""

CREDITS = re.compile(
    r"\b(?:getty|shutterstock|istock|unsplash|pexels|pixabay|depositphotos|adobe stock|flickr|wikimedia|wikipedia|"
    r"alamy|screenshot|authors?|own|eigene\w*|photo|image|foto|bild|youtube|twitter|instagram|facebook|google maps|"
    r"dreamstime|123rf|freepik|giphy|statista|eurostat|survey|report|study|studie|data|daten|calculations?|dataset)\b",
    re.IGNORECASE,
)
"""Who is named under pictures, charts and tables: agencies, offices of statistics, the author's own."""
YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
"""A name with a year is a reference: "Ahmad et al., 2019"."""


_EDGE_LINES = 4
"""Lines at the article's end (and two at its start) where a source is named; deeper inside it is a note on data."""
_BEHIND = 600
"""Characters behind the article's end in which a line that the extraction left out is still the article's."""
_PROSE = 200
"""Characters of a text that make it prose; a source is named when the prose is over."""
_LOOK_AHEAD = 40
_MAX_NAME_WORDS = 7
_MAX_LINE_WORDS = 25
"""A line with more words says something else beside."""
_MAX_HITS = 20
_MAX_NODES = 3000
_DATA_CELL = 300
"""Characters; a table's cell with less is data, one with more lays out the page."""
_CLIMB = 5

_SILENT = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "head", "title", "option", "textarea"})
_FOREIGN = frozenset(
    {"figure", "figcaption", "nav", "aside", "form", "blockquote", "pre", "code", "ol", "cite", "button"}
)
_FOREIGN_NAME = re.compile(
    r"caption|(?:image|img|photo|picture|media)[-_]?credit|comment|sidebar|related|reference|footnote|citation|bibliograph|chart|infographic|wp-block-image",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"^\s*(?:(?:no|\d+) comments?|(?:post|leave|add) a (?:comment|reply))\b", re.IGNORECASE)
_INLINE = frozenset(
    {"a", "b", "i", "em", "strong", "span", "u", "small", "font", "abbr", "mark", "sub", "sup", "time", "q", "label"}
)
_TOP = frozenset({"body", "html", "main", "article"})


@dataclass(slots=True)
class _Line:
    """One line as a reader sees it, with its links (text, absolute URL)."""

    text: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)


_Node = tuple[str, HtmlElement]
"""One text of the page with the element that it stands in."""


def attribution(tree: HtmlElement | None, text: str, url: str) -> Attribution | None:
    """Whom the page at `url` names as its source, or None.

    `tree` is the whole page, `text` the article's text as extracted, a paragraph a line; either may be missing (None
    or ""), at the price of what it could have told.
    """
    url = http_url(url) or ""
    lines = [_Line(line) for line in _edge(text)]
    if tree is not None:
        lines = [*_lines_of(tree, text, url), *lines]
    return _named(lines, url) or (_canonical(tree, url) if tree is not None else None)


def is_attribution(line: str, url: str) -> bool:
    """Whether a line of the article at `url` does nothing but name its source: such a line is no part of the text."""
    line = _squeezed(line)
    return _source(_Line(line), http_url(url) or "") is not None and len(line.split()) <= _MAX_LINE_WORDS


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _edge(text: str) -> list[str]:
    """The first two and the last few lines of an article."""
    lines = [line for line in map(_squeezed, text.splitlines()) if line]
    return lines[:2] + lines[2:][-_EDGE_LINES:]


# --- where an attribution may stand ---------------------------------------------------------------------------------


def _lines_of(tree: HtmlElement, text: str, url: str) -> list[_Line]:
    """The page's lines that may be an attribution by their words and by their place."""
    nodes = list(_nodes(tree))
    everything = " ".join([text for text, _ in nodes])
    lowered = everything.lower()
    cues = [cue for cue in CUES if cue in lowered]
    hits = [at for at, (text, owner) in enumerate(nodes) if _is_cue(text, cues) and not _is_foreign(owner)]
    found = [(at, line) for at in hits[:_MAX_HITS] if (line := _line_around(nodes[at], url))]
    if not found:
        return []
    if not text.strip():
        return [line for at, line in found if not _prose_follows(nodes, at)]
    edge = _edge(text)
    page = _squeezed("".join([text for text, _ in nodes]))
    return [line for _, line in found if _at_edge(line.text, edge, page, _squeezed(text))]


def _nodes(tree: HtmlElement) -> Iterator[_Node]:
    """Every text of the page that a reader sees, in order (a text behind an element stands in its parent)."""
    for element in tree.iter():
        if isinstance(element.tag, str) and element.tag not in _SILENT and element.text:
            yield element.text, element
        if element.tail and not element.tail.isspace() and (parent := element.getparent()) is not None:
            yield element.tail, parent


def _is_cue(text: str, cues: list[str]) -> bool:
    """Whether a text can open a line of attribution, or be in a sentence of one. `cues` are those that the page has."""
    head = text.lstrip(" \t\r\n\xa0([*_–—-")[:26].lower()
    if len(head) < 26 or ":" in head or "：" in head or head[:1] in "vh":
        label = head.partition(":")[0].partition("：")[0].strip()
        if label in LABELS or head.startswith(("via ", "h/t ")):
            return True
    if not cues or len(text) <= 20:
        return False
    lowered = text.lower()
    return any(cue in lowered for cue in cues)


def _is_foreign(owner: HtmlElement) -> bool:
    """Whether a text stands in a caption, a reference, a comment, a quotation or a table of data."""
    for climbed, element in enumerate((owner, *owner.iterancestors())):
        if element.tag in _FOREIGN or (element.tag in {"td", "th"} and len(element.text_content()) < _DATA_CELL):
            return True
        if element.tag in _TOP:
            return False
        if climbed < _CLIMB and _FOREIGN_NAME.search(f"{element.get('class', '')} {element.get('id', '')}"):
            return True
    return False


def _line_around(node: _Node, url: str) -> _Line | None:
    """The line that a text is in: of its block, the stretch between two line breaks."""
    text, block = node
    while block.tag in _INLINE and (parent := block.getparent()) is not None:
        block = parent
    wanted = _squeezed(text)
    return next((line for line in _lines(block, url) if wanted in line.text), None)


def _lines(block: HtmlElement, url: str) -> Iterator[_Line]:
    """What a reader sees inside a block, a line at a time: blocks and line breaks end one."""
    current = _Line()
    for event, element in islice(etree.iterwalk(block, events=("start", "end")), _MAX_NODES):
        opens = event == "start"
        if element is not block and element.tag not in _INLINE:
            yield _Line(_squeezed(current.text), current.links)
            current = _Line()
        if opens and element.tag == "a" and (target := http_url(element.get("href"), url or None)):
            current.links.append((_squeezed(element.text_content()), target))
        if opens:
            current.text += element.text or ""
        elif element is not block:
            current.text += element.tail or ""
    yield _Line(_squeezed(current.text), current.links)


def _prose_follows(nodes: list[_Node], at: int) -> bool:
    """Whether the article goes on behind a text; its comments, and what is below them, are no part of it."""
    for text, owner in nodes[at + 1 : at + 1 + _LOOK_AHEAD]:
        if _COMMENTS.search(text):
            return False
        if len(_squeezed(text)) >= _PROSE and not _is_foreign(owner):
            return True
    return False


def _at_edge(line: str, edge: list[str], page: str, article: str) -> bool:
    """Whether a line is one of the article's first or last, or stands right behind them and was left out of it."""
    if any(line in each or each in line for each in edge):
        return True
    if line in article:
        return False
    end = page.find(edge[-1][-50:]) if edge else -1
    place = page.find(line)
    return 0 <= end <= place <= end + _BEHIND


# --- what it says -----------------------------------------------------------------------------------------------------


def _named(lines: Iterable[_Line], url: str) -> Attribution | None:
    """The one source that the lines name; several different ones are a list of references."""
    found: dict[str, Attribution] = {}
    for line in lines:
        source = _source(line, url)
        if source and (source.url or source.name.casefold() not in found):
            found[source.name.casefold()] = source
    return next(iter(found.values())) if len(found) == 1 else None


def _source(line: _Line, url: str) -> Attribution | None:
    """The source that a line names, if it is a short name, of another site, no agency of pictures and no study."""
    match = LINE.match(line.text)
    if match is None or match["label"].strip(" ([*_").lower() not in LABELS:
        match = VIA.match(line.text) or SENTENCE.search(line.text)
    if match is None:
        return None
    name = TAIL.sub("", match["name"]) if match.re is SENTENCE else match["name"]
    links = [(text, target) for text, target in line.links if text and (text in name or name.startswith(text[:20]))]
    if len({target for _, target in links}) > 1:
        return None
    if links and name.startswith(links[0][0]):
        name = links[0][0]
    return _checked(name, links[0][1] if links else None, url)


def _checked(name: str, target: str | None, url: str) -> Attribution | None:
    name = name.removeprefix("the ").strip(" \t“”„\"'‘’«»[]()*_-–—:,.")
    if name.startswith(("http://", "https://", "www.")):
        target = target or http_url(name if "://" in name else f"https://{name}")
        name = site_of(target) if target else ""
    if not name or len(name.split()) > _MAX_NAME_WORDS or name.count(",") > 1:
        return None
    if CREDITS.search(name) or YEAR.search(name) or _is_own(name, target, site_of(url)):
        return None
    return Attribution(name, target)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _is_own(name: str, target: str | None, own: str) -> bool:
    """Whether a source is the page's own site: by its URL, or by a name that begins as the host does."""
    if target and own and same_site(site_of(target), own):
        return True
    brand = _letters(own.rpartition(".")[0].rpartition(".")[2])
    return bool(brand) and (_letters(name) == brand or _letters(name.partition(" ")[0]) == brand)


def _canonical(tree: HtmlElement, url: str) -> Attribution | None:
    """The other domain that the page's canonical link names, or None."""
    own = site_of(url)
    for link in tree.iter("link"):
        if (link.get("rel") or "").lower() == "canonical":
            target = http_url(link.get("href"), url or None)
            if target and own and urlsplit(target).path.strip("/") and not _related(own, site_of(target)):
                return Attribution(site_of(target), target)
    return None


def _related(one: str, other: str) -> bool:
    """Whether two hosts are one owner's as far as names tell: one site, or one's brand in the other's name."""
    brands = (_letters(host.rpartition(".")[0].rpartition(".")[2]) for host in (one, other))
    return same_site(one, other) or any(
        brand and brand in _letters(one) and brand in _letters(other) for brand in brands
    )

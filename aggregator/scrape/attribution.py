"""Whom a page names as its source when it re-publishes another's article.

A line of its own at the article's edge ("Source: Threatpost", "Quelle: ...", "Via ..."), a sentence that says where
the article appeared first, or a canonical link to another domain. Conservative: captions, picture credits, notes
under data, lists of references and "as X reported" inside the text are no attribution, and a page never re-publishes
its own site. Nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from aggregator.models import Attribution
from aggregator.scrape.neighbour_urls import same_site, site_of
from aggregator.urls import http_url

_LABELS = (
    r"source|via|h/t|hat tip|original source|original article|article source|news source|original post|"
    r"quelle|originalquelle|originalartikel|source originale|fuente|fonte|bron|źródło|zdroj|källa|kilde|lähde|kaynak|"
    r"источник|джерело|πηγή|forrás|sursa|izvor|出典|引用元|来源|來源|출처"
)
_LINE = re.compile(rf"^\W{{0,3}}(?:{_LABELS})\s*[:：]\s*(?P<name>\S.{{0,100}}?)\s*[.\])]?$", re.IGNORECASE)
_VIA = re.compile(r"^\W{0,3}(?:via|h/t)\s+(?P<name>[A-Z\d].{0,60}?)\s*[.\])]?$", re.IGNORECASE)
_THING = r"(?:article|post|story|piece|report|essay|column|interview|blog post|text|version)"
_SENTENCE = re.compile(
    rf"""(?:
      (?:this|the|an?|a\ version\ of\ this)\ [\w\s]{{0,20}}?{_THING}\ (?:\w+\ )?(?:was\ )?(?:has\ been\ )?(?:originally|first|previously)\ (?:\w+\ )?
        (?:appeared|published|posted|ran|featured|printed|written|produced)\ (?:\w+\ )?(?:at|on|in|by|for|with)
    | (?:originally|first)\ (?:appeared|published|posted)\ (?:at|on|in|by)
    | (?:this|the)\ {_THING}\ (?:is|was|has\ been)\ (?:re-?published|reproduced|reprinted|syndicated|cross-?posted)\ (?:\w+\ ){{0,3}}?(?:from|of|with\ permission\ (?:from|of))
    | (?:re-?published|reprinted|reproduced|cross-?posted|syndicated)\ (?:here\ )?(?:with\ (?:the\ )?(?:kind\ )?permission\ (?:from|of)|from)
    | dieser\ (?:artikel|beitrag|text)\ (?:ist|wurde|erschien)\ (?:\w+\ ){{0,3}}?(?:zuerst|ursprünglich|zunächst)\ (?:erschienen\ |veröffentlicht\ )?(?:bei|auf|in|im|von)
    | (?:zuerst|ursprünglich)\ (?:erschienen|veröffentlicht)\ (?:bei|auf|in|im|von)
    | cet\ article\ (?:a\ été|est)\ (?:initialement|d'abord|originellement)\ (?:publié|paru)\ (?:sur|dans|par)
    | (?:este\ artículo|esta\ nota)\ (?:se\ publicó|fue\ publicad[oa]|apareció)\ (?:originalmente|por\ primera\ vez)\ en
    | (?:este\ artigo|este\ texto)\ foi\ (?:originalmente\ publicado|publicado\ originalmente)\ (?:em|no|na|por)
    | (?:questo\ articolo|l'articolo)\ è\ (?:stato\ )?(?:originariamente\ pubblicato|apparso\ originariamente|apparso\ per\ la\ prima\ volta)\ (?:su|in|da)
    | dit\ artikel\ (?:verscheen|is)\ (?:eerder|oorspronkelijk|eerst)\ (?:verschenen\ |gepubliceerd\ )?(?:op|in|bij)
    )\s+(?P<name>[^.;()|\n]{{2,80}})""",
    re.IGNORECASE | re.VERBOSE,
)
_ANY = re.compile(
    rf"(?:{_LABELS})\s*[:：]|\b(?:via|h/t)\s|originally|appeared|published|reproduced|reprinted|cross-?posted|syndicated|"
    r"zuerst|ursprünglich|initialement|originalmente|originariamente|oorspronkelijk",
    re.IGNORECASE,
)
_PICTURES = re.compile(
    r"(?i)\b(getty|shutterstock|istock|unsplash|pexels|pixabay|depositphotos|adobe stock|flickr|wikimedia|wikipedia|alamy|screenshot|"
    r"author|own|eigene|photo|image|foto|bild|youtube|twitter|instagram|facebook|google maps|dreamstime|123rf|freepik|giphy)\b"
)
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
_MAX_NAME_WORDS = 7
_EDGE_LINES = 4
"""Lines from the end (or the first two) of the article where a source is named; deeper inside it is a data note."""
_SKIPPED = frozenset({"figure", "figcaption", "nav", "aside", "table", "script", "style", "noscript", "template", "form",
                      "select", "button", "svg", "iframe", "head", "blockquote", "pre", "code", "ol", "cite"})  # fmt: skip
_SKIPPED_CLASS = re.compile(
    r"(?i)caption|credit|comment|sidebar|widget|related|reference|footnote|citation|bibliograph|chart|infographic|wp-block-image"
)
_INLINE = frozenset(
    {"a", "b", "i", "em", "strong", "span", "u", "small", "font", "abbr", "mark", "sub", "sup", "time", "q", "label"}
)


@dataclass(slots=True)
class _Line:
    """One line as a reader sees it, with its links (text, absolute URL)."""

    text: str
    links: list[tuple[str, str]]


def attribution(tree: HtmlElement | None, text: str, url: str) -> Attribution | None:
    """Whom the page at `url` names as its source, or None.

    `tree` is the whole page (unchanged), `text` the article's text as extracted, a paragraph a line; either may be
    missing (None, "").
    """
    wanted = _ANY.search(tree.text_content() if tree is not None else text)
    lines = _candidates(tree, text, url) if wanted else []
    found = _named(lines, url)
    return found or (_canonical(tree, url) if tree is not None else None)


def _candidates(tree: HtmlElement | None, text: str, url: str) -> list[_Line]:
    """The lines where an attribution may stand: at the edges of the article, with the lines right after its end."""
    own = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    edge = own[:2] + own[-_EDGE_LINES:]
    if tree is None:
        return [_Line(line, []) for line in edge]
    lines = list(_lines(tree, url))
    if not own:
        return [line for line in lines if _ANY.search(line.text)]
    places = [at for at, line in enumerate(lines) if line.text in edge]
    if not places:
        return [_Line(line, []) for line in edge]
    near = {at + step for at in places for step in range(_EDGE_LINES)}
    return [line for at, line in enumerate(lines) if at in near] + [_Line(line, []) for line in edge]


def _lines(tree: HtmlElement, url: str) -> Iterator[_Line]:
    """The page as lines: one for each block or stretch between line breaks, without captions and the like."""
    body = tree.find("body") if tree.tag == "html" else tree
    current = _Line("", [])
    for line in _walk(body if body is not None else tree, current, url):
        line.text = " ".join(line.text.split())
        if line.text:
            yield line


def _walk(element: HtmlElement, current: _Line, url: str) -> Iterator[_Line]:
    """The finished lines below `element`; `current` is the one being filled, emptied whenever a block ends."""
    stack: list[tuple[HtmlElement, bool]] = [(element, False)]
    while stack:
        node, leaving = stack.pop()
        if leaving:
            if node.tag not in _INLINE:
                yield _flush(current)
            current.text += node.tail or ""
            continue
        if not isinstance(node.tag, str) or _is_skipped(node):
            current.text += node.tail or ""
            continue
        if node.tag not in _INLINE:
            yield _flush(current)
        if node.tag == "a" and (target := http_url(node.get("href"), url or None)):
            current.links.append((" ".join(node.text_content().split()), target))
        current.text += node.text or ""
        stack.append((node, True))
        stack.extend((child, False) for child in reversed(node))


def _flush(current: _Line) -> _Line:
    done = _Line(current.text, current.links)
    current.text, current.links = "", []
    return done


def _is_skipped(node: HtmlElement) -> bool:
    return node.tag in _SKIPPED or bool(_SKIPPED_CLASS.search(f"{node.get('class') or ''} {node.get('id') or ''}"))


def _named(lines: list[_Line], url: str) -> Attribution | None:
    """The one source that the lines name; with several different ones it is a list of references."""
    found: dict[str, Attribution] = {}
    for line in lines:
        match = _LINE.match(line.text) or _VIA.match(line.text) or _SENTENCE.search(line.text)
        if match and (source := _source(match["name"], line, url)):
            key = source.name.casefold()
            found[key] = source if source.url or key not in found else found[key]
    return next(iter(found.values())) if len(found) == 1 else None


def _source(name: str, line: _Line, url: str) -> Attribution | None:
    """The named source, if it can be one: a short name, of another site, no picture agency and no study."""
    link = next(((text, target) for text, target in line.links if text and text in line.text[-len(name) - 60 :]), None)
    if link and name.startswith(link[0]):
        name = link[0]
    name = name.strip(" \t“”\"'‘’[]*_-–—:,")
    target = link[1] if link else http_url(name) if name.startswith(("http://", "https://")) else None
    if target and same_site(site_of(target), site_of(url) or "?"):
        return None
    if name.startswith(("http://", "https://")):
        name = site_of(name)
    if (
        not name
        or _PICTURES.search(name)
        or _YEAR.search(name)
        or len(name.split()) > _MAX_NAME_WORDS
        or name.count(",") > 1
    ):
        return None
    return Attribution(name, target)


def _canonical(tree: HtmlElement, url: str) -> Attribution | None:
    """The other domain that the page's canonical link names, or None."""
    own = site_of(url)
    for link in tree.iter("link"):
        if (link.get("rel") or "").lower() == "canonical":
            target = http_url(link.get("href"), url or None)
            if target and own and not _related(own, site_of(target)) and urlsplit(target).path.strip("/"):
                return Attribution(site_of(target), target)
    return None


def _related(one: str, other: str) -> bool:
    """Whether two hosts are of one owner as far as names tell: one site, or the same name under another ending."""
    mine, theirs = one.split("."), other.split(".")
    return same_site(one, other) or bool(
        set(mine[:-1]) & set(theirs[:-1]) - {"www", "blog", "news", "co", "com", "org", "net"}
    )

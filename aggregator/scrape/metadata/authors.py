"""Who wrote an article: the names, as the page gives them, on one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from html import unescape
from itertools import islice

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.dom import squeeze, text_of
from aggregator.scrape.metadata.bylines import is_person, shown_author, signature, unlabelled_name
from aggregator.scrape.page_source import PageSource
from aggregator.scrape.structured import Claims, types_of

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
    r"(?i)bio|avatar|image|photo|social|comment|related|box|about|sidebar|widget|description|info|job(?!ber)|title|role|date"
    r"|count|follow|editor|reviewer|publisher"
)
_NOT_A_PART = re.compile(r"(?i)comment|related|reviewer|editor|sidebar|widget")
_BADGE = re.compile(
    r"(?i)(?:^|[\s_-])(?:badge|level|lvl|rank|role|label|count|verified|score|points|followers?|icon|job|title|tooltip"
    r"|sr-only|screen-reader-text|visually-hidden|reviewer|editor|position|affiliation|time|date|avatar|initials)(?:$|[\s_-])"
)
"""Class names of what stands beside a name in its element."""

_OF_NAME = re.compile(r"(?i)(?:author|byline|writer|contributor)s?[\w-]*?name(?:$|[\s_-])")
_PROFILE = re.compile(
    r"(?i)^(?!https?://(?:[\w.-]*\.)?(?:bsky\.app|linkedin\.|facebook\.|twitter\.|x\.com|instagram\.|youtube\.)).*/(?:authors?|people|contributors?|staff|writers?|by)/[^/?#]+/?$"
)
_BY = re.compile(
    r"(?i)^\W*(?:(?:posted|written|authored|published|reported|story|words|text|article|guide)\s+by|by|von|par|por|di|af|av|door"
    r"|authors?|autor|auteur|autore|автор|tekst|read more about|more by|view all posts by)\b[:：\s]+"
    r"|^\W*(?:作者|撰文|文|记者|記者|著者|執筆者?|作成者|投稿者|글쓴이|작성자|글)\s*[:：/／]\s*"
)
_WROTE = re.compile(
    r"(?i)\b(?:written|authored|posted|words|story|text|reported|geschrieben|verfasst|écrit|escrito|scritto)\s+"
    r"(?:by|von|par|por|da)\s+(?P<name>\S.*)$"
)
_OTHERS = re.compile(
    r"(?i)\b(?:(?:medically |clinically |fact[- ]|legally |expert )?(?:reviewed|checked|edited|verified|translated|approved"
    r"|illustrated|produced|updated|photographed)|photo(?:graph|graphy|graphs|s)?|images?|illustrations?|graphics?|video"
    r"|geprüft|bearbeitet|foto|relu|édité|revisado|editado)\s+(?:by|von|par|por)\b[:\s].*$|\(?(?:image|photo|foto|bild)s?:.*$"
)
"""Somebody else's part: who reviewed, translated or photographed has not written it."""

_PARENTHESIS = re.compile(r"\s*\((?:[a-z]{2,5}|[^()]*[:@/][^()]*)\)")
"""A shorthand, an address or a credit behind a name; a nickname or a house stays."""

_TITLE_BEHIND = re.compile(r"\s(?:기자|특파원|논설위원|记者|記者|編集部)$")
_LEVEL = re.compile(r"(?i)\s+(?:lv|lvl|level|rank|vip)\.?\s?\d+\b.*$")
_AND = re.compile(r"\s+(?:and|und|et|y|og|och|en|i|&)\s+|\s*[;；、]\s*")
_ROLE = re.compile(
    r"(?i)\b(?:writer|editor|reporter|correspondent|contributor|contributing|columnist|journalist|staff|officer|head|chief"
    r"|director|manager|president|founder|co-founder|ceo|cto|ciso|researcher|analyst|engineer|associated press|the associated"
    r"|redakteur(?:in)?|redaktion|senior|special to|freelance|agencies|agenturen|reuters|bloomberg|financial times"
    r"|journalistes?|rédact(?:eur|rice)s?|périodistes?|periodistas?|redactora?|giornalist[ae]|jornalistas?|journalistin|autorin"
    r"|корреспондент|журналист|обозреватель|редактор)\b"
)
_WRITTEN_BY = re.compile(
    r"(?i)(?:written|posted) by|author|geschrieben von|verfasst von|écrit par|escrito por|scritto da"
)
"""What WordPress tells link previews: a label, and the author's name with it."""
_NO_NAME = re.compile(
    r"(?i)https?:|www\.|@\w+\.\w|^\W*$|^[\d\W]+$|^(?:admin|administrator|editor|author|authors|staff|guest|none"
    r"|null|unknown|root|user|by|updated|bluesky|linkedin|twitter|facebook|learn more|staff writer|contributor|team"
    r"|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|redaktion|redacción|rédaction|newsroom|editorial"
    r"|webmaster|undefined|faculty|written by|follow|share|profile|about|more)$"
    r"|^(?:lv|lvl|level|rank|vip)\.?\s?\d+$|\.(?:com|net|org|extra)\b|^page\.|\d:\d\d|\b\d+ comments?\b|^content:"
)
_DATED = re.compile(
    r"(?i)\s*(?:[|•·—–]|\s-\s|\b(?:on|at)\b\s+(?:\w+day\b|\w+\s+\d|\d)|\b(?:published|updated|posted|reviewed by"
    r"|fact[- ]checked)\b|\d{1,2}[./]\d|"
    r"\b\d{1,2}\s\w{3,9}\.?,?\s\d{4}|\b\w{3,9}\.?\s\d{1,2},?\s\d{4}|\b\d+ min).*$"
)
_END = re.compile(r"(?<=[^\W\d_A-Z]{3})\.$")
"""The end of a sentence, and not of an initial or a degree."""

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_FOLD = re.compile(r"[\W_]+")
_BY_LINE = re.compile(
    r"(?i)^\W*(?:(?:written|posted|authored|story|words|text)\s+)?(?:by|von|par|por|di|door|af|av)\b:?\s+(?P<names>\S.{2,100})$"
)
_DOCTOR = re.compile(r"(?i)^(?:dr|prof)\.?\s+")
_DEGREES = re.compile(r",?\s+(?:(?:[A-Z]\.?){2,5}|Ph\.?D\.?|M\.?D\.?|Jr\.?|Sr\.?|MSc|BSc)(?=\s|,|$)")
_STAFF = re.compile(
    r"(?i)\b(?:team|staff|editors|editorial|redaktion|redazione|rédaction|redacción|contributors?)\b|编辑部|編集部"
)
"""Of whom a person is named before them."""

_ACCOUNT = re.compile(r"(?i)\bon (?:facebook|twitter|x|instagram|linkedin|mastodon)\b")
_LEADING_DATE = re.compile(r"(?i)^\W*(?:\d{1,2}\s\w{3,9}\.?,?\s\d{4}|\w{3,9}\.?\s\d{1,2},?\s\d{4})\W+(?:by\s+)?")


def find_author(page: PageSource, around: list[Block], sites: frozenset[str] = frozenset()) -> str | None:
    """The names of the authors, separated by ", "; or None. `around` is what stands around the headline; `sites` are the
    site's own names, folded: a person is named before it.
    """
    stated, organisation = _stated(page.said)
    lines = [squeeze(" ".join(block.parts)) for block in around]
    sources: list[Callable[[], list[str]]] = [
        lambda: _meta(page.said),
        lambda: _shown(page.tree),
        lambda: [shown_author(lines) or ""],
    ]
    sources.insert(2 if organisation else 0, lambda: stated)
    if not stated or _STAFF.search(stated[0]):
        sources += [lambda: [unlabelled_name(around) or ""], lambda: [signature(page.blocks) or ""]]
    later = None
    for source in sources:
        given = (raw for raw in source() if not _ACCOUNT.search(raw))
        names = list(dict.fromkeys(name for raw in given for name in names_in(raw)))[:MAX_AUTHORS]
        people = [name for name in names if _fold(name) not in sites and not _STAFF.search(name)]
        if later and _STAFF.search(later) and not all(is_person(name) for name in people):
            continue
        if people and not (later and people[0].startswith(later)):
            return ", ".join(_as_shown(people, lines, sites))
        later = later or ", ".join(names)
    return later or None


def _as_shown(found: list[str], lines: list[str], sites: frozenset[str]) -> list[str]:
    """`found`, or the people whom a line around the headline names as authors ("By Ada Example") where they are others,
    or more: machines are often told who put an article into the system.
    """
    shown: list[str] = []
    for line in lines:
        match = _BY_LINE.match(line)
        names = names_in(match["names"]) if match else []
        if names and all(_is_author(_DEGREES.sub("", name), sites) for name in names):
            shown = names
            break
    whole, kept = ({_fold(_DOCTOR.sub("", name)) for name in names} for names in (found, shown))
    words = {word for name in found for word in name.casefold().split()}
    others = not any(words & set(name.casefold().split()) for name in shown)
    return list(dict.fromkeys(shown)) if shown and (others or kept > whole) else found


def _is_author(name: str, sites: frozenset[str]) -> bool:
    return is_person(_DOCTOR.sub("", name)) and not _ROLE.search(name) and _fold(name) not in sites


def names_in(raw: str) -> list[str]:
    """The names in what an element, a claim or a byline says: without a role, a level, a date, or who else took part."""
    text = squeeze(unescape(raw))
    if wrote := _WROTE.search(text):
        text = wrote["name"]
    text = _OTHERS.sub("", text)
    text = _TITLE_BEHIND.sub("", _LEVEL.sub("", _PARENTHESIS.sub("", text)).strip())
    whole = _name(text)
    if whole is None:
        return []
    if "," not in whole and not _AND.search(whole):
        return [whole]
    groups = [[part for each in re.split(r"\s*,\s*", group) if (part := _name(each))] for group in _AND.split(whole)]
    parts = [part for group in groups for part in group]
    kept = [part for part in parts if not _ROLE.search(part) and not _YEAR.search(part)]
    if not kept:
        return [whole]
    people = sum(is_person(part) for part in kept)
    return kept if people >= 2 or len(kept) == 1 else [", ".join(kept) if len(kept) < len(parts) else whole]


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
        if text and not _is_anothers(node, text):
            names = [*names, text] if best is not None and rank == best[0] else [text]
            best = (rank, node)
    return names


def _is_anothers(node: HtmlElement, name: str) -> bool:
    """Whether the line that a link stands in names somebody who checked, translated or photographed."""
    line = node.getparent()
    if node.tag != "a" or line is None:
        return False
    texts = list(islice(line.itertext(), MAX_AUTHORS * 4))
    text = squeeze(" ".join(texts))
    return len(texts) < MAX_AUTHORS * 4 and name in text and name not in _OTHERS.sub("", text)


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
    of_name = bool(_OF_NAME.search(names))
    if (
        len(names) <= 3
        or not (_NAMED.search(names) or of_name)
        or (_NOT_A_PART if of_name else _NOT_NAME).search(names)
    ):
        return None
    return 2 if of_name else 3


def _texts(node: HtmlElement) -> Iterator[str]:
    """The part that is the name, when the markup says so; else the whole, when it is short."""
    for inner in node.iter("span", "a", "meta", "p", "div"):
        if inner is not node and (
            "name" in (inner.get("itemprop") or "") or (inner.tag == "a" and _PROFILE.search(inner.get("href") or ""))
        ):
            yield inner.get("content") or text_of(inner)
    if sum(1 for _ in node.iter()) < 20:
        wrote = _OTHERS.sub("", text_of(node))
        linked = [
            text
            for link in node.iterdescendants("a")
            if is_person(text := text_of(link)) and not _ROLE.search(text) and text in wrote
        ]
        if linked:
            yield ", ".join(dict.fromkeys(linked))
        parts = [part for text in node.itertext() if (part := squeeze(text))]
        people = [part for part in parts if is_person(part) and not _ROLE.search(part)]
        if len(people) == 1 < len(parts) and people[0] == parts[0] and not _AND.search(" ".join(parts)):
            yield people[0]
        whole = _without_badges(node)
        if len(whole.split()) > MAX_WORDS:
            people = [part for text in node.itertext() if is_person(part := squeeze(text)) and not _ROLE.search(part)]
            yield ", ".join(dict.fromkeys(people))
        yield whole


def _without_badges(node: HtmlElement) -> str:
    """The text of an element that shows a name, without the level, the role or the date beside it."""
    if not any(_BADGE.search(child.get("class") or "") for child in node.iterdescendants()):
        return text_of(node)
    kept = deepcopy(node)
    for child in [child for child in kept.iterdescendants() if _BADGE.search(child.get("class") or "")]:
        if child.getparent() is not None:
            child.drop_tree()
    return text_of(kept) or text_of(node)


def _fold(text: str) -> str:
    return _FOLD.sub("", text.casefold())


def _name(raw: str) -> str | None:
    name = _BY.sub("", _LEADING_DATE.sub("", squeeze(unescape(raw))))
    name = _END.sub("", _DATED.sub("", name).strip(" ,;:|·•-–—"))
    return None if not 1 < len(name) <= MAX_NAME or len(name.split()) > 14 or _NO_NAME.search(name) else name

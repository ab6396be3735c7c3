"""The title of an article, without the name of the site that publishes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape
from itertools import islice
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from aggregator.scrape.dom import squeeze, text_of
from aggregator.scrape.page_source import PageSource
from aggregator.text.dates import dates_in
from aggregator.text.urls import host_of, http_url

_SEPARATOR = re.compile(r"\s+[|–—•·»«›‹⁄~:-]+\s+|\s*[|»›｜ㅣ│]\s*|\s+::\s+")
_NAME_SEPARATOR = re.compile(_SEPARATOR.pattern + r"|:\s+")
_WORD = re.compile(r"\w+")
_FOLD = re.compile(r"[\W_]+")
_LONG_ENOUGH = 15
"""Characters that a title has at least, when there is more before a separator."""

_PASSED_ON = re.compile(r"\s+\((?:[\w-]+\.)+[a-z]{2,}\)(?:\s+\d+)?$")
"""Title (example.com) 87"""

_FRAME = frozenset({"nav", "aside", "footer"})
_TITLED = re.compile(
    r"(?i)(?:entry|post|article|page|story)[-_]?(?:title|headline|heading)|(?:^|\s)(?:headline|p-name)(?:$|\s)"
)
_MARKED = re.compile(r"(?i)(?<![a-z])(?:title|headline|hed)(?![a-z])|(?<=[a-z])(?:Title|Headline|Hed)(?![a-z])")
_OF_SITE = re.compile(r"(?i)site|logo|brand|blog[-_]?title")
_KICKER = re.compile(
    r"(?i)(?:^|[\s_-])(?:kicker|eyebrow|category|categories|section|label|badge|topic|rubric|overline|dachzeile|pretitle"
    r"|supertitle|flag|tag)(?:$|[\s_-])|(?:^|\s)(?:screen-reader-text|sr-only|visually-hidden)(?:$|\s)"
)
"""Class names of what stands before a headline within it."""

_ANCHOR = re.compile(
    r"(?i)(?:^|[\s_-])(?:headerlink|header-link|heading-anchor|anchor|anchorjs-link|permalink|hash-link)(?:$|[\s_-])"
)
_SIGN_BEHIND = re.compile(r"\s+[#¶§]$")
_SIGNS = frozenset({"#", "¶", "§", "🔗", "∞", "Permalink", "Link to this heading", "\u200b", "⚓"})
MAX_SLASHES = 3
"""In the absolute address of a front page."""

MAX_TITLE = 300
"""Characters; a longer `h1` or `title` is not a title."""

MAX_DATE_WORDS = 5
"""Words; a longer title with a date in it tells of something."""

_PLACEHOLDERS = frozenset(
    [
        "untitled",
        "untitledpost",
        "notitle",
        "nottitled",
        "title",
        "post",
        "newpost",
        "draft",
        "unnamed",
        "unknown",
        "none",
        "null",
        "undefined",
        "na",
        "default",
        "ohnetitel",
        "keintitel",
        "unbenannt",
        "sanstitre",
        "senzatitolo",
        "sintitulo",
        "sintítulo",
        "semtitulo",
        "semtítulo",
        "zondertitel",
        "utantitel",
        "beztytułu",
        "безназвания",
        "безымянный",
        "无标题",
        "無標題",
        "未命名",
        "タイトルなし",
        "無題",
        "제목없음",
        "article",
        "entry",
        "item",
        "rss",
    ]
)
"""What feeds give an entry that has no title, folded."""

MIN_OVERLAP = 0.5
"""A heading that is less of a title's beginning than this is the name of the site before it."""

MIN_KINSHIP = 0.5
"""Share of a heading's words that have to stand in what machines are told, for it to be the title in other words."""

MAX_SECTION = 2
"""Words before the title in a heading that are the name of a section, where the page calls the article by the rest."""

MAX_KICKER = 5
"""Words that stand before a headline as a part of it."""

LONG_TITLE = 80
"""Characters from which a title that is another's beginning has been cut."""

LEAST_MARKED, MOST_MARKED = 4, 25
"""Words of a heading that is taken for the title because it is marked as one."""

MIN_ANNOUNCED = 4
"""Letters and digits that a feed's title needs to be looked for in the page: "Hi" stands everywhere."""


def stands(announced: str, url: str) -> bool:
    """Whether the title that a feed announces is one: not missing, not cut, no placeholder, no date, no address."""
    folded = _fold(announced)
    if not folded or announced.rstrip().endswith(("...", "…")) or folded in _PLACEHOLDERS:
        return False
    if http_url(announced.strip()) or folded == _fold(host_of(url).removeprefix("www.")):
        return False
    return any(character.isalpha() for character in announced) and not _is_date(announced)


def _is_date(text: str) -> bool:
    return len(text.split()) <= MAX_DATE_WORDS and any(dates_in(text))


def announced_title(page: PageSource, announced: str) -> str | None:
    """The page's own form of the title that the feed `announced`, when the page has it; else None.

    A page names many things (its site, a section, the next post): the one that the feed names too is the title. A
    feed may shorten it; a page may put the site's name around it.
    """
    wanted = _fold(announced.rstrip(" .…"))
    if len(wanted) < MIN_ANNOUNCED:
        return None
    tree, said = page.tree, page.said
    shown = [heading_text(node) for node in tree.iter("h1", "h2", "h3", "h4")]
    claimed = [_text(said.article.get("headline")), said.first("og:title"), said.first("twitter:title")]
    titles = [squeeze(unescape(title)) for title in [*shown, *claimed] if title and len(title) <= MAX_TITLE]
    cut = announced.rstrip().endswith(("...", "…"))
    for title in titles:
        folded = _fold(title)
        if folded == wanted or (cut and folded.startswith(wanted)):
            return title
    documents = [text_of(node) for node in tree.iter("title")][:1]
    return next((part for title in [*titles, *documents] for part in _parts(title) if _fold(part) == wanted), None)


def _parts(title: str) -> Iterator[str]:
    """What stands before and after each separator in a title."""
    for match in _NAME_SEPARATOR.finditer(title):
        yield title[: match.start()]
        yield title[match.end() :]


def find_title(page: PageSource, names: frozenset[str]) -> str | None:
    """The title of the article in a page, or None. `names` are those of its site, folded.

    What readers see above the text goes before what machines are told: the latter is often written for search engines.
    """
    tree, said, url = page.tree, page.said, page.url
    headings = _headings(tree, names)
    subheadings = _subheadings(tree, names)
    claimed = [
        _text(said.article.get("headline")),
        said.first("og:title"),
        said.first("twitter:title"),
        _text(said.article.get("name")),
    ]
    documents = [text_of(node) for node in tree.iter("title")][:1]
    candidates = [
        title
        for raw in [*claimed, *documents]
        if raw
        and (title := without_site(squeeze(unescape(unescape(raw))), names, headings))
        and _fold(title) not in names
    ]
    candidates = _without_cut(candidates)
    headings = {text: node for text, node in headings.items() if not _leads_away(text, node, candidates, url)}
    folded = {_fold(title) for title in candidates}
    told = [_fold(without_site(squeeze(unescape(unescape(raw))), names, ())) for raw in claimed[:2] if raw]
    for heading, node in headings.items():
        if kicked := next(
            (title for title in candidates if _kicks(title, heading) and told.count(_fold(title)) > 1), None
        ):
            return kicked
        if _fold(heading) in folded:
            return _PASSED_ON.sub("", heading) if "|" not in heading else _shorter(heading, [*candidates, *subheadings])
        for title in candidates:
            if _only_prefixed(heading, title, node):
                return title
        if any(_agree(heading, title) for title in candidates):
            return _shorter(heading, [*candidates, *subheadings])
    if marked := next((heading for heading, node in headings.items() if _is_marked(heading, node)), None):
        return marked
    likely = max(headings, key=lambda heading: _kinship(heading, candidates), default=None)
    if likely and (not any(claimed) or _kinship(likely, candidates) >= MIN_KINSHIP):
        return likely
    if candidates:
        return _without_pipe(candidates[0])
    return next(iter(subheadings), None)


def _leads_away(heading: str, node: HtmlElement, titles: list[str], url: str) -> bool:
    """Whether a heading is a link to another page, and no title of this one has its words: another article's."""
    link = next(node.iter("a"), None)
    if link is None:
        link = next(node.iterancestors("a"), None)
    href = "" if link is None else (link.get("href") or "").partition("#")[0]
    if not href or not titles or _kinship(heading, titles) >= MIN_KINSHIP:
        return False
    target = http_url(href, url)
    return target is not None and urlsplit(target).path.rstrip("/") != urlsplit(url).path.rstrip("/")


def _kicks(title: str, heading: str) -> bool:
    """Whether a title is the heading with a few words and a colon before it ("Kenya: ...")."""
    before = title.casefold().removesuffix(heading.casefold()).rstrip()
    return before != title.casefold().rstrip() and before.endswith(":") and len(before.split()) <= MAX_KICKER


def _without_cut(titles: list[str]) -> list[str]:
    """The titles, without one that another goes on from: search engines want headlines of 110 characters."""
    return [
        title
        for title in titles
        if len(title) < LONG_TITLE
        or not any(_fold(other) != _fold(title) and other.startswith(title) for other in titles)
    ]


def _is_marked(heading: str, node: HtmlElement) -> bool:
    """Whether a heading is the article's by its name or its place, whatever machines are told."""
    if not LEAST_MARKED <= len(heading.split()) <= MOST_MARKED or _OF_SITE.search(node.get("class") or ""):
        return False
    if _MARKED.search(" ".join(filter(None, (node.get("class"), node.get("itemprop"))))):
        return True
    around = [each.tag for each in islice(node.iterancestors(), 4)]
    return "header" in around and "article" in around


def _shorter(heading: str, others: list[str]) -> str:
    """What stands before a `|` or the like in the heading, when the page calls the article just that as well; without
    the domain that sites which pass on links put behind it.
    """
    folded = {_fold(other) for other in others}
    for match in _SEPARATOR.finditer(heading):
        if len(first := heading[: match.start()]) >= _LONG_ENOUGH and _fold(first) in folded:
            return first
    return _PASSED_ON.sub("", heading)


def _headings(tree: HtmlElement, names: frozenset[str]) -> dict[str, HtmlElement]:
    """The texts of the page's `h1` that can be titles: not the name of the site, which some themes put there."""
    texts = {unescape(heading_text(node)): node for node in reversed(list(tree.iter("h1")))}
    return {
        text: node for text, node in reversed(texts.items()) if 2 < len(text) <= MAX_TITLE and _fold(text) not in names
    }


def _subheadings(tree: HtmlElement, names: frozenset[str]) -> list[str]:
    """The texts of lesser headings, those first that are marked as a title; none of the page's frame."""
    nodes = [node for node in tree.iter("h2", "h3") if not any(each.tag in _FRAME for each in node.iterancestors())]
    nodes.sort(key=lambda node: not (_TITLED.search(node.get("class") or "") or node.get("itemprop") == "headline"))
    texts = (unescape(heading_text(node)) for node in nodes)
    return [text for text in dict.fromkeys(texts) if 2 < len(text) <= MAX_TITLE and _fold(text) not in names]


def heading_text(heading: HtmlElement) -> str:
    """The words of a heading: without a section that stands before them, and without the sign of a link to itself."""
    left_out = {
        node
        for node in heading.iterdescendants()
        if _KICKER.search(node.get("class") or "")
        or (node.tag == "a" and (_ANCHOR.search(node.get("class") or "") or text_of(node) in _SIGNS))
    }
    whole = text_of(heading)
    if not left_out:
        return _SIGN_BEHIND.sub("", whole)
    texts = heading.xpath(".//text()")
    inside = (text for text in texts if not any(node in left_out for node in _holders(text, heading)))
    rest = _SIGN_BEHIND.sub("", squeeze(" ".join(inside)))
    return whole.replace(" :", ":") if not rest or rest.startswith(":") else rest


def _holders(text: HtmlElement, heading: HtmlElement) -> Iterator[HtmlElement]:
    """The elements in a heading that a piece of its text is in."""
    parent = text.getparent()
    node = parent.getparent() if text.is_tail else parent
    while node is not None and node is not heading:
        yield node
        node = node.getparent()


def _kinship(heading: str, titles: list[str]) -> float:
    """The largest share of the heading's words that stand in one of the titles; 0 to 1."""
    words = set(_WORD.findall(heading.casefold()))
    shares = (len(words & set(_WORD.findall(title.casefold()))) / max(len(words), 3) for title in titles)
    return max(shares, default=0.0)


def without_site(title: str, names: frozenset[str], headings: Iterable[str]) -> str:
    """`title` without a leading or trailing site name."""
    parts = _SEPARATOR.split(title)
    if len(parts) < 2:
        host, _, rest = title.partition(" ")
        return rest if "." in host and _fold(host) in names and rest else title
    folded = _fold(title)
    for heading in headings:
        if len(heading) > 8 and folded.startswith(_fold(heading)):
            return heading
    spans = [match.span() for match in _SEPARATOR.finditer(title)]
    while spans and _is_site(title[spans[-1][1] :], names):
        title = title[: spans[-1][0]]
        spans.pop()
    if spans and _is_site(title[: spans[0][0]], names):
        title = title[spans[0][1] :]
    return title


def _is_site(part: str, names: frozenset[str]) -> bool:
    folded = _fold(part)
    return any(
        folded == name or (len(name) > 3 and (name in folded and len(folded) < 2.5 * len(name))) for name in names
    )


def site_names(page: PageSource) -> frozenset[str]:
    """What the site calls itself, folded: for machines, by its host, and where it links to its front page."""
    said, url = page.said, page.url
    publisher = said.article.get("publisher")
    name = publisher.get("name") if isinstance(publisher, dict) else None
    names = [said.first("og:site_name"), said.first("application-name"), _text(name)]
    host = host_of(url).removeprefix("www.")
    names += [host, *host.split(".")[:-1]]
    names += [text_of(node) for node in page.tree.iter("a") if _leads_home(node.get("href") or "", url)]
    return frozenset(folded for name in names if name and len(folded := _fold(name)) > 1)


def _leads_home(href: str, url: str) -> bool:
    if href != "/":
        # Most links of a page lead deeper: their addresses need not be taken apart.
        if not href.startswith("http") or href.count("/") > MAX_SLASHES or not (home := http_url(href)):
            return False
        if host_of(home) != host_of(url):
            return False
    own = urlsplit(url)
    return (
        urlsplit(href).path in ("", "/") and not href.startswith("#") and (own.path not in ("", "/") or bool(own.query))
    )


def _agree(heading: str, title: str) -> bool:
    """Whether the two are one title: the same, or one is the other's beginning and most of it."""
    a, b = _fold(heading), _fold(title)
    short, long = sorted((a, b), key=len)
    return a == b or (len(short) > 12 and len(short) > len(long) * MIN_OVERLAP and long.startswith(short))


def _only_prefixed(heading: str, title: str, node: HtmlElement) -> bool:
    """Whether the heading is the title with a date, a label or a section before it: "Blog: ", "12 June 2026"."""
    before = heading.removesuffix(title).strip()
    if before == heading or not before:
        return False
    if before.endswith((":", "|", "»", "›")) or any(dates_in(before)) or len(before.split()) <= MAX_SECTION:
        return True
    return any(
        text_of(child) == before for child in node.iterdescendants("span", "a", "small", "div", "p", "em", "strong")
    )


def _without_pipe(title: str) -> str:
    """No title has a `|` in it; what stands behind one is the site, the section or an advertisement."""
    first = title.split(" | ", maxsplit=1)[0].strip()
    return first if len(first) >= _LONG_ENOUGH else title


def _fold(text: str) -> str:
    return _FOLD.sub("", text.casefold())


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None

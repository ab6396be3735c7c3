"""The title of an article, without the name of the site that publishes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from lxml.html import HtmlElement

from aggregator.scrape.dom import squeeze, text_of
from aggregator.scrape.structured import Claims
from aggregator.text.dates import dates_in
from aggregator.text.urls import host_of

_SEPARATOR = re.compile(r"\s+[|–—•·»«›‹⁄~:-]+\s+|\s*[|»›]\s*|\s+::\s+")
_NAME_SEPARATOR = re.compile(_SEPARATOR.pattern + r"|:\s+")
_WORD = re.compile(r"\w+")
_FOLD = re.compile(r"[\W_]+")
_LONG_ENOUGH = 15
"""Characters that a title has at least, when there is more before a separator."""

_PASSED_ON = re.compile(r"\s+\((?:[\w-]+\.)+[a-z]{2,}\)(?:\s+\d+)?$")
"""Title (example.com) 87"""

MAX_TITLE = 300
"""Characters; a longer `h1` or `title` is not a title."""

MIN_OVERLAP = 0.5
"""A heading that is less of a title's beginning than this is the name of the site before it."""

MIN_KINSHIP = 0.5
"""Share of a heading's words that have to stand in what machines are told, for it to be the title in other words."""

MIN_ANNOUNCED = 4
"""Letters and digits that a feed's title needs to be looked for in the page: "Hi" stands everywhere."""


def announced_title(tree: HtmlElement, said: Claims, announced: str) -> str | None:
    """The page's own form of the title that the feed `announced`, when the page has it; else None.

    A page names many things (its site, a section, the next post): the one that the feed names too is the title. A
    feed may shorten it; a page may put the site's name around it.
    """
    wanted = _fold(announced.rstrip(" .…"))
    if len(wanted) < MIN_ANNOUNCED:
        return None
    shown = [text_of(node) for node in tree.iter("h1", "h2", "h3", "h4")]
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


def find_title(tree: HtmlElement, said: Claims, url: str) -> str | None:
    """The title of the article in `tree`, or None.

    What readers see above the text goes before what machines are told: the latter is often written for search engines.
    """
    names = _site_names(said, url)
    headings = _headings(tree, names)
    subheadings = [text_of(node) for node in tree.iter("h2", "h3")]
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
        if raw and (title := without_site(squeeze(unescape(unescape(raw))), names, headings))
    ]
    for heading in headings:
        for title in candidates:
            if _only_prefixed(heading, title):
                return title
        if any(_agree(heading, title) for title in candidates):
            return _shorter(heading, [*candidates, *subheadings])
    likely = max(headings, key=lambda heading: _kinship(heading, candidates), default=None)
    if likely and (not candidates or _kinship(likely, candidates) >= MIN_KINSHIP):
        return likely
    if candidates:
        return _without_pipe(candidates[0])
    return next(iter(subheadings), None)


def _shorter(heading: str, others: list[str]) -> str:
    """What stands before a `|` or the like in the heading, when the page calls the article just that as well; without
    the domain that sites which pass on links put behind it.
    """
    folded = {_fold(other) for other in others}
    for match in _SEPARATOR.finditer(heading):
        if len(first := heading[: match.start()]) >= _LONG_ENOUGH and _fold(first) in folded:
            return first
    return _PASSED_ON.sub("", heading)


def _headings(tree: HtmlElement, names: set[str]) -> list[str]:
    """The texts of the page's `h1` that can be titles: not the name of the site, which some themes put there."""
    texts = (unescape(text_of(node)) for node in tree.iter("h1"))
    return [text for text in dict.fromkeys(texts) if 2 < len(text) <= MAX_TITLE and _fold(text) not in names]


def _kinship(heading: str, titles: list[str]) -> float:
    """The largest share of the heading's words that stand in one of the titles; 0 to 1."""
    words = set(_WORD.findall(heading.casefold()))
    shares = (len(words & set(_WORD.findall(title.casefold()))) / max(len(words), 3) for title in titles)
    return max(shares, default=0.0)


def without_site(title: str, names: set[str], headings: list[str]) -> str:
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


def _is_site(part: str, names: set[str]) -> bool:
    folded = _fold(part)
    return any(
        folded == name or (len(name) > 3 and (name in folded and len(folded) < 2.5 * len(name))) for name in names
    )


def _site_names(said: Claims, url: str) -> set[str]:
    publisher = said.article.get("publisher")
    name = publisher.get("name") if isinstance(publisher, dict) else None
    names = [said.first("og:site_name"), said.first("application-name"), _text(name)]
    host = host_of(url).removeprefix("www.")
    names += [host, *host.split(".")[:-1]]
    return {folded for name in names if name and len(folded := _fold(name)) > 1}


def _agree(heading: str, title: str) -> bool:
    """Whether the two are one title: the same, or one is the other's beginning and most of it."""
    a, b = _fold(heading), _fold(title)
    short, long = sorted((a, b), key=len)
    return a == b or (len(short) > 12 and len(short) > len(long) * MIN_OVERLAP and long.startswith(short))


def _only_prefixed(heading: str, title: str) -> bool:
    """Whether the heading is the title with a date or a label before it: "Blog: ", "12 June 2026"."""
    before = heading.removesuffix(title).strip()
    return before != heading and (before.endswith(":") or any(dates_in(before)))


def _without_pipe(title: str) -> str:
    """No title has a `|` in it; what stands behind one is the site, the section or an advertisement."""
    first = title.split(" | ", maxsplit=1)[0].strip()
    return first if len(first) >= _LONG_ENOUGH else title


def _fold(text: str) -> str:
    return _FOLD.sub("", text.casefold())


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None

"""Pages of one article -> one article: the first page's metadata, the text of all.

Whether a page belongs to the article is asked of the pages themselves: a next link may lead to the next post, a "print"
link anywhere. None says that it does not, or that it has nothing to add.

The next page of the same article, when a site cuts it into several.

Only an address that is the article's own with a page number added (`/2/`, `?page=2`, `-2.html`) counts, one higher than
the page we are on, and only where a link is marked or worded as a pager's link.
A next post is no next page (see neighbours). A page that has all of the article is better than the pages: it is looked
for by the words of its link, and its address has to be the article's with something added.

The real page behind one that shows an article in another dress: AMP, or made for printing.

A page with a few words that sends its readers on (`<meta http-equiv="refresh">`, a script that begins with it) is a
redirect.

The page's own `rel=canonical` is asked first, then the address without its marks. Whether that page exists, and belongs
to the same site, is found out by whoever fetches it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, time, timedelta
from urllib.parse import urlsplit, urlunsplit

from lxml.etree import tostring
from lxml.html import HtmlElement

from aggregator.models import Article, PageKind
from aggregator.scrape.dom import parse, running_text, text_of
from aggregator.text.urls import http_url
from aggregator.text.words import coverage, shingles, words_of

AS_LONG = 0.5
"""Share of an AMP or print page's words that the real page has at least: a teaser with a button has less."""

CONTAINED = 0.6
"""Share of the first page's text that the page with all of it has: the rest is furniture of the first."""

KINDRED = 0.5
"""Share of the shorter title's words in the longer, for the two to be one article's."""

SAME_TIME = timedelta(hours=36)
"""Pages of one article were published together; those that state a date and a time may seem half a day apart."""

FEW = 5
"""Words; a page that adds fewer than these to the article adds nothing."""

_PAGER = re.compile(r"(?i)^\W*(?:page|seite|pagina|página|страница) +\d+(?: *(?:of|von|de|di|/) *\d+)?\W*$")


def is_real(version: Article, found: Article) -> bool:
    """Whether `found` is the article of which `version` (AMP, print) is another form, and not less of it."""
    return (
        found.kind is PageKind.ARTICLE and found.word_count >= AS_LONG * version.word_count and _kindred(version, found)
    )


def made_whole(first: Article, found: Article) -> Article | None:
    """`first` with the text of `found`, a page that has all of the article."""
    if found.kind is not PageKind.ARTICLE or found.word_count <= first.word_count:
        return None
    if coverage(first.text, shingles(found.text)) < CONTAINED:
        return None
    return _with_text(first, found.html, found.text, pages=1, next_page_url=None)


def with_next(before: Article, found: Article) -> Article | None:
    """`before` with the text of `found`, its next page, but for what was said before: titles, introductions, pagers."""
    if not _kindred(before, found):
        return None
    new = _unsaid(before.html, found.html)
    if len(running_text(new).split()) < FEW:
        return None
    html = before.html + new
    return _with_text(before, html, running_text(html), pages=before.pages + 1, next_page_url=found.next_page_url)


def _with_text(article: Article, html: str, text: str, *, pages: int, next_page_url: str | None) -> Article:
    return replace(
        article,
        html=html,
        text=text,
        word_count=len(text.split()),
        pages=pages,
        next_page_url=next_page_url,
        single_page_url=None,
    )


def _kindred(one: Article, other: Article) -> bool:
    """Whether two pages can be of one article: published together, and titled alike where no date says it."""
    if one.published and other.published and abs(one.published - other.published) > SAME_TIME:
        return False
    titles = sorted((set(words_of(article.page_title or article.title or "")) for article in (one, other)), key=len)
    if not titles[0]:
        return True
    alike = len(titles[0] & titles[1]) >= KINDRED * len(titles[0])
    return alike or (one.published == other.published and _has_time(one.published))


def _has_time(published: datetime | None) -> bool:
    """Whether a date says more than the day, on which other posts were published too."""
    return published is not None and published.time() != time.min


def _unsaid(before: str, later: str) -> str:
    """The blocks of `later` without those at its beginning and end that stand in `before`, and without page numbers.

    In its middle they stay: a command may well be given twice.
    """
    said = {_told(block) for block in _blocks(before)}
    blocks = _blocks(later)
    while blocks and (_told(blocks[0]) in said or _PAGER.match(_told(blocks[0]))):
        del blocks[0]
    while blocks and (_told(blocks[-1]) in said or _PAGER.match(_told(blocks[-1]))):
        del blocks[-1]
    return "".join(tostring(block, encoding="unicode", method="html") for block in blocks)


def _blocks(html: str) -> list[HtmlElement]:
    tree = parse(f"<!doctype html><html><body>{html}</body></html>")
    body = tree.find("body") if tree is not None else None
    return [] if body is None else list(body)


def _told(block: HtmlElement) -> str:
    """What a block shows: its text, or its pictures where it has none."""
    return text_of(block) or " ".join(node.get("src") or "" for node in block.iter("img"))


MAX_PAGES = 50
"""A higher number is no page of an article."""

_QUERY = re.compile(r"(?:^|&)(?:page|pg|seite|pagina|currentpage)=(\d{1,2})(?=&|$)", re.IGNORECASE)
_FOLDER = re.compile(r"/(?:page|seite|pagina)?[/-]?(\d{1,2})/?$")
_FILE = re.compile(r"[-_,](?:page|seite|p)?[-_]?(\d{1,2})(?=\.\w{3,5}$)")
_WORDED = re.compile(
    r"(?i)^\W*(?:next(?: page)?|continue(?: reading)?|page \d+|\d+|nächste seite|weiter|page suivante|siguiente)\W*$"
)

_WHOLE = re.compile(
    r"(?i)^\W*(?:(?:view|read|show|see)? *(?:as|on|in)? *(?:a|one)? *(?:single|one)[ -]page(?: view)?"
    r"|(?:view|show|read) (?:all|(?:the )?(?:full|whole|entire) (?:article|story|post))(?: pages)?|all pages"
    r"|(?:alles |artikel )?auf einer seite(?: (?:lesen|anzeigen))?"
    r"|(?:lire )?(?:l'article )?(?:sur|en) une (?:seule )?page"
    r"|(?:ver |leer )?(?:todo )?en una (?:sola )?página|(?:tutto )?in (?:una )?(?:unica|sola) pagina)\W*$"
)
_PRINTED = re.compile(
    r"(?i)^\W*(?:print(?:able|er[ -]friendly)?(?: (?:version|view|page|article|this))*|druckversion|druckansicht"
    r"|drucken|version imprimable|imprimer|imprimir|versión para imprimir|stampa)\W*$"
)
_WORDS = 40
"""Characters; the words of a link to a single or a print page are fewer."""


def next_page(tree: HtmlElement, url: str) -> str | None:
    """The address of the page after the one at `url`, or None."""
    own, number = _numbered(url)
    for node in tree.iter("link", "a"):
        href = node.get("href")
        if not href or href.startswith("#"):
            continue
        marked = "next" in (node.get("rel") or "").lower().split()
        if not marked and (node.tag == "link" or not _is_worded(node)):
            continue
        target = http_url(href, url)
        if target and number < MAX_PAGES and _numbered(target) == (own, number + 1):
            return target
    return None


def single_page(tree: HtmlElement, url: str) -> str | None:
    """The address of a page that has all of the article at `url`, else of one made for printing, or None."""
    printed = None
    own = _article_path(url)
    for node in tree.iter("a"):
        target = http_url(node.get("href"), url)
        if target is None or target.partition("#")[0] == url.partition("#")[0] or _article_path(target) != own:
            continue
        text = text_of(node) or node.get("title") or ""
        if len(text) > _WORDS:
            continue
        if _WHOLE.match(text):
            return target
        if _PRINTED.match(text):
            printed = printed or target
    return printed


def is_numbered(url: str) -> bool:
    """Whether an address has a page number in its path already: that of a numbered post, more likely than of a page."""
    path = urlsplit(url).path
    return bool(_FOLDER.search(path) or _FILE.search(path))


_ADDED = re.compile(r"(?i)/(?:all|full|single(?:[-_]?page)?|one[-_]?page|print(?:able|er[-_]?friendly)?|komplett)$")


def _article_path(url: str) -> str:
    """Host and path of an article's address, without what a single page's has more."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    path = _ADDED.sub("", path).removeprefix("/print")
    return parts.netloc.lower().removeprefix("www.") + re.sub(r"(?i)\.\w{3,5}$", "", path)


def _is_worded(node: HtmlElement) -> bool:
    text = text_of(node)
    return len(text) <= 20 and bool(_WORDED.match(text))


def _numbered(url: str) -> tuple[str, int]:
    """The address of the article, and the number of the page: `.../post/2/` is the second page of `.../post`."""
    parts = urlsplit(url)
    path, query, number = parts.path, parts.query, 1
    if match := _QUERY.search(query):
        number = int(match[1])
        query = (query[: match.start()] + query[match.end() :]).strip("&")
    elif (match := _FOLDER.search(path) or _FILE.search(path)) and match.start() > 1:
        number = int(match[1])
        path = path[: match.start()] + path[match.end() :]
    host = parts.netloc.lower().removeprefix("www.")
    return f"{host}{path.rstrip('/')}?{query}", number


_AMP_ATTRIBUTES = ("amp", "⚡", "amp4", "⚡4")
_AMP_QUERY = re.compile(r"(?i)(?:^|&)(?:amp(?:=(?:1|true|yes)?)?|(?:outputtype|output|view|format)=amp)(?=&|$)")
_AMP_PATH = re.compile(r"(?i)/amp(?=/?$)|^/amp(?=/)|(?<=\w)\.amp(?=(?:\.html?)?$)")
_PRINT_QUERY = re.compile(
    r"(?i)(?:^|&)(?:print(?:able|er|view|friendly|version|erfriendly)?(?:=(?:1|true|yes|y|print)?)?"
    r"|(?:view|output|format|mode|tmpl|action)=print(?:able)?)(?=&|$)"
)
_PRINT_PATH = re.compile(r"(?i)/print(?:able|er[-_]?friendly|version)?(?=/?$)|^/print(?=/)")


def real_page(tree: HtmlElement, url: str, canonical: str | None) -> str | None:
    """The address of the page that the one at `url` is a version of, or None where it is the real one."""
    bare = _bare(url)
    if bare is None and not is_amp(tree):
        return None
    own = {_key(url)}
    return next((one for one in (canonical, bare) if one and _key(one) not in own), None)


FORWARD_WITHIN_S = 10
"""Seconds after which a page that sends its readers on has not been meant to be read."""

FORWARD_WORDS = 60
"""Words of such a page at most; one that has more is an article that loads itself again."""

_REFRESH = re.compile(r"""(?i)\s*(\d{1,4})(?:\.\d*)?\s*[;,\s]\s*(?:url\s*=)?\s*["']?([^"']+)""")


_LEAVE = re.compile(
    r"""(?ix) (?:<!--[^\n]*+\n|//[^\n]*+\n|/\*[^*]*+\*/|["']use\ strict["'];?|\s)*+
    (?: (?:window\.)?setTimeout\(\s* (?:function\s*\(\)\s*\{|\(\)\s*=>\s*\{?|["'])\s* )?
    (?:(?:window|self|top|parent|document)\.){0,3} location(?:\.href)? \s*+(?:=|\.(?:replace|assign)\()\s*+
    (["'])((?:(?!\1)[^\\\n]|\\.)++)\1"""
)
"""A script whose first statement sets the address; behind a condition or a click it is none."""

_LEAVE_WITHIN = 4096
"""Characters of a script that are looked at."""


def forward(tree: HtmlElement, url: str) -> str | None:
    """Where the page at `url` sends its readers on at once, by a refresh (HTML 4.2.5.3) or a script; None: nowhere."""
    for node in tree.xpath("//meta[@http-equiv]|//script[not(@src)]|//body[@onload]"):
        if node.tag == "meta":
            refresh = (node.get("http-equiv") or "").lower() == "refresh"
            match = _REFRESH.match(node.get("content") or "") if refresh else None
            target = match[2] if match and int(match[1]) <= FORWARD_WITHIN_S else ""
        else:
            script = node.get("onload") if node.tag == "body" else node.text
            match = _LEAVE.match((script or "")[:_LEAVE_WITHIN])
            target = match[2].replace("\\", "") if match else ""
        there = http_url(target.strip(), url)
        outside = there and _key(there) != _key(url) and next(node.iterancestors("noscript"), None) is None
        if outside and len(words_of(text_of(tree))) <= FORWARD_WORDS:
            return there
    return None


def is_amp(tree: HtmlElement) -> bool:
    """Whether the page says that it is an AMP page (`<html amp>`)."""
    root = tree.getroottree().getroot()
    return any(name.lower() in _AMP_ATTRIBUTES for name in map(str, root.attrib))


def _bare(url: str) -> str | None:
    """The address without the marks of AMP and print pages; None where it has none."""
    parts = urlsplit(url)
    query, path = parts.query, parts.path
    for mark in (_AMP_QUERY, _PRINT_QUERY):
        query = mark.sub("", query).strip("&")
    for mark in (_AMP_PATH, _PRINT_PATH):
        path = mark.sub("", path)
    host = parts.netloc.removeprefix("amp.")
    if (host, path, query) == (parts.netloc, parts.path, parts.query) or (path.strip("/") == "" and not query):
        return None
    return http_url(urlunsplit((parts.scheme, host, path, query, "")))


def _key(url: str) -> str:
    return url.partition("#")[0].rstrip("/")

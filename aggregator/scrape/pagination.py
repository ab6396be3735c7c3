"""The next page of the same article, when a site cuts it into several.

Only an address that is the article's own with a page number added (`/2/`, `?page=2`, `-2.html`) counts, one higher than
the page we are on, and only where a link is marked or worded as a pager's link.
A next post is no next page (see neighbours). A page that has all of the article is better than the pages: it is looked
for by the words of its link, and its address has to be the article's with something added.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from aggregator.scrape.dom import text_of
from aggregator.text.urls import http_url

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

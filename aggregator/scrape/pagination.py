"""The next page of the same article, when a site cuts it into several.

Only an address that is the article's own with a page number added (`/2/`, `?page=2`, `-2.html`) counts, one higher than
the page we are on, and only where a link is marked or worded as a pager's link.
A next post is no next page (see neighbours).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from aggregator.scrape.dom import text_of
from aggregator.urls import http_url

MAX_PAGES = 50
"""A higher number is no page of an article."""

_QUERY = re.compile(r"(?:^|&)(?:page|pg|seite|pagina|currentpage)=(\d{1,2})(?=&|$)", re.IGNORECASE)
_FOLDER = re.compile(r"/(?:page|seite|pagina)?[/-]?(\d{1,2})/?$")
_FILE = re.compile(r"[-_,](?:page|seite|p)?[-_]?(\d{1,2})(?=\.\w{3,5}$)")
_WORDED = re.compile(
    r"(?i)^\W*(?:next(?: page)?|continue(?: reading)?|page \d+|\d+|nächste seite|weiter|page suivante|siguiente)\W*$"
)


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

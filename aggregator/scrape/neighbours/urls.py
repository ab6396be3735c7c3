"""Which URL can be a neighbour of a page at all: another post of the same site, not a page of the same article.

Only URLs are looked at. What is refused: the page itself, other hosts, the front page, lists and their pages,
categories, tags, authors, feeds, files, comment pages, and further pages of the same article.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

from publicsuffixlist import PublicSuffixList

from aggregator.text.urls import http_url


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_PAGE_WORDS = "page pages p pg seite pagina página strona strana sida side sayfa sivu oldal pag npack start slide bild"
_PAGE_TAIL = re.compile(
    rf"(?:[/,;_.-](?:{_PAGE_WORDS.replace(' ', '|')})[/,;_.-]?\d{{1,3}}|[/,]\d{{1,3}})$", re.IGNORECASE
)
_PICTURE_TAIL = re.compile(r"[/,;_.-](?:id|image|img|foto|photo|picture)[/,;_.-]?\d+", re.IGNORECASE)
_SLUG = re.compile(r"[-_.\d][^/]*$")
_SECOND_TAIL = re.compile(r"[-_]2$")
_EXTENSION = re.compile(r"\.(?:s?html?|php|aspx?|jsp|cfm)$", re.IGNORECASE)
_LIST_TAIL = re.compile(r"/(?:page|seite|pagina|strona|comment-page)[/-]\d+$", re.IGNORECASE)
_LIST_PATH = re.compile(
    r"/(?:category|categories|kategorie|categoria|categorie|tags?|schlagwort|author|autor|auteur|search|suche|labels?)"
    r"(?:/[^/]*)?$|/(?:archives?|archiv|feed|rss|wp-login\.php|wp-admin|login|register|cart)$|^/feeds/",
    re.IGNORECASE,
)
_DATE_ONLY = re.compile(r"^/(?:blog/)?\d{4}(?:/\d{1,2}){0,2}$")
_DATE = re.compile(r"/((?:19|20)\d\d)[/-]?(0[1-9]|1[0-2])(?:[/-]?([0-3]\d))?(?=[/-]|$)")
_COUNTED = re.compile(r"[-/_.](\d{5,9})(?:\.\w{3,5})?/?$")
_SECTION = re.compile(r"[^\W\d_]{3,}(?:[-_][^\W\d_]+)?")
"""A section's name in an address: a word or two (`food-drink`)."""
_HOST_END = re.compile(r"[/?#:\\]")
_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|pdf|mp[34]|zip|xml|rss|atom|css|js|ics|docx?|epub)$", re.IGNORECASE)
_PAGE_KEYS = _set(
    "page paged seite pg pagina start offset cpage pageno page_no comment_page limitstart slide bild currentpage "
    "pagenumber showall"
)
_LIST_KEYS = _set(
    "cat tag author s q search m label max-results updated-max updated-min replytocom share print action feed "
    "doing_wp_cron"
)
_SMALL_POST_ID = 50
"""`?p=2` is a page, `?p=2905` a post: WordPress counts posts, pages, menus and images by one counter, which is past 50
before a second post is written; no article has 50 pages."""


@lru_cache(maxsize=4096)
def folded(url: str) -> str:
    """`url` to compare by: without scheme, `www.`, fragment, trailing slash, percent-encoding differences."""
    absolute = http_url(url)
    if absolute is None:
        return url
    parts = urlsplit(absolute)
    query = f"?{parts.query}" if parts.query else ""
    return (parts.netloc.removeprefix("www.") + unquote(parts.path).rstrip("/") + query).lower()


def date_in(url: str) -> tuple[int, ...] | None:
    """The date in a URL's path (`/2020/01/24/`, `/2020-01-24-`, `/20200124/`, `/2020/01/`), or None."""
    match = _DATE.search(urlsplit(url).path)
    return tuple(int(part) for part in match.groups() if part) if match else None


def number_in(url: str) -> str | None:
    """The number at the end of a URL by which a site counts its posts (`/title-282156.html`); five digits or more."""
    match = _COUNTED.search(urlsplit(url).path)
    return match[1] if match else None


def site_of(url: str) -> str:
    """The host of an absolute URL without `www.`, `m.` or `amp.`; empty when there is none."""
    return re.sub(r"^(?:www\d?|m|mobile|amp)\.", "", urlsplit(url).hostname or "")


@lru_cache(maxsize=1024)
def _domain(host: str) -> str:
    """The part of a host that one owner registered (`it.slashdot.org`: `slashdot.org`); an address is its own."""
    if host.endswith("]") or host.rpartition(".")[2].isdigit():
        return host
    return _suffixes().privatesuffix(host) or host


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def same_site(one: str, other: str) -> bool:
    """Whether two hosts (see `site_of`) are one site: equal, or under one registered domain."""
    return one == other or (bool(one and other) and _domain(one) == _domain(other))


def may_be_of(href: str, sites: frozenset[str]) -> bool:
    """Whether a link may lead to one of `sites`, at a glance: most links of a page that do not are told so."""
    _, slashes, rest = href.partition("//")
    if not slashes or not sites or not href.startswith(("http", "//")) or not rest.isascii():
        return True
    host = _HOST_END.split(rest, maxsplit=1)[0].lower()
    return any(same_site(site, host.removeprefix("www.")) for site in sites)


def _stem(path: str) -> tuple[str, bool]:
    """The path without slash and extension, and whether it had an extension."""
    bare = unquote(path).rstrip("/")
    stem = _EXTENSION.sub("", bare)
    return stem, stem != bare


def _without_page(stem: str) -> str:
    """The stem without a page number; `/news/12` keeps its number: that is the post's own."""
    base = _PAGE_TAIL.sub("", stem)
    return base if _SLUG.search(base) else stem


def same_article(own: str, other: str) -> bool:
    """Whether `other` is the page `own` again, or another page of the same article, judged by the URLs alone.

    `/a/2/`, `/a/seite-2`, `/a?page=2`, `/a,nPack,2` and `/a-2.html` are pages of `/a`; `/a-2/` is a post of its own
    (WordPress numbers equal slugs so), and so is `/a-13.html` beside `/a-12.html` (a series).
    """
    if folded(own) == folded(other):
        return True
    one, two = urlsplit(own), urlsplit(other)
    mine, had_extension = _stem(one.path)
    theirs, _ = _stem(two.path)
    if mine in (theirs, _PAGE_TAIL.sub("", theirs)) or _without_page(mine) == _without_page(theirs):
        return one.query == two.query or not _query_names_post(one.query, two.query)
    if had_extension and _SECOND_TAIL.sub("", mine) == _SECOND_TAIL.sub("", theirs):
        return True
    return theirs.startswith(mine) and bool(_PICTURE_TAIL.fullmatch(theirs[len(mine) :]))


def _query_names_post(mine: str, theirs: str) -> bool:
    """Whether two queries on one path name two posts (`?p=2905`, `?ArtNr=335614`) rather than two pages of one."""
    ours, others = dict(parse_qsl(mine)), dict(parse_qsl(theirs))
    for key, value in others.items():
        if key.lower() in _PAGE_KEYS or ours.get(key) == value:
            continue
        if key in ours and (not value.isdigit() or int(value) > _SMALL_POST_ID):
            return True
    return False


def is_list(url: str) -> bool:
    """Whether the URL is that of a front page, a list, a feed, a file or a form, rather than of a post."""
    parts = urlsplit(url)
    path = unquote(parts.path).rstrip("/")
    if any(key.lower() in _LIST_KEYS | _PAGE_KEYS for key, _ in parse_qsl(parts.query, keep_blank_values=True)):
        return True
    if not path and not parts.query:
        return True
    patterns = (_LIST_TAIL, _LIST_PATH, _FILE)
    return any(pattern.search(path) for pattern in patterns) or bool(_DATE_ONLY.match(path))


@lru_cache(maxsize=4096)
def can_be_neighbour(own: str, other: str, sites: frozenset[str]) -> bool:
    """Whether `other` may be the next or previous post of the page `own`, which belongs to `sites`."""
    if sites and not any(same_site(site, site_of(other)) for site in sites):
        return False
    return not is_list(other) and not (own and (same_article(own, other) or _is_section(own, other)))


def _is_section(own: str, other: str) -> bool:
    """Whether `other` is a folder that `own` is in: the overview of a section."""
    path = urlsplit(other).path.rstrip("/")
    return not urlsplit(other).query and urlsplit(own).path.startswith(path + "/")


def is_section_of(own: str, other: str) -> bool:
    """Whether `other`, by its address beside that of a post, is a section: fewer parts, and a name of a word or two."""
    mine, theirs = (unquote(urlsplit(url).path).strip("/").split("/") for url in (own, other))
    if len(theirs) >= len(mine) or urlsplit(other).query:
        return False
    return _SECTION.fullmatch(theirs[-1]) is not None

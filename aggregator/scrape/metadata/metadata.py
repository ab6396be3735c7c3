"""What there is to know of an article besides its text: title, author, dates, language, picture, address, tags.

Several claims for each, by order of belief: JSON-LD, OpenGraph and other meta elements, microdata, and at last the
markup that people see. Everything that comes out is plain text, an absolute URL, or None.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from htmldate import find_date
from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.dom import squeeze
from aggregator.scrape.languages import language_of
from aggregator.scrape.metadata.authors import find_author
from aggregator.scrape.metadata.bylines import (
    DATELINE,
    byline,
    dateline,
    first_shown,
    is_sentence,
    shown_change,
    shown_date,
    told_behind,
)
from aggregator.scrape.metadata.titles import find_title, site_names
from aggregator.scrape.page_kind import forbidden_by_page
from aggregator.scrape.page_source import PageSource
from aggregator.scrape.structured import Claims
from aggregator.text.date_order import Style
from aggregator.text.dates import PAGE, date_in_url, dates_in, has_two_readings, page_style, read_date
from aggregator.text.urls import host_of, http_url

MAX_TAGS = 30
"""Tags that are kept; sites that list more are stuffing keywords."""

_DATE_META = (
    "article:published_time",
    "og:article:published_time",
    "og:published_time",
    "datepublished",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date.issued",
    "dcterms.created",
    "dc.date",
    "dcterms.date",
    "publishdate",
    "publish-date",
    "publish_date",
    "pubdate",
    "date",
    "article.published",
    "cxenseparse:recs:publishtime",
    "published",
    "publisheddate",
    "og:publish_date",
    "citation_publication_date",
    "citation_online_date",
    "datecreated",
)
_MODIFIED_META = (
    "article:modified_time",
    "og:updated_time",
    "datemodified",
    "last-modified",
    "dcterms.modified",
    "lastmod",
)

_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")

A_DAY_LATER = timedelta(hours=38)
"""From the midnight with which a shown day begins to where it has ended in every time zone."""


@dataclass(frozen=True, slots=True)
class Metadata:
    title: str | None = None
    author: str | None = None
    published: datetime | None = None
    modified: datetime | None = None
    language: str | None = None
    lead_image: str | None = None
    canonical_url: str | None = None
    tags: tuple[str, ...] = ()
    noarchive: bool = False


def metadata(page: PageSource, agent: str = "") -> Metadata:
    """What a page says of its article. `agent` is the name that it may call us by."""
    said = page.said
    names = site_names(page)
    title = find_title(page, names)
    around = byline(page.blocks, title)
    lines = [block.text for block in around if not is_sentence(block.text)]
    stated = _language(page.tree, said)
    style = _date_style(page, lines, stated)
    modified = _modified(said, lines, style)
    return Metadata(
        title=title,
        author=find_author(page, around, names),
        published=_with_its_time(_published(page, lines, modified, style), around, style),
        modified=modified,
        language=stated,
        lead_image=_lead_image(said, page.url),
        canonical_url=_canonical(page.tree, said, page.url),
        tags=_tags(said),
        noarchive=forbidden_by_page(said.meta, agent),
    )


def _date_style(page: PageSource, lines: list[str], stated: str | None) -> Style:
    """How the page writes dates in numbers: asked only where one may name two days."""
    said, blocks = page.said, page.blocks
    times = [value for node in page.tree.iter("time") if (value := node.get("datetime"))]
    values = [value for value in (*_dates_for_machines(said), *times, *lines) if has_two_readings(value)]
    if not values:
        return PAGE
    stamps = (value for value in (*_dates_for_machines(said), *times) if _ISO_DAY.match(value))
    known = [found for found in (date_in_url(page.url), *map(read_date, stamps)) if found]
    texts = [*values, *(block.text for block in blocks if block.words <= DATELINE)]
    language = language_of(" ".join(block.text for block in blocks if block.words > DATELINE), stated) or ""
    return page_style(texts, _with_region(language, page), known)


def _with_region(language: str, page: PageSource) -> str:
    """English with the country that the page names, or its address: Americans alone write the month first."""
    if language != "en":
        return language
    spoken: str = page.tree.get("lang") or ""
    for value in (spoken, *_named(page.said, ("og:locale", "content-language"))):
        if value[:2].lower() == "en" and len(value) == 5:
            return value.replace("_", "-").lower()
    country = host_of(page.url).rpartition(".")[2]
    return f"en-{'gb' if country == 'uk' else country}" if len(country) == 2 else language


def _published(page: PageSource, lines: list[str], modified: datetime | None, style: Style) -> datetime | None:
    tree, blocks = page.tree, page.blocks
    claimed = _claimed_date(page.said, style)
    shown = dateline(lines, style) or first_shown(blocks, style) or _stamped_date(tree, style)
    if claimed and shown and claimed - shown > A_DAY_LATER and not _one_day(shown, modified):
        # The page has been moved or built again: its machinery knows no better.
        return shown
    return (
        claimed
        or _marked_date(tree, style)
        or shown
        or shown_date(lines, style)
        or _lone_date(tree, style)
        or shown_change(lines, style)
        or _guessed_date(page)
    )


def _with_its_time(found: datetime | None, around: list[Block], style: Style) -> datetime | None:
    """`found`; where it is a day alone, the moment of it that an element which shows that day tells machines."""
    if found is None or found.time() != time():
        return found
    moment = read_date(told_behind(found, around, style), style)
    # The shown day is that of some time zone; it may begin and end on other days in UTC.
    return moment if moment and abs(moment - found) < A_DAY_LATER else found


def _modified(said: Claims, lines: list[str], style: Style) -> datetime | None:
    """The day of the last change: what machines are told, or what readers are when that is later."""
    claimed = _first_date(
        [said.article.get("dateModified"), said.page.get("dateModified"), *_named(said, _MODIFIED_META)], style
    )
    shown = shown_change(lines, style)
    return shown if shown and (claimed is None or shown - claimed > A_DAY_LATER) else claimed


def _claimed_date(said: Claims, style: Style) -> datetime | None:
    """The date that the page states for machines: the first, unless two of the three best sources agree on another."""
    best = (
        [said.article.get("datePublished")],
        _named(said, _DATE_META[:3]),
        [said.page.get("datePublished")],
    )
    found = [date for source in best if (date := _first_date(source, style))]
    later = [*_named(said, _DATE_META[3:]), said.article.get("dateCreated"), said.article.get("uploadDate")]
    if len(found) == len(best) and found[1].date() == found[2].date():
        return found[1]
    return found[0] if found else _first_date(later, style)


def _one_day(one: datetime, other: datetime | None) -> bool:
    return other is not None and timedelta(0) <= other - one < A_DAY_LATER


def _marked_date(tree: HtmlElement, style: Style) -> datetime | None:
    for node in tree.iter("time", "abbr", "span", "meta"):
        if (
            node.get("itemprop") == "datePublished"
            or node.get("pubdate") is not None
            or "published" in (node.get("class") or "")
        ):
            value = node.get("datetime") or node.get("content") or node.get("title") or squeeze(node.text)
            if found := read_date(value, style):
                return found
    return None


def _stamped_date(tree: HtmlElement, style: Style) -> datetime | None:
    """The date of the one `time` element that the page marks as that of its publication."""
    marked = {node.get("datetime") for node in tree.iter("time") if node.get("pubdate") is not None}
    return read_date(marked.pop(), style) if len(marked) == 1 else None


def _lone_date(tree: HtmlElement, style: Style) -> datetime | None:
    times = {node.get("datetime") for node in tree.iter("time")}
    return read_date(times.pop(), style) if len(times) == 1 else None


def _guessed_date(page: PageSource) -> datetime | None:
    """What htmldate finds; not the date of something that the text tells."""
    guess = find_date(page.tree, url=page.url, original_date=True, extensive_search=False, outputformat="%Y-%m-%d")
    found = read_date(guess)
    shown = [block for block in page.blocks if found in dates_in(block.text)] if found else []
    return found if not shown or any(not _tells(block) for block in shown) else None


def _tells(block: Block) -> bool:
    return block.words > DATELINE or is_sentence(block.text)


def _dates_for_machines(said: Claims) -> list[str]:
    """What JSON-LD and meta elements give as dates."""
    stated = [item.get(key) for item in (said.article, said.page) for key in ("datePublished", "dateModified")]
    return [value for value in (*stated, *_named(said, (*_DATE_META, *_MODIFIED_META))) if isinstance(value, str)]


def _first_date(values: Iterable[object], style: Style) -> datetime | None:
    for value in values:
        if isinstance(value, str) and (found := read_date(value, style)):
            return found
    return None


def _named(said: Claims, names: Iterable[str]) -> list[str]:
    return [content for name in names for content in said.meta.get(name, ())]


def _language(tree: HtmlElement, said: Claims) -> str | None:
    claimed = [tree.get("lang"), tree.get("{http://www.w3.org/XML/1998/namespace}lang"), said.article.get("inLanguage")]
    claimed += _named(said, ("content-language", "og:locale", "language", "dc.language"))
    for value in claimed:
        if isinstance(value, str):
            code = value.strip().replace("_", "-").split("-")[0].split(",")[0].lower()
            if code.isalpha() and code.isascii() and len(code) in (2, 3):
                return code
    return None


def _lead_image(said: Claims, url: str) -> str | None:
    claimed: list[object] = [*_named(said, ("og:image:secure_url", "og:image", "og:image:url"))]
    claimed += [said.article.get("image"), *_named(said, ("twitter:image", "twitter:image:src", "thumbnail"))]
    for value in claimed:
        for candidate in _image_addresses(value):
            if found := http_url(candidate, url):
                return found
    return None


def _image_addresses(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [address for item in value[:5] for address in _image_addresses(item) if address]
    if isinstance(value, dict):
        return [inner for key in ("url", "contentUrl", "@id") if isinstance(inner := value.get(key), str)]
    return []


def _canonical(tree: HtmlElement, said: Claims, url: str) -> str | None:
    for link in tree.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split() and (found := http_url(link.get("href"), url)):
            return found
    return http_url(said.first("og:url"), url)


def _tags(said: Claims) -> tuple[str, ...]:
    claimed: list[str] = [*_named(said, ("article:section", "article:tag", "parsely-section", "parsely-tags"))]
    for key in ("articleSection", "keywords"):
        value = said.article.get(key)
        claimed += [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]
    claimed += _named(said, ("keywords", "news_keywords"))
    tags: dict[str, str] = {}
    for entry in claimed:
        for tag in entry.split(","):
            if 1 < len(name := squeeze(tag)) <= 60:
                tags.setdefault(name.casefold(), name)
    return tuple(tags.values())[:MAX_TAGS]

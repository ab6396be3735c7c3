"""A page, taken apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The next or the previous post, as a page states it. Title and teaser are plain text, or None."""

    url: str
    title: str | None = None
    teaser: str | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whom a page names as its source when it re-publishes another's article."""

    name: str
    url: str | None = None


class PageKind(StrEnum):
    """What a page turned out to be."""

    ARTICLE = "article"
    PAYWALL = "paywall"
    CONSENT = "consent"
    CAPTCHA = "captcha"
    SCRIPT_ONLY = "script_only"
    NOT_HTML = "not_html"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Article:
    """A page, taken apart.

    `html` is clean (see scrape.clean) with absolute URLs; `text` is its paragraphs, separated by a blank line.
    `kind` other than ARTICLE means that text and html are not to be stored as the article.
    `extractor` names the engine that won, `quality` is the judge's 0 to 1. `next_page_url` is the page that goes on,
    `single_page_url` one that has all of it, `real_url` the page of which this one is an AMP or print version.
    `pages` is how many pages the text was joined from. `rule` is the file of the site's rule, where there is one, and
    `rule_problem` why something of it was of no use.
    """

    url: str
    canonical_url: str | None = None
    title: str | None = None
    author: str | None = None
    published: datetime | None = None
    modified: datetime | None = None
    language: str | None = None
    text: str = ""
    html: str = ""
    lead_image: str | None = None
    next: Neighbour | None = None
    previous: Neighbour | None = None
    source: Attribution | None = None
    extractor: str = ""
    word_count: int = 0
    tags: tuple[str, ...] = ()
    kind: PageKind = PageKind.ARTICLE
    quality: float = 1.0
    noarchive: bool = False
    next_page_url: str | None = None
    single_page_url: str | None = None
    real_url: str | None = None
    pages: int = 1
    rule: str | None = None
    rule_problem: str | None = None

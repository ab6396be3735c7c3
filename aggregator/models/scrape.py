"""A page, taken apart.

Images: what is to be done with them, which are to be fetched, what they turned out to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


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


FROM_FEED = "feed"
"""The `extractor` of an article whose text is its feed's own."""


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
    `title` is the feed's where that is one, `page_title` what the page itself calls the article: another where it shows
    something else. `kind` is a label, `kind_reason` the evidence for one other than ARTICLE, in words; text and html
    are the best that the page, its own data and its feed have. `partial`: they are known not to be the whole article.
    `extractor` names the engine that won, `quality` is the judge's 0 to 1. `next_page_url` is the page that goes on,
    `single_page_url` one that has all of it, `real_url` the page of which this one is an AMP or print version,
    `forwards_to` the one to which it sends its readers on.
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
    kind_reason: str = ""
    page_title: str | None = None
    partial: bool = False
    quality: float = 1.0
    noarchive: bool = False
    next_page_url: str | None = None
    single_page_url: str | None = None
    real_url: str | None = None
    forwards_to: str | None = None
    pages: int = 1
    rule: str | None = None
    rule_problem: str | None = None


MediaPolicy = Literal["link", "mirror", "strip"]
"""What becomes of images: readers load them from their origin; or from us; or they are left out."""


@dataclass(frozen=True, slots=True)
class PendingImage:
    """An image that is to be fetched, or due for another try. `robots`: whether robots.txt is to be asked."""

    id: int
    url: str
    attempts: int
    robots: bool = True


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """What an image's bytes turned out to be: its media type by content, its size in pixels."""

    type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of a post whose policy is `mirror`. `path` is our copy, relative to the root, or None without one.

    `length` in bytes, `width` and `height` in pixels. A `tracker` is too small to show anything: it is left out.
    """

    url: str
    path: str | None = None
    type: str = ""
    length: int | None = None
    width: int | None = None
    height: int | None = None
    tracker: bool = False

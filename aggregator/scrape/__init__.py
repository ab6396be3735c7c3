"""Page -> Article: the text, what the page says of itself, its neighbours, and clean HTML of it all.

Pure: bytes in, values out. It fetches nothing, stores nothing and reads no clock; it runs in a worker process that may
be killed. `read_article` reads whole pages, `clean_html` and `clean_entry` make a feed's own HTML safe and readable.
What they need takes long to load, and is imported when they are called: a round that brings nothing does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.scrape.content.features import marks
from aggregator.scrape.dom import Hint
from aggregator.scrape.page_kind import forbidden_by_header

if TYPE_CHECKING:
    from aggregator.models import Article, Entry

__all__ = [
    "Hint",
    "clean_entry",
    "clean_html",
    "forbidden_by_header",
    "is_numbered",
    "is_real",
    "made_whole",
    "marks",
    "of_feed",
    "plain",
    "read_article",
    "to_text",
    "with_next",
]

NOTHING_KNOWN = Hint()


def read_article(page: bytes, url: str, content_type: str = "", hint: Hint = NOTHING_KNOWN, agent: str = "") -> Article:
    """What the page at `url` says, taken apart; see `scrape.page`. Raises ScrapeError for what can not be read."""
    from aggregator.scrape.article import read_article

    return read_article(page, url, content_type, hint, agent)


def of_feed(url: str, hint: Hint) -> Article:
    """The article at `url` as its feed alone has it."""
    from aggregator.scrape.article import of_feed

    return of_feed(url, hint)


def clean_html(html: str, base_url: str | None) -> str:
    """`html` as safe, readable article HTML; empty when nothing is left. Idempotent; never raises."""
    from aggregator.scrape.clean.clean import clean_html

    return clean_html(html, base_url)


def clean_entry(entry: Entry, base_url: str) -> Entry:
    """`entry` with clean `html` and `summary`."""
    from aggregator.scrape.clean.clean import clean_entry

    return clean_entry(entry, base_url)


def plain(text: str | None) -> str:
    """A title, a name or a tag as one line of plain text: markup taken out, entities resolved."""
    from aggregator.scrape.clean.clean import plain

    return plain(text)


def to_text(html: str) -> str:
    """The text of `html`, a blank line between paragraphs."""
    from aggregator.scrape.dom import to_text

    return to_text(html)


def is_numbered(url: str) -> bool:
    """Whether an address has a page number in its path already."""
    from aggregator.scrape.multipage import is_numbered

    return is_numbered(url)


def is_real(version: Article, found: Article) -> bool:
    """Whether `found` is the article of which `version` (AMP, print) is another form, and not less of it."""
    from aggregator.scrape.multipage import is_real

    return is_real(version, found)


def made_whole(first: Article, found: Article) -> Article | None:
    """`first` with the text of `found`, where that is a page with all of the article."""
    from aggregator.scrape.multipage import made_whole

    return made_whole(first, found)


def with_next(before: Article, found: Article) -> Article | None:
    """`before` with the text of `found`, where that is its next page."""
    from aggregator.scrape.multipage import with_next

    return with_next(before, found)

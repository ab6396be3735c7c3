"""Pages of one article -> one article: the first page's metadata, the text of all.

Whether a page belongs to the article is asked of the pages themselves: a next link may lead to the next post, a "print"
link anywhere. None says that it does not, or that it has nothing to add.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, time, timedelta

from lxml.etree import tostring
from lxml.html import HtmlElement

from aggregator.models import Article, PageKind
from aggregator.scrape.dom import parse, text_of
from aggregator.scrape.text import running_text
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
    titles = sorted((set(words_of(article.title or "")) for article in (one, other)), key=len)
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

"""Pages of one article become one; what is another's is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml.html import document_fromstring

from aggregator.models import Article, PageKind
from aggregator.scrape.dom import parse, to_text
from aggregator.scrape.multipage import is_numbered, is_real, made_whole, real_page, single_page, with_next

POST = "https://example.org/2026/03/a-long-read"
MONDAY = datetime(2026, 3, 9, 8, tzinfo=UTC)
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 3, 13, 8, tzinfo=UTC)


def an_article(html: str, title: str = "A long read about loaders", published: datetime | None = MONDAY) -> Article:
    text = to_text(html)
    return Article(POST, title=title, published=published, html=html, text=text, word_count=len(text.split()))


FIRST = an_article("<p>In short: the loader came back in March, changed.</p><p>The first page says how it begins.</p>")


def test_a_next_page_is_added_without_what_stood_before() -> None:
    """Title, introduction and pager lines of page two are not repeated; a repeated command in the middle stays."""
    later = an_article(
        "<p>In short: the loader came back in March, changed.</p><p>Page 2 of 3</p><p>The second page goes on with it.</p>"
        "<p>The first page says how it begins.</p><p>And this is how it ends, at long last.</p><p>Page 2</p>"
    )
    joined = with_next(FIRST, later)
    assert joined is not None
    assert joined.html == FIRST.html + (
        "<p>The second page goes on with it.</p><p>The first page says how it begins.</p>"
        "<p>And this is how it ends, at long last.</p>"
    )
    assert (joined.pages, joined.word_count) == (2, len(joined.text.split()))


@pytest.mark.parametrize(
    "later",
    [
        FIRST,
        an_article("<p>A database stood open for two years, and nobody saw it.</p>", "Database left open", NOON),
        an_article("<p>Loaders, again: another week, another sample to look at.</p>", published=FRIDAY),
        an_article("<p>Nothing much here.</p>"),
    ],
    ids=["the same again", "another title", "another date", "next to nothing"],
)
def test_what_is_no_next_page_is_not_joined(later: Article) -> None:
    """A loop, the next post, the next issue of a series, an empty page."""
    assert with_next(FIRST, later) is None


def test_a_page_with_all_of_it_replaces_the_text() -> None:
    """It has to hold what the first page holds, and more."""
    whole = an_article(FIRST.html + "<p>The second page goes on with it.</p>")
    made = made_whole(FIRST, whole)
    assert made is not None
    assert (made.html, made.title, made.next_page_url) == (whole.html, FIRST.title, None)
    assert (
        made_whole(FIRST, an_article("<p>Subscribe to read on a single page, without any advertisement.</p>" * 3))
        is None
    )
    assert made_whole(whole, FIRST) is None


def test_a_real_page_has_to_be_the_same_article_and_no_teaser() -> None:
    """Else the AMP page's text stands."""
    assert is_real(FIRST, FIRST)
    assert not is_real(FIRST, an_article("<p>The loader came back.</p>"))
    assert not is_real(FIRST, an_article(FIRST.html, "Something else altogether"[:9], published=None))
    assert not is_real(FIRST, Article(POST, title=FIRST.title, kind=PageKind.CONSENT))


@pytest.mark.parametrize(
    ("url", "head", "canonical", "real"),
    [
        (f"{POST}/amp/", "", None, f"{POST}/"),
        (f"{POST}/?amp=1", "", None, f"{POST}/"),
        (f"{POST}/?p=7&amp", "", None, f"{POST}/?p=7"),
        (f"{POST}.amp.html", "", None, f"{POST}.html"),
        ("https://amp.example.org/a-long-read", "", None, "https://example.org/a-long-read"),
        ("https://example.org/x/1", "amp", POST, POST),
        ("https://example.org/x/1", "⚡", POST, POST),
        ("https://example.org/x/1", "amp", "https://example.org/x/1", None),
        (f"{POST}/?print=1", "", None, f"{POST}/"),
        (f"{POST}/print/", "", POST, POST),
        (f"{POST}/", "", "https://example.org/other", None),
        ("https://example.org/amp/", "", None, None),
        ("https://example.org/news/amp-stack-flaw", "", None, None),
        ("https://example.org/?printer=hp", "", None, None),
    ],
)
def test_the_real_page_behind_another_version(url: str, head: str, canonical: str | None, real: str | None) -> None:
    """AMP by mark or address, print by address; the page's own canonical before the bare address."""
    tree = parse(f"<html {head}><body><p>Text</p></body></html>")
    assert tree is not None
    assert real_page(tree, url, canonical) == real


@pytest.mark.parametrize(
    ("link", "found"),
    [
        (f"<a href='{POST}/?page=all'>View on one page</a>", f"{POST}/?page=all"),
        (f"<a href='{POST}/all/'>Single page</a>", f"{POST}/all/"),
        ("<a href='?print=1'>Print</a><a href='?showall=1'>View all</a>", f"{POST}/?showall=1"),
        (f"<a href='{POST}/print/'>Printer-friendly version</a>", f"{POST}/print/"),
        ("<a href='?seite=all'>Auf einer Seite lesen</a>", f"{POST}/?seite=all"),
        ("<a href='/news/all/'>View all</a>", None),
        ("<a href='#print'>Print</a>", None),
        ("<a href='?x=1'>Read the full story of how the printer was hacked at last</a>", None),
    ],
)
def test_the_page_with_all_of_it(link: str, found: str | None) -> None:
    """By the words of its link, at the article's own address with something added."""
    assert single_page(document_fromstring(f"<html><body>{link}</body></html>"), f"{POST}/") == found


def test_numbered_posts_are_no_pages() -> None:
    """`/episode/41/` is followed by another episode, `?page=1` by a page."""
    assert is_numbered("https://example.org/episode/41/")
    assert not is_numbered(f"{POST}/?page=1")
    assert not is_numbered(f"{POST}/")

"""The next page of an article that is cut into several; never another post."""

from __future__ import annotations

import pytest
from lxml.html import document_fromstring

from aggregator.scrape.multipage import next_page

POST = "https://example.org/2026/03/a-long-read"


@pytest.mark.parametrize(
    ("url", "link", "found"),
    [
        (f"{POST}/", f"<a rel=next href='{POST}/2/'>Next</a>", f"{POST}/2/"),
        (f"{POST}/", "<a href='?page=2'>2</a>", f"{POST}/?page=2"),
        (f"{POST}/2/", f"<a href='{POST}/3/'>Next page »</a>", f"{POST}/3/"),
        (f"{POST}.html", f"<a href='{POST}-2.html'>2</a>", f"{POST}-2.html"),
        (f"{POST}/", f"<link rel=next href='{POST}/page/2/'>", f"{POST}/page/2/"),
        (f"{POST}/", "<a rel=next href='https://example.org/2026/03/another/'>Another post</a>", None),
        (f"{POST}/", f"<a href='{POST}/comment-page-2/'>2</a>", None),
        (f"{POST}/", f"<a href='{POST}/3/'>3</a>", None),
        (f"{POST}/", f"<a href='{POST}/2/'>A second look at the long read, with pictures</a>", None),
        ("https://example.org/", "<a rel=next href='/page/2/'>Older posts</a>", None),
    ],
)
def test_the_next_page(url: str, link: str, found: str | None) -> None:
    """One number higher, the same article, worded or marked as a pager's link."""
    assert next_page(document_fromstring(f"<html><body>{link}</body></html>"), url) == found

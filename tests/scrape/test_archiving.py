"""Pages that ask not to be archived: in their head, in their HTTP header; everybody, or us by name."""

from __future__ import annotations

import pytest

from aggregator.pipeline.parsing import PageInput, read_page
from aggregator.scrape import Hint, forbidden_by_header, read_article

AGENT = "kettle-reader"
PAGE = (
    "<html><head>{}<title>T</title></head><body><article><h1>T</h1>"
    + "<p>Words of an article, enough of them.</p>" * 20
)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("<meta name=robots content='noindex, NOARCHIVE'>", True),
        ("<meta name=ROBOTS content='noarchive'>", True),
        ("<meta name=Kettle-Reader content='noarchive'>", True),
        ("<meta name=robots content='max-snippet:-1'><meta name=robots content='noarchive'>", True),
        ("<meta name=googlebot content='noarchive'>", False),
        ("<meta name=robots content='noindex, nofollow'>", False),
        ("<meta name=robots content='xnoarchive'>", False),
        ("", False),
    ],
)
def test_a_robots_meta_element_counts_for_everybody_or_by_our_name(head: str, expected: bool) -> None:
    """What is said to another agent is not for us."""
    assert read_article(PAGE.format(head).encode(), "https://a.example/x", agent=AGENT).noarchive is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("noarchive", True),
        ("noindex, NoArchive", True),
        ("kettle-reader: noindex, noarchive", True),
        ("Kettle-Reader:noarchive", True),
        ("*: noarchive", True),
        ("otherbot: noarchive", False),
        ("otherbot: noindex, noarchive", False),
        ("otherbot: noindex\nnoarchive", True),
        ("otherbot: noindex, kettle-reader: nofollow, noarchive", True),
        ("kettle-reader: noindex, otherbot: noarchive", False),
        ("max-snippet: -1, noarchive", True),
        ("unavailable_after: 25 Jun 2030 15:00:00 PST, noarchive", True),
        ("noindex", False),
        ("", False),
        (":,:noarchive:,\n,", False),
    ],
)
def test_the_x_robots_tag_counts_for_everybody_or_by_our_name(value: str, expected: bool) -> None:
    """A name at the beginning of a line, or of a part of it, says whom it is meant for."""
    assert forbidden_by_header(value, AGENT) is expected


def test_either_of_the_two_is_noted() -> None:
    """A header alone is enough, and so is the page alone; the article is read as any other."""
    body, hint = PAGE.format("").encode(), Hint()
    for page, expected in (
        (PageInput(body, "https://a.example/x", "text/html", hint, agent=AGENT, noarchive=True), True),
        (
            PageInput(PAGE.format("<meta name=robots content=noarchive>").encode(), "https://a.example/x", "", hint),
            True,
        ),
        (PageInput(body, "https://a.example/x", "text/html", hint, agent=AGENT), False),
    ):
        read = read_page(page).article
        assert read.noarchive is expected
        assert "enough of them" in read.text

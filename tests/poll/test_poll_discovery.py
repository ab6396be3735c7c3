"""discover: the feeds behind a page."""

from __future__ import annotations

import pytest

from aggregator import poll

URL = "https://site.example/blog/"


def test_feeds_that_a_page_names_come_first_and_absolute() -> None:
    """`rel=alternate` with a feed's type, in any case and order of attributes; comments' feeds last."""
    page = b"""<html><head><base href="/base/">
      <link rel="alternate" type="application/rss+xml" title="Site &raquo; Comments Feed" href="https://site.example/comments/feed/">
      <LINK HREF="feed.xml" TYPE="Application/RSS+XML; charset=utf-8" REL="Alternate" TITLE="Site &raquo; Feed">
      <link rel="alternate" type="application/atom+xml" href="//other.example/atom">
      <link rel="alternate" type="application/feed+json" href="/feed.json">
      <link rel="alternate" hreflang="de" type="text/html" href="/de/">
      <link rel="stylesheet" type="text/css" href="/style.css">
      <link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
      </head><body><a href="/rss">RSS</a> <a href="/about">About</a></body></html>"""
    links = poll.discover(page, URL)
    stated = [link for link in links if link.stated]
    assert [link.url for link in stated] == [
        "https://site.example/base/feed.xml",
        "https://other.example/atom",
        "https://site.example/feed.json",
        "https://site.example/comments/feed/",
    ]
    assert (stated[0].title, stated[0].format) == ("Site » Feed", "RSS")
    assert links[4].url == "https://site.example/rss"
    assert not links[4].stated


def test_a_page_without_a_word_gives_the_usual_places() -> None:
    """What could be tried, marked as a guess."""
    links = poll.discover(b"<html><body>Hello</body></html>", URL)
    assert {"https://site.example/feed/", "https://site.example/atom.xml"} <= {link.url for link in links}
    assert not any(link.stated for link in links)


@pytest.mark.parametrize(
    "body",
    [
        b"<?xml version='1.0'?>\n<rss version='2.0'><channel/></rss>",
        b"\xef\xbb\xbf  <feed xmlns='http://www.w3.org/2005/Atom'/>",
        b"<?xml version='1.0'?><?xml-stylesheet href='x'?><!-- hi --><rdf:RDF xmlns:rdf='x'/>",
        b'{"version": "https://jsonfeed.org/version/1.1", "items": []}',
    ],
)
def test_a_feed_is_behind_itself(body: bytes) -> None:
    """An address that is a feed already is the answer."""
    assert [link.url for link in poll.discover(body, URL)] == [URL]


@pytest.mark.parametrize(
    "body", [b"", b"\x00", b"%PDF", b"<" * 100_000, b"<link" * 100_000, b"\xff" * 1000, b"<!--" * 50_000]
)
def test_nonsense_gives_guesses_and_no_error(body: bytes) -> None:
    """Never an exception, never more than a page of links."""
    assert len(poll.discover(body, URL)) <= 50
    assert poll.discover(body, "no url") == ()

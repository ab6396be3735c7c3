"""discover: the feeds behind a page."""

from __future__ import annotations

import pytest

from aggregator import poll
from aggregator.poll.discovery import known_feed

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


@pytest.mark.parametrize(
    "title",
    ["Blog » Kommentar-Feed", "Flux des commentaires", "RSS de los comentarios", "Commenti", "Reacties", "Комментарии", "コメント",
     "Komentarze", "Yorumlar", "评论", "Comentários", "Kommentarer", "Comments on: A post"],
)  # fmt: skip
def test_k21_comments_come_last_in_any_language(title: str) -> None:
    """A reader who follows a blog follows its posts."""
    page = (
        f'<link rel="alternate" type="application/rss+xml" title="{title}" href="/c.xml">'
        '<link rel="alternate" type="application/rss+xml" title="Blog » Feed" href="/f.xml">'
    )
    assert [link.url[-6:] for link in poll.discover(page.encode(), URL) if link.stated] == ["/f.xml", "/c.xml"]


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ('<a href="/x?y=1">RSS feed</a>', ""),
        ('<a href="/x?y=1" rel="alternate" type="application/rss+xml"><i></i></a>', ""),
        ('<a href="/x?y=1" title="Subscribe by RSS"><img alt="" src="i.png"></a>', ""),
        ('<a href="/x?y=1"><img alt="Atom" src="i.png"></a>', ""),
        ('<a href="/x?y=1" aria-label="Feed"></a>', ""),
        ("", '</style.css>; rel=preload, </x?y=1>; title="a, b"; rel="alternate"; type="application/atom+xml"'),
        ("", "<https://site.example/x?y=1>;rel=alternate;type=application/feed+json"),
    ],
)
def test_k21_a_feed_is_found_by_what_leads_to_it(page: str, link: str) -> None:
    """Text, title, picture or type of an anchor; the Link header (RFC 8288)."""
    found = poll.discover(f"<html><body>{page}</body></html>".encode(), URL, "text/html", link)
    assert found[0].url == "https://site.example/x?y=1"


def test_what_only_may_be_a_feed_comes_behind_feeds() -> None:
    """WordPress names an interface on every page; XML may be a map of the site."""
    page = (
        '<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/7">'
        '<link rel="alternate" type="text/xml" href="/x.xml"><link rel="alternate" type="application/rss+xml" href="/f.rss">'
    )
    stated = [link.url for link in poll.discover(page.encode(), URL) if link.stated]
    assert stated == ["https://site.example/f.rss", "https://site.example/x.xml"]


@pytest.mark.parametrize(
    "given", ["https://site.example/a/blog", "https://site.example/a/blog/", "https://site.example/a/blog/index.html"]
)
def test_k21_the_usual_places_are_those_below_the_given_address_first(given: str) -> None:
    """Many blogs are in a folder of a site; its own feed is another."""
    usual = [link.url for link in poll.discover(b"<html></html>", given)]
    assert usual[0] == "https://site.example/a/blog/feed/"
    assert usual.index("https://site.example/a/blog/index.xml") < usual.index("https://site.example/a/rss.xml")
    assert usual.index("https://site.example/a/rss.xml") < usual.index("https://site.example/feed/")
    assert len(usual) <= 24


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


@pytest.mark.parametrize(
    ("address", "feed"),
    [
        ("https://open.substack.com/pub/ada", "https://ada.substack.com/feed"),
        ("https://ada.substack.com", "https://ada.substack.com/feed"),
        ("https://ada.substack.com/p/a-post", "https://ada.substack.com/feed"),
        ("https://gitlab.com/group/project/-/releases", "https://gitlab.com/group/project/-/tags?format=atom"),
        ("https://gitlab.com/group/sub/project", "https://gitlab.com/group/sub/project/-/tags?format=atom"),
        (
            "https://www.reddit.com/r/netsec/comments/1a2b/a_title/",
            "https://www.reddit.com/r/netsec/comments/1a2b/.rss",
        ),
        ("https://ada.blogspot.com/2026/03/post.html", "https://ada.blogspot.com/feeds/posts/default"),
        ("https://ada.wordpress.com/about/", "https://ada.wordpress.com/feed/"),
        ("https://github.com/advisories", "https://github.com/security-advisories.atom"),
        ("https://infosec.exchange/@ada@b.social", "https://b.social/@ada.rss"),
        ("https://discourse.example/t/a-thread/12/3", "https://discourse.example/t/a-thread/12.rss"),
        ("https://www.youtube.com/@ada", None),
        ("https://news.example/2026/03/post", None),
    ],
)
def test_k21_well_known_sites_have_their_feeds_where_everybody_knows(address: str, feed: str | None) -> None:
    assert known_feed(address) == feed

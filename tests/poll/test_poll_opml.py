"""read_opml: subscriptions of other programs."""

from __future__ import annotations

import re

import pytest

from aggregator import poll
from aggregator.config.value_types import Tag
from aggregator.models.errors import ParseError
from aggregator.poll.opml import LeftOut, OpmlFeed

LIST = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE opml>
<opml version="2.0"><head><title>Mine</title></head><body>
  <outline text="Loose" type="rss" xmlUrl="https://loose.example/feed"/>
  <outline text="Security &amp; co">
    <outline text="News" title="&lt;b&gt;Titled&lt;/b&gt;" type="rss" xmlUrl="https://news.example/rss" htmlUrl="https://news.example/"/>
    <outline text="Vendors">
      <outline text="Deep" XMLURL="feed://deep.example/feed" category="/Malware/Mobile, APT"/>
      <outline text="Twice" xmlUrl="https://loose.example/feed"/>
    </outline>
  </outline>
  <outline text="Old style" type="rss" url="http://old.example/rss.xml"/>
  <outline text="A page" type="link" url="https://page.example/"/>
  <outline text="Bad" type="rss" xmlUrl="javascript:alert(1)"/>
  <outline text="Worse" xmlUrl="file:///etc/passwd"/>
  <outline text="*** !!! ***"><outline text="In a folder without a name" xmlUrl="feed:https://x.example/f"/></outline>
</body></opml>"""


def test_folders_become_tags() -> None:
    """Nested folders, categories, the same feed in two places, old and odd spellings."""
    assert poll.read_opml(LIST.encode()).feeds == (
        OpmlFeed("https://loose.example/feed", "Loose", ("Security co", "Vendors")),
        OpmlFeed("https://news.example/rss", "Titled", ("Security co",)),
        OpmlFeed("http://deep.example/feed", "Deep", ("Security co", "Vendors", "Malware", "Mobile", "APT")),
        OpmlFeed("http://old.example/rss.xml", "Old style", ()),
        OpmlFeed("https://x.example/f", "In a folder without a name", ()),
    )


def folder(name: str, *inside: str) -> str:
    return f'<outline title="{name}" text="{name}">{"".join(inside)}</outline>'


def feed(name: str) -> str:
    return (
        f'<outline type="rss" title="{name}" text="{name}" xmlUrl="https://{name.lower().replace(" ", "-")}.example/"/>'
    )


@pytest.mark.parametrize("title", ["Thunderbird OPML Export - News", "Mine"])
@pytest.mark.parametrize(
    ("body", "tags"),
    [
        (folder("Research", folder("Blog 1", feed("Blog 1")), folder("BLOG 2", feed("Blog 2"))), {("Research",)}),
        (folder("Blog 1", feed("Blog 1")), {()}),
        (folder("News", folder("Deep", folder("Blog 1", feed("Blog 1")))), {("News", "Deep")}),
        (folder("Blog 1", feed("Blog 1"), feed("Blog 2")), {("Blog 1",)}),
        (folder("Blog 1", folder("Inner", feed("Blog 1"), feed("Blog 2"))), {("Blog 1", "Inner")}),
    ],
)
def test_a_folder_of_one_feed_by_its_name_is_no_tag(title: str, body: str, tags: set[tuple[str, ...]]) -> None:
    """Thunderbird wraps each feed so: a tag a feed would tell nothing."""
    data = f"<opml><head><title>{title}</title></head><body>{body}</body></opml>".encode()
    assert {one.tags for one in poll.read_opml(data).feeds} == tags


def test_a_renamed_folder_of_one_feed_is_none_in_thunderbirds_lists() -> None:
    """People rename these folders; elsewhere such a folder is one."""
    body = folder("Research", folder("My favourite", feed("Blog 1")))
    for title, tags in (("Thunderbird OPML Export - x", ("Research",)), ("Mine", ("Research", "My favourite"))):
        data = f'<opml xmlns="x"><head><title>{title}</title></head><body>{body}</body></opml>'.encode()
        assert [one.tags for one in poll.read_opml(data).feeds] == [tags]


def test_tags_are_such_as_the_configuration_takes() -> None:
    """Whatever a folder is called."""
    names = ("a/b", "-x", "ümlaut", "a" * 200, "tab\tand\nline", "emoji 🎉 party", "<script>", ".hidden")
    outlines = "".join(
        f'<outline text="{name.replace("<", "&lt;")}"><outline text="f" xmlUrl="https://x.example/{n}"/></outline>'
        for n, name in enumerate(names)
    )
    pattern = Tag.__metadata__[0].metadata[0].pattern  # type: ignore[attr-defined]
    tags = [tag for feed in poll.read_opml(f"<opml><body>{outlines}</body></opml>".encode()).feeds for tag in feed.tags]
    assert len(tags) == len(names)
    for tag in tags:
        assert re.match(pattern, tag), tag


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not XML"),
        (b"hello", "not XML"),
        (b"\x00\xff", "not XML"),
        (b"<rss version='2.0'/>", "begins with <rss>"),
        (b"<html><body>Log in</body></html>", "begins with <html>"),
        (b"x" * (16 * 2**20 + 1), "larger than 16 MB"),
    ],
)
def test_what_is_not_a_list_is_named(data: bytes, words: str) -> None:
    """An error that says what came instead."""
    with pytest.raises(ParseError, match=words):
        poll.read_opml(data)


def test_broken_lists_are_read_as_far_as_possible() -> None:
    """Stray ampersands, missing end tags, bad characters: the feeds are there."""
    text = '<opml><body><outline text="R&D \x01" xmlUrl="https://x.example/?a=1&b=2"><outline text="y" xmlUrl="https://y.example/"/>'
    assert [feed.url for feed in poll.read_opml(text.encode()).feeds] == [
        "https://x.example/?a=1&b=2",
        "https://y.example/",
    ]
    assert poll.read_opml(b"<opml version='1.0'><body></body></opml>").feeds == ()


def test_depth_and_number_are_bounded() -> None:
    """A list of a hundred thousand feeds or folders in folders is neither slow nor endless."""
    many = "".join(f'<outline xmlUrl="https://x.example/{n}"/>' for n in range(12_000))
    assert len(poll.read_opml(f"<opml><body>{many}</body></opml>".encode()).feeds) == 10_000
    deep = '<outline text="f">' * 200 + '<outline xmlUrl="https://x.example/"/>' + "</outline>" * 200
    assert poll.read_opml(f"<opml><body>{deep}</body></opml>".encode()).feeds == (
        OpmlFeed("https://x.example/", "", ("f",)),
    )


def test_what_is_no_feed_is_named_with_the_reason() -> None:
    """Whoever imports a list hears what became of each of its lines; a folder is none of them."""
    assert poll.read_opml(LIST.encode()).left_out == (
        LeftOut("Twice", "stands in the list twice"),
        LeftOut("A page", "is no feed (type link)"),
        LeftOut("Bad", "has no http:// or https:// address"),
        LeftOut("Worse", "has no http:// or https:// address"),
    )


@pytest.mark.parametrize("kind", ["HTML+XPath", "XML+XPath", "JSON+DotNotation", "HTML+XPath+JSON+DotNotation"])
def test_pages_that_another_reader_scrapes_are_no_feeds(kind: str) -> None:
    """FreshRSS exports them beside its feeds; a JSON Feed among them is one."""
    outlines = (
        f'<outline text="Scraped" type="{kind}" xmlUrl="https://s.example/news"/>'
        '<outline text="Good" type="JSONFeed" xmlUrl="https://g.example/feed.json"/>'
    )
    found = poll.read_opml(f"<opml><body>{outlines}</body></opml>".encode())
    assert found.feeds == (OpmlFeed("https://g.example/feed.json", "Good"),)
    why = f"is no feed but a page that the other reader scrapes (type {kind})"
    assert found.left_out == (LeftOut("Scraped", why, "https://s.example/news"),)

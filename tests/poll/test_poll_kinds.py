"""What feeds that people follow do: the documents in `golden/`, by the kind of thing that each of them shows."""

from __future__ import annotations

import pickle

import pytest
from poll_golden import GOLDEN, URL

from aggregator import poll
from aggregator.models import Entry, EntryImage, ParsedFeed
from aggregator.models.errors import Barrier, WebPage
from aggregator.poll import health


def parsed(name: str) -> ParsedFeed:
    return poll.parse((GOLDEN / name).read_bytes(), URL)


def entries(name: str) -> dict[str, Entry]:
    return {entry.guid: entry for entry in parsed(name).entries}


def test_k05_pictures_of_media_rss() -> None:
    """Contents before thumbnails, the largest thumbnail first, nobody's own picture; no player that is gone."""
    found = entries("media-rss.xml")
    assert found["1"].images[0] == EntryImage("https://case.example/large.jpg")
    assert found["2"].images == (EntryImage("https://case.example/2.png", "A kettle & a pot"),)
    assert found["4"].images == (EntryImage("https://case.example/4.jpg"),)
    assert (found["5"].enclosures, found["5"].images) == ((), ())
    assert found["7"].images == (EntryImage("https://case.example/7.jpg"),)


SPACES = (
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:old="http://search.yahoo.com/mrss" '
    'xmlns:board="http://www.rssboard.org/media-rss" xmlns:secure="https://search.yahoo.com/mrss/" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0" '
    'xmlns:play="http://www.google.com/schemas/play-podcasts/1.0" xmlns:webfeeds="http://webfeeds.org/rss/1.0" '
    'xmlns:atom="http://www.w3.org/2005/Atom"'
)


def item(fields: str) -> Entry:
    document = (
        f'<rss version="2.0" {SPACES}><channel><link>https://x.example/</link><item><guid>1</guid>{fields}</item>'
    )
    return poll.parse(f"{document}</channel></rss>".encode(), "https://x.example/news/feed.xml").entries[0]


@pytest.mark.parametrize(
    ("fields", "images"),
    [
        (  # one picture in several sizes, in a group or not
            ('<media:group><media:content url="https://i.example/small.jpg" type="image/jpeg" width="150"/>'
            '<media:content url="https://i.example/large.jpg" type="image/jpeg" width="1200"/></media:group>'),
            ["https://i.example/large.jpg"],
        ),
        (
            ('<media:group><media:content url="https://i.example/a.jpg" medium="image" isDefault="true"/>'
            '<media:content url="https://i.example/b.jpg" medium="image" width="1200"/></media:group>'),
            ["https://i.example/a.jpg"],
        ),
        (
            ('<media:content url="https://i.example/p.jpg?width=140" width="140"/>'
            '<media:content url="https://i.example/p.jpg?width=700" width="700"/>'),
            ["https://i.example/p.jpg?width=700"],
        ),
        (
            ('<media:content url="https://i.example/150/p.jpg" medium="image" width="150" height="100"/>'
            '<media:content url="https://i.example/600/p.jpg" medium="image" width="600" height="400"/>'),
            ["https://i.example/600/p.jpg"],
        ),
        (  # a gallery
            ('<media:content url="https://i.example/1.jpg" medium="image" width="800"/>'
            '<media:content url="https://i.example/2.jpg" medium="image" width="900"/>'),
            ["https://i.example/1.jpg", "https://i.example/2.jpg"],
        ),
        ('<media:thumbnail url="https://i.example/p.gif" width="1" height="1"/>', []),
        ('<media:content><media:player url="https://v.example/1"/><media:thumbnail url="//i.example/v"/></media:content>',
         ["https://i.example/v"]),
        ('<old:thumbnail url="/p.jpg"/>', ["https://x.example/p.jpg"]),
        ('<board:thumbnail url="https://i.example/p.jpg"/>', ["https://i.example/p.jpg"]),
        ('<secure:content url=" https://i.example/a b.jpg "/>', ["https://i.example/a%20b.jpg"]),
        ('<itunes:image>https://i.example/p.jpg</itunes:image>', ["https://i.example/p.jpg"]),
        ('<play:image href="https://i.example/p.jpg"/>', ["https://i.example/p.jpg"]),
        ('<webfeeds:featuredImage url="https://i.example/p.jpg"/>', ["https://i.example/p.jpg"]),
        ('<podcast:images srcset="x"/><thumbnail>https://i.example/p.jpg</thumbnail>', ["https://i.example/p.jpg"]),
        ('<image><url>https://i.example/p.jpg</url></image>', ["https://i.example/p.jpg"]),
        ('<enclosure url="https://i.example/p.png" type="image/png" length="0"/>', ["https://i.example/p.png"]),
    ],
)  # fmt: skip
def test_k05_one_picture_however_it_is_given(fields: str, images: list[str]) -> None:
    """Of several sizes the largest, whoever names them; none that only counts readers; each picture of a gallery."""
    found = item(f"<title>T</title><description>d</description>{fields}")
    assert [image.url for image in found.images] == images


@pytest.mark.parametrize(
    ("fields", "files"),
    [
        (  # PeerTube: the version that is the default first
            (
                '<media:group><media:content url="https://v.example/1080.mp4" type="video/mp4" fileSize="1,000" duration="65"/>'
                '<media:content url="https://v.example/720.mp4" type="video/mp4" isDefault="true"/></media:group>'
            ),
            [("https://v.example/720.mp4", None, None), ("https://v.example/1080.mp4", 1000, 65)],
        ),
        (
            (
                '<enclosure url="/1.mp3" type="audio/mpeg" length="5"/><itunes:duration>PT1H2M3S</itunes:duration>'
                '<podcast:alternateEnclosure type="audio/opus" length="3"><podcast:source uri="/1.opus"/>'
                "</podcast:alternateEnclosure>"
            ),
            [("https://x.example/1.mp3", 5, 3723), ("https://x.example/1.opus", 3, None)],
        ),
        (
            '<atom:link rel="enclosure" href="1.mp3" type="audio/mpeg"/><itunes:duration>1h 2m</itunes:duration>',
            [("https://x.example/1.mp3", None, 3720)],
        ),
        (
            '<enclosure url="/1.mp3" type="audio/mpeg"/><media:content url="/1.mp3" fileSize="7" medium="audio"/>',
            [("https://x.example/1.mp3", 7, None)],
        ),
        ('<media:content url="https://v.example/e/1" medium="video" type="text/html"/>', []),
    ],
)
def test_k06_files_however_they_are_given(fields: str, files: list[tuple[str, int | None, int | None]]) -> None:
    """Each once, with size and duration from whoever names them, other versions behind the one that is meant."""
    found = item(f"<title>T</title>{fields}")
    assert [(file.url, file.length, file.duration) for file in found.enclosures] == files


def test_k06_the_podcast_namespace_counts_where_itunes_is_silent() -> None:
    """Season and episode, and Media RSS' categories among the tags."""
    found = item(
        '<podcast:season name="S">2</podcast:season><podcast:episode>7</podcast:episode>'
        '<itunes:season>3</itunes:season><media:category label="Kettles">x/y</media:category><category>pots</category>'
    )
    assert found.episode is not None
    assert (found.episode.season, found.episode.number, found.tags) == (3, 7, ("pots", "Kettles"))


def test_k05_pictures_of_microblogs() -> None:
    """In the post, with their descriptions; a post of pictures alone has the first description as its title."""
    found = entries("microblog.xml")
    assert '<img src="https://files.example/a.png" alt="A pot &lt; a kettle">' in found["urn:notes:3"].html
    assert found["urn:notes:3"].title == ""
    assert found["urn:notes:2"].title == "A lantern"
    assert found["urn:notes:1"].html.count("<img") == 1
    assert found["urn:notes:0"].title == "Alt words"


def test_k06_podcasts() -> None:
    """The title that iTunes has, files with type, length and duration, what else is said of the episode."""
    found = entries("podcast-full.xml")
    first = found["a"]
    assert (first.title, first.tags) == ("Only here", ("pots", "kettles"))
    assert [(file.type, file.length, file.duration) for file in first.enclosures] == [("audio/x-m4a", 12, 3723)]
    assert first.episode is not None
    assert (first.episode.season, first.episode.number, first.episode.kind) == (2, 7, "bonus")
    assert first.episode.explicit is False
    assert [file.duration for file in found["b"].enclosures] == [None, 3723]
    assert [file.type for file in entries("media-rss.xml")["8"].enclosures] == [
        "audio/mpeg",
        "application/pdf",
        "audio/ogg",
    ]


def test_f35_k07_bases_are_applied_once() -> None:
    """In escaped HTML as in XHTML; a base inside the markup counts too; a channel's base is never an item's link."""
    found = entries("xmlbase-xhtml.xml")
    for guid in ("1", "4"):
        assert 'href="https://news.example.org/2026/02/notes"' in found[guid].html
    assert 'href="https://news.example.org/2026/02/two/deep/notes"' in found["2"].html
    assert [entry.url for entry in parsed("no-channel-link.xml").entries] == [
        "https://news.example.org/posts/1.html",
        "https://news.example.org/posts/2.html",
    ]


def test_k08_links_as_they_are_meant() -> None:
    """Without what no person sees, with the scheme that is missing, by a relation's IRI, or the source's link."""
    assert [entry.url for entry in parsed("odd-links.xml").entries] == [
        "https://links.example/1",
        "https://links.example/2",
        "https://links.example/3",
        "https://www.links.example/4",
        "https://links.example/5",
        "https://links.example/news/posts/6.html",
        "https://links.example/7",
        "https://elsewhere.example/8",
        "https://links.example/news/www.html",
        "https://links.example/9",
        "https://links.example/10",
    ]


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ("<link>\n https://y.example/a b \n</link>", "https://y.example/a%20b"),
        ("<link>https://y.example/very/\nlong</link>", "https://y.example/very/long"),
        ("<link>//y.example/p</link>", "https://y.example/p"),
        ("<link>https://bücher.example/über</link>", "https://xn--bcher-kva.example/%C3%BCber"),
        ("<link>https://y.exam\u200bple/p\u200d/\u2060q\ufeff</link>", "https://y.example/p/q"),
        ("<link>\u200fhttps://y.example/\u200e</link>", "https://y.example/"),
        ("<link>https:\\\\y.example\\p</link>", "https://y.example/p"),
        ("<link>&lt;a href='https://y.example/p'&gt;x&lt;/a&gt;</link>", "https://y.example/p"),
        ("<link>&lt;https://y.example/p&gt;</link>", "https://y.example/p"),
        ("<link>&#160;http://https://y.example/p&#160;</link>", "https://y.example/p"),
        ("<link>https://y.example/?a=1&amp;amp;b=2</link>", "https://y.example/?a=1&b=2"),
        ("<link>?p=12</link>", "https://x.example/?p=12"),
        ("<guid>/g/1</guid>", "https://x.example/g/1"),
        ("<guid isPermaLink='false'>/g/1</guid>", None),
        ("<atom:link rel='self' href='/self'/><link>https://y.example/p</link>", "https://y.example/p"),
        ("<link>mailto:a@y.example</link><guid>https://y.example/g</guid>", "https://y.example/g"),
    ],
)
def test_k08_a_link_is_the_one_that_is_meant(fields: str, url: str | None) -> None:
    """Whatever stands around it, in it or in its place."""
    document = (
        f'<rss version="2.0" {SPACES}><channel><link>https://x.example/</link><item><title>T</title>{fields}</item>'
    )
    assert poll.parse(f"{document}</channel></rss>".encode(), URL).entries[0].url == url


@pytest.mark.parametrize(
    ("fields", "url", "html"),
    [
        (
            '<link href="p"/><content type="html" xml:base="deep/">&lt;img src="../i.png"&gt;</content>',
            "https://b.example/a/p",
            '<img src="https://b.example/a/i.png">',
        ),
        ('<link xml:base="https://c.example/z/" href="p"/>', "https://c.example/z/p", ""),
        (
            (
                '<link href="p"/><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml" xml:base="/k/">'
                '<img src="i.png" srcset="i.png 1x, j.png 2x"/></div></content>'
            ),
            "https://b.example/a/p",
            '<img src="https://b.example/k/i.png" srcset="/k/i.png 1x, /k/j.png 2x">',
        ),
        ('<link rel="related" href="https://o.example/1"/>', "https://o.example/1", ""),
        ('<link type="application/json" href="/api"/><link type="text/html" href="/p"/>', "https://b.example/p", ""),
        ('<link rel="edit" href="/e"/><link rel="replies" href="/r"/><link href="/p"/>', "https://b.example/p", ""),
    ],
)
def test_f35_k07_bases_within_bases(fields: str, url: str, html: str) -> None:
    """Each xml:base is relative to the one around it, and counts for what stands in it alone (RFC 3986, 5.1)."""
    document = (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://b.example/a/"><entry><id>1</id>{fields}</entry>'
    )
    found = poll.parse(f"{document}</feed>".encode(), URL).entries[0]
    assert (found.url, found.html) == (url, html)


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("Intent: &lt;a&gt; as &lt;area&gt;", "Intent: <a> as <area>"),
        ("&lt;b&gt;New:&lt;/b&gt; and &lt;i&gt;marble&lt;/i&gt;", "New: and marble"),
        ("&lt;em&gt;a&lt;/em&gt; &lt;em&gt; b", "a <em> b"),
        ("&lt;em&gt;a &lt;em&gt;b&lt;/em&gt;", "<em>a b"),
        ("between &lt;i&gt; and &lt;/i&gt;", "between <i> and </i>"),
        ("Cut &lt;span class='x'&gt;off", "Cut off"),
        ("&lt;B&gt;Loud&lt;/B&gt;", "Loud"),
        ("a &lt;img src='x'&gt; b &lt;img&gt;", "a b <img>"),
        ("&lt;/p&gt; &lt;p&gt;", "</p> <p>"),
        ("&lt;![CDATA[Wrapped]]&gt;", "Wrapped"),
        ("What &lt;![CDATA[ does", "What <![CDATA[ does"),
        ("XSS by &lt;img src=x onerror=alert(1)&gt;", "XSS by <img src=x onerror=alert(1)>"),
        ("How &lt;a href&gt; works", "How <a href> works"),
        ("if a&lt;b then c&gt;d", "if a<b then c>d"),
        ("&lt;!DOCTYPE html&gt; explained", "<!DOCTYPE html> explained"),
    ],
)
def test_k09_titles_that_speak_of_tags(given: str, title: str) -> None:
    """A tag without its partner is meant as text; a pair that encloses something is markup."""
    document = f"<rss version='2.0'><channel><item><guid>1</guid><title>{given}</title></item></channel></rss>"
    assert poll.parse(document.encode(), URL).entries[0].title == title


@pytest.mark.parametrize(
    ("description", "html"),
    [
        ("<![CDATA[<![CDATA[<p>hi</p>]]]]>", "<p>hi</p>"),
        ("<![CDATA[<![CDATA[<p>hi</p>]]]]><![CDATA[>]]>", "<p>hi</p>"),
        ("<![CDATA[<p>a <![CDATA[b]]> c</p>]]>", "<p>a b c</p>"),
        ("<![cdata[<p>hi</p>]]>", "<p>hi</p>"),
        ("&lt;![CDATA[&lt;p&gt;hi&lt;/p&gt;]]&gt;", "<p>hi</p>"),
        ("<![CDATA[<p>hi</p>", "<p>hi</p>"),
        ("before <![CDATA[<b>x</b>]]> after", "before <b>x</b> after"),
        ("<![CDATA[<p>a ]]]]><![CDATA[> b</p>]]>", "<p>a ]]> b</p>"),
    ],
)
def test_k10_no_mark_of_a_section_is_left_around_a_text(description: str, html: str) -> None:
    """Doubled, halved, in small letters, escaped."""
    assert item(f"<description>{description}</description>").html == html


def test_k10_sections_in_sections() -> None:
    """The whole content, whatever marks stand in it; in code they are shown, elsewhere they mean nothing."""
    found = entries("cdata-nested.xml")
    assert "&lt;![CDATA[evil]]&gt;" in found["1"].html
    assert "if (a[b[0]]>1) { x }" in found["2"].html
    for guid, word in enumerate(("one", "two", "three", "four"), start=1):
        assert f"<p>Last words of {word}.</p>" in found[str(guid)].html
        assert not found[str(guid)].html.startswith("<![CDATA[")
    assert found["5"].html == "<p>One section</p> and <p>another.</p>"
    assert found["8"].html == "<p>Last.</p>"


def test_k12_what_follows_a_feed_is_passed_over() -> None:
    """It is named as what it is, in XML and JSON; the feed is whole."""
    for name in ("junk-after.xml", "lines-authors.json"):
        assert parsed(name).problems == ("something follows the feed and was ignored",)


def test_k13_json_feeds_of_templates() -> None:
    """Line breaks and tabs in strings; authors as an object, as names, as a name."""
    found = entries("lines-authors.json")
    assert "<p>Last words.</p>" in found["2"].html
    assert [found[guid].author for guid in ("2", "1", "0")] == ["Ann", "Ann, Bob", "Cara"]
    assert found["2"].images[0].url == "https://case.example/2.png"
    assert found["1"].enclosures[0].duration == 61


@pytest.mark.parametrize(
    ("items", "problems"),
    [
        ('{"id": "1", "title": "it\'s"}, {"id": "2"},', True),
        ('{"id": "1", "title": "it\'s",}, {"id": "2",}', True),
        ('{"id": "1", "title": "it\\\'s"}, {"id": "2"}', True),
        ('{"id": "1", "title": "it\'s"} {"id": "2"}', True),
        ('{"id": "1", /* the first */ "title": "it\'s"}, // the second\n {"id": "2"}', True),
        ('{"id": 1, "title": "it\'s", "date_published": 1771952889}, {"id": "2"}', False),
    ],
)
def test_k13_json_that_is_nearly_json_is_whole(items: str, *, problems: bool) -> None:
    """Commas too many or too few, comments, escapes that JSON lacks: mended, and not called cut short."""
    titled = f'\ufeff{{"version": "https://jsonfeed.org/version/1.1", "title": "a, ] // b", "items": [{items}]}}'
    found = poll.parse(titled.encode(), URL)
    assert (found.title, [(entry.guid, entry.title) for entry in found.entries]) == (
        "a, ] // b",
        [("1", "it's"), ("2", "")],
    )
    assert found.problems == (("the JSON was not well-formed and has been repaired",) if problems else ())
    assert not found.cut_short


def test_k13_backslashes_and_tags_of_people() -> None:
    """A path of Windows in a text; tags as one text."""
    body = rb'{"version": "https://jsonfeed.org/version/1", "items": [{"id": 1, "content_text": "C:\x \users", "tags": "a, b"}]}'
    entry = poll.parse(body, URL).entries[0]
    assert (entry.html, entry.tags) == (r"<p>C:\x \users</p>", ("a", "b"))


def test_k05_entries_within_a_field_are_its_text() -> None:
    """What comes with an entry stays with it when another stood in the field of one before."""
    thumbnail = '<media:thumbnail url="https://case.example/{}.jpg"/>'
    document = (
        '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><item><guid>1</guid><description>'
        f"<div><item>{thumbnail.format('inner')}</item></div></description></item>"
        f"<item><guid>2</guid>{thumbnail.format(2)}</item></channel></rss>"
    )
    found = {entry.guid: entry for entry in poll.parse(document.encode(), URL).entries}
    assert found["1"].images == ()
    assert [image.url for image in found["2"].images] == ["https://case.example/2.jpg"]


@pytest.mark.parametrize(
    ("media", "shown"),
    [
        (  # a group is one picture; the default counts, else the largest
            (
                '<m:group><m:content url="https://case.example/s.jpg" medium="image" width="100"/>'
                '<m:content url="https://case.example/l.jpg" medium="image" width="900"/></m:group>'
            ),
            ["l.jpg"],
        ),
        (
            (
                '<m:group><m:content url="https://case.example/d.jpg" medium="image" width="100" isDefault="true"/>'
                '<m:content url="https://case.example/l.jpg" medium="image" width="900"/></m:group>'
            ),
            ["d.jpg"],
        ),
        (  # one file cut to two sizes
            (
                '<m:content url="https://case.example/p.jpg?width=140" width="140"/>'
                '<m:content url="https://case.example/p.jpg?width=460" width="460"/>'
            ),
            ["p.jpg?width=460"],
        ),
        (  # two pictures
            '<m:content url="https://case.example/a.jpg" width="140"/><m:content url="https://case.example/b.jpg" width="460"/>',
            ["a.jpg", "b.jpg"],
        ),
        (
            (
                '<m:group><m:content url="https://case.example/a.jpg"><m:description>A pot</m:description></m:content>'
                '<m:content url="https://case.example/b.jpg"><m:description>A kettle</m:description></m:content></m:group>'
            ),
            ["a.jpg", "b.jpg"],
        ),
        ('<m:content url="https://case.example/count.gif" medium="image" width="1" height="1"/>', []),
        ('<m:thumbnail url="https://case.example/a.jpg"/><m:thumbnail url="https://case.example/b.jpg"/>', ["a.jpg"]),
    ],
)
@pytest.mark.parametrize(
    "namespace", ["http://search.yahoo.com/mrss/", "https://search.yahoo.com/mrss", "http://www.rssboard.org/media-rss"]
)
def test_k05_one_picture_in_several_sizes_is_shown_once(media: str, shown: list[str], namespace: str) -> None:
    """Whatever the namespace is called; what only counts readers is no picture."""
    document = (
        f'<rss version="2.0" xmlns:m="{namespace}"><channel><title>T</title><item><title>A</title><guid>1</guid>'
        f"<description>Text.</description>{media}</item></channel></rss>"
    )
    (found,) = poll.parse(document.encode(), "https://case.example/feed").entries
    assert [image.url.removeprefix("https://case.example/") for image in found.images] == shown


@pytest.mark.parametrize(
    ("page", "barrier"),
    [
        ("<title>Making sure you&#39;re not a bot!</title><script id='anubis_challenge'></script>", Barrier.CHALLENGE),
        ("<title>Just a moment...</title>", Barrier.CHALLENGE),
        ("<script src='/_Incapsula_Resource?x'></script>", Barrier.CHALLENGE),
        ("<title>Anmelden</title><form><input name=u><input type=password></form>", Barrier.LOGIN),
        ("<title>Log in | News</title><input type='password' name='p'>", Barrier.LOGIN),
        ("<title>News</title><input type='password' name='p'><p>Posts</p>", None),
        ("<title>case.example</title><p>This domain may be for sale.</p>", Barrier.PARKED),
        ("<title>News</title><div class=g-recaptcha></div>" + "<p>Many words of a front page.</p>" * 60, None),
        ("<title>Just a moment</title><link rel=alternate type=application/rss+xml href=/feed>", None),
    ],
)
def test_k19_a_page_in_place_of_a_feed_is_known_for_what_it_is(page: str, barrier: Barrier | None) -> None:
    """A check for bots, a login, a parked domain: each has another remedy than looking for the feed."""
    with pytest.raises(WebPage) as error:
        poll.parse(f"<!doctype html><html><head>{page}</html>".encode(), "https://case.example/feed", "text/html")
    assert error.value.barrier is barrier
    assert pickle.loads(pickle.dumps(error.value)).barrier is barrier
    assert ("`aggregator add`" in (health.advice(error.value) or "")) == (barrier is None)

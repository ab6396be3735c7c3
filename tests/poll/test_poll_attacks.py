"""parse and read_opml against documents that were written to do harm."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from aggregator import poll
from aggregator.models import Entry, ParsedFeed
from aggregator.models.errors import ParseError, WorkerDied
from aggregator.pipeline.workers import Workers

URL = "https://news.example.org/feed"
ATTRIBUTES = " ".join(f"a{n}=''" for n in range(60_000))


def rss(*items: str, before: str = "") -> bytes:
    body = "".join(f"<item>{item}</item>" for item in items)
    link = "<link>https://news.example.org/</link>"
    return f'<?xml version="1.0"?>{before}<rss version="2.0"><channel><title>T</title>{link}{body}</channel></rss>'.encode()


def texts(feed: ParsedFeed) -> str:
    return " ".join(entry.title + entry.html + entry.guid + str(entry.url) for entry in feed.entries)


@pytest.fixture
def listener() -> Iterator[tuple[str, list[object]]]:
    """A server on loopback that counts who connects."""
    seen: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        stop = threading.Event()

        def accept() -> None:
            while not stop.is_set():
                try:
                    connection, address = server.accept()
                except TimeoutError:
                    continue
                seen.append(address)
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", seen
        stop.set()
        thread.join()


# --- XML -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place", ["<title>{}</title>", "<guid>1</guid><link>https://x.example/{}</link>", "<title a='{}'>t</title>"]
)
def test_a10_billion_laughs_are_not_laughed(place: str) -> None:
    """Nested entities are not expanded, in text or in attributes."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = rss(place.format("&l9;"), before=f'<!DOCTYPE rss [<!ENTITY l0 "lol">{entities}]>')
    began = time.process_time()
    feed = poll.parse(body, URL)
    assert time.process_time() - began < 1
    assert len(texts(feed)) < 1000
    assert "lollol" not in texts(feed)


@pytest.mark.parametrize(
    "before", ["", "<!-- " + "x" * 70_000 + " -->", "<!DOCTYPE a><!DOCTYPE b><!DOCTYPE c><!DOCTYPE d>"]
)
def test_a11_quadratic_blow_up_is_not_blown_up(before: str) -> None:
    """One long entity named many times is not expanded, wherever its declaration hides."""
    body = rss(f"<title>{'&a;' * 5000}</title>", before=f'{before}<!DOCTYPE rss [<!ENTITY a "{"a" * 50_000}">]>')
    began = time.process_time()
    with suppress(ParseError):  # refused is as good
        assert "aaaa" not in texts(poll.parse(body, URL))
    assert time.process_time() - began < 1


def test_a12_no_entity_reads_a_file_or_the_network(tmp_path: Path, listener: tuple[str, list[object]]) -> None:
    """External entities, parameter entities, external DTDs, XInclude and stylesheets open nothing."""
    address, seen = listener
    secret = tmp_path / "secret.txt"
    secret.write_text("TOPSECRET", encoding="utf-8")
    attacks = [
        rss("<title>&x;</title>", before=f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'),
        rss("<title>&x;</title>", before=f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{address}/x">]>'),
        rss("<title>t</title>", before=f'<!DOCTYPE rss [<!ENTITY % p SYSTEM "{address}/p.dtd"> %p;]>'),
        rss("<title>t</title>", before=f'<!DOCTYPE rss SYSTEM "{address}/rss.dtd">'),
        rss("<title>t</title>", before=f'<?xml-stylesheet type="text/xsl" href="{address}/x.xsl"?>'),
        rss(
            f'<description><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret.as_uri()}"/></description>'
        ),
    ]
    for body in attacks:
        assert "TOPSECRET" not in texts(poll.parse(body, URL))
    time.sleep(0.05)
    assert not seen


def test_a13_opml_with_entities_is_rejected(tmp_path: Path, listener: tuple[str, list[object]]) -> None:
    """A list that declares entities or names a DTD is refused, and nothing is opened."""
    address, seen = listener
    secret = tmp_path / "secret.txt"
    secret.write_text("TOPSECRET", encoding="utf-8")
    outline = '<opml version="2.0"><body><outline text="&x;" xmlUrl="https://x.example/feed"/></body></opml>'
    for doctype in (
        f'<!DOCTYPE opml [<!ENTITY x SYSTEM "{secret.as_uri()}">]>',
        f'<!DOCTYPE opml [<!ENTITY x SYSTEM "{address}/x">]>',
        f'<!DOCTYPE opml SYSTEM "{address}/opml.dtd">',
        '<!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa"><!ENTITY x "&a;&a;&a;">]>',
    ):
        for encoding in ("utf-8", "utf-16"):
            with pytest.raises(ParseError, match="refused"):
                poll.read_opml((doctype + outline).encode(encoding))
    time.sleep(0.05)
    assert not seen


@pytest.mark.parametrize("as_json", [False, True])
def test_a14_a_body_that_names_a_place_is_no_place(
    tmp_path: Path, listener: tuple[str, list[object]], as_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that is a path or a URL is taken for what it is: text, and no feed."""
    address, seen = listener
    feed = tmp_path / "feed.xml"
    feed.write_bytes(rss("<title>from a file</title>"))
    for body in (str(feed), feed.as_uri(), f"{address}/feed", f"feed:{address}/feed", f"{feed}\x00"):
        with pytest.raises(ParseError):
            poll.parse((f'"{body}"' if as_json else body).encode(), URL)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParseError):
        poll.parse(b"feed.xml", URL)
    time.sleep(0.05)
    assert not seen


# --- time ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item",
    [
        f"<title>t</title><description>{'&lt;!--' * 150_000}</description>",
        f"<title>t</title><description><![CDATA[{'<!--' * 250_000}]]></description>",
        f"<title>{'<![CDATA[' * 1}{'<' * 500_000}]]></title>",
        f"<title>t</title><author>{'a' * 65_536}</author>",
        f"<title>t</title><author>{'a@' * 32_768}</author>",
        f"<title>t</title><author>{'a ' * 32_768}(b)</author>",
        f"<title>t</title><pubDate>{'1' * 100_000}</pubDate>",
        f"<title>t</title><pubDate>{'Mon, ' * 20_000}</pubDate>",
        f"<title>t</title><link>http://{'a.' * 100_000}</link>",
        f"<title>t</title><guid>{'g' * 1_000_000}</guid>",
        f"<title>t</title>{'<category>x</category>' * 100_000}",
        f"<title>t</title><description>{'&lt;div&gt;' * 100_000}</description>",
        f"<title>t</title><description>{'<div>' * 200}{'</div>' * 200}</description>",
        f"<title>t</title><enclosure {ATTRIBUTES} url='https://x.example/'/>",
        f"<title>t</title><description>{'&amp;' * 200_000}</description>",
        f"<title>{'&amp;lt;script ' * 20_000}</title>",
        f"<title>t</title><description>{' href=' * 100_000}</description>",
        f"<title>t</title><description>{'&lt;a href=' * 100_000}'</description>",
    ],
    ids=range(18),
)
def test_a15_nothing_makes_parsing_slow(item: str) -> None:
    """Floods of comments, endless authors, tags and attributes: two seconds at most, and the entry is there."""
    began = time.process_time()
    feed = poll.parse(rss(item, "<title>the next</title>"), URL)
    assert time.process_time() - began < 2
    assert feed.entries[-1].title == "the next"
    assert len(feed.entries) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"<!--" * 500_000,
        b"<rss><channel>" + b"<item" * 100_000,
        b"<rss><channel>" + b"<item><title>" * 50_000,
        b"<rss><channel>" + b"<item>" * 50_000 + b"</item>" * 50_000,
        b"<rss " + b"a='" * 200_000,
        b"<feed>" + b"<entry><![CDATA[" * 50_000,
        b"<rss><channel>" + b"<a>" * 300_000,
        b"<rss><channel>" + b"&" * 1_000_000,
        b"<rss><channel>" + b"<item><x:y>&nbsp;</item>" * 8_000,
        b"<!DOCTYPE" * 100_000,
        b"<!DOCTYPE a [" + b"<!ENTITY x 'y'>" * 50_000,
        b"<?xml version='1.0' " + b"encoding='" * 100_000,
        b'{"items": [' + b"[" * 200_000,
        b'{"items": [' + b'{"id": ' * 50_000,
        b'{"items": [' + b'{"id":1},' * 100_000,
        b'{"version": "https://jsonfeed.org/version/1", "items": ' + b"9" * 100_000 + b"}",
        b"<html>" + b"<link rel=alternate type=application/rss+xml href=/f>" * 20_000,
        b"\xff" * 1_000_000,
        b"<rss>" + b"\xe4\xf6" * 500_000,
    ],
    ids=range(19),
)
def test_a15_no_shape_of_a_document_makes_parsing_slow(body: bytes) -> None:
    """Broken by the hundred thousand: a feed or an error, within seconds."""
    began = time.process_time()
    with suppress(ParseError):
        poll.parse(body, URL)
    assert time.process_time() - began < 2


def test_a15_what_is_too_slow_is_killed_and_the_next_feed_is_parsed() -> None:
    """In a worker the deadline ends whatever there is; the others do not notice."""
    jobs = [("good", (rss("<title>fine</title>"), URL)), ("page", (b"<html></html>", URL)), ("empty", (b"", URL))]
    with Workers(1) as workers:
        with pytest.raises(WorkerDied, match="longer than"):
            workers.call(poll.parse, rss(*["<title>much</title>"] * 20_000), URL, timeout_s=0.3)
        answers = dict(workers.each(jobs, poll.parse, 20))
    good = answers.pop("good")
    assert isinstance(good, ParsedFeed)
    assert good.entries[0].title == "fine"
    assert all(isinstance(answer, ParseError) for answer in answers.values())


# --- links and markup ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#9;script:alert(1)",
        " &#x1;javascript:alert(1)",
        "javascript://news.example.org/%0aalert(1)",
        "vbscript:msgbox(1)",
        "data:text/html;base64,PHNjcmlwdD4=",
        "file:///etc/passwd",
        "ftp://x.example/",
        "blob:https://x.example/1",
        "about:blank",
    ],
)
def test_a22_a26_only_web_addresses_pass_the_door(link: str) -> None:
    """In links, guids, enclosures, comments, authors' addresses, icons, hubs and next pages: http and https, or nothing."""
    body = rss(
        f"<title>t</title><guid>{link}</guid><link>{link}</link><comments>{link}</comments>"
        f'<enclosure url="{link}" type="audio/mpeg"/><author>{link}</author>'
        f'<media:content xmlns:media="http://search.yahoo.com/mrss/" medium="video" url="{link}"/>'
    ).replace(
        b"<title>T</title>",
        f'<title>T</title><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="{link}"/>'
        f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="next" href="{link}"/><image><url>{link}</url></image>'.encode(),
    )
    atom = f"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{link}"><link href="{link}"/><icon>{link}</icon>
        <entry><id>{link}</id><title>t</title><link href="{link}"/><link rel="enclosure" href="{link}"/>
        <author><name>n</name><uri>{link}</uri></author></entry></feed>""".encode()
    for document in (body, atom):
        feed = poll.parse(document, URL)
        (entry,) = feed.entries
        assert entry.url is None
        assert entry.enclosures == ()
        assert (feed.icon, feed.next_url, feed.hubs) == (None, None, ())
        assert feed.home_page_url in (None, "https://news.example.org/")


def test_a22_a26_in_json() -> None:
    """The same for JSON Feed."""
    document = """{"version": "https://jsonfeed.org/version/1.1", "home_page_url": "javascript:1", "icon": "data:,x",
      "next_url": "javascript:1", "hubs": [{"type": "x", "url": "javascript:1"}],
      "items": [{"id": "1", "url": "javascript:1", "external_url": "data:,", "attachments": [{"url": "javascript:1"}]}]}"""
    feed = poll.parse(document.encode(), URL)
    assert (feed.home_page_url, feed.icon, feed.next_url, feed.hubs) == (None, None, None, ())
    assert (feed.entries[0].url, feed.entries[0].enclosures) == (None, ())


def first(body: bytes) -> Entry:
    return poll.parse(body, URL).entries[0]


def test_a28_markup_in_names_is_text() -> None:
    """Titles, authors, categories and the feed's own name are plain: formatting goes, other markup shows as text."""
    entry = first(
        rss(
            "<title>&lt;b&gt;Bold&lt;/b&gt; &lt;script&gt;alert(1)&lt;/script&gt;</title>"
            "<author>&lt;i&gt;Eve&lt;/i&gt;</author><category>&lt;em&gt;x&lt;/em&gt; &amp;amp; y</category>"
        )
    )
    assert entry.title == "Bold <script>alert(1)</script>"
    assert (entry.author, entry.tags) == ("Eve", ("x & y",))
    atom = """<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">&lt;img src=x onerror=alert(1)&gt;Name</title>
      <entry><id>1</id><title type="html">a &lt;script&gt;alert(1)&lt;/script&gt;&lt;b&gt;b&lt;/b&gt;</title></entry></feed>"""
    feed = poll.parse(atom.encode(), URL)
    assert (feed.title, feed.entries[0].title) == ("Name", "a b")
    assert "<" not in poll.parse(rss().replace(b"<title>T", b"<title>&lt;b&gt;T&lt;/b&gt;"), URL).title


def test_a33_a39_names_hold_no_line_breaks() -> None:
    """Nothing that becomes a header, a log line or a file name brings its own line breaks or NULs."""
    entry = first(rss("<title>a\r\nSet-Cookie: b</title><guid>../../x\r\n\x00y</guid><author>c\nd</author>"))
    assert (entry.title, entry.guid, entry.author) == ("a Set-Cookie: b", "../../x y", "c d")

"""parse: the faults of documents, and what is said of what is not a feed."""

from __future__ import annotations

import codecs
import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import poll
from aggregator.models import Entry, ParsedFeed
from aggregator.models.errors import ParseError
from aggregator.text.plain import is_seen, legal

URL = "https://news.example.org/feed"


def rss(*items: str, head: str = "") -> str:
    body = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel><title>T</title><link>https://news.example.org/</link>{head}{body}</channel></rss>'


def only(text: str | bytes, content_type: str = "") -> Entry:
    (entry,) = poll.parse(text if isinstance(text, bytes) else text.encode(), URL, content_type).entries
    return entry


# --- dates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        "<pubDate>last Tuesday</pubDate><dc:date>2026-02-24T17:08:09Z</dc:date>",
        "<pubDate/><atom:updated>2026-02-24T17:08:09Z</atom:updated>",
        "<pubDate>sometime</pubDate><pubDate>Tue,24 Feb 2026 17:08:09 GMT</pubDate>",
        "<dcterms:issued>2026-02-24T17:08:09Z</dcterms:issued>",
    ],
)
def test_k04_a_date_that_cannot_be_read_is_looked_for_in_the_other_fields(fields: str) -> None:
    """Whatever vocabulary it stands in."""
    assert only(rss(f"<title>A</title>{fields}")).published == datetime(2026, 2, 24, 17, 8, 9, tzinfo=UTC)


def test_k03_the_document_and_the_time_of_its_poll_decide_what_dates_mean() -> None:
    """24/02 among them proves that the day comes first; a date without a year is of the last such day."""
    dates = ("24/02/2026", "03/02/2026", "24 Dec")
    body = rss(*(f"<title>{text}</title><pubDate>{text}</pubDate>" for text in dates)).encode()
    feed = poll.parse(body, URL, "", datetime(2026, 3, 1, tzinfo=UTC))
    assert [str(entry.published)[:10] for entry in feed.entries] == ["2026-02-24", "2026-02-03", "2025-12-24"]
    items = [{"id": text, "title": "A", "date_published": text} for text in dates]
    feed = poll.parse(json.dumps({"items": items}).encode(), URL, "", datetime(2026, 3, 1, tzinfo=UTC))
    assert [str(entry.published)[:10] for entry in feed.entries] == ["2026-02-24", "2026-02-03", "2025-12-24"]


# --- what is not a feed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty document"),
        (b" \r\n\t", "empty document"),
        (b"\xef\xbb\xbf", "empty document"),
        (b"\x00\x00\x00\x00", "empty document"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\x1f\x8b\x08\x00....", r"compressed data \(gzip\)"),
        (b"\x89PNG\r\n\x1a\n", "an image"),
        (b"<html><head><title>Down for maintenance</title></head><body>Soon.</body></html>", "“Down for maintenance”"),
        (b"<!doctype html><title>Just a moment...</title><script>", "asks whether we are human"),
        (b"<html><body>Please solve this CAPTCHA</body></html>", "asks whether we are human"),
        (
            b'<html><head><link rel=alternate type=application/rss+xml href="/rss?token=s3cret"></head>',
            "token=REDACTED",
        ),
        (b"<opml version='2.0'><body/></opml>", "a list of feeds"),
        (b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", "a sitemap"),
        (b"<Error><Code>AccessDenied</Code></Error>", "an error message in XML"),
        (b"<note>hello</note>", "begins with <note>"),
        (b"404 page not found", "neither XML nor JSON"),
        (b"\xff\xfe\xfd\xfc" * 50, "neither XML nor JSON"),
        (b'{"error": "not found"}', "not a feed: it has no items"),
        (b"[1, 2]", "not an object"),
        (b'{"items": ', "cannot be read"),
        (b"[" * 100_000, "JSON"),
        (b"<rss><chan", "the XML is broken, and no entry can be read"),
    ],
)
def test_f18_what_is_not_a_feed_is_named(body: bytes, words: str) -> None:
    """Pages, captchas, maintenance notices, files and nonsense: an error that says what came instead."""
    with pytest.raises(ParseError, match=words):
        poll.parse(body, URL)


def test_f18_the_error_names_the_feed_without_its_secrets() -> None:
    """The URL in the error can be logged."""
    with pytest.raises(ParseError) as caught:
        poll.parse(b"<html></html>", "https://user:pw@news.example.org/feed?token=abc")
    assert "pw" not in str(caught.value)
    assert "abc" not in str(caught.value)


def test_f19_zero_items_are_a_feed() -> None:
    """A channel without items is no error, and has no entries."""
    feed = poll.parse(rss().encode(), URL)
    assert (feed.title, feed.entries) == ("T", ())


# --- damage ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", range(150, 420, 7))
def test_f21_f22_a_truncated_document_gives_its_complete_entries(length: int) -> None:
    """Wherever the document ends, what was complete is kept, nothing half is, and the feed says so."""
    whole = rss(*(f"<title>Title {n}</title><guid>g{n}</guid><description>Text {n}</description>" for n in range(5)))
    cut = whole[:length]
    complete = cut.count("</item>")
    if complete:
        feed = poll.parse(cut.encode(), URL)
        assert [entry.guid for entry in feed.entries] == [f"g{n}" for n in range(complete)]
        assert [entry.html for entry in feed.entries] == [f"<p>Text {n}</p>" for n in range(complete)]
        assert any("cut short" in problem for problem in feed.problems)


def test_f22_truncated_atom_and_json() -> None:
    """The same for the other formats."""
    atom = '<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry><id>1</id></entry><entry><id>2</id><tit'
    assert [entry.guid for entry in poll.parse(atom.encode(), URL).entries] == ["1"]
    document = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": n} for n in "abc"]})
    assert [entry.guid for entry in poll.parse(document[:-6].encode(), URL).entries] == ["a", "b"]


def test_one_bad_entry_harms_no_other() -> None:
    """Broken markup in one item leaves the others whole, and is noted."""
    feed = poll.parse(
        rss(
            "<title>One</title>", "<title>Two</wrong></title><link>https://x.example/2</link>", "<title>Three</title>"
        ).encode(),
        URL,
    )
    assert [entry.title for entry in feed.entries][::2] == ["One", "Three"]
    assert feed.entries[1].url == "https://x.example/2"
    assert feed.problems


# --- encodings -------------------------------------------------------------------------------------------------

TITLE = "Überraschung – “größer”"


@pytest.mark.parametrize(
    ("encoding", "declared", "header"),
    [
        ("utf-8", "utf-8", ""),
        ("utf-8", "iso-8859-1", ""),
        ("utf-8", "utf-8", "text/xml; charset=iso-8859-1"),
        ("utf-8", "no-such-charset", "text/xml; charset=nor-this"),
        ("cp1252", "windows-1252", ""),
        ("cp1252", "iso-8859-1", ""),
        ("cp1252", "utf-8", "application/rss+xml; charset=windows-1252"),
        ("cp1252", "us-ascii", ""),
        ("utf-16", "utf-16", ""),
        ("utf-16-le", "utf-16", "text/xml; charset=utf-16"),
        ("utf-16-be", "utf-16", ""),
        ("utf-32", "utf-32", ""),
        ("utf-8-sig", "utf-8", "text/xml; charset=us-ascii"),
        ("utf-8", "unicode_escape", ""),
        ("utf-8", "idna", "text/xml; charset=zlib_codec"),
    ],
)
def test_f28_the_text_is_readable_whatever_the_labels_say(encoding: str, declared: str, header: str) -> None:
    """Byte order marks, headers and declarations, right and wrong ones."""
    document = f'<?xml version="1.0" encoding="{declared}"?>' + rss(f"<title>{TITLE}</title>")
    assert only(document.encode(encoding), header).title == TITLE


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        ("windows-1251", "Утечка данных в сети"),
        ("koi8-r", "Утечка данных в сети"),
        ("shift_jis", "脆弱性に関する情報"),
        ("euc-jp", "脆弱性に関する情報"),
        ("iso-2022-jp", "脆弱性に関する情報"),
        ("gb2312", "安全漏洞信息"),
        ("big5", "安全漏洞資訊"),
        ("euc-kr", "보안 취약점"),
    ],
)
def test_f28_legacy_encodings(encoding: str, title: str) -> None:
    """What the declaration names is used where the bytes are not UTF-8."""
    document = f'<?xml version="1.0" encoding="{encoding}"?>' + rss(f"<title>{title}</title>")
    assert only(document.encode(encoding)).title == title


def test_f28_unlabelled_cyrillic_is_guessed() -> None:
    """Bytes that nobody labelled and that are not UTF-8 are recognised by their statistics."""
    title = "Исследователи нашли опасную уязвимость в популярном сетевом оборудовании и рассказали о ней"
    assert only(rss(f"<title>{title}</title>").encode("windows-1251")).title == title


def test_f28_a_few_bad_bytes_do_not_change_the_encoding() -> None:
    """One byte that is no UTF-8 is taken for one of Windows-1252; the rest of the text stays."""
    body = rss("<title>größer, schöner, länger X</title>").encode().replace(b"X", b"\x93")
    assert only(body).title == "größer, schöner, länger “"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-8", "utf-32-be"])
def test_f28_a_body_cut_in_the_middle_of_a_character(encoding: str) -> None:
    """The end of a partial body may be half a character."""
    document = codecs.BOM_UTF8 if encoding == "utf-8" else b""
    document += rss("<title>ok</title><guid>1</guid>").replace("</channel></rss>", "<item><title>…").encode(encoding)
    assert only(document[:-1]).title == "ok"


# --- characters ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad", ["\x00", "\x0b", "\x1b[31m", "&#0;", "&#8;", "&#xD800;", "&#xFFFF;", "&#x110000;", "&#99999999;", "\ufffe"]
)
def test_f29_illegal_characters_lose_no_entry(bad: str) -> None:
    """NUL, control characters, surrogates by number: the entry stays, with nothing in it that XML forbids."""
    entry = only(rss(f"<title>a{bad}b</title><guid>g{bad}</guid><description>c{bad}d</description>"))
    for text in (entry.title, entry.guid, entry.html):
        assert text
        assert not any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in text), text
    assert entry.title.startswith("a")
    assert entry.title.endswith("b")


def test_f29_lone_surrogates_in_json() -> None:
    """JSON can write what no text holds."""
    document = (
        '{"version": "https://jsonfeed.org/version/1", "items": [{"id": "\\ud800", "title": "a\\udfff\\u0000b"}]}'
    )
    entry = only(document)
    assert (entry.guid, entry.title) == ("\ufffd", "a\ufffdb")


# --- identity --------------------------------------------------------------------------------------------------


def test_f30_without_a_guid_the_identity_is_stable() -> None:
    """Link, or title and date, or content; the same when the text of the entry or its place changes."""
    items = [
        "<title>A</title><link>https://x.example/a</link><description>v1</description>",
        "<title>B</title><pubDate>Tue, 10 Mar 2026 10:00:00 GMT</pubDate><description>v1</description>",
        "<title>C</title>",
        "<description>only this</description>",
    ]
    first = [entry.guid for entry in poll.parse(rss(*items).encode(), URL).entries]
    later = [entry.guid for entry in poll.parse(rss(*reversed(items)).replace("v1", "v2").encode(), URL).entries]
    assert first == later[::-1]
    assert len(set(first)) == 4
    assert first[0] == "https://x.example/a"


def test_f30_a_moved_feed_keeps_its_identities() -> None:
    """Guids are taken as written, not resolved against where the feed was fetched."""
    item = "<title>A</title><guid>42</guid><link>https://x.example/a</link>"
    here, there = (poll.parse(rss(item).encode(), url).entries[0] for url in (URL, "https://elsewhere.example/rss"))
    assert here.guid == there.guid == "42"


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ("<guid>https://x.example/a</guid>", "https://x.example/a"),
        ("<guid isPermaLink='true'>https://x.example/a</guid>", "https://x.example/a"),
        ("<guid isPermaLink='false'>https://x.example/a</guid>", None),
        ("<guid>42</guid>", None),
        ("<guid>/a</guid>", "https://news.example.org/a"),
        ("<guid>https://x.example/a</guid><link>https://x.example/b</link>", "https://x.example/b"),
    ],
)
def test_a_guid_stands_for_a_missing_link_where_it_may(item: str, url: str | None) -> None:
    """A permalink is a URL, or a path on the site, that does not say that it is none (RSS 2.0)."""
    assert only(rss("<title>t</title>" + item)).url == url


def test_what_an_rdf_item_is_about_is_its_identity_and_its_link() -> None:
    """RSS 1.0 without a link element."""
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        '<item rdf:about="https://x.example/a"><title>t</title></item></rdf:RDF>'
    )
    assert (only(rdf).guid, only(rdf).url) == ("https://x.example/a", "https://x.example/a")


def test_f31_items_that_share_a_guid_are_all_kept() -> None:
    """Different items stay different; their identities do not depend on their order or on what else is there."""
    items = [f"<title>{n}</title><link>https://x.example/{n}</link><guid>same</guid>" for n in "abc"]
    first = {entry.title: entry.guid for entry in poll.parse(rss(*items).encode(), URL).entries}
    new = "<title>d</title><link>https://x.example/d</link><guid>same</guid>"
    later = {entry.title: entry.guid for entry in poll.parse(rss(new, *reversed(items)).encode(), URL).entries}
    assert len(set(first.values())) == 3
    assert first == {title: guid for title, guid in later.items() if title != "d"}
    assert all(guid.startswith("same") for guid in later.values())


def test_f31_an_item_listed_twice_is_one_entry() -> None:
    """An exact repetition is not a second entry."""
    item = "<title>a</title><link>https://x.example/a</link><guid>same</guid>"
    assert only(rss(item, item)).guid == "same"


# --- dates -----------------------------------------------------------------------------------------------------


def test_f34_odd_dates_are_given_as_they_are() -> None:
    """A date in the future is kept, a missing or impossible one is absent; order and identity do not suffer."""
    feed = poll.parse(
        rss(
            "<guid>1</guid><pubDate>Fri, 01 Jan 2100 00:00:00 GMT</pubDate>",
            "<guid>2</guid>",
            "<guid>3</guid><pubDate>soon</pubDate>",
        ).encode(),
        URL,
    )
    assert [entry.guid for entry in feed.entries] == ["1", "2", "3"]
    assert [entry.published.year if entry.published else None for entry in feed.entries] == [2100, None, None]


# --- links -----------------------------------------------------------------------------------------------------


def test_f35_relative_links_become_absolute() -> None:
    """Against xml:base where there is one, else the channel's link (RSS) or the feed's own address (Atom)."""
    assert only(rss("<link>/a</link>")).url == "https://news.example.org/a"
    bare = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><link href="b"/></entry></feed>'
    assert only(bare).url == "https://news.example.org/b"
    based = bare.replace("<entry>", '<entry xml:base="https://base.example/x/">')
    assert only(based).url == "https://base.example/x/b"
    relative_base = bare.replace("<feed", '<feed xml:base="/sub/"').replace("<entry>", '<entry xml:base="c/">')
    assert only(relative_base).url == "https://news.example.org/sub/c/b"


def test_f35_content_under_xml_base() -> None:
    """References in the content follow its xml:base, escaped or XHTML."""
    feed = """<feed xmlns="http://www.w3.org/2005/Atom"><entry xml:base="https://base.example/d/"><id>1</id>
      <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><img src="i.png"/></div></content>
      <summary type="html">&lt;img src="s.png"&gt;</summary></entry></feed>"""
    entry = only(feed)
    assert entry.html == '<img src="https://base.example/d/i.png">'
    assert entry.summary == '<img src="https://base.example/d/s.png">'


def test_a_large_feed_is_read_whole() -> None:
    """Ten thousand items are ten thousand entries."""
    feed: ParsedFeed = poll.parse(rss(*(f"<guid>{n}</guid><title>{n}</title>" for n in range(10_000))).encode(), URL)
    assert len(feed.entries) == 10_000
    assert not feed.problems


@settings(deadline=None)  # other work on the machine is no failure
@given(st.binary(max_size=2000) | st.text(max_size=2000).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_feed_or_an_error(body: bytes) -> None:
    """ParseError is the only exception there is."""
    for document in (
        body,
        b"<rss version='2.0'><channel><item>" + body + b"</item></channel></rss>",
        b'{"items": [' + body,
    ):
        with suppress(ParseError):
            assert all(entry.guid for entry in poll.parse(document, URL).entries)


@settings(deadline=None)  # other work on the machine is no failure
@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=5))
def test_json_strings_survive(items: list[tuple[str, str]]) -> None:
    """What a JSON Feed says in a title is what the entry is called, but for white space and illegal characters."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"id": f"x{n}", "title": t, "content_text": c} for n, (t, c) in enumerate(items)],
    }
    feed = poll.parse(json.dumps(document).encode(), URL)
    wanted = [" ".join(legal(title).split()) for title, _ in items]
    assert [entry.title for entry in feed.entries] == [title if is_seen(title) else "" for title in wanted]

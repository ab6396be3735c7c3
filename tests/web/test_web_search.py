"""Search as people and as feed readers see it."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html
from support.desk_room import SITE, serving
from support.emit_rules import faults_of

from aggregator.store import connection, queries
from aggregator.web.rendering import marked

ATOM = "{http://www.w3.org/2005/Atom}"


def titles(ask: Any, query: str) -> list[str]:
    answer = ask(f"/search?{query}")
    assert answer.status == 200
    page = html.fromstring(answer.body)
    return [link.text_content() for link in page.xpath('//a[@class="post"]')]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=worm&sort=date", ["Wurm", "Page patch", "A worm in C++"]),
        ("q=worm&source=alpha&sort=date", ["Page patch", "A worm in C++"]),
        ("q=worm&source=Beta", ["A worm in C++ again"]),
        ("q=worm&tag=vendors&sort=date", ["Page patch", "A worm in C++"]),
        ("q=worm&language=de", ["Wurm"]),
        ("q=worm&language=EN&sort=date", ["Page patch", "A worm in C++"]),
        ("q=worm&since=2026-03-09&sort=date", ["Wurm", "Page patch"]),
        ("q=worm&until=2026-03-08", ["A worm in C++"]),
        ("q=worm&until=2026-03-07", []),
        ("q=researchers&copies=1&sort=date", ["A worm in C++ again", "A worm in C++"]),
        ("tag=vendors", ["Page patch", "A worm in C++"]),
        ("", ["Wurm", "Hotspots", "Page patch", "A worm in C++"]),
        ("q=worm&page=2", []),
        ("q=absent", []),
        ("q=worm&source=nobody", []),
    ],
)
def test_words_and_filters(ask: Any, query: str, found: list[str]) -> None:
    """By words, source, tag, language and days, by date or relevance; copies only when asked for, or of one source."""
    assert sorted(titles(ask, query)) == sorted(found)
    if "sort=date" in query or not query.startswith("q="):
        assert titles(ask, query)[-1:] == found[-1:]


def test_a_source_or_tag_that_nobody_has_is_said(ask: Any) -> None:
    """Else a slip of the pen looks like a source that is silent."""
    page = ask("/search?source=nobody&tag=vendor").text
    assert "There is no source “nobody”." in page
    assert "No source has the tag “vendor”." in page
    quiet = ask("/search?q=absent&source=alpha&tag=vendors").text
    assert "There is no source" not in quiet
    assert "No source has" not in quiet


def test_hits_are_highlighted_and_everything_is_escaped(ask: Any) -> None:
    """Hits stand in <mark>, markup in the text is text; the source is a link to its page."""
    page = ask("/search?q=hole+worm").text
    assert '<a href="sources/alpha.html">Alpha</a>' in page
    assert ask("/sources/alpha.html").status == 200
    assert "a <mark>worm</mark> used the <mark>hole</mark>" in page
    assert "&lt;b&gt;&amp; co.&lt;/b&gt;" in page


def test_a_page_after_the_last_says_so(ask: Any) -> None:
    """It is no search without results."""
    page = ask("/search?q=worm&page=2").text
    assert "There is nothing on this page." in page
    assert "Nothing found" not in page


def test_a_copy_is_named_and_an_original_names_its_copies(ask: Any) -> None:
    """A hidden duplicate is marked as copy of its original, which says where else it stands."""
    page = ask("/search?q=researchers&copies=1").text
    assert re.search(r'copy of <a href="posts/[^"]+">Alpha</a>', page)
    assert re.search(r'also in <a href="posts/[^"]+">Beta</a>', page)


@pytest.mark.parametrize("query", ["worm (", '"', "AND AND", "worm AND", "title:", "*", "log4j: worm", "NEAR(", "^"])
def test_a_query_in_wrong_syntax_is_a_search_all_the_same(ask: Any, query: str) -> None:
    """Never an error; the page says that the words were searched for as typed."""
    answer = ask(f"/search?q={quote(query)}")
    assert answer.status == 200
    assert "Not valid search syntax" in answer.text or "Nothing found" in answer.text


def test_a_day_that_is_none_is_said_and_nothing_is_looked_for(ask: Any) -> None:
    """400, in words, and the form keeps the rest; the same of a feed, and of days in the wrong order."""
    answer = ask("/search?q=worm&tag=wire&copies=1&since=yesterday&until=2026-03-09")
    assert answer.status == 400
    assert "From: “yesterday” is not a date. Write it as 2026-03-31." in unescape(answer.text)
    page = html.fromstring(answer.body)
    assert page.xpath('//a[@class="post"] | //link[@rel="alternate"]') == []
    assert page.xpath("//details/@open | //option[@selected]/text() | //input[@checked]/@name") == [
        "",
        "wire",
        "copies",
    ]
    assert page.xpath('//input[@id="q" or @id="since" or @id="until"]/@value') == ["worm", "", "2026-03-09"]
    feed = ask("/search.atom?q=worm&since=yesterday")
    assert (feed.status, feed.headers["cache-control"]) == (400, "no-store")
    assert "From is later than To." in ask("/search?since=2026-03-09&until=2026-03-08").text


@settings(max_examples=60, deadline=None)
@given(
    values=st.dictionaries(
        st.sampled_from(["q", "source", "tag", "language", "since", "until", "sort", "copies", "page"]),
        st.text(max_size=30),
    ),
    extension=st.sampled_from(["", ".atom", ".json", ".rss"]),
)
def test_nothing_asked_is_an_error(ask: Any, values: dict[str, str], extension: str) -> None:
    """Whatever stands in the query string, the answer is a page or a valid document, or says which day is none."""
    query = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in values.items())
    answer = ask(f"/search{extension}?{query}")
    assert answer.status == 200 or (answer.status == 400 and re.search("is not a date|is later than", answer.text))
    if extension and answer.status == 200:
        assert faults_of({f"x{extension}": answer.body}) == {}


def test_a_search_is_a_feed_too(ask: Any, filled: Path) -> None:
    """The same posts with the ids and dates that they have in the output; linked from the page as alternates."""
    page = html.fromstring(ask("/search?q=worm&sort=date&page=1").body)
    links = {link.get("type"): link.get("href") for link in page.xpath('//link[@rel="alternate"]')}
    assert links["application/atom+xml"] == "search.atom?q=worm"
    documents = {f"feed.{name}": ask(f"/search.{name}?q=worm").body for name in ("atom", "rss", "json")}
    assert faults_of(documents) == {}
    found = etree.fromstring(documents["feed.atom"])
    ids = [node.text for node in found.iter(f"{ATOM}id")]
    combined = etree.fromstring((filled / "public" / "feed.atom").read_bytes())
    assert ids[0] == "tag:news.example,2000:feed:/wire/search?q=worm"
    ours = {entry.findtext(f"{ATOM}id"): etree.tostring(entry) for entry in found.iter(f"{ATOM}entry")}
    theirs = {entry.findtext(f"{ATOM}id"): etree.tostring(entry) for entry in combined.iter(f"{ATOM}entry")}
    assert len(ours) == 3
    assert all(theirs[id_] == entry for id_, entry in ours.items())
    dates = [entry.findtext(f"{ATOM}updated") for entry in found.iter(f"{ATOM}entry")]
    assert dates == sorted(set(dates), reverse=True)
    own = json.loads(documents["feed.json"])
    assert own["feed_url"] == "https://news.example/wire/search.json?q=worm"
    assert own["home_page_url"] == "https://news.example/wire/search?q=worm"


def test_a_feed_of_a_search_has_one_name_however_it_is_asked_for(ask: Any) -> None:
    """Order of parameters, order of results and page make no other feed; a validator brings a 304."""
    answer = ask("/search.atom?sort=relevance&page=3&tag=wire&q=worm")
    assert answer.body == ask("/search.atom?q=worm&tag=wire").body
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    again = ask("/search.atom?q=worm&tag=wire", If_None_Match=answer.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_a32_markup_in_what_was_asked_is_text(ask: Any) -> None:
    """In the page and in the feeds."""
    query = quote('<script>alert(1)</script>" onfocus=x <!--')
    page = ask(f"/search?q={query}&source={query}").text
    assert "<script>" not in ask(f"/search?q={query}&since={query}").text
    assert "<script>" not in page
    assert "onfocus=x" not in html.fromstring(page).xpath('//input[@id="q"]')[0].attrib
    for name in ("atom", "rss"):
        assert b"<script>" not in ask(f"/search.{name}?q={query}").body


def test_no_secret_of_a_feed_is_shown(ask: Any) -> None:
    """The address of a source may hold a token; no page and no feed shows it."""
    for path in ("/search?q=worm", "/search.atom?q=worm", "/search.json", "/status"):
        assert b"hunter2" not in ask(path).body


def test_a_search_that_takes_too_long_is_ended(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """400 with a hint, of the page, the feed and the API; the database is none the worse, nor are other questions."""
    monkeypatch.setattr(connection, "LOOK_STEPS", 1)
    with serving(filled) as asking:
        monkeypatch.setattr(queries, "SEARCH_S", 0)
        answers = [asking(path) for path in ("/search?q=w*", "/search.atom?q=w*", "/api/articles?q=w*")]
        assert [answer.status for answer in answers] == [400] * 3
        assert all(b"This search takes too long" in answer.body for answer in answers)
        assert "error" in answers[2].json
        assert html.fromstring(answers[0].body).xpath('//input[@id="q"]/@value') == ["w*"]
        assert asking("/status").status == 200
        monkeypatch.setattr(queries, "SEARCH_S", 2.0)
        assert asking("/search?q=w*").status == 200


@pytest.mark.parametrize("query", ["wor*", "wor* OR hot*", "title : wor*", '"a" + wor*'])
def test_hits_of_a_prefix_are_highlighted(ask: Any, query: str) -> None:
    """In each article found, whatever the order."""
    for order in ("date", ""):
        page = html.fromstring(ask(f"/search?q={quote(query)}&sort={order}").body)
        cards = page.xpath('//li[@class="card"]')
        assert cards
        assert all(card.xpath(".//mark") for card in cards)


def test_a_feed_of_a_search_holds_the_newest(filled: Path) -> None:
    """As many as the site's feeds do, and not the best."""
    for size, titles in ((1, ["Wurm"]), (2, ["Wurm", "Page patch"])):
        with serving(filled, SITE.model_copy(update={"page_size": size})) as asking:
            assert [item["title"] for item in asking("/search.json?q=worm").json["items"]] == titles


def test_marks_are_pairs_and_nothing_else() -> None:
    """A text that holds the characters which stand for them makes no element of its own."""
    assert marked("\ue001a \ue000<b>\ue001 \ue000c") == "a <mark>&lt;b&gt;</mark> c"

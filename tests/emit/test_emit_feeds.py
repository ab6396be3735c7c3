"""The three formats: the output rules of DESIGN.md, the validator's rules, and hostile input."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import etree
from support.emit_rules import ATOM, CONTENT, DC, DCTERMS, FAULTS, LANG, faults_of, warnings_of
from support.emit_shelf import KREBS, START, THREATPOST, Shelf, filled, make_post

from aggregator.config.settings import Site
from aggregator.emit import build
from aggregator.models import AlsoIn, Attribution, Enclosure, Episode, Post, PostLink, Source

NEXT = PostLink("https://threatpost.example/next/", "What comes next", "Its first lines.", "posts/2026/04/next.html")
PREVIOUS = PostLink("https://threatpost.example/before/")
RICH = make_post(
    3,
    author="Lindsey O’Donnell",
    language="de",
    revised=START + timedelta(days=400),
    tags=("news", "Mobile & more"),
    lead_image="https://threatpost.example/lead.jpg",
    enclosures=(
        Enclosure("https://threatpost.example/a.mp3", "audio/mpeg", 123),
        Enclosure("https://x.example/b", "?"),
    ),
    attribution=Attribution("Kaspersky", "https://kaspersky.example/"),
    next=NEXT,
    previous=PREVIOUS,
    also_in=(AlsoIn("Krebs on Security", "https://krebs.example/3/", "posts/2026/03/copy.html"),),
    story="a-story",
)


def feeds(out: Path, *posts: Post, site: Site | None = None) -> dict[str, bytes]:
    """The combined feed of these posts, in each format."""
    shelf = Shelf()
    shelf.put(*posts)
    build(shelf, site or Site(title="Security news", base_url="https://news.example/"), out)
    return {kind: (out / f"feed.{kind}").read_bytes() for kind in FAULTS}


@pytest.fixture
def rich(tmp_path: Path) -> dict[str, Any]:
    """A post with everything, in each format, taken apart."""
    found = feeds(tmp_path, RICH)
    return {
        "atom": etree.fromstring(found["atom"]).find(f"{ATOM}entry"),
        "rss": etree.fromstring(found["rss"]).find("channel/item"),
        "json": json.loads(found["json"])["items"][0],
    }


def test_every_document_is_valid(tmp_path: Path, site: Site) -> None:
    """No rule of the validator is broken in any feed, tag, source or archive document."""
    shelf = filled(35)
    shelf.put(replace(RICH, sequence=36, id="tag:aggregator.example,2026:36", stamp=START + timedelta(days=350)))
    build(shelf, site, tmp_path)
    found = [path for kind in FAULTS for path in sorted(tmp_path.rglob(f"*.{kind}"))]
    assert len(found) == 3 * (1 + 2 + 3 + 3)
    assert faults_of({str(path): path.read_bytes() for path in found}) == {}


def test_an_empty_feed_is_valid(tmp_path: Path) -> None:
    """Before the first post every format is valid already, and its date is no invention of today."""
    found = feeds(tmp_path)
    assert faults_of(found) == {}
    assert b"1970-01-01T00:00:00Z" in found["atom"]


def test_order_is_descending_sequence_and_dates_fall_strictly(tmp_path: Path, site: Site) -> None:
    """RSS dates are unique and descend; the order is that of first emission whatever the origin's dates are."""
    shelf = filled(12)
    shelf.put(replace(shelf.posts[12], published=START - timedelta(days=900)))
    build(shelf, site, tmp_path)
    parsed = feedparser.parse((tmp_path / "feed.rss").read_bytes())
    assert [entry.title for entry in parsed.entries] == [f"Post number {n}" for n in range(12, 0, -1)]
    dates = [entry.published_parsed for entry in parsed.entries]
    assert dates == sorted(set(dates), reverse=True)


def test_atom_dates(rich: dict[str, Any]) -> None:
    """`published` is the origin's date; `updated` the last real change."""
    assert rich["atom"].findtext(f"{ATOM}published") == "2026-03-02T05:00:00Z"
    assert rich["atom"].findtext(f"{ATOM}updated") == "2027-04-05T08:00:00Z"
    assert rich["json"]["date_published"] == "2026-03-02T05:00:00Z"


def test_a_change_that_is_none_raises_no_date(tmp_path: Path, site: Site) -> None:
    """A next post that appears later changes the entry, not its dates."""
    shelf = filled(12)
    build(shelf, site, tmp_path)
    before = etree.fromstring((tmp_path / "feed.atom").read_bytes())
    shelf.put(replace(shelf.posts[12], next=NEXT))
    build(shelf, site, tmp_path)
    after = etree.fromstring((tmp_path / "feed.atom").read_bytes())
    assert before.findtext(f"{ATOM}updated") == after.findtext(f"{ATOM}updated")
    assert after.find(f"{ATOM}entry/{ATOM}link[@rel='next']") is not None


def test_rss_date_is_the_stamp_and_the_origins_stands_beside(rich: dict[str, Any]) -> None:
    """pubDate is ours, unique; dcterms:created the origin's."""
    assert rich["rss"].findtext("pubDate") == "Sat, 26 Dec 2026 08:03:00 GMT"
    assert rich["rss"].findtext(f"{DCTERMS}created") == "2026-03-02T05:00:00Z"


def test_links_to_the_neighbours(rich: dict[str, Any]) -> None:
    """Atom links, RSS atom:links and the JSON object carry next and previous with title."""
    for kind in ("atom", "rss"):
        links = {link.get("rel"): link for link in rich[kind].findall(f"{ATOM}link")}
        assert (links["next"].get("href"), links["next"].get("title")) == (NEXT.url, NEXT.title)
        assert links["prev"].get("href") == PREVIOUS.url
        assert links["related"].get("href") == "https://krebs.example/3/"
    assert rich["json"]["_aggregator"]["next"] == {
        "url": NEXT.url,
        "title": NEXT.title,
        "teaser": NEXT.teaser,
        "mirror_url": "https://news.example/posts/2026/04/next.html",
    }
    assert rich["json"]["_aggregator"]["previous"]["mirror_url"] is None


def test_the_json_object_is_as_interface_says(rich: dict[str, Any]) -> None:
    """Source, others that carry it, and story."""
    ours = rich["json"]["_aggregator"]
    assert ours["source"] == {
        "name": "Threatpost",
        "home_page_url": "https://threatpost.example/",
        "feed_url": "https://threatpost.example/feed/",
    }
    assert ours["also_in"] == [{"name": "Krebs on Security", "url": "https://krebs.example/3/"}]
    assert ours["story"] == "a-story"


def test_the_outlet_stands_with_the_author(rich: dict[str, Any], tmp_path: Path) -> None:
    """Readers do not show atom:source, so the author's name says the outlet; without an author it is the outlet."""
    wanted = "Lindsey O’Donnell (Threatpost)"
    assert rich["atom"].findtext(f"{ATOM}author/{ATOM}name") == wanted
    assert rich["rss"].findtext(f"{DC}creator") == wanted
    assert rich["json"]["authors"] == [{"name": wanted}]
    alone = feeds(tmp_path / "alone", make_post(3, author=None), make_post(6, author="threatpost"))
    assert {item["authors"][0]["name"] for item in json.loads(alone["json"])["items"]} == {"Threatpost"}


def test_atom_source_names_the_origins_feed(tmp_path: Path) -> None:
    """Its id where it has one, its title, a date that does not churn, its self link."""
    post = make_post(4)
    later = replace(post, source=replace(KREBS, updated=START + timedelta(days=1)))
    one, other = feeds(tmp_path / "a", post), feeds(tmp_path / "b", later)
    source = etree.fromstring(one["atom"]).find(f"{ATOM}entry/{ATOM}source")
    assert source.findtext(f"{ATOM}id") == "tag:krebs.example,2009:feed"
    assert source.findtext(f"{ATOM}title") == "Krebs on Security"
    assert source.find(f"{ATOM}link[@rel='self']").get("href") == "https://krebs.example/feed/atom/"
    assert one == other


def test_the_footer_shows_what_readers_hide(rich: dict[str, Any]) -> None:
    """Source, attribution, others and the next post with its teaser stand visibly under the article, in all formats."""
    html = rich["json"]["content_html"]
    assert html == rich["atom"].findtext(f"{ATOM}content") == rich["rss"].findtext(f"{CONTENT}encoded")
    assert html.startswith("<p>The text of post 3.</p><hr>")
    assert '<a href="https://threatpost.example/">Threatpost</a>' in html
    assert 'Originally from: <a href="https://kaspersky.example/">Kaspersky</a>' in html
    assert 'Also in: <a href="https://krebs.example/3/">Krebs on Security</a>' in html
    assert '<a href="https://news.example/posts/2026/04/next.html">What comes next</a><br>Its first lines.' in html


def test_h18_the_footer_shows_no_words_of_a_post_that_only_comes_next_in_the_feed(tmp_path: Path) -> None:
    """Its title and link stand there; its teaser stays in the fields of its own."""
    entry = json.loads(feeds(tmp_path, make_post(3, next=replace(NEXT, named=False)))["json"])["items"][0]
    assert "What comes next</a>" in entry["content_html"]
    assert "Its first lines." not in entry["content_html"]
    assert entry["_aggregator"]["next"]["teaser"] == "Its first lines."


def test_a_next_post_that_is_not_held_leads_to_the_origin(tmp_path: Path) -> None:
    """Without a page of ours the footer links to the outlet's own."""
    html = json.loads(feeds(tmp_path, make_post(3, next=replace(NEXT, path=None)))["json"])["items"][0]["content_html"]
    assert '<a href="https://threatpost.example/next/">What comes next</a>' in html


def test_languages_where_known(rich: dict[str, Any], tmp_path: Path) -> None:
    """The feed says the site's language, the entry its own; what is no language tag is left out."""
    assert rich["atom"].get(LANG) == rich["rss"].findtext(f"{DC}language") == rich["json"]["language"] == "de"
    odd = etree.fromstring(feeds(tmp_path / "odd", make_post(3, language="x y"))["atom"])
    assert odd.get(LANG) == "en"
    assert odd.find(f"{ATOM}entry").get(LANG) is None


ARABIC = "أعلنت شركة الأمن السيبراني اليوم عن اكتشاف ثغرة خطيرة في أجهزة التوجيه المنزلية، وقد تسمح للمهاجمين. "


@pytest.mark.parametrize(
    ("html", "language", "rtl"),
    [
        (f"<p>{ARABIC}</p>", "ar", True),
        (f"<p>{ARABIC}</p>", None, True),
        (f"<p>{ARABIC}</p>", "en", True),
        ("<p>Microsoft Exchange CVE-2026-1234 ProxyShell בשרתים פגיעים</p>", "he", True),
        ("<p>Microsoft Exchange servers were attacked, says the vendor, by a group called חתול</p>", "en", False),
        ("<p>Nothing of the kind.</p>", "ar", False),
        ("<p>Ünïcödé only</p>", "de", False),
        (f"<p>{ARABIC}</p><pre><code>{'curl -k https://router.example/ | sh; ' * 40}</code></pre>", None, True),
    ],
)
def test_a_text_that_runs_from_right_to_left_says_so(
    tmp_path: Path, html: str, language: str | None, rtl: bool
) -> None:
    """In every format, by its letters and its language; code in it runs the other way, and so does the footer."""
    found = feeds(tmp_path, replace(make_post(1), html=html, language=language))
    contents = (
        etree.fromstring(found["atom"]).findtext(f"{ATOM}entry/{ATOM}content"),
        etree.fromstring(found["rss"]).findtext(f"channel/item/{CONTENT}encoded"),
        json.loads(found["json"])["items"][0]["content_html"],
    )
    for content in contents:
        assert content.startswith('<div dir="rtl"><p>') == rtl
        body, _, footer = content.rpartition("<hr>")
        assert body.endswith("</div>") == rtl
        assert "dir=" not in footer
        assert body.count("<pre") == body.count('<pre dir="ltr">')


def test_enclosures(rich: dict[str, Any]) -> None:
    """RSS has one, complete; Atom and JSON all; a type that is none is not passed on."""
    assert dict(rich["rss"].find("enclosure").attrib) == {
        "url": "https://threatpost.example/a.mp3",
        "length": "123",
        "type": "audio/mpeg",
    }
    assert len(rich["atom"].findall(f"{ATOM}link[@rel='enclosure']")) == 2
    assert [file["mime_type"] for file in rich["json"]["attachments"]] == ["audio/mpeg", "application/octet-stream"]


MEDIA = "{http://search.yahoo.com/mrss/}"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
COVER, TALK, VIDEO, REPORT = (
    Enclosure("https://threatpost.example/cover.jpg", "image/jpeg", 100),
    Enclosure("https://threatpost.example/talk.mp3", "audio/mpeg", 2000, 1936, "The talk"),
    Enclosure("https://threatpost.example/talk.mp4", "video/mp4", 9000),
    Enclosure("https://threatpost.example/report.pdf", "application/pdf"),
)


@pytest.mark.parametrize(
    ("files", "main"),
    [
        ((COVER, TALK), TALK),
        ((COVER, VIDEO, TALK), TALK),
        ((COVER, VIDEO), VIDEO),
        ((COVER, REPORT), REPORT),
        ((COVER,), COVER),
        ((), None),
    ],
)
def test_the_file_to_be_heard_is_that_of_the_rss_item(
    tmp_path: Path, files: tuple[Enclosure, ...], main: Enclosure | None
) -> None:
    """An item has one; the others are there as Media RSS; Atom and JSON Feed have all, with what is known of them."""
    found = feeds(tmp_path, make_post(3, enclosures=files))
    assert {kind: FAULTS[kind](data) for kind, data in found.items()} == {kind: [] for kind in found}
    item = etree.fromstring(found["rss"]).find("channel/item")
    assert [one.get("url") for one in item.findall("enclosure")] == ([main.url] if main else [])
    assert [one.get("url") for one in item.findall(f"{MEDIA}content")] == [file.url for file in files if file != main]
    entry = etree.fromstring(found["atom"]).find(f"{ATOM}entry")
    assert [one.get("href") for one in entry.findall(f"{ATOM}link[@rel='enclosure']")] == [file.url for file in files]
    attachments = json.loads(found["json"])["items"][0].get("attachments", [])
    assert [one["url"] for one in attachments] == [file.url for file in files]
    if TALK in files:
        assert attachments[files.index(TALK)] == {
            "url": TALK.url, "mime_type": "audio/mpeg", "title": "The talk", "size_in_bytes": 2000, "duration_in_seconds": 1936,
        }  # fmt: skip
        assert entry.find(f"{MEDIA}content[@url='{TALK.url}']").get("duration") == "1936"


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("talk.m4a", "", "audio/mp4"),
        ("talk.mp3", "mp3", "audio/mpeg"),
        ("talk.OGG", "application/octet-stream", "audio/ogg"),
        ("talk.opus?x=1.pdf", "binary/octet-stream", "audio/ogg"),
        ("report.pdf#page=2", "", "application/pdf"),
        ("talk.mp3", "audio/x-mpeg", "audio/x-mpeg"),
        ("talk", "", "application/octet-stream"),
    ],
)
def test_a_file_has_a_type(tmp_path: Path, name: str, given: str, expected: str) -> None:
    """By its name where the feed gives none, or one that says nothing."""
    found = feeds(tmp_path, make_post(3, enclosures=(Enclosure(f"https://threatpost.example/{name}", given, 9),)))
    assert etree.fromstring(found["rss"]).find("channel/item/enclosure").get("type") == expected
    assert json.loads(found["json"])["items"][0]["attachments"][0]["mime_type"] == expected


def test_an_episode_is_one_for_players(tmp_path: Path) -> None:
    """Length, number, season, kind, picture: as Apple's namespace in RSS, in JSON Feed beside what is ours."""
    episode = Episode(2, 14, "bonus", explicit=False, duration=1936, subtitle="About <locks>")
    post = make_post(3, enclosures=(TALK,), episode=episode, lead_image="https://threatpost.example/e.jpg")
    found = feeds(tmp_path, post, make_post(6, enclosures=(TALK,)))
    item, plain = etree.fromstring(found["rss"]).findall("channel/item")[::-1]
    said = {
        name: item.findtext(f"{ITUNES}{name}")
        for name in ("duration", "season", "episode", "episodeType", "explicit", "subtitle")
    }
    assert said == {
        "duration": "1936", "season": "2", "episode": "14", "episodeType": "bonus", "explicit": "false", "subtitle": "About <locks>",
    }  # fmt: skip
    assert item.find(f"{ITUNES}image").get("href") == "https://threatpost.example/e.jpg"
    assert not [child for child in plain if child.tag.startswith(ITUNES)]
    (entry,) = (one for one in json.loads(found["json"])["items"] if "episode" in one["_aggregator"])
    assert entry["_aggregator"]["episode"] == {
        "season": 2, "number": 14, "kind": "bonus", "explicit": False, "duration": 1936, "subtitle": "About <locks>",
    }  # fmt: skip
    parsed = feedparser.parse(found["rss"])
    assert parsed.entries[1].itunes_duration == "1936"


def test_the_picture_stands_where_readers_look_for_it(tmp_path: Path) -> None:
    """Media RSS in Atom and RSS, `image` in JSON Feed; in the text too where there is nothing else to see."""
    picture = "https://threatpost.example/p.jpg?a=1&b=2"
    found = feeds(
        tmp_path,
        make_post(3, lead_image=picture),
        make_post(6, html="", summary="", lead_image=picture, lead_image_alt='A "lock" & <key>', enclosures=(COVER,)),
        make_post(9, html="", summary="", lead_image=picture, lead_image_alt="x", media="strip"),
    )
    for kind, path in (("atom", f"{ATOM}entry"), ("rss", "channel/item")):
        shown = [one.find(f"{MEDIA}thumbnail") for one in etree.fromstring(found[kind]).findall(path)]
        assert [one.get("url") if one is not None else None for one in shown] == [None, picture, picture]
        assert faults_of({f"feed.{kind}": found[kind]}) == {}
    stripped, wordless, worded = json.loads(found["json"])["items"]
    assert [one.get("image") for one in (stripped, wordless, worded)] == [None, picture, picture]
    assert wordless["content_html"].startswith(
        '<p><img src="https://threatpost.example/p.jpg?a=1&amp;b=2" alt="A &quot;lock&quot; &amp; &lt;key&gt;"></p>'
        '<p><img src="https://threatpost.example/cover.jpg" alt=""></p><hr>'
    )
    assert "<img" not in worded["content_html"] + stripped["content_html"]


def test_what_the_origin_files_a_post_under_goes_out(tmp_path: Path) -> None:
    """After the operator's tags, each once whatever its case."""
    found = feeds(
        tmp_path, make_post(3, tags=("news",), categories=("Ransomware", "NEWS", "CVE-2026-1234", "ransomware", " "))
    )
    wanted = ["news", "Ransomware", "CVE-2026-1234"]
    entry = etree.fromstring(found["atom"]).find(f"{ATOM}entry")
    assert [one.get("term") for one in entry.findall(f"{ATOM}category")] == wanted
    assert [one.text for one in etree.fromstring(found["rss"]).find("channel/item").findall("category")] == wanted
    assert json.loads(found["json"])["items"][0]["tags"] == wanted


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("Jane Doe, John Roe", ["Jane Doe", "John Roe"]),
        ("Jane Doe, John Roe and Ann Poe", ["Jane Doe", "John Roe", "Ann Poe"]),
        ("Jane Doe and John Q. Roe", ["Jane Doe", "John Q. Roe"]),
        ("Jane Doe; John Roe", ["Jane Doe", "John Roe"]),
        ("Jane Doe, PhD, John Roe, Jr.", ["Jane Doe, PhD", "John Roe, Jr."]),
        ("Doe, Jane", ["Doe, Jane"]),
        ("Acme, Inc.", ["Acme, Inc."]),
        ("Research and Analysis Team", ["Research and Analysis Team"]),
        ("Jane Doe, Jane Doe", ["Jane Doe"]),
        ("Юлия Глазова, Иван Петров", ["Юлия Глазова", "Иван Петров"]),
        ("Ünal Öz & Éva Nagy", ["Ünal Öz", "Éva Nagy"]),
        ("GReAT", ["GReAT"]),
        ("Threatpost", []),
    ],
)
def test_authors_are_a_list(tmp_path: Path, author: str, names: list[str]) -> None:
    """In Atom and JSON Feed each by himself, with the outlet; RSS has one line, since readers show one."""
    found = feeds(tmp_path, make_post(3, author=author))
    wanted = [f"{name} (Threatpost)" for name in names] or ["Threatpost"]
    entry = etree.fromstring(found["atom"]).find(f"{ATOM}entry")
    assert [one.text for one in entry.findall(f"{ATOM}author/{ATOM}name")] == wanted
    assert [one["name"] for one in json.loads(found["json"])["items"][0]["authors"]] == wanted
    line = ", ".join(names) + " (Threatpost)" if names else "Threatpost"
    assert etree.fromstring(found["rss"]).findtext(f"channel/item/{DC}creator") == line


def test_hidden_posts_stand_in_their_sources_feed_alone(tmp_path: Path, site: Site) -> None:
    """A duplicate is not in the combined feed nor in a tag's, but its outlet's own feed is complete."""
    shelf = filled(9)
    leader = AlsoIn("Krebs on Security", "https://krebs.example/7/", shelf.posts[7].path)
    shelf.put(replace(shelf.posts[9], hidden=True, leader=leader, also_in=(leader,)))
    build(shelf, site, tmp_path)
    assert b"Post number 9<" not in (tmp_path / "feed.atom").read_bytes()
    assert b"Post number 9<" not in (tmp_path / "tags/news.atom").read_bytes()
    own = (tmp_path / "sources/threatpost.atom").read_bytes()
    assert b"Post number 9<" in own
    assert own.count(b'rel="related"') == 1


def test_a_post_without_url_leads_to_our_page(tmp_path: Path) -> None:
    """An entry without a link of its own still has an alternate link: the mirror's page."""
    found = feeds(tmp_path, make_post(3, url=None))
    assert json.loads(found["json"])["items"][0]["url"] == "https://news.example/posts/2026/03/post-3.html"
    assert faults_of(found) == {}


def test_a_base_url_with_a_path_is_kept(tmp_path: Path) -> None:
    """Everything in the feeds is absolute under the configured address."""
    found = feeds(tmp_path, make_post(3), site=Site(base_url="https://intra.example:8443/news"))
    assert json.loads(found["json"])["feed_url"] == "https://intra.example:8443/news/feed.json"
    assert b"https://intra.example:8443/news/posts/2026/03/post-3.html" in found["atom"]


def test_f29_control_characters_leave_valid_xml(tmp_path: Path) -> None:
    """NUL, other controls and lone surrogates in any text: the entry is there and every format parses."""
    bad = "\x00\x08\x0b\x1b\x7f\x9f\ud800x\ufffe\uffff\udc00 y"
    post = make_post(
        3,
        title=f"T{bad}",
        author=f"A{bad}",
        html=f"<p>H{bad}</p>",
        summary=f"S{bad}",
        tags=(f"t{bad}", "\x00"),
        next=replace(NEXT, title=f"N{bad}", teaser=bad),
        also_in=(AlsoIn(bad, "https://x.example/"),),
        source=replace(THREATPOST, name=f"O{bad}", title=bad),
    )
    found = feeds(tmp_path, post)
    assert faults_of(found) == {}
    assert json.loads(found["json"])["items"][0]["title"] == "TŸ\ufffdx\ufffd y"


def test_a28_markup_in_a_title_is_text(tmp_path: Path) -> None:
    """A title, an author, a tag with markup comes back as the very characters."""
    title = "Use of <b>bold</b> & &amp; <script>alert(1)</script>"
    found = feeds(tmp_path, make_post(3, title=title, author="<i>J</i>", tags=("<u>",)))
    for kind in ("atom", "rss"):
        entry = feedparser.parse(found[kind], sanitize_html=False).entries[0]
        assert (entry.title, entry.author, entry.tags[0].term) == (title, "<i>J</i> (Threatpost)", "<u>")


def test_a29_cdata_ends_and_markup_are_escaped(tmp_path: Path) -> None:
    """`]]>` and closing tags inside a text cannot end an element."""
    nasty = "]]></content></entry><entry>&lt;<![CDATA["
    found = feeds(tmp_path, make_post(3, html=nasty, title=nasty, summary=nasty))
    assert faults_of(found) == {}
    assert etree.fromstring(found["atom"]).findtext(f"{ATOM}entry/{ATOM}title") == nasty
    assert b"]]>" not in found["atom"]
    assert b"]]>" not in found["rss"]


def test_a33_line_breaks_in_a_title_are_spaces(tmp_path: Path) -> None:
    """CR and LF make no second line anywhere."""
    found = feeds(tmp_path, make_post(3, title="One\r\nSet-Cookie: x\n\ttwo", url="https://x.example/\r\na"))
    item = json.loads(found["json"])["items"][0]
    assert (item["title"], item["url"]) == ("One Set-Cookie: x two", "https://x.example/a")


def test_a26_script_links_are_dropped(tmp_path: Path) -> None:
    """No scheme but http and https is linked to, from anywhere."""
    evil = "javascript://x.example/%0aalert(1)"
    post = make_post(
        3,
        url=evil,
        lead_image=evil,
        enclosures=(Enclosure(evil, "audio/mpeg"),),
        attribution=Attribution("X", evil),
        next=PostLink(evil, "N"),
        also_in=(AlsoIn("E", evil),),
        source=Source("S", "threatpost", evil, home_page_url=evil),
    )
    found = feeds(tmp_path, post)
    assert faults_of(found) == {}
    pages = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"javascript:" not in pages


def test_a37_no_secret_leaves_the_house(tmp_path: Path, site: Site) -> None:
    """User, password and token of a feed's address stand in no document."""
    secret = "https://user:hunter2@threatpost.example/feed?token=s3cr3t&page=1"
    source = replace(THREATPOST, feed_url=secret, id=secret, home_page_url="https://user:hunter2@threatpost.example/")
    shelf = Shelf((source,))
    shelf.put(make_post(3, source=source, url="https://user:hunter2@threatpost.example/3/"))
    build(shelf, site, tmp_path)
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"hunter2" not in everything
    assert b"s3cr3t" not in everything
    assert b"page=1" in (tmp_path / "opml.xml").read_bytes()


def test_an_odd_date_is_still_a_date(tmp_path: Path) -> None:
    """The year 1 and the year 9999 go through every format and page."""
    for year in (1, 9999):
        moment = datetime(year, 6, 1, tzinfo=UTC)
        found = feeds(tmp_path / str(year), make_post(3, published=moment, stamp=moment))
        assert faults_of(found) == {}


@pytest.mark.parametrize(("form", "relations"), [("rel", {"next", "prev"}), ("iri", set())])
def test_links_to_neighbours_take_either_form(tmp_path: Path, form: str, relations: set[str]) -> None:
    """The plain words, of which the W3C validator warns, or the address of the link type, of which it does not."""
    site = Site(base_url="https://news.example/", neighbour_links=form)
    found = feeds(tmp_path, RICH, site=site)
    assert faults_of({f"feed.{kind}": data for kind, data in found.items()}) == {}
    warned = {warning.partition(" ")[2] for kind in ("atom", "rss") for warning in warnings_of(found[kind])}
    assert warned == relations
    links = etree.fromstring(found["atom"]).findall(f"{ATOM}entry/{ATOM}link")
    ends = {link.get("rel").rpartition("-")[2]: link.get("href") for link in links}
    assert (ends["next"], ends["prev"]) == (NEXT.url, PREVIOUS.url)
    assert links[0].get("rel") == "alternate"

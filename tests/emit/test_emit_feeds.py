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
from aggregator.models import AlsoIn, Attribution, Enclosure, Post, PostLink, Source

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
    found = [path for kind in FAULTS for path in sorted(tmp_path.rglob(f"*.{kind}")) if ".built" not in str(path)]
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
    """`published` is the origin's date; `updated` the last real change, unique by the sequence as its fraction."""
    assert rich["atom"].findtext(f"{ATOM}published") == "2026-03-02T05:00:00Z"
    assert rich["atom"].findtext(f"{ATOM}updated") == "2027-04-05T08:00:00.000003Z"
    assert rich["json"]["date_published"] == "2026-03-02T05:00:00Z"


def test_updated_is_unique_where_many_are_revised_at_once(tmp_path: Path, site: Site) -> None:
    """A round that revises many posts gives them one time; the feed still tells them apart."""
    shelf = filled(12)
    shelf.put(*(replace(post, revised=START + timedelta(days=900)) for post in shelf.posts.values()))
    build(shelf, site, tmp_path)
    entries = etree.fromstring((tmp_path / "feed.atom").read_bytes()).findall(f"{ATOM}entry")
    updated = [entry.findtext(f"{ATOM}updated") for entry in entries]
    assert len(set(updated)) == 12
    assert all(moment.startswith("2028-08-17T08:00:00.0") for moment in updated)


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


def test_enclosures(rich: dict[str, Any]) -> None:
    """RSS has one, complete; Atom and JSON all; a type that is none is not passed on."""
    assert dict(rich["rss"].find("enclosure").attrib) == {
        "url": "https://threatpost.example/a.mp3",
        "length": "123",
        "type": "audio/mpeg",
    }
    assert len(rich["atom"].findall(f"{ATOM}link[@rel='enclosure']")) == 2
    assert [file["mime_type"] for file in rich["json"]["attachments"]] == ["audio/mpeg", "application/octet-stream"]


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
    """`]]>` and closing tags inside a text can not end an element."""
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

"""What must hold for any post: the documents parse, and say what went in."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import feedparser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from support.emit_rules import ATOM, CONTENT, FAULTS, faults_of
from support.emit_shelf import THREATPOST, Shelf, make_post

from aggregator.config.settings import Site
from aggregator.emit import build, paths
from aggregator.models import AlsoIn, Attribution, Enclosure, Post, PostLink
from aggregator.text.plain import closed, is_seen
from aggregator.text.published import line, purify, valid

SITE = Site(base_url="https://news.example/", page_size=10)
ANY = st.text(st.characters(codec=None), max_size=40)
NASTY = st.sampled_from(
    ["]]>", "<b>", "&amp;", "&", "\x00", "\ud800", "\r\n", "\ufffe", "</title>", "\x85", "\u2028", '"', "'"]
)
TEXT = st.one_of(ANY, st.lists(st.one_of(NASTY, ANY), max_size=4).map("".join))
MAYBE = st.none() | TEXT
URL = st.one_of(TEXT, st.just("https://x.example/a?b=c&d=%3C"), st.just("http://user:pw@x.example/"))
MOMENT = st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
LINK = st.none() | st.builds(PostLink, URL, MAYBE, MAYBE, st.none() | st.just("posts/2026/03/x.html"))
OTHER = st.builds(AlsoIn, TEXT, URL)


@st.composite
def posts(draw: st.DrawFn) -> Post:
    source = replace(THREATPOST, name=draw(TEXT), title=draw(TEXT), home_page_url=draw(st.none() | URL), id=draw(MAYBE))
    return make_post(
        3,
        url=draw(st.none() | URL),
        title=draw(TEXT),
        source=source,
        published=draw(MOMENT),
        revised=draw(st.none() | MOMENT),
        author=draw(MAYBE),
        language=draw(MAYBE),
        html=draw(TEXT),
        summary=draw(TEXT),
        tags=tuple(draw(st.lists(TEXT, max_size=2))),
        lead_image=draw(st.none() | URL),
        enclosures=tuple(draw(st.lists(st.builds(Enclosure, URL, TEXT, st.none() | st.integers()), max_size=2))),
        attribution=draw(st.none() | st.builds(Attribution, TEXT, st.none() | URL)),
        next=draw(LINK),
        previous=draw(LINK),
        also_in=tuple(draw(st.lists(OTHER, max_size=2))),
        leader=draw(st.none() | OTHER),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(post=posts())
def test_any_post_makes_sound_documents_that_say_it(post: Post) -> None:
    """Every format keeps the validator's rules, parses in feedparser, and gives title, id, date and content back."""
    shelf = Shelf((post.source,))
    shelf.put(post)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "public"
        build(shelf, SITE, out)
        found = {f"feed.{kind}": (out / f"feed.{kind}").read_bytes() for kind in FAULTS}
        page = (out / post.path).read_text("utf-8")
    assert faults_of(found) == {}
    atom = etree.fromstring(found["feed.atom"]).find(f"{ATOM}entry")
    item = etree.fromstring(found["feed.rss"]).find("channel/item")
    ours = json.loads(found["feed.json"])["items"][0]
    title = line(post.title)
    if is_seen(title):
        assert title == atom.findtext(f"{ATOM}title") == item.findtext("title") == ours["title"]
    assert ours["content_html"] == atom.findtext(f"{ATOM}content") == item.findtext(f"{CONTENT}encoded")
    assert ours["content_html"].removeprefix('<div dir="rtl">').startswith(valid(post.html))
    for kind in ("atom", "rss"):
        parsed = feedparser.parse(found[f"feed.{kind}"], sanitize_html=False, resolve_relative_uris=False)
        assert not parsed.bozo
        assert [entry.id for entry in parsed.entries] == [post.id]
        assert parsed.entries[0].link == ours["url"]
    assert len(Elements.of(page, "h1")) == 1


class Elements(HTMLParser):
    """How often each element is opened in a page."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == self._name:
            self.found.append(dict(attrs))

    @classmethod
    def of(cls, page: str, name: str) -> list[dict[str, str | None]]:
        parser = cls(name)
        parser.feed(page)
        return parser.found


@given(TEXT)
def test_valid_text_is_xml_and_stays(text: str) -> None:
    """Any text becomes one that an XML parser takes and gives back unchanged; doing it twice is doing it once."""
    good = valid(text)
    assert valid(good) == good
    root = etree.Element("x")
    root.text = good
    assert (etree.fromstring(etree.tostring(root)).text or "") == good
    good.encode()


@given(st.text(max_size=80))
def test_text_without_anything_forbidden_is_kept(text: str) -> None:
    """What XML allows and is no control character is not touched, but for ends of direction marks.

    U+0085 is allowed too, but stands for the letter that Windows-1252 has in its place, as all of C1 (test_plain).
    """
    kept = "".join(
        c for c in text if c in "\t\n" or (ord(c) >= 32 and not 127 <= ord(c) < 160 and ord(c) not in (0xFFFE, 0xFFFF))
    )
    assert valid(kept) == closed(kept)


def test_a_pair_of_surrogates_is_its_character() -> None:
    """Text that was decoded by halves is put together, lone halves are marked."""
    assert valid("\ud83d\ude00 \ud83d") == "\U0001f600 \ufffd"


@given(posts())
def test_a_post_that_is_pure_is_the_same_object(post: Post) -> None:
    """Purifying is idempotent, and free of copies where there is nothing to do."""
    pure = purify(post)
    assert purify(pure) is pure


@given(st.lists(st.text(max_size=20), max_size=8, unique=True))
def test_tags_have_names_of_their_own(tags: list[str]) -> None:
    """Every tag has a file name, safe and not shared, that does not depend on the order of the tags."""
    slugs = paths.tag_slugs(tags)
    assert set(slugs) == set(tags)
    assert len(set(slugs.values())) == len(tags)
    assert slugs == paths.tag_slugs(reversed(tags))
    assert all(paths.safe_path(f"tags/{slug}.atom") for slug in slugs.values())


def test_tags_are_named_as_they_are_spelled() -> None:
    """Simple tags are their own names; of two that would share one the plain spelling has it; reserved ones differ."""
    slugs = paths.tag_slugs(["news", "Threat Intel", "C++", "C", "c", "con", "日本"])
    assert (slugs["news"], slugs["Threat Intel"], slugs["c"]) == ("news", "threat-intel", "c")
    assert slugs["C"].startswith("c-")
    assert slugs["C++"].startswith("c-")
    assert slugs["con"].startswith("con-")
    assert slugs["日本"].startswith("tag-")


@given(URL)
def test_a_shown_url_is_absolute_and_bare_of_credentials(url: str) -> None:
    """Whatever goes in: http or https with a host and no user, or nothing."""
    shown = paths.shown(url)
    assert shown is None or (shown.startswith(("http://", "https://")) and "@" not in shown.split("/")[2])
    assert shown is None or paths.shown(shown) == shown

"""Full-text search: what is found, in what order, and that no query is an error."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.models import Likeness
from aggregator.store import Store, search
from aggregator.store.search import SearchFilter


@pytest.fixture
def library(store: Store) -> Newsroom:
    """Three scraped articles of two feeds."""
    room = Newsroom(store, {"url": "https://alpha.example/feed", "name": "Alpha", "tags": ["wire"]}, "Beta")
    room.poll(entry("worm", published=NOW - 48 * HOUR), entry("patch"))
    room.poll(entry("cafe", "beta.example"), feed="Beta")
    room.scrape(
        "https://alpha.example/worm", "Researchers saw it spread. CVE-2026-1234 is to blame.", title="A worm in C++"
    )
    room.scrape(
        "https://alpha.example/patch", "A vendor has patched the hole that a worm had used.", title="Vendor patches"
    )
    room.scrape("https://beta.example/cafe", "Wi-Fi at the café is not safe.", title="Hotspots")
    room.publish()
    return room


def titles(room: Newsroom, query: str, **where: object) -> list[str]:
    return [hit.title for hit in room.store.search(query, **where)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("worm", ["A worm in C++", "Vendor patches"]),
        ("WORM vendor", ["Vendor patches"]),
        ("cafe", ["Hotspots"]),
        ("CAFÉ", ["Hotspots"]),
        ("patch*", ["Vendor patches"]),
        ('"is not safe"', ["Hotspots"]),
        ("title : worm", ["A worm in C++"]),
        ("hotspots OR researchers", ["A worm in C++", "Hotspots"]),
        ("worm NOT vendor", ["A worm in C++"]),
        ("CVE-2026-1234", ["A worm in C++"]),
        ("wi-fi", ["Hotspots"]),
        ("c++", ["A worm in C++"]),
        ("it's", []),
        ("absent", []),
        ("", []),
        ("   ", []),
        ('"', []),
        ("*", []),
        ("AND", []),
        ("log4j: worm", []),
        ("worm (", ["A worm in C++", "Vendor patches"]),
    ],
)
def test_what_is_found(library: Newsroom, query: str, found: list[str]) -> None:
    """Words, phrases, prefixes, fields and operators; what is none of these is looked for as words."""
    assert sorted(titles(library, query)) == found


def test_a_hit_in_the_title_counts_more(library: Newsroom) -> None:
    """The article that is about it comes before the one that mentions it."""
    assert titles(library, "worm")[0] == "A worm in C++"


def test_filters_and_pages(library: Newsroom) -> None:
    """From a feed, of a tag, of a time; a few at a time."""
    assert titles(library, "worm", source="alpha") == titles(library, "worm", tag="wire") == titles(library, "worm")
    assert titles(library, "worm", source="Beta") == titles(library, "worm", tag="none") == []
    assert titles(library, "worm", since=NOW - 2 * HOUR) == ["Vendor patches"]
    assert titles(library, "worm", until=NOW - 2 * HOUR) == ["A worm in C++"]
    assert titles(library, "worm", limit=1) + titles(library, "worm", limit=1, offset=1) == titles(library, "worm")


@pytest.mark.parametrize("many", [-1.0, 2.0])
def test_a_feed_with_few_articles_and_one_with_many_are_asked_alike(
    library: Newsroom, monkeypatch: pytest.MonkeyPatch, many: float
) -> None:
    """However a filter is looked up: its own articles, those that it carries too, and those that wait; no others."""
    monkeypatch.setattr(search, "_MANY", many)
    library.poll(entry("worm", published=NOW - 48 * HOUR), feed="Beta")
    library.publish()
    library.poll(entry("new", "beta.example", title="A worm that waits"), feed="Beta")
    carried = ["A worm in C++", "A worm that waits"]
    assert sorted(titles(library, "worm", source="beta")) == carried
    assert sorted(titles(library, "worm", tag="wire")) == ["A worm in C++", "Vendor patches"]
    assert titles(library, "worm", source="beta", tag="wire") == ["A worm in C++"]
    out = library.store.queries.find("worm", SearchFilter(source="beta", waiting=False), limit=9)
    assert [hit.post.title for hit in out.hits] == ["A worm in C++"]
    newest = library.store.queries.find("", SearchFilter(source="beta", waiting=False), limit=9)
    assert sorted(hit.post.title for hit in newest.hits) == ["A worm in C++", "Hotspots"]


def test_a_list_is_the_whole_without_what_it_does_not_show(library: Newsroom) -> None:
    """A list of results has every hit as a feed of them has it, but for neighbours, pictures and revisions."""
    asked = SearchFilter(waiting=False)
    whole = library.store.queries.find("worm", asked, limit=9, whole=True)
    listed = library.store.queries.find("worm", asked, limit=9)
    assert any(hit.post.next or hit.post.previous for hit in whole.hits)
    assert listed.hits == tuple(
        replace(hit, post=replace(hit.post, next=None, previous=None, pictures=(), revisions=())) for hit in whole.hits
    )


def test_a_hit(library: Newsroom) -> None:
    """What a hit says, with the passage and its marks."""
    (hit,) = library.store.search("blame")
    assert (hit.source, hit.url, hit.published) == ("Alpha", "https://alpha.example/worm", NOW - 48 * HOUR)
    assert hit.path == library.posts()["worm"].path
    assert "is to \ue000blame\ue001." in hit.snippet


def test_marks_in_a_text_are_not_ours(newsroom: Newsroom) -> None:
    """A text cannot forge the marks around hits."""
    newsroom.poll(entry("one"))
    newsroom.scrape("https://alpha.example/one", "\ue000forged\ue001 and real", title="\ue000x\ue001")
    (hit,) = newsroom.store.search("real")
    assert hit.snippet == "forged and \ue000real\ue001"
    assert hit.title == "x"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=40) | st.text(alphabet='"*^:(){}+-. ,ANDORTNEaé\0\ud800', max_size=30))
@example("NEAR(")
@example('"' * 999)
@example("a " * 5000)
@example("(" * 500)
@example("a OR " * 200 + "a")
@example("{title text} : a")
@example("rank : x")
def test_nothing_typed_is_an_error(library: Newsroom, query: str) -> None:
    """Whatever is typed, the answer is a tuple of hits."""
    assert isinstance(library.store.search(query), tuple)


def test_the_index_follows_and_can_be_made_anew(library: Newsroom) -> None:
    """An index that has drifted from its table is noticed, and rebuilt."""
    assert library.store.maintenance.check() == ()
    library.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
    assert titles(library, "worm") == []
    assert any("search index" in problem for problem in library.store.maintenance.check())
    library.store.maintenance.mend()
    assert library.store.maintenance.check() == ()
    assert len(titles(library, "worm")) == 2


def test_a_hit_names_whose_copy_it_is(library: Newsroom) -> None:
    """And the first publication names the outlets that copied it."""
    library.poll(entry("same", "beta.example"), feed="Beta")
    first = library.article_id("https://alpha.example/patch")
    library.scrape("https://beta.example/same", "A vendor has patched the hole.", likeness=Likeness(first, 1.0, "same"))
    hits = {hit.source: hit for hit in library.store.search("patched")}
    assert (hits["Alpha"].copy_of, hits["Alpha"].also_in) == (None, ("Beta",))
    assert (hits["Beta"].copy_of, hits["Beta"].also_in) == ("Alpha", ())

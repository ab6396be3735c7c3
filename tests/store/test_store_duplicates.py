"""Copies: found by their fingerprints, linked to the first publication, never deleted."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.store_builders import HOUR, NOW, Newsroom, entry, fingerprint

from aggregator.models import Fingerprint, Likeness
from aggregator.store import Store

TEXT = "the quick brown fox jumps over the lazy dog and runs away into the dark wood"


def test_an_alike_text_is_a_candidate(newsroom: Newsroom) -> None:
    """An article that shares several bands, or every word, is handed out with what is needed to compare."""
    newsroom.poll(entry("one"), entry("two"), entry("three"))
    one = newsroom.scrape("https://alpha.example/one", TEXT)
    newsroom.scrape("https://alpha.example/two", "nothing of the kind stands here at all")
    three = newsroom.scrape("https://alpha.example/three", TEXT.replace("dog", "cat"))
    found = newsroom.store.candidates(fingerprint(TEXT), NOW, window_days=14, exclude=0)
    assert [item.article_id for item in found] == [one, three]
    assert found[0].fingerprint == fingerprint(TEXT)
    assert (found[0].text, found[0].title, found[0].published) == (TEXT, "Page one", NOW - HOUR)
    excluded = newsroom.store.candidates(fingerprint(TEXT), NOW, window_days=14, exclude=one)
    assert [item.article_id for item in excluded] == [three]


def test_the_window(newsroom: Newsroom) -> None:
    """Only what was published within so many days, before or after."""
    newsroom.poll(entry("one", published=NOW - timedelta(days=10)))
    newsroom.scrape("https://alpha.example/one", TEXT)
    counts = [len(newsroom.store.candidates(fingerprint(TEXT), NOW, window_days=days, exclude=0)) for days in (9, 10)]
    assert counts == [0, 1]


def test_a_text_without_words_is_like_nothing(newsroom: Newsroom) -> None:
    """Empty articles are not copies of one another."""
    newsroom.poll(entry("one"), entry("two"))
    empty = Fingerprint("0" * 32, (), (), 0)
    newsroom.poll()
    article = newsroom.article_id("https://alpha.example/one")
    with newsroom.store._session.write() as sql:
        from aggregator.store import identity

        identity.save_fingerprint(sql, article, empty, NOW)
    assert newsroom.store.candidates(empty, NOW, window_days=14, exclude=0) == ()


def test_large_numbers_survive(newsroom: Newsroom) -> None:
    """A fingerprint of 64-bit numbers comes back as it was."""
    newsroom.poll(entry("one"))
    whole = Fingerprint("e", (1, 2**63, 2**64 - 1), (2**63, 2**64 - 1), 3)
    with newsroom.store._session.write() as sql:
        from aggregator.store import identity

        identity.save_fingerprint(sql, newsroom.article_id("https://alpha.example/one"), whole, NOW)
    (found,) = newsroom.store.candidates(whole, NOW, window_days=1, exclude=0)
    assert found.fingerprint == whole


def test_a_new_text_is_found_by_its_new_words(newsroom: Newsroom) -> None:
    """A revised article leaves the index under its former words."""
    newsroom.poll(entry("one"))
    newsroom.scrape("https://alpha.example/one", TEXT)
    newsroom.scrape("https://alpha.example/one", "other words stand here now")
    assert newsroom.store.candidates(fingerprint(TEXT), NOW, window_days=9, exclude=0) == ()
    assert newsroom.value("SELECT count(*) FROM bands") == 5


def two_copies(room: Newsroom, hours: tuple[int, int]) -> tuple[int, int]:
    """An article at Alpha and one at Beta, published so many hours ago, neither scraped."""
    room.poll(entry("one", published=NOW - hours[0] * HOUR))
    room.poll(entry("copy", "beta.example", published=NOW - hours[1] * HOUR), feed="Beta")
    return room.article_id("https://alpha.example/one"), room.article_id("https://beta.example/copy")


def test_the_first_publication_leads(two: Newsroom) -> None:
    """Before either is out, whichever was published first is the original, in whatever order they were scraped."""
    one, copy = two_copies(two, (2, 9))
    two.scrape("https://beta.example/copy", TEXT)
    two.scrape("https://alpha.example/one", TEXT, likeness=Likeness(copy, 0.9, "alike"))
    assert two.rows("SELECT id, duplicate_of FROM articles") == [
        {"id": one, "duplicate_of": copy},
        {"id": copy, "duplicate_of": None},
    ]


def test_what_is_out_leads(two: Newsroom) -> None:
    """What readers have seen is not hidden by an original that turns up later."""
    one, copy = two_copies(two, (2, 9))
    two.scrape("https://alpha.example/one", TEXT)
    two.publish()
    two.scrape("https://beta.example/copy", TEXT, likeness=Likeness(one, 0.9, "alike"))
    two.publish()
    assert [post.url for post in two.store.archive.latest(9)] == ["https://alpha.example/one"]
    assert two.value("SELECT duplicate_of FROM articles WHERE id = ?", copy) == one


def test_a_link_found_later_marks_all_that_show_it(two: Newsroom) -> None:
    """Linked after both were out: both posts have changed, the copy is hidden, nothing is removed."""
    one, _ = two_copies(two, (9, 2))
    two.scrape("https://alpha.example/one", TEXT)
    two.scrape("https://beta.example/copy", TEXT)
    two.publish()
    head = two.store.archive.head()
    two.scrape("https://beta.example/copy", TEXT, likeness=Likeness(one, 0.8, "alike"))
    assert {post.hidden for post in two.store.archive.changed(head)} == {True, False}
    assert [post.hidden for post in two.store.archive.between(1, 9)] == [False]
    assert two.store.maintenance.counts()["duplicates"] == 1


def test_all_that_are_alike_to_the_first_are_linked_to_it(newsroom: Newsroom) -> None:
    """When the first publication is scraped last, every copy that was alone finds it, not only the most alike."""
    newsroom.poll(
        *(entry(name, published=NOW - hours * HOUR) for name, hours in (("first", 9), ("b", 5), ("c", 4), ("d", 3)))
    )
    ids = {name: newsroom.scrape(f"https://alpha.example/{name}", f"{TEXT} {name}") for name in ("b", "c", "d")}
    alike = tuple(Likeness(ids[name], 0.9, "alike") for name in "bc")
    first = newsroom.scrape("https://alpha.example/first", TEXT, likeness=Likeness(ids["b"], 0.95, "alike"), also=alike)
    newsroom.scrape("https://alpha.example/d", TEXT, also=(Likeness(first, 0.9, "not for the later one to say"),))
    links = {row["id"]: row["duplicate_of"] for row in newsroom.rows("SELECT id, duplicate_of FROM articles")}
    assert links == {first: None, ids["b"]: first, ids["c"]: first, ids["d"]: None}
    assert newsroom.value("SELECT similarity FROM articles WHERE id = ?", ids["c"]) == 0.9


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(links=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12), out=st.sets(st.integers(0, 5)))
def test_groups_are_always_flat(store: Store, links: list[tuple[int, int]], out: set[int]) -> None:
    """Whatever is linked to what, in whatever order: a duplicate points at a leader, and a leader at nobody."""
    room = Newsroom(store)
    run = room.value("SELECT count(*) FROM articles")
    names = [f"run{run}-{number}" for number in range(6)]
    room.poll(*(entry(name) for name in names))
    ids = [room.article_id(f"https://alpha.example/{name}") for name in names]
    for number in out:
        room.scrape(f"https://alpha.example/{names[number]}")
    room.publish()
    for one, other in links:
        room.scrape(f"https://alpha.example/{names[one]}", likeness=Likeness(ids[other], 0.9, "alike"))
    flat = room.rows(
        """
        SELECT copy.id FROM articles AS copy JOIN articles AS leader ON leader.id = copy.duplicate_of
        WHERE leader.duplicate_of IS NOT NULL OR leader.id = copy.id
        """
    )
    assert flat == []
    hidden = room.rows(
        "SELECT 1 FROM posts JOIN articles ON id = article_id WHERE hidden <> (duplicate_of IS NOT NULL)"
    )
    assert hidden == []

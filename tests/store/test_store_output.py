"""The place of articles in the output: given once, unique, rising, safe; and what changed since when."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.store_builders import HOUR, NOW, WAIT, Newsroom, config, entry

from aggregator.models import AlsoIn, Carried, Post
from aggregator.store import Store

DATES = st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1))  # noqa: DTZ001 - Hypothesis wants them so
PATH = re.compile(r"posts/\d{4}/\d{2}/[a-z0-9]([a-z0-9-]{0,70}[a-z0-9])?-[0-9a-f]{8,32}\.html")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rounds=st.lists(
        st.lists(
            st.tuples(st.text(max_size=30), st.none() | DATES),
            min_size=1,
            max_size=6,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_places_are_unique_and_rise(store: Store, rounds: list[list[tuple[str, datetime | None]]]) -> None:
    """Whatever comes in: sequences without a hole, stamps unique and rising with them, safe and unique paths."""
    room = Newsroom(store)
    before = {post.id: post for post in store.archive.changed(0)}
    for number, items in enumerate(rounds):
        made = (
            replace(entry(f"{len(before)}-{number}-{n}"), title=title, published=date and date.replace(tzinfo=UTC))
            for n, (title, date) in enumerate(items)
        )
        room.poll(*made)
        room.now += WAIT
        room.publish()
    posts = sorted(store.archive.changed(0), key=lambda post: post.sequence)
    assert [post.sequence for post in posts] == list(range(1, len(posts) + 1))
    stamps = [post.stamp for post in posts]
    assert all(earlier < later for earlier, later in pairwise(stamps))
    assert all(PATH.fullmatch(post.path) for post in posts)
    assert len({post.path for post in posts}) == len(posts)
    assert all(post.title for post in posts)
    for post in posts:
        if post.id in before:
            old = before[post.id]
            assert (old.sequence, old.stamp, old.path, old.published) == (
                post.sequence,
                post.stamp,
                post.path,
                post.published,
            )


def test_a_back_file_comes_out_by_date(newsroom: Newsroom) -> None:
    """What is ready together is put in the order of publication; the stamp is the publication time where it can be."""
    newsroom.poll(*(entry(f"e{n}", published=NOW - n * HOUR) for n in (3, 1, 2)))
    newsroom.now += WAIT
    assert newsroom.publish() == 3
    latest = newsroom.store.archive.latest(9)
    assert [(post.sequence, post.title, post.stamp) for post in latest] == [
        (3, "About e1", NOW - HOUR),
        (2, "About e2", NOW - 2 * HOUR),
        (1, "About e3", NOW - 3 * HOUR),
    ]


def test_a_late_one_gets_a_later_stamp(newsroom: Newsroom) -> None:
    """An older article that arrives later is stamped a second after the last one; its publication date stays true."""
    newsroom.poll(entry("new"))
    newsroom.now += WAIT
    newsroom.publish()
    newsroom.poll(entry("old", published=NOW - timedelta(days=99)))
    newsroom.now += WAIT
    newsroom.publish()
    old = newsroom.posts()["old"]
    assert (old.stamp, old.published) == (NOW - HOUR + timedelta(seconds=1), NOW - timedelta(days=99))


SECOND = timedelta(seconds=1)


def shown(post: Post) -> datetime:
    """The newest date of ours that feeds show of a post."""
    return post.withdrawn.at if post.withdrawn else max(post.stamp, post.revised or post.stamp)


def test_what_changes_is_later_than_all_that_was_shown(newsroom: Newsroom) -> None:
    """Whatever happens in whatever order, at one moment or hours apart: new posts, edits, withdrawals and returns."""
    room, withdrawals = newsroom, newsroom.store.withdrawals

    def publish(name: str, ago: timedelta) -> None:
        room.poll(entry(name, published=room.now - ago))
        room.scrape(f"https://alpha.example/{name}")
        room.publish()

    def edit(*names: str) -> None:
        for name in names:
            room.scrape(f"https://alpha.example/{name}", f"{name}, edited at {room.now}")

    steps: list[Callable[[], object]] = [
        lambda: publish("a", 9 * HOUR),
        lambda: publish("b", 5 * HOUR),
        lambda: edit("a", "b"),
        lambda: publish("c", 2 * HOUR),
        lambda: edit("c"),
        lambda: withdrawals.withdraw(room.article_id("https://alpha.example/b"), "", room.now),
        lambda: publish("d", 3 * HOUR),
        lambda: withdrawals.reinstate(room.article_id("https://alpha.example/b"), room.now),
        lambda: publish("e", 30 * HOUR),
        lambda: edit("a", "e", "c"),
    ]
    before: dict[str, datetime] = {}
    for number, step in enumerate(steps):
        room.now += number % 3 * SECOND
        step()
        after = {post.id: shown(post) for post in (*room.store.archive.changed(0), *room.store.archive.withdrawn())}
        fresh = {key: time for key, time in after.items() if before.get(key) != time}
        assert fresh, "each step shows a new date"
        assert min(fresh.values()) > max(before.values(), default=datetime.min.replace(tzinfo=UTC)), number
        assert len(set(after.values())) == len(after)
        before |= after


def test_the_wait_is_bounded(newsroom: Newsroom) -> None:
    """An article whose page cannot be had yet waits, but not longer than `wait`."""
    newsroom.poll(entry("one"))
    newsroom.now += WAIT - timedelta(seconds=1)
    assert newsroom.publish() == 0
    newsroom.now += timedelta(seconds=1)
    assert newsroom.publish() == 1


@pytest.mark.parametrize(
    ("title", "beginning"),
    [
        ("../../etc/passwd", "posts/2026/03/etc-passwd-"),
        ("$(id) `reboot` <script>", "posts/2026/03/id-reboot-script-"),
        ("CON", "posts/2026/03/post-con-"),
        ("", "posts/2026/03/post-"),
        ("日本語の題", "posts/2026/03/post-"),
        ("Zwölf Boxkämpfer\r\nLocation: x", "posts/2026/03/zwolf-boxkampfer-location-x-"),
        ("a" * 5000, "posts/2026/03/" + "a" * 60 + "-"),
        (". " * 300, "posts/2026/03/post-"),
    ],
)
def test_a39_paths_are_safe(newsroom: Newsroom, title: str, beginning: str) -> None:
    """Whatever a title holds, its page has a safe name inside the root."""
    newsroom.poll(entry("one", title=title))
    newsroom.now += WAIT
    newsroom.publish()
    (post,) = newsroom.store.archive.latest(1)
    assert post.path.startswith(beginning)
    assert PATH.fullmatch(post.path)


def test_a_title_is_never_empty(newsroom: Newsroom) -> None:
    """An article without a title is called by its first words; one without anything is untitled."""
    newsroom.poll(entry("one", title=""), entry("two", title="", html=""))
    newsroom.now += WAIT
    newsroom.publish()
    assert {post.title for post in newsroom.store.archive.latest(2)} == {"Feed text of one.", "Untitled"}


def test_a_summary_is_plain_text(newsroom: Newsroom) -> None:
    """The feed's summary without its markup, or the beginning of the text; never more than a few lines."""
    newsroom.poll(
        entry("one", summary="<p>Fish &amp; <b>chips</b></p><script>x</script>"),
        entry("two", html="<p>" + "word " * 200 + "</p>"),
    )
    newsroom.now += WAIT
    newsroom.publish()
    posts = newsroom.posts()
    assert posts["one"].summary == "Fish & chips"
    assert posts["two"].summary.endswith("word…")
    assert len(posts["two"].summary) <= 301


def test_pages_of_the_archive(store: Store) -> None:
    """By feed, by tag, before a place, between places; hidden posts only in their own feed."""
    room = Newsroom(store, {"url": "https://alpha.example/feed", "name": "Alpha", "tags": ["x", "y"]}, "Beta")
    room.poll(*(entry(f"a{n}", published=NOW - (9 - n) * HOUR) for n in range(5)))
    room.poll(
        *(entry(f"b{n}", "beta.example", published=NOW - (9 - n) * HOUR + HOUR / 2) for n in range(4)), feed="Beta"
    )
    room.now += WAIT
    room.publish()
    archive = store.archive
    assert archive.last_sequence() == 9
    assert [post.sequence for post in archive.latest(3)] == [9, 8, 7]
    assert [post.sequence for post in archive.latest(3, before=8)] == [7, 6, 5]
    assert [post.title[-2:] for post in archive.latest(9, source="beta")] == ["b3", "b2", "b1", "b0"]
    assert [post.title[-2:] for post in archive.latest(2, tag="y")] == ["a4", "a3"]
    assert [post.title[-2:] for post in archive.latest(2, tag="y", before=archive.latest(2, tag="y")[-1].sequence)] == [
        "a2",
        "a1",
    ]
    assert (
        archive.latest(9, tag="none")
        == archive.latest(9, source="none")
        == archive.latest(9, tag="x", source="beta")
        == ()
    )
    assert [post.sequence for post in archive.between(3, 5)] == [5, 4, 3]
    assert archive.tags() == ("x", "y")
    assert archive.carried()["beta"] == Carried(4, NOW - 5.5 * HOUR)
    assert archive.carried()["alpha"] == Carried(5, NOW - 5 * HOUR)
    assert archive.months() == (("2026-03", 9),)
    assert archive.latest(1, tag="x")[0].tags == ("x", "y")


def test_an_article_of_two_feeds_has_the_tags_of_both(store: Store) -> None:
    """It is in the pages of both feeds and of all their tags, also when the second carries it later."""
    feeds = [
        {"url": f"https://{name}.example/feed", "name": name.title(), "tags": [name]} for name in ("alpha", "beta")
    ]
    room = Newsroom(store, *feeds)
    room.poll(entry("one"))
    room.now += WAIT
    room.publish()
    head = store.archive.head()
    room.poll(entry("one"), feed="Beta")
    (post,) = store.archive.changed(head)
    assert post.tags == ("alpha", "beta")
    assert post.also_in == (AlsoIn("Beta", "https://alpha.example/one", None, 1.0, "the same article"),)
    assert store.archive.latest(9, tag="beta") == store.archive.latest(9, source="beta") == (post,)
    store.sync_feeds(config(feeds[1]), NOW)
    assert store.archive.tags() == ("beta",)


def test_changes_in_portions(newsroom: Newsroom) -> None:
    """A large number of changes can be read a few at a time, each once."""
    newsroom.poll(*(entry(f"e{n}") for n in range(7)))
    newsroom.now += WAIT
    newsroom.publish()
    archive, since, seen = newsroom.store.archive, 0, []
    while True:
        since, posts = archive.changed_after(since, 3)
        if not posts:
            break
        seen += [post.sequence for post in posts]
    assert sorted(seen) == list(range(1, 8))
    assert since == archive.head()
    assert archive.changed(archive.head()) == ()


def test_an_empty_archive(store: Store) -> None:
    """Nothing is not an error."""
    archive = store.archive
    assert (archive.head(), archive.last_sequence(), archive.changed(0), archive.latest(5)) == (0, 0, (), ())
    assert (archive.sources(), archive.tags(), archive.months(), archive.between(1, 5)) == ((), (), (), ())
    assert archive.carried() == {}
    assert store.publish(NOW, WAIT) == 0


def test_a_snapshot_stands_still(newsroom: Newsroom) -> None:
    """All that a snapshot says is of one moment, whatever is written meanwhile."""
    newsroom.poll(entry("one"))
    newsroom.now += WAIT
    newsroom.publish()
    with newsroom.store.snapshot() as then:
        newsroom.poll(entry("two"))
        newsroom.now += WAIT
        newsroom.publish()
        assert then.archive.last_sequence() == 1
        assert len(then.archive.latest(9)) == 1
    assert newsroom.store.archive.last_sequence() == 2


def test_counts(newsroom: Newsroom) -> None:
    """The numbers for `status`."""
    newsroom.poll(entry("one"), entry("two"))
    newsroom.scrape("https://alpha.example/one")
    newsroom.publish()
    counts = newsroom.store.maintenance.counts()
    assert {
        name: counts[name] for name in ("feeds", "entries", "articles", "posts", "waiting", "pending", "scraped")
    } == {
        "feeds": 1,
        "entries": 2,
        "articles": 2,
        "posts": 1,
        "waiting": 1,
        "pending": 1,
        "scraped": 1,
    }

"""Entries: one for each guid of a feed, kept as given, whatever else comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.store_builders import HOUR, NOW, Newsroom, decision, entry

from aggregator.models import Enclosure, EntryImage, Episode, Known, ParsedFeed, PollOutcome, PollResult, Verdict
from aggregator.models.errors import StoreError
from aggregator.store import Store


def test_an_entry_is_kept_as_given(newsroom: Newsroom) -> None:
    """Every field of the feed's item is in the table."""
    given = entry(
        "one",
        guid="urn:odd guid",
        author="Ann",
        updated=NOW.replace(microsecond=250_000),
        summary="<p>Short</p>",
        tags=("Worms", "Ärger"),
        enclosures=(
            Enclosure("https://alpha.example/a.mp3", "audio/mpeg", 12, 3600, "The talk"),
            Enclosure("https://alpha.example/b.pdf"),
        ),
        images=(EntryImage("https://alpha.example/a.png", "A kettle"), EntryImage("https://alpha.example/b.png")),
        episode=Episode(2, 7, "bonus", explicit=False, duration=3600, subtitle="Kettles"),
        language="de",
    )
    newsroom.poll(given)
    row = newsroom.row("SELECT * FROM entries")
    assert row["given_guid"] == "urn:odd guid"
    assert (row["title"], row["author"], row["summary"], row["html"]) == (
        given.title,
        "Ann",
        "<p>Short</p>",
        given.html,
    )
    assert row["tags"] == '["Worms", "Ärger"]'
    assert row["updated"] == "2026-03-10T12:00:00.250000Z"
    assert (row["published"], row["first_seen"]) == ("2026-03-10T11:00:00Z", "2026-03-10T12:00:00Z")
    assert newsroom.value("SELECT count(*) FROM enclosures") == 2
    newsroom.scrape(given.url or "")
    newsroom.publish()
    post = newsroom.posts()["one"]
    assert (post.enclosures, post.episode, post.categories) == (given.enclosures, given.episode, given.tags)
    assert (post.lead_image, post.lead_image_alt) == ("https://alpha.example/a.png", "A kettle")


@pytest.mark.parametrize(
    ("url", "page", "published"),
    [
        ("https://alpha.example/2025/12/24/one", None, "2025-12-24T00:00:00Z"),
        ("https://alpha.example/2025/12/24/one", NOW - 400 * HOUR, "2026-02-21T20:00:00Z"),
        ("https://alpha.example/2026/03/10/one", None, "2026-03-10T12:00:00Z"),
        ("https://alpha.example/one", None, "2026-03-10T12:00:00Z"),
    ],
)
def test_k04_a_date_is_looked_for_elsewhere_before_it_is_now(
    newsroom: Newsroom, url: str, page: datetime | None, published: str
) -> None:
    """An entry without a date that can be read has its page's, then that in its address."""
    newsroom.poll(entry("one", url=url, published=None))
    newsroom.scrape(url, published=page)
    newsroom.publish()
    assert newsroom.value("SELECT published FROM posts") == published


def test_k05_k06_what_comes_with_an_entry_is_that_of_its_last_form(newsroom: Newsroom) -> None:
    """Files, pictures and episode of a revised entry take the place of the former ones; a page's picture goes first."""
    first = entry("one", images=(EntryImage("https://alpha.example/a.png", "A"),), episode=Episode(1, 1))
    newsroom.poll(first)
    later = replace(first, html="<p>More.</p>", images=(), episode=None, enclosures=(Enclosure("https://x.example/1"),))
    newsroom.poll(later, verdict=Verdict.REVISED)
    counts = [newsroom.value(f"SELECT count(*) FROM {table}") for table in ("enclosures", "entry_images", "episodes")]
    assert counts == [1, 0, 0]
    newsroom.poll(entry("two", images=(EntryImage("https://alpha.example/a.png", "A"),)))
    newsroom.scrape("https://alpha.example/two", lead_image="https://alpha.example/page.png")
    newsroom.publish()
    post = newsroom.posts()["two"]
    assert (post.lead_image, post.lead_image_alt) == ("https://alpha.example/page.png", "")


def test_known_entries(newsroom: Newsroom) -> None:
    """What is stored of guids is what the deciding stage needs, and nothing of other feeds."""
    one = entry("one", updated=NOW)
    newsroom.poll(one, entry("two"))
    found = newsroom.store.known(newsroom.feed().id, [one.guid, "unknown"])
    assert found == {
        one.guid: Known(
            one.guid, decision(one).content_hash, NOW, one.guid, one.url, one.title, one.html, one.published
        )
    }
    same = newsroom.store.known(newsroom.feed().id, [one.guid], [decision(one).content_hash])
    assert same[one.guid].text == ""
    assert newsroom.store.known(newsroom.feed().id + 1, [one.guid]) == {}
    assert newsroom.store.known(newsroom.feed().id, []) == {}


def test_what_the_feed_says_of_all_its_entries(newsroom: Newsroom) -> None:
    """Author and language of the feed stand for those of an entry that has none."""
    state = newsroom.feed()
    feed = ParsedFeed("T", state.url, author="The staff", language="de")
    newsroom.store.save_poll(
        PollOutcome(
            state,
            PollResult.CHANGED,
            NOW,
            feed=feed,
            decisions=(decision(entry("one")), decision(entry("two", author="Ann"))),
        )
    )
    newsroom.now += 9 * HOUR
    newsroom.publish()
    posts = newsroom.posts()
    assert (posts["one"].author, posts["one"].language, posts["two"].author) == ("The staff", "de", "Ann")


def test_f27_many_items_with_one_link(newsroom: Newsroom) -> None:
    """A document of thousands of items that all look the same is saved in a moment."""
    newsroom.poll(*(replace(entry("one"), guid=f"g{n}") for n in range(4000)))
    assert newsroom.value("SELECT count(*) FROM articles") == 1
    assert newsroom.feed().entries == 4000


def test_unchanged_entries_write_nothing(newsroom: Newsroom) -> None:
    """A poll without news touches the feed's row and the log."""
    newsroom.poll(entry("one"))
    before = newsroom.row("SELECT * FROM entries"), newsroom.row("SELECT * FROM articles")
    head = newsroom.store.archive.head()
    newsroom.now += HOUR
    newsroom.poll(entry("one", title="Not to be seen"), verdict=Verdict.UNCHANGED)
    newsroom.store.save_poll(PollOutcome(newsroom.feed(), PollResult.NOT_MODIFIED, newsroom.now, 304))
    assert (newsroom.row("SELECT * FROM entries"), newsroom.row("SELECT * FROM articles")) == before
    assert newsroom.store.archive.head() == head
    assert newsroom.value("SELECT group_concat(result) FROM polls") == "changed,changed,not_modified"


def test_the_log_is_bounded(newsroom: Newsroom) -> None:
    """The last 200 polls of each feed are remembered."""
    state = newsroom.feed()
    polls = [PollOutcome(state, PollResult.NOT_MODIFIED, NOW + n * HOUR, 304) for n in range(230)]
    newsroom.store.save_polls(polls)
    assert newsroom.value("SELECT count(*) FROM polls") == 200
    assert newsroom.value("SELECT min(at) FROM polls") == "2026-03-11T18:00:00Z"


@pytest.mark.parametrize("result", [PollResult.CHANGED, PollResult.FAILED])
def test_f19_f20_nothing_is_deleted(newsroom: Newsroom, result: PollResult) -> None:
    """An empty document, a shrunken one or a failed poll takes nothing away."""
    newsroom.poll(entry("one"), entry("two"))
    newsroom.store.save_poll(PollOutcome(newsroom.feed(), result, NOW + HOUR, 200, error="x"))
    newsroom.poll(entry("two"), verdict=Verdict.UNCHANGED)
    assert newsroom.feed().entries == 2


def test_f29_odd_characters_are_kept_or_replaced(newsroom: Newsroom) -> None:
    """NUL and lone surrogates do not cost an entry; its guid is found again."""
    odd = entry("one", guid="g\ud800\0", title="a\0b\udfff", html="<p>\ud83d\ude00 \ud83d</p>", tags=("\ud800",))
    newsroom.poll(odd)
    assert newsroom.value("SELECT title FROM entries") == "a\ufffdb\ufffd"
    assert newsroom.value("SELECT html FROM entries") == "<p>\U0001f600 \ufffd</p>"
    assert list(newsroom.store.known(newsroom.feed().id, ["g\ud800\0"])) == ["g\ud800\0"]


def test_a_length_beyond_all_bounds(newsroom: Newsroom) -> None:
    """A number that no integer column holds does not cost the poll."""
    newsroom.poll(entry("one", enclosures=(Enclosure("https://alpha.example/x", "", 10**30),)))
    assert newsroom.value("SELECT length FROM enclosures") == 2**63 - 1


def test_f31_same_link_other_title_is_another_entry(newsroom: Newsroom) -> None:
    """A change log whose items all link to one page: each has its own post, with the feed's text."""
    link = "https://alpha.example/releases"
    newsroom.poll(*(replace(entry(f"v{n}", html=f"<p>Version {n}</p>"), url=link) for n in range(3)))
    newsroom.scrape(link)
    newsroom.publish()
    latest = newsroom.store.archive.latest(9)
    assert len(latest) == 3
    assert {post.url for post in latest} == {link}
    assert len({post.id for post in latest}) == 3


def test_the_same_article_twice_in_one_feed(newsroom: Newsroom) -> None:
    """Two guids, one link and one title: one article with two entries."""
    newsroom.poll(entry("one"), replace(entry("one"), guid="another"))
    assert newsroom.value("SELECT count(*) FROM entries") == 2
    assert newsroom.value("SELECT count(*) FROM articles") == 1


def test_an_entry_without_a_link(newsroom: Newsroom) -> None:
    """It is an article of its own, put out with the feed's text, and found by search."""
    newsroom.poll(replace(entry("one", html="<p>No address, but <b>wombats</b>.</p>"), url=None))
    assert newsroom.store.pending(NOW, 9) == ()
    assert newsroom.publish() == 1
    (post,) = newsroom.store.archive.latest(1)
    assert (post.url, post.html) == (None, "<p>No address, but <b>wombats</b>.</p>")
    assert len(newsroom.store.search("wombats")) == 1


@pytest.mark.parametrize(
    ("published", "ordered"),
    [
        (NOW + timedelta(days=900), "2026-03-10T12:00:00Z"),
        (None, "2026-03-10T12:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (NOW - HOUR, "2026-03-10T11:00:00Z"),
    ],
)
def test_f34_odd_dates_do_not_move(newsroom: Newsroom, published: datetime | None, ordered: str) -> None:
    """A date in the future or none is the time of the first sight; a date that moves later moves nothing."""
    newsroom.poll(entry("one", published=published))
    assert newsroom.value("SELECT published_at FROM entries") == ordered
    newsroom.now += 5 * HOUR
    newsroom.poll(entry("one", published=newsroom.now, html="<p>x</p>"), verdict=Verdict.REVISED)
    assert newsroom.value("SELECT published_at FROM entries") == ordered
    newsroom.scrape("https://alpha.example/one")
    newsroom.publish()
    path = newsroom.posts()["one"].path
    assert path.startswith("posts/0001/01/" if ordered.startswith("0001") else "posts/2026/03/")


def test_f34_entries_without_dates_keep_the_documents_order(newsroom: Newsroom) -> None:
    """The first item of a document is its newest."""
    newsroom.poll(*(entry(f"e{n}", published=None) for n in range(4)))
    newsroom.now += 9 * HOUR
    newsroom.publish()
    assert [post.title for post in newsroom.store.archive.latest(9)] == [f"About e{n}" for n in range(4)]


def test_a38_one_feed_can_not_touch_another(two: Newsroom) -> None:
    """The same guid and URL in another feed: both entries stand, and the first one's text stays."""
    two.poll(entry("one", title="The original"))
    two.poll(entry("one", title="A claim", html="<p>Rubbish</p>"), feed="Beta")
    two.poll(entry("one", title="A second claim", html="<p>More</p>"), feed="Beta", verdict=Verdict.REVISED)
    assert two.value("SELECT title FROM entries WHERE feed_id = ?", two.feed().id) == "The original"
    assert two.value("SELECT title FROM articles") == "The original"
    two.now += 9 * HOUR
    two.publish()
    assert two.posts()["one"].html == "<p>Feed text of one.</p>"
    assert two.posts()["one"].source.name == "Alpha"


def test_a_decision_that_came_too_late(newsroom: Newsroom) -> None:
    """An entry that another process has stored in the meantime is not stored twice."""
    newsroom.poll(entry("one"))
    newsroom.poll(entry("one", title="Again"))
    assert newsroom.value("SELECT count(*) || title FROM entries") == "1About one"


def test_a_poll_is_all_or_nothing(newsroom: Newsroom) -> None:
    """A poll that cannot be saved leaves no trace, and the next one is not disturbed."""
    good, bad = entry("one"), entry("two", updated=datetime(2026, 1, 1))  # noqa: DTZ001 - a bug to be caught
    with pytest.raises(ValueError, match="without a zone"):
        newsroom.poll(bad, good)
    assert newsroom.feed().entries == 0
    assert newsroom.feed().last_poll is None
    newsroom.poll(good)
    assert newsroom.feed().entries == 1


def test_a_poll_of_nobody(newsroom: Newsroom) -> None:
    """A feed that is not stored is a StoreError."""
    state = replace(newsroom.feed(), id=99)
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        newsroom.store.save_poll(PollOutcome(state, PollResult.FAILED, NOW))


def test_several_polls_at_once(two: Newsroom) -> None:
    """`together` makes one transaction of many: all or nothing."""

    def both(problem: type[Exception] | None = None) -> None:
        with two.store.transaction():
            two.poll(entry("one"))
            two.poll(entry("x", "beta.example"), feed="Beta")
            if problem:
                raise problem

    with pytest.raises(RuntimeError):
        both(RuntimeError)
    assert two.value("SELECT count(*) FROM entries") == 0
    both()
    assert two.value("SELECT count(*) FROM entries") == 2


def test_ids_do_not_depend_on_order_or_clock(store: Store, tmp_path: object) -> None:
    """The same article has the same id, whenever it is seen and in whatever order."""
    room = Newsroom(store)
    room.poll(entry("one"), entry("two"))
    first = {row["canonical_url"]: row["uid"] for row in room.rows("SELECT * FROM articles")}
    with Store.open(store.path.with_name("other.db")) as other:
        later = Newsroom(other)
        later.now += timedelta(days=3)
        later.poll(entry("two"))
        later.poll(entry("zero"), entry("one"))
        second = {row["canonical_url"]: row["uid"] for row in later.rows("SELECT * FROM articles")}
    assert all(second[url] == uid for url, uid in first.items())
    assert first["https://alpha.example/one"].startswith("tag:security-feed-aggregator.github.io,2026:article:")


def test_a_link_that_differs_in_what_tracks_stays(newsroom: Newsroom) -> None:
    """Readers that go by the link would take the post for a new one; another address is taken over."""
    first = entry("one")
    newsroom.poll(first)
    for number, link in enumerate((f"{first.url}?utm_source=mail", f"{first.url}?page=2")):
        given = replace(first, url=link, title=f"Title {number}")
        said = replace(decision(given, Verdict.REVISED), canonical_url=first.url if "utm" in link else link)
        newsroom.store.save_poll(PollOutcome(newsroom.feed(), PollResult.CHANGED, NOW, 200, decisions=(said,)))
        kept = newsroom.row("SELECT url, title FROM entries")
        assert (kept["url"], kept["title"]) == (first.url if "utm" in link else link, f"Title {number}")

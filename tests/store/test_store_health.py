"""What happened to the feeds, as it is kept; and the figures that the desk asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.models import FeedEvent, PollOutcome, PollResult
from aggregator.poll.health import silence
from aggregator.store import Store, feeds
from aggregator.store.feeds import PageCounts
from aggregator.store.search import SearchFilter


def poll(room: Newsroom, feed: str, *events: FeedEvent) -> None:
    state = replace(room.feed(feed), last_poll=NOW)
    room.store.save_poll(PollOutcome(state, PollResult.FAILED, NOW, events=events))


def event(number: int) -> FeedEvent:
    return FeedEvent(NOW + number * HOUR, "broke", f"It has broken {number}", "No answer.")


def test_events_are_kept_with_their_poll_the_latest_first(two: Newsroom) -> None:
    """With the name that the feed has."""
    poll(two, "Alpha", event(1), event(2))
    poll(two, "Beta", event(3))
    found = two.store.queries.events(2)
    assert [(item.title, item.name, item.slug) for item in found] == [
        ("It has broken 3", "Beta", "beta"), ("It has broken 2", "Alpha", "alpha"),
    ]  # fmt: skip


def test_no_two_events_share_a_second(newsroom: Newsroom) -> None:
    """Whatever the clock says: readers drop what shares a date."""
    poll(newsroom, "Alpha", event(1), event(1), event(0))
    found = [item.at for item in newsroom.store.queries.events(9)]
    assert found == sorted(set(found), reverse=True)
    assert found[-1] == NOW + HOUR


def test_the_oldest_events_are_forgotten(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their number is bounded; numbers are not given out again."""
    monkeypatch.setattr(feeds, "KEPT", 3)
    poll(newsroom, "Alpha", *(event(number) for number in range(10)))
    assert [item.id for item in newsroom.store.queries.events(99)] == [10, 9, 8]


def test_what_befell_all_feeds_is_kept_once(newsroom: Newsroom) -> None:
    """Said again before the next poll, it is the same news; later it is news again."""
    for number in (1, 1, 2, 1):
        newsroom.store.record_event(replace(event(0), words=f"Polling rests since {number}."))
    assert [item.words[-2] for item in newsroom.store.queries.events(9)] == ["1", "2", "1"]
    assert newsroom.store.queries.events(1)[0].name is None


def test_posts_that_slipped_through_lately_are_counted(two: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """By feed, of the posts that came since a time; however many those are, so many are looked at and no more."""
    for name in ("Alpha", "Beta"):
        host = f"{name.lower()}.example"
        two.poll(entry("old", host, published=NOW - 5 * HOUR), feed=name)
        two.poll(entry("new", host, published=NOW - HOUR), feed=name)
        two.scrape(f"https://{host}/new", previous=f"https://{host}/missed")
    desk, (alpha, beta) = two.store.queries, (two.feed(name).id for name in ("Alpha", "Beta"))
    assert desk.missing(NOW - HOUR) == {alpha: 1, beta: 1}
    assert desk.missing(NOW + HOUR) == {}
    monkeypatch.setattr(feeds, "LATE", 1)
    assert len(desk.missing(NOW - HOUR)) == 1


def test_figures_of_an_empty_store(store: Store) -> None:
    """Nothing is an answer, too."""
    desk = store.queries
    assert (desk.events(5), desk.tags(), desk.languages(), desk.stories(limit=5), desk.missing(NOW)) == (
        (),
        (),
        (),
        (),
        {},
    )
    assert desk.pulse() == feeds.Pulse()
    assert desk.find("x", SearchFilter(waiting=False), limit=5).hits == ()


def test_figures_by_feed(two: Newsroom) -> None:
    """Posts a day, pages by what became of them, and the pulse."""
    two.poll(entry("one"), entry("two"), entry("old", published=NOW - 50 * HOUR))
    two.scrape("https://alpha.example/one")
    two.publish()
    alpha = two.feed().id
    desk = two.store.queries
    assert desk.posts_a_day(NOW - 24 * HOUR) == {alpha: {"2026-03-10": 2}}
    assert desk.pages() == {alpha: PageCounts(scraped=1, pending=2)}
    assert desk.pulse().last_poll == NOW
    assert desk.polls_since(NOW)["changed"] == 1
    assert desk.articles_by_state() == {"pending": 2, "scraped": 1, "feed_text": 0, "failed": 0}


@pytest.mark.parametrize("days", [0.5, 3, 9, 12, 14, 40])
@pytest.mark.parametrize("gaps", [(1,) * 8, (1, 9, 1, 1, 1, 1, 1, 1), (7,) * 5])
def test_the_view_of_silent_feeds_judges_as_the_status_page(
    newsroom: Newsroom, days: float, gaps: tuple[int, ...]
) -> None:
    """A feed is in the view when, and only when, `/status` calls it silent."""
    now, at = datetime.now(UTC), timedelta(days=days)
    for number, gap in enumerate((0, *gaps)):
        at += timedelta(days=gap)
        newsroom.poll(entry(f"e{number}", published=now - at))
    silent = silence(newsroom.feed().posted, now) is not None
    assert [row["name"] for row in newsroom.rows("SELECT name FROM silent_feeds")] == (["Alpha"] if silent else [])

"""Clocks that are wrong, or are set: no appointment made by one keeps a feed or a page waiting for years."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.models import PollOutcome, PollResult

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def polled(room: Newsroom, at: datetime, then: datetime, interval: timedelta = HOUR) -> None:
    state = replace(room.feed(), last_poll=at, next_poll=then, interval_s=int(interval.total_seconds()))
    room.store.save_poll(PollOutcome(state, PollResult.NOT_MODIFIED, at, 304))


def is_due(room: Newsroom, now: datetime) -> bool:
    return bool(room.store.due(now))


def test_an_appointment_is_kept(newsroom: Newsroom) -> None:
    """Not before its time; after a night that was missed, at once and once."""
    polled(newsroom, NOW, NOW + HOUR)
    assert not is_due(newsroom, NOW + 59 * MINUTE)
    assert is_due(newsroom, NOW + HOUR)
    assert is_due(newsroom, NOW + 9 * HOUR)
    polled(newsroom, NOW + 9 * HOUR, NOW + 10 * HOUR)
    assert not is_due(newsroom, NOW + 9 * HOUR + MINUTE)


def test_a_clock_that_is_set_back(newsroom: Newsroom) -> None:
    """A last poll in the future: due now, and on time from then on; a correction by seconds changes nothing."""
    polled(newsroom, NOW, NOW + HOUR)
    assert not is_due(newsroom, NOW - MINUTE)
    past = NOW - 700 * DAY
    assert is_due(newsroom, past)
    polled(newsroom, past, past + HOUR)
    assert not is_due(newsroom, past + MINUTE)
    assert is_due(newsroom, NOW)


def test_an_appointment_further_off_than_any_can_be(newsroom: Newsroom) -> None:
    """Made without a poll by a clock two years ahead: not believed. A feed polled once a month is."""
    polled(newsroom, NOW, NOW + 700 * DAY)
    assert is_due(newsroom, NOW + MINUTE)
    polled(newsroom, NOW, NOW + 30 * DAY, interval=30 * DAY)
    assert not is_due(newsroom, NOW + 29 * DAY)


def test_a_page_put_off_by_a_wrong_clock(newsroom: Newsroom) -> None:
    """The same for articles."""
    newsroom.poll(entry("one"))
    article = newsroom.article_id("https://alpha.example/one")
    newsroom.store.postpone(article, NOW + DAY)
    assert newsroom.store.pending(NOW + HOUR, 9) == ()
    newsroom.store.postpone(article, NOW + 700 * DAY)
    assert len(newsroom.store.pending(NOW + HOUR, 9)) == 1

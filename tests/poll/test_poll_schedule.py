"""When a feed is due next: its own rhythm, what the server and the document ask for, and the operator's bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import poll
from aggregator.config.settings import FeedOptions
from aggregator.models import Entry, FeedHints, FeedState, ParsedFeed, Response
from aggregator.poll.schedule import expected_wait, remembered
from aggregator.text.wording import duration

URL = "https://news.example.org/feed"
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)  # a Tuesday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STATE = FeedState(id=7, name="News", slug="news", url=URL, polled_url=URL)


def after(
    headers: dict[str, str] | None = None,
    *,
    state: FeedState = STATE,
    options: FeedOptions | None = None,
    rhythm: FeedHints | None = None,
    now: datetime = NOW,
) -> FeedState:
    """The state after an unchanged poll, with what the document had said before."""
    state = replace(state, rhythm=rhythm or state.rhythm)
    answer = Response(URL, 304, headers or {}, b"", now)
    return poll.succeeded(state, options or FeedOptions(), answer, None, now)


def wait(state: FeedState, now: datetime = NOW) -> timedelta:
    assert state.next_poll is not None
    return state.next_poll - now


def every(gap: timedelta, count: int = 40, last: datetime = NOW - timedelta(minutes=20)) -> FeedState:
    return replace(STATE, posted=tuple(last - gap * n for n in range(count)))


# --- what the server asks for ----------------------------------------------------------------------------------


def test_f08_max_age_is_a_floor() -> None:
    """`max-age=7200`: not before two hours, whatever we would do ourselves; the reason says so."""
    for state in (STATE, every(timedelta(minutes=5))):
        polled = after({"cache-control": "public, max-age=7200"}, state=state)
        assert 2 * HOUR <= wait(polled) <= 2 * HOUR + timedelta(minutes=12)
        assert polled.next_poll_reason == "the server asks for 2 h (max-age)"
        assert polled.interval_s == 7200


def test_f08_what_was_asked_for_survives_a_restart() -> None:
    """The next poll is a moment in the state, reckoned once; nothing about it is in memory."""
    polled = after({"cache-control": "max-age=7200"})
    assert replace(polled).next_poll == polled.next_poll
    assert after({"cache-control": "max-age=7200"}) == polled


@pytest.mark.parametrize("value", ["max-age=1000000000", "max-age=99999999999999999999", "max-age=86401"])
def test_f09_an_absurd_max_age_is_clamped(value: str) -> None:
    """Nobody can silence a feed for longer than a day by mistake."""
    assert wait(after({"cache-control": value})) == DAY


@pytest.mark.parametrize("value", ["max-age=-1", "max-age=0", "max-age=", "max-age=soon", "no-cache, no-store", "=,;"])
def test_f09_a_negative_or_senseless_max_age_asks_for_nothing(value: str) -> None:
    """What cannot be meant has no effect."""
    assert replace(after({"cache-control": value}), max_age_s=None) == after()


def test_f08_a_304_that_says_nothing_changes_nothing_about_max_age() -> None:
    """RFC 9111 section 4.3.4: what a 304 does not repeat stays in force; what it repeats, and a 200, take its place."""
    first = poll.succeeded(
        STATE, FeedOptions(), Response(URL, 200, {"cache-control": "max-age=7200"}, b"", NOW), None, NOW
    )
    again = after({"age": "600"}, state=first)
    assert again.not_before == NOW + timedelta(seconds=6600)
    assert again.next_poll_reason == "the server asks for 1 h 50 min (max-age)"
    assert after({"cache-control": "max-age=10800"}, state=again).max_age_s == 10800
    assert after({"cache-control": "no-cache"}, state=again).not_before is None
    new = poll.succeeded(again, FeedOptions(), Response(URL, 200, {}, b"", NOW), None, NOW)
    assert (new.max_age_s, new.not_before) == (None, None)


def test_f09_an_absurd_ttl_is_clamped() -> None:
    """The same for the document's own wishes, from whatever it wrote."""
    body = b"<rss version='2.0'><channel><ttl>%s</ttl><title>T</title></channel></rss>"
    for minutes, expected in ((b"1000000000", DAY), (b"-1", None), (b"0", None), (b"9" * 5000, DAY), (b"1e9", None)):
        rhythm = poll.parse(body % minutes, URL).rhythm
        assert (min(rhythm.ttl, DAY) if rhythm.ttl else None) == expected
        if expected:
            assert wait(after(rhythm=rhythm)) == DAY


def test_the_longer_of_the_operators_and_the_usual_limit_counts() -> None:
    """With max_interval at a week, a server may ask for three days."""
    options = FeedOptions(max_interval=timedelta(days=7))
    assert 3 * DAY <= wait(after({"cache-control": "max-age=259200"}, options=options)) < 3.1 * DAY


def test_age_and_expires() -> None:
    """Time spent in a cache counts; Expires is taken by the server's own clock, and only without max-age."""
    assert 1 * HOUR <= wait(after({"cache-control": "max-age=7200", "age": "3600"}, state=every(HOUR / 6))) < 1.1 * HOUR
    expires = {"date": "Tue, 10 Mar 2026 00:00:00 GMT", "expires": "Tue, 10 Mar 2026 05:00:00 GMT"}
    assert 5 * HOUR <= wait(after(expires)) < 5.5 * HOUR
    assert "Expires" in after(expires).next_poll_reason
    assert wait(after({**expires, "cache-control": "max-age=60"})) < 2 * HOUR
    for nonsense in ("0", "-1", "never", "Tue, 99 Mar 2026 05:00:00 GMT", ""):
        assert after({"expires": nonsense}) == after()


@pytest.mark.parametrize("value", ["10800", "Tue, 10 Mar 2026 15:00:00 GMT"])
def test_f10_retry_after_counts_on_a_good_answer_too(value: str) -> None:
    """In seconds or as a date."""
    assert 3 * HOUR <= wait(after({"retry-after": value})) < 3.3 * HOUR


# --- what the document asks for --------------------------------------------------------------------------------


def test_f11_ttl_and_update_period_are_floors() -> None:
    """The longer of the two counts, and the reason names it."""
    body = b"""<rss version='2.0' xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel><title>T</title>
      <ttl>60</ttl><sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>%s</channel></rss>"""
    assert poll.parse(body % b"", URL).rhythm.ttl == HOUR
    slow = poll.parse(body.replace(b" hourly ", b"daily").replace(b">1<", b">4<") % b"", URL).rhythm
    assert slow.ttl == 6 * HOUR
    polled = after(rhythm=slow, state=every(HOUR / 6))
    assert 6 * HOUR <= wait(polled) < 6.5 * HOUR
    assert polled.next_poll_reason == "the feed asks for 6 h (ttl)"


def test_f11_skipped_hours_and_days_are_left_out() -> None:
    """Hours and days in GMT, 24 for midnight; a document that skips everything is not taken at its word."""
    body = b"""<rss version='2.0'><channel><title>T</title><skipHours><hour>13</hour><hour>14</hour><hour>24</hour>
      <hour>99</hour><hour>x</hour></skipHours><skipDays><day>Sunday</day><day>wednesday</day><day>Blursday</day></skipDays>
      </channel></rss>"""
    rhythm = poll.parse(body, URL).rhythm
    assert (rhythm.skip_hours, rhythm.skip_days) == (frozenset({13, 14, 0}), frozenset({6, 2}))
    afternoon = after(rhythm=rhythm)
    assert 3 * HOUR <= wait(afternoon) < 3.5 * HOUR
    assert "before Tuesday 15:00 UTC (skipHours, skipDays)" in afternoon.next_poll_reason
    late = NOW.replace(hour=23, minute=30)
    assert wait(after(rhythm=rhythm, now=late), late) >= timedelta(hours=25, minutes=30)
    everything = FeedHints(skip_hours=frozenset(range(24)), skip_days=frozenset(range(7)))
    assert wait(after(rhythm=everything)) < 2 * HOUR


# --- the feed's own rhythm -------------------------------------------------------------------------------------


def test_a_feed_is_asked_as_often_as_it_posts() -> None:
    """Four times in its usual gap: busy ones often, slow ones rarely, all within the operator's bounds."""
    quarter = wait(after(state=every(3 * HOUR)))
    assert timedelta(minutes=35) <= quarter <= timedelta(minutes=60)
    assert after(state=every(3 * HOUR)).next_poll_reason == "posts about every 3 h; next poll in 52 min"
    assert wait(after(state=every(timedelta(minutes=2)))) <= timedelta(minutes=17)
    assert timedelta(hours=4) <= wait(after(state=every(DAY))) <= timedelta(hours=8)
    assert timedelta(hours=21) <= wait(after(state=every(30 * DAY))) <= DAY


def test_a_feed_that_falls_silent_is_asked_less() -> None:
    """After a year without a post, once a day."""
    waits = [wait(after(state=every(HOUR, last=NOW - silence))) for silence in (HOUR, DAY, 7 * DAY, 365 * DAY)]
    assert waits == sorted(waits)
    assert waits[-1] >= 0.9 * DAY


def test_hours_of_the_day_count() -> None:
    """A newsroom that posts from 13 to 21 GMT is asked often then, and seldom at its night."""
    posted = tuple(
        sorted(
            (NOW.replace(hour=hour, minute=5) - day * DAY for day in range(1, 7) for hour in range(13, 21)),
            reverse=True,
        )
    )
    state = replace(STATE, posted=posted)
    at = {hour: wait(after(state=state, now=NOW.replace(hour=hour)), NOW.replace(hour=hour)) for hour in (1, 15)}
    assert at[15] * 2 < at[1]


def test_days_of_the_week_count() -> None:
    """What posts on working days only is asked less at the weekend."""
    days = [NOW - n * DAY for n in range(1, 60)]
    state = replace(STATE, posted=tuple(day for day in days if day.weekday() < 5))
    saturday = NOW + 4 * DAY
    assert wait(after(state=state, now=saturday), saturday) > 1.5 * wait(after(state=state, now=NOW))


def test_a_new_feed_is_asked_hourly() -> None:
    """Until there are posts enough to know better."""
    assert HOUR <= wait(after()) <= 1.1 * HOUR
    assert "not enough posts" in after().next_poll_reason


def test_f34_dates_that_move_or_lack_do_not_fool_the_rhythm() -> None:
    """A document whose entries all bear the time of the poll, or none, counts as one post when it changes."""
    for moment in (NOW, None):
        entries = tuple(Entry(str(n), None, "t", published=moment) for n in range(50))
        feed = ParsedFeed("T", URL, entries=entries)
        state = poll.succeeded(STATE, FeedOptions(), Response(URL, 200, {}, b"x", NOW), feed, NOW)
        assert state.posted == (NOW,)
    future = ParsedFeed("T", URL, entries=(Entry("1", None, "t", published=NOW + 900 * DAY),))
    assert poll.succeeded(STATE, FeedOptions(), Response(URL, 200, {}, b"x", NOW), future, NOW).posted == ()


# --- the operator's bounds -------------------------------------------------------------------------------------


def test_a_fixed_interval_is_kept() -> None:
    """`interval: 2h` means two hours, never less than min_interval."""
    polled = after(options=FeedOptions(interval=2 * HOUR), state=every(timedelta(minutes=5)))
    assert 2 * HOUR <= wait(polled) <= 2.2 * HOUR
    assert polled.next_poll_reason == "polled every 2 h, as configured"
    hasty = FeedOptions(interval=timedelta(seconds=5))
    assert wait(after(options=hasty)) >= hasty.min_interval
    assert wait(after(options=FeedOptions(interval=timedelta(seconds=5), min_interval=timedelta(seconds=1)))) < HOUR


@settings(deadline=None)  # other work on the machine is no failure
@given(
    gaps=st.lists(st.integers(1, 400_000), max_size=60),
    lowest=st.integers(1, 100_000),
    highest=st.integers(1, 2_000_000),
    id_=st.integers(1, 10_000),
    offset=st.integers(0, 10_000_000),
)
def test_adaptive_waits_stay_within_the_bounds(
    gaps: list[int], lowest: int, highest: int, id_: int, offset: int
) -> None:
    """Whatever was posted when: never more often than min_interval, never longer than max_interval."""
    options = FeedOptions(min_interval=timedelta(seconds=lowest), max_interval=timedelta(seconds=max(lowest, highest)))
    now, moment = NOW + timedelta(seconds=offset), NOW
    posted = [moment := moment - timedelta(seconds=gap) for gap in gaps]
    state = replace(STATE, id=id_, posted=tuple(posted))
    assert options.min_interval <= wait(after(state=state, options=options, now=now), now) <= options.max_interval


@settings(deadline=None)  # other work on the machine is no failure
@given(
    age=st.integers(-5, 200_000),
    ttl=st.integers(0, 200_000),
    hours=st.frozensets(st.integers(0, 23)),
    days=st.frozensets(st.integers(0, 6)),
    id_=st.integers(1, 100),
)
def test_nothing_is_ever_asked_too_early(
    age: int, ttl: int, hours: frozenset[int], days: frozenset[int], id_: int
) -> None:
    """max-age, ttl, skipHours and skipDays hold together, within a day and a week."""
    rhythm = FeedHints(timedelta(seconds=ttl) or None, hours, days)
    polled = after({"cache-control": f"max-age={age}"}, state=replace(every(HOUR), id=id_), rhythm=rhythm)
    assert wait(polled) >= min(timedelta(seconds=max(age, ttl)), DAY)
    assert wait(polled) < 9 * DAY
    if len(hours) < 24 and len(days) < 7:
        assert polled.next_poll is not None
        assert polled.next_poll.hour not in hours
        assert polled.next_poll.weekday() not in days


def test_feeds_added_together_drift_apart() -> None:
    """Jitter differs from feed to feed, is the same for the same poll, and never makes a poll too early."""
    waits = {wait(after({"cache-control": "max-age=7200"}, state=replace(STATE, id=id_))) for id_ in range(50)}
    assert len(waits) > 30
    assert min(waits) >= 2 * HOUR
    assert after() == after()


# --- parts -----------------------------------------------------------------------------------------------------


def test_only_past_posts_are_remembered_newest_first() -> None:
    """A batch within one minute counts once; the future does not count; the list is bounded."""
    batch = [NOW - timedelta(seconds=n) for n in range(30)]
    assert len(remembered((), batch, NOW)) == 2
    assert remembered((NOW - DAY,), [NOW + DAY, NOW - HOUR], NOW) == (NOW - HOUR, NOW - DAY)
    assert len(remembered((), [NOW - n * HOUR for n in range(500)], NOW)) == 60


@settings(deadline=None)  # other work on the machine is no failure
@given(st.lists(st.integers(1, 10**7), max_size=60), st.integers(60, 10**8))
def test_expected_waits_are_positive_and_bounded(gaps: list[int], longest: int) -> None:
    """For any history."""
    moment = NOW
    posted = [moment := moment - timedelta(seconds=gap) for gap in gaps]
    assert timedelta(0) < expected_wait(posted, NOW, timedelta(seconds=longest)) <= timedelta(seconds=longest)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"), (1, "1 s"), (59, "59 s"), (60, "1 min"), (90, "1 min 30 s"), (900, "15 min"), (3600, "1 h"),
        (5400, "1 h 30 min"), (86_400, "1 day"), (90_000, "1 day 1 h"), (1_000_000, "11 days"), (-5, "0 s"),
    ],
)  # fmt: skip
def test_durations_are_said_as_people_say_them(seconds: int, words: str) -> None:
    """The largest unit, and the next where it matters."""
    assert duration(timedelta(seconds=seconds)) == words

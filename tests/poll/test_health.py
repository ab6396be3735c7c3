"""How feeds do, in words; and what happened to them: told once, and not of what flaps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.models import Decision, Entry, FeedState, FeedStatus, PollOutcome, PollResult, Verdict
from aggregator.poll.health import diagnose, events, idle, resting, silence

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FEED = FeedState(1, "Alpha", "alpha", "https://a.example/", "https://a.example/", last_poll=NOW, last_success=NOW)
STEADY = tuple(NOW - 5 * HOUR * number for number in range(1, 30))


def posted(gaps: Iterable[float]) -> tuple[datetime, ...]:
    """Publication times, newest first, with these gaps in hours; the first of them up to NOW."""
    times, moment = [], NOW
    for gap in gaps:
        moment -= gap * HOUR
        times.append(moment)
    return tuple(times)


@pytest.mark.parametrize(
    ("gaps", "silent"),
    [
        ([96] + [5] * 20, True),
        ([23] + [1] * 40, False),
        ([26] + [1] * 40, True),
        ([60] + [5, 5, 5, 5, 60] * 4, False),
        ([100] + [5, 5, 5, 5, 60] * 4, True),
        ([200] + [168] * 8, False),
        ([900] + [168] * 8, True),
        ([900] + [168] * 3, False),
        ([240] + [0.02] * 9 + [168] + [0.02] * 9, False),
        ([42] + [12] * 5 + [0.1] * 5 + [12] * 5, True),
        ([46] + [12] * 20, False),
        ([62] + [12] * 20, True),
        ([], False),
    ],
)
def test_silence_is_against_the_feeds_own_rhythm(gaps: list[float], silent: bool) -> None:
    """A newsroom is silent after a day, one with weekends off after two, a weekly one after weeks; few posts tell nothing."""
    assert (silence(posted(gaps), NOW) is not None) is silent


def test_posts_of_the_future_break_no_silence() -> None:
    """A page that announces an event of next year says nothing of what comes today."""
    assert silence((NOW + 300 * DAY, *posted([96] + [5] * 20)), NOW) is not None


def test_silence_in_words() -> None:
    """What is usual, and how long it lasts."""
    found = silence(tuple(time - 4 * DAY + 5 * HOUR for time in STEADY), NOW)
    assert found is not None
    assert found.words == "usually posts every 5 h, nothing for 4 days"


@pytest.mark.parametrize(
    ("changes", "condition", "words"),
    [
        ({}, "ok", ""),
        ({"next_poll_reason": "posts about every 3 h; next poll in 45 min"}, "ok", "Posts about every 3 h; next"),
        ({"status": FeedStatus.PAUSED, "failures": 9}, "paused", "Paused in feeds.yaml"),
        ({"status": FeedStatus.GONE, "failures": 1}, "gone", "is gone (410)"),
        (
            {"failures": 1, "last_error": "HTTP 500", "next_poll_reason": "failed once"},
            "failing",
            "HTTP 500; failed once; last success 0 s ago.",
        ),
        ({"failures": 4, "last_success": NOW - 2 * DAY}, "broken", "last success 2 days ago."),
        (
            {"failures": 7, "last_success": None, "last_error": "no answer", "next_poll_reason": "failed 7 times"},
            "broken",
            "No answer; failed 7 times; it has never worked.",
        ),
        ({"failures": 6, "last_success": None}, "failing", "it has never worked"),
        ({"last_poll": None, "last_success": None}, "new", "Not polled yet; the next round does."),
        ({"posted": posted([96] + [5] * 20)}, "silent", "Usually posts every 8 h, nothing for 4 days."),
    ],
)
def test_a_condition_and_its_words(changes: dict[str, object], condition: str, words: str) -> None:
    """One sentence that says what is wrong and since when."""
    state = replace(FEED, **changes)  # type: ignore[arg-type]
    if state.failures and state.status is FeedStatus.OK:
        state = replace(state, status=FeedStatus.BACKING_OFF)
    found = diagnose(state, NOW)
    assert found.condition == condition
    if condition != "silent":
        assert words in found.words
    assert found.trouble is (condition in ("gone", "broken", "failing", "silent"))


def poll(
    before: FeedState, at: datetime, *, ok: bool, new: tuple[datetime, ...] = (), **changes: object
) -> PollOutcome:
    state = replace(before, last_poll=at, failures=0 if ok else before.failures + 1)
    state = replace(state, status=FeedStatus.OK if ok else FeedStatus.BACKING_OFF)
    state = replace(state, last_success=at if ok else before.last_success, **changes)  # type: ignore[arg-type]
    entries = [Entry("x", None, "x", published=moment) for moment in new]
    decisions = tuple(Decision(entry, "x", Verdict.NEW, "new", "h") for entry in entries)
    return PollOutcome(state, PollResult.CHANGED if ok else PollResult.FAILED, at, decisions=decisions)


def told(polls: Iterable[tuple[datetime, bool]], start: FeedState = FEED) -> list[str]:
    """The kinds of what is told over a row of polls that go well or not."""
    state, kinds = start, []
    for at, ok in polls:
        outcome = poll(state, at, ok=ok)
        kinds += [event.kind for event in events(state, outcome)]
        state = outcome.state
    return kinds


def test_a_feed_that_breaks_is_told_once_and_so_is_its_return() -> None:
    """Not at the first failures, and not again at each further one."""
    assert told([(NOW + n * 4 * HOUR, False) for n in range(1, 6)]) == []
    broken = [(NOW + n * 4 * HOUR, False) for n in range(1, 40)]
    assert told(broken) == ["broke"]
    assert told([*broken, (NOW + 10 * DAY, True), (NOW + 11 * DAY, True)]) == ["broke", "back"]


def test_two_failures_far_apart_are_no_news() -> None:
    """As when the machine slept between them."""
    assert told([(NOW + HOUR, False), (NOW + 5 * DAY, False), (NOW + 5 * DAY + HOUR, True)]) == []
    assert told([(NOW + HOUR, False), (NOW + 5 * DAY, False), (NOW + 5 * DAY + HOUR, False)]) == ["broke"]


def test_a_feed_that_was_not_silent_does_not_post_again() -> None:
    """Usual posts are no news."""
    state = replace(FEED, posted=STEADY)
    assert events(state, poll(state, NOW + 3 * HOUR, ok=True, new=(NOW + 2 * HOUR,))) == ()


def test_a_flapping_feed_is_no_news() -> None:
    """Every other poll fails, for weeks."""
    assert told([(NOW + n * HOUR, n % 2 == 0) for n in range(1, 500)]) == []
    assert told([(NOW + n * HOUR, n % 12 == 0) for n in range(1, 500)]) == []


def test_gone_and_back_from_it() -> None:
    """410 is told at once, not as broken; when the operator asks again and it answers, it is back."""
    gone = replace(poll(FEED, NOW, ok=False), state=replace(FEED, status=FeedStatus.GONE, failures=1, last_poll=NOW))
    assert [event.kind for event in events(FEED, gone)] == ["gone"]
    assert [event.kind for event in events(gone.state, poll(gone.state, NOW + DAY, ok=True))] == ["back"]


def test_a_move_is_told_without_secrets() -> None:
    """Where it is polled from now on."""
    moved = poll(FEED, NOW, ok=True, polled_url="https://b.example/feed?token=hunter2")
    (event,) = events(FEED, moved)
    assert event.kind == "moved"
    assert event.words == "It is polled at https://b.example/feed?token=REDACTED from now on."


def test_silence_is_told_once_and_so_is_its_end() -> None:
    """At the poll that shows it."""
    before = replace(FEED, posted=STEADY, last_poll=NOW + 20 * HOUR)
    fell = poll(before, NOW + 48 * HOUR, ok=True)
    assert [event.title for event in events(before, fell)] == ["Alpha has fallen silent"]
    later = poll(fell.state, NOW + 60 * HOUR, ok=True)
    assert events(fell.state, later) == ()
    (event,) = events(later.state, poll(later.state, NOW + 70 * HOUR, ok=True, new=(NOW + 69 * HOUR,)))
    assert (event.kind, event.words) == ("posting", "It posts again after 3 days 3 h.")


def test_a_feed_that_falls_silent_while_it_fails_is_told_of_when_it_answers() -> None:
    """Its days of failure are no reason to say nothing of what it does now: it answers, and has nothing to say."""
    state, kinds = replace(FEED, posted=STEADY), []
    for hours, ok in ((6, True), (18, False), (40, False), (70, False), (94, True), (100, True)):
        outcome = poll(state, NOW + hours * HOUR, ok=ok)
        kinds += [event.kind for event in events(state, outcome)]
        state = outcome.state
    assert kinds == ["broke", "back", "silent"]


def test_paused_feeds_have_no_news() -> None:
    """Whatever a forced poll brings."""
    paused = replace(FEED, status=FeedStatus.PAUSED)
    assert events(paused, poll(FEED, NOW, ok=False, status=FeedStatus.GONE)) == ()


def test_hours_without_a_poll_are_told() -> None:
    """When a feed was due for hours and none was polled; not when none was due."""
    assert idle(NOW - DAY, NOW - HOUR, NOW) is None
    assert idle(None, NOW - DAY, NOW) is None
    event = idle(NOW - 3 * DAY, NOW - 2 * DAY, NOW)
    assert event is not None
    assert event.title == "No feed was polled for 3 days"
    lasting = resting(NOW - 3 * DAY, NOW - 2 * DAY, NOW)
    assert lasting is not None
    assert lasting.at == NOW - 2 * DAY + 6 * HOUR

"""What answers and errors mean for what is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.config.settings import FeedOptions, Network
from aggregator.models import Article, FeedState, FeedStatus, PageKind, PendingArticle, PollResult, Validators
from aggregator.models.errors import Barrier, FetchError, Misled, Refused, ScrapeError, StageError, TimedOut
from aggregator.pipeline import outcomes
from aggregator.pipeline.feeds import feed_request

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FEED = FeedState(id=1, name="A", slug="a", url="https://a.example/feed", polled_url="https://a.example/feed")
URL = "https://a.example/1"


def pending(attempts: int = 0) -> PendingArticle:
    return PendingArticle(id=1, url=URL, feed_id=1, attempts=attempts, title="x", feed_html="", published=None)


@pytest.mark.parametrize(
    "error",
    [
        FetchError(URL, "404 Not Found", status=404),
        FetchError(URL, "410 Gone", status=410),
        Refused(URL, "robots.txt does not allow it"),
    ],
)
def test_a_page_that_will_not_come_is_not_asked_for_again(error: StageError) -> None:
    """Gone, forbidden, or not for robots: the feed's own text stands."""
    assert outcomes.next_attempt(pending(), error, NOW) is None


def test_other_failures_are_tried_again_later_each_time_and_not_for_ever() -> None:
    """Ten minutes, twenty, forty ... six times; never before the server's own Retry-After."""
    waits = [outcomes.next_attempt(pending(tries), TimedOut(URL, "too slow"), NOW) for tries in range(6)]
    assert waits[:3] == [NOW + timedelta(minutes=minutes) for minutes in (10, 20, 40)]
    assert waits[5] is None
    asked = FetchError(URL, "503", status=503, retry_after_s=7200)
    assert outcomes.next_attempt(pending(), asked, NOW) == NOW + timedelta(hours=2)


def test_a_name_that_leads_to_a_private_address_is_tried_a_few_times() -> None:
    """A fault of name resolution passes within the hour; what stays so is left alone."""
    waits = [outcomes.next_attempt(pending(tries), Misled(URL, "a.example is at 10.0.0.1"), NOW) for tries in range(6)]
    assert [wait is not None for wait in waits] == [True] * 3 + [False] * 3


def test_a_host_that_rests_costs_its_feeds_no_failure() -> None:
    """Nothing was sent: the next poll moves, and nothing else does."""
    outcome = outcomes.not_polled(FEED, FeedOptions(), Refused(URL, "a.example is given a rest", retry_after_s=90), NOW)
    assert outcome.state.next_poll == NOW + timedelta(seconds=90)
    assert (outcome.state.failures, outcome.state.status) == (0, FeedStatus.OK)
    assert outcome.result is PollResult.FAILED


@pytest.mark.parametrize(
    ("posted_h", "body_h", "asked_whole"),
    [
        ((), 24 * 4, False),
        ((), 24 * 6, True),
        ((), None, True),
        (tuple(range(0, 48, 2)), 24 * 2, False),
        (tuple(range(0, 48, 2)), 24 * 5, True),
        (tuple(range(30, 90, 2)), 14, False),
        (tuple(range(30, 90, 2)), 16, True),
        (tuple(range(240, 400, 2)), 100, False),
        (tuple(range(240, 400, 2)), 120, True),
    ],
)
def test_k18_a_server_that_answers_304_for_ever_starves_no_feed(
    posted_h: tuple[int, ...], body_h: int | None, asked_whole: bool
) -> None:
    """After days without a document it is asked for it, sooner when the feed is silent against its own rhythm."""
    state = replace(
        FEED,
        validators=Validators('"1"', "Wed, 01 Jan 2041 00:00:00 GMT"),
        posted=tuple(NOW - timedelta(hours=hours) for hours in posted_h),
        body_at=None if body_h is None else NOW - timedelta(hours=body_h),
    )
    request = feed_request(state, None, FeedOptions(), Network(), NOW)
    assert (request.validators == Validators()) is asked_whole


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (FetchError(URL, "401 Unauthorized", status=401), "`user` and `password`"),
        (FetchError(URL, "403 Forbidden", status=403), "ask the publisher to let it through"),
        (FetchError(URL, "403 Forbidden", status=403, barrier=Barrier.CHALLENGE), "let feed readers through"),
        (FetchError(URL, "404 Not Found", status=404), "finds its feed"),
        (FetchError(URL, "500 Internal Server Error", status=500), ""),
        (TimedOut(URL, "too slow"), ""),
    ],
)
def test_k19_what_can_be_done_is_said_with_the_failure(error: FetchError, remedy: str) -> None:
    """The cause, then the next step; the error itself is as it was."""
    before = error.message
    outcome = outcomes.not_polled(FEED, FeedOptions(), error, NOW)
    assert outcome.error == outcome.state.last_error
    assert (outcome.error or "").startswith(before)
    assert ((outcome.error or "") == before) is not bool(remedy)
    assert remedy in (outcome.error or "")
    assert error.message == before


def test_a_bug_is_recorded_without_its_text() -> None:
    """The message for people names the kind; the traceback is for the log."""
    outcome = outcomes.not_polled(FEED, FeedOptions(), ZeroDivisionError("secret"), NOW)
    assert outcome.state.failures == 1
    assert outcome.error == "a bug in the program (ZeroDivisionError); the log has its traceback"


@pytest.mark.parametrize("kind", PageKind)
def test_walls_that_may_pass_are_tried_again(kind: PageKind) -> None:
    """A consent wall, a captcha and an empty page are no articles for now; the other kinds are what they are."""
    error = outcomes.unreadable(Article(URL, kind=kind))
    assert isinstance(error, ScrapeError) == (kind in (PageKind.CONSENT, PageKind.CAPTCHA, PageKind.EMPTY))

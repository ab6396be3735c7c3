"""What answers and errors mean for what is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.config.settings import FeedOptions
from aggregator.models import Article, FeedState, FeedStatus, PageKind, PendingArticle, PollResult
from aggregator.models.errors import FetchError, Misled, Refused, ScrapeError, StageError, TimedOut
from aggregator.pipeline import outcomes

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

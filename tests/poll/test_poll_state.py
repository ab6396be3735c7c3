"""What a poll makes of a feed's state: validators, moves, failures, and where entries are not touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from aggregator import poll
from aggregator.config.settings import FeedOptions
from aggregator.models import Entry, FeedState, FeedStatus, ParsedFeed, Response, Validators
from aggregator.models.errors import FetchError, ParseError, Refused, TimedOut, WorkerDied
from aggregator.poll import state as module
from aggregator.text.urls import keep_secret

URL = "https://news.example.org/feed"
BODY = b"<rss>...</rss>"
OPTIONS = FeedOptions()


@pytest.fixture
def state() -> FeedState:
    """A feed that has been polled before."""
    return FeedState(
        id=7, name="News", slug="news", url=URL, polled_url=URL, validators=Validators('"one"', "Tue"), body_hash="old"
    )


def response(now: datetime, headers: dict[str, str] | None = None, **others: object) -> Response:
    values = {"url": URL, "status": 200, "headers": headers or {}, "body": BODY, "fetched_at": now, **others}
    return Response(**values)  # type: ignore[arg-type]


def document(*entries: Entry, **others: object) -> ParsedFeed:
    return ParsedFeed(title="News today", url=URL, entries=entries, **others)  # type: ignore[arg-type]


# --- validators ------------------------------------------------------------------------------------------------


def test_f01_a_new_etag_for_the_same_body_is_stored(state: FeedState, now: datetime) -> None:
    """200 with the bytes of before and another ETag: the new one is echoed from now on."""
    after = poll.succeeded(state, OPTIONS, response(now, {"etag": '"two"'}), None, now)
    assert after.validators == Validators('"two"', None)
    assert after.body_hash == "old"


def test_f02_a_304_with_a_new_etag_updates_it(state: FeedState, now: datetime) -> None:
    """What a 304 names is replaced, what it does not name stays."""
    after = poll.succeeded(state, OPTIONS, response(now, {"etag": '"two"'}, status=304, body=b""), None, now)
    assert after.validators == Validators('"two"', "Tue")


def test_f03_a_304_without_validators_keeps_the_old_ones(state: FeedState, now: datetime) -> None:
    """A bare 304 changes nothing but the times."""
    after = poll.succeeded(state, OPTIONS, response(now, status=304, body=b""), None, now)
    assert (after.validators, after.body_hash) == (state.validators, "old")
    assert (after.last_poll, after.last_success) == (now, now)


@pytest.mark.parametrize("feed", [None, document()])
def test_f04_a_200_without_validators_clears_them(state: FeedState, now: datetime, feed: ParsedFeed | None) -> None:
    """Validators of a document that is no more are not echoed."""
    assert poll.succeeded(state, OPTIONS, response(now), feed, now).validators == Validators()


@pytest.mark.parametrize("etag", ['W/"weak"', "unquoted", '"with ""quotes"""', "", '"\xe9"', "  spaces "])
@pytest.mark.parametrize("modified", ["yesterday", "Tue, 10 Mar 2026 12:00:00 +0100", "0"])
def test_f05_odd_validators_are_kept_to_the_byte(state: FeedState, now: datetime, etag: str, modified: str) -> None:
    """They are the server's, and are never parsed, compared or tidied."""
    headers = {"etag": etag, "last-modified": modified}
    for status in (200, 304):
        after = poll.succeeded(state, OPTIONS, response(now, headers, status=status), None, now)
        assert after.validators == Validators(etag, modified)


@pytest.mark.parametrize(
    "error", [ParseError(URL, "not a feed"), WorkerDied("", "took too long"), TimedOut(URL, "slow")]
)
def test_f07_a_failed_poll_does_not_advance_validators(state: FeedState, now: datetime, error: FetchError) -> None:
    """What was not understood is asked for again, whole."""
    after = poll.failed(state, OPTIONS, error, now)
    assert (after.validators, after.body_hash) == (state.validators, state.body_hash)
    assert after.last_error == error.message
    assert after.last_success is None


def test_a37_what_a_server_says_back_is_kept_without_our_secrets(state: FeedState, now: datetime) -> None:
    """The title of a page of error may repeat the key that it was asked with; status, API and pages show it."""
    keep_secret("k3y-that-a-page-repeats")
    error = ParseError(URL, "this is a web page (“Bad key k3y-that-a-page-repeats”), not a feed")
    after = poll.failed(state, OPTIONS, error, now)
    assert after.last_error == "this is a web page (“Bad key REDACTED”), not a feed"


def test_f21_f22_a_partial_body_does_not_advance_validators(state: FeedState, now: datetime) -> None:
    """A document that was cut short is used, but fetched again soon, and not taken for the whole."""
    headers = {"etag": '"two"', "cache-control": "max-age=86400"}
    cut = response(now, headers, partial=True)
    after = poll.succeeded(state, OPTIONS, cut, document(), now)
    assert (after.validators, after.body_hash) == (state.validators, "old")
    assert after.next_poll is not None
    assert after.next_poll - now < timedelta(minutes=20)
    assert "cut short" in after.next_poll_reason
    again = poll.succeeded(after, OPTIONS, cut, document(), now)
    assert again.next_poll is not None
    assert again.next_poll - now >= timedelta(days=1), "forever cut short is no reason to hurry forever"
    assert poll.succeeded(again, OPTIONS, response(now, headers), document(), now).last_error is None


def test_the_document_is_remembered_by_its_hash(state: FeedState, now: datetime) -> None:
    """After a document was parsed, the same bytes are known again."""
    after = poll.succeeded(state, OPTIONS, response(now), document(home_page_url="https://news.example.org/"), now)
    assert after.body_hash == poll.body_hash(BODY) != poll.body_hash(BODY + b" ")
    assert (after.title, after.home_page_url) == ("News today", "https://news.example.org/")


# --- moves -----------------------------------------------------------------------------------------------------

NEW = "https://new.example.org/feed"


def polls(state: FeedState, now: datetime, *moved_to: str | None) -> FeedState:
    for target in moved_to:
        state = poll.succeeded(state, OPTIONS, response(now, moved_to=target), document(), now)
    return state


def test_f12_a_permanent_move_is_kept_after_several_good_polls(state: FeedState, now: datetime) -> None:
    """The third good poll through the same redirect moves the feed; its identity and history stay."""
    for count in range(1, module.MOVE_AFTER):
        after = polls(state, now, *[NEW] * count)
        assert (after.polled_url, after.moving_to, after.moving_polls) == (URL, NEW, count)
    after = polls(state, now, *[NEW] * module.MOVE_AFTER)
    assert (after.polled_url, after.moving_to, after.moving_polls) == (NEW, None, 0)
    assert (after.id, after.url, after.slug) == (state.id, URL, "news")


def test_f12_unchanged_polls_count_and_other_targets_begin_again(state: FeedState, now: datetime) -> None:
    """304 is a good poll; a redirect to elsewhere or none at all in between starts the count again."""
    unchanged = response(now, status=304, body=b"", moved_to=NEW)
    after = polls(state, now, NEW, NEW)
    assert poll.succeeded(after, OPTIONS, unchanged, None, now).polled_url == NEW
    assert polls(state, now, NEW, NEW, "https://third.example.org/").polled_url == URL
    assert polls(state, now, NEW, NEW, None, NEW, NEW).moving_polls == 2


def test_f12_network_trouble_on_the_way_does_not_begin_again(state: FeedState, now: datetime) -> None:
    """A timeout says nothing about the move."""
    after = poll.failed(polls(state, now, NEW, NEW), OPTIONS, TimedOut(URL, "slow"), now)
    assert polls(after, now, NEW).polled_url == NEW


def test_f13_a_move_to_a_page_is_not_kept(state: FeedState, now: datetime) -> None:
    """301 to HTML does not parse, and counts for nothing."""
    after = polls(state, now, NEW, NEW)
    for _ in range(5):
        after = poll.failed(after, OPTIONS, ParseError(NEW, "this is a web page, not a feed"), now)
    assert (after.polled_url, after.moving_to, after.moving_polls) == (URL, None, 0)


def test_f14_a_temporary_redirect_is_never_kept(state: FeedState, now: datetime) -> None:
    """302 and 307 have no `moved_to`, however often they lead elsewhere."""
    after = state
    for _ in range(10):
        after = poll.succeeded(after, OPTIONS, response(now, url=NEW), document(), now)
    assert (after.polled_url, after.moving_to) == (URL, None)


def test_f36_a_redirect_does_not_talk_us_out_of_https(state: FeedState, now: datetime) -> None:
    """https is not given up for plaintext; the other way round is welcome."""
    assert polls(state, now, *["http://new.example.org/feed"] * 5).polled_url == URL
    plain = replace(state, url="http://a.example/", polled_url="http://a.example/")
    assert polls(plain, now, *["https://a.example/"] * 3).polled_url == "https://a.example/"


def test_a_move_that_went_wrong_is_undone(state: FeedState, now: datetime) -> None:
    """Where the new address fails again and again, the configured one is tried, without the other's validators."""
    after = replace(state, polled_url=NEW)
    for _ in range(module.RETURN_AFTER):
        assert after.polled_url == NEW
        after = poll.failed(after, OPTIONS, FetchError(NEW, "HTTP 404", status=404), now)
    assert (after.polled_url, after.validators) == (URL, Validators())


# --- failures --------------------------------------------------------------------------------------------------


def test_f15_a_move_that_ends_in_gone_asks_the_configured_address_again(state: FeedState, now: datetime) -> None:
    """The word of an address that a redirect once led to does not end the feed; that of its own does."""
    moved = replace(state, polled_url="https://elsewhere.example/feed")
    after = poll.failed(moved, OPTIONS, FetchError(moved.polled_url, "410 Gone", status=410), now)
    assert (after.status, after.polled_url) == (FeedStatus.BACKING_OFF, state.url)
    assert after.validators == Validators()
    assert after.next_poll is not None
    assert poll.failed(after, OPTIONS, FetchError(URL, "410 Gone", status=410), now).status is FeedStatus.GONE


@pytest.mark.parametrize("status", [429, 503])
def test_f10_retry_after_is_obeyed_and_clamped(state: FeedState, now: datetime, status: int) -> None:
    """Not before the server says; but not forever either."""
    for asked, expected in ((7200, 7200), (10**9, 86_400), (0, 0), (-5, 0)):
        error = FetchError(URL, f"HTTP {status}", status=status, retry_after_s=asked)
        after = poll.failed(state, OPTIONS, error, now)
        assert after.next_poll is not None
        wait = (after.next_poll - now).total_seconds()
        assert expected <= wait <= max(expected * 1.1, 1000)
        assert after.status is FeedStatus.BACKING_OFF
        if asked == 7200:
            assert "the server asks for 2 h (Retry-After)" in after.next_poll_reason


def test_f15_gone_ends_polling(state: FeedState, now: datetime) -> None:
    """410: no further poll, said in words; a poll that the operator forces can bring the feed back."""
    after = poll.failed(state, OPTIONS, FetchError(URL, "HTTP 410", status=410), now)
    assert (after.status, after.next_poll, after.interval_s) == (FeedStatus.GONE, None, None)
    assert "gone" in after.next_poll_reason
    back = poll.succeeded(after, OPTIONS, response(now), document(), now)
    assert (back.status, back.failures) == (FeedStatus.OK, 0)
    assert back.next_poll is not None


def test_f16_a_week_of_errors_backs_off_to_a_day_and_never_gives_up(state: FeedState, now: datetime) -> None:
    """Waits double up to 24 hours; after a thousand failures there is still a next poll; one success ends it all."""
    moment, waits = now, []
    for _ in range(1000):
        state = poll.failed(state, OPTIONS, FetchError(URL, "HTTP 500", status=500), moment)
        assert state.next_poll is not None
        waits.append(state.next_poll - moment)
        moment = state.next_poll
    assert waits[0] < timedelta(minutes=20)
    assert all(later >= earlier * 1.5 for earlier, later in pairwise(waits[:6]))
    assert max(waits) <= timedelta(days=1)
    assert min(waits[10:]) >= timedelta(hours=21)
    assert (state.status, state.failures, state.last_error) == (FeedStatus.BACKING_OFF, 1000, "HTTP 500")
    assert "failed 1000 times in a row; next try in 1 day" in state.next_poll_reason
    well = poll.succeeded(state, OPTIONS, response(moment), document(), moment)
    assert (well.status, well.failures, well.last_error) == (FeedStatus.OK, 0, None)


def test_backing_off_keeps_to_a_long_min_interval(state: FeedState, now: datetime) -> None:
    """Who wants a feed polled once a week at most does not see it polled daily because it fails."""
    weekly = FeedOptions(min_interval=timedelta(days=7), max_interval=timedelta(days=14))
    after = poll.failed(state, weekly, TimedOut(URL, "slow"), now)
    assert after.next_poll is not None
    assert after.next_poll - now >= timedelta(days=7)


def test_f18_a_page_instead_of_a_feed_backs_off(state: FeedState, now: datetime) -> None:
    """The error stands in the state; title, validators and known posting times are untouched."""
    state = replace(state, title="News", posted=(now,))
    after = poll.failed(state, OPTIONS, ParseError(URL, "this is a web page, not a feed"), now)
    assert after.last_error == "this is a web page, not a feed"
    assert (after.title, after.posted, after.status) == ("News", (now,), FeedStatus.BACKING_OFF)


def test_f19_f20_an_empty_or_shrunken_document_forgets_nothing(state: FeedState, now: datetime) -> None:
    """Fewer entries, or none, with an empty title: what is known of the feed stays."""
    hours = [now - timedelta(hours=hour) for hour in (1, 5, 9)]
    full = document(*(Entry(str(time), None, "t", published=time) for time in hours))
    after = poll.succeeded(state, OPTIONS, response(now), full, now)
    empty = poll.succeeded(after, OPTIONS, response(now), ParsedFeed(title="", url=URL), now)
    assert (empty.title, empty.status) == ("News today", FeedStatus.OK)
    assert set(after.posted) <= {*empty.posted, now}


def test_refused_and_dead_workers_are_failures_like_others(state: FeedState, now: datetime) -> None:
    """Each costs one failed poll, and there is a next one."""
    for error in (Refused(URL, "a private address"), WorkerDied("", "needed too much memory")):
        after = poll.failed(state, OPTIONS, error, now)
        assert (after.failures, after.status) == (1, FeedStatus.BACKING_OFF)
        assert after.next_poll is not None


def test_a_paused_feed_stays_paused(state: FeedState, now: datetime) -> None:
    """Polled by force, for better or worse: it is not scheduled again."""
    state = replace(state, status=FeedStatus.PAUSED)
    for after in (
        poll.succeeded(state, OPTIONS, response(now), document(), now),
        poll.failed(state, OPTIONS, TimedOut(URL, "slow"), now),
    ):
        assert (after.status, after.next_poll) == (FeedStatus.PAUSED, None)
        assert "paused" in after.next_poll_reason

"""What a poll makes of a feed's state: pure transitions, each with the next poll and the reason for it in words.

Validators move only with a document that was parsed, and was whole. A permanent move is kept only after several polls
of the new place that went well. Failures back off and never give up; 410 Gone ends polling until the operator asks.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from aggregator.models import FeedState, FeedStatus, ParsedFeed, Response, Validators
from aggregator.models.errors import FetchError, ParseError, StageError
from aggregator.poll.limits import CUT_SHORT, MOVE_AFTER
from aggregator.poll.schedule import (
    MAX_HONOURED,
    MinimumWait,
    expected_wait,
    max_age,
    outside_skipped,
    remembered,
    usual_gap,
    wishes,
)
from aggregator.text.backoff import backoff
from aggregator.text.urls import hide
from aggregator.text.wording import about, duration

if TYPE_CHECKING:
    from aggregator.config.settings import FeedOptions


RETURN_AFTER = 5
"""Failures in a row at an address that a move led to, after which the configured one is tried again."""

FIRST_BACKOFF = timedelta(minutes=15)
"""After the first failure; doubled by each further one."""

MAX_BACKOFF = timedelta(days=1)
"""A failing feed is asked at least this often, forever (F16)."""

JITTER = 0.1
"""Share of a wait by which feeds are spread, so that those added together are not polled together forever."""

MAX_JITTER = timedelta(minutes=10)

GONE = 410


def body_hash(body: bytes) -> str:
    """A document's fingerprint: the same bytes need no parsing (SHA-256, hexadecimal)."""
    return sha256(body).hexdigest()


def succeeded(
    state: FeedState, options: FeedOptions, response: Response, feed: ParsedFeed | None, now: datetime
) -> FeedState:
    """The state after a good poll. `feed` is None when nothing had to be parsed: 304, or the same bytes as before."""
    state = replace(_moved(state, response), last_poll=now, last_success=now, failures=0)
    if state.status is not FeedStatus.PAUSED:
        state = replace(state, status=FeedStatus.OK)
    if feed is not None:
        state = _read(state, feed, now)
    if not response.partial:
        state = _validated(state, response, feed)
    # A call after which nothing is new yet: it may be on its way through a cache.
    pushed = state.push is not None and state.push.works and not (feed is None and state.push.called)
    return _scheduled(state, options, response, now, pushed=pushed)


def failed(state: FeedState, options: FeedOptions, error: StageError, now: datetime) -> FeedState:
    """The state after a failed poll: validators, body hash and rhythm stay as they were."""
    failures = state.failures + 1
    state = replace(state, last_poll=now, failures=failures, last_error=hide(error.message))
    if isinstance(error, ParseError):  # a move to a page that is no feed is not kept (F13)
        state = replace(state, moving_to=None, moving_polls=0)
    gone = isinstance(error, FetchError) and error.status == GONE
    if gone and state.polled_url == state.url:
        return _stopped(state, FeedStatus.GONE, "the server says this feed is gone (410)")
    if state.status is FeedStatus.PAUSED:
        return _stopped(state, FeedStatus.PAUSED, "paused in the configuration")
    if (gone or failures % RETURN_AFTER == 0) and state.polled_url != state.url:
        state = replace(state, polled_url=state.url, validators=Validators(), moving_to=None, moving_polls=0)
    return _backing_off(state, options, error, now)


# --- what a good poll brings -----------------------------------------------------------------------------------


def _moved(state: FeedState, response: Response) -> FeedState:
    """Count the polls that an unbroken run of permanent redirects led to one place; after enough, go there at once.

    Any other redirect is noted as a move that no poll counts for.
    """
    target = response.moved_to
    if target is None or target == state.polled_url or _is_downgrade(state.polled_url, target):
        elsewhere = response.url if len(response.hops) > 1 else None
        return replace(state, moving_to=elsewhere, moving_polls=0)
    polls = state.moving_polls + 1 if target == state.moving_to else 1
    if polls >= MOVE_AFTER:
        return replace(state, polled_url=target, moving_to=None, moving_polls=0)
    return replace(state, moving_to=target, moving_polls=polls)


def _is_downgrade(url: str, target: str) -> bool:
    """Https is not given up for http on the word of a redirect."""
    return url.startswith("https:") and not target.startswith("https:")


def _read(state: FeedState, feed: ParsedFeed, now: datetime) -> FeedState:
    times = [moment for entry in feed.entries if (moment := entry.published or entry.updated)]
    told = len(set(times)) > 1 or len(feed.entries) == 1
    return replace(
        state,
        title=feed.title or state.title,
        home_page_url=feed.home_page_url or state.home_page_url,
        rhythm=feed.rhythm,
        # Dates that are missing or all alike say nothing; that the document changed now does.
        posted=remembered(state.posted, times if told else [now], now),
    )


def _validated(state: FeedState, response: Response, feed: ParsedFeed | None) -> FeedState:
    """Validators as RFC 9110 has it: a 200 replaces or clears them, a 304 updates those that it names (F1-F4)."""
    given = response.validators
    if response.status == 304:
        kept = state.validators
        return replace(
            state,
            validators=Validators(
                given.etag if given.etag is not None else kept.etag,
                given.last_modified if given.last_modified is not None else kept.last_modified,
            ),
        )
    return replace(state, validators=given, body_hash=state.body_hash if feed is None else body_hash(response.body))


# --- the next poll ---------------------------------------------------------------------------------------------


def _scheduled(state: FeedState, options: FeedOptions, response: Response, now: datetime, *, pushed: bool) -> FeedState:
    if state.status is FeedStatus.PAUSED:
        return _stopped(replace(state, last_error=None), FeedStatus.PAUSED, "paused in the configuration")
    limit = max(MAX_HONOURED, options.max_interval)
    state = replace(state, max_age_s=max_age(response.status, response.headers, state.max_age_s))
    own = _own_wait(state, options, now, pushed=pushed)
    # What was cut short is asked for again soon, whatever is said of the whole; once: it may be so forever.
    soon = response.partial and state.last_error != CUT_SHORT
    floors = [] if soon else list(wishes(response.headers, state.max_age_s, state.rhythm, now, limit))
    if soon:
        own = MinimumWait(min(own.wait, options.min_interval), "the document was cut short; next poll in {}")
    wish = max((own, *floors), key=lambda wish: wish.wait)
    floor = max(options.min_interval, *(floor.wait for floor in floors), timedelta(0))
    moment = now + _spread(state, wish.wait, floor, options.max_interval, now)
    wait, words = wish.wait, wish.words.format(duration(wish.wait))
    allowed = outside_skipped(moment, state.rhythm)
    if allowed != moment:
        wait, moment = allowed - now, allowed + _jitter(state, wait, now)
        words = f"the feed asks not to be polled before {allowed:%A %H:%M} UTC (skipHours, skipDays)"
    return replace(
        state,
        next_poll=moment,
        next_poll_reason=words,
        not_before=now + max(floor.wait for floor in floors) if floors else None,
        last_error=CUT_SHORT if response.partial else None,
        interval_s=round(wait.total_seconds()),
    )


def _spread(state: FeedState, wait: timedelta, floor: timedelta, ceiling: timedelta, now: datetime) -> timedelta:
    """`wait` moved by up to a tenth: later, or where that would be too late, earlier; never below `floor`."""
    spread = _jitter(state, wait, now)
    later = wait + spread
    latest = ceiling if wait <= ceiling else max(ceiling, MAX_HONOURED)
    return later if later <= latest else max(wait - spread, floor)


def _own_wait(state: FeedState, options: FeedOptions, now: datetime, *, pushed: bool) -> MinimumWait:
    """What we would do if nobody asked for anything, within the operator's bounds."""
    lowest, highest = options.min_interval, max(options.min_interval, options.max_interval)
    if options.interval != "adaptive":
        return MinimumWait(min(max(options.interval, lowest), highest), "polled every {}, as configured")
    if pushed:
        return MinimumWait(highest, "its hub calls when there is something new; next poll in {}")
    posted = remembered(state.posted, (), now)
    wait = min(max(expected_wait(posted, now, highest), lowest), highest)
    gap = usual_gap(posted, now)
    if gap is None:
        return MinimumWait(wait, "not enough posts yet to know its rhythm; next poll in {}")
    return MinimumWait(wait, f"posts about every {about(gap)}; next poll in {{}}")


def _backing_off(state: FeedState, options: FeedOptions, error: StageError, now: datetime) -> FeedState:
    first = max(FIRST_BACKOFF, options.min_interval)
    wait = max(backoff(state.failures - 1, first, MAX_BACKOFF), options.min_interval)
    times = "once" if state.failures == 1 else f"{state.failures} times in a row"
    words = f"failed {times}; next try in {duration(wait)}"
    asked = timedelta(seconds=min(getattr(error, "retry_after_s", None) or 0, MAX_HONOURED.total_seconds()))
    if asked > wait:
        wait, words = asked, f"failed {times}; the server asks for {duration(asked)} (Retry-After)"
    moment = now + min(wait + _jitter(state, wait, now), max(MAX_BACKOFF, wait))
    return replace(
        state,
        status=FeedStatus.BACKING_OFF,
        next_poll=moment,
        next_poll_reason=words,
        interval_s=round(wait.total_seconds()),
    )


def _stopped(state: FeedState, status: FeedStatus, words: str) -> FeedState:
    return replace(state, status=status, next_poll=None, next_poll_reason=words, interval_s=None)


def _jitter(state: FeedState, wait: timedelta, now: datetime) -> timedelta:
    """Between nothing and a tenth of the wait; the same for the same feed and time, so that a test can know it."""
    digest = sha256(f"{state.id} {state.slug} {int(now.timestamp())}".encode()).digest()
    return min(wait * JITTER, MAX_JITTER) * (digest[0] / 255)

"""Every state of a feed in words that a person understands: a case, what `status` says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregator.config.settings import FeedOptions
from aggregator.models import FeedHints, FeedState, FeedStatus, Hop, ParsedFeed, Response
from aggregator.models.errors import FetchError, ParseError, Refused, TimedOut, TooLarge, WorkerDied
from aggregator.pipeline import outcomes
from aggregator.poll.health import describe

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
URL = "https://news.example/feed"
NEW = FeedState(id=1, name="News", slug="news", url=URL, polled_url=URL)
FEED = ParsedFeed("News", URL)


def answered(state: FeedState = NEW, feed: ParsedFeed | None = FEED, **answer: object) -> FeedState:
    """The state after a good poll."""
    response = Response(**{"url": URL, "status": 200, "headers": {}, "body": b"x", "fetched_at": NOW, **answer})
    return outcomes.polled(state, FeedOptions(), response, feed, (), NOW).state


def erred(error: Exception, times: int = 1, state: FeedState = NEW) -> FeedState:
    """The state after polls that failed."""
    for _ in range(times):
        state = outcomes.not_polled(state, FeedOptions(), error, NOW).state
    return state


def fetch(message: str, kind: type[FetchError] = FetchError, **more: object) -> FetchError:
    return kind(URL, message, **more)


def hops(*statuses: int) -> tuple[Hop, ...]:
    return tuple(Hop(URL, status) for status in statuses)


MOVED = "https://moved.example/feed"
MOVING = {"url": MOVED, "moved_to": MOVED, "hops": hops(301, 200)}

CASES: dict[str, tuple[FeedState, str, str]] = {
    "never polled": (NEW, "new", "not polled yet; the next round does"),
    "host resting before the first poll": (
        erred(fetch("news.example is given a rest, after it was busy or silent", Refused, retry_after_s=90)),
        "new", "news.example is given a rest, after it was busy or silent",
    ),
    "good": (answered(), "ok", "not enough posts yet to know its rhythm; next poll in 1 h"),
    "good, told to wait": (
        answered(headers={"cache-control": "max-age=7200"}), "ok", "the server asks for 2 h (max-age)",
    ),
    "good, hours to skip": (
        answered(feed=replace(FEED, rhythm=FeedHints(skip_hours=frozenset({13})))), "ok",
        "the feed asks not to be polled before Tuesday 14:00 UTC (skipHours, skipDays)",
    ),
    "host resting": (
        erred(fetch("news.example is given a rest, after it was busy or silent", Refused, retry_after_s=90), 1, answered()),
        "ok", "news.example is given a rest, after it was busy or silent",
    ),
    "failed once": (
        erred(fetch("500 Internal Server Error", status=500)), "failed 1×",
        "500 Internal Server Error; failed once; next try in 15 min",
    ),
    "failing for long": (
        erred(fetch("no such host: news.example"), 9), "failed 9×",
        "no such host: news.example; failed 9 times in a row; next try in 1 day",
    ),
    "told to wait while failing": (
        erred(fetch("503 Service Unavailable", status=503, retry_after_s=7200)), "failed 1×",
        "503 Service Unavailable; failed once; the server asks for 2 h (Retry-After)",
    ),
    "TLS": (
        erred(fetch("news.example: its certificate is not valid: certificate has expired")), "failed 1×",
        "news.example: its certificate is not valid: certificate has expired; failed once; next try in 15 min",
    ),
    "too slow": (
        erred(fetch("not done after 30 s (while reading the body)", TimedOut)), "failed 1×",
        "not done after 30 s (while reading the body); failed once; next try in 15 min",
    ),
    "too large": (
        erred(fetch("too large: more than 33,554,432 bytes", TooLarge)), "failed 1×",
        "too large: more than 33,554,432 bytes; failed once; next try in 15 min",
    ),
    "private address": (
        erred(fetch("news.example is at 10.0.0.1, which is not a public address (see network.allow)", Refused)),
        "failed 1×",
        "news.example is at 10.0.0.1, which is not a public address (see network.allow); failed once; next try in 15 min",
    ),
    "no feed": (
        erred(ParseError(URL, "this is a web page, not a feed")), "failed 1×",
        "this is a web page, not a feed; failed once; next try in 15 min",
    ),
    "a parser that was stopped": (
        erred(WorkerDied("", "took longer than 20 s and was stopped")), "failed 1×",
        "took longer than 20 s and was stopped; failed once; next try in 15 min",
    ),
    "a bug": (
        erred(KeyError("x")), "failed 1×",
        "a bug in the program (KeyError); the log has its traceback; failed once; next try in 15 min",
    ),
    "gone": (
        erred(fetch("410 Gone", status=410)), "gone (410)",
        ("the server says this feed is gone (410): no longer polled; stored posts are kept. "
        "Retry: `aggregator poll --feed News`. Remove: `aggregator remove News`"),
    ),
    "paused": (
        replace(answered(), status=FeedStatus.PAUSED), "paused",
        "paused in feeds.yaml: not polled, and what is stored stays",
    ),
    "cut short": (
        answered(partial=True), "cut short",
        "what was whole of it is stored; the document was cut short; next poll in 15 min",
    ),
    "moving": (
        answered(answered(**MOVING), **MOVING), "ok",
        ("not enough posts yet to know its rhythm; next poll in 1 h; it announces a permanent move to "
        "https://moved.example/feed: seen 2 of 3 times before that is believed"),
    ),
    "moved": (
        answered(answered(answered(**MOVING), **MOVING), **MOVING), "ok",
        ("not enough posts yet to know its rhythm; next poll in 1 h; moved permanently to "
        "https://moved.example/feed; update feeds.yaml"),
    ),
    "redirected": (
        answered(url="https://cdn.example/feed?token=abc", hops=hops(302, 200)), "ok",
        ("not enough posts yet to know its rhythm; next poll in 1 h; it is redirected to "
        "https://cdn.example/feed?token=REDACTED for the time being"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("state", "label", "words"), CASES.values(), ids=CASES.keys())
def test_every_state_is_said_in_words(state: FeedState, label: str, words: str) -> None:
    """What happened, how often, and what comes next."""
    stand = describe(state)
    assert (stand.label, stand.words) == (label, words)


@pytest.mark.parametrize(("pages", "words"), [(1, "1 page is not"), (1200, "1,200 pages are not")])
def test_pages_that_robots_txt_forbids_are_counted(pages: int, words: str) -> None:
    """A feed whose articles may not be read says so."""
    assert describe(answered(), pages).words.endswith(
        f"; {words} fetched because robots.txt does not allow it: the feed's own text stands"
    )


def test_a_move_seen_before_a_temporary_redirect_is_counted_again() -> None:
    """A redirect for the time being is not a step of a move, and ends one that had begun."""
    begun = answered(answered(**MOVING), **MOVING)
    assert begun.moving_polls == 2
    aside = answered(begun, url=MOVED, hops=hops(302, 200))
    assert (aside.moving_to, aside.moving_polls) == (MOVED, 0)
    assert answered(aside, **MOVING).moving_polls == 1
    assert answered(aside, hops=hops(200)).moving_to is None

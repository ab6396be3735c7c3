"""What an answer means: from a response or an error to the outcome that is stored. Pure decisions, no input or output.

Every error that a stage raises on purpose becomes a recorded outcome here; anything else is a bug, which is recorded
too, so that it costs only the feed or the article that met it.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import structlog

from aggregator import poll
from aggregator.models import (
    FROM_FEED,
    Article,
    Decision,
    FeedState,
    PageEvidence,
    PageKind,
    ParsedFeed,
    PendingArticle,
    PendingImage,
    PollOutcome,
    PollResult,
    Response,
    Validators,
    Verdict,
)
from aggregator.models.errors import FetchError, Misled, Refused, ScrapeError, StageError
from aggregator.poll import limits
from aggregator.poll.health import advice
from aggregator.text.backoff import backoff
from aggregator.text.urls import hide, redact

if TYPE_CHECKING:
    from aggregator.config.settings import FeedOptions

ATTEMPTS = 6
FIRST_RETRY = timedelta(minutes=10)
"""Doubled by each try: a page is tried for about five hours."""

MISLED_ATTEMPTS = 4
"""Tries, over about an hour, of a page whose host has no public address: faults of name resolution are over by then."""

FINAL_STATUSES = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 451})
"""Asking again would be rude and of no use; the feed's own text stands."""

GONE_STATUSES = frozenset({404, 410})

HEADER_CHARS = 1000
"""Of an X-Robots-Tag that is kept as it came: real ones have some dozens."""

_PASSING = {
    PageKind.CONSENT: "a consent wall",
    PageKind.CAPTCHA: "a captcha or a bot check",
    PageKind.EMPTY: "nothing to read",
}
"""Kinds of page that may be gone at the next try. A paywall, a PDF or a page made by scripts stays what it is."""

log = structlog.get_logger()


def unchanged(state: FeedState, response: Response) -> PollResult | None:
    """How an answer says that nothing is new, or None when it has to be parsed."""
    if response.status == 304:
        return PollResult.NOT_MODIFIED
    if not response.partial and poll.body_hash(response.body) == state.body_hash:
        return PollResult.SAME_BYTES
    return None


def polled(
    state: FeedState,
    options: FeedOptions,
    response: Response,
    feed: ParsedFeed | None,
    decisions: tuple[Decision, ...],
    now: datetime,
) -> PollOutcome:
    """A good poll: `feed` is the document, or None when nothing changed."""
    if state.push and not state.push.called and any(decision.verdict is Verdict.NEW for decision in decisions):
        state = replace(state, push=replace(state.push, works=False))
    after, taken = poll.succeeded(state, options, response, feed, now), limits.within(decisions, state, options)
    if feed is not None:
        after = replace(after, limit=taken.note)
    if taken.more:
        after = replace(after, body_hash=None, validators=Validators())
    return PollOutcome(
        state=after,
        result=PollResult.CHANGED if feed else unchanged(state, response) or PollResult.SAME_BYTES,
        at=now,
        http_status=response.status,
        elapsed_s=response.elapsed_s,
        wire_bytes=response.wire_bytes,
        feed=feed,
        decisions=taken.decisions,
    )


def not_polled(state: FeedState, options: FeedOptions, error: Exception, now: datetime) -> PollOutcome:
    """A failed poll: the error is kept in words, and the next try is later."""
    known = expected(error, feed=state.name)
    if (until := resting_until(known, now)) is not None:
        later = replace(state, next_poll=until, next_poll_reason=known.message)
        return PollOutcome(state=later, result=PollResult.FAILED, at=now, error=known.message)
    if remedy := advice(known):
        known = copy(known)
        known.message = f"{known.message}; {remedy}"
    log.warning("poll failed", feed=state.name, stage=known.stage, error=known.message)
    return PollOutcome(
        state=poll.failed(state, options, known, now),
        result=PollResult.FAILED,
        at=now,
        http_status=known.status if isinstance(known, FetchError) else None,
        error=hide(known.message),
    )


def resting_until(error: Exception, now: datetime) -> datetime | None:
    """When to come back to a host that is given a rest: nothing was sent, so nothing has failed. None otherwise."""
    if isinstance(error, Refused) and error.retry_after_s is not None:
        return now + timedelta(seconds=error.retry_after_s)
    return None


def expected(error: Exception, **context: str) -> StageError:
    """The error itself, or one that stands for a bug, whose traceback goes to the log."""
    if isinstance(error, StageError):
        return error
    log.error("bug", exc_info=error, **context)
    return StageError("", f"a bug in the program ({type(error).__name__}); the log has its traceback")


def next_attempt(article: PendingArticle | PendingImage, error: StageError, now: datetime) -> datetime | None:
    """When a page or an image is to be tried again: later each time, when the server says, or never (None)."""
    retry_after_s = error.retry_after_s if isinstance(error, FetchError) else None
    if final(error) or article.attempts + 1 >= (MISLED_ATTEMPTS if isinstance(error, Misled) else ATTEMPTS):
        return None
    return now + max(backoff(article.attempts, FIRST_RETRY), timedelta(seconds=retry_after_s or 0))


def final(error: Exception) -> bool:
    """Whether another try would be of no use, or rude."""
    if isinstance(error, Refused):
        return not isinstance(error, Misled) and error.retry_after_s is None
    return isinstance(error, FetchError) and error.status in FINAL_STATUSES


def unreadable(article: Article) -> ScrapeError | None:
    """The error of a page that showed something else in place of its article, for now; None when it may be stored.

    A label alone is no error: what shows the article's text besides is stored.
    """
    if article.kind in _PASSING and (not article.text or article.extractor == FROM_FEED):
        return ScrapeError(redact(article.url), f"shows no article ({_PASSING[article.kind]})")
    return None


def gone(error: Exception) -> bool:
    """Whether the origin says that there is no such page (any more)."""
    return isinstance(error, FetchError) and error.status in GONE_STATUSES


def evidence(response: Response) -> PageEvidence:
    """How a page was fetched, for the record beside its article."""
    return PageEvidence(
        fetched_at=response.fetched_at,
        final_url=response.url,
        status=response.status,
        content_type=response.content_type,
        raw_hash=sha256(response.body).hexdigest(),
        partial=response.partial,
        validators=response.validators,
        x_robots_tag=response.headers.get("x-robots-tag", "")[:HEADER_CHARS],
    )

"""One poll of one feed: what is asked, and what the answer means for what is stored."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator import dedupe
from aggregator.fetch import origin
from aggregator.models import FeedState, ParsedFeed, PollOutcome, PollResult, Request, Response, Validators
from aggregator.models.errors import StoreError, TimedOut
from aggregator.pipeline import outcomes
from aggregator.pipeline.websub import linked
from aggregator.poll import health
from aggregator.text.urls import redact

if TYPE_CHECKING:
    from aggregator.config.settings import Feed, FeedOptions, Network
    from aggregator.store import Store

FEED_TYPES = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.8"

PARSE_TIMEOUT_S = 20.0
"""A feed of 20 MB and 10,000 items parses in under ten seconds on a small machine."""

SAVED_TOGETHER = 50
SAVED_WITHIN_S = 0.5
"""Polls that may share a transaction, and the seconds within which they do."""


UNCONDITIONAL_EVERY = timedelta(days=5)
"""A server that answers 304 whatever has changed starves a feed; so often at least it has to send the document."""


def feed_request(state: FeedState, feed: Feed | None, options: FeedOptions, network: Network, now: datetime) -> Request:
    """The request for a feed: conditional, but for now and then; with what `feed` in feeds.yaml says of it.

    What is secret of that goes no further than the origin of the configured address.
    """
    return Request(
        url=state.polled_url,
        headers=feed_headers(feed, state.polled_url),
        key=state.id,
        validators=Validators() if _has_to_send(state, now) else state.validators,
        max_bytes=network.max_bytes,
        accept=FEED_TYPES,
        keep_late=True,
        proxy=options.proxy,
    )


def feed_headers(feed: Feed | None, url: str) -> dict[str, str]:
    """What feeds.yaml wants to be sent to `url` for a feed: its own user agent, headers, password and cookies."""
    if feed is None:
        return {}
    agent = {"User-Agent": feed.user_agent} if feed.user_agent else {}
    if origin(url) != origin(feed.url):
        return agent
    headers = {**agent, **feed.headers}
    if feed.user is not None:
        secret = f"{feed.user}:{feed.password or ''}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(secret).decode('ascii')}"
    if feed.cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in feed.cookies.items())
    return headers


def _has_to_send(state: FeedState, now: datetime) -> bool:
    """Whether the server has sent no document for too long.

    That is UNCONDITIONAL_EVERY, or half of the time for which the feed has been silent against its own rhythm: the
    longer the silence, the rarer the doubt.
    """
    if state.body_at is None:
        return True
    quiet = health.silence(state.posted, now)
    return now - state.body_at >= min(UNCONDITIONAL_EVERY, quiet.lasts / 2 if quiet else UNCONDITIONAL_EVERY)


class PollBatch:
    """Saves polls as they come: what brought something at once, what brought nothing many at a time.

    Each transaction waits for the disk, and most polls bring nothing. What is held back is an appointment or two, for
    SAVED_WITHIN_S at most while polls come in; `flush` ends it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: list[PollOutcome] = []
        self._since = 0.0

    def save(self, outcome: PollOutcome) -> None:
        """Save `outcome`, now or soon."""
        if not self._held:
            self._since = time.monotonic()
        self._held.append(outcome)
        waited = time.monotonic() - self._since
        if outcome.result is PollResult.CHANGED or len(self._held) >= SAVED_TOGETHER or waited > SAVED_WITHIN_S:
            self.flush()

    def flush(self) -> None:
        """Save all that is held back."""
        held, self._held = self._held, []
        if held:
            self._store.save_polls(held)


def poll_outcome(
    store: Store,
    state: FeedState,
    options: FeedOptions,
    answer: Response | Exception,
    parsed: ParsedFeed | Exception | None,
    now: datetime,
) -> PollOutcome:
    """What is to be saved. `parsed` is None where nothing had to be parsed. Raises StoreError alone."""
    outcome = _outcome(store, state, options, answer, parsed, now)
    return replace(outcome, events=health.events(state, outcome))


def _outcome(
    store: Store,
    state: FeedState,
    options: FeedOptions,
    answer: Response | Exception,
    parsed: ParsedFeed | Exception | None,
    now: datetime,
) -> PollOutcome:
    if isinstance(answer, Exception):
        return outcomes.not_polled(state, options, answer, now)
    if isinstance(parsed, Exception):
        late = TimedOut(redact(answer.url), "its time was up before one entry was through") if answer.late else parsed
        return outcomes.not_polled(state, options, late, now)
    if parsed is not None and not parsed.cut_short and not answer.late:
        answer = replace(answer, partial=False)  # it ends with its root, whatever its length was said to be
    try:
        parsed = linked(parsed, answer) if parsed else None
        document = dedupe.Document.of(parsed.entries if parsed else ())
        known = store.known(state.id, document.guids, document.hashes)
        strangers = document.strangers(known)
        if strangers.hashes:
            known = store.known_alike(state.id, strangers.urls, strangers.hashes, strangers.guids) | known
        return outcomes.polled(state, options, answer, parsed, document.decide(known), now)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug costs its own feed one failed poll, and nothing else
        return outcomes.not_polled(state, options, error, now)

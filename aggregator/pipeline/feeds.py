"""One poll of one feed: what is asked, and what the answer means for what is stored."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

from aggregator import dedupe
from aggregator.config.settings import FeedOptions, Network
from aggregator.models import FeedState, ParsedFeed, PollOutcome, PollResult, Request, Response
from aggregator.models.errors import StoreError
from aggregator.pipeline import outcomes
from aggregator.pipeline.websub import linked
from aggregator.poll import health
from aggregator.store import Store

FEED_TYPES = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.8"

PARSE_TIMEOUT_S = 20.0
"""A feed of 20 MB and 10,000 items parses in under ten seconds on a small machine."""

SAVED_TOGETHER = 50
SAVED_WITHIN_S = 0.5
"""Polls that may share a transaction, and the seconds within which they do."""


def feed_request(state: FeedState, network: Network) -> Request:
    """The conditional request for a feed."""
    return Request(
        url=state.polled_url,
        key=state.id,
        validators=state.validators,
        max_bytes=network.max_bytes,
        accept=FEED_TYPES,
    )


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
        return outcomes.not_polled(state, options, parsed, now)
    try:
        parsed = linked(parsed, answer) if parsed else None
        entries = parsed.entries if parsed else ()
        known = store.known(state.id, dedupe.lookup_guids(entries))
        return outcomes.polled(state, options, answer, parsed, dedupe.decide(entries, known), now)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug costs its own feed one failed poll, and nothing else
        return outcomes.not_polled(state, options, error, now)

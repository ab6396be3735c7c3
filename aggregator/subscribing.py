"""Subscribing to the hubs that feeds name (WebSub), so that new posts are polled when they come.

A hub that calls, and has signed what it says, makes its feed due; what it says is not read: everything that is stored
comes through a poll. A feed whose hub works is polled less often; when a poll finds what no call announced, or the
lease runs out, as often as any other. Nothing is subscribed to where nobody can reach us, or at a hub that the guard
does not let us ask.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from aggregator import emit
from aggregator.config.settings import Config, FeedOptions
from aggregator.fetch import Fetcher
from aggregator.hub_reach import may_reach_us
from aggregator.models import Request
from aggregator.models.errors import FetchError
from aggregator.store import Store, Subscription
from aggregator.text.urls import hide, redact
from aggregator.websub import Signature, request_form

FIRST_RETRY = timedelta(minutes=15)
LAST_RETRY = timedelta(days=7)
"""A hub that fails, or does not confirm, is asked again after this, doubled each time up to the other."""

DENIED_RETRY = timedelta(days=7)

LEASES = timedelta(minutes=1), timedelta(days=90)
"""The shortest and the longest lease that is believed."""

LEAVE_TRIES = 3
"""Requests to end a subscription, after which it is forgotten: its lease ends by itself."""

ANSWER_BYTES = 64 * 1024

log = structlog.get_logger()


class Subscriber:
    """Our side of all subscriptions. Thread-safe: hubs call while others are being asked."""

    def __init__(self, store: Store, fetcher: Fetcher, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._fetcher = fetcher
        self._clock = clock

    def tend(self, config: Config, options: Callable[[str], FeedOptions]) -> int:
        """Ask for what is wanted, renew what runs out, end what is no longer wanted; how many hubs were asked.

        `options` are those of the feed at an address. Raises StoreError.
        """
        table, now = self._store.subscriptions, self._clock()
        table.lapse(now)
        wanted = (one for one in table.candidates() if may_reach_us(config, one.hub) and options(one.url).websub)
        table.want([(one, secrets.token_urlsafe(24), secrets.token_hex(32)) for one in wanted])
        due = {one.id: one for one in table.due(now)}
        for request, answer in self._fetcher.each([_request(one, config) for one in due.values()]):
            one = due[request.key]
            again = now + min(FIRST_RETRY * (1 << min(one.failures, 20)), LAST_RETRY)
            if one.state == "leaving" and one.failures + 1 >= LEAVE_TRIES:
                table.ended(one.id)
            elif isinstance(answer, FetchError):
                later = max(again, now + timedelta(seconds=answer.retry_after_s or 0))
                table.failed(one.id, hide(answer.message), later)
                log.warning("hub not asked", hub=redact(one.hub), error=hide(answer.message))
            else:
                table.asked(one, now, again)
        return len(due)

    def verify(self, token: str, mode: str, topic: str, lease_s: int) -> bool:
        """Whether we have asked for what a hub wants to have confirmed (section 5.3); it counts from now on then."""
        one, now = self._store.subscriptions.of_token(token), self._clock()
        if one is None or topic != one.topic:
            return False
        if mode == "unsubscribe" and one.state == "leaving":
            self._store.subscriptions.ended(one.id)
            return True
        if mode != "subscribe" or one.state == "leaving":
            return False
        lease = min(max(timedelta(seconds=lease_s), LEASES[0]), LEASES[1])
        self._store.subscriptions.confirmed(one.id, now + lease, now + lease * 3 / 4)
        log.info("subscribed", hub=redact(one.hub), topic=redact(one.topic), days=round(lease / timedelta(days=1), 1))
        return True

    def deny(self, token: str, topic: str, why: str) -> bool:
        """The hub will not serve us (section 5.2); whether that was about a subscription of ours."""
        one, now = self._store.subscriptions.of_token(token), self._clock()
        if one is None or topic != one.topic:
            return False
        self._store.subscriptions.denied(one.id, hide(why) or "the hub gives no reason", now, now + DENIED_RETRY)
        log.warning("subscription denied", hub=redact(one.hub), topic=redact(one.topic), why=hide(why))
        return True

    def check(self, token: str, signature: str) -> Signature | None:
        """What checks the content of a call; None: there is no such subscription (any more)."""
        one = self._store.subscriptions.of_token(token)
        return Signature(signature, one.secret) if one is not None and one.state != "leaving" else None

    def called(self, token: str) -> None:
        """A signed call has come: the feed is due. It is in the database when this returns."""
        self._store.subscriptions.called(token, self._clock())


def _request(one: Subscription, config: Config) -> Request:
    mode = "unsubscribe" if one.state == "leaving" else "subscribe"
    callback = emit.topic(config.site, f"websub/{one.token}")
    form = request_form(mode, one.topic, callback, one.secret)
    return Request(one.hub, key=one.id, form=form, max_bytes=ANSWER_BYTES)

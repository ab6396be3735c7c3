"""Subscribing to the hubs that feeds name (WebSub), so that new posts are polled when they come.

A hub that calls, and has signed what it says, makes its feed due; what it says is not read: everything that is stored
comes through a poll. A feed whose hub works is polled less often; when a poll finds what no call announced, or the
lease runs out, as often as any other. Nothing is subscribed to where nobody can reach us, or at a hub that the guard
does not let us ask.

Telling the hubs of `site.hubs` that our feed documents have changed (WebSub; PubSubHubbub Core 0.3, section 7.1).

What changed is noted in the database when it was written, and told in one request a hub for many documents; a hub that
fails is tried again, later each time, and never given up. Nobody is told of a site that nobody can reach: `base_url`
has to be public, unless `network.allow` names the hub.

What WebSub subscribers say and check (W3C Recommendation, 23 January 2018): pure values, no input or output.

May a hub be expected to reach us? Without an answer of yes nobody is told of us, and nothing is subscribed to.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from aggregator import emit
from aggregator.fetch import Fetcher, public_name
from aggregator.models import ParsedFeed, Request, Response
from aggregator.models.errors import FetchError
from aggregator.text.backoff import backoff
from aggregator.text.urls import hide, host_of, http_url, redact

if TYPE_CHECKING:
    from aggregator.config.settings import Config, FeedOptions
    from aggregator.store import Ping, Store, Subscription

LEASE_S = 10 * 86_400
"""Seconds that we ask for; the hub says what it grants (section 5.1)."""

METHODS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
"""Of X-Hub-Signature (section 8). SHA-1 is still what most hubs send; as an HMAC it is not broken."""

_LINK = re.compile(r"<([^<>]{1,4096})>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s\",;]+))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]+))", re.IGNORECASE)


class Signature:
    """A check of signed content as it comes in: `update` with each part of it, then ask `good`.

    `secret` None: the hub was given none, and cannot sign; its call makes the feed due, and nothing in it is used.
    """

    def __init__(self, header: str, secret: str | None) -> None:
        method, _, self._given = header.strip().partition("=")
        known = METHODS.get(method.lower())
        self._signed = secret is not None
        self._mac = hmac.new(secret.encode(), digestmod=known) if known and secret is not None else None

    def update(self, part: bytes) -> None:
        if self._mac is not None:
            self._mac.update(part)

    @property
    def good(self) -> bool:
        """Whether the content is what somebody who knows the secret has signed; compared in constant time."""
        if not self._signed:
            return True
        given = self._given.lower().encode("utf-8", "replace")
        return self._mac is not None and hmac.compare_digest(self._mac.hexdigest().encode(), given)


def linked(feed: ParsedFeed, response: Response) -> ParsedFeed:
    """The feed with the hubs and the topic that its HTTP header names, which go before its own (section 4)."""
    found: dict[str, list[str]] = {"hub": [], "self": []}
    for target, parameters in _LINK.findall(response.headers.get("link", "")):
        rel = _REL.search(parameters)
        url = http_url(target, response.url)
        for name in (rel[1] or rel[2] or "").lower().split() if rel and url else ():
            if name in found and url:
                found[name].append(url)
    if not found["hub"]:
        return feed
    return replace(feed, hubs=tuple(dict.fromkeys(found["hub"])), self_url=next(iter(found["self"]), feed.self_url))


def keeps_secrets(hub: str) -> bool:
    """Whether a secret may be sent to a hub: over https alone (section 5.1), or within this machine."""
    parts = urlsplit(hub)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def request_form(mode: str, topic: str, callback: str, secret: str | None) -> tuple[tuple[str, str], ...]:
    """What a hub is asked with; `mode` is subscribe or unsubscribe (section 5.1). `secret` None: none is sent."""
    fields = (("hub.callback", callback), ("hub.mode", mode), ("hub.topic", topic))
    if mode == "unsubscribe":
        return fields
    kept = () if secret is None else (("hub.secret", secret),)
    return (*fields, ("hub.lease_seconds", str(LEASE_S)), *kept)


def may_reach_us(config: Config, hub: str) -> bool:
    """Whether a hub could fetch from us, or call us: our address is public, or the operator named the hub's."""
    if public_name(urlsplit(config.site.base_url).hostname or ""):
        return True
    host = host_of(hub)
    return any(_is_in(host, target) for target in config.network.allow)


def _is_in(host: str, target: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")) in ipaddress.ip_network(target, strict=False)
    except ValueError:
        return host == target.lower()


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
        for request, answer in self._fetcher.each([_subscription(one, config) for one in due.values()]):
            one = due[request.key]
            again = now + backoff(one.failures, FIRST_RETRY, LAST_RETRY)
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
        if one is None or one.state == "leaving":
            return None
        return Signature(signature, one.secret if keeps_secrets(one.hub) else None)

    def called(self, token: str) -> None:
        """A signed call has come: the feed is due. It is in the database when this returns."""
        self._store.subscriptions.called(token, self._clock())


def _subscription(one: Subscription, config: Config) -> Request:
    mode = "unsubscribe" if one.state == "leaving" else "subscribe"
    callback = emit.topic(config.site, f"websub/{one.token}")
    form = request_form(mode, one.topic, callback, one.secret if keeps_secrets(one.hub) else None)
    return Request(one.hub, key=one.id, form=form, max_bytes=ANSWER_BYTES)


TOPICS = 100
"""Documents named in one request: about 10 KB."""

FIRST_PING_RETRY = timedelta(minutes=1)
LAST_PING_RETRY = timedelta(days=1)
"""A hub that fails is tried again after this, doubled by each failure up to the other."""

PING_ANSWER_BYTES = 64 * 1024
"""What is read of a hub's answer at most; nothing in it matters to us."""

log = structlog.get_logger()


class Hubs:
    """What our hubs are told. Not thread-safe: `note` belongs to emitting, `tell` to one thread at a time."""

    def __init__(self, store: Store, fetcher: Fetcher, out: Path) -> None:
        self._store = store
        self._fetcher = fetcher
        self._out = out
        self._noted: tuple[str, ...] | None = None

    def note(self, config: Config, written: Iterable[str], now: datetime) -> None:
        """Note which documents have changed: those `written`, and the first time, and for other hubs, any.

        Looking at all of them makes up for what a crash between writing and noting has left out.
        """
        hubs = told_hubs(config)
        address = (config.site.base_url, *hubs)
        whole = address != self._noted
        paths = self._documents() if whole else written
        documents = dict(self._hashed(config, paths)) if hubs else {}
        if documents or whole:
            self._store.pings.note(hubs, documents, now, whole=whole)
        self._noted = address

    def tell(self, config: Config, now: datetime) -> int:
        """Tell the hubs what they are to be told by now; how many documents they have heard of. Raises StoreError."""
        hubs = set(told_hubs(config))
        batches = list(_batches(ping for ping in self._store.pings.due(now) if ping.hub in hubs))
        heard = 0
        for request, answer in self._fetcher.each(map(_ping, range(len(batches)), batches)):
            pings = batches[request.key]
            if isinstance(answer, FetchError):
                again = now + max(
                    backoff(pings[0].failures, FIRST_PING_RETRY, LAST_PING_RETRY),
                    timedelta(seconds=answer.retry_after_s or 0),
                )
                self._store.pings.failed(pings, hide(answer.message), again)
                log.warning("hub not told", hub=redact(request.url), error=hide(answer.message))
            else:
                self._store.pings.told(pings)
                heard += len(pings)
        return heard

    def _documents(self) -> Iterator[str]:
        for path in self._out.rglob("*"):
            yield path.relative_to(self._out).as_posix()

    def _hashed(self, config: Config, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        for path in paths:
            if emit.is_topic(path) and (place := self._out / path).is_file():
                yield emit.topic(config.site, path), sha256(place.read_bytes()).hexdigest()


def told_hubs(config: Config) -> tuple[str, ...]:
    """The hubs that may be told of our documents."""
    return tuple(hub for hub in emit.hubs(config.site) if may_reach_us(config, hub))


def _batches(pings: Iterable[Ping]) -> Iterator[list[Ping]]:
    for _, group in groupby(pings, lambda ping: ping.hub):
        while batch := list(islice(group, TOPICS)):
            yield batch


def _ping(key: int, pings: list[Ping]) -> Request:
    form = (("hub.mode", "publish"), *(("hub.url", ping.topic) for ping in pings))
    return Request(pings[0].hub, key=key, form=form, max_bytes=PING_ANSWER_BYTES)

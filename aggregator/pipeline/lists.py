"""Lists of feeds that somebody else keeps (OPML by URL): looked at now and then, and followed.

What a list names is polled as if it stood in feeds.yaml, with the options of the list's entry there. What stands there
itself wins. A list that fails, or names no feed any more, changes nothing; a feed that leaves its list is polled no
more, and what is stored of it stays. Lists name feeds: what else they name, other lists too, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from aggregator.config.settings import PERSONAL, Config, Feed, FeedList, Followed
from aggregator.models import Request, Response, Validators
from aggregator.models.errors import FetchError, Offline, ParseError, StageError
from aggregator.text.backoff import backoff
from aggregator.text.urls import hide, redact

if TYPE_CHECKING:
    from aggregator.fetch import Fetcher
    from aggregator.pipeline.workers import Workers
    from aggregator.store import ListedFeed, ListState, Store

MAX_FEEDS = 500
"""Feeds that one list may bring: what a person may read, and far below what the program can poll."""

MAX_BYTES = 4 * 2**20
PARSE_TIMEOUT_S = 10.0

FIRST_RETRY = timedelta(hours=1)
"""After a first failure; doubled by each further one, up to the list's `refresh`, or a day."""

GONE_RETRY = timedelta(days=7)
"""A list that is gone (410) is hardly asked for any more."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""From which the spans of UNCONDITIONAL_EVERY are counted."""

ACCEPT = "text/x-opml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.8"

log = structlog.get_logger()


def joined(config: Config, lists: Mapping[str, tuple[ListedFeed, ...]]) -> Config:
    """The configuration with the feeds of its lists behind its own; each address once, its first place counts."""
    seen = {_plain(feed.url) for feed in config.feeds}
    found: list[Feed] = []
    for one in config.lists:
        for listed in lists.get(one.url, ()):
            if _plain(listed.url) not in seen:
                seen.add(_plain(listed.url))
                found.append(_followed(one, listed))
    return config.model_copy(update={"feeds": (*config.feeds, *found)}) if found else config


def troubles(config: Config, states: Mapping[str, ListState], since: datetime | None = None) -> Iterator[str]:
    """A sentence for each list that could not be read when it was last looked at (`since`: not before that time)."""
    for one in config.lists:
        state = states.get(one.url)
        if state is None or state.error is None or (since and state.last_try and state.last_try < since):
            continue
        read = f"its feeds stay those of {state.last_success:%Y-%m-%d}" if state.last_success else "it was never read"
        again = f"; asked again after {state.next_try:%Y-%m-%d %H:%M} UTC" if state.next_try else ""
        yield f"the list {shown_name(one)}: {state.error}; {read}{again}"


def shown_name(one: FeedList) -> str:
    """What a list is called: its name, or else its address without secrets."""
    return one.name or redact(one.url)


def _followed(one: FeedList, listed: ListedFeed) -> Followed:
    """A feed with the options of its list. The list's name for it is shown, and identifies nothing."""
    own = {key: getattr(one, key) for key in Feed.model_fields.keys() - {"url", "name", "tags", "paused"} - PERSONAL}
    tags = tuple(dict.fromkeys((*one.tags, *listed.tags)))
    return Followed.model_construct(
        **own, url=listed.url, name=None, tags=tags, paused=False, title=listed.title or None, listed_in=one.url
    )


def _plain(url: str) -> str:
    """What two spellings of one address share."""
    return url.partition("://")[2].rstrip("/")


def look(store: Store, fetcher: Fetcher, workers: Workers, config: Config, now: datetime, *, force: bool) -> bool:
    """Look at the lists that are due (`force`: at all); whether the feeds of one have changed. Raises StoreError."""
    from aggregator.pipeline.parsing import read_list

    states = store.lists.states()
    lists = [one for one in config.lists if not one.paused and (force or _due(states.get(one.url), now))]
    before = store.lists.feeds()

    def fetched() -> Iterator[tuple[tuple[FeedList, Response], tuple[bytes]]]:
        requests = [_request(number, one, states.get(one.url), config, now) for number, one in enumerate(lists)]
        for request, answer in fetcher.each(requests):
            one = lists[request.key]
            if not isinstance(answer, Response):
                _failed(store, one, states.get(one.url), answer, now)
            elif answer.status == 304:
                _unchanged(store, one, states[one.url], answer, now)
            else:
                yield (one, answer), (answer.body,)

    for (one, answer), feeds in workers.each(fetched(), read_list, timeout_s=PARSE_TIMEOUT_S):
        problem = _problem(answer, feeds)
        if problem is not None:
            _failed(store, one, states.get(one.url), problem, now)
        elif not isinstance(feeds, Exception):
            _read(store, one, answer, feeds, now)
    return store.lists.feeds() != before


def _due(state: ListState | None, now: datetime) -> bool:
    return state is None or state.next_try is None or state.next_try <= now


def _request(key: int, one: FeedList, state: ListState | None, config: Config, now: datetime) -> Request:
    """The request for a list: conditional, but for the first of every UNCONDITIONAL_EVERY.

    A server that answers 304 whatever has changed would keep the feeds as they are forever.
    """
    from aggregator.pipeline.feeds import UNCONDITIONAL_EVERY, feed_headers

    read = state.last_success if state else None
    conditional = read and (now - EPOCH) // UNCONDITIONAL_EVERY == (read - EPOCH) // UNCONDITIONAL_EVERY
    return Request(
        one.url,
        key=key,
        headers=feed_headers(one, one.url),
        proxy=one.proxy,
        validators=state.validators if state and conditional else Validators(),
        max_bytes=min(config.network.max_bytes, MAX_BYTES),
        accept=ACCEPT,
    )


def _problem(answer: Response, feeds: tuple[ListedFeed, ...] | Exception) -> Exception | None:
    if isinstance(feeds, Exception):
        return feeds
    if answer.partial:
        return ParseError("", "the list was cut short")
    return None if feeds else ParseError("", "the list names no feed")


def _read(store: Store, one: FeedList, answer: Response, feeds: tuple[ListedFeed, ...], now: datetime) -> None:
    kept = feeds[:MAX_FEEDS]
    left_out = len(feeds) - len(kept)
    store.lists.save(one.url, answer.validators, kept, now, now + one.refresh, left_out=left_out)
    log.info("list read", url=redact(one.url), feeds=len(kept), left_out=left_out)


def _unchanged(store: Store, one: FeedList, state: ListState, answer: Response, now: datetime) -> None:
    """A 304 updates those validators that it names (RFC 9111 section 4.3.4)."""
    given, known = answer.validators, state.validators
    validators = Validators(given.etag or known.etag, given.last_modified or known.last_modified)
    store.lists.save(one.url, validators, None, now, now + one.refresh)


def _failed(store: Store, one: FeedList, state: ListState | None, error: Exception, now: datetime) -> None:
    from aggregator.pipeline.outcomes import expected

    known: StageError = expected(error, list=redact(one.url))
    failures = state.failures if state else 0
    wait = backoff(failures, FIRST_RETRY, max(one.refresh, timedelta(days=1)))
    if isinstance(known, FetchError):
        wait = GONE_RETRY if known.status == 410 else max(wait, timedelta(seconds=known.retry_after_s or 0))
    if isinstance(known, Offline) and known.retry_after_s:
        wait = timedelta(seconds=known.retry_after_s)
    store.lists.fail(one.url, hide(known.message), now, now + wait)
    log.warning("list not read", url=redact(one.url), error=hide(known.message))

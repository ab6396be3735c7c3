"""`aggregator doctor URL`: one request explained to a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.app import Json, app, clock, here, iso, print_json, say
from aggregator.errors import ParseError, StageError
from aggregator.models import FeedState, ParsedFeed
from aggregator.urls import redact

if TYPE_CHECKING:
    from aggregator.fetch import Explanation, HopReport
    from aggregator.settings import Config, FeedOptions
    from aggregator.store import Store


@app.command()
def doctor(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="A feed or a page; a configured feed is asked as the next poll would.")],
    as_json: Json = False,
) -> None:
    """Ask for a URL once and explain it: every hop, the address, validators, caching, robots.txt, the next poll."""
    from aggregator.cli.fetching import Passing
    from aggregator.fetch import Fetcher
    from aggregator.settings import Network
    from aggregator.store import Store

    place = here(context)
    config = place.config if place.config_path.exists() else None
    state = _stored(place.database.exists() and Store.read(place.database), url)
    with Fetcher(config.network if config else Network(), Passing(), clock=clock) as fetcher:
        seen = fetcher.explain(url, validators=state.validators if state else None, robots=not _configured(config, url))
    feed, why_not = _as_feed(seen)
    due = _next_poll(seen, feed, state, _options(config, url))
    if as_json:
        print_json(_json(seen, feed, due))
    else:
        for line in _lines(seen, feed, why_not, due):
            say(line)
    if seen.error:
        raise typer.Exit(1)


def _stored(store: Store | bool, url: str) -> FeedState | None:
    if isinstance(store, bool):
        return None
    with store:
        return next((state for state in store.feeds() if state.url == url), None)


def _configured(config: Config | None, url: str) -> bool:
    """Whether the operator asked for this URL as a feed: then robots.txt is not asked."""
    return config is not None and any(feed.url == url for feed in config.feeds)


def _options(config: Config | None, url: str) -> FeedOptions:
    from aggregator.settings import FeedOptions

    if config is None:
        return FeedOptions()
    own = next((feed for feed in config.feeds if feed.url == url), None)
    return config.options(own) if own else config.defaults


def _as_feed(seen: Explanation) -> tuple[ParsedFeed | None, str | None]:
    if seen.response is None or seen.response.status == 304:
        return None, None
    from aggregator.polling import PARSE_TIMEOUT_S
    from aggregator.reading import read_feed
    from aggregator.workers import Workers

    response = seen.response
    with Workers(processes=1) as workers:
        try:
            return workers.call(
                read_feed, response.body, response.url, response.content_type, timeout_s=PARSE_TIMEOUT_S
            ), None
        except StageError as error:
            return None, error.message


def _next_poll(
    seen: Explanation, feed: ParsedFeed | None, state: FeedState | None, options: FeedOptions
) -> FeedState | None:
    """The feed's state as a poll now would leave it."""
    from aggregator import poll

    before = state or FeedState(id=0, name="", slug="", url=seen.url, polled_url=seen.url)
    now = clock()
    if seen.response is None:
        return poll.failed(before, options, ParseError(seen.url, seen.error or ""), now) if state else None
    if feed is None and seen.response.status != 304:
        return None
    return poll.succeeded(before, options, seen.response, feed, now)


def _lines(seen: Explanation, feed: ParsedFeed | None, why_not: str | None, due: FeedState | None) -> Iterator[str]:
    yield seen.url
    for number, hop in enumerate(seen.hops, 1):
        yield from _hop(number, hop)
    yield from _facts("asked with", _validators(seen.asked_with.etag, seen.asked_with.last_modified) or "no validator")
    yield from _facts("validators", _validators(seen.validators.etag, seen.validators.last_modified) or "none given")
    yield from _facts("robots.txt", seen.robots)
    yield from _facts("moved to", seen.moved_to)
    if seen.response:
        partial = ", cut short" if seen.partial else ""
        yield from _facts("body", f"{seen.body_bytes:,} bytes ({seen.wire_bytes:,} on the wire{partial})")
    yield from _facts("took", f"{seen.elapsed_s:.2f} s")
    yield from _facts("this host", f"at most one request every {seen.interval_s:g} s")
    yield from _facts("rests for", f"{seen.rest_s:.0f} s" if seen.rest_s else None)
    if feed:
        yield from _facts("a feed", f"{feed.format or 'feed'}: {feed.title} ({len(feed.entries)} entries)")
        for problem in feed.problems:
            yield from _facts("note", problem)
    yield from _facts("not a feed", why_not)
    if due and due.next_poll:
        yield from _facts("next poll", f"{iso(due.next_poll)}: {due.next_poll_reason}")
    yield from _facts("error", seen.error)


def _hop(number: int, hop: HopReport) -> Iterator[str]:
    yield f"{number}. {hop.url}"
    spent = ", ".join(f"{phase} {seconds * 1000:.0f} ms" for phase, seconds in hop.spent_s)
    yield from _facts("connected to", f"{hop.address}{' (kept open)' if hop.reused else ''}")
    yield from _facts("answered", hop.meaning)
    yield from _facts("time", spent or None)
    for name, value in (*hop.content, *hop.caching):
        yield from _facts(name, value)
    yield from _facts("leads to", hop.location)


def _facts(name: str, value: str | None) -> Iterator[str]:
    if value:
        yield f"   {name:<18} {value}"


def _validators(etag: str | None, last_modified: str | None) -> str:
    given = (("ETag", etag), ("Last-Modified", last_modified))
    return ", ".join(f"{name} {value}" for name, value in given if value)


def _json(seen: Explanation, feed: ParsedFeed | None, due: FeedState | None) -> dict[str, object]:
    return {
        "url": redact(seen.url),
        "hops": seen.hops,
        "asked_with": seen.asked_with,
        "validators": seen.validators,
        "robots": seen.robots,
        "moved_to": seen.moved_to,
        "body_bytes": seen.body_bytes,
        "wire_bytes": seen.wire_bytes,
        "partial": seen.partial,
        "elapsed_s": round(seen.elapsed_s, 3),
        "interval_s": seen.interval_s,
        "rest_s": seen.rest_s,
        "error": seen.error,
        "feed": feed.title if feed else None,
        "entries": len(feed.entries) if feed else None,
        "next_poll": due.next_poll if due else None,
        "next_poll_reason": (due.next_poll_reason or None) if due else None,
    }

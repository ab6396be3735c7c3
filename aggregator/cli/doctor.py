"""`aggregator doctor URL`: one request explained to a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import completion
from aggregator.cli.app import Json, app, clock, here, iso, print_json, show
from aggregator.cli.feeds import meant, named, with_lists
from aggregator.models.errors import StageError
from aggregator.text.urls import redact

if TYPE_CHECKING:
    from aggregator.config.settings import Config, Feed, FeedOptions
    from aggregator.fetch import Explanation, HopReport
    from aggregator.models import FeedState, ParsedFeed


@dataclass(frozen=True, slots=True)
class DoctorTarget:
    """What is asked for: a feed as its next poll would ask, with what is stored of it, or any other URL."""

    url: str
    options: FeedOptions
    configured: bool = False
    state: FeedState | None = None
    feed: Feed | None = None
    proxy: str | None = None


@app.command()
def doctor(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="NAME|URL",
            autocompletion=completion.feeds,
            help="A feed in feeds.yaml, fetched as its next poll would be, or any URL.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Fetch a URL once and explain the response: redirects, address, validators, caching, robots.txt, next poll."""
    from aggregator.cli.inspect import Passing
    from aggregator.config.settings import Network
    from aggregator.fetch import Fetcher
    from aggregator.models import Request, Validators
    from aggregator.pipeline.feeds import feed_headers
    from aggregator.store import Store

    place = here(context)
    config = with_lists(place) if place.config_path.exists() else None
    with ExitStack() as open_files:
        store = open_files.enter_context(Store.read(place.database)) if place.database.exists() else None
        subject = _subject(target, config, store.feeds() if store else (), place.config_path)
        network = config.network if config else Network()
        memory = Passing(store.hosts if store else None, urgent=True)
        fetcher = open_files.enter_context(Fetcher(network, memory, clock=clock))
        validators = subject.state.validators if subject.state else Validators()
        headers = feed_headers(subject.feed, subject.url)
        seen = fetcher.explain(
            Request(
                subject.url,
                validators=validators,
                robots=not subject.configured,
                headers=headers,
                keep_late=True,
                proxy=subject.options.proxy,
            )
        )
    feed, problem = _as_feed(seen)
    due = _after(seen, feed, problem, subject)
    if as_json:
        print_json(_json(seen, feed, due))
    else:
        for line in _lines(seen, feed, problem, due, subject):
            show(line)
    if seen.error:
        raise typer.Exit(1)


def _subject(target: str, config: Config | None, states: tuple[FeedState, ...], where: Path) -> DoctorTarget:
    """The feed that is called `target` or has this URL, else the URL itself. ConfigError when it is neither."""
    from aggregator.config.settings import FeedOptions

    stored = {state.url: state for state in states}
    feeds = named(config, states) if config else []
    is_url = "://" in target
    if is_url and target not in (feed.url for feed, _ in feeds):
        return DoctorTarget(
            target, config.defaults if config else FeedOptions(), proxy=config.network.proxy if config else None
        )
    feed = meant(target, feeds, where)
    state = stored.get(feed.url)
    assert config is not None, "a feed was found in it"
    url = state.polled_url if state else feed.url
    return DoctorTarget(url, config.options(feed), True, state, feed, config.network.proxy)


def _as_feed(seen: Explanation) -> tuple[ParsedFeed | None, StageError | None]:
    """The document as a feed, or why it is none; neither where there is no document."""
    if seen.response is None or seen.response.status == 304:
        return None, None
    from aggregator.pipeline.feeds import PARSE_TIMEOUT_S
    from aggregator.pipeline.parsing import read_feed
    from aggregator.pipeline.workers import Workers

    response = seen.response
    with Workers(processes=1) as workers:
        try:
            given = response.body, response.url, response.content_type, response.fetched_at
            return workers.call(read_feed, *given, timeout_s=PARSE_TIMEOUT_S), None
        except StageError as error:
            return None, error


def _after(
    seen: Explanation, feed: ParsedFeed | None, problem: StageError | None, subject: DoctorTarget
) -> FeedState | None:
    """The feed's state as a poll now would leave it; None for a page that is not configured as a feed."""
    from aggregator.models import FeedState
    from aggregator.pipeline import outcomes

    before = subject.state or FeedState(id=0, name="", slug="", url=subject.url, polled_url=subject.url)
    error = seen.failure or problem
    if error is not None:
        return outcomes.not_polled(before, subject.options, error, clock()).state if subject.configured else None
    assert seen.response is not None, "there is a failure where there is no answer"
    return outcomes.polled(before, subject.options, seen.response, feed, (), clock()).state


def _lines(
    seen: Explanation, feed: ParsedFeed | None, problem: StageError | None, due: FeedState | None, subject: DoctorTarget
) -> Iterator[str]:
    from aggregator.poll.health import advice, describe

    yield seen.url
    for number, hop in enumerate(seen.hops, 1):
        yield from _hop(number, hop)
    asked, given = seen.asked_with, seen.validators
    yield from _facts("asked with", _named("If-None-Match", asked.etag, "If-Modified-Since", asked.last_modified))
    if proxy := subject.options.proxy or subject.proxy:
        yield from _facts(
            "through", f"the proxy {redact(proxy)}, which looks names up: what they lead to is not checked"
        )
    yield from _facts("validators", _named("ETag", given.etag, "Last-Modified", given.last_modified))
    yield from _facts("robots.txt", "not asked: feeds.yaml asks for this feed" if subject.configured else seen.robots)
    yield from _facts("moved to", seen.moved_to)
    if seen.response:
        partial = ", cut short" if seen.partial else ""
        yield from _facts("body", f"{seen.body_bytes:,} bytes ({seen.wire_bytes:,} on the wire{partial})")
    yield from _facts("took", f"{seen.elapsed_s:.2f} s")
    yield from _facts("this host", f"at most one request every {seen.interval_s:g} s")
    yield from _facts("rests for", f"{seen.rest_s:.0f} s" if seen.rest_s else None)
    if feed:
        yield from _facts("a feed", f"{feed.format or 'feed'}: {feed.title} ({len(feed.entries)} entries)")
        for note in feed.problems:
            yield from _facts("note", note)
    yield from _facts("not a feed", problem.message if problem else None)
    yield from _facts("error", seen.error)
    if failed := seen.failure or problem:
        yield from _facts("what to do", advice(failed))
    if due:
        yield from _facts("after a poll now", describe(due).words)
        yield from _facts("next poll", iso(due.next_poll) or "none any more")


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


def _named(first: str, etag: str | None, second: str, last_modified: str | None) -> str:
    given = ((first, etag), (second, last_modified))
    return ", ".join(f"{name} {value}" for name, value in given if value) or "none"


def _json(seen: Explanation, feed: ParsedFeed | None, due: FeedState | None) -> dict[str, object]:
    from aggregator.poll.health import describe

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
        "words": describe(due).words if due else None,
    }

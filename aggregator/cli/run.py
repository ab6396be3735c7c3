"""Commands that do the work: poll, run, serve, emit."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import completion
from aggregator.cli.app import Here, app, clock, complain, counted, here, say
from aggregator.cli.feeds import meant
from aggregator.cli.maintain import db
from aggregator.cli.progress import bars

if TYPE_CHECKING:
    from aggregator.config.settings import Config
    from aggregator.models import FeedState
    from aggregator.pipeline.pipeline import Tally
    from aggregator.store import Store


M_ARENA_MAX = -8
"""mallopt(3): how many heaps there may be."""

HEAPS = 2


@app.command()
def poll(
    context: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Also poll feeds that are not due.")] = False,
    feed: Annotated[
        str | None,
        typer.Option(metavar="NAME", autocompletion=completion.feeds, help="Poll only this feed, due or not."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors and feeds that just broke.")] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Print the summary even when nothing happened (default on a terminal)."),
    ] = False,
) -> None:
    """Run one round, for cron: poll what is due, fetch pages, publish.

    Exit code 1: no feed could be read, or the one that --feed names.
    """
    from aggregator.models import FeedStatus
    from aggregator.pipeline import lists
    from aggregator.pipeline.pipeline import opened

    place, begun = here(context), clock()
    with bars() as progress, opened(place.config, place.data, clock, progress) as pipeline:
        if pipeline.remark:
            complain(pipeline.remark)
        chosen = _chosen(pipeline.store, feed, place) if feed is not None else None
        tally = pipeline.round(force=force or chosen is not None, name=chosen)
        states = pipeline.store.feeds()
        offline = pipeline.store.queries.offline_since() is not None
        unread = tuple(lists.troubles(pipeline.own, pipeline.store.lists.states(), begun))
    for trouble in unread:
        complain(trouble)
    if quiet:
        for event in tally.events:
            if event.kind in ("broke", "gone"):
                complain(f"{event.title}. {event.words}")
    elif verbose or chosen or tally.eventful or sys.stderr.isatty():
        report(tally, [state for state in states if state.id in tally.feeds])
    active = [state for state in states if (state.name == chosen if chosen else state.status is not FeedStatus.PAUSED)]
    if offline or (active and all(state.failures or state.status is FeedStatus.GONE for state in active)):
        raise typer.Exit(1)


def _chosen(store: Store, wanted: str, place: Here) -> str:
    """The name of the feed that is meant; one that is paused is said to be so, and nothing is done."""
    from aggregator.models import FeedStatus

    feeds = ((state, (state.name, state.slug, state.url)) for state in store.feeds())
    state = meant(wanted, feeds, place.config_path)
    if state.status is FeedStatus.PAUSED:
        complain(f"{state.name} is paused in {place.config_path}; nothing was polled")
        raise typer.Exit(1)
    return state.name


def report(tally: Tally, polled: list[FeedState]) -> None:
    """What a round did, and which of the feeds that it polled failed, each with the reason."""
    from aggregator.models import FeedStatus

    if tally.offline:
        every = "all" if tally.offline == tally.polled else f"{tally.offline} of {tally.polled}"
        complain(
            f"the network seems to be down: {every} feeds polled are on hosts that cannot be reached. This costs them "
            "nothing: the next round asks them again (`aggregator doctor NAME` shows what one request meets)"
        )
    for state in polled:
        if state.failures and state.status is not FeedStatus.PAUSED:
            complain(f"{state.name}: {state.last_error}")
    lost = f", {tally.offline} out of reach" if tally.offline else ""
    failed = tally.failed - tally.offline
    say(
        f"{counted(tally.polled, 'feed')} polled ({tally.unchanged} unchanged, {failed} failed{lost}), "
        f"{tally.new} new and {tally.revised} revised entries"
    )
    say(
        f"{counted(tally.scraped, 'article')} stored, {counted(tally.unscraped, 'page')} failed; "
        f"{counted(tally.published, 'new post')} in the output, {counted(tally.built.written, 'file')} written"
    )


@app.command()
def run(context: typer.Context) -> None:
    """Run the daemon: poll on a schedule and serve the site."""
    import logging

    from aggregator.config import logs
    from aggregator.daemon.daemon import Daemon
    from aggregator.emit import note_served
    from aggregator.pipeline.pipeline import opened
    from aggregator.web import WebServer, of_folder

    _share_heaps()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})  # until the daemon heeds it: a start may take long
    place = here(context)
    config = place.config
    logs.configure(level=logging.INFO)
    note_served(place.public)
    for hint in config.hints:
        say(f"hint: {hint}")
    with opened(config, place.data, clock) as pipeline:
        web = of_folder(config, place.data, clock, pipeline.subscriber)
        with WebServer(web, config.server.host, config.server.port) as server:
            _announce(f"serving {server.url} from {place.public}; polling {len(config.feeds)} feeds")
            warn_of_sqlite()
            Daemon(pipeline, lambda: place.config).run()


def _share_heaps() -> None:
    """Have all threads share a few heaps, where the C library is glibc.

    It gives each of our threads one, and what was freed in one is of no use to the others: in a month of a small press
    the program grew to three times its size.
    """
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, HEAPS)


def _announce(what: str) -> None:
    """A sentence on a terminal, a log line elsewhere."""
    import structlog

    if sys.stderr is not None and sys.stderr.isatty():
        say(f"{what}; Ctrl-C ends it")
    else:
        structlog.get_logger().info(what)


def warn_of_sqlite() -> None:
    """Say once that the SQLite in use has a bug that we go round, and that other programs may not."""
    import sqlite3

    import structlog

    from aggregator.store import wal_reset_bug

    if wal_reset_bug():
        structlog.get_logger().warning(
            "let no other program write to aggregator.db: this SQLite can damage a database that two programs write to "
            "(the WAL-reset bug, fixed in 3.51.3). Reading is safe, and so are our own commands; "
            "docs/operating.md explains it under `SQLite`",
            sqlite=sqlite3.sqlite_version,
        )


@app.command()
def serve(context: typer.Context) -> None:
    """Run the web server only."""
    place = here(context)
    serve_until_stopped(place.config, place.data)


def serve_until_stopped(config: Config, data: Path) -> None:
    """Serve a data folder until SIGTERM or Ctrl-C."""
    from aggregator.emit import note_served
    from aggregator.web import WebServer, of_folder

    ended = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    note_served(data / "public")
    web = of_folder(config, data, clock)
    with WebServer(web, config.server.host, config.server.port) as server:
        say(f"serving {server.url} from {data / 'public'}; Ctrl-C ends it")
        ended.wait()


@db.command()
@app.command()
def emit(context: typer.Context) -> None:
    """Rebuild the output from the database."""
    from aggregator.pipeline.pipeline import Tally, opened

    place = here(context)
    tally = Tally()
    with bars() as progress, opened(place.config, place.data, clock, progress) as pipeline:
        if pipeline.remark:
            complain(pipeline.remark)
        pipeline.emit(tally, full=True)
    say(f"{tally.built.posts} posts; {tally.built.written} files written, {tally.built.unchanged} unchanged")

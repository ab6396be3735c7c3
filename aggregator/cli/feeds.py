"""Commands about the list of feeds: check, remove, OPML in and out, status."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.app import Here, Json, app, clock, here, iso, print_json, print_table, say
from aggregator.cli.naming import meant
from aggregator.errors import ConfigError
from aggregator.health import Condition, Diagnosis, diagnose
from aggregator.models import FeedState, FeedStatus, Source
from aggregator.standing import standing
from aggregator.urls import redact

if TYPE_CHECKING:
    from aggregator.poll.opml import OpmlFeed
    from aggregator.settings import Config, Feed

_COLOURS = {
    Condition.GONE: "red",
    Condition.BROKEN: "red",
    Condition.FAILING: "yellow",
    Condition.SILENT: "yellow",
    Condition.MISREAD: "yellow",
    Condition.NEW: "dim",
    Condition.OK: "green",
    Condition.PAUSED: "dim",
}

WIDE = 120
"""Columns of a terminal on which a sentence fits beside the figures."""


@app.command()
def check(
    context: typer.Context,
    as_schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema for editors instead.")] = False,
) -> None:
    """Read the configuration and say every mistake with file, line and column (exit code 2 if there is one)."""
    if as_schema:
        from aggregator.config import schema

        print_json(schema())
        return
    config = here(context).config
    _complain_of_rules(config)
    tags = {tag for feed in config.feeds for tag in feed.tags}
    lists = f"{len(config.lists)} lists, " if config.lists else ""
    say(f"{here(context).config_path}: fine, {len(config.feeds)} feeds, {lists}{len(tags)} tags")


def _complain_of_rules(config: Config) -> None:
    """Name the mistakes in rules of our own format, and say how many there are in those that others wrote."""
    from aggregator.config.rulebook import Rulebook

    mistakes = Rulebook.of(config.rules).check(".yaml")
    if mistakes:
        raise ConfigError(mistakes)
    if others := Rulebook.of(config.rules).check(".txt"):
        say(f"mistakes in site-config files: {len(others)}; `aggregator rules` names them")


@app.command()
def remove(
    context: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME|URL", help="The feed's name or URL.")]
) -> None:
    """Take a feed out of feeds.yaml; what is stored of it stays."""
    from aggregator.config import feed_name, remove_feed

    place = here(context)
    feed = meant(name, ((feed, (feed_name(feed), feed.url)) for feed in place.config.feeds), place.config_path)
    url = remove_feed(place.config_path, feed.url, os.environ)
    say(f"removed from {place.config_path}: {feed_name(feed)}, {redact(url)} (what is stored of it stays)")


@app.command("import-opml")
def import_opml(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="What another reader exported.", exists=True, dir_okay=False, readable=True
        ),
    ],
) -> None:
    """Add the feeds of an OPML file to feeds.yaml; folders become tags, known feeds are passed over."""
    from aggregator import poll
    from aggregator.config import add_feeds, feed_name

    place = here(context)
    known = _known(place)
    wanted: list[Feed] = []
    found = poll.read_opml(file.read_bytes())
    skipped = list(found.skipped)
    for outline in found.feeds:
        feed = _feed_of(outline)
        name = feed_name(feed)
        if feed.url in known["urls"] or name.casefold() in known["names"]:
            what = "address" if feed.url in known["urls"] else "name"
            skipped.append((name, f"a feed of this {what} is there already"))
            continue
        known["urls"].add(feed.url)
        known["names"].add(name.casefold())
        wanted.append(feed)
    if wanted:
        add_feeds(place.config_path, wanted, os.environ)
    for name, why in skipped:
        say(f"skipped {name}: {why}")
    say(f"{file}: {len(wanted)} feeds added to {place.config_path}, {len(skipped)} skipped")


def _known(place: Here) -> dict[str, set[str]]:
    from aggregator.config import feed_name

    feeds = place.config.feeds if place.config_path.exists() else ()
    return {"urls": {feed.url for feed in feeds}, "names": {feed_name(feed).casefold() for feed in feeds}}


def _feed_of(outline: OpmlFeed) -> Feed:
    from aggregator.settings import Feed

    return Feed(url=outline.url, name=outline.name.strip() or None, tags=outline.tags)


@app.command("export-opml")
def export_opml(context: typer.Context) -> None:
    """Print the configured feeds as OPML (without secrets)."""
    import sys

    from aggregator import emit

    place = here(context)
    config = _with_lists(place)
    sys.stdout.buffer.write(emit.opml(_sources(config, place), config.site))


def _with_lists(place: Here) -> Config:
    """The configuration with the feeds of its lists, as they were last read."""
    from aggregator.lists import joined
    from aggregator.store import Store

    config = place.config
    if not config.lists or not place.database.exists():
        return config
    with Store.read(place.database) as store:
        return joined(config, store.lists.feeds())


def _sources(config: Config, place: Here) -> tuple[Source, ...]:
    stored = {state.url: state for state in _states(place)}
    return tuple(_source(feed, stored.get(feed.url)) for feed in config.feeds)


def _source(feed: Feed, state: FeedState | None) -> Source:
    from aggregator.config import feed_name

    return Source(
        name=feed_name(feed),
        slug=state.slug if state else "",
        feed_url=redact(feed.url),
        title=state.title if state else "",
        home_page_url=state.home_page_url if state else None,
        tags=feed.tags,
    )


@app.command()
def status(context: typer.Context, as_json: Json = False) -> None:
    """Every feed: last success, next poll and why, failures in a row, last error, entries, cadence."""
    place = here(context)
    states, disallowed, flagged, now = _states(place), _disallowed(place), _flagged(place), clock()
    found = [(state, diagnose(state, now, disallowed.get(state.id, 0), flagged.get(state.id))) for state in states]
    origins = _origins(place)
    if as_json:
        stands = (standing(state, disallowed.get(state.id, 0)) for state in states)
        print_json([
            _status(state)
            | {"list": origins.get(state.url), "words": stand.words}
            | {"quality": flagged.get(state.id), "condition": diagnosis.condition}
            for (state, diagnosis), stand in zip(found, stands, strict=True)
        ])  # fmt: skip
        return
    if not states:
        say(f"{place.data} holds nothing yet; `aggregator poll` begins")
        return
    _print_status(sorted(found, key=lambda pair: pair[1].rank), now, origins)


def _origins(place: Here) -> dict[str, str]:
    """Address of a feed -> the list that it comes from: its name, or else its address without secrets."""
    from aggregator.errors import ConfigError
    from aggregator.settings import Followed

    try:
        config = _with_lists(place)
    except ConfigError:
        return {}  # what is stored is shown all the same
    names = {one.url: one.name or redact(one.url) for one in config.lists}
    return {feed.url: names[feed.listed_in] for feed in config.feeds if isinstance(feed, Followed)}


def _print_status(found: list[tuple[FeedState, Diagnosis]], now: datetime, origins: dict[str, str]) -> None:
    """A table, trouble first. On a narrow terminal the reasons stand below it, of the feeds in trouble alone."""
    from rich.console import Console
    from rich.text import Text

    wide = Console(stderr=True).width >= WIDE
    rows = [
        (state.name, Text(diagnosis.short, _COLOURS[diagnosis.condition]), _ago(state.last_success, now),
         _ahead(state, now), state.entries, *([origins.get(state.url, "")] if origins else []),
         *([diagnosis.words] if wide else []))
        for state, diagnosis in found
    ]  # fmt: skip
    columns = (
        "feed",
        "state",
        "last success",
        "next poll",
        "entries",
        *(["list"] if origins else []),
        *(["why"] if wide else []),
    )
    print_table(f"{len(found)} feeds", columns, rows)
    if not wide:
        for state, diagnosis in found:
            if diagnosis.trouble:
                say(f"\n{state.name}: {diagnosis.words}")


def _states(place: Here) -> tuple[FeedState, ...]:
    from aggregator.store import Store

    if not place.database.exists():
        return ()
    with Store.read(place.database) as store:
        return store.feeds()


def _disallowed(place: Here) -> dict[int, int]:
    from aggregator.store import Store

    if not place.database.exists():
        return {}
    with Store.read(place.database) as store:
        return store.desk.disallowed()


def _flagged(place: Here) -> dict[int, str]:
    from aggregator.store import Store

    if not place.database.exists():
        return {}
    with Store.read(place.database) as store:
        return store.quality.flagged()


def _status(state: FeedState) -> dict[str, object]:
    return {
        "name": state.name,
        "url": redact(state.url),
        "state": state.status.value,
        "last_success": iso(state.last_success),
        "last_poll": iso(state.last_poll),
        "next_poll": iso(state.next_poll),
        "failures": state.failures,
        "last_error": state.last_error,
        "entries": state.entries,
        "interval_s": state.interval_s,
        "reason": state.next_poll_reason or None,
        "found_by_chain": state.found_by_chain,
    }


def _ago(time: datetime | None, now: datetime) -> str:
    return f"{_span((now - time).total_seconds())} ago" if time else "never"


def _ahead(state: FeedState, now: datetime) -> str:
    if state.status in (FeedStatus.PAUSED, FeedStatus.GONE):
        return "no more"
    seconds = (state.next_poll - now).total_seconds() if state.next_poll else 0
    return f"in {_span(seconds)}" if seconds > 0 else "now"


def _span(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size or (seconds >= size and unit != "d"):
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"

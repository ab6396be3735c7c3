"""Commands about the list of feeds: check, remove, OPML in and out.

Which feed a person means: by name in any case, by slug, or by URL; else the nearest name is suggested.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from aggregator.cli import completion
from aggregator.cli.app import Here, app, complain, counted, here, print_json, say
from aggregator.models.errors import ConfigError
from aggregator.text.urls import redact

if TYPE_CHECKING:
    from aggregator.config.settings import Config, Feed
    from aggregator.models import FeedState, Source

Named = TypeVar("Named")


def meant(wanted: str, feeds: Iterable[tuple[Named, Iterable[str]]], where: object) -> Named:
    """The feed that `wanted` calls by any of its names, its proper one first. ConfigError when none in `where` is."""
    known: dict[str, Named] = {}
    proper: dict[str, str] = {}
    for feed, names in feeds:
        for place, name in enumerate(names):
            known.setdefault(name.casefold(), feed)
            if place == 0:
                proper[name.casefold()] = name
    if (found := known.get(wanted.strip().casefold())) is not None:
        return found
    raise ConfigError((f"{where}: no feed is called `{wanted}`{_hint(wanted, proper)}",))


def _hint(wanted: str, proper: Mapping[str, str]) -> str:
    wanted = wanted.strip().casefold()
    near = [name for name in proper if wanted and wanted in name]
    near += difflib.get_close_matches(wanted, proper, 3, 0.5)
    named = [f"`{proper[name]}`" for name in dict.fromkeys(near)][:3]
    return f"; did you mean {' or '.join(named)}?" if named else "; `aggregator status` lists them all"


_MORE = ("lists", "outputs", "notifications")
"""Further parts of feeds.yaml that `check` counts where there are any."""


@app.command()
def check(
    context: typer.Context,
    as_schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema for editors instead.")] = False,
) -> None:
    """Validate the configuration; report every error with file, line and column (exit code 2 if there is one)."""
    if as_schema:
        from aggregator.config import schema

        print_json(schema())
        return
    config = here(context).config
    for hint in config.hints:
        say(f"hint: {hint}")
    _complain_of_rules(config)
    tags = {tag for feed in config.feeds for tag in feed.tags}
    found = [
        counted(len(config.feeds), "feed"),
        counted(len(tags), "tag"),
        *(counted(len(value), name[:-1]) for name in _MORE if (value := getattr(config, name))),
    ]
    say(f"{here(context).config_path}: fine, {', '.join(found)}")


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
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME|URL", autocompletion=completion.feeds, help="The feed's name or URL.")
    ],
) -> None:
    """Remove a feed from feeds.yaml; its stored posts are kept."""
    from aggregator.config import feed_name, remove_feed

    place = here(context)
    _refuse_listed(place, name)
    feed = meant(name, ((feed, (feed_name(feed), feed.url)) for feed in place.config.feeds), place.config_path)
    url = remove_feed(place.config_path, feed.url, os.environ)
    say(f"removed from {place.config_path}: {feed_name(feed)}, {redact(url)} (what is stored of it stays)")


def _refuse_listed(place: Here, name: str) -> None:
    """A feed that comes from a list is not removed here; the ConfigError names the list."""
    from aggregator.config.settings import Followed
    from aggregator.pipeline.lists import shown_name

    config = with_lists(place)
    names = {one.url: shown_name(one) for one in config.lists}
    for feed, known in named(config, _states(place)):
        if isinstance(feed, Followed) and name.strip().casefold() in map(str.casefold, known):
            of = names[feed.listed_in]
            where = f"{place.config_path}: `{name}` comes from the list {of}"
            raise ConfigError((f"{where}: take it out there, or name it here, too, with `paused: true`",))


def named(config: Config, states: Iterable[FeedState]) -> list[tuple[Feed, tuple[str, str]]]:
    """Each feed with what it is called, in the database where it is there, and its address."""
    from aggregator.config import feed_name

    stored = {state.url: state.name for state in states}
    return [(feed, (stored.get(feed.url) or feed_name(feed), feed.url)) for feed in config.feeds]


opml = typer.Typer(help="Import and export lists of feeds.", no_args_is_help=True)
app.add_typer(opml, name="opml")


@opml.command("import")
@app.command("import-opml")
def import_opml(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="OPML exported from another reader.", exists=True, dir_okay=False, readable=True
        ),
    ],
) -> None:
    """Add the feeds of an OPML file to feeds.yaml. Folders become tags; feeds you already have are skipped.

    A name that is taken gets its site's name. Exit code 1 if an address in the file was left out.
    """
    from aggregator import poll
    from aggregator.config import add_feeds
    from aggregator.config.settings import Config, Feed
    from aggregator.poll.opml import LeftOut
    from aggregator.text.urls import free_name

    place = here(context)
    config = place.config if place.config_path.exists() else Config()
    known = {feed.url for feed in config.feeds}
    names = {feed.name for feed in config.feeds if feed.name}
    found = poll.read_opml(file.read_bytes())
    left_out = list(found.left_out)
    wanted: list[Feed] = []
    for outline in found.feeds:
        if config.is_own_output(outline.url):
            left_out.append(LeftOut(outline.name, "is this program's own output", outline.url))
        elif outline.url in known:
            left_out.append(LeftOut(outline.name or redact(outline.url), "you already have a feed with this address"))
        else:
            name = free_name(" ".join(outline.name.split()), outline.url, names)
            names |= {name} - {""}
            wanted.append(Feed(url=outline.url, name=name or None, tags=outline.tags))
    if wanted:
        add_feeds(place.config_path, wanted, os.environ)
    for one in left_out:
        say(f"skipped {one.name}: {one.why}")
    say(f"{file}: {counted(len(wanted), 'feed')} added to {place.config_path}, {len(left_out)} skipped")
    if lost := [one.address for one in left_out if one.address]:
        complain(f"left out, though it is an address: {', '.join(map(redact, lost))}")
        raise typer.Exit(1)


@opml.command("export")
@app.command("export-opml")
def export_opml(context: typer.Context) -> None:
    """Print the configured feeds as OPML (without secrets)."""
    import sys

    from aggregator import emit

    place = here(context)
    config = with_lists(place)
    sys.stdout.buffer.write(emit.opml(_sources(config, place), config.site))


def with_lists(place: Here) -> Config:
    """The configuration with the feeds of its lists, as they were last read."""
    config = place.config
    if not config.lists or not place.database.exists():
        return config
    from aggregator.pipeline.lists import joined
    from aggregator.store import Store

    with Store.read(place.database) as store:
        return joined(config, store.lists.feeds())


def _sources(config: Config, place: Here) -> tuple[Source, ...]:
    stored = {state.url: state for state in _states(place)}
    return tuple(_source(feed, stored.get(feed.url)) for feed in config.feeds)


def _source(feed: Feed, state: FeedState | None) -> Source:
    from aggregator.config import feed_name
    from aggregator.models import Source

    return Source(
        name=state.name if state else feed_name(feed),
        slug=state.slug if state else "",
        feed_url=redact(feed.url),
        title=state.title if state else "",
        home_page_url=state.home_page_url if state else None,
        tags=feed.tags,
    )


def _states(place: Here) -> tuple[FeedState, ...]:
    from aggregator.store import Store

    if not place.database.exists():
        return ()
    with Store.read(place.database) as store:
        return store.feeds()

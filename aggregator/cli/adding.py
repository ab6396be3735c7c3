"""`aggregator add`: the feed behind a URL is found and shown, and written to feeds.yaml when that is what was meant."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.app import app, here, iso, say
from aggregator.config.settings import Feed
from aggregator.models.errors import ConfigError, FetchError
from aggregator.text.urls import redact

if TYPE_CHECKING:
    from aggregator.cli.finding import Finder, Found, Sample
    from aggregator.config.settings import Config

NEWEST = 3
"""Entries that are shown of a feed."""

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; in a pipe nothing is asked anyway.")]


@app.command()
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="A feed, or a site whose page names its feed.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="How it is to be called; default: the feed's title.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="TAG", help="A tag; may be given several times.")] = None,
    yes: Yes = False,
) -> None:
    """Add a feed to feeds.yaml: finds the feed behind a site's URL, shows what it holds, and asks before it writes."""
    from aggregator.cli.finding import finder
    from aggregator.config import add_feeds, as_yaml

    place = here(context)
    config = place.config if place.config_path.exists() else None
    asks = asking() and not yes
    with finder(place) as looking:
        found = chosen(looking, url, asks=asks)
        if config:
            _refuse_known(config, found.url, str(place.config_path))
        show(found, looking.sample(found.feed))
    feed = feed_of(found, name, tag or ())
    for note in _new_tags(config, feed.tags):
        say(note)
    say(f"\nFor {place.config_path}:\n{as_yaml(feed.model_copy(update={'url': redact(feed.url)}))}")
    if asks and not typer.confirm("Write it?", default=True, err=True):
        say("nothing was written")
        raise typer.Exit(1)
    add_feeds(place.config_path, [feed], os.environ)
    say(f"added to {place.config_path}: {redact(found.url)}")


def asking() -> bool:
    """Whether somebody is there who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def chosen(looking: Finder, url: str, *, asks: bool) -> Found:
    """The feed behind `url`; of several the one that is chosen, or the first where nobody is asked.

    Raises FetchError or ParseError when there is none.
    """
    say(f"looking for the feed behind {redact(url)} ...")
    feeds = looking.feeds(url)
    try:
        first = next(feeds)
    except FetchError:
        if "://" not in url:
            say(f"https:// was tried; where the site has none, write http://{url}")
        raise
    if not asks or not (others := list(feeds)):
        return first
    every = [first, *others]
    say(f"{len(every)} feeds are there:")
    for number, found in enumerate(every, 1):
        entries = f"{len(found.feed.entries)} entries"
        say(f"  {number}  {found.feed.title or 'without a title'} ({_kind(found)}, {entries})  {redact(found.url)}")
    while not 1 <= (wanted := typer.prompt("Which one?", default=1, type=int, err=True)) <= len(every):
        say(f"a number from 1 to {len(every)}")
    return every[int(wanted) - 1]


def feed_of(found: Found, name: str | None, tags: Sequence[str]) -> Feed:
    """What is written for it. ConfigError where a name or a tag is none."""
    from pydantic import ValidationError

    title = " ".join((name or found.feed.title).split())[:200]
    try:
        return Feed(url=found.url, name=title or None, tags=tuple(tags))
    except ValidationError as error:
        raise ConfigError(
            tuple(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False))
        ) from None


def show(found: Found, sample: Sample | None) -> None:
    """What would be stored of it."""
    for line in _lines(found, sample):
        say(line)


def _lines(found: Found, sample: Sample | None) -> Iterator[str]:
    feed = found.feed
    yield f"\n{feed.title or 'A feed without a title'}"
    yield f"   feed         {redact(found.url)} ({_kind(found)}, {len(feed.entries)} entries)"
    for note in feed.problems:
        yield f"   note         {note}"
    yield f"   full text    {_full_text(found)}"
    if sample:
        yield f"   one article  {sample.robots}; {sample.page}"
    newest = sorted(feed.entries, key=lambda entry: iso(entry.published) or "", reverse=True)[:NEWEST]
    for number, entry in enumerate(newest):
        date = (iso(entry.published) or "no date   ")[:10]
        yield f"   {'' if number else 'newest':<12} {date}  {entry.title[:90]}"


def _kind(found: Found) -> str:
    return found.feed.format or "a feed"


def _full_text(found: Found) -> str:
    if not found.feed.entries:
        return "not known: it has no entries"
    return "in the feed" if found.full_text else "not in the feed: it comes from the articles' pages"


def _refuse_known(config: Config, url: str, where: str) -> None:
    from aggregator.config import feed_name

    for feed in config.feeds:
        if feed.url == url:
            raise ConfigError((f"{where}: {redact(url)} is there already, as `{feed_name(feed)}`",))


def _new_tags(config: Config | None, tags: Sequence[str]) -> Iterator[str]:
    """A word on tags that look like others."""
    known = sorted({tag for feed in config.feeds for tag in feed.tags}) if config else []
    for tag in tags:
        near = difflib.get_close_matches(tag, known, 1, 0.7) if tag not in known else []
        if near:
            yield f"note: no feed has the tag `{tag}` yet; did you mean `{near[0]}`?"

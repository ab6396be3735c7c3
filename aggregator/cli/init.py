"""`aggregator init`: three questions, and a feeds.yaml with comments. It never touches a file that is there."""

from __future__ import annotations

import ipaddress
import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from aggregator.cli.add import Yes, asking, chosen, feed_of, show
from aggregator.cli.app import app, command, complain, here, say
from aggregator.models.errors import ConfigError, FetchError, ParseError, Refusal, Refused
from aggregator.text.urls import http_url, redact

if TYPE_CHECKING:
    from aggregator.config.settings import Feed, Network


def starters() -> tuple[Feed, ...]:
    """What is followed when nothing was named: few, well kept, and of each kind."""
    from aggregator.config.settings import Feed

    return (
        Feed(url="https://krebsonsecurity.com/feed/", name="Krebs on Security", tags=("blogs", "news")),
        Feed(url="https://www.schneier.com/feed/atom/", name="Schneier on Security", tags=("blogs",)),
        Feed(url="https://www.bleepingcomputer.com/feed/", name="BleepingComputer", tags=("news",)),
        Feed(url="https://www.cisa.gov/cybersecurity-advisories/all.xml", name="CISA advisories", tags=("advisories",)),
        Feed(
            url="https://isc.sans.edu/rssfeed_full.xml",
            name="SANS Internet Storm Center",
            tags=("advisories", "research"),
        ),
    )


_TEXT = """\
# What to follow, and how. `aggregator check` validates this file and reports every error with line and column.
# All keys, their meaning and their defaults: docs/configuration.md. Durations are written 90s, 15m, 1h, 2d.
# Never write secrets here: write ${{NAME}} in an address or a password, and set NAME in the environment.

# How the output presents itself. base_url is where readers will find it: set it to the public address before
# others subscribe, since the links between the feed documents begin with it.
site:
  title: {title}
  base_url: {base_url}
  language: en
  # author: Security desk

# The web server of `aggregator run`. {server}
server:
  host: {host}
  port: {port}

# Everything that goes out. The defaults are polite: one request to a host every two seconds, conditional requests,
# robots.txt respected for articles. Only public addresses are reached unless `allow` names others.
network:
  # user_agent: our-team-aggregator/1.0 (+https://example.org/about-our-feeds)   # how publishers can reach you
  {allow}

# Options of every feed; a feed may set its own beside its URL.
defaults:
  interval: adaptive          # from each feed's own rhythm; or a fixed time such as 1h
  full_text: always           # fetch each post's page: always | auto (unless the feed has the full text) | never
  # media: mirror             # keep copies of the images; default: link to their origin
  # keep: 90d                 # how long texts are kept; default: forever

# `aggregator add URL` finds the feed behind a site and adds it here; `aggregator opml import FILE` takes a whole list.
feeds:
{feeds}
# Feeds of your own making, beside the combined one and those of tags and sources: `aggregator output try NAME`.
# outputs:
#   - name: ransomware
#     words: [ransomware, "double extortion"]
"""


@app.command()
def init(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="Where to write feeds.yaml (default: the --config path).")
    ] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Title of your feed and site.")] = None,
    follow: Annotated[
        str | None, typer.Option(metavar="URL", help="First site or feed to follow (default: five well-known ones).")
    ] = None,
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="Public URL of the site.")] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="A non-public host or network to allow."),
    ] = None,
    yes: Yes = False,
) -> None:
    """Create a commented feeds.yaml by answering three questions; never overwrites one."""
    from aggregator.config import create
    from aggregator.config.settings import Site

    path = folder / "feeds.yaml" if folder else here(context).config_path
    if path.exists():
        raise ConfigError((f"{path}: already exists and is left unchanged; `aggregator add URL` adds a feed to it",))
    asks = asking() and not yes
    title = title or (_ask_title() if asks else Site().title)
    allowed = list(allow or ())
    _reaching(allowed)
    feeds = _followed(follow, allowed, asks=asks)
    base_url = _served_at(base_url, asks=asks)
    create(path, text(title, base_url, feeds, tuple(allowed)), os.environ)
    say(f"\nWrote {path} with {len(feeds)} feed{'s' * (len(feeds) != 1)}.")
    _say_next(base_url, folder)


def text(title: str, base_url: str, feeds: tuple[Feed, ...], allow: tuple[str, ...] = ()) -> str:
    """The text of the new file; `allow` are the hosts that are not public and may be reached."""
    from aggregator.config import as_yaml, literal

    host, port, server = _server(base_url)
    return _TEXT.format(
        title=json.dumps(title, ensure_ascii=False),
        base_url=json.dumps(literal(base_url), ensure_ascii=False),
        host=host,
        port=port,
        server=server,
        allow=f"allow: {json.dumps(allow, ensure_ascii=False)}" if allow else "# allow: [10.0.0.0/8, wiki.internal]",
        feeds="\n".join(as_yaml(feed) for feed in feeds),
    )


def _ask_title() -> str:
    from aggregator.config.settings import Site

    say("Three questions. Press Enter to accept the default; everything can be changed later.\n")
    answer: str = typer.prompt("1. What is your feed to be called?", default=Site().title, err=True)
    return answer


def _followed(given: str | None, allow: list[str], *, asks: bool) -> tuple[Feed, ...]:
    """The feed behind what was named, asked again when there is none; else `starters`.

    A host that is not public is added to `allow` where that is wanted.
    """
    names = ", ".join(feed.name or "" for feed in starters())
    while True:
        if asks and not given:
            say(f"\n   Default: {names}.")
            given = typer.prompt("2. A site or feed to follow first?", default="", show_default=False, err=True)
        if not given:
            return starters()
        try:
            return (_found(given, allow, asks=asks),)
        except (FetchError, ParseError) as error:
            if not asks and _is_private(error):
                raise ConfigError(
                    (f"--follow: {error.message}; `--allow {_host(given)}` lets it be reached, and writes that down",)
                ) from None
            if not asks:
                raise
            complain(str(error))
            if not _is_private(error) or not _allowed(given, allow):
                given = None


def _is_private(error: FetchError | ParseError) -> bool:
    """Whether the guard said no because the address is not public."""
    return isinstance(error, Refused) and error.kind is Refusal.ADDRESS


def _allowed(url: str, allow: list[str]) -> bool:
    """Ask whether the host may be reached anyway; if so, add it to `allow`."""
    host = _host(url)
    say(
        f"{host} is in a private network or on this machine: only public addresses are reached unless you allow others."
    )
    if host in allow or not typer.confirm(f"Allow {host}, and write it to the file (network.allow)?", err=True):
        return False
    allow.append(host)
    return True


def _reaching(allow: list[str]) -> Network:
    from pydantic import ValidationError

    from aggregator.config.document import expectation
    from aggregator.config.settings import Network

    try:
        return Network(allow=tuple(allow))
    except ValidationError as error:
        raise ConfigError(tuple(f"--allow: expected {expectation(one)}" for one in error.errors())) from None


def _host(url: str) -> str:
    return urlsplit(url if "://" in url else f"https://{url}").hostname or url


def _found(url: str, allow: list[str], *, asks: bool) -> Feed:
    from aggregator.cli.add import finder

    with finder(None, _reaching(allow)) as looking:
        found = chosen(looking, url, asks=asks)
        show(found, looking.sample(found.feed))
    return feed_of(found, None, ())


def _served_at(given: str | None, *, asks: bool) -> str:
    from aggregator.config.settings import Site

    while True:
        if asks and not given:
            given = typer.prompt("\n3. Where will readers find it?", default=Site().base_url, err=True)
        given = given or Site().base_url
        if url := http_url(given if "://" in given else f"https://{given}"):
            return url if url.endswith("/") else f"{url}/"
        if not asks:
            raise ConfigError((f"--base-url: found `{redact(given)}`; expected an http(s) URL",))
        complain(f"`{redact(given)}` is no http(s) URL")
        given = None


def _server(base_url: str) -> tuple[str, int, str]:
    """Host, port and a remark: as in base_url when that is this machine, else behind a proxy."""
    from aggregator.config.settings import Server

    parts = urlsplit(base_url)
    if _is_here(parts.hostname or "") and parts.scheme == "http":
        return "127.0.0.1", parts.port or 80, "It is reached from this machine alone; 0.0.0.0 lets others in."
    return "127.0.0.1", Server().port, "A proxy (docs/install.md has nginx and Caddy) leads base_url to it."


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _say_next(base_url: str, folder: Path | None) -> None:
    say("Next:")
    if folder:
        say(f"  cd {shlex.quote(str(folder))}")
    steps = (
        ("poll", "one round: fetch, scrape, write the output to data/public"),
        ("run", f"the same on a schedule, and serve it; subscribe to {base_url}feed.atom"),
        ("add URL", "follow another site"),
    )
    lines = [(command(words, elsewhere=folder is not None), what) for words, what in steps]
    width = max(len(line) for line, _ in lines)
    for line, what in lines:
        say(f"  {line:<{width}} {what}")

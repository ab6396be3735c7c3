"""`aggregator demo`: the whole job against an imaginary press, without internet."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.app import app, clock, print_table, say
from aggregator.cli.progress import bars
from aggregator.models.errors import ConfigError

if TYPE_CHECKING:
    from aggregator.config.settings import Config

COLUMNS = ("round", "feeds", "same", "failed", "new", "articles", "no page", "copies", "next links")

SLOW_S = 0.5
"""Seconds that the slow outlet takes for an answer: long enough to be seen, short enough for a demo."""


@app.command()
def demo(
    folder: Annotated[Path | None, typer.Option(help="New folder to use (default: a temporary one).")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Serve the result afterwards, until Ctrl-C.")] = False,
) -> None:
    """Try everything offline, against 14 simulated news sites."""
    from aggregator.config import load
    from aggregator.demo import Press
    from aggregator.demo.data_files import CONFIG, write_data_files
    from aggregator.emit import note_served
    from aggregator.pipeline import data_files

    place = _new_folder(folder)
    with Press(clock(), slow_s=SLOW_S) as press:
        config_path = place / "feeds.yaml"
        base_url = f"http://127.0.0.1:{os.environ.get('AGGREGATOR_PORT', '8080')}/"
        config_path.write_text(press.config_text(base_url, media="mirror") + CONFIG, "utf-8")
        write_data_files(data_files.originals(place / "data"), clock())
        data_files.opened(place / "data", clock()).close()
        note_served(place / "data" / "public")
        config = load(config_path, os.environ)
        say(f"{len(press.outlets)} simulated news sites on 127.0.0.1, {press.rounds} rounds, into {place}")
        rows = []
        for number in range(1, press.rounds + 1):
            press.publish(number)
            rows.append((number, *_one_round(config, place)))
        print_table("Each round; copies and links so far (some outlets fail on purpose)", COLUMNS, rows)
        _show_where(place)
        if serve:  # the press is still there: links to original posts lead somewhere
            _serve(config, place)


def _new_folder(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="aggregator-demo-"))
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError((f"{folder}: is not empty; the demo writes into a new folder only",))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _one_round(config: Config, place: Path) -> tuple[int, ...]:
    """A round as `poll --force` does it: its figures, then how many copies, stories and next links there are by now."""
    from aggregator.pipeline.pipeline import opened

    with bars() as progress, opened(config, place / "data", clock, progress) as pipeline:
        done = pipeline.round(force=True)
        counts = pipeline.store.maintenance.counts()
        posts = pipeline.store.archive.latest(1000)
        links = sum(post.next is not None for post in posts)
    return (
        done.polled, done.unchanged, done.failed, done.new, done.scraped, done.unscraped, counts["duplicates"], links
    )  # fmt: skip


def _show_where(place: Path) -> None:
    """The documents, then commands, which find the configuration and the data in the folder that they are run in."""
    program = _this_program()
    say()
    say("Where to look:")
    say(f"  cd {shlex.quote(str(place.absolute()))}")
    for what, where in (
        ("the mirror", "data/public/index.html"),
        ("the combined feed", "data/public/feed.atom"),
        ("the database", "data/aggregator.db"),
        ("in a browser", f"{program} serve"),
        ("the feeds' state", f"{program} status"),
        ("a search", f"{program} search ransomware"),
    ):
        say(f"  {what:<18} {where}")


def _this_program() -> str:
    """How a shell starts this very program from any folder."""
    ours, found = Path(sys.argv[0]), shutil.which("aggregator")
    if ours.name != "aggregator":
        return f"{shlex.quote(sys.executable)} -m aggregator"
    return "aggregator" if found and ours.samefile(found) else shlex.quote(str(ours.absolute()))


def _serve(config: Config, place: Path) -> None:
    from aggregator.cli.run import serve_until_stopped

    serve_until_stopped(config, place / "data")

"""`aggregator tail`: the newest posts, then each new one as it is put out.

It reads and never writes, and looks again at an interval: the database is opened anew each time, so that one that was
restored or migrated meanwhile is read as it is.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli.app import app, dumps, existing, iso, printable

if TYPE_CHECKING:
    from aggregator.models import Post

LOOK_S = 1.0
"""Seconds between two looks: less than anybody notices, and next to nothing of a core."""


@app.command()
def tail(
    context: typer.Context,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=1000, metavar="N", help="Posts to begin with.")
    ] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print each as a line of JSON on standard output.")] = False,
) -> None:
    """Follow what comes in: the newest posts, the newest last, then each new one, until Ctrl-C. Times are UTC."""
    place = existing(context)
    shown = _show_json if as_json else _show
    try:
        seen, posts = _newest(place.database, lines)
        shown(posts)
        while True:
            time.sleep(LOOK_S)
            seen, posts = _after(place.database, seen)
            shown(posts)
    except KeyboardInterrupt:
        return


def _newest(database: Path, number: int) -> tuple[int, Iterable[Post]]:
    from aggregator.store import Store

    with Store.read(database) as store, store.snapshot() as held:
        return held.archive.last_sequence(), held.archive.latest(number)[::-1]


def _after(database: Path, seen: int) -> tuple[int, Iterable[Post]]:
    """What came out after `seen`, oldest first; nothing of a backup that was put in place and ends before it."""
    from aggregator.store import Store

    with Store.read(database) as store:
        last = store.archive.last_sequence()
        posts = store.archive.between(seen + 1, last) if last > seen else ()
    return last, sorted(posts, key=lambda post: post.sequence)


def _show(posts: Iterable[Post]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    for post in posts:
        others = [other.name for other in post.also_in]
        console.print(
            Text.assemble(
                (f"{post.published:%Y-%m-%d %H:%M}", "dim"), "  ",
                (printable(post.source.name), "cyan"), "  ",
                (printable(post.title), "bold"),
                (printable(f"  (also in {', '.join(others)})") if others else "", "dim"),
            ),
            soft_wrap=True,
        )  # fmt: skip
        if post.url:
            console.print(Text(f"                  {printable(post.url)}", "dim"), soft_wrap=True)


def _show_json(posts: Iterable[Post]) -> None:
    for post in posts:
        sys.stdout.write(dumps(_json(post)) + "\n")
    sys.stdout.flush()


def _json(post: Post) -> dict[str, Any]:
    return {
        "sequence": post.sequence,
        "put_out": iso(post.stamp),
        "published": iso(post.published),
        "source": post.source.name,
        "title": post.title,
        "url": post.url,
        "path": post.path,
        "author": post.author,
        "tags": post.tags,
        "summary": post.summary or None,
        "also_in": [other.name for other in post.also_in],
        "story": post.story,
    }

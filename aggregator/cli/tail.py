"""`aggregator tail`: the newest posts, then each new one as it is put out.

It reads and never writes, and looks again at an interval: the database is opened again each time, so that one that was
restored or migrated meanwhile is read as it is.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zlib import crc32

import typer

from aggregator.cli.app import UNWRAPPED, Here, app, dumps, existing, iso, line, say
from aggregator.models.errors import StoreError

if TYPE_CHECKING:
    from aggregator.models import Post
    from aggregator.store import Store

    Listed = Sequence[tuple[int, Post]]

INDENT = 18
"""Columns of a date and what follows it."""

COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "red")

LOOK_S = 1.0
"""Seconds between two looks: less than anybody notices, and next to nothing of a core."""


@app.command()
def tail(
    context: typer.Context,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=1000, metavar="N", help="Number of posts to print first.")
    ] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print each as a line of JSON on standard output.")] = False,
) -> None:
    """Print the latest posts, then new ones as they arrive, until Ctrl-C. Times are UTC.

    The number before an address is the article's: `diff`, `withdraw` and the commands of `story` take it.
    """
    place = existing(context)
    shown, excuse = (_show_json if as_json else partial(_show, place)), ""
    try:
        seen, posts = _newest(place.database, lines)
        shown(posts)
        while True:
            time.sleep(LOOK_S)
            try:
                seen, posts = _after(place.database, seen)
            except StoreError as error:  # being restored, or of another version until the next round
                if str(error) != excuse:
                    say(f"waiting: {error}")
                excuse = str(error)
            else:
                shown(posts)
    except KeyboardInterrupt:
        return


def _newest(database: Path, number: int) -> tuple[int, Listed]:
    from aggregator.store import Store

    with Store.read(database) as store, store.snapshot() as held:
        posts = held.archive.latest(number)[::-1]
        return held.archive.last_sequence(), _numbered(held, posts)


def _after(database: Path, seen: int) -> tuple[int, Listed]:
    """What came out after `seen`, oldest first; nothing of a backup that was put in place and ends before it."""
    from aggregator.store import Store

    with Store.read(database) as store:
        last = store.archive.last_sequence()
        posts = store.archive.between(seen + 1, last) if last > seen else ()
        return last, _numbered(store, sorted(posts, key=lambda post: post.sequence))


def _numbered(store: Store, posts: Sequence[Post]) -> Listed:
    numbers = store.queries.numbers(post.path for post in posts)
    return [(numbers[post.path], post) for post in posts]


def _show(place: Here, posts: Listed) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    room = console.width - INDENT if console.is_terminal else UNWRAPPED
    for number, post in posts:
        others = line(f"  (also in {', '.join(other.name for other in post.also_in)})") if post.also_in else ""
        said = Text.assemble(
            (line(post.source.name), _colour(post.source.slug)), "  ", (line(post.title), "bold"), (others, "dim")
        )
        date = f"{post.published:%Y-%m-%d %H:%M}  "
        for piece in said.wrap(console, max(room, INDENT)):
            console.print(Text.assemble((date, "dim"), piece), soft_wrap=True)
            date = " " * INDENT
        console.print(
            Text(f"{' ' * INDENT}{number}  {line(post.url or place.opens(post.path))}", "dim"), soft_wrap=True
        )


def _colour(slug: str) -> str:
    """A source has the same colour every time."""
    return COLOURS[crc32(slug.encode()) % len(COLOURS)]


def _show_json(posts: Listed) -> None:
    for number, post in posts:
        sys.stdout.write(dumps(_json(number, post)) + "\n")
    sys.stdout.flush()


def _json(number: int, post: Post) -> dict[str, Any]:
    return {
        "article": number,
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

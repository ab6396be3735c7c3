"""`aggregator diff`: what an article said before, and what it says now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.app import Json, app, complain, existing, iso, print_json, say
from aggregator.cli.stories import Article, subject_of
from aggregator.text.diff import DiffKind

if TYPE_CHECKING:
    from rich.text import Text

    from aggregator.models import Revision
    from aggregator.text.diff import Piece

STYLES = {DiffKind.REMOVED: "red strike", DiffKind.ADDED: "green", DiffKind.SAME: "", DiffKind.CHANGED: ""}
MARKS = {DiffKind.REMOVED: ("[-", "-]"), DiffKind.ADDED: ("{+", "+}")}
"""How the same is said without colours, as word diffs of version control do."""


@app.command()
def diff(
    context: typer.Context,
    article: Article,
    revision: Annotated[
        int | None, typer.Option(min=1, help="Change to show, counting from 1 (default: latest).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show how an article was edited after publication, word by word."""
    from aggregator.store import Store

    with Store.read(existing(context).database) as store:
        subject = subject_of(store, article)
        found = store.revisions.of(subject.id)[::-1]
    if as_json:
        chosen = found[revision - 1 : revision] if revision else found
        print_json([_json(number, one) for number, one in enumerate(chosen, revision or 1)])
        return
    if not found:
        say(f"{subject.title!r} has not changed since we hold it.")
        return
    number = revision or len(found)
    if number > len(found):
        complain(f"{subject.title!r} has {len(found)} changes; there is no number {number}")
        raise typer.Exit(1)
    _show(found[number - 1], f"Change {number} of {len(found)}")


def _show(revision: Revision, heading: str) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    head = f"{heading}, seen {iso(revision.at)} ({revision.kind}): {revision.summary}"
    console.print(head, style="bold", markup=False, soft_wrap=True)
    for pieces in _changed(revision):
        console.print()
        text = _styled(pieces, coloured=console.is_terminal and not console.no_color)
        console.print(text, soft_wrap=not console.is_terminal)


def _changed(revision: Revision) -> Iterator[tuple[Piece, ...]]:
    from aggregator.text.diff import changes, words_of

    if revision.title_before != revision.title:
        yield words_of(revision.title_before, revision.title)
    yield from (passage.pieces for passage in changes(revision.text_before, revision.text))


def _styled(pieces: tuple[Piece, ...], *, coloured: bool) -> Text:
    from rich.text import Text

    text = Text()
    for piece in pieces:
        before, after = ("", "") if coloured else MARKS.get(piece.kind, ("", ""))
        shown = "".join(sign for sign in piece.text if sign.isprintable() or sign in "\n\t")
        words, space = shown.rstrip(), shown[len(shown.rstrip()) :]
        text.append(f"{before}{words}{after}", STYLES[piece.kind] if coloured else "")
        text.append(space)
    return text


def _json(number: int, revision: Revision) -> dict[str, object]:
    from aggregator.text.diff import changes

    return {
        "revision": number,
        "at": revision.at,
        "kind": revision.kind.value,
        "summary": revision.summary,
        "title_before": revision.title_before,
        "title": revision.title,
        "changes": [
            {"kind": passage.kind.value, "pieces": [{"kind": p.kind.value, "text": p.text} for p in passage.pieces]}
            for passage in changes(revision.text_before, revision.text)
        ],
    }

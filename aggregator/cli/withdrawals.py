"""`withdraw` and `reinstate`: an article is taken out of the output, for good or for a while; what is stored stays."""

from __future__ import annotations

from typing import Annotated

import typer

from aggregator.cli.app import app, clock, existing, say
from aggregator.cli.progress import bars
from aggregator.cli.stories import Article, subject_of
from aggregator.models.errors import StoreError


@app.command()
def withdraw(
    context: typer.Context,
    article: Article,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; shown on the page that takes its place.")] = "",
) -> None:
    """Take an article out of feeds, pages and searches: a notice takes its place, archive documents are replaced."""
    from aggregator.pipeline.pipeline import Tally, opened

    place = existing(context)
    with bars() as progress, opened(place.config, place.data, clock, progress) as pipeline:
        one = subject_of(pipeline.store, article)
        copies = pipeline.store.withdrawals.withdraw(one.id, reason, clock())
        pipeline.emit(tally := Tally())
    say(f"{one.title!r} is withdrawn; {tally.built.written} files written. `aggregator reinstate {one.id}` undoes it.")
    if copies:
        say(f"The same text is still shown as {', '.join(map(str, copies))}; withdraw these too if it is to go.")


@app.command()
def reinstate(context: typer.Context, article: Article) -> None:
    """Show an article again that was withdrawn."""
    from aggregator.pipeline.pipeline import Tally, opened

    place = existing(context)
    with bars() as progress, opened(place.config, place.data, clock, progress) as pipeline:
        one = subject_of(pipeline.store, article)
        if not pipeline.store.withdrawals.reinstate(one.id):
            raise StoreError(f"{article} was not withdrawn")
        pipeline.emit(tally := Tally())
    say(f"{one.title!r} is shown again; {tally.built.written} files written.")

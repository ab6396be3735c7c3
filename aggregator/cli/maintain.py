"""Commands that look after the database: upkeep, backup, restore, vacuum, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aggregator.cli.app import app, clock, complain, existing, here, say
from aggregator.cli.progress import bars, busy
from aggregator.models.errors import StoreError


@app.command()
def upkeep(context: typer.Context) -> None:
    """Do now what `run` does every night: retention, statistics, a backup, the write-ahead log (for cron)."""
    from aggregator.pipeline import maintenance as work
    from aggregator.pipeline.pipeline import Tally, opened

    place = here(context)
    failed = False
    with bars() as progress, opened(place.config, place.data, clock, progress) as pipeline:
        for done in work.tend(
            work.Tended(pipeline.store, pipeline.config, pipeline.options, pipeline.out), clock(), force=True
        ):
            failed |= done.error is not None
            (complain if done.error else say)(f"{done.job}: {done.error or done.result}")
        pipeline.emit(Tally())
    if failed:
        raise typer.Exit(1)


@app.command()
def backup(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="Where to; replaced if it exists.")]
) -> None:
    """Copy the database to FILE while anything goes on; the copy is checked."""
    from aggregator.store import Store

    place = here(context)
    if not place.database.exists():
        raise StoreError(f"{place.database} does not exist")
    with bars() as progress, Store.read(place.database) as store:
        store.maintenance.backup(file, lambda done, total: progress("copy", done, total))
    say(f"{file}: {file.stat().st_size / 2**20:.1f} MB, checked")


@app.command()
def restore(context: typer.Context, file: Annotated[Path, typer.Argument(help="A backup; it stays as it is.")]) -> None:
    """Put a backup in the place of the database, which is kept beside it. Not while a daemon runs."""
    from aggregator.pipeline import lock
    from aggregator.store import restored

    place = here(context)
    if not file.is_file():
        raise StoreError(f"{file} is not a file")
    with busy(f"checking and copying {file.name}"), lock.hold(place.data):
        former = restored(file, place.database, clock())
    if former is not None:
        say(f"the former database is {former}")
    say(f"{place.database} is {file} now; `aggregator emit` builds the output again from it")


@app.command()
def vacuum(context: typer.Context) -> None:
    """Give room that deleted texts have left in the database back to the disk. Not while a daemon runs."""
    from aggregator.pipeline import lock
    from aggregator.store import Store

    place = here(context)
    if not place.database.exists():
        raise StoreError(f"{place.database} does not exist")
    before = place.database.stat().st_size
    with busy(f"rewriting {place.database.name}"), lock.hold(place.data), Store.open(place.database) as store:
        store.maintenance.vacuum()
    after = place.database.stat().st_size
    say(f"{place.database}: {before / 2**20:.1f} MB before, {after / 2**20:.1f} MB now")


@app.command()
def verify(
    context: typer.Context,
    mend: Annotated[
        bool, typer.Option("--mend", help="Rebuild all indexes, including the search index, and check again.")
    ] = False,
) -> None:
    """Check the database: pages, references, search index; exit code 1 if damaged. Not while a daemon runs."""
    from aggregator.pipeline import lock
    from aggregator.store import Store

    place = existing(context)
    with busy(f"checking {place.database.name}"), lock.hold(place.data), Store.open(place.database) as store:
        if mend:
            store.maintenance.mend()
        problems = store.maintenance.check()
    for problem in problems:
        complain(problem)
    if problems:
        again = "`aggregator restore` a backup" if mend else "`aggregator verify --mend` rebuilds the indexes"
        say(f"{place.database} is damaged: {again}; nothing else was changed")
        raise typer.Exit(1)
    say(f"{place.database} is sound")

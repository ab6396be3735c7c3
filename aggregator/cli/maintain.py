"""Commands that look after the database: upkeep, backup, restore, vacuum, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aggregator.cli.app import app, clock, complain, existing, here, say
from aggregator.cli.progress import bars, busy
from aggregator.models.errors import StoreError

db = typer.Typer(help="Back up, check and maintain the database, rebuild the output from it.", no_args_is_help=True)
app.add_typer(db, name="db")


@db.command()
@app.command()
def upkeep(context: typer.Context) -> None:
    """Run nightly maintenance now: retention, statistics, backup, write-ahead log (for cron)."""
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


@db.command()
@app.command()
def backup(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="Destination; replaced if it exists.")]
) -> None:
    """Back up the database to FILE and verify the copy; works while the daemon runs."""
    from aggregator.store import Store

    place = here(context)
    if not place.database.exists():
        raise StoreError(f"{place.database} does not exist")
    with bars() as progress, Store.read(place.database) as store:
        store.maintenance.backup(file, lambda done, total: progress("copy", done, total))
    say(f"{file}: {file.stat().st_size / 2**20:.1f} MB, checked")


@db.command()
@app.command()
def restore(context: typer.Context, file: Annotated[Path, typer.Argument(help="A backup; left unchanged.")]) -> None:
    """Replace the database with a backup (the old one is kept). Stop the daemon first."""
    from aggregator.pipeline import lock
    from aggregator.store import restored

    place = here(context)
    if not file.is_file():
        raise StoreError(f"{file} is not a file")
    with busy(f"checking and copying {file.name}"), lock.hold(place.data):
        former = restored(file, place.database, clock())
    if former is not None:
        say(f"the former database is {former}")
    say(f"{place.database} is {file} now; `aggregator db emit` builds the output again from it")


@db.command()
@app.command()
def vacuum(context: typer.Context) -> None:
    """Shrink the database file after deletions. Stop the daemon first."""
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


@db.command()
@app.command()
def verify(
    context: typer.Context,
    mend: Annotated[
        bool, typer.Option("--mend", help="Rebuild all indexes, including the search index, and check again.")
    ] = False,
) -> None:
    """Check the database's pages, references and search index (exit code 1 if damaged). Stop the daemon first."""
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
        again = "`aggregator db restore` a backup" if mend else "`aggregator db verify --mend` rebuilds the indexes"
        say(f"{place.database} is damaged: {again}; nothing else was changed")
        raise typer.Exit(1)
    say(f"{place.database} is sound")

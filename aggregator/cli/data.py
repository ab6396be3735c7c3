"""`aggregator data`: the data files (KEV, EPSS, ATT&CK and others): fetch them, read them from a folder, list them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.app import Here, Json, app, clock, complain, counted, here, iso, print_json, print_table, say

if TYPE_CHECKING:
    from aggregator.store.intel_data import DataFile

data = typer.Typer(
    help="Data files: known exploited vulnerabilities, forecasts, names, warning lists.", no_args_is_help=True
)
app.add_typer(data, name="data")


@data.command()
def update(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="kev, epss, attack, cves, warninglists or galaxies (default: all)."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--from", metavar="FOLDER", help="Read the files from a folder instead of the network."),
    ] = None,
) -> None:
    """Update the data files. A bad file is refused by name; what was known stays."""
    from aggregator.pipeline.data_files import NAMES, load_folder
    from aggregator.store.intel_data import IntelData

    place = here(context)
    unknown = sorted(set(names or ()) - set(NAMES))
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(NAMES)}")
    place.data.mkdir(parents=True, exist_ok=True)
    if folder is None:
        _fetch(place, tuple(names or ()))
        return
    if not folder.is_dir():
        complain(f"{folder} is not a folder")
        raise typer.Exit(1)
    with IntelData.open(place.data / "intel.db") as stored:
        results = load_folder(stored, folder, tuple(names or ()), clock())
    failed = [result for result in results if result.error]
    for result in failed:
        complain(f"{result.error}; what was known stays in force")
    taken = [result for result in results if not result.error]
    rows = sum(result.rows for result in taken)
    say(f"{counted(len(taken), 'file')} read, {counted(rows, 'row')}; {len(failed)} refused")
    if failed or not taken:
        raise typer.Exit(1)


def _fetch(place: Here, names: tuple[str, ...]) -> None:
    """The same from the network, due or not, while no daemon runs."""
    from aggregator.pipeline.pipeline import opened

    with opened(place.config, place.data, clock) as pipeline:
        done = pipeline.update_data(names, force=True)
    failed = [error for _, error in done if error]
    for error in failed:
        complain(f"{error}; what was known stays in force")
    say(f"{counted(len(done) - len(failed), 'file')} fetched, {len(failed)} failed")
    if failed or not done:
        raise typer.Exit(1)


@data.command()
def status(context: typer.Context, as_json: Json = False) -> None:
    """List the data files: version, rows, when fetched, next fetch, last error."""
    from aggregator.store.intel_data import IntelData

    path = here(context).data / "intel.db"
    if not path.exists():
        files: tuple[DataFile, ...] = ()
    else:
        with IntelData.open(path, read_only=True) as stored:
            files = stored.files()
    if as_json:
        print_json(
            [
                {
                    "name": one.name,
                    "version": one.version,
                    "stated_at": one.stated_at,
                    "rows": one.rows,
                    "skipped": one.skipped,
                    "fetched_at": iso(one.fetched_at),
                    "next_at": iso(one.next_at),
                    "error": one.error,
                    "error_at": iso(one.error_at),
                }
                for one in files
            ]
        )
        return
    print_table(
        "Data files",
        ("name", "version", "dated", "rows", "fetched", "next", "last error"),
        (
            (one.name, one.version, one.stated_at, one.rows, iso(one.fetched_at), iso(one.next_at), one.error)
            for one in files
        ),
    )
    if not files:
        say("No data files yet. Run `aggregator data update`.")

"""What all commands share: the global options, the clock, and how things are printed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from aggregator import logs
from aggregator.cli.panels import Commands
from aggregator.errors import ConfigError

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

    from aggregator.settings import Config

app = typer.Typer(
    name="aggregator",
    cls=Commands,
    help="Polls security-news feeds, scrapes the full articles, de-duplicates and stores them, and emits one combined "
    "feed and a mirror, with the links to the next post preserved. `aggregator init` begins; each command explains "
    "itself with --help. Times are UTC.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output instead of a table.")]


@dataclass(frozen=True, slots=True)
class Here:
    """Where this run of the program works."""

    config_path: Path
    data: Path

    @property
    def config(self) -> Config:
        """The configuration. ConfigError when it is not there, or holds mistakes."""
        from aggregator.config import load

        if not self.config_path.exists():
            raise ConfigError((f"{self.config_path}: is not there; `aggregator init` writes one",))
        return load(self.config_path, os.environ)

    @property
    def database(self) -> Path:
        return self.data / "aggregator.db"

    @property
    def public(self) -> Path:
        return self.data / "public"


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"aggregator {version('security-feed-aggregator')}\n")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option("--config", envvar="AGGREGATOR_CONFIG", help="The list of feeds and the settings.")
    ] = Path("feeds.yaml"),
    data: Annotated[
        Path, typer.Option("--data", envvar="AGGREGATOR_DATA", help="Folder of the database and of the output.")
    ] = Path("data"),
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    logs.configure()
    context.obj = Here(config, data)


def here(context: typer.Context) -> Here:
    """The global options of this run."""
    assert isinstance(context.obj, Here)
    return context.obj


def existing(context: typer.Context) -> Here:
    """The same, where there is a database; else it is said how one comes about (exit code 1)."""
    place = here(context)
    if not place.database.exists():
        complain(f"{place.data} holds nothing yet; `aggregator poll` begins")
        raise typer.Exit(1)
    return place


def clock() -> datetime:
    """The one clock of the program: aware, UTC, in whole seconds, as times are stored."""
    return datetime.now(UTC).replace(microsecond=0)


_CONTROL = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "\ufffd")
"""What a terminal could take for a command, in the words of strangers: C0 without tab and newline, DEL, C1."""


def printable(text: str) -> str:
    """`text` without what a terminal could take for a command."""
    return text.translate(_CONTROL)


def say(message: object = "") -> None:
    """A line for the person at the terminal (standard error); markup is not interpreted."""
    Console(stderr=True, highlight=False).print(printable(str(message)), markup=False, soft_wrap=True)


def complain(message: str) -> None:
    """A line that names a mistake or a failure."""
    console = Console(stderr=True, highlight=False)
    console.print("error: ", style="bold red", end="")
    console.print(printable(message), markup=False, soft_wrap=True)


def print_json(value: object) -> None:
    """`value` as JSON on standard output; dataclasses as objects, times as ISO 8601 in UTC."""
    sys.stdout.write(dumps(value, indent=2) + "\n")


def dumps(value: object, indent: int | None = None) -> str:
    """JSON text that holds no lone surrogate and no raw control character."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)
    return text.encode("utf-8", "replace").decode("utf-8")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"not for JSON: {type(value).__name__}")


def iso(time: datetime | None) -> str | None:
    """`2026-03-10T12:00:00Z`, or None."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if time else None


def print_table(title: str, columns: Iterable[str], rows: Iterable[tuple[object, ...]]) -> None:
    """A table on standard error, plain where that is not a terminal."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    Console(stderr=True, highlight=False).print(table)


def _cell(value: object) -> Any:
    from rich.text import Text

    return value if isinstance(value, Text) else Text("" if value is None else printable(str(value)))


_STAGES = {
    "poll": "polling feeds",
    "scrape": "fetching articles",
    "images": "fetching images",
    "emit": "writing documents",
}


class Bars:
    """Progress bars for the stages of a round; silent where standard error is no terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, Any] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(_STAGES.get(stage, stage), total=total)
        self._progress.update(self._tasks[stage], completed=done, total=total)


@contextmanager
def bars(*, shown: bool = True) -> Iterator[Bars]:
    """Progress on the terminal while the block runs: how much, how fast, how long it will take. In a pipe, nothing."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:<18}"), BarColumn(bar_width=24), MofNCompleteColumn(), *_rates(),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as progress:
        yield Bars(progress)


def _rates() -> tuple[ProgressColumn, ProgressColumn]:
    from rich.progress import ProgressColumn, Task, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """How many a second, or a minute where that says more."""

        def render(self, task: Task) -> Text:
            return Text(rate(task.finished_speed or task.speed), style="progress.data.speed")

    return Rate(), TimeRemainingColumn(compact=True, elapsed_when_finished=False)


def rate(per_s: float | None) -> str:
    """`12/s`, `1.5/s`, `20/min`; `-` before it is known."""
    if not per_s:
        return "-"
    return f"{per_s:.0f}/s" if per_s >= 10 else f"{per_s:.1f}/s" if per_s >= 1 else f"{per_s * 60:.0f}/min"

"""Progress of long work on a terminal: how much, how fast, how long it will take. In a pipe, nothing.

Long output on a terminal, shown by a pager: `$PAGER`, or `less`. In a pipe nothing is held back.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

_STAGES = {
    "copy": "copying pages",
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
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:<18}"), BarColumn(bar_width=24), MofNCompleteColumn(), *_rates(),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as progress:
        yield Bars(progress)


@contextmanager
def busy(what: str) -> Iterator[None]:
    """On a terminal a sign of life and the time that has passed, for work that does not tell how far it is."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        progress.add_task(what, total=None)
        yield


def _rates() -> tuple[ProgressColumn, ProgressColumn]:
    from rich.progress import ProgressColumn, Task, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """How many a second, or a minute where that says more."""

        def render(self, task: Task) -> Text:
            per_s = task.completed / task.finished_time if task.finished_time else task.speed
            return Text(rate(per_s), style="progress.data.speed")

    return Rate(), TimeRemainingColumn(compact=True, elapsed_when_finished=False)


def rate(per_s: float | None) -> str:
    """`12/s`, `1.5/s`, `20/min`; `-` before it is known."""
    if not per_s:
        return "-"
    return f"{per_s:.0f}/s" if per_s >= 10 else f"{per_s:.1f}/s" if per_s >= 1 else f"{per_s * 60:.0f}/min"


class _Held(io.StringIO):
    """Output that is a terminal's, held back until its length is known."""

    def isatty(self) -> bool:
        return True


@contextmanager
def paged() -> Iterator[None]:
    """Show what is printed within by a pager, if standard output is a terminal that it does not fit on."""
    screen = sys.stdout
    if not (screen.isatty() and sys.stdin.isatty()):
        yield
        return
    held = _Held()
    sys.stdout = held
    try:
        yield
    finally:
        sys.stdout = screen
        _show(held.getvalue())


def _show(text: str) -> None:
    pager = shlex.split(os.environ.get("PAGER") or "less")
    if text.count("\n") < shutil.get_terminal_size().lines or not (pager and shutil.which(pager[0])):
        sys.stdout.write(text)
        return
    # -F: end at once if it fits after all; -R: colours; -X: leave it on the screen (as git has it)
    subprocess.run(pager, input=text.encode("utf-8", "replace"), env={"LESS": "FRX", **os.environ}, check=False)  # noqa: S603 - the user's own pager

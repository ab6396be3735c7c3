"""What all commands share: the global options, the clock, and how things are printed.

The order in which `--help` shows the commands: what a newcomer needs first, then by what one wants to do.

A command that stands in no panel is listed under the last one; a test sees to it that none is forgotten.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlsplit

import typer
from typer.core import TyperGroup

from aggregator.cli.examples import epilog
from aggregator.models.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from aggregator.config.settings import Config

PANELS = {
    "Getting started": ("init", "add", "remove", "check", "demo"),
    "Run": ("run", "poll", "serve", "notify"),
    "Read and inspect": ("status", "tail", "search", "diff", "doctor"),
    "Correct": ("withdraw",),
    "Groups (see GROUP --help)": ("output", "rules", "story", "opml", "db", "data", "watch"),
    "Scripts": ("parse", "extract", "facts", "stories"),
}
"""The panels of `aggregator --help`, with their commands."""

UNLISTED = PANELS["Scripts"]
"""Commands for scripts: they have their help and stand in docs/commands.md, but not on the first page."""

FORMER = {
    "import-opml": "opml import", "export-opml": "opml export", "backup": "db backup", "restore": "db restore",
    "verify": "db verify", "vacuum": "db vacuum", "upkeep": "db upkeep", "emit": "db emit", "why": "story why",
    "merge": "story merge", "split": "story split", "reinstate": "withdraw --undo",
}  # fmt: skip
"""Commands that had another name: the former one goes on working for a release, and is listed nowhere."""

_PLACES = {
    name: (panel, place)
    for place, (panel, name) in enumerate((panel, name) for panel, names in PANELS.items() for name in names)
}
_ELSEWHERE = (next(reversed(PANELS)), len(_PLACES))


HELP = frozenset({"-h", "--help"})
EXPLAINS = "aggregator.explains"
"""Under this the context keeps whether help was asked for."""


class Commands(TyperGroup):
    """The commands in their panels; a flag is shown as one, not as something that takes a value."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """The names in the order of PANELS."""
        return sorted(self.commands, key=lambda name: (_PLACES.get(name, _ELSEWHERE)[1], name))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command called so, with its panel."""
        command: Any = super().get_command(ctx, cmd_name)
        if command is not None:
            command.rich_help_panel = _PLACES.get(cmd_name, _ELSEWHERE)[0]
            command.epilog = epilog(cmd_name)
            command.hidden = cmd_name in FORMER or cmd_name in UNLISTED
            for name, one in (("", command), *getattr(command, "commands", {}).items()):
                one.epilog = one.epilog or epilog(f"{cmd_name} {name}")
                _tidy(one.get_params(ctx))
        return command

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the global options; noted is whether a command is to explain itself alone, which logs nothing."""
        ctx.meta[EXPLAINS] = not HELP.isdisjoint(args)
        rest: list[str] = super().parse_args(ctx, args)
        return rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C ends it with a sentence and exit code 130 (128 + SIGINT, as shells have it).

        A closed pipe ends it silently: that is no error.
        """
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:  # `>&-`
                sys.stdout.flush()
            return result
        except BrokenPipeError:
            _close_quietly()
            raise typer.Exit from None
        except (KeyboardInterrupt, typer.Abort):
            say("\nStopped: what was done is kept, what was not done is as it was.")
            raise typer.Exit(130) from None

    def get_params(self, ctx: Any) -> Any:
        """The global options."""
        return _tidy(super().get_params(ctx))


def _close_quietly() -> None:
    """What is still in a buffer goes nowhere, and nothing is said of it at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _tidy(params: Any) -> Any:
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


app = typer.Typer(
    name="aggregator",
    cls=Commands,
    help="Poll security-news feeds, fetch the full articles, and publish one combined feed and a mirror in which each "
    "post links to the next. Start with `aggregator init`. See COMMAND --help. Times are UTC.",
    epilog=f"For scripts: {', '.join(UNLISTED)} (see COMMAND --help).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": sorted(HELP)},
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
            raise ConfigError((_missing(self.config_path),))
        return load(self.config_path, os.environ)

    @property
    def database(self) -> Path:
        return self.data / "aggregator.db"

    @property
    def public(self) -> Path:
        return self.data / "public"

    def opens(self, path: str) -> str:
        """What opens a page of the mirror: its address where the site has a host of its own, else its file."""
        base = _base_url(self)
        address = base and base + quote(path)
        if address and urlsplit(address).hostname not in _THIS_MACHINE:
            return address
        file = self.public / path
        return file.absolute().as_uri() if file.is_file() or not address else address


@cache
def _base_url(place: Here) -> str:
    """Where feeds.yaml has the site, with a slash at the end; empty where it cannot be read."""
    with suppress(ConfigError):
        return place.config.site.base_url.rstrip("/") + "/"
    return ""


_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
"""Hosts in `site.base_url` at which something answers only while the server runs."""


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
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    if not context.meta[EXPLAINS] and context.invoked_subcommand not in _LOG_NOTHING:
        from aggregator.config import logs

        logs.configure()
    if context.invoked_subcommand in _LOG_NOTHING:
        gc.disable()  # they end before there is anything to collect
    _stand_somewhere(config, data)
    sources = {name: context.get_parameter_source(name) for name in ("config", "data")}
    given = {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}
    _spelling.begin(config if "config" in given else None, data if "data" in given else None)
    if "config" in given and context.invoked_subcommand not in _WITHOUT_FILE and not config.exists():
        raise ConfigError((_missing(config),))
    context.obj = Here(config, data)


_LOG_NOTHING = frozenset({"status", "search", "diff", "opml", "export-opml"})
"""Commands that only read what is stored: to set up logging takes a tenth of the time that they may take."""

_WITHOUT_FILE = frozenset(
    {"init", "demo", "add", "import-opml", "opml", "parse", "extract", "stories", "doctor", "rules", "check"}
)
"""Commands that make the file, or do without one."""


def _missing(config: Path) -> str:
    return f"{config} not found. Create one with `aggregator init`."


class _Invocation:
    """How a command of this program has to be written to work where this one was: program, --config, --data."""

    def __init__(self) -> None:
        self.prefix = "aggregator"

    def begin(self, config: Path | None, data: Path | None) -> None:
        parts = [*_program()]
        for option, path in (("--config", config), ("--data", data)):
            parts += [] if path is None else [option, str(path)]
        self.prefix = shlex.join(parts)

    def __call__(self, text: str) -> str:
        """`text` whose commands (`aggregator ...`) are written so."""
        return text.replace("`aggregator ", f"`{self.prefix} ")


_spelling = _Invocation()


def _program() -> tuple[str, ...]:
    """What this program was started as, from any folder."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return sys.executable, "-m", "aggregator"
    found = shutil.which(called.name)
    if found is None or not called.is_file() or Path(found).resolve() != called.resolve():
        return (str(called.absolute()),) if called.is_file() else ("aggregator",)
    return (called.name,)


def command(words: str, *, elsewhere: bool = False) -> str:
    """A command of this program as it works when it is typed; `elsewhere`: without this one's --config and --data."""
    return f"{shlex.join(_program()) if elsewhere else _spelling.prefix} {words}"


def _stand_somewhere(*paths: Path) -> None:
    """See that the working directory exists, which no process can be started without. StoreError when it is needed."""
    try:
        Path.cwd()
    except FileNotFoundError:
        if not all(path.is_absolute() for path in paths):
            raise StoreError("the folder that this was started in does not exist any more; go to another one") from None
        os.chdir("/")


def here(context: typer.Context) -> Here:
    """The global options of this run."""
    assert isinstance(context.obj, Here)
    return context.obj


def existing(context: typer.Context) -> Here:
    """The same, where there is a database; else it is said how one comes about (exit code 1)."""
    place = here(context)
    if not place.database.exists():
        complain(f"No data yet in {place.data}. Run `aggregator poll` first.")
        raise typer.Exit(1)
    return place


def clock() -> datetime:
    """The one clock of the program: aware, UTC, in whole seconds, as times are stored."""
    return datetime.now(UTC).replace(microsecond=0)


_CONTROL = dict.fromkeys(
    (
        *range(9), *range(11, 32), *range(0x7F, 0xA0),           # C0 without tab and newline, DEL, C1
        0x061C, 0x200E, 0x200F, *range(0x202A, 0x2030), *range(0x2066, 0x206A),   # which way the line runs; line breaks
        0x2028, 0x2029, 0xFEFF, *range(0xFFF9, 0xFFFC),
        *range(0xE0000, 0xE0080),                                 # tags, which are invisible
        *range(0xD800, 0xE000),                                   # halves of characters, which cannot be written
    ),
    "\ufffd",
)  # fmt: skip
"""What a terminal could take for a command, or show in another order than it stands, in the words of strangers."""

_RAW = re.compile(f"[{''.join(chr(sign) for sign in _CONTROL if sign >= 0x7F)}]")
"""Those of them that JSON does not escape by itself."""


def printable(text: str) -> str:
    """`text` without what a terminal could take for a command."""
    return text.translate(_CONTROL)


def line(text: str) -> str:
    """The same on one line: a title must not look like several."""
    return " ".join(printable(text).split())


def say(message: object = "", *, hang: int = 0) -> None:
    """A line for the person at the terminal (standard error); markup is not interpreted.

    On a terminal it is wrapped: as far in as it begins, and by `hang` columns more from the second line on.
    """
    _put(printable(str(message)), hang)


def show(message: object = "", *, hang: int = 0, wrap: bool = True) -> None:
    """A line of what was asked for (standard output), as `say` writes one; `wrap`: broken where it is too long."""
    _put(printable(str(message)), hang, stderr=False, wrap=wrap)


def complain(message: str) -> None:
    """A line that names a mistake or a failure."""
    _put(f"{_ERROR}{printable(message)}")


_ERROR = "error: "


def _put(text: str, hang: int = 0, *, stderr: bool = True, wrap: bool = True) -> None:
    from rich.console import Console
    from rich.text import Text

    text = _spelling(text)
    console = Console(stderr=stderr, highlight=False)
    width = console.width if wrap else UNWRAPPED
    lines = [piece for part in text.split("\n") for piece in _wrapped(part, width, hang)]
    shown = Text("\n".join(lines) if console.is_terminal else text)
    if text.startswith(_ERROR):
        shown.stylize("bold red", 0, len(_ERROR))
    console.print(shown, soft_wrap=True)


def _wrapped(text: str, width: int, hang: int = 0) -> Iterator[str]:
    """Lines that fit, broken at spaces only: what is longer than a line (a URL) stays in one piece, to be copied."""
    from rich.cells import cell_len

    if cell_len(text) <= width:
        yield text
        return
    indent = text[: len(text) - len(text.lstrip(" "))]
    further = indent + " " * hang
    held = indent
    for gap, word in re.findall(r"(\s*)(\S+)", text[len(indent) :]):
        if not held.strip() or cell_len(held + gap + word) <= width or cell_len(further + word) > width:
            held += gap + word
        else:
            yield held
            held = further + word
    yield held


def print_json(value: object) -> None:
    """`value` as JSON on standard output; dataclasses as objects, times as ISO 8601 in UTC."""
    sys.stdout.write(dumps(value, indent=2) + "\n")


def dumps(value: object, indent: int | None = None) -> str:
    """JSON text that holds no lone surrogate, and nothing raw that a terminal could take for a command."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=_plain).encode("utf-8", "replace").decode()
    return _RAW.sub(_escaped, text)


def _escaped(sign: re.Match[str]) -> str:
    """A character as JSON writes it in ASCII (above U+FFFF as two halves)."""
    return json.dumps(sign[0])[1:-1]


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


def counted(number: int, what: str) -> str:
    """`1 feed`, `2 feeds`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def print_table(title: str, columns: Iterable[str], rows: Iterable[tuple[object, ...]]) -> None:
    """A table on standard output; where that is no terminal, plain, a line a row, however long."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    if console.is_terminal:
        console.print(table)
        return
    console.width = UNWRAPPED
    with console.capture() as captured:
        console.print(table)
    sys.stdout.write("".join(f"{text.rstrip()}\n" for text in captured.get().splitlines()))


UNWRAPPED = 100_000
"""Columns of what is no terminal: programs read by lines."""


def _cell(value: object) -> Any:
    from rich.text import Text

    return value if isinstance(value, Text) else Text("" if value is None else line(_spelling(str(value))))

"""The order in which `--help` shows the commands: what a newcomer needs first, then by what one wants to do.

A command that stands in no panel is listed under the last one; a test sees to it that none is forgotten.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

import typer
from typer.core import TyperGroup

from aggregator.cli.examples import epilog

PANELS = {
    "Begin": ("init", "add", "remove", "import-opml", "export-opml", "check", "demo"),
    "Run": ("run", "poll", "serve", "emit", "notify"),
    "Look": ("status", "tail", "search", "diff", "doctor", "parse", "extract", "output", "rules"),
    "Stories": ("why", "merge", "split", "stories"),
    "Correct": ("withdraw", "reinstate"),
    "Look after the data": ("backup", "restore", "upkeep", "vacuum", "verify"),
}
"""The panels of `aggregator --help`, with their commands."""

_PLACES = {
    name: (panel, place)
    for place, (panel, name) in enumerate((panel, name) for panel, names in PANELS.items() for name in names)
}
_ELSEWHERE = (next(reversed(PANELS)), len(_PLACES))


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
            for name, one in (("", command), *getattr(command, "commands", {}).items()):
                one.epilog = one.epilog or epilog(f"{cmd_name} {name}")
                _tidy(one.get_params(ctx))
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C ends it with a sentence and exit code 130 (128 + SIGINT, as shells have it).

        When nobody reads its output any more it ends without a word: that is no error.
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
            from aggregator.cli.app import say

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

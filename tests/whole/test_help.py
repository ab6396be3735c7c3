"""The help: every command has examples that are right, and all of it reads well on a narrow terminal."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import typer
from rich.cells import cell_len
from typer.testing import CliRunner

from aggregator.cli import app
from aggregator.cli.examples import EXAMPLES
from aggregator.cli.manual import _commands

PROGRAM: Any = typer.main.get_command(app)


def words(example: str) -> list[str]:
    """An example as the shell would split it, without the programs that it is piped into."""
    parts = shlex.split(example)
    ends = [place for place, part in enumerate(parts) if part in ("|", ">")]
    return parts[: ends[0]] if ends else parts


def test_every_command_has_examples() -> None:
    """And there are none of commands that do not exist."""
    assert set(EXAMPLES) == {name for name, _ in _commands(PROGRAM)}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_right(name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is taken by the options and arguments of its command."""
    monkeypatch.chdir(tmp_path)
    for file in ("subscriptions.opml", "pages.jsonl", "articles.jsonl", "saved.xml", "copy.db"):
        (tmp_path / file).touch()
    for example in EXAMPLES[name]:
        group, arguments = PROGRAM, words(example)
        if arguments[0].startswith("--"):
            arguments = arguments[4:]  # --config and --data
        context = typer.Context(PROGRAM)
        for part in name.split():
            assert arguments[0] == part
            group, arguments = group.get_command(context, part), arguments[1:]
        group.make_context(name, arguments, parent=context).close()


@pytest.mark.parametrize("name", ["", *EXAMPLES])
def test_help_fits_80_columns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its examples, a line each."""
    for variable, value in (("COLUMNS", "80"), ("TERMINAL_WIDTH", "80"), ("NO_COLOR", "1")):
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 80)
    shown = CliRunner().invoke(app, [*name.split(), "--help"]).output
    assert max(cell_len(line) for line in shown.splitlines()) <= 80
    if name:
        assert "Examples:" in shown
        assert f"aggregator {EXAMPLES[name][0]}"[:70] in shown

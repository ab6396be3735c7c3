"""Log lines hold no secret and no second line, also when they tell of a bug."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from aggregator import logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave logging as it was for other tests."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = before


@pytest.mark.parametrize("human", [True, False])
def test_a37_a_bugs_traceback_shows_no_secret(human: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither local variables nor URLs with passwords and tokens in messages."""
    logs.configure(human=human)

    def buggy(url: str) -> None:
        raise ValueError(f"no good: {url}")

    try:
        buggy("https://user:hunter2@a.example/f?token=SEKRET")
    except ValueError as error:
        structlog.get_logger().error("bug", feed="A", exc_info=error)
    text = capsys.readouterr().err
    assert "ValueError" in text
    assert "hunter2" not in text
    assert "SEKRET" not in text


def test_a33_a_line_break_in_a_value_makes_no_second_line(capsys: pytest.CaptureFixture[str]) -> None:
    """One event, one line."""
    logs.configure(human=False)
    structlog.get_logger().error("x", title="a\r\nlevel=fake")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["title"] == "a\\r\\nlevel=fake"


def test_a_librarys_line_is_one_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON with a level and a time, without secrets, on one line, with its traceback in a value."""
    logs.configure(human=False)

    def fail() -> None:
        raise FileNotFoundError("https://user:hunter2@a.example/")

    try:
        fail()
    except OSError:
        logging.getLogger("uvicorn.error").exception("can not %s\nat all", "serve")
    logging.getLogger("apscheduler").info("not worth a line")
    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert (event["event"], event["level"], event["logger"]) == ("can not serve\\nat all", "error", "uvicorn.error")
    assert event["timestamp"].endswith("Z")
    assert "FileNotFoundError" in event["exception"]
    assert "hunter2" not in line


def test_context_is_bound_once(capsys: pytest.CaptureFixture[str]) -> None:
    """What a job binds stands in each line of it, and in none after it."""
    logs.configure(human=False)
    with structlog.contextvars.bound_contextvars(job="poll"):
        structlog.get_logger().error("one")
    structlog.get_logger().error("two")
    one, two = map(json.loads, capsys.readouterr().err.splitlines())
    assert one["job"] == "poll"
    assert "job" not in two


def test_a_line_begins_with_when_how_bad_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads the journal does not have to look for it."""
    logs.configure(level=logging.INFO, human=False)
    structlog.get_logger().info("polled", feeds=3)
    assert list(json.loads(capsys.readouterr().err)) == ["timestamp", "level", "event", "feeds"]


@pytest.mark.parametrize("ours", [True, False])
def test_the_journal_hears_how_bad_it_is(ours: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`journalctl -p warning` works: a line for the journal begins with its priority, one for anything else does not."""
    with (tmp_path / "journal").open("w+", encoding="utf-8") as journal:
        there = os.fstat(journal.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{there.st_dev}:{there.st_ino + (not ours)}")
        monkeypatch.setattr("sys.stderr", journal)
        logs.configure(level=logging.INFO)
        structlog.get_logger().info("polled")
        structlog.get_logger().error("stuck")
        logging.getLogger("uvicorn").warning("a library speaks")
        journal.seek(0)
        begin = [line.partition("{")[0] for line in journal]
    assert begin == (["<6>", "<3>", "<4>"] if ours else ["", "", ""])

"""Log lines hold no secret and no second line, also when they tell of a bug."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from aggregator.config import logs
from aggregator.text import urls
from aggregator.web import WebServer


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave logging as it was for other tests."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
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


def test_a37_an_address_behind_other_letters_and_a_long_name_with_dots(capsys: pytest.CaptureFixture[str]) -> None:
    """No letters before an address let its secret through; a stranger's endless name takes no time."""
    logs.configure(human=False)
    begun = time.thread_time()
    structlog.get_logger().error(
        "x", glued=f"1https://u:hunter2@a.example/ {'x' * 60}ntfys://hunter2@h", name="a." * 20_000
    )
    assert time.thread_time() - begun < 2
    assert "hunter2" not in capsys.readouterr().err


def test_a_librarys_line_is_one_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON with a level and a time, without secrets, on one line, with its traceback in a value."""
    logs.configure(human=False)

    def fail() -> None:
        raise FileNotFoundError("https://user:hunter2@a.example/")

    try:
        fail()
    except OSError:
        logging.getLogger("uvicorn.error").exception("cannot %s\nat all", "serve")
    logging.getLogger("apscheduler").info("not worth a line")
    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert (event["event"], event["level"], event["logger"]) == ("cannot serve\\nat all", "error", "uvicorn.error")
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


HOSTILE = "a\x1b[31m\x07\x9b31m\r\nb\u2028\u202e\u2066c\x85d\ud800e\x00"
SECRET_URL = "HTTPS://user:hunter2@a.example/f?token=SEKRET&x=1"


@pytest.mark.parametrize("human", [True, False])
def test_a33_nothing_in_a_line_is_a_command_or_a_second_line(human: bool, capfd: pytest.CaptureFixture[str]) -> None:
    """Titles and headers of strangers, as the event, as a value, deep in one, in an exception, from a library."""
    logs.configure(human=human, level=logging.INFO)
    log = structlog.get_logger()
    log.error(HOSTILE, title=HOSTILE, many=[HOSTILE, {HOSTILE: (HOSTILE,)}], error=ValueError(HOSTILE), n=float("nan"))
    logging.getLogger("uvicorn.error").error("%s", HOSTILE)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(HOSTILE, stacklevel=1)
    text = capfd.readouterr().err
    lines = text.split("\n")[:-1]
    assert len(lines) == len(text.splitlines()) == 3
    if human:
        assert not re.search(r"a\x1b|[\x07\x9b\x85\r\u2028\u202e\u2066\x00]", text)
    else:
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]", text)
        events = [json.loads(line, parse_constant=pytest.fail) for line in lines]
        assert all(event["level"] and event["timestamp"] for event in events)


@pytest.mark.parametrize("human", [True, False])
def test_a37_no_secret_lies_so_deep_that_it_is_shown(human: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """In lists and keys, in exceptions and bytes given as values, in addresses of Apprise, in upper case."""
    logs.configure(human=human)
    urls.keep_secret("KEPT-SECRET")
    structlog.get_logger().error(
        f"at {SECRET_URL}", many=[SECRET_URL, ("KEPT-SECRET",)], keys={"KEPT-SECRET": {SECRET_URL}},
        error=ValueError(SECRET_URL), raw=b"KEPT-SECRET", places="tgram://SEKRET/1 mailto://me:hunter2@mail.example",
    )  # fmt: skip
    text = capsys.readouterr().err
    assert "a.example" in text
    for secret in ("hunter2", "SEKRET", "KEPT-SECRET"):
        assert secret not in text


class Full:
    """Standard error on a disk without room, or with nobody at the other end."""

    def write(self, _: str) -> None:
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        raise BrokenPipeError

    def isatty(self) -> bool:
        return False


@pytest.mark.parametrize("stream", [Full(), None])
def test_f38_a_log_that_can_not_be_written_stops_nothing(stream: Full | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is lost, and no other stream gets it."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure(level=logging.INFO)
    structlog.get_logger().error("lost")
    logging.getLogger("uvicorn.error").error("lost, too")
    assert out.getvalue() == ""


def test_the_web_server_leaves_the_log_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """uvicorn would give its loggers handlers of their own, whose lines are neither JSON nor without secrets."""
    logs.configure(human=False)

    async def nothing(_scope: object, _receive: object, _send: object) -> None:
        pass

    with WebServer(nothing, "127.0.0.1", 0):
        logging.getLogger("uvicorn.error").error("about https://user:hunter2@a.example/")
    events = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert "about https://a.example/" in events, events

"""Log lines hold no secret and no second line, also when they tell of a bug."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from aggregator import logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave logging as it was for other tests."""
    yield
    structlog.reset_defaults()


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

"""`bench.freshness` at a small scale: it runs the daemon, sees every post come out, and says how long that took."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from bench import freshness


@pytest.mark.slow
def test_every_post_comes_out_and_is_timed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Three feeds, a back-file of five: nothing is missed, and a post is not shown before it is polled."""
    monkeypatch.chdir(Path(__file__).parents[2])
    monkeypatch.setattr(freshness, "EVERY", 1)
    arguments = ["--seconds", "12", "--feeds", "3", "--backlog", "5", "--every", "2"]
    monkeypatch.setattr(sys, "argv", ["freshness", *arguments])
    freshness.main()
    shown = capsys.readouterr().out
    assert re.match(r"[2-9] posts in 3 feeds, 0 not shown; 5 of 5 of the back-file", shown)
    after, in_all = (float(value) for value in re.findall(r"p50 +([\d.]+) s", shown))
    assert 0 < after <= in_all

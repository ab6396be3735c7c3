"""A night without a network: it costs no feed anything, and is told once."""

from __future__ import annotations

import socket
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.outlets import outlet, rss
from support.program import Program

from aggregator.cli import main
from aggregator.config.settings import Config
from aggregator.models import FeedStatus
from aggregator.pipeline.pipeline import Tally, opened
from aggregator.poll import health

NOW = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)
NAMES = tuple(f"press{number}.example" for number in range(12))


class Network:
    """Every name is on loopback while the network is there."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.there = True
        patch.setattr(socket, "getaddrinfo", self._addresses)

    def _addresses(self, host: str, port: int, *_: object, **__: object) -> list[object]:
        if not self.there:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def test_a_night_without_a_network_is_no_failure_of_the_feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No failure, no back-off, no "has broken"; one word when it begins, one when it ends; then polls as ever."""
    network, clock = Network(monkeypatch), [NOW]
    with outlet() as server:
        port = server.origin.rpartition(":")[2]
        server.pages["/feed"] = rss("Press")
        feeds = [{"url": f"http://{name}:{port}/feed", "name": name, "interval": "1h"} for name in NAMES]
        config = Config.model_validate({
            "network": {"allow": ["127.0.0.0/8"], "per_host_interval_s": 0.0},
            "defaults": {"min_interval": "5m"}, "feeds": feeds,
        })  # fmt: skip

        def rounds(hours: float, every: timedelta) -> Tally:
            tally, end = Tally(), clock[0] + timedelta(hours=hours)
            while clock[0] < end:
                clock[0] += every
                pipeline.poll(tally := Tally())
            return tally

        with opened(config, tmp_path, lambda: clock[0]) as pipeline:
            rounds(1, timedelta(minutes=10))
            network.there = False
            rounds(2, timedelta(minutes=20))
            last = rounds(26, timedelta(hours=2))
            assert (last.polled, last.offline) == (12, 12)
            states = pipeline.store.feeds()
            # The first ones that were due cannot know yet that it is not their own failure.
            assert sum(state.failures for state in states) <= 3
            assert all(state.failures <= 1 and state.status is not FeedStatus.GONE for state in states)
            assert all(state.next_poll - clock[0] <= timedelta(minutes=16) for state in states if state.next_poll)
            since = pipeline.store.queries.offline_since()
            assert since is not None
            assert "seems to be down (for 1 day" in str(health.network_text(since, clock[0]))
            network.there = True
            back = rounds(0.5, timedelta(minutes=10))
            assert back.failed == 0
            assert all(state.failures == 0 and state.last_success > since for state in pipeline.store.feeds())
            assert pipeline.store.queries.offline_since() is None
            assert [event.kind for event in pipeline.store.queries.events(99)] == ["online", "offline"]


def test_poll_and_status_say_once_that_the_network_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A first round without a network: one sentence for all feeds, exit code 1; `status` and the log say so too."""
    monkeypatch.setenv("COLUMNS", "80")
    Network(monkeypatch).there = False
    program = Program(tmp_path)
    program.configure("feeds:\n" + "".join(f"  - url: https://{name}/feed\n" for name in NAMES))

    def run(*arguments: str) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["aggregator", *program.command(*arguments)[3:]])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, capsys.readouterr().err

    code, said = run("poll")
    assert code == 1
    assert said.count("the network seems to be down") == 1
    assert len(said.splitlines()) == 3, said
    assert "0 failed" in said
    code, said = run("status")
    assert code == 0
    assert said.splitlines()[0].startswith("error: The network seems to be down (for ")
    with sqlite3.connect(f"file:{program.data / 'aggregator.db'}?mode=ro", uri=True) as base:
        assert base.execute("SELECT count(*), sum(failures) FROM feeds").fetchone() == (12, 0)

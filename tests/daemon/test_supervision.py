"""What a supervisor hears, over a real socket; and when it hears nothing, so that it starts us again."""

from __future__ import annotations

import os
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from aggregator.daemon import daemon as daemons
from aggregator.daemon.daemon import Daemon
from aggregator.daemon.systemd import Heartbeat, tell, watchdog_s


@pytest.fixture(params=["path", "abstract"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    """A socket as systemd's: on a path, or with an abstract name; with the variable that names it."""
    name = (
        str(tmp_path / "notify") if request.param == "path" else f"@aggregator-test-{os.getpid()}-{time.monotonic_ns()}"
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name if name[0] == "/" else "\0" + name[1:])
        listening.settimeout(5)
        yield SimpleNamespace(environ={"NOTIFY_SOCKET": name}, hear=lambda: listening.recv(4096).decode())


def test_it_is_heard(door: SimpleNamespace) -> None:
    """Assignments, one a line, whatever is in them."""
    assert tell("READY=1", "STATUS=two\nlines", environ=door.environ)
    assert door.hear() == "READY=1\nSTATUS=two lines"


def test_nobody_listens(tmp_path: Path) -> None:
    """No supervisor, one that is gone, a variable that makes no sense: work goes on."""
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}, {"NOTIFY_SOCKET": "x"}, {"NOTIFY_SOCKET": ""}):
        assert tell("READY=1", environ=environ) is False


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_how_often_a_watchdog_is_fed(environ: dict[str, str], seconds: float | None) -> None:
    """Twice in the time that it allows, when it watches this process."""
    assert watchdog_s(environ) == seconds


def test_a_job_without_progress_is_stuck() -> None:
    """Progress of another stage is none of its own; an idle job is never stuck."""
    heart = Heartbeat()
    assert heart.stuck(after_s=0) == ()
    heart.begin("poll")
    heart.begin("scrape")
    time.sleep(0.03)
    heart("emit", 1, 2)  # an emission is the end of `scrape`
    assert heart.stuck(after_s=0.02) == ("poll",)
    time.sleep(0.03)
    heart("poll")
    heart("images", 1, 2)  # as fetching images is a part of it
    assert heart.stuck(after_s=0.02) == ()
    heart.end("poll")
    heart.end("scrape")
    time.sleep(0.03)
    assert heart.stuck(after_s=0.02) == ()


def test_a_stuck_job_keeps_the_watchdog_hungry(door: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon feeds it while jobs move, and not while one is stuck."""
    for name, value in {**door.environ, "WATCHDOG_USEC": "2000"}.items():
        monkeypatch.setenv(name, value)
    network = SimpleNamespace(per_host_interval_s=0.0)
    pipeline = SimpleNamespace(clock=lambda: datetime.now(UTC), config=SimpleNamespace(network=network))
    runner = Daemon(pipeline, lambda: None)  # type: ignore[arg-type, return-value]
    time.sleep(0.01)
    runner._feed_watchdog()
    assert door.hear() == "WATCHDOG=1"
    runner._heart.begin("poll")
    monkeypatch.setattr(daemons, "STALL_S", 0.0)
    time.sleep(0.01)
    runner._feed_watchdog()
    tell("END=1")
    assert door.hear() == "END=1"
    network.per_host_interval_s = 3600.0  # one request an hour is what the operator wanted
    time.sleep(0.01)
    runner._feed_watchdog()
    assert door.hear() == "WATCHDOG=1"


@pytest.mark.parametrize("watched", [True, False])
def test_what_is_stuck_is_said_once(
    watched: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether a supervisor watches or not (in a container none does), and not at every look."""
    if watched:
        monkeypatch.setenv("WATCHDOG_USEC", "2000")
    monkeypatch.setattr(daemons, "STUCK_LOOK_S", 0.001)
    monkeypatch.setattr(daemons, "STALL_S", 0.0)
    config = SimpleNamespace(network=SimpleNamespace(per_host_interval_s=0.0))
    runner = Daemon(SimpleNamespace(clock=lambda: datetime.now(UTC), config=config), lambda: None)  # type: ignore[arg-type, return-value]
    runner._heart.begin("poll")
    for _ in range(3):
        time.sleep(0.005)
        runner._feed_watchdog()
    assert capsys.readouterr().out.count("stuck") == 1


@pytest.mark.parametrize("step", [timedelta(days=-700), timedelta(days=700), timedelta(hours=9)])
def test_a_clock_that_is_set_keeps_no_job_from_running(step: timedelta) -> None:
    """The scheduler plans by the clock: after it is set back by two years each job has its look now all the same."""
    clock = SimpleNamespace(now=datetime(2026, 3, 10, 12, 0, tzinfo=UTC))
    runner = Daemon(SimpleNamespace(clock=lambda: clock.now), lambda: None)  # type: ignore[arg-type, return-value]
    runner._add("poll", lambda: None, 5, clock.now + timedelta(seconds=5))
    runner._scheduler.start(paused=True)
    try:
        runner._watch_clock()
        assert runner._scheduler.get_jobs()[0].next_run_time == clock.now + timedelta(seconds=5)
        clock.now += step
        runner._watch_clock()
        assert runner._scheduler.get_jobs()[0].next_run_time == clock.now
    finally:
        runner._scheduler.shutdown()


def test_turns_that_were_missed_are_one() -> None:
    """A night's 17,000 missed looks are one look: a job never runs beside itself, and is never dropped for being late."""
    runner = Daemon(SimpleNamespace(clock=lambda: datetime.now(UTC), stopping=None), lambda: None)  # type: ignore[arg-type, return-value]
    runs: list[float] = []
    runner._add(
        "poll", lambda: runs.append(time.monotonic()), daemons.POLL_EVERY, datetime.now(UTC) - timedelta(days=1)
    )
    runner._scheduler.start()
    time.sleep(0.5)
    runner._scheduler.shutdown()
    assert len(runs) == 1

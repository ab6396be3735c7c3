"""How the daemon runs its jobs and how it ends: no job beside itself, no end that a job can hold up."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sized
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from aggregator.daemon.daemon import Daemon

STAND_IN = """
import os, signal, sys, threading, time
from datetime import UTC, datetime
from types import SimpleNamespace
from aggregator.daemon import daemon
from aggregator.config import logs

logs.configure()
daemon.STOP_WAIT_S, daemon.STOP_WITHIN_S, daemon.RELOAD_EVERY = 0.2, 0.6, 0.05
ended = threading.Event()

def say(word):
    os.write(1, (word + chr(10)).encode())

def quiet(*_):
    pass

def hang(*_):
    say("hangs" if pipeline.progress is pipeline.alive is runner._heart else "nobody hears that it is alive")
    time.sleep(30)

def read_config():
    say("reloads")
    raise RecursionError('too deep')

pipeline = SimpleNamespace(
    config=SimpleNamespace(feeds=()), stopping=ended, stop=ended.set, clock=lambda: datetime.now(UTC), progress=None,
    poll={poll}, scrape=quiet, emit=quiet, notify=quiet, follow_lists=quiet, tell_hubs=quiet, subscribe=quiet,
)
runner = daemon.Daemon(pipeline, read_config)
runner._upkeep = quiet
signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGHUP}})
os.kill(os.getpid(), {first})
say("starts")
runner.run()
"""
"""A daemon whose stages do what a test wants."""


@contextmanager
def stand_in(
    poll: str = "quiet", first: str = "signal.SIGCONT", environ: Mapping[str, str] = os.environ
) -> Iterator[subprocess.Popen[str]]:
    script = STAND_IN.format(poll=poll, first=first)
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "starts\n"
            yield process
        finally:
            process.kill()


def daemon() -> Daemon:
    return Daemon(SimpleNamespace(clock=lambda: datetime.now(UTC), stopping=None), lambda: None)  # type: ignore[arg-type, return-value]


def wait_for(what: Sized, count: int) -> None:
    until = time.monotonic() + 20
    while len(what) < count and time.monotonic() < until:
        time.sleep(0.01)


def end(runner: Daemon) -> None:
    runner._scheduler.pause()
    while runner._heart.busy():
        time.sleep(0.01)


def test_a_job_that_does_not_end_holds_nothing_up() -> None:
    """The daemon ends in time, with code 0, though a thread of it is in the midst of something."""
    with stand_in(poll="hang") as process:
        assert process.stdout
        assert process.stdout.readline() == "hangs\n"
        process.terminate()
        begun = time.monotonic()
        process.communicate(timeout=20)
        assert process.returncode == 0
        assert time.monotonic() - begun < 5


def test_sighup_during_the_start_is_heeded_after_it_and_a_bug_at_a_reload_ends_nothing(tmp_path: Path) -> None:
    """It does not end the daemon, as SIGHUP does by default; whatever reading the configuration raises, it goes on.

    The supervisor is told of each step.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        environ = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        with stand_in(first="signal.SIGHUP", environ=environ) as process:
            assert process.stdout
            for _ in range(2):
                assert process.stdout.readline() == "reloads\n"
                time.sleep(0.1)
                process.send_signal(signal.SIGHUP)
            process.terminate()
            _, errors = process.communicate(timeout=20)
        supervisor.setblocking(False)
        heard = []
        with suppress(BlockingIOError):
            while True:
                heard.append(supervisor.recv(4096).decode().split("=")[0])
    assert process.returncode == 0
    assert "too deep" in errors
    assert sorted(heard[:3]) == ["READY", "READY", "RELOADING"], heard  # it was ready, and then again
    assert heard[-1] == "STOPPING", heard


def test_a_job_that_takes_longer_than_its_interval_is_nothing_to_complain_of(caplog: pytest.LogCaptureFixture) -> None:
    """It never runs beside itself, its next turn comes after its end, and the scheduler has nothing to say of it."""
    runner, spans = daemon(), list[tuple[float, float]]()

    def slow() -> None:
        begun = time.monotonic()
        time.sleep(0.12)
        spans.append((begun, time.monotonic()))

    with caplog.at_level(logging.WARNING):
        runner._add("poll", slow, 0, datetime.now(UTC))
        runner._scheduler.start()
        wait_for(spans, 4)
        end(runner)
    assert len(spans) >= 3
    assert all(after[0] >= before[1] for before, after in pairwise(spans))
    assert caplog.records == []


def test_a_job_that_raises_has_its_next_turn() -> None:
    """Also when it is no error of ours, nor any that a program expects."""
    runner, runs = daemon(), list[int]()
    runner._pipeline.stopping = SimpleNamespace(is_set=lambda: True)  # type: ignore[assignment]

    def wrong() -> None:
        runs.append(1)
        raise (ValueError, SystemExit)[len(runs) % 2]

    runner._add("poll", wrong, 0, datetime.now(UTC))
    runner._scheduler.start()
    wait_for(runs, 3)
    end(runner)
    assert len(runs) > 2


def test_a_job_that_begins_just_when_the_clock_was_set() -> None:
    """It is in the list of jobs no more when its appointment is to be moved; the daemon does not mind."""
    runner = daemon()
    runner._scheduler.start(paused=True)
    try:
        runner._add("poll", lambda: None, 5, datetime.now(UTC))
        jobs = runner._scheduler.get_jobs()
        runner._scheduler.remove_all_jobs()
        runner._scheduler.get_jobs = lambda: jobs
        runner._clock_was = (datetime(2020, 1, 1, tzinfo=UTC), time.monotonic())
        runner._watch_clock()
    finally:
        runner._scheduler.shutdown()


def test_a_job_is_given_a_moment_to_come_to_its_next_safe_point() -> None:
    """Before what it works with is closed."""
    runner = daemon()
    runner._pipeline.stop = lambda: None  # type: ignore[method-assign]
    runner._scheduler.start()
    runner._heart.begin("poll")
    threading.Timer(0.2, runner._heart.end, ("poll",)).start()
    runner._finish()
    assert runner._heart.busy() == ()

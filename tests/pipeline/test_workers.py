"""The worker pool: what kills one task must cost that task alone."""

from __future__ import annotations

import logging
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

import pytest

from aggregator.models.errors import FetchError, ParseError, TooLarge, WorkerDied
from aggregator.pipeline import workers as module
from aggregator.pipeline.workers import Workers


class Unpicklable(Exception):
    """An exception whose constructor takes other arguments than it keeps."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)


def raise_(kind: str) -> None:
    """Runs in a worker."""
    if kind == "parse":
        raise ParseError("https://example.org/feed", "this is not a feed")
    if kind == "fetch":
        raise TooLarge("https://example.org/", "too many bytes", status=200, retry_after_s=3.0)
    raise Unpicklable("one", "two")


def catastrophe() -> None:
    """A regular expression that never ends, inside one C call."""
    re.match(r"(a+)+$", "a" * 40 + "b")


def limits() -> tuple[object, object]:
    """What the worker does with the two signals."""
    return signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(2, memory_bytes=256 * 2**20) as pool:
        yield pool


def test_a_result_comes_back(workers: Workers) -> None:
    """The function runs in another process and its result arrives."""
    assert workers.call(math.factorial, 20, timeout_s=10) == math.factorial(20)
    assert workers.call(os.getpid, timeout_s=10) != os.getpid()


def test_own_exceptions_pass_through(workers: Workers) -> None:
    """A stage's error arrives with its type and everything it carries."""
    with pytest.raises(ParseError, match="not a feed") as parse:
        workers.call(raise_, "parse", timeout_s=10)
    assert parse.value.url == "https://example.org/feed"
    with pytest.raises(FetchError) as fetch:
        workers.call(raise_, "fetch", timeout_s=10)
    assert (type(fetch.value), fetch.value.status, fetch.value.retry_after_s) == (TooLarge, 200, 3.0)


def test_an_exception_that_can_not_travel_becomes_one_that_can(workers: Workers) -> None:
    """Neither a foreign exception nor a result that cannot be pickled harms the pool."""
    with pytest.raises(RuntimeError, match="Unpicklable: one"):
        workers.call(raise_, "other", timeout_s=10)
    with pytest.raises(TypeError, match="pickle"):
        workers.call(threading.Lock, timeout_s=10)
    with pytest.raises((TypeError, AttributeError), match=r"pickle|local"):
        workers.call(lambda: None, timeout_s=10)
    assert workers.call(abs, -1, timeout_s=10) == 1


def test_a_bug_brings_its_traceback(workers: Workers) -> None:
    """An unexpected exception says where in the worker it was raised."""
    with pytest.raises(ZeroDivisionError) as caught:
        workers.call(divmod, 1, 0, timeout_s=10)
    assert "in run\n" in "".join(caught.value.__notes__)


@pytest.mark.parametrize(
    ("function", "args", "words"),
    [
        (time.sleep, (60,), "longer than 1 s and was stopped$"),
        (catastrophe, (), r"longer than 0.5 s and was stopped \(processor time\)"),
        (bytearray, (2**30,), "more than 256 MB"),
        (os._exit, (3,), "status 3"),
        (os.abort, (), "SIGABRT"),
        (sys.exit, (1,), "SystemExit"),
    ],
)
def test_a15_a_dead_worker_costs_its_own_task_only(
    workers: Workers, function: object, args: tuple[object, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time, memory, a crash: that task fails with the reason, the next one runs."""
    monkeypatch.setattr(module, "WALL_FACTOR", 2 if function is time.sleep else 100)
    with pytest.raises(WorkerDied, match=words):
        workers.call(function, *args, timeout_s=0.5)  # type: ignore[arg-type]
    assert workers.call(abs, -1, timeout_s=10) == 1


def test_k24_time_in_which_a_task_does_not_run_is_not_its_own(workers: Workers) -> None:
    """On a busy machine a task waits for its turn: what counts is the time in which it works, each task's again."""
    for _ in range(3):
        assert workers.call(time.sleep, 0.4, timeout_s=0.2) is None
        workers.call(sum, range(3_000_000), timeout_s=0.4)


def test_each_isolates_the_bad_ones(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many tasks, those that never end or crash come back as values, the others with their results."""
    monkeypatch.setattr(module, "WALL_FACTOR", 1)
    jobs: list[tuple[str, tuple[float]]] = [(f"nap {n}", (0.001,)) for n in range(30)]
    jobs[7] = ("forever", (60,))
    jobs[11] = ("wrong", (-1,))
    answers = dict(workers.each(jobs, time.sleep, 0.5))
    assert len(answers) == 30
    assert isinstance(answers.pop("forever"), WorkerDied)
    assert isinstance(answers.pop("wrong"), ValueError)
    assert set(answers.values()) == {None}


def test_each_pulls_no_further_than_it_must(workers: Workers) -> None:
    """Jobs are taken from the iterator a few ahead of the answers, not all at once."""
    pulled = 0

    def jobs() -> Iterator[tuple[int, tuple[int]]]:
        nonlocal pulled
        for number in range(100):
            pulled += 1
            yield number, (-number,)

    answers = workers.each(jobs(), abs, 10)
    for taken, (key, answer) in enumerate(answers, start=1):
        assert key == answer
        assert pulled <= taken + 2 * module.LOOK_AHEAD
    assert pulled == 100


def test_each_hands_back_what_is_done_while_there_is_no_job(workers: Workers) -> None:
    """A source that has nothing for the moment holds up no answer."""
    answered: list[int] = []

    def jobs() -> Iterator[tuple[int, tuple[int]] | None]:
        yield 1, (-1,)
        until = time.monotonic() + 10
        while not answered and time.monotonic() < until:
            yield None
        yield 2, (-len(answered),)

    for done in workers.each(jobs(), abs, 10):
        answered += [] if done is None else [done[1]]
    assert answered == [1, 1]


def test_leaving_each_early_stops_its_tasks(workers: Workers) -> None:
    """A caller who breaks off leaves no task running behind."""
    answers = workers.each([(0, (0,)), (1, (30,)), (2, (30,)), (3, (30,))], time.sleep, 60)
    assert next(answers) == (0, None)
    answers.close()
    began = time.monotonic()
    assert workers.call(abs, -1, timeout_s=10) == 1
    assert time.monotonic() - began < 5


def test_many_threads_share_the_workers(workers: Workers) -> None:
    """Calls from several threads at once each get their own answer."""
    found: list[tuple[int, int]] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append((n, workers.call(abs, -n, timeout_s=10)))) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(n, n) for n in range(8)]


def test_workers_leave_signals_to_their_parent(workers: Workers) -> None:
    """Ctrl-C reaches the parent alone; SIGTERM ends a worker without ceremony."""
    assert workers.call(limits, timeout_s=10) == (signal.SIG_IGN, signal.SIG_DFL)


def test_a_worker_killed_while_idle_is_replaced() -> None:
    """The kernel's out-of-memory killer takes an idle worker: the next task is served all the same."""
    with Workers(1) as pool:
        os.kill(pool.call(os.getpid, timeout_s=10), signal.SIGKILL)
        time.sleep(0.3)  # the pool notices a death within a tenth of a second
        assert pool.call(abs, -1, timeout_s=10) == 1


def test_a_stalled_pool_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that take no task (frozen, or waiting for a lock that a dead one held) are given up on."""
    monkeypatch.setattr(module, "STALL_S", 0.2)
    with Workers(1) as pool:
        os.kill(pool.call(os.getpid, timeout_s=10), signal.SIGSTOP)
        assert pool.call(abs, -1, timeout_s=0.3) == 1


def test_close_ends_a_call_under_way() -> None:
    """Closing from one thread lets another that waits for a task go, at once; later calls are refused."""
    pool = Workers(1)
    pool.call(abs, -1, timeout_s=10)
    errors: list[BaseException] = []

    def wait_for_ever() -> None:
        try:
            pool.call(time.sleep, 60, timeout_s=90)
        except WorkerDied as error:
            errors.append(error)

    waiting = threading.Thread(target=wait_for_ever)
    waiting.start()
    time.sleep(0.2)
    began = time.monotonic()
    pool.close()
    pool.close()
    waiting.join()
    assert time.monotonic() - began < 2
    assert "stopped" in str(errors[0])
    with pytest.raises(WorkerDied, match="closed"):
        pool.call(abs, -1, timeout_s=1)


def test_unused_workers_start_nothing() -> None:
    """No process is started before there is a task."""
    before = _processes(PARENT, os.getpid())
    with Workers(2):
        assert _processes(PARENT, os.getpid()) == before


_PROGRAM = """
    import signal, sys, time
    from aggregator.pipeline.workers import Workers

    def main():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with Workers(2) as workers:
            for key, answer in workers.each([(0, (0,)), (1, (60,)), (2, (60,))], time.sleep, 90):
                print("ready", flush=True)

    if __name__ == "__main__":
        try:
            main()
        except KeyboardInterrupt:
            sys.exit(130)
"""


@pytest.mark.parametrize(
    ("number", "to_group", "status"),
    [(signal.SIGTERM, False, 0), (signal.SIGTERM, True, 0), (signal.SIGINT, True, 130)],
)
def test_a_signal_ends_everything_quietly(tmp_path: Path, number: int, to_group: bool, status: int) -> None:
    """SIGTERM (to us, or to all of us, as systemd does) and Ctrl-C: prompt, no word on stderr, no process left."""
    program = tmp_path / "program.py"
    program.write_text(dedent(_PROGRAM), encoding="utf-8")
    command = [sys.executable, "-W", "error", str(program)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        began = time.monotonic()
        os.killpg(process.pid, number) if to_group else process.send_signal(number)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (status, "")
        assert time.monotonic() - began < 5
    for _ in range(20):  # the fork server sees that we are gone and goes too
        if not (left := _group(process.pid)):
            break
        time.sleep(0.1)
    assert not left


def _group(pgid: int) -> set[int]:
    """The live processes of a process group."""
    return _processes(GROUP, pgid)


PARENT, GROUP = 1, 2
"""Where a process names them among its fields in /proc (after its name; proc(5))."""


def _processes(field: int, number: int) -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[field]) == number and fields[0] != "Z":
            found.add(int(stat.parent.name))
    return found


def test_a_round_that_reads_nothing_loads_nothing_that_reads_pages() -> None:
    """What takes pages apart is loaded in the workers, and where it is called."""
    code = "import aggregator.pipeline.pipeline, sys; print({'trafilatura', 'nh3', 'feedparser'} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "set()"


def talk() -> str:
    warnings.warn("a warning", stacklevel=1)
    logging.getLogger("some.parser").error("an error")
    return "done"


def test_what_parsers_say_stays_in_their_worker(capfd: pytest.CaptureFixture[str]) -> None:
    """A log of JSON lines holds nothing else, and nothing that a document made a library say."""
    with Workers(processes=1) as workers:
        assert workers.call(talk, timeout_s=30) == "done"
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_f39_workers_end_with_whom_they_work_for(tmp_path: Path) -> None:
    """kill -9 of the program leaves no process behind, whether it waits for a network or is lost in an expression."""
    script = dedent(
        f"""
        import threading, time
        from aggregator.pipeline.workers import Workers
        from test_workers import announce
        workers = Workers(processes=2)
        for kind in ("waits", "computes"):
            arguments = ({str(tmp_path)!r}, kind)
            threading.Thread(target=lambda some=arguments: workers.call(announce, *some, timeout_s=600)).start()
        time.sleep(600)
        """
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    program = subprocess.Popen([sys.executable, "-c", script], env=environ)
    end = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    program.kill()
    program.wait()
    there = {int(file.name) for file in tmp_path.iterdir()}
    assert len(there) == 2
    end = time.monotonic() + 10
    while (left := {number for number in there if runs(number)}) and time.monotonic() < end:
        time.sleep(0.05)
    for number in left:
        os.kill(number, signal.SIGKILL)
    assert left == set()


def runs(number: int) -> bool:
    """Whether there is such a process that is not merely waiting for somebody to hear of its end."""
    with suppress(OSError):
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def announce(folder: str, kind: str) -> None:
    """Runs in a worker: leaves its number, and does not come back."""
    (Path(folder) / str(os.getpid())).touch()
    if kind == "waits":
        time.sleep(600)
    re.match("(a+)+b", "a" * 60)

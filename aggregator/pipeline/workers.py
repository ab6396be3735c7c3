"""Functions run in processes that can be killed: a hostile document costs its own task and nothing else.

Each worker has a memory limit of its own and each task a limit of processor time, with a generous one of the clock
behind it; a worker that meets one of them, or crashes, is replaced. The processes come from a fork server that has the
heavy modules loaded already, so that a new worker costs milliseconds and shares its memory with the others. This module
knows nothing of what the functions do: it refuses to retry them, and to let one that never ends, or an answer that
cannot be read back, harm a second task.

What happens inside a worker process: its limits, one function run, and an answer that can be read back.

Nothing here knows of the functions.
"""

from __future__ import annotations

import fcntl
import gc
import logging
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError, wait
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.popen_forkserver import Popen
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from pebble import ProcessExpired, ProcessPool

from aggregator.models.errors import AggregatorError, WorkerDied

GRACE_S = 5.0
"""Seconds of processor time beyond a task's limit after which the system ends a worker whose own timer did not."""

OUT_OF_MEMORY = 77
"""Exit status of a worker that met its memory limit; any value that neither Python nor a signal gives will do."""


def prepare(memory_bytes: int) -> None:
    """Limits of a new worker. SIGINT is ignored already; SIGTERM, and SIGPROF when a task has had its processor time,
    end it at once, even inside a regular expression.
    """
    for number in (signal.SIGTERM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    _die_with_parent()
    warnings.simplefilter("ignore")  # what parsers think of a document is no line for our log
    logging.getLogger().addHandler(logging.NullHandler())
    gc.freeze()  # what the fork server loaded is never collected, so its pages stay shared
    base = _address_space()
    if base is not None:
        resource.setrlimit(resource.RLIMIT_AS, (base + memory_bytes, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _die_with_parent() -> None:
    """Have the system end this process when the one that gives it its tasks is gone, also in the midst of one.

    The parent holds the other end of a pipe; that nobody does any more is a SIGIO, which ends who does not handle it.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    with suppress(OSError):  # systems whose pipes send no signals: what is left is the limit of CPU time
        fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, fcntl.fcntl(parent.sentinel, fcntl.F_GETFL) | os.O_ASYNC)
    if not parent.is_alive():
        os._exit(1)


def _address_space() -> int | None:
    """Bytes of address space in use, or None where the system does not say (then there is no memory limit)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return None
    return pages * resource.getpagesize()


def run(function: Callable[..., object], args: tuple[object, ...], timeout_s: float) -> bytes:
    """The pickled result or exception; what goes back through the pipe is bytes, which can always be read."""
    _limit_cpu(timeout_s)
    signal.setitimer(signal.ITIMER_PROF, timeout_s)
    try:
        return pickle.dumps(function(*args), protocol=pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # what is left of the heap is not worth another task
    except Exception as error:  # noqa: BLE001 - handed to the caller, whatever it is
        return _pickled(error)
    except BaseException as error:  # noqa: BLE001 - SystemExit in a task must not end the parent
        return _pickled(WorkerDied("", f"the task raised {type(error).__name__}"))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _limit_cpu(timeout_s: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + timeout_s + GRACE_S) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _pickled(error: Exception) -> bytes:
    """`error`, or a RuntimeError in its place when it does not survive the journey. A bug brings its traceback."""
    text = traceback.format_exc()
    if not isinstance(error, AggregatorError):
        error.add_note(text)
    try:
        data = pickle.dumps(error)
        pickle.loads(data)  # noqa: S301 - our own bytes, one line old
    except Exception:  # noqa: BLE001 - anything can go wrong in a foreign __reduce__
        data = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}\n{text}"))
    return data


K = TypeVar("K")
T = TypeVar("T")

PRELOAD = (
    "aggregator.poll.feed",
    "aggregator.poll.opml",
    "aggregator.pipeline.parsing",
    "aggregator.scrape.clean.clean",
    "aggregator.scrape.multipage",
    "aggregator.scrape.article",
    "aggregator.dedupe.canonical",
    "aggregator.dedupe.near_duplicates",
    "aggregator.dedupe.stories.terms",
    "aggregator.intel.facts",
    "aggregator.intel.watch",
    "aggregator.pipeline.facts",
    "aggregator.pipeline.workers",
)
"""Imported once in the fork server, so that every worker shares them: of some 50 MB, a new one has 3 for itself.

A module that is not there is passed over.
"""

MEMORY_BYTES = 768 * 2**20
"""Address space that a task may use beyond what an idle worker has. Parsing the largest feed that fetch lets in
(32 MiB, Cyrillic, 11,500 items) takes 240 MB of it; extraction copies the trees of large pages."""

TASKS_PER_WORKER = 500
"""A worker is replaced after this many tasks: parsers' caches and fragmented memory do not grow for years."""

WALL_FACTOR = 10
"""Seconds by the clock for each second of processor time that a task may take: a busy machine is no fault of a
document's, and what waits instead of working has to end as well."""

LOOK_AHEAD = 2
"""Tasks under way for each process in `each`: one running, one ready, so that no process waits for the caller."""

STOPPED = "stopped before it was done"
"""What became of a task whose workers were closed."""

STALL_S = 30.0
"""Seconds beyond every deadline after which a pool that has finished nothing is taken for broken and replaced."""

_END = object()


@dataclass(frozen=True, slots=True)
class _Task(Generic[T]):
    """A task under way, with what is needed to give it a second try."""

    future: Future[bytes]
    function: Callable[..., T]
    args: tuple[object, ...]
    timeout_s: float
    wall_s: float


class _Process(ForkServerProcess):
    """A worker that is out of Ctrl-C's reach from its first moment, and that does not run our main script again.

    multiprocessing would have it do so, for the sake of functions defined there; the command line with all that it
    imports would cost each worker 20 MB of its own.
    """

    @staticmethod
    def _Popen(process_obj: BaseProcess) -> Popen:  # noqa: N802 - multiprocessing's name for it
        main = vars(sys.modules["__main__"])
        script = main.pop("__file__", None) if main.get("__spec__") is None else None
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the fork server and its children inherit it
        try:
            return ForkServerProcess._Popen(process_obj)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            if script is not None:
                main["__file__"] = script


class _Context(ForkServerContext):
    Process = _Process


class Workers:
    """A few processes that run functions for any thread of this one. A context manager; starts at the first task.

    Functions and arguments are pickled, so they must come from modules that can be imported, not from a main script.

    `processes` is how many run at the same time; `memory_bytes` is what one of them may use beyond its base.
    """

    def __init__(self, processes: int = 2, memory_bytes: int = MEMORY_BYTES) -> None:
        self._processes = processes
        self._memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._closed = False
        self._pool: ProcessPool | None = None
        self._under_way: set[Future[bytes]] = set()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker at once, busy or not. Calls under way raise WorkerDied. May be called twice."""
        with self._lock:
            self._closed = True
            self._end_pool(WorkerDied("", STOPPED))

    def call(self, function: Callable[..., T], *args: object, timeout_s: float, wall_s: float | None = None) -> T:
        """What `function(*args)` returns or raises, run in a worker; both have to survive pickling.

        Raises WorkerDied when it takes more than `timeout_s` seconds of processor time or `wall_s` by the clock
        (WALL_FACTOR times as long by default), more memory than it may, or crashes.
        """
        task = self._start(function, args, timeout_s, wall_s)
        answer = self._answer(task, self._patience(task.wall_s))
        if isinstance(answer, Exception):
            raise answer
        return answer

    @overload
    def each(
        self, jobs: Iterable[tuple[K, tuple[Any, ...]]], function: Callable[..., T], timeout_s: float
    ) -> Iterator[tuple[K, T | Exception]]: ...

    @overload
    def each(
        self, jobs: Iterable[tuple[K, tuple[Any, ...]] | None], function: Callable[..., T], timeout_s: float
    ) -> Iterator[tuple[K, T | Exception] | None]: ...

    def each(
        self, jobs: Iterable[tuple[K, tuple[Any, ...]] | None], function: Callable[..., T], timeout_s: float
    ) -> Iterator[tuple[K, T | Exception] | None]:
        """`function(*args)` for each `(key, args)`: the key with the result or the exception, as they complete.

        Jobs are pulled one at a time, in the caller's thread, and only a few ahead of what has been handed back,
        so that a long list of large documents is never in memory as a whole. `jobs` may give None, for a moment without
        a job: what is done is handed back then, and None after it. Raises WorkerDied only when closed.
        """
        waiting: dict[Future[bytes], tuple[K, _Task[T]]] = {}
        source = iter(jobs)
        more = True
        try:
            while more or waiting:
                pulls = more and len(waiting) < LOOK_AHEAD * self._processes
                job = next(source, _END) if pulls else None
                more = more and job is not _END
                if isinstance(job, tuple):
                    task = self._start(function, job[1], timeout_s)
                    waiting[task.future] = (job[0], task)
                # With room left, only what is done already is handed back before the next job is pulled.
                patience = 0 if pulls and more else self._patience(timeout_s * WALL_FACTOR)
                done, _ = wait(waiting, timeout=patience, return_when=FIRST_COMPLETED)
                if not done and waiting and not (pulls and more):
                    self._give_up_on_pool()
                for future in done:
                    key, ended = waiting.pop(future)
                    answer: T | Exception = self._answer(ended, 0)
                    yield key, answer
                if job is None and pulls:
                    yield None
        finally:
            for future in waiting:
                future.cancel()

    # --- one task ----------------------------------------------------------------------------------------------

    def _start(
        self, function: Callable[..., T], args: tuple[object, ...], timeout_s: float, wall_s: float | None = None
    ) -> _Task[T]:
        wall_s = timeout_s * WALL_FACTOR if wall_s is None else wall_s
        with self._lock:
            if self._closed:
                raise WorkerDied("", "the workers have been closed")
            if self._pool is not None and not self._pool.active:
                self._end_pool(BrokenProcessPool())
            if self._pool is None:
                self._pool = self._new_pool()
            try:
                future = self._pool.schedule(run, args=(function, args, timeout_s), timeout=wall_s)
            except BrokenProcessPool as error:
                raise WorkerDied("", f"the worker processes do not start ({error or 'no reason given'})") from error
            self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return _Task(future, function, args, timeout_s, wall_s)

    def _answer(self, task: _Task[T], patience: float) -> T | Exception:
        """The result, or the exception as a value. A task whose pool broke under it is given one more try."""
        try:
            return self._outcome(task, patience)
        except BrokenProcessPool:
            pass
        try:
            again = self._start(task.function, task.args, task.timeout_s, task.wall_s)
            return self._outcome(again, self._patience(task.wall_s))
        except (BrokenProcessPool, WorkerDied) as error:
            if self._closed:
                return WorkerDied("", STOPPED)
            return WorkerDied("", f"the worker processes do not start: {error}")

    def _outcome(self, task: _Task[T], patience: float) -> T | Exception:
        try:
            wait((task.future,), timeout=patience)
            if not task.future.done():
                self._give_up_on_pool()
            outcome: T | Exception = pickle.loads(task.future.result())  # noqa: S301 - our own process wrote it
        except FutureTimeout:
            return WorkerDied("", f"took longer than {task.wall_s:g} s and was stopped")
        except ProcessExpired as error:
            return WorkerDied("", self._cause(error.exitcode, task.timeout_s))
        except BrokenProcessPool:
            raise
        except Exception as error:  # noqa: BLE001 - arguments that cannot be pickled: a bug, and the caller's alone
            return error
        except BaseException:  # the caller is being interrupted: its task is not wanted any more
            task.future.cancel()
            raise
        return outcome

    def _cause(self, status: int, timeout_s: float) -> str:
        if status in (-signal.SIGPROF, -signal.SIGXCPU):
            return f"took longer than {timeout_s:g} s and was stopped (processor time)"
        if status == OUT_OF_MEMORY:
            return f"needed more than {self._memory_bytes // 2**20} MB of memory"
        if status < 0:
            return f"the worker process was killed by {signal.Signals(-status).name}"
        return f"the worker process ended with status {status}"

    # --- the pool ----------------------------------------------------------------------------------------------

    def _new_pool(self) -> ProcessPool:
        context = _Context()
        context.set_forkserver_preload(list(PRELOAD))
        return ProcessPool(
            max_workers=self._processes,
            max_tasks=TASKS_PER_WORKER,
            initializer=prepare,
            initargs=(self._memory_bytes,),
            context=context,
        )

    def _patience(self, wall_s: float) -> float:
        """Seconds after which something must have happened: everything before it in the queue took all its time."""
        return STALL_S + wall_s * (1 + len(self._under_way))

    def _give_up_on_pool(self) -> None:
        """A worker that was killed from outside while it took a task over leaves the others waiting forever."""
        with self._lock:
            self._end_pool(BrokenProcessPool())

    def _end_pool(self, error: Exception) -> None:
        """End the pool's processes and threads; whoever waits for one of its tasks gets `error`."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        pool.stop()
        pool.join()
        for future in tuple(self._under_way):
            with suppress(InvalidStateError):  # done in the meantime
                future.set_exception(error)

"""What happens inside a worker process: its limits, one function run, and an answer that can be read back.

The other side, with the processes and their deadlines, is `aggregator.workers`. Nothing here knows of the functions.
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
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from aggregator.models.errors import AggregatorError, WorkerDied

GRACE_S = 5.0
"""Seconds of CPU beyond its deadline after which a worker ends itself, should nobody be left to stop it."""

OUT_OF_MEMORY = 77
"""Exit status of a worker that met its memory limit; any value that neither Python nor a signal gives will do."""


def prepare(memory_bytes: int) -> None:
    """Limits of a new worker. SIGINT is ignored already; SIGTERM ends it at once, even inside a regular expression."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
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
    try:
        return pickle.dumps(function(*args), protocol=pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # what is left of the heap is not worth another task
    except Exception as error:  # noqa: BLE001 - handed to the caller, whatever it is
        return _pickled(error)
    except BaseException as error:  # noqa: BLE001 - SystemExit in a task must not end the parent
        return _pickled(WorkerDied("", f"the task raised {type(error).__name__}"))


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

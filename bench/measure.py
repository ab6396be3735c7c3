"""What a command costs with every process that it starts: wall seconds, processor seconds, peak memory.

A process between us and the command adopts what the command leaves behind (`PR_SET_CHILD_SUBREAPER`), so that workers
and fork servers are counted whoever reaps them. Memory is the proportional set size (PSS): pages that are shared count
once. Linux only.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
SAMPLE_S = 0.2
"""Between two looks at the memory, which take the one who looks some milliseconds for each process."""
ORPHANS_S = 10.0
"""How long processes that outlive the command are waited for."""


@dataclass(frozen=True, slots=True)
class Cost:
    """`wall` and `cpu` in seconds, `peak` in MB."""

    wall: float
    cpu: float
    peak: float


def measured(command: Sequence[str], env: Mapping[str, str] | None = None, *, memory: bool = True) -> Cost:
    """Run `command` to its end. Prints the end of its error output where it fails. `memory` off: peak is 0."""
    ended = subprocess.run(
        [sys.executable, "-m", "bench.measure", "1" if memory else "0", *command],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=None if env is None else {**os.environ, **env},
    )
    return Cost(**json.loads(ended.stdout))


def _adopt(command: Sequence[str], *, memory: bool) -> Cost:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    peak, began, failed = 0, time.monotonic(), None
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        os.set_blocking(run.stderr.fileno(), False)  # type: ignore[union-attr]
        said = b""
        while run.poll() is None:
            said = (said + (run.stderr.read() or b""))[-2000:]  # type: ignore[union-attr]
            if memory:
                peak = max(peak, _pss(_descendants()))
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(SAMPLE_S)
        wall = time.monotonic() - began
        said += run.stderr.read() or b""  # type: ignore[union-attr]
        failed = run.returncode
    if failed:
        print(f"{command[0]} ended with {failed}: {said[-500:].decode(errors='replace')}", file=sys.stderr)
    _reap()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(round(wall, 3), round(used.ru_utime + used.ru_stime, 3), round(peak / 1024, 1))


def _reap() -> None:
    """Wait for those who outlive the command, so that their time counts."""
    deadline = time.monotonic() + ORPHANS_S
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.02)
        except ChildProcessError:
            return


def _descendants() -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def _pss(processes: Sequence[int]) -> int:
    """KiB of these processes together."""
    total = 0
    for process in processes:
        with contextlib.suppress(OSError, ValueError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total


if __name__ == "__main__":
    print(json.dumps(asdict(_adopt(sys.argv[2:], memory=sys.argv[1] == "1"))))

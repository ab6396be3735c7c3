"""A terminal for the program: what it shows there, with what is typed, and after Ctrl-C."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time

from support.program import Program

_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def at_terminal(
    program: Program,
    *arguments: str,
    answers: tuple[str, ...] = (),
    width: int = 80,
    lines: int = 40,
    interrupt_at: str | None = None,
) -> tuple[int, str]:
    """(exit code, what is shown). Each answer is typed when it is asked for; Ctrl-C when `interrupt_at` is shown."""
    leader, follower = pty.openpty()
    env = {k: v for k, v in os.environ.items() if not k.startswith("AGGREGATOR_") and k not in ("NO_COLOR", "CI")}
    process = subprocess.Popen(
        program.command(*arguments), stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
        env={**env, "COLUMNS": str(width), "LINES": str(lines), "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(follower)
    shown, waiting, asked = "", list(answers), 0
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([leader], [], [], 0.2)
        if ready:
            try:
                shown += os.read(leader, 65536).decode("utf-8", "replace")
            except OSError:  # the program has ended
                break
        elif process.poll() is not None:
            break
        if waiting and len(re.findall(r"(?:\]|\?):? ?$", shown[asked:].rstrip("\r\n"))):
            asked = len(shown)
            os.write(leader, waiting.pop(0).encode() + b"\n")
        if interrupt_at is not None and interrupt_at in shown:
            interrupt_at = None
            os.killpg(process.pid, 2)
    process.wait(timeout=10)
    os.close(leader)
    return process.returncode, shown


def plain(shown: str) -> str:
    """The same without colours."""
    return _CONTROLS.sub("", shown)

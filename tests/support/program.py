"""The program as a user runs it: a process, a configuration, a data folder."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

WARM = Path(__file__).with_name("warm_program.py")
TIMEOUT_S = 100.0


@dataclass
class Program:
    """`aggregator` in a folder of its own."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "feeds.yaml"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def configure(self, text: str) -> None:
        self.config.write_text(text, "utf-8")

    def command(self, *arguments: str) -> list[str]:
        return [
            sys.executable, "-m", "aggregator", "--config", str(self.config), "--data", str(self.data), *arguments
        ]  # fmt: skip

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """One command to its end, in a process of its own that need not load the program (see `warm_program`)."""
        command = self.command(*arguments)
        with ExitStack() as opened:
            streams = [opened.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
            streams[0].write((stdin or "").encode())
            streams[0].seek(0)
            code = _run_warm(command[3:], streams)
            for stream in streams:
                stream.seek(0)
            return subprocess.CompletedProcess(command, code, *(stream.read().decode() for stream in streams[1:]))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command that goes on, started as a user starts it."""
        return subprocess.Popen(
            self.command(*arguments), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environ()
        )

    def database(self) -> Any:
        return closing(sqlite3.connect(f"file:{self.data / 'aggregator.db'}?mode=ro", uri=True))


def _environ() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AGGREGATOR_")}
    return {**kept, "COLUMNS": "160", "NO_COLOR": "1", "TERM": "dumb"}


def _run_warm(arguments: list[str], streams: list[IO[bytes]]) -> int:
    """The exit code of a command; TimeoutExpired after TIMEOUT_S, and the command is killed."""
    request = {"arguments": arguments, "environ": _environ(), "folder": str(Path.cwd())}
    with socket.socket(socket.AF_UNIX) as connection, connection.makefile("r") as answers:
        connection.settimeout(TIMEOUT_S)
        connection.connect(_warm_program())
        socket.send_fds(connection, [json.dumps(request).encode()], [stream.fileno() for stream in streams])
        process = int(answers.readline())
        try:
            return int(answers.readline())
        except TimeoutError:
            os.kill(process, signal.SIGKILL)
            raise subprocess.TimeoutExpired(arguments, TIMEOUT_S) from None


@cache
def _warm_program() -> str:
    """Where the loaded program listens, of which each process of tests has one."""
    folder = tempfile.TemporaryDirectory(prefix="warm-")
    place = str(Path(folder.name) / "socket")
    process = subprocess.Popen([sys.executable, str(WARM), place], stdin=subprocess.PIPE, env=_environ())

    def end() -> None:
        process.communicate()
        folder.cleanup()

    atexit.register(end)
    while process.poll() is None:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as tried:
            tried.connect(place)
            tried.close()
            return place
        time.sleep(0.02)
    raise RuntimeError("the program could not be loaded")

"""The program as a user runs it: a process, a configuration, a data folder."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
        return subprocess.run(  # noqa: PLW1510 - its exit code is what is tested
            self.command(*arguments), input=stdin, capture_output=True, text=True, timeout=100, env=self._environ()
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self._environ()
        )

    def database(self) -> Any:
        return closing(sqlite3.connect(f"file:{self.data / 'aggregator.db'}?mode=ro", uri=True))

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AGGREGATOR_")}
        return {**kept, "COLUMNS": "160", "NO_COLOR": "1", "TERM": "dumb"}

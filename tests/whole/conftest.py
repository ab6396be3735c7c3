"""The whole program, run once over the imaginary press, for all tests that look at what came of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aggregator.config import load
from aggregator.demo import Asked, Expected, Press
from aggregator.pipeline import Tally, opened

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@dataclass
class Mirrored:
    """A data folder after all rounds, and what is true of the press by then."""

    folder: Path
    tallies: list[Tally]
    expected: tuple[Expected, ...]
    requests: tuple[Asked, ...]
    again: Tally
    asked_again: tuple[Asked, ...]
    rows_before: dict[str, int]

    @property
    def public(self) -> Path:
        return self.folder / "public"

    def database(self) -> sqlite3.Connection:
        connection = sqlite3.connect(f"file:{self.folder / 'aggregator.db'}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        return connection

    def items(self, document: str = "feed.json") -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = json.loads((self.public / document).read_text("utf-8"))["items"]
        return items


def rows(folder: Path) -> dict[str, int]:
    """How many rows each table holds."""
    with sqlite3.connect(f"file:{folder / 'aggregator.db'}?mode=ro", uri=True) as connection:
        tables = [
            name
            for (name,) in connection.execute("select name from sqlite_master where type = 'table'")
            if not name.startswith(("sqlite_", "search"))
        ]
        return {table: connection.execute(f'select count(*) from "{table}"').fetchone()[0] for table in tables}


@pytest.fixture(scope="session")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    """The press polled in all its rounds, and once more with nothing new."""
    folder = tmp_path_factory.mktemp("mirrored")
    with Press(NOW, slow_s=0.2) as press:
        (folder / "feeds.yaml").write_text(press.config_text("http://mirror.example/"), "utf-8")
        config = load(folder / "feeds.yaml")
        tallies = []
        with opened(config, folder / "data", lambda: NOW) as pipeline:
            for number in range(1, press.rounds + 1):
                press.publish(number)
                tallies.append(pipeline.round(force=True))
            requests = press.requests
            before = rows(folder / "data")
            press.forget_requests()
            again = pipeline.round(force=True)
            yield Mirrored(folder / "data", tallies, press.expected(), requests, again, press.requests, before)

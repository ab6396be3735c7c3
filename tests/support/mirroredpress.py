"""The whole program, run once over the imaginary press, for all tests that look at what came of it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aggregator.demo import Expected, PressRequest
from aggregator.pipeline.pipeline import Tally

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@dataclass
class Mirrored:
    """A data folder after all rounds, and what is true of the press by then."""

    folder: Path
    tallies: list[Tally]
    expected: tuple[Expected, ...]
    requests: tuple[PressRequest, ...]
    again: Tally
    asked_again: tuple[PressRequest, ...]
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

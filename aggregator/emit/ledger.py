"""What the last build left behind: enough to build the next one in part, and to know which files are ours.

    .built.json            the change number, the version, the archive's blocks, sources, tags and fixed files
    .built/YYYY-MM.json    a row for each post published in that month: what its archive page lists, and its file

Both are our own notes: lost, they cost one full build, nothing else.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from aggregator.emit.folder import Folder

STATE = ".built.json"
ROWS = ".built"


@dataclass(frozen=True, slots=True)
class Block:
    """A closed archive document: which sequence numbers it covers."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source as the last build showed it: a hash of what pages show of it, and its tags."""

    signature: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """The last build. `head` 0 means that there was none."""

    version: str = ""
    base_url: str = ""
    head: int = 0
    sequence: int = 0
    blocks: tuple[Block, ...] = ()
    sources: dict[str, KnownSource] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    months: dict[str, int] = field(default_factory=dict)


def load(folder: Folder) -> State:
    """The last build's state; a fresh one when there is none, or none that can be read."""
    try:
        raw = json.loads((folder.root / STATE).read_bytes())
        return State(
            version=str(raw["version"]),
            base_url=str(raw["base_url"]),
            head=int(raw["head"]),
            sequence=int(raw["sequence"]),
            blocks=tuple(Block(int(first), int(last)) for first, last in raw["blocks"]),
            sources={slug: KnownSource(sign, tuple(tags)) for slug, (sign, tags) in raw["sources"].items()},
            tags=dict(raw["tags"]),
            files=tuple(raw["files"]),
            months={month: int(count) for month, count in raw["months"].items()},
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return State()


def save(folder: Folder, state: State) -> None:
    """Stage the state's file; it is to be the last one flushed."""
    raw = asdict(state)
    raw["blocks"] = [[block.first, block.last] for block in state.blocks]
    raw["sources"] = {slug: [known.signature, known.tags] for slug, known in state.sources.items()}
    folder.keep(STATE, (json.dumps(raw, ensure_ascii=False, sort_keys=True) + "\n").encode())


@dataclass(frozen=True, slots=True)
class Row:
    """One post in a month's list."""

    sequence: int
    published: str
    path: str
    title: str
    source: str
    hidden: bool = False
    language: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def when(self) -> datetime:
        return datetime.fromisoformat(self.published)


def month_of(moment: datetime) -> str:
    """`2019-07`, in UTC."""
    moment = moment.astimezone(UTC)
    return f"{moment.year:04}-{moment.month:02}"


class Lost(Exception):
    """A month's rows are gone or unreadable: what the last build made is not known any more."""


class Months:
    """The rows of the months that a build touches, read when first asked for."""

    def __init__(self, folder: Folder, known: Mapping[str, int], *, fresh: bool = False) -> None:
        self._folder = folder
        self.known = dict(known)
        self._fresh = fresh
        self._rows: dict[str, dict[int, Row]] = {}
        self.touched: set[str] = set()

    def rows(self, month: str) -> tuple[Row, ...]:
        """The month's rows, newest publication first."""
        return tuple(sorted(self._month(month).values(), key=lambda row: (row.published, row.sequence), reverse=True))

    def put(self, month: str, row: Row, *, is_new: bool) -> Row | None:
        """Enter a post; returns its former row. A post that is not new may stand in another month: it moves."""
        rows = self._month(month)
        former = rows.get(row.sequence)
        if former is None and not is_new and not self._fresh:
            former = self._take(row.sequence)
        rows[row.sequence] = row
        self.touched.add(month)
        return former

    def former_paths(self) -> set[str]:
        """The page of every post that former builds made; unreadable rows count for nothing."""
        found: set[str] = set()
        for month in self.known:
            with contextlib.suppress(Lost):
                found.update(row.path for row in self._read(month).values())
        return found

    def save(self) -> None:
        """Stage the touched months' files."""
        for month in sorted(self.touched):
            lines = (
                json.dumps([getattr(row, name) for name in Row.__slots__], ensure_ascii=False)
                for _, row in sorted(self._month(month).items())
            )
            self._folder.keep(f"{ROWS}/{month}.json", ("[\n" + ",\n".join(lines) + "\n]\n").encode())

    def counts(self) -> dict[str, int]:
        """How many posts each month's page lists; months without any row are left out."""
        counts = {} if self._fresh else dict(self.known)
        for month in self.touched:
            rows = self._month(month).values()
            counts.pop(month, None)
            if rows:
                counts[month] = sum(not row.hidden for row in rows)
        return counts

    def forget(self) -> None:
        """Take away the files of months that have no row any more."""
        for month in self.known.keys() - self.counts().keys():
            self._folder.forget(f"{ROWS}/{month}.json")

    def _take(self, sequence: int) -> Row | None:
        for month in sorted({*self.known, *self.touched}):
            row = self._month(month).pop(sequence, None)
            if row is not None:
                self.touched.add(month)
                return row
        return None

    def _month(self, month: str) -> dict[int, Row]:
        if month not in self._rows:
            self._rows[month] = {} if self._fresh or month not in self.known else self._read(month)
        return self._rows[month]

    def _read(self, month: str) -> dict[int, Row]:
        try:
            raw: list[Any] = json.loads((self._folder.root / ROWS / f"{month}.json").read_bytes())
            rows = (_row(fields) for fields in raw)
            return {row.sequence: row for row in rows}
        except (FileNotFoundError, ValueError, TypeError) as error:
            raise Lost(month) from error


def _row(fields: list[Any]) -> Row:
    values = dict(zip(Row.__slots__, fields, strict=True))
    return Row(**{**values, "tags": tuple(values["tags"])})

"""The posts of each day, as the archive's pages list them: our own notes, so that no page has to be read back.

    public.notes/2019-07-30.json      a row for each post that was published on that day (UTC), hidden ones too

They also say which files are posts' pages of ours. Lost, they cost one full build, nothing else. In memory a row is
the line that stands in the file: a full build holds all of them at once.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aggregator.emit.folder import Folder

MOVING = "moving"
"""There while notes are replaced of days between which a post moves. A kill then leaves some of them old and some
new, the post in both or in none, and no build that only looks at changes would see it: the next one does all again."""


@dataclass(frozen=True, slots=True)
class DayRow:
    """One post in a day's list. `story`: the page of the story that it tells; `told` says how many do."""

    sequence: int
    published: str
    path: str
    title: str
    source: str
    hidden: bool = False
    language: str | None = None
    tags: tuple[str, ...] = ()
    teaser: str = ""
    words: int = 0
    story: str = ""
    told: str = ""

    @property
    def when(self) -> datetime:
        return datetime.fromisoformat(self.published)

    def encode(self) -> str:
        return json.dumps([getattr(self, name) for name in DayRow.__slots__], ensure_ascii=False)

    @classmethod
    def decode(cls, line: str) -> DayRow:
        """Raises ValueError and TypeError for what is no row."""
        values = dict(zip(DayRow.__slots__, json.loads(line), strict=True))
        return cls(**{**values, "tags": tuple(values["tags"])})


class Lost(Exception):
    """A day's rows are gone or unreadable: what the last build made is not known any more."""


class Days:
    """The rows of the days that a build touches, read when first asked for.

    `known` says which days have rows, and how many posts the archive lists of each; `fresh` starts from nothing.
    """

    def __init__(self, folder: Folder, known: Mapping[str, int], *, fresh: bool) -> None:
        self._folder = folder
        self._former = dict(known)
        self._counts = {} if fresh else dict(known)
        self._fresh = fresh
        self._moved = False
        self._lines: dict[str, dict[int, str]] = {}
        self.touched: set[str] = set()

    def put(self, row: DayRow, *, is_new: bool) -> DayRow | None:
        """Enter a post; returns its former row. A post that is not new may stand under another day: it moves."""
        day = day_of(row.when)
        former = self._pop(day, row.sequence)
        if former is None and not is_new and not self._fresh:
            former = self._pop_anywhere(row.sequence)
            self._moved = self._moved or former is not None
        self._day(day)[row.sequence] = row.encode()
        self._count(day, row, 1)
        return former

    def rows(self, day: str) -> list[DayRow]:
        """What the archive lists of a day, newest publication first."""
        rows = (DayRow.decode(line) for line in self._day(day).values())
        listed = (row for row in rows if not row.hidden)
        return sorted(listed, key=lambda row: (row.published, row.sequence), reverse=True)

    def counts(self) -> dict[str, int]:
        """How many posts the archive lists of each day that has rows, newest day first."""
        return dict(sorted(self._counts.items(), reverse=True))

    def former_paths(self) -> set[str]:
        """The page of every post that former builds made; unreadable rows count for nothing."""
        found: set[str] = set()
        for day in self._former:
            with contextlib.suppress(Lost, ValueError, TypeError):
                found.update(DayRow.decode(line).path for line in self._read(day).values())
        return found

    def save(self) -> None:
        """Stage the notes of the touched days; MOVING is on the disk before."""
        if self._moved:
            self._folder.keep(MOVING, b"moving\n")
            self._folder.settle()
        for day in sorted(self.touched & self._counts.keys()):
            lines = (line for _, line in sorted(self._lines[day].items()))
            self._folder.keep(f"{day}.json", ("[\n" + ",\n".join(lines) + "\n]\n").encode())

    def forget(self) -> None:
        """Take away the notes of days that have no row any more."""
        for day in self._former.keys() - self._counts.keys():
            self._folder.forget(f"{day}.json")

    def _count(self, day: str, row: DayRow, by: int) -> None:
        self._counts[day] = self._counts.get(day, 0) + (0 if row.hidden else by)
        self.touched.add(day)

    def _pop(self, day: str, sequence: int) -> DayRow | None:
        line = self._day(day).pop(sequence, None)
        if line is None:
            return None
        row = DayRow.decode(line)
        self._count(day, row, -1)
        if not self._lines[day]:
            del self._counts[day]
        return row

    def _pop_anywhere(self, sequence: int) -> DayRow | None:
        """Rare: a post whose date was corrected. Its former day is not known, so all are looked through."""
        return next((row for day in sorted(self._counts) if (row := self._pop(day, sequence)) is not None), None)

    def _day(self, day: str) -> dict[int, str]:
        if day not in self._lines:
            self._lines[day] = self._read(day) if day in self._counts else {}
            if self._lines[day]:  # of a build that was killed between its notes and its state, only the notes know
                self._counts[day] = sum(not DayRow.decode(line).hidden for line in self._lines[day].values())
        return self._lines[day]

    def _read(self, day: str) -> dict[int, str]:
        try:
            lines = (self._folder.notes / f"{day}.json").read_text("utf-8").split("\n")[1:-2]
            return {DayRow.decode(line.removesuffix(",")).sequence: line.removesuffix(",") for line in lines}
        except (FileNotFoundError, ValueError, TypeError) as error:
            raise Lost(day) from error


def day_of(moment: datetime) -> str:
    """`2019-07-30`, in UTC."""
    return moment.astimezone(UTC).date().isoformat()


def month_of(day: str) -> str:
    """`2019-07` of `2019-07-30`."""
    return day[:-3]

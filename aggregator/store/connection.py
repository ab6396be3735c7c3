"""One connection to the database: its transactions and its lock; the one place where sqlite errors turn.

A writing session may be used from any thread; a lock lets one in at a time. Every writing transaction begins with
`BEGIN IMMEDIATE`: a deferred one that turns from reading to writing fails at once, whatever the busy timeout. It
knows no table.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aggregator.models.errors import StoreError, TooCostly
from aggregator.store import opening
from aggregator.store.trouble import in_words
from aggregator.text.storable import storable

Told = Callable[[int, int], None]
"""Told how many pages of how many have been copied."""

COPIED_PAGES = 4096
"""Pages of 4 KiB copied between two signs of life of a backup."""

LOOK_STEPS = 20_000
"""Steps of SQLite between two looks at the time: so many that looking costs nothing, 0.3 s apart at worst (the merging
of what a short prefix matches)."""

Parameters = Sequence[object] | Mapping[str, object]
"""Values for `?`, or by name for `:name`. (`?1` would do for both, but warns on some releases of Python 3.12.)"""


class Sql:
    """What the modules of tables speak: statements on one open connection, with text made storable on its way in."""

    __slots__ = ("connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def execute(self, sql: str, parameters: Parameters = ()) -> sqlite3.Cursor:
        if isinstance(parameters, Mapping):
            return self.connection.execute(sql, {name: storable(value) for name, value in parameters.items()})
        return self.connection.execute(sql, [storable(value) for value in parameters])

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        self.connection.executemany(sql, ([storable(value) for value in row] for row in rows))

    def all(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        return self.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.execute(sql, parameters).fetchone()
        return row

    def value(self, sql: str, parameters: Parameters = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.execute(sql, parameters).fetchone()
        return None if row is None else row[0]


class Session:
    """An open database file. `read()` and `write()` give `Sql` to a block; errors of sqlite come out as StoreError."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._lock = threading.RLock()
        self._closed = False
        with self._errors():
            self._connection = opening.connect(path, read_only=read_only)
        self._sql = Sql(self._connection)

    @contextmanager
    def read(self, *, at_most_s: float | None = None) -> Iterator[Sql]:
        """Reads that belong together: they see the database as it was at the first of them.

        `at_most_s`: seconds of this thread's processor time, after which what is under way ends with TooCostly.
        """
        with self._lock, self._errors(), self._limited(at_most_s):
            self._refuse_closed()
            if self._connection.in_transaction:
                yield self._sql
                return
            self._connection.execute("BEGIN")
            try:
                yield self._sql
            finally:
                self._roll_back()

    @contextmanager
    def write(self) -> Iterator[Sql]:
        """One transaction: all of the block, or, when it raises, none of it. Inside another one, a part of that, which
        is undone alone when it raises.
        """
        if self.read_only:
            raise StoreError(f"{self.path} is open for reading only")
        with self._lock, self._errors():
            self._refuse_closed()
            if self._connection.in_transaction:
                with self._part():
                    yield self._sql
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._sql
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    @contextmanager
    def _limited(self, at_most_s: float | None) -> Iterator[None]:
        if at_most_s is None:
            yield
            return
        end = time.thread_time() + at_most_s
        self._connection.set_progress_handler(lambda: time.thread_time() > end, LOOK_STEPS)
        try:
            yield
        finally:
            self._connection.set_progress_handler(None, 0)

    @contextmanager
    def _part(self) -> Iterator[None]:
        self._connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # a full disk ends the whole of it
                self._connection.execute("ROLLBACK TO part")
                self._connection.execute("RELEASE part")
            raise
        self._connection.execute("RELEASE part")

    @contextmanager
    def pin(self) -> Iterator[None]:
        """Let every read of the block see the database as it is now."""
        with self.read() as sql:
            sql.value("SELECT count(*) FROM sqlite_master")
            yield

    def make_durable(self) -> None:
        """WAL and `synchronous=FULL`: what a COMMIT has acknowledged survives kill -9 and a loss of power.

        Raises StoreError where the file system can not hold a write-ahead log (some network shares).
        """
        with self._lock, self._errors():
            mode = opening.make_durable(self._connection)
        if mode != "wal":
            raise StoreError(f"{self.path}: this file system can not keep a write-ahead log (journal mode {mode})")

    @contextmanager
    def alone(self) -> Iterator[Sql]:
        """The writing connection outside of any transaction, for what sqlite does not do inside one."""
        if self.read_only:
            raise StoreError(f"{self.path} is open for reading only")
        with self._lock, self._errors():
            self._refuse_closed()
            yield self._sql

    def copy_to(self, target: sqlite3.Connection, told: Told | None = None) -> None:
        """Copy the whole database, as it is at one moment, while others go on writing. `told` is called on the way."""

        def progress(_: int, left: int, pages: int) -> None:
            if told:
                told(pages - left, pages)

        with self.pin():  # one moment: otherwise each write of others would begin the copy anew
            self._connection.backup(target, pages=COPIED_PAGES, progress=progress)

    def close(self) -> None:
        """Close the file; the last one to do so folds the write-ahead log into it."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._connection.close()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreError(f"{self.path} has been closed")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # our own bug: wrong bindings and the like
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                raise TooCostly("the question takes too long") from error
            raise StoreError(in_words(self.path, error)) from error

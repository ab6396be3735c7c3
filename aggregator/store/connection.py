"""One connection to the database: its transactions and its lock; the one place where sqlite errors turn.

A writing session may be used from any thread; a lock lets one in at a time. Every writing transaction begins with
`BEGIN IMMEDIATE`: a deferred one that turns from reading to writing fails at once, whatever the busy timeout. It
knows no table.

How the file is opened: which SQLite will do, who may read the file, and what a connection is told first.

Transactions, locks and the words of errors are the business of `connection`.

What an error of SQLite means to an operator, and what to do; SQLite's own words are kept. It mends nothing.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aggregator.models.errors import StoreError, TooCostly
from aggregator.text.storable import storable

BUSY_S = 30.0
"""How long a write waits for another process. The longest transaction that we have is far shorter."""

WAL_LIMIT_BYTES = 64 * 2**20
"""The write-ahead log is cut back to this after a checkpoint, so that one large round does not keep the disk."""

OLDEST_SQLITE = (3, 38)
"""STRICT tables came with 3.37, JSON functions in every build with 3.38 (February 2022)."""

CHECKPOINT_PAGES = 4000
"""Pages of 4 KiB in the log before it is folded into the file: SQLite's 1000 makes a large round wait four times as
often for the disk."""

LIVE_INDEX_BYTES = 32 * 1024
"""The index of a log (the file ending in -shm) is at least so large while a database is in use; less is a remainder of
an attempt to make one (https://sqlite.org/walformat.html#the_wal_index_file_format)."""

FILE_MODE = 0o640
"""The file may hold secrets (addresses of feeds): for its user, and for a group that the operator chooses to let in."""

FIXED_SQLITE = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""The first release without the WAL-reset bug (https://sqlite.org/wal.html#walresetbug), and the ones it was carried
back to; each stands for the later ones of its series."""

_CACHE_KIB = 16 * 1024


def wal_reset_bug(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite can damage a file when one connection writes while another one folds the log into the file.

    We never do: one connection writes and folds, and the lock on the data folder keeps a second process out.
    """
    return not any(
        version >= FIXED_SQLITE[0] or (fixed[:2] == version[:2] and fixed <= version) for fixed in FIXED_SQLITE
    )


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection to the file, made if need be; raises StoreError and sqlite3.Error."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: 3.38 or newer is needed")
    if read_only and not path.is_file():
        raise StoreError(f"{path}: there is no database here yet")
    if not read_only:
        _keep_private(path)
        return _opened(path, "mode=rwc")
    try:
        return _opened(path, "mode=ro")
    except sqlite3.OperationalError:
        if not _unlogged(path):
            raise
        return _opened(path, "mode=ro&immutable=1")


def _opened(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        if how.startswith("mode=ro"):
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA schema_version")  # the first look at the file, and at its log
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _unlogged(path: Path) -> bool:
    """Whether nothing is in a file's log and nobody has it open for writing: then it can be read without a log where
    none can be made (a read-only or full file system, a stranger's folder).
    """
    least = {"-wal": 1, "-shm": LIVE_INDEX_BYTES}
    try:
        beside = [(path.with_name(path.name + suffix), size) for suffix, size in least.items()]
        return all(not part.exists() or part.stat().st_size < size for part, size in beside)
    except OSError:
        return False


def _keep_private(path: Path) -> None:
    """Make the file, if need be, closed to strangers; sqlite gives the log beside it the same mode.

    One that is there is not opened for that: closing it again would end every lock that sqlite holds on it in this
    process (https://sqlite.org/howtocorrupt.html), and another process would delete the log that is in use.
    """
    path = path.resolve()
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
    except FileExistsError:
        with suppress(OSError):  # somebody else's file, which we may write all the same
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & stat.S_IRWXO:
                path.chmod(mode & ~stat.S_IRWXO)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


def make_durable(connection: sqlite3.Connection) -> str:
    """Have what a COMMIT acknowledges survive kill -9 and a loss of power; the journal mode that the file got."""
    mode = _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
    return mode


def _write_ahead(connection: sqlite3.Connection) -> str:
    """Switch to WAL. Of two processes that create one file the switch of the second does not wait by itself."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


DATABASE = "aggregator.db"
"""The name of the database in its folder; others are copies."""

_PRIMARY = 0xFF
"""The low byte of an extended error code is the code itself (https://sqlite.org/rescode.html)."""


def in_words(path: Path, error: sqlite3.Error) -> str:
    """`error`, which the database at `path` has given, in a sentence."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if str(error).startswith("Could not decode to UTF-8"):  # Python's own words: we store nothing else
        code = sqlite3.SQLITE_CORRUPT
    meant = _meant(path, code)
    return f"{path}: {error}" + (f"; {meant}" if meant else "")


def _meant(path: Path, code: int) -> str:
    if code == sqlite3.SQLITE_CORRUPT_VTAB:
        return "the search index is damaged: stop the program, `aggregator db verify --mend` rebuilds it"
    match code & _PRIMARY:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return f"the file is damaged, or no database of ours{_instead(path)}"
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return _refused(path)
        case sqlite3.SQLITE_IOERR:
            return f"the disk refuses ({_name(code)}): it may be full, or failing"
        case sqlite3.SQLITE_BUSY:
            return "another program keeps the database to itself"
    return ""


def _instead(path: Path) -> str:
    """What to do about a damaged database; nothing is said of a copy that was itself to be restored."""
    if path.name != DATABASE:
        return ""
    copies = path.parent / "backups"
    return f": stop the program, look at the disk, and `aggregator db restore` the newest good copy of {copies}"


def _refused(path: Path) -> str:
    """Why a file cannot be opened or written, as far as the file system tells."""
    if path.is_dir():
        return "it is a folder"
    if path.exists() and not os.access(path, os.R_OK):
        return "this user may not read it"
    if path.exists() and not os.access(path, os.W_OK):
        return "this user may not write it, or the file system is read-only"
    if not os.access(path.parent, os.W_OK):
        return f"no log can be made in {path.parent}: this user may not write there, or the file system is read-only"
    return ""


def _name(code: int) -> str:
    names = (name for name in dir(sqlite3) if name.startswith("SQLITE_IOERR") and getattr(sqlite3, name) == code)
    return next(names, f"code {code}")


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
        return self.connection.execute(sql, [*map(storable, parameters)])

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        self.connection.executemany(sql, ([*map(storable, row)] for row in rows))

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
            self._connection = connect(path, read_only=read_only)
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
    def snapshot(self) -> Iterator[None]:
        """Let every read of the block see the database as it is now."""
        with self.read() as sql:
            sql.value("SELECT count(*) FROM sqlite_master")
            yield

    def make_durable(self) -> None:
        """WAL and `synchronous=FULL`: what a COMMIT has acknowledged survives kill -9 and a loss of power.

        Raises StoreError where the file system cannot hold a write-ahead log (some network shares).
        """
        with self._lock, self._errors():
            mode = make_durable(self._connection)
        if mode != "wal":
            raise StoreError(f"{self.path}: this file system cannot keep a write-ahead log (journal mode {mode})")

    @contextmanager
    def exclusive(self) -> Iterator[Sql]:
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

        with self.snapshot():  # one moment: otherwise each write of others would begin the copy again
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

"""How the file is opened: which SQLite will do, who may read the file, and what a connection is told first.

Transactions, locks and the words of errors are the business of `connection`.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import suppress
from pathlib import Path

from aggregator.models.errors import StoreError

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

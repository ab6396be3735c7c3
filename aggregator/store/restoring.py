"""Putting a backup in the place of the database: checked first, and what stood there is kept.

The caller holds the data folder: nobody else may have the database open.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from aggregator.models.errors import StoreError
from aggregator.store import migrations, upkeep
from aggregator.store.connection import Session
from aggregator.store.opening import FILE_MODE


def restored(backup: Path, database: Path, now: datetime) -> Path | None:
    """Put a copy of `backup` in the place of `database`; where that has gone, None if there was none.

    Raises StoreError when `backup` is damaged, not ours or too new, and when the disk refuses; the database is then
    as it was.
    """
    if database.exists() and backup.samefile(database):
        raise StoreError(f"{backup} is the database itself")
    partial = database.with_name(f".{database.name}.partial")
    former = database.with_name(f"{database.stem}-before-{now:%Y-%m-%dT%H%M%S}.db") if database.exists() else None
    try:
        _checked_copy(backup, partial)
        if former is not None:
            _set_aside(database, former)
        partial.replace(database)
        upkeep.sync(database.parent)
    except OSError as error:
        raise StoreError(f"{database}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return former


def _set_aside(database: Path, former: Path) -> None:
    """Give a database that is to be replaced the name `former` too, with its log where that could not be folded in.

    It keeps its own name meanwhile: a loss of power leaves the old one there or the new one, never none.
    """
    _fold(database)
    log, index = (database.with_name(database.name + suffix) for suffix in ("-wal", "-shm"))
    if log.exists():
        _name_too(log, former.with_name(former.name + "-wal"))
    _name_too(database, former)
    upkeep.sync(database.parent)
    for part in (log, index):  # a log would be played into whatever else stands under the name
        part.unlink(missing_ok=True)


def _name_too(file: Path, name: Path) -> None:
    try:
        name.hardlink_to(file)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        file.rename(name)


def _checked_copy(backup: Path, partial: Path) -> None:
    source = Session(backup, read_only=True)
    try:
        if not migrations.refuse_foreign(source):
            raise StoreError(f"{backup} is empty")
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
        upkeep.copy(source, partial)
    finally:
        source.close()
    upkeep.sync(partial)


def _fold(database: Path) -> None:
    """Fold the log into a database that is to be moved; a damaged one is moved with its log as it is."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

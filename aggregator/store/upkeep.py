"""Copies, checks and counts: what an operator asks of the database as a whole."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog

from aggregator.models.errors import StoreError
from aggregator.store.connection import Session, Sql, Told
from aggregator.store.opening import FILE_MODE

SHOWN = 200
"""Characters of what SQLite says of a damaged file, which may be a hundred lines."""

log = structlog.get_logger()

_COUNTS = {
    "feeds": "SELECT count(*) FROM feeds WHERE configured",
    "entries": "SELECT count(*) FROM entries",
    "articles": "SELECT count(*) FROM articles",
    "posts": "SELECT count(*) FROM posts WHERE sequence IS NOT NULL",
    "waiting": "SELECT count(*) FROM posts WHERE sequence IS NULL",
    "pending": "SELECT count(*) FROM articles WHERE next_attempt IS NOT NULL",
    "scraped": "SELECT count(*) FROM articles WHERE state = 'scraped'",
    "feed_text": "SELECT count(*) FROM articles WHERE state = 'feed_text'",
    "failed": "SELECT count(*) FROM articles WHERE state = 'failed'",
    "duplicates": "SELECT count(*) FROM articles WHERE duplicate_of IS NOT NULL",
    "gaps": "SELECT count(*) FROM gaps",
    "head": "SELECT coalesce(max(value), 0) FROM numbers WHERE name = 'head'",
}


def counts(sql: Sql) -> dict[str, int]:
    """How many there are of everything: from indexes, but for the gaps, which are found anew."""
    return {name: int(sql.value(statement)) for name, statement in _COUNTS.items()}


def problems(sql: Sql) -> tuple[str, ...]:
    """What is wrong with the file: its pages, its foreign keys, its search index. Empty: it is sound."""
    found = [f"integrity: {row[0]}" for row in sql.all("PRAGMA integrity_check") if row[0] != "ok"]
    broken = sql.all("PRAGMA foreign_key_check")
    found += [f"foreign key: {row[0]} row {row[1]} refers to no row of {row[2]}" for row in broken]
    try:
        # Without rank = 1 an index that has drifted from its table passes for sound.
        sql.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        found.append(f"search index: {error}")
    return tuple(found)


def mend(sql: Sql) -> None:
    """Make every index anew from its table, the search index too: what can be mended without a backup."""
    sql.execute("REINDEX")
    sql.execute("INSERT INTO articles_fts (articles_fts) VALUES ('rebuild')")


def back_up(session: Session, to: Path, told: Told | None = None) -> None:
    """Copy the database while it is in use to `to`, which appears whole and checked, or not at all.

    The copy is one file without a write-ahead log. `told` is called now and then meanwhile. Raises StoreError, also
    when there is no such folder; a file that stood at `to` is then untouched.
    """
    if to.exists() and to.samefile(session.path):
        raise StoreError(f"{to} is the database itself")
    if not to.parent.is_dir():
        raise StoreError(f"{to.parent} is not a folder; nothing was written")
    partial = to.with_name(f".{to.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
        copy(session, partial, told)
        sync(partial)
        partial.replace(to)
        sync(to.parent)
    except OSError as error:
        raise StoreError(f"{to}: {error.strerror or error}") from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                partial.with_name(partial.name + suffix).unlink(missing_ok=True)


def keep_older(session: Session, version: int) -> None:
    """Back up a file of an older `version` before it is migrated: backups/aggregator-vN-DAY.db, DAY its last change.

    Does nothing for version 0, which is an empty file or one that needs no migration.
    """
    if not version:
        return
    folder = backups_of(session.path)
    day = datetime.fromtimestamp(session.path.stat().st_mtime, UTC).date()
    names = (f"{session.path.stem}-v{version}-{day}{mark}.db" for mark in ("", *(f"-{n}" for n in range(2, 1000))))
    target = next(folder / name for name in names if not (folder / name).exists())
    back_up(session, target)
    log.info("the database is brought to its new form", version=version, backup=str(target))


def backups_of(database: Path) -> Path:
    """The folder beside a database that its backups are in; made, and closed to others, if it is missing."""
    folder = database.parent / "backups"
    try:
        folder.mkdir(mode=0o750, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}") from error
    return folder


def copy(session: Session, target: Path, told: Told | None = None) -> None:
    """Copy the open database into the (empty) file `target`, and check the copy. Raises StoreError."""
    copy = sqlite3.connect(target, isolation_level=None)
    try:
        session.copy_to(copy, told)
        copy.execute("PRAGMA journal_mode = DELETE")
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise StoreError(
                f"{target}: the copy is damaged, and so may the database be (`aggregator verify` tells): "
                f"{found[:SHOWN]}"
            )
    except sqlite3.Error as error:
        raise StoreError(f"{target}: {error}") from error
    finally:
        copy.close()


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Copies, checks and counts: what an operator asks of the database as a whole."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from aggregator.errors import StoreError
from aggregator.store.connection import Session, Sql

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
    """How many there are of everything; each from an index."""
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


def rebuild_search(sql: Sql) -> None:
    """Make the search index anew from the articles."""
    sql.execute("INSERT INTO articles_fts (articles_fts) VALUES ('rebuild')")


def back_up(session: Session, to: Path) -> None:
    """Copy the database while it is in use to `to`, which appears whole and checked, or not at all.

    The copy is one file without a write-ahead log. Raises StoreError; a file that stood at `to` is then untouched.
    """
    if to.exists() and to.samefile(session.path):
        raise StoreError(f"{to} is the database itself")
    partial = to.with_name(f".{to.name}.partial")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        _copy(session, partial)
        _sync(partial)
        partial.replace(to)
        _sync(to.parent)
    except OSError as error:
        raise StoreError(f"{to}: {error.strerror or error}") from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                partial.with_name(partial.name + suffix).unlink(missing_ok=True)


def _copy(session: Session, target: Path) -> None:
    copy = sqlite3.connect(target, isolation_level=None)
    try:
        session.copy_to(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise StoreError(f"{target}: the copy is damaged: {found}")
    except sqlite3.Error as error:
        raise StoreError(f"{target}: {error}") from error
    finally:
        copy.close()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

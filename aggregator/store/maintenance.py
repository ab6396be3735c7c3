"""What keeps the file in order over the years: old articles, statistics, the log, room; and when each was last done.

And what an operator asks of the file as a whole: counts, checks, copies, what its tables mean.

Everything here is done by the one connection that writes: another that folded the write-ahead log into the file
meanwhile could, with most releases of SQLite in use, damage it (see `opening.wal_reset_bug`).

Copies, checks and counts: what an operator asks of the database as a whole.

Putting a backup in the place of the database: checked first, and what stood there is kept.

The caller holds the data folder: nobody else may have the database open.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from aggregator.models.errors import StoreError
from aggregator.store import post_changes, retention, schema, times
from aggregator.store.connection import FILE_MODE, Session, Sql, Told
from aggregator.store.retention import Limit

SHOWN = 200
"""Characters of what SQLite says of a damaged file, which may be a hundred lines."""


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
    """How many there are of everything: from indexes, but for the gaps, which are found again."""
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
    """Rebuild every index from its table, the search index too: what can be mended without a backup."""
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
    import structlog  # for what is hardly ever needed

    structlog.get_logger().info("the database is brought to its new form", version=version, backup=str(target))


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
                f"{target}: the copy is damaged, and so may the database be (check it with `aggregator db verify`): "
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


ANALYSIS_ROWS = 1000
"""Rows of an index looked at for its statistics: SQLite's advice for `PRAGMA optimize`, which reads whole ones else."""


class Maintenance:
    """The jobs of upkeep, each in transactions of its own, and the record of them; counts, checks and copies."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def tried_at(self, job: str) -> datetime | None:
        """When a job was last tried, in vain or not; None: never."""
        with self._session.read() as sql:
            return times.read(sql.value("SELECT tried_at FROM upkeep WHERE job = ?", (job,)))

    def done_at(self, job: str) -> datetime | None:
        """When a job last went well; None: never."""
        with self._session.read() as sql:
            return times.read(sql.value("SELECT done_at FROM upkeep WHERE job = ?", (job,)))

    def begun(self) -> datetime | None:
        """When the first feed was configured; None: there is none yet."""
        with self._session.read() as sql:
            return times.read(sql.value("SELECT min(added) FROM feeds"))

    def note(self, job: str, now: datetime, result: str = "", error: str | None = None) -> None:
        """Remember that a job was tried, and what came of it."""
        with self._session.write() as sql:
            sql.execute(
                """
                INSERT INTO upkeep (job, tried_at, done_at, result, error) VALUES (:job, :at, :done, :result, :error)
                ON CONFLICT (job) DO UPDATE SET tried_at = excluded.tried_at, error = excluded.error,
                    done_at = coalesce(excluded.done_at, done_at),
                    result = CASE WHEN excluded.error IS NULL THEN excluded.result ELSE result END
                """,
                {
                    "job": job,
                    "at": times.whole(now),
                    "done": times.whole(now) if error is None else None,
                    "result": result,
                    "error": error,
                },
            )

    def purge(self, limits: Iterable[Limit], now: datetime) -> int:
        """Cut a batch of articles that are past every limit down to their beginnings; how many: 0 when all are done."""
        with self._session.write() as sql:
            return retention.purge(sql, limits, now)

    def optimize(self) -> None:
        """Renew the statistics that queries are planned by, where they are missing or stale."""
        with self._session.exclusive() as sql:
            sql.execute(f"PRAGMA analysis_limit = {ANALYSIS_ROWS}")
            sql.execute("PRAGMA optimize = 0x10002")

    def checkpoint(self) -> bool:
        """Fold the write-ahead log into the file and cut it to nothing; False when a reader was in the way."""
        with self._session.exclusive() as sql:
            row = sql.one("PRAGMA wal_checkpoint(TRUNCATE)")
            return row is not None and row[0] == 0

    def size(self) -> tuple[int, int]:
        """Bytes of the database, and how many of them hold nothing any more."""
        with self._session.read() as sql:
            page = int(sql.value("PRAGMA page_size"))
            return page * int(sql.value("PRAGMA page_count")), page * int(sql.value("PRAGMA freelist_count"))

    def vacuum(self) -> None:
        """Write the file again without its empty pages: as much room again is needed, and nobody else can write."""
        with self._session.exclusive() as sql:
            sql.execute("VACUUM")
        self.checkpoint()

    # --- what an operator asks of the file as a whole ---

    def counts(self) -> dict[str, int]:
        """How many there are of everything, by name."""
        with self._session.read() as sql:
            return counts(sql)

    def check(self) -> tuple[str, ...]:
        """What is wrong with the file (pages, foreign keys, search index); empty when it is sound."""
        with self._session.write() as sql:
            return problems(sql)

    def mend(self) -> None:
        """Rebuild every index, that of the search too; see `check`."""
        with self._session.write() as sql:
            mend(sql)

    def backup(self, to: Path, told: Told | None = None) -> None:
        """Copy the database, while it is in use, to a file that appears whole and checked, or not at all.

        `told` is called now and then while it goes on. Raises StoreError, also when the folder is not there.
        """
        back_up(self._session, to, told)

    def describe(self) -> tuple[schema.Description, ...]:
        """Every table and view with its columns, and what each means."""
        with self._session.read() as sql:
            return schema.describe(sql)

    def schema_reference(self) -> str:
        """Every table, view and column with its meaning, in Markdown."""
        with self._session.read() as sql:
            return schema.markdown(sql)


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
        _mark(partial)
        if former is not None:
            _set_aside(database, former)
        partial.replace(database)
        sync(database.parent)
    except OSError as error:
        raise StoreError(f"{database}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return former


def _mark(partial: Path) -> None:
    """Have the output built again from the copy, as a whole."""
    with closing(sqlite3.connect(partial)) as copy, copy, suppress(sqlite3.OperationalError):  # before there was output
        copy.execute("INSERT OR REPLACE INTO numbers (name, value) VALUES (?, 1)", (post_changes.REBUILD,))
    sync(partial)


def sweep(database: Path) -> None:
    """Take away what a restore or a backup that was killed has left beside a database."""
    for name in (f".{database.name}.partial", f".{database.name}.partial-journal"):
        with suppress(OSError):
            database.with_name(name).unlink(missing_ok=True)


def _set_aside(database: Path, former: Path) -> None:
    """Give a database that is to be replaced the name `former` too, with its log where that could not be folded in.

    It keeps its own name meanwhile: a loss of power leaves the old one there or the new one, never none.
    """
    _fold(database)
    log, index = (database.with_name(database.name + suffix) for suffix in ("-wal", "-shm"))
    if log.exists():
        _name_too(log, former.with_name(former.name + "-wal"))
    _name_too(database, former)
    sync(database.parent)
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
        if not schema.refuse_foreign(source):
            raise StoreError(f"{backup} is empty")
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
        copy(source, partial)
    finally:
        source.close()
    sync(partial)


def _fold(database: Path) -> None:
    """Fold the log into a database that is to be moved; a damaged one is moved with its log as it is."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

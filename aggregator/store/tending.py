"""What keeps the file in order over the years: old articles, statistics, the log, room; and when each was last done.

And what an operator asks of the file as a whole: counts, checks, copies, what its tables mean.

Everything here is done by the one connection that writes: another that folded the write-ahead log into the file
meanwhile could, with most releases of SQLite in use, damage it (see `opening.wal_reset_bug`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from aggregator.store import describe, retention, times, upkeep
from aggregator.store.connection import Session, Told
from aggregator.store.retention import Limit

ANALYSIS_ROWS = 1000
"""Rows of an index looked at for its statistics: SQLite's advice for `PRAGMA optimize`, which reads whole ones else."""


class Tending:
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
        with self._session.alone() as sql:
            sql.execute(f"PRAGMA analysis_limit = {ANALYSIS_ROWS}")
            sql.execute("PRAGMA optimize = 0x10002")

    def checkpoint(self) -> bool:
        """Fold the write-ahead log into the file and cut it to nothing; False when a reader was in the way."""
        with self._session.alone() as sql:
            row = sql.one("PRAGMA wal_checkpoint(TRUNCATE)")
            return row is not None and row[0] == 0

    def size(self) -> tuple[int, int]:
        """Bytes of the database, and how many of them hold nothing any more."""
        with self._session.read() as sql:
            page = int(sql.value("PRAGMA page_size"))
            return page * int(sql.value("PRAGMA page_count")), page * int(sql.value("PRAGMA freelist_count"))

    def vacuum(self) -> None:
        """Write the file anew without its empty pages: as much room again is needed, and nobody else can write."""
        with self._session.alone() as sql:
            sql.execute("VACUUM")
        self.checkpoint()

    # --- what an operator asks of the file as a whole ---

    def counts(self) -> dict[str, int]:
        """How many there are of everything, by name."""
        with self._session.read() as sql:
            return upkeep.counts(sql)

    def check(self) -> tuple[str, ...]:
        """What is wrong with the file (pages, foreign keys, search index); empty when it is sound."""
        with self._session.write() as sql:
            return upkeep.problems(sql)

    def mend(self) -> None:
        """Make every index anew, that of the search too; see `check`."""
        with self._session.write() as sql:
            upkeep.mend(sql)

    def backup(self, to: Path, told: Told | None = None) -> None:
        """Copy the database, while it is in use, to a file that appears whole and checked, or not at all.

        `told` is called now and then while it goes on. Raises StoreError, also when the folder is not there.
        """
        upkeep.back_up(self._session, to, told)

    def describe(self) -> tuple[describe.Description, ...]:
        """Every table and view with its columns, and what each means."""
        with self._session.read() as sql:
            return describe.describe(sql)

    def schema_reference(self) -> str:
        """Every table, view and column with its meaning, in Markdown."""
        with self._session.read() as sql:
            return describe.markdown(sql)

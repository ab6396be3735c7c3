"""The data files as they are used: KEV, EPSS, ATT&CK, CVE records, lists and galaxies, in `DATA/intel.db`.

A file of its own beside the archive: everything in it came from data files and comes from them again, so that it is
in no backup, and an unreadable one is made afresh. A data file replaces what was known of its name in one transaction,
together with the row that states its version.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from aggregator.models.intel import Affected, AttackObject, CveRecord, Cvss, Epss, KevEntry, Name, WarningList
from aggregator.store import times
from aggregator.store.connection import Session, Sql

VERSION = 1
"""Of the tables; a file of another version is made afresh."""

_TABLES = """
CREATE TABLE data_files (name TEXT PRIMARY KEY, version TEXT, stated_at TEXT, rows INTEGER, skipped INTEGER NOT NULL DEFAULT 0,
                         fetched_at TEXT, next_at TEXT, etag TEXT, last_modified TEXT, error TEXT, error_at TEXT, fault TEXT) WITHOUT ROWID;
CREATE TABLE kev (cve TEXT PRIMARY KEY, vendor TEXT, product TEXT, title TEXT, added TEXT, due TEXT, ransomware INTEGER) WITHOUT ROWID;
CREATE TABLE epss (cve TEXT PRIMARY KEY, score REAL, percentile REAL) WITHOUT ROWID;
CREATE TABLE attack (number TEXT PRIMARY KEY, kind TEXT, name TEXT, stix_id TEXT, aliases TEXT, revoked INTEGER, replaced_by TEXT,
                     type TEXT, created TEXT, modified TEXT) WITHOUT ROWID;
CREATE TABLE lists (name TEXT PRIMARY KEY, kind TEXT, entries TEXT) WITHOUT ROWID;
CREATE TABLE galaxies (galaxy TEXT, kind TEXT, value TEXT, attack_id TEXT, aliases TEXT);
CREATE TABLE cves (cve TEXT PRIMARY KEY, state TEXT, title TEXT, published TEXT, cvss TEXT, ssvc TEXT, kev_added TEXT, affected TEXT, cwes TEXT,
                   first_asked TEXT, fetched_at TEXT, next_at TEXT, error TEXT) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class DataFile:
    """The state of one data file."""

    name: str
    version: str | None
    stated_at: str | None
    rows: int | None
    skipped: int
    fetched_at: datetime | None
    next_at: datetime | None
    etag: str | None = None
    last_modified: str | None = None
    error: str | None = None
    error_at: datetime | None = None
    fault: str | None = None


class IntelData:
    """The data files of a data folder; use `IntelData.open`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> IntelData:
        """Open the file, made when it is not there. StoreError when it cannot be."""
        session = Session(path, read_only=read_only)
        if not read_only:
            with session.write() as sql:
                if sql.value("PRAGMA user_version") != VERSION:
                    for (name,) in sql.all("SELECT name FROM sqlite_master WHERE type = 'table'"):
                        sql.execute(f'DROP TABLE "{name}"')
                    for statement in _TABLES.split(";"):
                        sql.execute(statement)
                    sql.execute(f"PRAGMA user_version = {VERSION}")
        return cls(session)

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> IntelData:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def files(self) -> tuple[DataFile, ...]:
        """The state of every data file that was ever asked for, by name."""
        with self._session.read() as sql:
            return tuple(_file(row) for row in sql.all("SELECT * FROM data_files ORDER BY name"))

    def refused(
        self, name: str, error: str, now: datetime, next_at: datetime | None = None, fault: str | None = None
    ) -> None:
        """A file that could not be taken: what was known stays in force."""
        with self._session.write() as sql:
            sql.execute(
                "INSERT INTO data_files (name, error, error_at, next_at, fault) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (name) DO UPDATE SET error = excluded.error, error_at = excluded.error_at, "
                "next_at = coalesce(excluded.next_at, next_at), fault = excluded.fault",
                (name, error, times.whole(now), times.whole(next_at) if next_at else None, fault),
            )

    def unchanged(self, name: str, now: datetime, next_at: datetime) -> None:
        """A file that the server has not changed since."""
        with self._session.write() as sql:
            sql.execute(
                "UPDATE data_files SET fetched_at = ?, next_at = ?, error = NULL, error_at = NULL, fault = NULL WHERE name = ?",
                (times.whole(now), times.whole(next_at), name),
            )

    def save_kev(self, file: DataFile, entries: Iterable[KevEntry]) -> None:
        with self._session.write() as sql:
            sql.execute("DELETE FROM kev")
            sql.many(
                "INSERT OR REPLACE INTO kev VALUES (?, ?, ?, ?, ?, ?, ?)",
                ((one.cve, one.vendor, one.product, one.title, one.added, one.due, one.ransomware) for one in entries),
            )
            _state(sql, file)

    def save_epss(self, file: DataFile, rows: Iterable[tuple[str, float, float]], skipped: Callable[[], int]) -> int:
        """How many rows were taken; all is undone when reading them raises. `skipped` is asked after the last."""
        with self._session.write() as sql:
            sql.execute("DELETE FROM epss")
            sql.connection.executemany("INSERT OR REPLACE INTO epss VALUES (?, ?, ?)", rows)
            count = int(sql.value("SELECT count(*) FROM epss"))
            _state(sql, file)
            sql.execute("UPDATE data_files SET rows = ?, skipped = ? WHERE name = ?", (count, skipped(), file.name))
        return count

    def save_attack(self, file: DataFile, objects: Iterable[AttackObject]) -> None:
        with self._session.write() as sql:
            sql.execute("DELETE FROM attack")
            for one in sorted(objects, key=lambda one: not one.revoked):
                row = {**asdict(one), "aliases": json.dumps(one.aliases)}
                names = ", ".join(f":{name}" for name in row)
                sql.execute(f"INSERT OR REPLACE INTO attack ({', '.join(row)}) VALUES ({names})", row)  # noqa: S608
            _state(sql, file)

    def save_list(self, file: DataFile, one: WarningList) -> None:
        with self._session.write() as sql:
            sql.execute("INSERT OR REPLACE INTO lists VALUES (?, ?, ?)", (one.name, one.kind, json.dumps(one.entries)))
            _state(sql, file)

    def save_galaxy(self, file: DataFile, galaxy: str, names: Iterable[Name]) -> None:
        with self._session.write() as sql:
            sql.execute("DELETE FROM galaxies WHERE galaxy = ?", (galaxy,))
            sql.many(
                "INSERT INTO galaxies VALUES (?, ?, ?, ?, ?)",
                ((galaxy, one.kind, one.value, one.attack_id, json.dumps(one.aliases)) for one in names),
            )
            _state(sql, file)

    def save_record(self, record: CveRecord, now: datetime, next_at: datetime | None) -> None:
        """A CVE record, and when to ask for it again."""
        with self._session.write() as sql:
            sql.execute(
                "INSERT INTO cves VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (cve) DO UPDATE SET state = excluded.state, "
                "title = excluded.title, published = excluded.published, cvss = excluded.cvss, ssvc = excluded.ssvc, kev_added = excluded.kev_added, "
                "affected = excluded.affected, cwes = excluded.cwes, fetched_at = excluded.fetched_at, next_at = excluded.next_at, error = NULL",
                (
                    record.cve,
                    record.state,
                    record.title,
                    record.published,
                    json.dumps(asdict(record.cvss)) if record.cvss else None,
                    record.ssvc,
                    record.kev_added,
                    json.dumps([asdict(one) for one in record.affected]),
                    json.dumps(record.cwes),
                    times.whole(now),
                    times.whole(now),
                    times.whole(next_at) if next_at else None,
                ),
            )

    def want_records(self, cves: Iterable[str], now: datetime) -> None:
        """Note numbers whose records are to be fetched, at once."""
        with self._session.write() as sql:
            sql.execute(
                "INSERT OR IGNORE INTO cves (cve, first_asked, next_at) SELECT value, ?, ? FROM json_each(?)",
                (times.whole(now), times.whole(now), json.dumps(sorted(cves))),
            )

    def due_records(self, now: datetime, an_hour: int) -> tuple[tuple[str, datetime], ...]:
        """(number, when it was first asked for) of records to fetch now, never more than so many within an hour."""
        with self._session.read() as sql:
            spent = int(
                sql.value("SELECT count(*) FROM cves WHERE fetched_at > ?", (times.whole(now - timedelta(hours=1)),))
            )
            rows = sql.all(
                "SELECT cve, first_asked FROM cves WHERE next_at <= ? ORDER BY state IS NOT NULL, next_at, cve DESC LIMIT ?",
                (times.whole(now), max(0, an_hour - spent)),
            )
            return tuple((row["cve"], times.must_read(row["first_asked"])) for row in rows)

    def record_failed(self, cve: str, error: str, next_at: datetime, now: datetime) -> None:
        with self._session.write() as sql:
            sql.execute(
                "UPDATE cves SET error = ?, next_at = ?, fetched_at = ? WHERE cve = ?",
                (error, times.whole(next_at), times.whole(now), cve),
            )

    def count_records(self, now: datetime) -> None:
        """State of the CVE records as a whole, for `data status`."""
        with self._session.write() as sql:
            rows = sql.value("SELECT count(*) FROM cves WHERE state IS NOT NULL")
            sql.execute(
                "INSERT INTO data_files (name, rows, fetched_at) VALUES ('cves', ?, ?) ON CONFLICT (name) DO UPDATE SET "
                "rows = excluded.rows, fetched_at = excluded.fetched_at, error = NULL, error_at = NULL",
                (rows, times.whole(now)),
            )

    def kev(self, cves: Iterable[str] | None = None) -> dict[str, KevEntry]:
        """The catalogue's entries, of these numbers or all."""
        with self._session.read() as sql:
            rows = _of(sql, "kev", cves)
            return {
                row["cve"]: KevEntry(
                    row["cve"],
                    row["vendor"],
                    row["product"],
                    row["title"],
                    row["added"],
                    row["due"],
                    bool(row["ransomware"]),
                )
                for row in rows
            }

    def epss(self, cves: Iterable[str]) -> dict[str, Epss]:
        """The scores of these numbers, with date and model of the file."""
        with self._session.read() as sql:
            file = sql.one("SELECT version, stated_at FROM data_files WHERE name = 'epss'")
            return {
                row["cve"]: Epss(
                    row["score"],
                    row["percentile"],
                    file["stated_at"] if file else None,
                    file["version"] if file else None,
                )
                for row in _of(sql, "epss", cves)
            }

    def records(self, cves: Iterable[str] | None = None) -> dict[str, CveRecord]:
        """The records that are here, of these numbers or all."""
        with self._session.read() as sql:
            return {row["cve"]: _record(row) for row in _of(sql, "cves", cves) if row["state"]}

    def attack(self) -> tuple[AttackObject, ...]:
        with self._session.read() as sql:
            return tuple(
                AttackObject(
                    **{
                        **dict(row),
                        "aliases": tuple(json.loads(row["aliases"])),
                        "revoked": bool(row["revoked"]),
                    }
                )
                for row in sql.all("SELECT * FROM attack ORDER BY number")
            )

    def galaxies(self) -> tuple[Name, ...]:
        with self._session.read() as sql:
            return tuple(
                Name(row["kind"], row["value"], row["attack_id"], aliases=tuple(json.loads(row["aliases"])))
                for row in sql.all("SELECT * FROM galaxies ORDER BY rowid")
            )

    def lists(self) -> tuple[WarningList, ...]:
        with self._session.read() as sql:
            return tuple(
                WarningList(row["name"], row["kind"], tuple(json.loads(row["entries"])))
                for row in sql.all("SELECT * FROM lists ORDER BY name")
            )


def _of(sql: Sql, table: str, cves: Iterable[str] | None) -> list[sqlite3.Row]:
    every = f"SELECT * FROM {table}"  # noqa: S608 - a name of this module
    if cves is None:
        return sql.all(every)
    chosen = "cve IN (SELECT value FROM json_each(?))"
    return sql.all(f"{every} WHERE {chosen}", (json.dumps(sorted(cves)),))


def _state(sql: Sql, file: DataFile) -> None:
    sql.execute(
        "INSERT OR REPLACE INTO data_files (name, version, stated_at, rows, skipped, fetched_at, next_at, etag, last_modified) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            file.name,
            file.version,
            file.stated_at,
            file.rows,
            file.skipped,
            times.whole(file.fetched_at) if file.fetched_at else None,
            times.whole(file.next_at) if file.next_at else None,
            file.etag,
            file.last_modified,
        ),
    )


def _file(row: sqlite3.Row) -> DataFile:
    return DataFile(
        row["name"],
        row["version"],
        row["stated_at"],
        row["rows"],
        row["skipped"],
        times.read(row["fetched_at"]),
        times.read(row["next_at"]),
        row["etag"],
        row["last_modified"],
        row["error"],
        times.read(row["error_at"]),
        row["fault"],
    )


def _record(row: sqlite3.Row) -> CveRecord:
    def affected() -> Iterator[Affected]:
        for one in json.loads(row["affected"]):
            yield Affected(**{**one, "cpes": tuple(one["cpes"])})

    return CveRecord(
        row["cve"],
        row["state"],
        row["title"],
        row["published"],
        Cvss(**json.loads(row["cvss"])) if row["cvss"] else None,
        row["ssvc"],
        row["kev_added"],
        tuple(affected()),
        tuple(json.loads(row["cwes"])),
    )

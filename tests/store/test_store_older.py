"""Databases of every former version: backed up, brought up to date, with all that was in them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlite_utils import Database
from structlog.testing import capture_logs
from support.store_builders import NOW, Newsroom, entry

from aggregator.models.errors import StoreError
from aggregator.store import Store, restored
from aggregator.store.connection import Session
from aggregator.store.schema import APPLICATION_ID, OLDEST, SCHEMA, STEPS, fill_schema_help, statements

SCHEMA_22 = Path(__file__).with_name("schema_22.sql")


def make(path: Path, version: int) -> None:
    """A database as the program that knew `version` of the schema has left it, with a feed in it."""
    session = Session(path)
    session.make_durable()
    with session.write() as sql:
        db = Database(sql.connection, recursive_triggers=False, execute_plugins=False)
        for statement in statements(SCHEMA_22).values():
            db.execute(statement)
        for step in STEPS[: version - OLDEST]:
            step(db)
        fill_schema_help(sql)
        sql.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        sql.execute(f"PRAGMA user_version = {version}")
        sql.execute(
            "INSERT INTO feeds (name, slug, url, polled_url, added) VALUES ('Old', 'old', ?, ?, '2026-01-01T00:00:00Z')",
            ("https://old.example/feed", "https://old.example/feed"),
        )
    session.close()


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_the_log_says_that_an_older_database_is_migrated(path: Path) -> None:
    """With the version that it was, and where the copy is; an up-to-date one is opened without a word."""
    make(path, OLDEST)
    with capture_logs() as lines:
        Store.open(path).close()
        Store.open(path).close()
    (line,) = lines
    (backup,) = (path.parent / "backups").iterdir()
    assert line == {
        "event": "the database is brought to its new form", "log_level": "info", "version": OLDEST, "backup": str(backup)
    }  # fmt: skip


@pytest.mark.parametrize("version", range(OLDEST, SCHEMA))
def test_every_older_version_is_migrated_with_a_backup_first(path: Path, version: int) -> None:
    """The copy is of the older version and whole; the file has everything, works, and is sound."""
    make(path, version)
    with Store.open(path) as store:
        assert [feed.name for feed in store.feeds()] == ["Old"]
        room = Newsroom(store)
        room.poll(entry("one"))
        room.scrape("https://alpha.example/one")
        assert room.publish() == 1
        assert store.maintenance.check() == ()
    (copy,) = (path.parent / "backups").iterdir()
    day = datetime.fromtimestamp(path.stat().st_mtime).astimezone().date()
    assert copy.name.startswith(f"aggregator-v{version}-{day.year}-")
    assert version_of(copy) == version
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT name FROM feeds").fetchall() == [("Old",)]


def test_a_second_migration_of_a_day_keeps_the_first_backup(path: Path) -> None:
    """No backup of a former version is ever replaced."""
    for _ in range(2):
        path.unlink(missing_ok=True)
        make(path, OLDEST)
        Store.open(path).close()
    assert len(list((path.parent / "backups").iterdir())) == 2


def test_no_backup_where_nothing_is_migrated(path: Path) -> None:
    """A new file, or one of the present form, is opened as it is."""
    Store.open(path).close()
    Store.open(path).close()
    assert not (path.parent / "backups").exists()


def test_f38_a_migration_without_its_backup_is_not_begun(path: Path) -> None:
    """When the backup cannot be written the file stays as it was."""
    make(path, OLDEST)
    (path.parent / "backups").write_text("in the way")
    with pytest.raises(StoreError, match="backups"):
        Store.open(path)
    assert version_of(path) == OLDEST


def test_a_backup_is_restored(newsroom: Newsroom, tmp_path: Path) -> None:
    """What was stored since is in the former database, which is kept whole beside it, its log included."""
    newsroom.poll(entry("one"))
    copy, path = tmp_path / "copy.db", newsroom.store.path
    newsroom.store.maintenance.backup(copy)
    before = copy.read_bytes()
    newsroom.poll(entry("two"))
    newsroom.store.close()
    former = restored(copy, path, NOW)
    assert former == path.with_name("aggregator-before-2026-03-10T120000.db")
    assert copy.read_bytes() == before
    for file, held in ((path, 1), (former, 2)):
        with Store.open(file) as store:
            assert store.feeds()[0].entries == held
            assert store.maintenance.check() == ()
    assert path.stat().st_mode & 0o007 == 0


def test_a_killed_writers_log_goes_with_its_database(path: Path, empty_database: Path, tmp_path: Path) -> None:
    """A log that nobody folded in would be played into the restored file, if it were left where it is."""
    copy = tmp_path / "copy.db"
    with Store.open(path) as store:
        store.maintenance.backup(copy)
        Newsroom(store).poll(entry("one"))
        snapshot = {name: path.with_name(name).read_bytes() for name in ("aggregator.db", "aggregator.db-wal")}
    for name, content in snapshot.items():
        path.with_name(name).write_bytes(content)
    former = restored(copy, path, NOW)
    assert former is not None
    with Store.open(former) as store:
        assert store.feeds()[0].entries == 1
    with Store.open(path) as store:
        assert store.feeds() == ()


def test_a_restore_that_is_refused_changes_nothing(newsroom: Newsroom, tmp_path: Path) -> None:
    """A damaged file, another program's, a newer one's, an empty one, the database itself."""
    newsroom.poll(*(entry(f"e{number}", html="<p>" + "words " * 300 + "</p>") for number in range(40)))
    path, good = newsroom.store.path, tmp_path / "good.db"
    newsroom.store.maintenance.backup(good)
    newsroom.store.close()
    damaged, newer, foreign, empty = (tmp_path / name for name in ("damaged.db", "newer.db", "foreign.db", "empty.db"))
    content = bytearray(good.read_bytes())
    for page in range(10, len(content) // 4096):
        content[page * 4096 : page * 4096 + 60] = b"\xff" * 60
    damaged.write_bytes(content)
    newer.write_bytes(good.read_bytes())
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE places (url TEXT)")
    empty.write_bytes(b"")
    before = path.read_bytes()
    for bad in (damaged, newer, foreign, empty, path):
        with pytest.raises(StoreError) as refused:
            restored(bad, path, NOW)
        assert str(bad.parent / "backups") not in str(refused.value)  # where there are no copies
        assert path.read_bytes() == before
    assert not list(path.parent.glob("aggregator-before*"))
    assert not list(path.parent.glob(".*partial*"))


def test_vacuum_gives_room_back(newsroom: Newsroom) -> None:
    """What purged texts have left is the disk's again; nothing else changes."""
    newsroom.poll(*(entry(f"e{number}", html="<p>" + "words " * 4000 + "</p>") for number in range(80)))
    newsroom.execute("UPDATE entries SET html = ''")
    newsroom.store.maintenance.checkpoint()
    before = newsroom.store.path.stat().st_size
    size, empty = newsroom.store.maintenance.size()
    assert size == before
    assert empty > 0.45 * size
    newsroom.store.maintenance.vacuum()
    assert newsroom.store.path.stat().st_size < before / 2
    assert newsroom.feed().entries == 80
    assert newsroom.store.maintenance.check() == ()


def test_the_file_is_not_for_everybody(path: Path) -> None:
    """It may hold addresses with secrets: neither it, nor its log, nor its backups can be read by strangers."""
    with Store.open(path) as store:
        Newsroom(store).poll(entry("one"))
        store.maintenance.backup(path.with_name("copy.db"))
        for name in ("aggregator.db", "aggregator.db-wal", "aggregator.db-shm", "copy.db"):
            assert path.with_name(name).stat().st_mode & 0o007 == 0, name
    path.chmod(0o644)
    Store.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o640


def test_pages_that_robots_txt_forbade_are_counted_after_a_migration(path: Path) -> None:
    """They were known by the words of their error, and are known by the kind of refusal from then on."""
    make(path, OLDEST)
    said = ("fetch: robots.txt of old.example does not allow it (https://old.example/1)", "fetch: 404 (https://x/)")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO articles (uid, feed_id, state, title, published, first_seen, last_error)"
            " VALUES (?, 1, 'failed', 'T', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', ?)",
            [(str(number), error) for number, error in enumerate(said)],
        )
    with Store.open(path) as store:
        assert store.queries.disallowed() == {1: 1}

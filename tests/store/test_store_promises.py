"""What the durability of the file rests on, promise by promise: each test fails when the promise is not kept."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support.machine import full_disk
from support.store_builders import NOW, Newsroom, entry
from test_store_older import make, version_of

from aggregator.models.errors import StoreError
from aggregator.store import Store, connection, maintenance, restored, schema

WRITER = Path(__file__).with_name("crashing_writer.py")
FOREIGN_READER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM feeds").fetchall()
connection.close()
"""


def test_the_settings_of_the_writing_connection(newsroom: Newsroom) -> None:
    """A COMMIT waits for the disk, references are held, the log is folded in and cut at its size."""
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "wal_autocheckpoint": 4000}
    wanted["journal_size_limit"] = connection.WAL_LIMIT_BYTES
    assert {name: newsroom.value(f"PRAGMA {name}") for name in wanted} == wanted


def test_a_reader_can_not_write_at_all(newsroom: Newsroom) -> None:
    """Neither through the store nor past it: the file is open for reading, and the connection told to query only."""
    with Store.read(newsroom.store.path) as reader, reader._session.read() as sql:
        assert sql.value("PRAGMA query_only") == 1
        sql.execute("PRAGMA query_only = OFF")
        with pytest.raises(StoreError, match="readonly"), reader._session._errors():
            sql.execute("DELETE FROM feeds")


def test_where_no_log_can_be_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that cannot hold a write-ahead log is refused, since promises could not be kept there."""
    monkeypatch.setattr(connection, "_write_ahead", lambda _: "delete")
    with pytest.raises(StoreError, match="cannot keep a write-ahead log"):
        Store.open(path)


def test_opening_twice_keeps_the_locks(newsroom: Newsroom) -> None:
    """Closing a file ends all of a process's locks on it; then another program would delete the log that is in use."""
    newsroom.poll(entry("one"))
    Store.open(newsroom.store.path).close()
    newsroom.poll(entry("two"))
    subprocess.run([sys.executable, "-c", FOREIGN_READER, str(newsroom.store.path)], check=True, timeout=60)
    assert newsroom.store.path.with_name("aggregator.db-wal").exists()


def test_an_interrupted_transaction_leaves_nothing(newsroom: Newsroom) -> None:
    """Ctrl-C in the middle of a save is a rollback, and the next save begins again."""

    def interrupted() -> None:
        with newsroom.store._session.write() as sql:
            sql.execute("DELETE FROM feeds")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    newsroom.poll(entry("one"))
    assert newsroom.feed().entries == 1


def test_a_backup_is_not_put_off_by_those_who_write(
    newsroom: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page that others write would begin the copy again, if it were not of one moment."""
    monkeypatch.setattr(connection, "COPIED_PAGES", 20)
    newsroom.poll(*(entry(f"e{n}", html="<p>" + "words " * 300 + "</p>") for n in range(60)))
    steps: list[int] = []

    def write_meanwhile(*_: int) -> None:
        steps.append(len(steps))
        assert len(steps) < 200, "the copy begins again and again"
        newsroom.execute("UPDATE feeds SET title = ?", str(len(steps)))

    with Store.read(newsroom.store.path) as reader:
        reader.maintenance.backup(tmp_path / "copy.db", write_meanwhile)
    assert len(steps) > 5


def test_a_backup_that_came_out_damaged_is_not_kept(newsroom: Newsroom, tmp_path: Path) -> None:
    """The copy is checked after it is written: a damaged database does not take the place of a good backup."""
    copy = tmp_path / "copy.db"
    copy.write_bytes(b"the former one")
    newsroom.poll(*(entry(f"e{n}") for n in range(30)))
    _lose_an_index(newsroom.store)
    with pytest.raises(StoreError, match=r"damaged.*aggregator db verify"):
        newsroom.store.maintenance.backup(copy)
    assert copy.read_bytes() == b"the former one"


def test_damaged_indexes_are_made_anew(newsroom: Newsroom) -> None:
    """What is held twice can be mended without a backup."""
    newsroom.poll(*(entry(f"e{n}") for n in range(30)))
    _lose_an_index(newsroom.store)
    newsroom.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
    assert {problem.partition(":")[0] for problem in newsroom.store.maintenance.check()} == {
        "integrity",
        "search index",
    }
    newsroom.store.maintenance.mend()
    assert newsroom.store.maintenance.check() == ()
    assert newsroom.store.search("e7")


def _lose_an_index(store: Store) -> None:
    """Empty an index behind SQLite's back: the pages are fine, and say less than the table."""
    with store._session.exclusive() as sql:
        sql.execute("PRAGMA writable_schema = ON")
        sql.execute(
            "UPDATE sqlite_master SET sql = replace(sql, '(state)', '(title)') WHERE name = 'idx_articles_state'"
        )
        sql.execute("PRAGMA writable_schema = RESET")


def test_references_to_nothing_are_found(newsroom: Newsroom) -> None:
    """The check names the table and the row."""
    newsroom.poll(entry("one"))
    with newsroom.store._session.exclusive() as sql:
        sql.execute("PRAGMA foreign_keys = OFF")
        sql.execute("DELETE FROM articles")
    assert any(problem.startswith("foreign key: entries row") for problem in newsroom.store.maintenance.check())


@pytest.mark.parametrize("done", [1, 4])
def test_a_migration_that_fails_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    """All steps or none: a file is never between two versions, and a next start tries again."""
    make(path, schema.OLDEST)
    before = _schema(path)

    def fails(_: object) -> None:
        raise sqlite3.OperationalError("no such thing")

    steps = list(schema.STEPS)
    fails.__name__ = steps[done].__name__
    steps[done] = fails
    monkeypatch.setattr(schema, "STEPS", tuple(steps))
    with pytest.raises(StoreError, match="no such thing"):
        Store.open(path)
    assert version_of(path) == schema.OLDEST
    assert _schema(path) == before
    monkeypatch.undo()
    with Store.open(path) as store:
        assert [feed.name for feed in store.feeds()] == ["Old"]
        assert store.maintenance.check() == ()


def test_f38_no_room_for_the_backup_no_migration(path: Path) -> None:
    """A database that cannot be copied first is left alone; nothing half is left in the folder of backups."""
    make(path, schema.OLDEST)
    before = _schema(path)
    with full_disk(100_000), pytest.raises(StoreError):
        Store.open(path)
    assert _schema(path) == before
    assert list((path.parent / "backups").iterdir()) == []


def test_a_damaged_older_database_is_not_migrated(path: Path) -> None:
    """The copy that is made first would be damaged, too, so nothing is done."""
    make(path, schema.OLDEST)
    with closing(sqlite3.connect(path)) as open_file, open_file:
        open_file.execute("PRAGMA writable_schema = ON")
        open_file.execute("UPDATE sqlite_master SET sql = replace(sql, '(slug)', '(name)') WHERE type = 'index'")
        open_file.execute("PRAGMA ignore_check_constraints = ON")
        open_file.execute(
            "UPDATE sqlite_master SET sql = replace(sql, '(state)', '(title)') WHERE name = 'idx_articles_state'"
        )
        open_file.execute(
            "INSERT INTO articles (uid, feed_id, state, title, published, first_seen)"
            " VALUES ('u', 1, 'failed', 'T', '', '')"
        )
    with pytest.raises(StoreError, match="damaged"):
        Store.open(path)
    assert version_of(path) == schema.OLDEST


def _schema(path: Path) -> tuple[int, list[tuple[object, ...]], list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as open_file:
        names = open_file.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
        return version_of(path), names, open_file.execute("SELECT * FROM feeds").fetchall()


def test_a_restore_never_leaves_no_database(
    newsroom: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whatever moment the power goes, the old database or the new one stands under its name, whole."""
    newsroom.poll(entry("one"))
    copy, path = tmp_path / "copy.db", newsroom.store.path
    newsroom.store.maintenance.backup(copy)
    newsroom.poll(entry("two"))
    newsroom.store.close()
    there: list[bool] = []
    for name in ("hardlink_to", "rename", "replace", "unlink"):
        original = getattr(Path, name)

        def watched(*args: object, _original: Callable[..., object] = original, **kwargs: object) -> object:
            there.append(path.exists())
            result = _original(*args, **kwargs)
            there.append(path.exists())
            return result

        monkeypatch.setattr(Path, name, watched)
    former = restored(copy, path, NOW)
    monkeypatch.undo()
    assert len(there) > 4
    assert all(there)
    assert former
    with Store.open(former) as store:
        assert store.feeds()[0].entries == 2


def test_two_restores_in_one_second(newsroom: Newsroom, tmp_path: Path) -> None:
    """The second does not write over the database that the first has set aside."""
    copy, path = tmp_path / "copy.db", newsroom.store.path
    newsroom.store.maintenance.backup(copy)
    newsroom.poll(entry("one"))
    newsroom.store.close()
    former = restored(copy, path, NOW)
    assert former
    held = former.read_bytes()
    with pytest.raises(StoreError, match="exists"):
        restored(copy, path, NOW)
    assert former.read_bytes() == held
    Store.open(path).close()


def test_a_restore_without_hard_links(newsroom: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system that has none, the former database is moved."""

    def none(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    copy, path = tmp_path / "copy.db", newsroom.store.path
    newsroom.store.maintenance.backup(copy)
    newsroom.poll(entry("one"))
    newsroom.store.close()
    monkeypatch.setattr(maintenance.Path, "hardlink_to", none)
    former = restored(copy, path, NOW)
    assert former
    for file, held in ((former, 1), (path, 0)):
        with Store.read(file) as store:
            assert store.feeds()[0].entries == held


def test_f39_the_power_goes(path: Path, empty_database: Path, tmp_path: Path) -> None:
    """File and log as they are at some moment, and a torn end of the log: sound, and nothing acknowledged is lost."""
    shutil.copy(empty_database, path)
    code = "import sys, pathlib, crashing_writer as one; one.write_until_killed(pathlib.Path(sys.argv[1]), 0, 1)"
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(WRITER.parent)!r}); {code}", str(path)]
    with _running(command) as writer:
        assert writer.stdout
        told = os.read(writer.stdout.fileno(), 10)  # it has begun
        os.set_blocking(writer.stdout.fileno(), False)
        for moment in range(8):
            time.sleep(0.05 + 0.013 * moment)
            os.kill(writer.pid, signal.SIGSTOP)
            told += writer.stdout.read() or b""
            copy = tmp_path / f"moment{moment}" / "aggregator.db"
            copy.parent.mkdir()
            for suffix in ("", "-wal"):
                if (part := path.with_name(path.name + suffix)).exists():
                    shutil.copy(part, copy.with_name(copy.name + suffix))
            os.kill(writer.pid, signal.SIGCONT)
            with copy.with_name("aggregator.db-wal").open("ab") as log:
                log.write(os.urandom(3000))  # what was on its way to the disk
            _has_all(copy, told.decode().split("\n")[:-1])
    assert told.count(b"\n") > 20


def _has_all(path: Path, told: list[str]) -> None:
    with Store.open(path) as store:
        assert store.maintenance.check() == ()
        held = {row["guid"] for row in Newsroom(store).rows("SELECT guid FROM entries")}
        assert {f"https://alpha.example/{line.split()[1]}" for line in told if line.startswith("entry")} <= held


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: b"\0" * 100 + data[100:], "not a database; the file is damaged"),
        (lambda data: data[:4096] + b"\xff" * (len(data) - 4096), "malformed; the file is damaged"),
        (lambda data: data[:8192], "malformed; the file is damaged"),
    ],
)
def test_what_is_damaged_says_what_to_do(newsroom: Newsroom, damage: Callable[[bytes], bytes], words: str) -> None:
    """The error names the file, the damage, `aggregator db restore` and the folder of the backups."""
    newsroom.store.close()
    path = newsroom.store.path
    path.write_bytes(damage(path.read_bytes()))
    for opened in (Store.open, Store.read):
        with pytest.raises(StoreError, match=f"{words}.*`aggregator db restore`.*backups"), opened(path) as store:
            store.feeds()


def test_a_damaged_search_index_is_told_from_a_damaged_file(newsroom: Newsroom) -> None:
    """It is not a case for a backup: it can be made again."""
    newsroom.poll(entry("one"))
    newsroom.execute("UPDATE articles_fts_data SET block = x'00000000ffffff' WHERE id = 10")
    with pytest.raises(StoreError, match=r"search index is damaged.*verify --mend"):
        newsroom.poll(entry("two"))
    newsroom.store.maintenance.mend()
    newsroom.poll(entry("two"))
    assert newsroom.store.maintenance.check() == ()


def test_reading_where_no_log_can_be_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a read-only or full file system a database that nobody writes to can be read; one that is in use is not."""
    real = connection._opened

    def refuses(where: Path, how: str) -> sqlite3.Connection:
        if how == "mode=ro":
            raise sqlite3.OperationalError("unable to open database file")
        return real(where, how)

    monkeypatch.setattr(connection, "_opened", refuses)
    with Store.open(path) as store:
        Newsroom(store).poll(entry("one"))
        with pytest.raises(StoreError, match="unable to open"):
            Store.read(path)
    with Store.read(path) as reader:
        assert reader.feeds()[0].entries == 1


def test_what_can_not_be_opened_says_why(tmp_path: Path) -> None:
    """A folder in its place."""
    (tmp_path / "aggregator.db").mkdir()
    with pytest.raises(StoreError, match="it is a folder"):
        Store.open(tmp_path / "aggregator.db")


def test_a_backup_whose_damage_does_not_show_is_not_restored(newsroom: Newsroom, tmp_path: Path) -> None:
    """One that opens and answers is checked all the same before it takes the place of the database."""
    newsroom.poll(*(entry(f"e{n}") for n in range(30)))
    copy, path = tmp_path / "copy.db", newsroom.store.path
    newsroom.store.maintenance.backup(copy)
    newsroom.store.close()
    with Store.open(copy) as opened:
        _lose_an_index(opened)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="damaged"):
        restored(copy, path, NOW)
    assert path.read_bytes() == before
    assert sorted(file.name for file in path.parent.glob("*.db")) == ["aggregator.db", "copy.db"]


def test_the_planner_gets_its_statistics(newsroom: Newsroom) -> None:
    """Upkeep's optimizing leaves statistics of the tables behind, so that queries are planned by what is there."""
    newsroom.poll(*(entry(f"e{n}") for n in range(30)))
    newsroom.store.maintenance.optimize()
    assert newsroom.value("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'articles'")

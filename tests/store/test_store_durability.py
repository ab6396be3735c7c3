"""kill -9, a full disk, two writers, a locked file, backups: nothing acknowledged is lost, nothing half is left."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from support.machine import full_disk
from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.models.errors import StoreError
from aggregator.store import Store, connection

WRITER = Path(__file__).with_name("crashing_writer.py")


def test_f39_nothing_acknowledged_is_lost(path: Path, empty_database: Path) -> None:
    """A writer killed at twenty random moments: the file is sound after it, and has all that calls returned from."""
    path.write_bytes(empty_database.read_bytes())
    done = subprocess.run(
        [sys.executable, str(WRITER), str(path), "20", "5"], capture_output=True, check=True, timeout=100
    )
    told = [line for round_ in done.stdout.splitlines() for line in json.loads(round_)]
    assert len(told) > 20
    with Store.open(path) as store:
        assert store.maintenance.check() == ()
        room = Newsroom(store)
        names = {
            "entry": "SELECT guid FROM entries",
            "scraped": "SELECT canonical_url FROM articles WHERE state = 'scraped' AND length(text) > 1000",
            "published": "SELECT canonical_url FROM articles JOIN posts ON article_id = id AND sequence IS NOT NULL",
        }
        for kind, statement in names.items():
            promised = {f"https://alpha.example/{line.split()[1]}" for line in told if line.split()[0] == kind}
            there = {next(iter(row.values())) for row in room.rows(statement)}
            assert promised
            assert promised <= there
        sequences = [row["sequence"] for row in room.rows("SELECT sequence FROM posts WHERE sequence IS NOT NULL")]
        assert sorted(sequences) == list(range(1, len(sequences) + 1))
        assert room.value("SELECT count(*) FROM articles WHERE id NOT IN (SELECT article_id FROM entries)") == 0


def _fill_the_disk(room: Newsroom) -> None:
    for number in range(99):
        room.poll(entry(f"full{number}", html="<p>" + "words " * 2000 + "</p>"))


def test_f38_a_full_disk_is_a_store_error(newsroom: Newsroom) -> None:
    """When the disk is full a call fails as a whole; what was there stays, and work goes on when there is room."""
    newsroom.poll(entry("before"))
    log = newsroom.store.path.with_name("aggregator.db-wal")
    with full_disk(log.stat().st_size + 50_000), pytest.raises(StoreError):
        _fill_the_disk(newsroom)
    held = newsroom.feed().entries
    assert 1 <= held < 99
    assert newsroom.store.maintenance.check() == ()
    newsroom.poll(entry("after"))
    assert newsroom.feed().entries == held + 1
    assert newsroom.store.maintenance.check() == ()


def test_f38_a_database_that_may_not_grow(newsroom: Newsroom) -> None:
    """The other way in which SQLite runs out of room: the same."""
    newsroom.poll(entry("before"))
    pages = newsroom.value("PRAGMA page_count")
    assert isinstance(pages, int)
    newsroom.value(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(StoreError, match="full"):
        newsroom.poll(*(entry(f"full{number}", html="<p>" + "words " * 500 + "</p>") for number in range(99)))
    assert newsroom.feed().entries == 1
    newsroom.value("PRAGMA max_page_count = 1000000")
    newsroom.poll(entry("after"))
    assert newsroom.feed().entries == 2
    assert newsroom.store.maintenance.check() == ()


def test_f40_two_writers_lose_nothing(path: Path, empty_database: Path) -> None:
    """Two stores on one file, writing at once: each waits for the other, and all of both is there."""
    path.write_bytes(empty_database.read_bytes())
    with Store.open(path) as one, Store.open(path) as other:
        rooms = {"a": Newsroom(one), "b": Newsroom(other)}

        def work(name: str) -> None:
            for number in range(25):
                rooms[name].poll(entry(f"{name}{number}"))
                rooms[name].scrape(f"https://alpha.example/{name}{number}")
                rooms[name].publish()

        threads = [threading.Thread(target=work, args=(name,)) for name in rooms]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert rooms["a"].feed().entries == 50
        posts = one.archive.changed(0)
        assert sorted(post.sequence for post in posts) == list(range(1, 51))
        assert one.maintenance.check() == ()


def test_f40_a_locked_database_is_waited_for(newsroom: Newsroom) -> None:
    """A write waits for whoever holds the file, and is not lost."""
    holder = sqlite3.connect(newsroom.store.path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, lambda: holder.execute("ROLLBACK")).start()
    began = time.monotonic()
    newsroom.poll(entry("one"))
    assert time.monotonic() - began > 0.2
    assert newsroom.feed().entries == 1
    holder.close()


def test_f40_a_database_that_stays_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the longest wait there is a clear error, and nothing half is written."""
    monkeypatch.setattr(connection, "BUSY_S", 0.1)
    with Store.open(path) as store:
        room = Newsroom(store)
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            room.poll(entry("one"))
        assert room.feed().entries == 0
        holder.close()
        room.poll(entry("one"))
        assert room.feed().entries == 1


def test_a_reader_never_waits(newsroom: Newsroom) -> None:
    """Readers see the last finished state while a transaction is under way."""
    newsroom.poll(entry("one"))
    with Store.read(newsroom.store.path) as reader, newsroom.store.transaction():
        newsroom.poll(entry("two"))
        assert reader.feeds()[0].entries == 1
        assert newsroom.feed().entries == 2


def test_reading_without_a_writer(path: Path) -> None:
    """A file that nobody has open can be read."""
    with Store.open(path) as store:
        Newsroom(store).poll(entry("one"))
    with Store.read(path) as reader:
        assert reader.feeds()[0].entries == 1


def test_a_backup_is_one_sound_file(newsroom: Newsroom, tmp_path: Path) -> None:
    """Made while the store is open, in place of an older one; a database like any other, in one file."""
    newsroom.poll(entry("one"))
    newsroom.scrape("https://alpha.example/one")
    newsroom.publish()
    copy = tmp_path / "backups" / "copy.db"
    copy.parent.mkdir()
    newsroom.store.maintenance.backup(copy)
    newsroom.poll(entry("two"))
    newsroom.store.maintenance.backup(copy)
    assert [file.name for file in copy.parent.iterdir()] == ["copy.db"]
    with Store.open(copy) as restored:
        assert restored.feeds()[0].entries == 2
        assert restored.archive.latest(9) == newsroom.store.archive.latest(9)
        assert restored.maintenance.check() == ()


def test_a_backup_while_others_write(newsroom: Newsroom, tmp_path: Path) -> None:
    """Writing goes on during a backup made by a reader; the copy is of one moment."""
    newsroom.poll(*(entry(f"e{n}", html="<p>" + "words " * 500 + "</p>") for n in range(50)))
    stop = threading.Event()

    def work() -> None:
        for number in range(1000):
            if stop.is_set():
                return
            newsroom.poll(entry(f"more{number}a"), entry(f"more{number}b"))

    writer = threading.Thread(target=work)
    writer.start()
    with Store.read(newsroom.store.path) as reader:
        reader.maintenance.backup(tmp_path / "copy.db")
    stop.set()
    writer.join()
    with Store.open(tmp_path / "copy.db") as restored:
        assert restored.maintenance.check() == ()
        assert restored.feeds()[0].entries % 2 == 0


def test_f38_a_backup_that_fails_leaves_the_old_one(newsroom: Newsroom, tmp_path: Path) -> None:
    """No room for the copy: an error, the former backup as it was, and nothing else in the folder."""
    newsroom.poll(*(entry(f"e{n}", html="<p>" + "words " * 999 + "</p>") for n in range(30)))
    copy = tmp_path / "backups" / "copy.db"
    copy.parent.mkdir()
    copy.write_bytes(b"the former one")
    with full_disk(20_000), pytest.raises(StoreError):
        newsroom.store.maintenance.backup(copy)
    assert copy.read_bytes() == b"the former one"
    assert [file.name for file in copy.parent.iterdir()] == ["copy.db"]
    newsroom.poll(entry("after"))
    assert newsroom.store.maintenance.check() == ()


def test_a_backup_into_nowhere(newsroom: Newsroom, tmp_path: Path) -> None:
    """A folder that cannot be, or is not there, is a StoreError: a mistyped path is not made."""
    (tmp_path / "file").write_text("")
    for folder in ("file", "mistyped"):
        with pytest.raises(StoreError, match="is not a folder"):
            newsroom.store.maintenance.backup(tmp_path / folder / "copy.db")
    assert not (tmp_path / "mistyped").exists()


def test_a_backup_onto_itself(newsroom: Newsroom, tmp_path: Path) -> None:
    """The database is not replaced by a copy of itself while it is in use, by whatever name."""
    (tmp_path / "link").symlink_to(newsroom.store.path)
    for path in (newsroom.store.path, tmp_path / "link"):
        with pytest.raises(StoreError, match="itself"):
            newsroom.store.maintenance.backup(path)


def test_a_damaged_file_is_noticed(path: Path) -> None:
    """Bytes that have rotted are a StoreError or a problem found by the check, never a crash."""
    with Store.open(path) as store:
        Newsroom(store).poll(*(entry(f"e{n}", html="<p>" + "words " * 300 + "</p>") for n in range(40)))
    data = bytearray(path.read_bytes())
    for page in range(20, len(data) // 4096):
        data[page * 4096 : page * 4096 + 60] = b"\xff" * 60
    path.write_bytes(data)
    try:
        with Store.open(path) as store:
            problems = store.maintenance.check()
    except StoreError as error:
        problems = (str(error),)
    assert problems


def test_one_connection_for_many_threads(newsroom: Newsroom) -> None:
    """Threads that save and read at the same time do not mix their transactions."""
    errors: list[Exception] = []

    def work(name: str) -> None:
        try:
            for number in range(10):
                newsroom.store.save_polls([])
                newsroom.poll(entry(f"{name}-{number}"))
                newsroom.store.pending(NOW + HOUR, 5)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert newsroom.feed().entries == 60


def test_one_save_that_fails_among_several_is_undone_alone(newsroom: Newsroom) -> None:
    """In a transaction of many, a save that raises takes back what it had written; the others stay."""
    store = newsroom.store

    def half_a_save() -> None:
        with store._session.write() as sql:
            sql.execute("DELETE FROM entries")
            raise ZeroDivisionError

    with store.transaction():
        newsroom.poll(entry("one"))
        with pytest.raises(ZeroDivisionError):
            half_a_save()
        newsroom.poll(entry("two"))
    assert newsroom.feed().entries == 2

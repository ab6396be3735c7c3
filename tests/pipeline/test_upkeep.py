"""Upkeep: once a night, whatever the clock, the restarts and the failures; backups rotate and nothing else is deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.config.settings import Config
from aggregator.models.errors import StoreError
from aggregator.pipeline import maintenance
from aggregator.pipeline.maintenance import Done, Tended, night, tend
from aggregator.store import Store, connection, wal_reset_bug

START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JOBS = ["retention", "images", "optimize", "backup", "checkpoint"]


def config(**settings: object) -> Config:
    return Config.model_validate({"upkeep": settings, "feeds": [{"url": "https://a.example/", "name": "A"}]})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "aggregator.db") as opened:
        opened.sync_feeds(config(), START)
        yield opened


def tended(store: Store, settings: Config | None = None) -> Tended:
    return Tended(store, settings or config(), lambda _: (settings or config()).defaults, store.path.parent / "public")


def jobs(done: Iterator[Done]) -> list[str]:
    return [one.job for one in done if one.error is None]


def backups(store: Store) -> list[str]:
    return sorted(file.name for file in (store.path.parent / "backups").iterdir())


def test_once_a_night(store: Store) -> None:
    """Nothing on the day of the installation; everything once after the hour; nothing more that night."""
    of = tended(store)
    assert jobs(tend(of, START)) == []
    tomorrow = night(of.config, START) + DAY
    assert jobs(tend(of, tomorrow - timedelta(minutes=1))) == []
    assert jobs(tend(of, tomorrow)) == JOBS
    assert jobs(tend(of, tomorrow + HOUR)) == []
    assert jobs(tend(of, tomorrow + DAY)) == JOBS


def test_missed_nights_are_made_up_for_once(store: Store) -> None:
    """A machine that slept for a week has one upkeep, when it wakes; a restart in between changes nothing."""
    of = tended(store)
    assert jobs(tend(of, START + DAY)) == JOBS
    assert jobs(tend(of, START + 8 * DAY)) == JOBS
    with Store.open(store.path) as again:
        assert jobs(tend(tended(again), START + 8 * DAY + HOUR)) == []


def test_a_clock_that_was_wrong(store: Store) -> None:
    """A run noted in a far future does not put the next one off for as long."""
    of = tended(store)
    assert jobs(tend(of, START + 700 * DAY)) == JOBS
    assert jobs(tend(of, START + DAY)) == JOBS
    assert jobs(tend(of, START + DAY + HOUR)) == []


def test_the_hour_is_the_operators_and_the_minute_the_installations(store: Store) -> None:
    """Not every installation in the world begins at the same second."""
    minutes = set()
    for number in range(20):
        settings = config(hour=5).model_copy(
            update={"site": config().site.model_copy(update={"base_url": f"https://n{number}.example/"})}
        )
        begun = night(settings, START)
        assert begun.hour == 5
        minutes.add(begun.minute)
    assert len(minutes) > 5


def test_backups_rotate(store: Store) -> None:
    """The newest stay; what we did not make, or made before a migration, stays too."""
    of = tended(store, config(backups=2))
    maintenance.backups_of(store.path)
    for other in ("aggregator-v3-2026-01-01.db", "mine.db", "aggregator-2026-01-01.db.gz"):
        (store.path.parent / "backups" / other).write_text("")
    for number in range(1, 5):
        assert jobs(tend(of, START + number * DAY)) == JOBS
    assert backups(store) == [
        "aggregator-2026-01-01.db.gz", "aggregator-2026-03-13.db", "aggregator-2026-03-14.db",
        "aggregator-v3-2026-01-01.db", "mine.db",
    ]  # fmt: skip
    with closing(sqlite3.connect(store.path.parent / "backups" / "aggregator-2026-03-14.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_backups_less_often_or_not_at_all(store: Store) -> None:
    """`backup_every: 7d` makes one a week, `backups: 0` none."""
    weekly = tended(store, config(backup_every="7d"))
    for number in range(1, 16):
        list(tend(weekly, START + number * DAY))
    assert backups(store) == ["aggregator-2026-03-11.db", "aggregator-2026-03-18.db", "aggregator-2026-03-25.db"]
    assert "backup" not in jobs(tend(tended(store, config(backups=0)), START + 99 * DAY))


def test_backups_of_a_clock_that_was_wrong_do_not_outlive_the_others(store: Store) -> None:
    """Their days are yet to come, so they would be the newest forever, and each new backup be deleted at once."""
    of, folder = tended(store), store.path.parent / "backups"
    folder.mkdir()
    for day in range(1, 5):
        (folder / f"aggregator-2038-01-0{day}.db").write_bytes(b"from the future")
    list(tend(of, START + DAY))
    assert f"aggregator-{START + DAY:%Y-%m-%d}.db" in backups(store)
    list(tend(of, START + 2 * DAY))
    list(tend(of, START + 3 * DAY))
    assert backups(store) == [f"aggregator-{START + n * DAY:%Y-%m-%d}.db" for n in (1, 2, 3)]


def test_a_damaged_copy_is_no_backup(store: Store) -> None:
    """It is checked, and what is damaged does not take the place of a good one."""
    of = tended(store)
    list(tend(of, START + DAY))
    good = backups(store)
    store.maintenance.checkpoint()
    with store.path.open("r+b") as file:
        file.seek(-4096, 2)
        file.write(b"\xff" * 4096)
    with Store.read(store.path) as reader, pytest.raises(StoreError, match="damaged"):
        reader.maintenance.backup(store.path.parent / "backups" / "copy.db")
    assert backups(store) == good


def test_what_a_kill_left_of_a_backup_goes_with_the_next(store: Store) -> None:
    """It is as large as the database, and its name is of a day that does not come again; what is not ours stays."""
    of, folder = tended(store), store.path.parent / "backups"
    folder.mkdir()
    for name in (".aggregator-2026-03-01.db.partial", ".aggregator-2026-03-01.db.partial-journal", ".mine.db.partial"):
        (folder / name).write_bytes(b"torn")
    list(tend(of, START + DAY))
    assert backups(store) == [".mine.db.partial", f"aggregator-{START + DAY:%Y-%m-%d}.db"]


def test_a_backup_ends_when_the_daemon_does(store: Store) -> None:
    """At its next step, and neither as a failure nor as done: it is made after the next start."""
    told: list[bool] = []
    of = replace(tended(store), told=lambda: told.append(True), stopping=lambda: bool(told))
    assert jobs(tend(of, START + DAY)) == ["retention", "images", "optimize"]
    assert told
    assert backups(store) == []
    assert jobs(tend(tended(store), START + DAY + HOUR)) == ["backup", "checkpoint"]


def test_f38_no_backup_where_there_is_no_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup must not be what fills the disk: it says so, the other jobs are done, the older backups stay."""
    of = tended(store)
    list(tend(of, START + DAY))
    monkeypatch.setattr(maintenance, "ROOM", 1e12)
    failed = {one.job: one.error for one in tend(of, START + 2 * DAY)}
    assert "are needed" in (failed.pop("backup") or "")
    assert failed == {"retention": None, "images": None, "optimize": None, "checkpoint": None}
    assert backups(store) == ["aggregator-2026-03-11.db"]
    with Store.read(store.path) as reader:
        assert reader.maintenance.done_at("backup") == START + DAY
        assert reader.maintenance.tried_at("backup") == START + 2 * DAY


def test_the_planner_knows_the_tables(store: Store) -> None:
    """There is a place for statistics after a night, and none before."""
    with closing(sqlite3.connect(store.path)) as database:
        assert not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchall()
    list(tend(tended(store), START + DAY))
    with closing(sqlite3.connect(store.path)) as database:
        assert database.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchall()


def test_the_log_is_folded_in(store: Store) -> None:
    """After upkeep the write-ahead log is empty, and its work is on record in the database."""
    list(tend(tended(store), START, force=True))
    assert store.path.with_name("aggregator.db-wal").stat().st_size < 100_000
    store.maintenance.checkpoint()
    assert store.path.with_name("aggregator.db-wal").stat().st_size == 0


def test_a_reader_does_not_fold_the_log_in(store: Store) -> None:
    """One connection writes and folds; a reader cannot be made to."""
    with Store.read(store.path) as reader:
        for forbidden in (reader.maintenance.checkpoint, reader.maintenance.optimize, reader.maintenance.vacuum):
            with pytest.raises(StoreError, match="reading only"):
                forbidden()


def test_what_is_not_kept_for_ever(store: Store) -> None:
    """The limits of each feed come from feeds.yaml, those of its own before the defaults."""
    settings = Config.model_validate(
        {
            "defaults": {"keep": "90d"},
            "feeds": [
                {"url": "https://a.example/", "name": "A"},
                {"url": "https://b.example/", "name": "B", "keep": "forever", "keep_entries": 500},
                {"url": "https://c.example/", "name": "C", "keep": "forever"},
            ],
        }
    )
    store.sync_feeds(settings, START)
    by_url = {feed.url: settings.options(feed) for feed in settings.feeds}
    limits = [maintenance._limit(by_url[state.url], state, START) for state in store.feeds()]
    assert [limit and (limit.before, limit.newest) for limit in limits] == [(START - 90 * DAY, None), (None, 500), None]


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False), ((3, 46, 1), True), ((3, 50, 6), True),
        ((3, 50, 7), False), ((3, 51, 2), True), ((3, 51, 3), False), ((3, 53, 4), False),
    ],
)  # fmt: skip
def test_which_sqlite_has_the_wal_reset_bug(version: tuple[int, int, int], affected: bool) -> None:
    """Releases before 3.51.3, but for two series that were mended too."""
    assert wal_reset_bug(version) is affected
    assert connection.FIXED_SQLITE[0] == (3, 51, 3)


def test_whoever_opens_the_database_for_writing_holds_the_folder() -> None:
    """One process writes and folds the log in: every place that opens it so takes the lock first."""
    package = Path(maintenance.__file__).parent
    writing = [
        file
        for file in package.rglob("*.py")
        if "Store.open(" in file.read_text("utf-8") and file.parent.name != "store"
    ]
    assert writing
    for file in writing:
        text = file.read_text("utf-8")
        assert text.count("Store.open(") <= text.count("lock.hold("), file.name

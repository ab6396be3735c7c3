"""The file: made, brought up to date, explained; refused when it is not ours or too new."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database
from support.store_builders import NOW, Newsroom, config, entry

from aggregator.models.errors import StoreError
from aggregator.store import Store
from aggregator.store.schema import APPLICATION_ID, OLDEST, SCHEMA

SCHEMA_22 = Path(__file__).with_name("schema_22.sql")
"""What a file had that the oldest program made whose files are brought up to date."""

TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


def test_every_table_and_column_is_explained(store: Store) -> None:
    """No table, view or column is without help, and no help is about something that is not there."""
    db = Database(store.path)
    named = [n for n in (*db.table_names(), *db.view_names()) if not n.startswith(("sqlite_", "_", "articles_fts_"))]
    there = {(name, column.name) for name in named for column in db[name].columns} | {(name, "") for name in named}
    helped = {(row["table"], row["column"]): row["help"] for row in db["schema_help"].rows}
    assert set(helped) == there
    assert all(len(text) > 2 for text in helped.values())
    db.close()


def test_the_schema_shows_its_comments(store: Store) -> None:
    """`.schema` of the sqlite3 shell explains the columns too."""
    db = Database(store.path)
    assert "-- address as in feeds.yaml; may hold a secret" in db["feeds"].schema
    db.close()


def test_the_reference_in_the_docs_is_that_of_the_schema(store: Store) -> None:
    """docs/database.md ends with the reference made from the schema. AGGREGATOR_UPDATE_DOCS=1 writes it again."""
    page = Path(__file__).parents[2] / "docs" / "database.md"
    head, mark, reference = page.read_text().partition("<!-- reference -->\n")
    wanted = "\n" + store.maintenance.schema_reference()
    if os.environ.get("AGGREGATOR_UPDATE_DOCS"):
        page.write_text(head + mark + wanted)
    else:
        assert reference == wanted, "run this test with AGGREGATOR_UPDATE_DOCS=1"


def test_the_store_names_its_parts(store: Store) -> None:
    """Whoever reads what a store is finds each of its parts there."""
    parts = {name for name in vars(store) if not name.startswith("_")}
    assert parts <= set(re.findall(r"`(\w+)`", Store.__doc__ or ""))


def test_opening_again_changes_nothing(path: Path) -> None:
    """A file that has the present form is not written to when it is opened."""
    Store.open(path).close()
    before = path.read_bytes()
    Store.open(path).close()
    assert path.read_bytes() == before


def test_the_file_says_whose_it_is(store: Store) -> None:
    """application_id and user_version are set; the migrations are on record."""
    db = Database(store.path)
    assert db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    assert db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA
    assert [row["name"] for row in db["_sqlite_migrations"].rows] == ["create_schema"]
    assert db.journal_mode == "wal"
    db.close()


@pytest.mark.parametrize("opening", [Store.open, Store.read])
def test_a_newer_file_is_refused(path: Path, opening: object) -> None:
    """A file of a newer program is left as it is, with a message that says so."""
    Store.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer version"):
        opening(path)  # type: ignore[operator]
    assert path.read_bytes() == before


def test_an_older_file_is_for_writers(path: Path) -> None:
    """A reader does not migrate: it says who can. One that is too old is for neither: it says what can read it."""
    Store.open(path).close()
    for version, refusal in ((OLDEST, "older version"), (OLDEST - 1, "commit 6f3e674")):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        before = path.read_bytes()
        with pytest.raises(StoreError, match=refusal):
            Store.read(path)
        assert path.read_bytes() == before
    with pytest.raises(StoreError, match="commit 6f3e674"):
        Store.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"not a database, but long enough to be looked at" * 40, "not a database"), (b"", "")],
)
def test_what_is_no_database(path: Path, content: bytes, message: str) -> None:
    """Another file is refused; an empty one is a database to be."""
    path.write_bytes(content)
    if not message:
        Store.open(path).close()
        return
    with pytest.raises(StoreError, match=message):
        Store.open(path)
    assert path.read_bytes() == content


def test_the_database_of_another_program_is_refused(path: Path) -> None:
    """We do not put our tables into somebody else's file."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE places (url TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        Store.open(path)


def test_no_file_and_no_folder(tmp_path: Path) -> None:
    """A reader needs a file; a writer needs a folder that it can make."""
    with pytest.raises(StoreError, match="no database"):
        Store.read(tmp_path / "none.db")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        Store.open(tmp_path / "file" / "aggregator.db")


def test_names_that_are_odd_in_uris(tmp_path: Path) -> None:
    """A path with a question mark, a hash, a percent sign or a blank is a path."""
    path = tmp_path / "a ?b#c%20d" / "x.db"
    Store.open(path).close()
    Store.read(path).close()
    assert path.is_file()


def test_two_that_make_the_file_at_once(path: Path) -> None:
    """Two processes that open a file that is not there yet both get it, complete."""
    code = "import sys, pathlib\nfrom aggregator.store import Store\nStore.open(pathlib.Path(sys.argv[1])).close()"
    started = [subprocess.Popen([sys.executable, "-c", code, str(path)], stderr=subprocess.PIPE) for _ in range(2)]
    for process in started:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    with Store.open(path) as store:
        assert store.maintenance.check() == ()


def test_every_time_has_one_form(newsroom: Newsroom) -> None:
    """All times in all tables are UTC, ISO 8601, with a Z."""
    newsroom.poll(entry("one"), entry("two", published=NOW.replace(microsecond=5)))
    newsroom.scrape("https://alpha.example/one", published=NOW, modified=NOW)
    newsroom.publish()
    db = Database(newsroom.store.path)
    names = ("at", "published", "published_at", "updated", "first_seen", "stamp", "tried_at", "fetched_at", "last_poll")
    found = [
        row[column.name]
        for table in db.tables
        if not table.name.startswith(("articles_fts", "_"))
        for column in table.columns
        if column.name in names
        for row in table.rows
        if row[column.name] is not None
    ]
    assert len(found) > 15
    assert all(TIMES.fullmatch(value) for value in found)
    db.close()


def test_strict_tables_only(store: Store) -> None:
    """A column holds what its type says."""
    db = Database(store.path)
    loose = [table.name for table in db.tables if not table.strict and not table.name.startswith(("articles_fts", "_"))]
    assert [name for name in loose if not name.startswith("sqlite_")] == []
    db.close()


def test_a_read_only_store_refuses_to_write(path: Path) -> None:
    """`Store.read` reads."""
    Store.open(path).close()
    with Store.read(path) as reader:
        assert reader.feeds() == ()
        with pytest.raises(StoreError, match="reading only"):
            reader.sync_feeds(config("Alpha"), NOW)


def test_a_closed_store_says_so(path: Path) -> None:
    """After `close` every question is a StoreError, not a crash; closing twice is closing."""
    store = Store.open(path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.feeds()


def test_every_index_and_trigger_is_in_the_reference(store: Store) -> None:
    """Each trigger with its purpose."""
    db = Database(store.path)
    rows = db.query("SELECT name FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL")
    names = [row["name"] for row in rows if not row["name"].startswith("idx__")]
    db.close()
    reference = store.maintenance.schema_reference()
    assert len(names) > 30
    assert [name for name in names if f"| `{name}` |" not in reference] == []
    assert "|  |\n" not in reference.partition("### Triggers")[2]


def test_both_ways_end_in_the_same_schema(path: Path) -> None:
    """A file of the oldest version that goes through all steps has what a new one gets, and the same explanations."""
    old, new = path.with_name("old.db"), path.with_name("new.db")
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(SCHEMA_22.read_text())
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {OLDEST}")
    for one in (old, new):
        with Store.open(one) as store:
            assert store.maintenance.check() == ()
    assert _schema(old) == _schema(new)


def _schema(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        helped = connection.execute('SELECT "table", "column", help FROM schema_help').fetchall()
    plain = [(*row[:3], "".join(re.sub(r"--[^\n]*", "", row[3] or "").split())) for row in rows]
    return sorted(plain) + sorted(helped)

"""How a database file comes to the form that this program knows, and when it is refused.

A new file is made from `schema.sql`, the whole schema; an older one, from schema `OLDEST` on, goes through the steps
since (a test holds that both ways end in the same schema). All of it runs in one `BEGIN IMMEDIATE` transaction: a file
is either as before or as new, and of two processes that open it one does the work.

What every table and column means, read out of the comments of the schema, as rows and as a page for people.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.models.errors import StoreError
from aggregator.store import article_links
from aggregator.store.connection import Session, Sql

if TYPE_CHECKING:
    from sqlite_utils import Database

_TABLE_HELP = re.compile(r"^\s*-- (?P<help>.+)$")
_COLUMN_HELP = re.compile(r"^\s+(?P<definition>\S.*?),? -- (?P<help>.+)$")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type and constraints (empty in a view), what it means."""

    name: str
    definition: str
    help: str


SEARCH_INDEX = "articles_fts"
_SEARCH_INDEX_HELP = (
    "Search index (FTS5) over the articles: rowid is articles.id; WHERE articles_fts MATCH 'words' ORDER BY rank, the "
    "best first. Made from articles, kept by triggers; the tables articles_fts_... are its own."
)

_TRIGGER_WORDS = {
    "articles_fts_": "keeps the search index like the articles",
    "facts_waiting_": "puts articles whose text is to be read for what it names into facts_waiting",
    "story_waiting_": "keeps the articles that have no story yet in story_waiting",
    "media_": "puts articles whose images are to be mirrored into media_queue",
}
"""What triggers are for, by the beginning of their names."""


@dataclass(frozen=True, slots=True)
class Description:
    """One table or view."""

    name: str
    kind: str
    help: str
    columns: tuple[Column, ...]


def describe(sql: Sql) -> tuple[Description, ...]:
    """Every table and view of the open database that is not sqlite's own business, in the order of creation."""
    rows = sql.all(
        "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') AND sql NOT LIKE '%VIRTUAL TABLE%'"
        " AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'articles_fts%' AND name NOT LIKE '\\_%' ESCAPE '\\'"
        " ORDER BY type, rowid"
    )
    found = [_read(row["name"], row["type"], row["sql"]) for row in rows]
    if sql.one("SELECT 1 FROM sqlite_master WHERE name = ?", (SEARCH_INDEX,)):
        columns = (Column("title", "", "as in articles"), Column("text", "", "as in articles"))
        found.append(Description(SEARCH_INDEX, "index", _SEARCH_INDEX_HELP, columns))
    return tuple(found)


def _read(name: str, kind: str, statement: str) -> Description:
    lines = statement.splitlines()
    table_help = " ".join(match["help"] for line in lines if (match := _TABLE_HELP.match(line)))
    return Description(name, kind, table_help, tuple(_columns(kind, lines)))


def _columns(kind: str, lines: list[str]) -> Iterator[Column]:
    for line in lines:
        match = _COLUMN_HELP.match(line)
        if not match or line.lstrip().startswith("--"):
            continue
        definition = match["definition"]
        if kind == "view":
            yield Column(definition.rpartition(" ")[2], "", match["help"])
        else:
            name, _, rest = definition.partition(" ")
            yield Column(name.strip('"'), rest, match["help"])


def fill_schema_help(sql: Sql) -> None:
    """Write the table `schema_help` again from the comments."""
    sql.execute("DELETE FROM schema_help")
    sql.many(
        'INSERT INTO schema_help ("table", "column", help) VALUES (?, ?, ?)',
        [row for item in describe(sql) for row in _help_rows(item)],
    )


def _help_rows(item: Description) -> Iterator[tuple[str, str, str]]:
    yield item.name, "", item.help
    for column in item.columns:
        yield item.name, column.name, column.help


def markdown(sql: Sql) -> str:
    """The reference part of docs/database.md."""
    return "\n".join((*(_section(item) for item in describe(sql)), _indexes(sql), _triggers(sql)))


def _section(item: Description) -> str:
    head = f"### {item.name}\n\n{'A view. ' if item.kind == 'view' else ''}{item.help}\n\n"
    if item.kind != "table":
        rows = "".join(f"| `{column.name}` | {_cell(column.help)} |\n" for column in item.columns)
        return head + "| column | meaning |\n| --- | --- |\n" + rows
    rows = "".join(
        f"| `{column.name}` | `{_cell(column.definition)}` | {_cell(column.help)} |\n" for column in item.columns
    )
    return head + "| column | type | meaning |\n| --- | --- | --- |\n" + rows


def _indexes(sql: Sql) -> str:
    rows = sql.all(
        "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        " AND name NOT LIKE '%\\_\\_%' ESCAPE '\\' ORDER BY tbl_name, name"
    )
    head = (
        "### Indexes\n\n"
        "Besides those of primary keys and UNIQUE columns. Where a condition is given, of the rows that meet it.\n\n"
    )
    lines = (f"| `{row['name']}` | {row['tbl_name']} | `{_cell(_indexed(row['sql']))}` |\n" for row in rows)
    return head + "| index | table | columns |\n| --- | --- | --- |\n" + "".join(lines)


def _indexed(statement: str) -> str:
    """What stands after the table's name: columns and condition."""
    return " ".join(statement.partition(" ON ")[2].partition(" ")[2].split())


def _triggers(sql: Sql) -> str:
    rows = sql.all("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY tbl_name, name")
    lines = (f"| `{row['name']}` | {_when(row['sql'])} | {_purpose(row['name'])} |\n" for row in rows)
    return "### Triggers\n\n| trigger | when | what it does |\n| --- | --- | --- |\n" + "".join(lines)


def _when(statement: str) -> str:
    """`AFTER INSERT ON articles`."""
    found = re.search(r"(AFTER|BEFORE)\s[\w\s,]*?\sON\s\w+", statement)
    return " ".join(found[0].split()) if found else ""


def _purpose(name: str) -> str:
    return next((words for start, words in _TRIGGER_WORDS.items() if name.startswith(start)), "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


APPLICATION_ID = 0x53464147
"""`SFAG` in the header of the file (PRAGMA application_id), so that `file` and we know it from any other database."""

RANK = "bm25(8.0, 1.0)"
"""A hit in the title counts as much as eight in the text."""

OLDEST = 22
"""The oldest schema that is brought up to date."""

OLDEST_READER = "6f3e674"
"""The last commit of this project that brings any older file to schema `OLDEST`."""

_CREATES = re.compile(r"""CREATE (?:VIRTUAL TABLE|TABLE|VIEW|INDEX|UNIQUE INDEX|TRIGGER) ["\[]?(\w+)""")


def _name(statement: str) -> str:
    match = _CREATES.match(statement)
    assert match, statement
    return match[1]


FILE = Path(__file__).with_name("schema.sql")
"""The whole schema."""


def statements(file: Path = FILE) -> dict[str, str]:
    """Name -> statement that creates it, in the order of the file; with the comments inside it."""
    found, held = {}, ""
    for line in file.read_text("utf-8").splitlines(keepends=True):
        if not held and (not line.strip() or line.startswith("--")):
            continue
        held += line
        if sqlite3.complete_statement(held):
            found[_name(held)] = held
            held = ""
    return found


def create(db: Database, *names: str) -> None:
    """Create what `schema.sql` calls so."""
    known = statements()
    for name in names:
        db.execute(known[name])


def add_column(db: Database, table: str, definition: str) -> None:
    """Add a column at the end of a table, if a step before has not created the table with it."""
    name = definition.partition(" ")[0]
    if name not in {row[1] for row in db.execute(f"PRAGMA table_info([{table}])")}:
        db.execute(f"ALTER TABLE [{table}] ADD COLUMN {definition}")


def create_schema(db: Database) -> None:
    """All of it, in a new file."""
    for statement in statements().values():
        db.execute(statement)
    db.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('rank', ?)", [RANK])


def renew_enclosures(db: Database) -> None:
    """Files get a duration and a title; entries get their pictures and what a podcast says of them."""
    db.execute("ALTER TABLE enclosures RENAME TO former_enclosures")
    create(db, "enclosures", "entry_images", "episodes")
    db.execute(
        "INSERT INTO enclosures (entry_id, position, url, type, length)"
        " SELECT entry_id, position, url, type, length FROM former_enclosures"
    )
    db.execute("DROP TABLE former_enclosures")


def create_intel(db: Database) -> None:
    """What articles name: every article waits to be read for it."""
    create(
        db,
        "facts", "idx_facts_value", "facts_waiting", "vulnerabilities", "idx_vulnerabilities_exploited",
        "watch_hits", "idx_watch_hits_watch", "fact_pages_changed", "facts_waiting_new", "facts_waiting_changed",
        "exploited_now", "latest_vulnerabilities", "indicators", "latest_actors", "my_products",
    )  # fmt: skip
    db.execute(
        "INSERT INTO facts_waiting (article_id)"
        " SELECT id FROM articles WHERE (text <> '' OR title <> '') AND duplicate_of IS NULL"
    )


def create_page_labels(db: Database) -> None:
    """What shows that a page is a wall, or part of an article, is on record from now on, and what is promoted."""
    create(db, "page_labels", "promoted")


_TIMES_SHOWN = """
UPDATE posts SET revised = substr(revised, 1, 19) || printf('.%06dZ', sequence % 1000000)
    WHERE revised IS NOT NULL AND sequence % 1000000 > 0;
UPDATE output_entries SET grown = substr(grown, 1, 19) || printf('.%06dZ',
        (SELECT sequence FROM posts WHERE posts.article_id = output_entries.article_id) % 1000000)
    WHERE grown IS NOT NULL AND (SELECT sequence FROM posts WHERE posts.article_id = output_entries.article_id) > 0;
INSERT INTO numbers (name, value)
    SELECT 'last_time', unixepoch(max(time)) + 1 FROM (
        SELECT max(stamp) AS time FROM posts
        UNION SELECT max(revised) FROM posts UNION SELECT max(at) FROM withdrawals)
    HAVING max(time) IS NOT NULL;
INSERT INTO numbers (name, value)
    SELECT 'last_time of ' || outputs.name, unixepoch((SELECT max(time) FROM (
        SELECT max(stamp) AS time FROM output_entries WHERE output = outputs.name
        UNION SELECT max(grown) FROM output_entries WHERE output = outputs.name
        UNION SELECT max(ended) FROM output_entries WHERE output = outputs.name
        UNION SELECT max(revised) FROM posts UNION SELECT max(at) FROM withdrawals))) + 1
    FROM outputs WHERE EXISTS (SELECT 1 FROM output_entries WHERE output = outputs.name);
"""


def issue_times(db: Database) -> None:
    """Times rise above all that the output has shown, revisions and growth included."""
    db.executescript(_TIMES_SHOWN)


def create_article_links(db: Database) -> None:
    """The links in the articles that are stored, too."""
    create(db, "article_links", "idx_article_links_domain")
    article_links.fill(Sql(db.conn))


def create_identity(db: Database) -> None:
    """Since when feeds do not list entries, how much each feed has added, who else says something of an article."""
    create(
        db,
        "unlisted", "feed_sizes", "contributors", "idx_contributors_article", "idx_entries_link", "idx_entries_words",
    )  # fmt: skip
    db.execute(
        "INSERT INTO feed_sizes (feed_id, text_bytes)"
        " SELECT feed_id, sum(length(CAST(html AS BLOB)) + length(CAST(summary AS BLOB))) FROM entries GROUP BY feed_id"
    )


def record_refusals(db: Database) -> None:
    """What robots.txt keeps from us is known by its kind; of tries before, by what they noted."""
    add_column(db, "articles", "refused_by TEXT")
    create(db, "idx_articles_refused")
    db.execute(
        "UPDATE articles SET refused_by = 'robots'"
        " WHERE state = 'failed' AND last_error LIKE '%robots.txt of % does not allow it%'"
    )


def renew_neighbour_views(db: Database) -> None:
    """The views know the same next and previous posts as the output."""
    for view in ("related", "next_posts"):
        db.execute(f"DROP VIEW {view}")
    create(db, "nearest_posts", "neighbour_posts", "next_posts", "related")


def create_muted(db: Database) -> None:
    """Posts may be kept out of the combined feed."""
    create(db, "muted")


def create_feed_icons(db: Database) -> None:
    """Icons of feeds are fetched, and served from here."""
    create(db, "feed_icons")


STEPS = (
    renew_enclosures,
    create_intel,
    create_page_labels,
    issue_times,
    create_article_links,
    create_identity,
    record_refusals,
    renew_neighbour_views,
    create_muted,
    create_feed_icons,
)
"""From schema `OLDEST` to the present one, a version a step. A change of `schema.sql` comes with a step at the end."""

SCHEMA = OLDEST + len(STEPS)
"""The present version of the schema (PRAGMA user_version)."""


def refuse_foreign(session: Session) -> int:
    """The version of the file, 0 when it is empty; StoreError when it is newer than the program, or not ours."""
    with session.read() as sql:
        version = int(sql.value("PRAGMA user_version"))
        application = int(sql.value("PRAGMA application_id"))
        tables = int(sql.value("SELECT count(*) FROM sqlite_master"))
    if application != APPLICATION_ID and (application or tables):
        raise StoreError(f"{session.path} is a database of another program")
    if version > SCHEMA:
        raise StoreError(
            f"{session.path} was written by a newer version of this program "
            f"(its schema is {version}, the newest known here is {SCHEMA}); nothing was changed"
        )
    if tables and version < OLDEST:
        raise StoreError(
            f"{session.path} has schema {version}; the oldest that can be brought up to date is {OLDEST}. "
            f"A round of this program as of commit {OLDEST_READER} brings the file there; nothing was changed"
        )
    return version


def older(session: Session) -> int:
    """The version of a file that is about to be migrated; 0 when it is empty or has the present form."""
    version = refuse_foreign(session)
    return version if version < SCHEMA else 0


def refuse_other_version(session: Session) -> None:
    """For readers, which cannot migrate: StoreError unless the file has the present form."""
    if refuse_foreign(session) < SCHEMA:
        raise StoreError(
            f"{session.path} was written by an older version; run a round first, which brings it up to date"
        )


def migrate(session: Session) -> None:
    """Bring the file to the present form. Does nothing, and writes nothing, when it has it."""
    if refuse_foreign(session) == SCHEMA:
        return
    with session.write() as sql:
        _bring(sql, refuse_foreign(session))
        _stamp(sql)


def _bring(sql: Sql, version: int) -> None:
    from sqlite_utils import Database, Migrations  # a tenth of a second, for what is hardly ever needed

    pending = Migrations("aggregator")
    for step in STEPS[version - OLDEST :] if version else (create_schema,):
        pending()(step)
    db = Database(sql.connection, recursive_triggers=False, execute_plugins=False)
    pending.apply(db)
    if version:
        _write_as_in_file(db)


def _write_as_in_file(db: Database) -> None:
    """Give tables that steps have altered the text that `schema.sql` has of them, with its comments and checks.

    The columns are the same before and after, which makes it safe (SQLite, ALTER TABLE, section 7).
    """
    version = db.execute("PRAGMA schema_version").fetchone()[0]
    db.execute("PRAGMA writable_schema = ON")
    with closing(sqlite3.connect(":memory:")) as new:
        new.executescript(FILE.read_text("utf-8"))
        for name, statement in statements().items():
            if statement.startswith("CREATE TABLE") and _columns_of(db.conn, name) == _columns_of(new, name):
                text = statement.rstrip().removesuffix(";")
                db.execute("UPDATE sqlite_master SET sql = ? WHERE name = ? AND sql <> ?", (text, name, text))
    db.execute(f"PRAGMA schema_version = {version + 1}")
    db.execute("PRAGMA writable_schema = OFF")


def _columns_of(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(f"PRAGMA table_xinfo([{table}])")]


def _stamp(sql: Sql) -> None:
    fill_schema_help(sql)
    sql.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    sql.execute(f"PRAGMA user_version = {SCHEMA}")

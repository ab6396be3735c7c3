"""How a database file comes to the form that this program knows, and when it is refused.

Steps are only ever added; a released one is never edited (a test holds the schema after each). All pending steps run in
one `BEGIN IMMEDIATE` transaction: a file is either as before or as new, and of two processes that open it one does the
work.

What every table and column means, read out of the comments of the schema, as rows and as a page for people.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.models.errors import StoreError
from aggregator.store import (
    article_links,
    revisions,
    tables_articles,
    tables_desk,
    tables_enclosures,
    tables_evidence,
    tables_extractions,
    tables_feeds,
    tables_identity,
    tables_intel,
    tables_links,
    tables_lists,
    tables_media,
    tables_notices,
    tables_outputs,
    tables_quality,
    tables_questions,
    tables_revisions,
    tables_stories,
    tables_upkeep,
    tables_websub,
    tables_withdrawals,
)
from aggregator.store.connection import Session, Sql
from aggregator.store.views import LATEST_ARTICLES, VIEWS

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
    """Write the table `schema_help` anew from the comments."""
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

_TRIGGERS = (
    """
    CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN
        INSERT INTO articles_fts (rowid, title, text) VALUES (new.id, new.title, new.text);
    END
    """,
    """
    CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN
        INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
    END
    """,
    # Only when one of the two is set: a changed state must not cost indexing the text again.
    """
    CREATE TRIGGER articles_fts_update AFTER UPDATE OF title, text ON articles BEGIN
        INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
        INSERT INTO articles_fts (rowid, title, text) VALUES (new.id, new.title, new.text);
    END
    """,
)


def create_tables(db: Database) -> None:
    for table in (*tables_feeds.TABLES, *tables_articles.TABLES):
        db.executescript(table)


def create_search(db: Database) -> None:
    db["articles"].enable_fts(["title", "text"], tokenize="unicode61 remove_diacritics 2")
    for trigger in _TRIGGERS:
        db.execute(trigger)
    db.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('rank', ?)", [RANK])


def create_views(db: Database) -> None:
    for view in VIEWS:
        db.execute(view)


def create_stories(db: Database) -> None:
    for table in tables_stories.TABLES:
        db.executescript(table)


def create_desk(db: Database) -> None:
    for statement in (*tables_desk.TABLES, tables_desk.LANGUAGES):
        db.executescript(statement)


def create_extractions(db: Database) -> None:
    for table in tables_extractions.TABLES:
        db.executescript(table)


def create_media(db: Database) -> None:
    for statement in (*tables_media.TABLES, *tables_media.TRIGGERS):
        db.executescript(statement)


def create_outputs(db: Database) -> None:
    for table in tables_outputs.TABLES:
        db.executescript(table)


def create_upkeep(db: Database) -> None:
    db.execute("DROP TABLE seen")  # never written: what is purged keeps its rows in entries
    for table in tables_upkeep.TABLES:
        db.executescript(table)


def create_edits(db: Database) -> None:
    """Revisions get their kind and a summary; pages are looked at again from now on."""
    db.execute("DROP VIEW latest_articles")
    db.executescript(tables_revisions.TO_NEW_FORM)
    for table in tables_revisions.TABLES:
        db.executescript(table)
    db.executescript(tables_revisions.FROM_FORMER)
    db.execute(LATEST_ARTICLES)


def queue_stories(db: Database) -> None:
    for statement in tables_stories.WAITING:
        db.executescript(statement)


def create_quality(db: Database) -> None:
    for table in tables_quality.TABLES:
        db.executescript(table)


def create_withdrawals(db: Database) -> None:
    for table in tables_withdrawals.TABLES:
        db.executescript(table)


def create_notices(db: Database) -> None:
    for table in tables_notices.TABLES:
        db.executescript(table)


def create_websub(db: Database) -> None:
    for table in tables_websub.TABLES:
        db.executescript(table)


def create_lists(db: Database) -> None:
    for table in tables_lists.TABLES:
        db.executescript(table)


def create_repeated(db: Database) -> None:
    db.executescript(tables_quality.REPEATED)


def queue_rechecks(db: Database) -> None:
    """Recent articles that were read before pages were looked at again are looked at too."""
    revisions.queue(Sql(db.conn))


def create_evidence(db: Database) -> None:
    for statement in tables_evidence.TABLES:
        db.executescript(statement)


def renew_notices(db: Database) -> None:
    db.executescript(tables_notices.RENEWED)


def renew_views(db: Database) -> None:
    """Three views are answered sooner, or have a better name; three more answer what people ask."""
    for name in tables_questions.FORMER:
        db.execute(f"DROP VIEW {name}")
    for view in tables_questions.TABLES:
        db.execute(view)


def index_ended(db: Database) -> None:
    db.execute(tables_outputs.ENDED)


def renew_enclosures(db: Database) -> None:
    """Files get a duration and a title; entries get their pictures and what a podcast says of them."""
    db.executescript(tables_enclosures.TO_NEW_FORM)
    for table in tables_enclosures.TABLES:
        db.executescript(table)
    db.executescript(tables_enclosures.FROM_FORMER)


def create_intel(db: Database) -> None:
    """What articles name: every article waits to be read for it."""
    for statement in (*tables_intel.TABLES, *tables_intel.TRIGGERS, *tables_intel.VIEWS):
        db.executescript(statement)


def create_page_labels(db: Database) -> None:
    """What shows that a page is a wall, or part of an article, is on record from now on, and what is promoted."""
    db.executescript(tables_evidence.LABELS)
    db.executescript(tables_evidence.PROMOTED)


def issue_times(db: Database) -> None:
    """Times rise above all that the output has shown, revisions and growth included."""
    db.executescript(tables_outputs.TIMES_SHOWN)


def create_article_links(db: Database) -> None:
    for table in tables_links.TABLES:
        db.executescript(table)
    article_links.fill(Sql(db.conn))


def create_identity(db: Database) -> None:
    for statement in tables_identity.TABLES:
        db.executescript(statement)


STEPS = (
    create_tables,
    create_search,
    create_views,
    create_stories,
    create_desk,
    create_extractions,
    create_media,
    create_outputs,
    create_upkeep,
    create_edits,
    queue_stories,
    create_quality,
    create_withdrawals,
    create_notices,
    create_websub,
    create_lists,
    create_repeated,
    queue_rechecks,
    create_evidence,
    renew_notices,
    renew_views,
    index_ended,
    renew_enclosures,
    create_intel,
    create_page_labels,
    issue_times,
    create_article_links,
    create_identity,
)


def refuse_foreign(session: Session) -> int:
    """The version of the file, 0 when it is empty; StoreError when it is newer than the program, or not ours."""
    with session.read() as sql:
        version = int(sql.value("PRAGMA user_version"))
        application = int(sql.value("PRAGMA application_id"))
        tables = int(sql.value("SELECT count(*) FROM sqlite_master"))
    if application != APPLICATION_ID and (application or tables):
        raise StoreError(f"{session.path} is a database of another program")
    if version > len(STEPS):
        raise StoreError(
            f"{session.path} was written by a newer version of this program "
            f"(its schema is {version}, the newest known here is {len(STEPS)}); nothing was changed"
        )
    return version


def older(session: Session) -> int:
    """The version of a file that is about to be migrated; 0 when it is empty or has the present form."""
    version = refuse_foreign(session)
    return version if version < len(STEPS) else 0


def refuse_other_version(session: Session) -> None:
    """For readers, which can not migrate: StoreError unless the file has the present form."""
    if refuse_foreign(session) < len(STEPS):
        raise StoreError(
            f"{session.path} was written by an older version; run a round first, which brings it up to date"
        )


def migrate(session: Session) -> None:
    """Bring the file to the present form. Does nothing, and writes nothing, when it has it."""
    if refuse_foreign(session) == len(STEPS):
        return
    from sqlite_utils import Database, Migrations  # a tenth of a second, for what is hardly ever needed

    migrations = Migrations("aggregator")
    for step in STEPS:
        migrations()(step)
    with session.write() as sql:
        refuse_foreign(session)
        migrations.apply(Database(sql.connection, recursive_triggers=False, execute_plugins=False))
        _stamp(sql)


def _stamp(sql: Sql) -> None:
    fill_schema_help(sql)
    sql.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    sql.execute(f"PRAGMA user_version = {len(STEPS)}")

"""What every table and column means, read out of the comments of the schema, as rows and as a page for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aggregator.store.connection import Sql

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

_TRIGGERS = {
    "articles_fts_": "keeps the search index like the articles",
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
    return next((words for start, words in _TRIGGERS.items() if name.startswith(start)), "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")

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
    return tuple(_read(row["name"], row["type"], row["sql"]) for row in rows)


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
    return "\n".join(_section(item) for item in describe(sql))


def _section(item: Description) -> str:
    head = f"### {item.name}\n\n{'A view. ' if item.kind == 'view' else ''}{item.help}\n\n"
    if item.kind == "view":
        rows = "".join(f"| `{column.name}` | {_cell(column.help)} |\n" for column in item.columns)
        return head + "| column | meaning |\n| --- | --- |\n" + rows
    rows = "".join(
        f"| `{column.name}` | `{_cell(column.definition)}` | {_cell(column.help)} |\n" for column in item.columns
    )
    return head + "| column | type | meaning |\n| --- | --- | --- |\n" + rows


def _cell(text: str) -> str:
    return text.replace("|", "\\|")

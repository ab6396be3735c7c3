"""`python deploy/describe.py > deploy/datasette.yaml`: what Datasette shows beside the rows of our database.

Descriptions come from the schema's own comments, canned queries from the questions of docs/database.md, so that
there is no second place where either is written; a test compares. What is decided here: order, facets and labels.
"""

from __future__ import annotations

import html
import re
import sys
import tempfile
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from aggregator.store import Store

PAGE = Path(__file__).parents[1] / "docs" / "database.md"

TABLES: dict[str, dict[str, Any]] = {
    "latest_articles": {"facets": ["source"], "size": 50},
    "feed_health": {"facets": ["state"]},
    "duplicates": {"facets": ["source", "original_source"]},
    "gaps": {"facets": ["source"]},
    "related": {"facets": ["relation"]},
    "evidence": {"size": 25},
    "feed_events": {"sort_desc": "id", "facets": ["kind", "feed_id"]},
    "schema_help": {"size": 200},
    "feeds": {"sort": "name", "label_column": "name", "facets": ["configured", "status"]},
    "articles": {
        "sort_desc": "published",
        "label_column": "title",
        "facets": ["state", "feed_id", "language"],
        "size": 25,
    },
    "entries": {"sort_desc": "published_at", "label_column": "title", "facets": ["feed_id", "found_by"], "size": 25},
    "posts": {"sort_desc": "sequence", "facets": ["hidden", "feed_id"]},
    "polls": {"sort_desc": "id", "facets": ["result", "feed_id"]},
    "revisions": {"sort_desc": "id"},
    "stories": {"sort_desc": "first_published"},
    "robots": {"facets": ["status"]},
}
"""Only tables and views that are looked at; keys as in Datasette's documentation."""

HIDDEN = (
    "_sqlite_migrations", "article_aliases", "article_media", "bands", "fingerprints", "hosts", "media_queue",
    "numbers", "output_entries", "post_feeds", "story_links",
)  # fmt: skip
"""The program's own; a link at the end of the list shows them."""

HELP = '{} <a href="schema_help?table={}">What each column means</a>'
"""A link, since Datasette would put the columns' meanings before the rows, a screenful of them."""

WELCOME = """\
Every article that the feeds brought, where it came from, and why it is shown as it is. Times are UTC.
<p>Begin with <a href="/aggregator/latest_articles">the latest articles</a>,
<a href="/aggregator/latest_stories">the latest stories</a> (one event, several outlets),
<a href="/aggregator/search">a search</a>, <a href="/aggregator/feed_health">how the feeds do</a> or
<a href="/aggregator/evidence">the evidence</a> (how each article was fetched and taken apart). The views at the end of
this page answer the usual questions, the tables hold everything; <a href="/aggregator/schema_help">schema_help</a> says
what each column means.</p>"""

TYPED = """(
    WITH RECURSIVE typed (place, piece, rest) AS (
        SELECT 0, '', trim(replace(replace(replace(replace(:words, char(10), ' '), char(9), ' '),
            'title: ', 'title:'), 'text: ', 'text:')) || ' '
        UNION ALL
        SELECT place + 1,
            substr(rest, 1, iif(rest LIKE '"_%"%', instr(substr(rest, 2), '"') + 1, instr(rest, ' ') - 1)),
            ltrim(substr(rest, iif(rest LIKE '"_%"%', instr(substr(rest, 2), '"') + 2, instr(rest, ' '))))
        FROM typed WHERE rest <> '' AND place < 64
    ), words AS (
        SELECT place, piece, piece IN ('AND', 'OR', 'NOT') AS joins FROM typed
        WHERE piece GLOB '*[a-zA-Z0-9_]*' OR piece GLOB '*[^ -~]*'
    ), joined AS (
        SELECT place, piece, joins AND NOT lag(joins, 1, 1) OVER along AND NOT lead(joins, 1, 1) OVER along AS joins
        FROM words WINDOW along AS (ORDER BY place)
    )
    SELECT coalesce(group_concat(CASE
        WHEN joins OR piece LIKE '"%"' THEN piece
        WHEN (piece LIKE 'title:_%' OR piece LIKE 'text:_%') AND instr(piece, '"') = 0
            THEN replace(substr(piece, 1, instr(piece, ':')) || '"'
                || substr(piece, instr(piece, ':') + 1) || '"', '*"', '"*')
        WHEN piece LIKE '_%*' THEN '"' || replace(rtrim(piece, '*'), '"', '""') || '"*'
        ELSE '"' || replace(piece, '"', '""') || '"' END, ' '), '""')
    FROM (SELECT piece, joins FROM joined ORDER BY place))"""
"""What was typed as FTS5 takes it: every word in quotes, so that CVE-2026-1234, C++, wi-fi and addresses are found as
they stand; phrases, `word*`, `title:word`, and AND, OR and NOT between words as they are meant."""

PARAMETERS = {
    "'ransomware OR \"supply chain\"'": ("search", TYPED),
    "WHERE id = 1 ": ("related-to", "WHERE id = cast(:id AS INTEGER) "),
}
"""What stands for words of one's own in the page's examples; the name of the query, and the parameter in Datasette."""

LONG = (
    "description", "error", "help", "html", "last_error", "next_teaser", "passage", "summary", "teaser", "text", "why",
)  # fmt: skip
TITLES = ("missing_title", "path", "next_title", "original_title", "title", "url")
TIMES = (
    "added", "at", "done_at", "fetched_at", "first_published", "first_seen", "found_at", "last_modified",
    "last_poll", "last_published",
    "last_success", "looked_at", "modified", "newest_entry", "next_attempt", "next_poll", "original_published",
    "page_published", "published", "published_at", "stamp", "tried_at", "updated",
)  # fmt: skip
"""Columns that need room, those that need some, and those that are not to be broken."""

STYLE = """\
.rows-and-columns td { max-width: 32em; overflow-wrap: break-word; }
.rows-and-columns td pre { white-space: pre-wrap; }
LONG { min-width: 18em; }
TITLES { min-width: 12em; }
TIMES { white-space: nowrap; }
body.row .rows-and-columns thead { display: none; }
body.row .rows-and-columns tr { display: block; }
body.row .rows-and-columns td { display: grid; grid-template-columns: 12em minmax(0, 60em); max-width: none; }
body.row .rows-and-columns td::before { opacity: 0.7; margin: 0; padding: 0; position: static; width: auto; }
"""
"""Rooms for columns; and a row's page with column below column: side by side, texts would be screens high."""


def questions() -> dict[str, dict[str, Any]]:
    """The questions of the page, each as a canned query under a short name."""
    text = PAGE.read_text("utf-8").partition("## Questions")[2].partition("## Reference")[0]
    found = {}
    for question, sql in re.findall(r"### (.+?)\n.*?```sql\n(.+?)```", text, re.DOTALL):
        name, statement = re.sub(r"[^a-z0-9]+", "-", question.lower()).strip("-")[:60].strip("-"), sql
        for example, (short, parameter) in PARAMETERS.items():
            if example in sql:
                name, statement = short, sql.replace(example, parameter)
        found[name] = {"title": question, "sql": LiteralScalarString(statement)}
    return found


def style(columns: set[str]) -> str:
    """STYLE as an address, so that the one file is all that Datasette is to be given."""
    sheet = STYLE
    for group, names in (("LONG", LONG), ("TITLES", TITLES), ("TIMES", TIMES)):
        sheet = sheet.replace(group, ", ".join(f".rows-and-columns td.col-{name}" for name in names))
    labels = (f'body.row td.col-{name}::before {{ content: "{name}"; }}\n' for name in sorted(columns))
    return "data:text/css," + quote(sheet + "".join(labels), safe="/:;,.() {}=*")


def metadata() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "new.db") as store:
        described = store.maintenance.describe()
    tables: dict[str, Any] = {}
    for item in described:
        tables[item.name] = {
            "description_html": HELP.format(html.escape(item.help), item.name),
            **TABLES.get(item.name, {}),
        }
    for name in HIDDEN:
        tables.setdefault(name, {})["hidden"] = True
    database = {
        "title": "Security news: feeds, articles, stories",
        "description_html": WELCOME,
        "queries": questions(),
        "tables": tables,
    }
    return {
        "title": "Security feed aggregator",
        "extra_css_urls": [style({column.name for item in described for column in item.columns})],
        "databases": {"aggregator": database},
    }


def text() -> str:
    """The file."""
    out, yaml = StringIO(), YAML()
    yaml.width = 1000
    out.write("# Made by deploy/describe.py. Use it: datasette data/aggregator.db -m deploy/datasette.yaml\n")
    yaml.dump(metadata(), out)
    return out.getvalue()


if __name__ == "__main__":
    sys.stdout.write(text())

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

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from aggregator.store import Store

PAGE = Path(__file__).parents[1] / "docs" / "database.md"

TABLES: dict[str, dict[str, Any]] = {
    "latest_articles": {"facets": ["source"], "size": 50},
    "feed_health": {"facets": ["state"]},
    "duplicates_view": {"facets": ["source", "original_source"]},
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

SEARCH = """\
SELECT articles.published, articles.title, articles.url, snippet(articles_fts, 1, '[', ']', '…', 20) AS passage
FROM articles_fts
JOIN articles ON articles.id = articles_fts.rowid
WHERE articles_fts MATCH :words
ORDER BY articles_fts.rank LIMIT 50
"""


def questions() -> dict[str, dict[str, Any]]:
    """The questions of the page, each as a canned query under a short name."""
    text = PAGE.read_text("utf-8").partition("## Questions")[2].partition("## Reference")[0]
    found = {
        "search": {"title": "Which articles are about these words?", "sql": LiteralScalarString(SEARCH)},
    }
    for question, sql in re.findall(r"### (.+?)\n.*?```sql\n(.+?)```", text, re.DOTALL):
        name = re.sub(r"[^a-z0-9]+", "-", question.lower()).strip("-")[:60].strip("-")
        found[name] = {"title": question, "sql": LiteralScalarString(sql)}
    return found


def metadata() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "new.db") as store:
        described = store.tending.describe()
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
        "description": "Every article that the feeds brought, where it came from, and why it is shown as it is. "
        "Times are UTC; the newest are under latest_articles.",
        "queries": questions(),
        "tables": tables,
    }
    return {"title": "Security feed aggregator", "databases": {"aggregator": database}}


def text() -> str:
    """The file."""
    out, yaml = StringIO(), YAML()
    yaml.width = 1000
    out.write("# Made by deploy/describe.py. Use it: datasette data/aggregator.db -m deploy/datasette.yaml\n")
    yaml.dump(metadata(), out)
    return out.getvalue()


if __name__ == "__main__":
    sys.stdout.write(text())

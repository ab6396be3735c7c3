"""Indicators of many articles as one table: CSV for people and spreadsheets, blocklists for machines.

A cell that a spreadsheet would take for a formula gets an apostrophe. What may go out is decided by the caller.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from aggregator.models.intel import ExportedArticle

COLUMNS = ("value", "kind", "first_seen", "last_seen", "articles", "title", "url", "why")


@dataclass(frozen=True, slots=True)
class ListedIndicator:
    """An indicator over all articles that name it; title, URL and reason are those of the first."""

    value: str
    kind: str
    first_seen: str
    last_seen: str
    articles: int
    outlets: int
    title: str
    url: str
    why: str


def indicators(articles: Iterable[ExportedArticle], outlets: int = 1) -> tuple[ListedIndicator, ...]:
    """Every indicator of these articles, by kind and value; only those that so many different outlets name."""
    found: dict[tuple[str, str], list[tuple[ExportedArticle, str]]] = {}
    for article in articles:
        for fact in article.facts:
            if fact.indicator:
                found.setdefault(fact.key, []).append((article, fact.why))
    rows = []
    for (kind, value), places in sorted(found.items()):
        places.sort(key=lambda place: (place[0].published, place[0].id))
        first, why = places[0]
        named = len({article.outlet or article.id for article, _ in places})
        if named >= outlets:
            last = places[-1][0].published
            rows.append(
                ListedIndicator(value, kind, first.published, last, len(places), named, first.title, first.url, why)
            )
    return tuple(rows)


def table(rows: Iterable[ListedIndicator]) -> str:
    """The rows as CSV (RFC 4180) with a line of names."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_safe(getattr(row, name)) for name in COLUMNS])
    return out.getvalue()


def _safe(cell: object) -> str:
    text = str(cell).replace("\r", " ").replace("\n", " ")
    return f"'{text}" if text.startswith("\t") or text.lstrip().startswith(("=", "+", "-", "@")) else text


def blocklist(rows: Iterable[ListedIndicator], kind: str, source: str, date: str) -> str:
    """The values of a kind, one a line, sorted, below a comment that says whence and when."""
    values = sorted({row.value for row in rows if row.kind == kind})
    return f"# {kind}: {source}, {date}\n" + "".join(f"{value}\n" for value in values)

"""The table `vulnerabilities`: what the data files know of the flaws that articles name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime

from aggregator.models.intel import Vulnerability
from aggregator.store import post_changes, times
from aggregator.store.connection import Sql

_NAMED = """
    SELECT facts.value, count(*) AS articles, min(articles.published) AS first_named
    FROM facts JOIN articles ON articles.id = facts.article_id
    WHERE facts.kind = 'cve' GROUP BY facts.value
"""

_STATE = ("state", "exploited", "exploited_by", "kev_due", "kev_ransomware")
"""Columns whose change is news (`changed_at`)."""

_CONCERNS = ("products", "exploited")
"""Columns that decide whom a flaw concerns."""

_SHOWN = ("state", "exploited", "cvss", "epss", "kev_ransomware")
"""Columns that posts show."""


def save(sql: Sql, known: Mapping[str, Vulnerability], now: datetime) -> int:
    """Write what is known of the flaws that articles name; how many changed. What shows them is marked.

    Flaws that no article names any more are dropped.
    """
    sql.execute("DELETE FROM vulnerabilities WHERE cve NOT IN (SELECT value FROM facts WHERE kind = 'cve')")
    named = {row["value"]: row for row in sql.all(_NAMED)}
    former = {row["cve"]: dict(row) for row in sql.all("SELECT * FROM vulnerabilities")}
    return sum(
        _save(sql, _row(one, named[cve]), former.get(cve, {}), one.exploited, now)
        for cve, one in known.items()
        if cve in named
    )


def _save(sql: Sql, row: dict[str, object], before: Mapping[str, object], exploited: bool, now: datetime) -> bool:
    """Write one; whether it has changed. `before` is empty for a new one."""
    # When we learnt that it is exploited: at once where an article names what KEV had before, else KEV's own day.
    row["exploited_since"] = (before.get("exploited_since") or times.whole(now)) if exploited else None
    row["changed_at"] = before.get("changed_at")
    if before == row:
        return False

    def differ(columns: tuple[str, ...]) -> bool:
        return any(before.get(column) != row[column] for column in columns)

    if differ(_STATE):
        row["changed_at"] = times.whole(now)
    names = ", ".join(f":{name}" for name in row)
    sql.execute(f"INSERT OR REPLACE INTO vulnerabilities ({', '.join(row)}) VALUES ({names})", row)  # noqa: S608
    sql.execute("INSERT OR IGNORE INTO fact_pages_changed VALUES ('cve', ?)", (row["cve"],))
    naming = [
        found["article_id"]
        for found in sql.all("SELECT article_id FROM facts WHERE kind = 'cve' AND value = ?", (row["cve"],))
    ]
    if before and differ(_CONCERNS):
        sql.many("INSERT OR IGNORE INTO facts_waiting (article_id) VALUES (?)", [(one,) for one in naming])
    if differ(_SHOWN):
        post_changes.mark_changed(sql, naming)
    return True


def _row(one: Vulnerability, named: sqlite3.Row) -> dict[str, object]:
    products = sorted(
        {f"{affected.vendor or ''} {affected.product or affected.package or ''}".strip() for affected in one.affected}
    )
    return {
        "cve": one.cve,
        "state": one.state,
        "title": one.title,
        "products": json.dumps(products[:50]),
        "cvss": one.cvss.score if one.cvss else None,
        "cvss_version": one.cvss.version if one.cvss else None,
        "severity": one.cvss.severity if one.cvss else None,
        "vector": one.cvss.vector if one.cvss else None,
        "cwes": json.dumps(one.cwes),
        "epss": one.epss.score if one.epss else None,
        "epss_percentile": one.epss.percentile if one.epss else None,
        "epss_date": one.epss.date if one.epss else None,
        "epss_model": one.epss.model if one.epss else None,
        "kev_added": one.kev.added if one.kev else None,
        "kev_due": one.kev.due if one.kev else None,
        "kev_ransomware": int(one.kev.ransomware) if one.kev else None,
        "ssvc": one.ssvc,
        "exploited": int(one.exploited),
        "exploited_by": one.exploited_by,
        "published": one.published,
        "first_named": named["first_named"],
        "articles": named["articles"],
    }

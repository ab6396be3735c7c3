"""The tables `entries` and `enclosures`: the items of feeds as they came, safe before anything is scraped.

An entry belongs to its feed alone: nothing that another feed says changes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.models import Decision, Entry, Known, Verdict
from aggregator.store import articles, chain, output, retention, times
from aggregator.store.connection import Sql
from aggregator.store.text import keepable, storable


def known(sql: Sql, feed_id: int, guids: Iterable[str]) -> dict[str, Known]:
    """What is stored of these guids of one feed, by guid as asked."""
    asked = {str(storable(guid)): guid for guid in guids}
    rows = sql.all(
        """
        SELECT guid, content_hash, updated FROM entries
        WHERE feed_id = :feed AND guid IN (SELECT value FROM json_each(:guids))
        """,
        {"feed": feed_id, "guids": json.dumps(list(asked))},
    )
    return {
        asked[row["guid"]]: Known(asked[row["guid"]], row["content_hash"], times.read(row["updated"])) for row in rows
    }


def save(sql: Sql, feed_id: int, decisions: Sequence[Decision], at: datetime) -> None:
    """Write what is new or revised. Unchanged entries cost nothing.

    Oldest first (feeds have the newest on top), so that numbers rise with time where a feed gives no dates.
    """
    missed_since = chain.missed_since(sql, feed_id, (decision.guid for decision in decisions))
    created: list[int] = []
    changed: list[int] = []
    undated = 0
    for decision in decisions:
        undated += decision.entry.published is None
    for decision in reversed(decisions):
        if decision.verdict is Verdict.UNCHANGED:
            undated -= decision.entry.published is None
            continue
        undated -= decision.entry.published is None
        made_room = chain.listed(sql, feed_id, decision)
        if made_room or decision.verdict is Verdict.NEW:
            dates = at, _ordered(decision.entry, at, undated)
            created += _insert(sql, feed_id, decision, dates, missed_since)
        else:
            changed += _revise(sql, feed_id, decision, at)
    output.touch(sql, [*created, *changed])


def _ordered(entry: Entry, at: datetime, place: int) -> datetime:
    """The time to order by: as published, never later than seen; without a date, the document's own order."""
    return min(entry.published, at) if entry.published else at - timedelta(seconds=place)


def _insert(
    sql: Sql, feed_id: int, decision: Decision, dates: tuple[datetime, datetime], missed_since: str | None
) -> list[int]:
    """The article of a new entry, in a list; empty when another process has stored the entry in the meantime."""
    at, published_at = dates
    if sql.one("SELECT 1 FROM entries WHERE feed_id = ? AND guid = ?", (feed_id, decision.guid)):
        return []
    entry = decision.entry
    article_id = articles.for_entry(sql, feed_id, decision, at, published_at)
    entry_id = sql.value(
        """
        INSERT INTO entries (feed_id, guid, article_id, given_guid, url, canonical_url, title, author, published,
            published_at, updated, first_seen, language, tags, content_hash, reason, missed_since,
            summary, html)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
        """,
        (
            feed_id,
            decision.guid,
            article_id,
            entry.guid,
            entry.url,
            decision.canonical_url,
            entry.title,
            entry.author,
            times.exact(entry.published),
            times.whole(published_at),
            times.exact(entry.updated),
            times.whole(at),
            entry.language,
            json.dumps(entry.tags, ensure_ascii=False),
            decision.content_hash,
            decision.reason,
            missed_since,
            keepable(entry.summary),
            keepable(entry.html),
        ),
    )
    _save_enclosures(sql, entry_id, entry)
    retention.revive(sql, article_id, at)
    output.carry(sql, feed_id, article_id)
    return [article_id]


def _revise(sql: Sql, feed_id: int, decision: Decision, at: datetime) -> list[int]:
    """The article of a revised entry, in a list; empty when the article has been purged: then only the hash is kept."""
    entry = decision.entry
    held = sql.value("SELECT article_id FROM entries WHERE feed_id = ? AND guid = ?", (feed_id, decision.guid))
    if held is not None and retention.is_purged(sql, held):
        entry = replace(entry, summary="", html="")
    row = sql.one(
        """
        UPDATE entries SET url = iif(canonical_url IS ?, coalesce(url, ?), ?), canonical_url = ?,
            title = ?, author = ?, published = ?, updated = ?, revised = ?,
            language = ?, tags = ?, content_hash = ?, reason = ?, summary = ?, html = ?, given_guid = ?
        WHERE feed_id = ? AND guid = ? AND content_hash <> ? RETURNING id, article_id
        """,
        (
            decision.canonical_url,  # the same but for what tracks: readers that go by the link see no new one
            entry.url,
            entry.url,
            decision.canonical_url,
            entry.title,
            entry.author,
            times.exact(entry.published),
            times.exact(entry.updated),
            times.whole(at),
            entry.language,
            json.dumps(entry.tags, ensure_ascii=False),
            decision.content_hash,
            decision.reason,
            keepable(entry.summary),
            keepable(entry.html),
            entry.guid,
            feed_id,
            decision.guid,
            decision.content_hash,
        ),
    )
    if row is None:
        return []
    sql.execute("DELETE FROM enclosures WHERE entry_id = ?", (row["id"],))
    _save_enclosures(sql, row["id"], entry)
    if retention.is_purged(sql, row["article_id"]):
        return []
    articles.entry_revised(sql, row["article_id"], row["id"], decision, at)
    return [row["article_id"]]


def _save_enclosures(sql: Sql, entry_id: int, entry: Entry) -> None:
    sql.many(
        "INSERT INTO enclosures (entry_id, position, url, type, length) VALUES (?, ?, ?, ?, ?)",
        [(entry_id, n, item.url, item.type, item.length) for n, item in enumerate(entry.enclosures)],
    )

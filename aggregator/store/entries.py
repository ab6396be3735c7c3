"""The tables `entries`, `enclosures`, `entry_images`, `episodes`: the items of feeds as they came.

They are safe before anything is scraped. An entry belongs to its feed alone: nothing that another feed says changes it.

The table `polls`, and the order in which one poll is written: feed, entries, log; all of it or nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, replace
from datetime import datetime, timedelta

from aggregator.models import Decision, Entry, Known, PollOutcome, Verdict
from aggregator.store import articles, chain, feeds, post_changes, retention, times, websub
from aggregator.store.connection import Sql
from aggregator.text.dates import date_in_url
from aggregator.text.storable import keepable, storable


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
    post_changes.mark_changed(sql, [*created, *changed])


def _ordered(entry: Entry, at: datetime, place: int) -> datetime:
    """The time to order by: as published, never later than seen.

    Without a date, the day in the entry's address where there is one, else the document's own order, as of now.
    """
    published = entry.published or date_in_url(entry.url)
    seen = at - timedelta(seconds=place)
    if entry.published is None and published and published.date() == at.date():
        return seen
    return min(published, at) if published else seen


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
            published_at, updated, first_seen, language, tags, content_hash, reason, missed_since, summary, html)
        VALUES (:feed_id, :guid, :article_id, :given_guid, :url, :canonical_url, :title, :author, :published,
            :published_at, :updated, :at, :language, :tags, :content_hash, :reason, :missed_since, :summary, :html)
        RETURNING id
        """,
        {
            **_values(feed_id, decision, entry, at),
            "article_id": article_id,
            "published_at": times.whole(published_at),
            "missed_since": missed_since,
        },
    )
    _save_media(sql, entry_id, entry)
    retention.revive(sql, article_id, at)
    post_changes.add_carrier(sql, feed_id, article_id)
    return [article_id]


def _revise(sql: Sql, feed_id: int, decision: Decision, at: datetime) -> list[int]:
    """The article of a revised entry, in a list; empty when the article has been purged: then only the hash is kept."""
    entry = decision.entry
    held = sql.value("SELECT article_id FROM entries WHERE feed_id = ? AND guid = ?", (feed_id, decision.guid))
    if held is not None and retention.is_purged(sql, held):
        entry = replace(entry, summary="", html="")
    # An address that is the same but for what tracks stays: readers that go by the link see no new one.
    row = sql.one(
        """
        UPDATE entries SET url = iif(canonical_url IS :canonical_url, coalesce(url, :url), :url),
            canonical_url = :canonical_url, title = :title, author = :author, published = :published,
            updated = :updated, revised = :at, language = :language, tags = :tags, content_hash = :content_hash,
            reason = :reason, summary = :summary, html = :html, given_guid = :given_guid
        WHERE feed_id = :feed_id AND guid = :guid AND content_hash <> :content_hash RETURNING id, article_id
        """,
        _values(feed_id, decision, entry, at),
    )
    if row is None:
        return []
    _save_media(sql, row["id"], entry)
    if retention.is_purged(sql, row["article_id"]):
        return []
    articles.entry_revised(sql, row["article_id"], row["id"], decision, at)
    return [row["article_id"]]


def _values(feed_id: int, decision: Decision, entry: Entry, at: datetime) -> dict[str, object]:
    """What is kept of an entry as a feed gives it `at` this time."""
    return {
        "feed_id": feed_id,
        "guid": decision.guid,
        "given_guid": entry.guid,
        "url": entry.url,
        "canonical_url": decision.canonical_url,
        "title": entry.title,
        "author": entry.author,
        "published": times.exact(entry.published),
        "updated": times.exact(entry.updated),
        "at": times.whole(at),
        "language": entry.language,
        "tags": json.dumps(entry.tags, ensure_ascii=False),
        "content_hash": decision.content_hash,
        "reason": decision.reason,
        "summary": keepable(entry.summary),
        "html": keepable(entry.html),
    }


def _save_media(sql: Sql, entry_id: int, entry: Entry) -> None:
    """Files, pictures and what a podcast says, in place of those of before."""
    for table in ("enclosures", "entry_images", "episodes"):
        sql.execute(f"DELETE FROM {table} WHERE entry_id = ?", (entry_id,))  # noqa: S608 - our own words
    sql.many(
        "INSERT INTO enclosures (entry_id, position, url, type, length, duration_s, title)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(entry_id, n, *astuple(item)) for n, item in enumerate(entry.enclosures)],
    )
    sql.many(
        "INSERT INTO entry_images (entry_id, position, url, alt) VALUES (?, ?, ?, ?)",
        [(entry_id, n, image.url, image.alt) for n, image in enumerate(entry.images)],
    )
    if entry.episode is not None:
        sql.execute(
            "INSERT INTO episodes (entry_id, season, number, kind, explicit, duration_s, subtitle)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (entry_id, *astuple(entry.episode)),
        )


KEPT = 200
"""Polls remembered for each feed: two days at the shortest usual interval, half a year at the longest."""


def save_poll(sql: Sql, outcome: PollOutcome) -> None:
    """Write everything that one poll changed. The caller has opened the transaction."""
    feed_id = outcome.state.id
    before = feeds.shown_of(sql, feed_id) if outcome.feed else ()
    current = feeds.save_state(sql, outcome.state)
    websub.polled(sql, outcome.state)
    news = any(decision.verdict is not Verdict.UNCHANGED for decision in outcome.decisions)
    if outcome.feed is not None and current:
        feeds.save_document(sql, feed_id, outcome.feed, news=news)
        if feeds.shown_of(sql, feed_id) != before:
            post_changes.touch_feeds(sql, (feed_id,))
    if news:
        save(sql, feed_id, outcome.decisions, outcome.at)
    _log(sql, outcome)
    feeds.record_events(sql, feed_id, outcome.events)


def _log(sql: Sql, outcome: PollOutcome) -> None:
    verdicts = [decision.verdict for decision in outcome.decisions]
    sql.execute(
        """
        INSERT INTO polls (feed_id, at, result, http_status, elapsed_s, wire_bytes, new, revised, error, problems)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            outcome.state.id,
            times.whole(outcome.at),
            outcome.result.value,
            outcome.http_status,
            round(outcome.elapsed_s, 3),
            outcome.wire_bytes,
            verdicts.count(Verdict.NEW),
            verdicts.count(Verdict.REVISED),
            outcome.error,
            json.dumps(outcome.feed.problems if outcome.feed else (), ensure_ascii=False),
        ),
    )
    sql.execute(
        """
        DELETE FROM polls WHERE feed_id = :feed AND id <=
            (SELECT id FROM polls WHERE feed_id = :feed ORDER BY id DESC LIMIT 1 OFFSET :kept)
        """,
        {"feed": outcome.state.id, "kept": KEPT},
    )

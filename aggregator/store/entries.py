"""The tables `entries`, `enclosures`, `entry_images`, `episodes`: the items of feeds as they came.

They are safe before anything is scraped. An entry belongs to its feed alone: nothing that another feed says changes it.

The table `polls`, and the order in which one poll is written: feed, entries, log; all of it or nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from aggregator.models import Decision, Entry, Known, PollOutcome, Verdict
from aggregator.store import articles, chain, feeds, ownership, post_changes, retention, times, websub
from aggregator.store.connection import Sql
from aggregator.store.identity import Links
from aggregator.text.storable import keepable, storable

_KNOWN = """
    SELECT guid, given_guid, content_hash, updated, canonical_url, title, published,
        CASE WHEN content_hash IN (SELECT value FROM json_each(:hashes)) THEN ''
            ELSE coalesce(nullif(html, ''), summary) END AS text
    FROM entries WHERE id IN ({ids})
"""
_BY_GUID = _KNOWN.format(
    ids="""
    SELECT id FROM entries WHERE feed_id = :feed AND guid IN (SELECT value FROM json_each(:guids))
"""
)
_ALIKE = _KNOWN.format(
    ids="""
    SELECT id FROM entries WHERE canonical_url IN (SELECT value FROM json_each(:urls)) AND feed_id = :feed
        AND found_by = 'feed'
    UNION SELECT id FROM entries WHERE content_hash IN (SELECT value FROM json_each(:hashes)) AND feed_id = :feed
        AND found_by = 'feed'
    UNION SELECT entries.id FROM json_each(:guids) AS wanted
    JOIN entries ON feed_id = :feed AND guid > wanted.value || '#' AND guid < wanted.value || '$'
"""
)


def known(sql: Sql, feed_id: int, guids: Iterable[str], hashes: Iterable[str] = ()) -> dict[str, Known]:
    """What is stored of these guids of one feed, by guid as asked."""
    asked = {str(storable(guid)): guid for guid in guids}
    wanted = {"feed": feed_id, "guids": json.dumps(list(asked)), "hashes": json.dumps(list(hashes))}
    return {asked[row["guid"]]: _known(row, asked[row["guid"]]) for row in sql.all(_BY_GUID, wanted)}


def known_alike(
    sql: Sql, feed_id: int, urls: Iterable[str], hashes: Iterable[str], guids: Iterable[str] = ()
) -> dict[str, Known]:
    """What is stored of one feed under these links, content hashes or guids with a mark (`guid#...`), by guid."""
    asked = json.dumps([storable(guid) for guid in guids])
    wanted = {"feed": feed_id, "urls": json.dumps(list(urls)), "hashes": json.dumps(list(hashes)), "guids": asked}
    return {row["guid"]: _known(row, row["guid"]) for row in sql.all(_ALIKE, wanted)}


def _known(row: sqlite3.Row, guid: str) -> Known:
    return Known(
        guid=guid,
        content_hash=row["content_hash"],
        updated=times.read(row["updated"]),
        given_guid=row["given_guid"],
        url=row["canonical_url"],
        title=row["title"],
        text=row["text"],
        published=times.read(row["published"]),
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """When a document was polled, and when its feed was last polled well before (as stored; None: never)."""

    at: datetime
    last_look: str | None = None


def save(sql: Sql, feed_id: int, decisions: Sequence[Decision], seen: Seen, links: Links) -> None:
    """Write what is new or revised. Unchanged entries cost nothing.

    Oldest first, so that numbers rise with time where a feed gives no dates, or one for many. Feeds have the newest on
    top, unless most of their dates rise.
    """
    missed_since = chain.missed_since(sql, feed_id, (decision.guid for decision in decisions))
    at = seen.at
    created: list[int] = []
    changed: list[int] = []
    undated = sum(decision.entry.published is None for decision in decisions)
    for decision in decisions if _rises(decisions) else reversed(decisions):
        if decision.verdict is Verdict.UNCHANGED:
            undated -= decision.entry.published is None
            continue
        undated -= decision.entry.published is None
        made_room = chain.listed(sql, feed_id, decision)
        if made_room or decision.verdict is Verdict.NEW:
            published_at = _ordered(decision.entry, at, undated)
            created += _insert(sql, feed_id, decision, seen, published_at, missed_since, links)
        else:
            changed += _revise(sql, feed_id, decision, at, links)
    post_changes.mark_changed(sql, [*created, *changed])


def _rises(decisions: Sequence[Decision]) -> bool:
    """Whether a document has its oldest entry on top."""
    dates = [decision.entry.published for decision in decisions if decision.entry.published]
    return sum(a < b for a, b in pairwise(dates)) > sum(a > b for a, b in pairwise(dates))


def _ordered(entry: Entry, at: datetime, place: int) -> datetime:
    """The time to order by: as published, never later than seen.

    Without a date, the day in the entry's address where there is one, else the document's own order, as of now.
    """
    from aggregator.text.dates import date_in_url  # who only reads the database does without

    published = entry.published or date_in_url(entry.url)
    seen = at - timedelta(seconds=place)
    if entry.published is None and published and published.date() == at.date():
        return seen
    return min(published, at) if published else seen


def _insert(
    sql: Sql,
    feed_id: int,
    decision: Decision,
    seen: Seen,
    published_at: datetime,
    missed_since: str | None,
    links: Links,
) -> list[int]:
    """The article of a new entry, in a list; empty when another process has stored the entry in the meantime."""
    at = seen.at
    if sql.one("SELECT 1 FROM entries WHERE feed_id = ? AND guid = ?", (feed_id, decision.guid)):
        return []
    entry = decision.entry
    article_id = articles.for_entry(sql, feed_id, decision, at, published_at, links)
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
    if seen.last_look is not None:
        sql.execute("INSERT INTO unlisted (entry_id, at) VALUES (?, ?)", (entry_id, seen.last_look))
    feeds.add_size(sql, feed_id, text_size(entry))
    _save_media(sql, entry_id, entry)
    retention.revive(sql, article_id, at)
    post_changes.add_carrier(sql, feed_id, article_id)
    ownership.settle(sql, article_id, at, links)
    return [article_id]


def _revise(sql: Sql, feed_id: int, decision: Decision, at: datetime, links: Links) -> list[int]:
    """The article of a revised entry, in a list; empty when the article has been purged: then only the hash is kept."""
    entry = decision.entry
    before = sql.value(
        "SELECT length(CAST(html AS BLOB)) + length(CAST(summary AS BLOB)) FROM entries WHERE feed_id = ? AND guid = ?",
        (feed_id, decision.guid),
    )
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
    feeds.add_size(sql, feed_id, text_size(entry) - int(before or 0))
    _save_media(sql, row["id"], entry)
    if retention.is_purged(sql, row["article_id"]):
        return []
    articles.entry_revised(sql, row["article_id"], row["id"], decision, at)
    ownership.settle(sql, row["article_id"], at, links)
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


def text_size(entry: Entry) -> int:
    """The size of an entry's texts in bytes."""
    return len(entry.html.encode("utf-8", "replace")) + len(entry.summary.encode("utf-8", "replace"))


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


def save_poll(sql: Sql, outcome: PollOutcome, links: Links) -> None:
    """Write everything that one poll changed. The caller has opened the transaction."""
    feed_id = outcome.state.id
    before = feeds.shown_of(sql, feed_id) if outcome.feed else ()
    last_look = sql.value("SELECT last_success FROM feeds WHERE id = ?", (feed_id,))
    current = feeds.save_state(sql, outcome.state)
    websub.polled(sql, outcome.state)
    news = any(decision.verdict is not Verdict.UNCHANGED for decision in outcome.decisions)
    if outcome.feed is not None and current:
        feeds.save_document(sql, feed_id, outcome.feed, news=news)
        if feeds.shown_of(sql, feed_id) != before:
            post_changes.touch_feeds(sql, (feed_id,))
    if news:
        save(sql, feed_id, outcome.decisions, Seen(outcome.at, last_look), links)
    if outcome.feed is not None:
        feeds.note_limit(sql, feed_id, outcome.state.limit)
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

"""How the feeds do, read from the tables of feeds, polls, entries and articles; and what befell them (`feed_events`).

Events are noted in the transaction of the poll that shows them (`note`); what is one, `aggregator.poll.health` decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.models import FeedEvent, NotedEvent
from aggregator.store import times
from aggregator.store.connection import Sql

_A_DAY = """
    SELECT feeds.id, substr(entries.published_at, 1, 10) AS day, count(*) AS entries
    FROM feeds JOIN entries ON entries.feed_id = feeds.id AND entries.published_at >= ?
    WHERE feeds.configured GROUP BY feeds.id, day
"""
_MISSING = """
    WITH late (article_id) AS MATERIALIZED (
        SELECT article_id FROM entries WHERE missed_since IS NOT NULL AND first_seen >= :since
        ORDER BY first_seen DESC LIMIT :most
    )
    SELECT feeds.id, count(DISTINCT gaps.missing_url) AS posts
    FROM late CROSS JOIN gaps ON gaps.id = late.article_id JOIN feeds ON feeds.name = gaps.source
    GROUP BY feeds.id
"""
_EVENTS = """
    SELECT feed_events.*, feeds.name, feeds.slug FROM feed_events LEFT JOIN feeds ON feeds.id = feed_events.feed_id
    ORDER BY feed_events.id DESC LIMIT ?
"""
_PULSE = """
    SELECT max(last_poll) AS last_poll, max(last_success) AS last_success,
        min(CASE WHEN NOT paused AND status <> 'gone' THEN coalesce(next_poll, added) END) AS next_poll
    FROM feeds WHERE configured
"""


LATE = 2000
"""Posts that are looked at for gaps: 40 µs each. A feed that is polled often enough has none in years."""

KEPT = 1000
"""Events remembered: years of a hundred feeds."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Of a feed's articles: pages read, waiting, given up, and those that keep the feed's own text."""

    scraped: int = 0
    pending: int = 0
    failed: int = 0
    feed_text: int = 0


@dataclass(frozen=True, slots=True)
class Pulse:
    """When the last poll was, and the last good one; when the next should be; when the last post came out."""

    last_poll: datetime | None = None
    last_success: datetime | None = None
    next_poll: datetime | None = None
    last_post: datetime | None = None


def posts_a_day(sql: Sql, since: datetime) -> dict[int, dict[str, int]]:
    """Entries by day of publication, for each configured feed that has any since then."""
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for row in sql.all(_A_DAY, (times.whole(since),)):
        found[row["id"]][row["day"]] = row["entries"]
    return dict(found)


def pages(sql: Sql) -> dict[int, Pages]:
    """What became of the pages, by feed."""
    counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for row in sql.all("SELECT feed_id, state, count(*) AS articles FROM articles GROUP BY feed_id, state"):
        counts[row["feed_id"]][row["state"]] = row["articles"]
    return {feed_id: Pages(**states) for feed_id, states in counts.items()}


def missing(sql: Sql, since: datetime) -> dict[int, int]:
    """Posts that the chain names and that are not held, by feed: those named by posts that came since then."""
    rows = sql.all(_MISSING, {"since": times.whole(since), "most": LATE})
    return {row["id"]: row["posts"] for row in rows}


def events(sql: Sql, limit: int) -> tuple[NotedEvent, ...]:
    """What befell the feeds, the latest first."""
    return tuple(
        NotedEvent(
            row["id"], times.must_read(row["at"]), row["kind"], row["title"], row["words"], row["name"], row["slug"]
        )
        for row in sql.all(_EVENTS, (limit,))
    )


def note(sql: Sql, feed_id: int | None, happened: Iterable[FeedEvent]) -> None:
    """Keep what befell a feed (None: all of them). The caller has opened the transaction.

    Feed readers drop entries that share a time, and RSS knows whole seconds: each event is given one of its own.
    """
    for event in happened:
        last = times.read(sql.value("SELECT at FROM feed_events ORDER BY id DESC LIMIT 1"))
        at = max(event.at, last + timedelta(seconds=1)) if last else event.at
        sql.execute(
            "INSERT INTO feed_events (feed_id, at, kind, title, words) VALUES (?, ?, ?, ?, ?)",
            (feed_id, times.whole(at), event.kind, event.title, event.words),
        )
        sql.execute("DELETE FROM feed_events WHERE id <= (SELECT max(id) FROM feed_events) - ?", (KEPT,))


def note_of_all(sql: Sql, event: FeedEvent) -> None:
    """Keep what befell all feeds, unless it is what was last noted of them."""
    last = sql.one("SELECT kind, words FROM feed_events WHERE feed_id IS NULL ORDER BY id DESC LIMIT 1")
    if last is None or tuple(last) != (event.kind, event.words):
        note(sql, None, (event,))


def offline_since(sql: Sql) -> datetime | None:
    """Since when the network seems to be down; None: it is not."""
    last = sql.one(
        "SELECT at, kind FROM feed_events WHERE feed_id IS NULL AND kind IN ('offline', 'online') "
        "ORDER BY id DESC LIMIT 1"
    )
    return times.must_read(last["at"]) if last is not None and last["kind"] == "offline" else None


def pulse(sql: Sql) -> Pulse:
    """Whether the program is at work."""
    row = sql.one(_PULSE)
    stamp = sql.value("SELECT stamp FROM posts WHERE sequence = (SELECT max(sequence) FROM posts)")
    if row is None:
        return Pulse(last_post=times.read(stamp))
    return Pulse(
        times.read(row["last_poll"]), times.read(row["last_success"]), times.read(row["next_poll"]), times.read(stamp)
    )

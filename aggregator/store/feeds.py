"""The tables `feeds` and `feed_tags`: what is configured, what the next poll needs, what the output names as source.

A feed is never deleted here. Which feed of feeds.yaml is which stored one is decided in `configured`.

How much of a post may go out: what `republish` and `noarchive` say for the feeds that carry it; what was withdrawn.

The strictest word counts: a post that a feed with `republish: link` carries is a link, whichever feed brought it first.
It changes no table.

How the feeds do, read from the tables of feeds, polls, entries and articles; and what happened to them (`feed_events`).

Events are noted in the transaction of the poll that shows them (`record_events`); `poll.health` decides what
is one.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, get_args

from aggregator.models import (
    FeedEvent,
    FeedHints,
    FeedState,
    FeedStatus,
    NotedEvent,
    ParsedFeed,
    Push,
    Republish,
    Source,
    Validators,
    Withdrawal,
)
from aggregator.models.errors import Refusal
from aggregator.store import times
from aggregator.store.connection import Sql
from aggregator.text.images import path_of
from aggregator.text.urls import public_url, redact, says_secret

CLOCK_SLACK = timedelta(minutes=5)
"""A last poll that lies further in the future was made by a clock that was wrong, or is one now: clocks are set."""

LONGEST_REST_S = 86_400
"""The longest that a host's Retry-After is believed, in seconds; an appointment is never further off than that, or
than the feed's interval, and a week for the days that a feed asks to skip."""

POSTED = 50
"""Publication times kept in view for the adaptive interval."""

_STATES = """
    SELECT feeds.*, (SELECT count(*) FROM entries WHERE entries.feed_id = feeds.id) AS entry_count,
        (SELECT count(*) FROM chain WHERE chain.feed_id = feeds.id AND chain.state = 'found') AS chain_count,
        (SELECT json_array(works, calls, polled_calls) FROM subscriptions
            WHERE subscriptions.feed_id = feeds.id AND subscriptions.state = 'active') AS push,
        (SELECT text_bytes FROM feed_sizes WHERE feed_id = feeds.id) AS text_bytes,
        (SELECT reached FROM feed_sizes WHERE feed_id = feeds.id) AS reached
    FROM feeds
"""
_DUE = """
    next_poll IS NULL OR next_poll <= ? OR last_poll > ?
    OR unixepoch(next_poll) - unixepoch(?) > max(coalesce(interval_s, 0), ?) + 7 * 86400
"""
_POSTED = """
    SELECT published_at FROM entries WHERE feed_id = ? ORDER BY published_at DESC LIMIT ?
"""


def states(sql: Sql, *, unconfigured: bool = False) -> tuple[FeedState, ...]:
    """Every configured feed by name; those no longer configured too when asked."""
    where = "" if unconfigured else "WHERE configured"
    return _states(sql, f"{where} ORDER BY name COLLATE NOCASE, id", ())


def due(sql: Sql, now: datetime, *, force: bool, name: str | None) -> tuple[FeedState, ...]:
    """The feeds to poll now, the longest waiting first. `force`: also those not yet due and those that are gone.

    `name` (name or slug) limits the answer to one feed. Paused and unconfigured feeds are never due. An appointment
    made by a clock that was wrong does not count.
    """
    conditions, parameters = ["configured", "NOT paused"], list[object]()
    if not force:
        conditions += ["status <> 'gone'", f"({_DUE})"]
        parameters += [times.whole(now), times.whole(now + CLOCK_SLACK), times.whole(now), LONGEST_REST_S]
    if name is not None:
        conditions.append("(name = ? OR slug = ?)")
        parameters += [name, name]
    states_due = _states(sql, f"WHERE {' AND '.join(conditions)} ORDER BY next_poll, id", parameters)
    return tuple(replace(state, body_at=times.read(sql.value(_BODY_AT, (state.id,)))) for state in states_due)


_BODY_AT = "SELECT at FROM polls WHERE feed_id = ? AND http_status IN (200, 203) ORDER BY id DESC LIMIT 1"


def _states(sql: Sql, clause: str, parameters: Iterable[object]) -> tuple[FeedState, ...]:
    rows = sql.all(_STATES + clause, tuple(parameters))
    tags = tags_by_feed(sql)
    return tuple(_state(sql, row, tags.get(row["id"], ())) for row in rows)


def _state(sql: Sql, row: sqlite3.Row, tags: tuple[str, ...]) -> FeedState:
    posted = sql.all(_POSTED, (row["id"], POSTED))
    said = json.loads(row["rhythm"])
    return FeedState(
        id=row["id"],
        name=row["name"],
        slug=row["slug"],
        url=row["url"],
        polled_url=row["polled_url"],
        status=FeedStatus.PAUSED if row["paused"] else FeedStatus(row["status"]),
        title=row["title"],
        home_page_url=row["home_page_url"],
        tags=tags,
        validators=Validators(row["etag"], row["last_modified"]),
        body_hash=row["body_hash"],
        rhythm=rhythm_from_json(said),
        max_age_s=said.get("max_age_s"),
        not_before=times.read(said.get("not_before")),
        push=_push(row["push"]),
        last_poll=times.read(row["last_poll"]),
        last_success=times.read(row["last_success"]),
        next_poll=times.read(row["next_poll"]),
        next_poll_reason=row["next_poll_reason"],
        failures=row["failures"],
        last_error=row["last_error"],
        interval_s=row["interval_s"],
        moving_to=row["moving_to"],
        moving_polls=row["moving_polls"],
        entries=row["entry_count"],
        found_by_chain=row["chain_count"],
        text_bytes=row["text_bytes"] or 0,
        limit=row["reached"] or "",
        posted=tuple(times.must_read(item["published_at"]) for item in posted),
    )


def add_size(sql: Sql, feed_id: int, text_bytes: int) -> None:
    """Count the size of texts that a feed has added (or, below 0, that are gone)."""
    sql.execute(
        """
        INSERT INTO feed_sizes (feed_id, text_bytes) VALUES (:feed, max(0, :size))
        ON CONFLICT (feed_id) DO UPDATE SET text_bytes = max(0, text_bytes + :size)
        """,
        {"feed": feed_id, "size": text_bytes},
    )


def note_limit(sql: Sql, feed_id: int, reached: str) -> None:
    """Note which bound on what a feed may add a poll has met; "": none."""
    sql.execute(
        """
        INSERT INTO feed_sizes (feed_id, text_bytes, reached) VALUES (:feed, 0, :reached)
        ON CONFLICT (feed_id) DO UPDATE SET reached = excluded.reached WHERE reached <> excluded.reached
        """,
        {"feed": feed_id, "reached": reached},
    )


def _push(given: str | None) -> Push | None:
    if given is None:
        return None
    works, calls, polled = json.loads(given)
    return Push(bool(works), calls, polled)


def disallowed(sql: Sql) -> dict[int, int]:
    """Feed -> articles without their page because robots.txt does not allow it."""
    rows = sql.all(
        """
        SELECT feed_id, count(*) AS pages FROM articles
        WHERE state = 'failed' AND refused_by = ? AND refused_by IS NOT NULL GROUP BY feed_id
        """,
        (Refusal.ROBOTS,),
    )
    return {row["feed_id"]: row["pages"] for row in rows}


def tags_by_feed(sql: Sql) -> dict[int, tuple[str, ...]]:
    """The tags of each feed that has any, in the order of feeds.yaml."""
    tags: defaultdict[int, list[str]] = defaultdict(list)
    for row in sql.all("SELECT feed_id, tag FROM feed_tags ORDER BY feed_id, position"):
        tags[row["feed_id"]].append(row["tag"])
    return {feed_id: tuple(found) for feed_id, found in tags.items()}


def rhythm_to_json(state: FeedState) -> str:
    """What the document and its server say about when to come back."""
    rhythm = state.rhythm
    values: dict[str, object] = {}
    if state.max_age_s is not None:
        values["max_age_s"] = state.max_age_s
    if state.not_before is not None:
        values["not_before"] = times.not_before(state.not_before)
    if rhythm.ttl is not None:
        values["ttl_s"] = rhythm.ttl.total_seconds()
    if rhythm.skip_hours:
        values["skip_hours"] = sorted(rhythm.skip_hours)
    if rhythm.skip_days:
        values["skip_days"] = sorted(rhythm.skip_days)
    return json.dumps(values)


def rhythm_from_json(values: Mapping[str, Any]) -> FeedHints:
    ttl = values.get("ttl_s")
    return FeedHints(
        ttl=None if ttl is None else timedelta(seconds=ttl),
        skip_hours=frozenset(values.get("skip_hours", ())),
        skip_days=frozenset(values.get("skip_days", ())),
    )


def save_state(sql: Sql, state: FeedState) -> bool:
    """Write what a poll changes of a feed; False when feeds.yaml has given it another URL since it was read."""
    cursor = sql.execute(
        """
        UPDATE feeds SET polled_url = ?, status = CASE WHEN ? = 'paused' THEN status ELSE ? END,
            title = ?, home_page_url = ?, etag = ?, last_modified = ?, body_hash = ?, rhythm = ?,
            last_poll = ?, last_success = ?, next_poll = ?, next_poll_reason = ?, failures = ?, last_error = ?,
            interval_s = ?, moving_to = ?, moving_polls = ?
        WHERE id = ? AND url = ?
        """,
        (
            state.polled_url,
            state.status.value,
            state.status.value,
            state.title,
            state.home_page_url,
            state.validators.etag,
            state.validators.last_modified,
            state.body_hash,
            rhythm_to_json(state),
            times.exact(state.last_poll),
            times.exact(state.last_success),
            times.not_before(state.next_poll),
            state.next_poll_reason,
            state.failures,
            state.last_error,
            state.interval_s,
            state.moving_to,
            state.moving_polls,
            state.id,
            state.url,
        ),
    )
    return cursor.rowcount == 1


def save_document(sql: Sql, feed_id: int, feed: ParsedFeed, *, news: bool) -> None:
    """Write what a document says about its feed. `updated` moves only with news: many feeds stamp every answer."""
    sql.execute(
        """
        UPDATE feeds SET title = ?, home_page_url = ?, description = ?, language = ?, author = ?, icon = ?,
            atom_id = ?, updated = CASE WHEN ? OR updated IS NULL THEN ? ELSE updated END, format = ?, self_url = ?,
            hubs = ?, next_url = ?
        WHERE id = ?
        """,
        (
            feed.title,
            feed.home_page_url,
            feed.description,
            feed.language,
            feed.author,
            feed.icon,
            feed.id,
            news,
            times.exact(feed.updated),
            feed.format,
            feed.self_url,
            json.dumps(feed.hubs, ensure_ascii=False),
            feed.next_url,
            feed_id,
        ),
    )


def shown_of(sql: Sql, feed_id: int) -> tuple[object, ...]:
    """What the output shows of a feed on each of its posts: to tell whether they all change."""
    row = sql.one("SELECT name, title, home_page_url, atom_id, url FROM feeds WHERE id = ?", (feed_id,))
    return tuple(row) if row else ()


_SOURCES = """
    SELECT id, name, slug, feeds.url, title, home_page_url, atom_id, updated, feed_icons.hash, feed_icons.type
    FROM feeds LEFT JOIN feed_icons ON feed_icons.feed_id = feeds.id ORDER BY id
"""


def sources(sql: Sql) -> dict[int, Source]:
    """Every feed, configured or not, as the output names it: addresses without secrets."""
    tags = tags_by_feed(sql)
    return {row["id"]: _source(row, tags.get(row["id"], ())) for row in sql.all(_SOURCES)}


def _source(row: sqlite3.Row, tags: tuple[str, ...]) -> Source:
    return Source(
        name=row["name"],
        slug=row["slug"],
        feed_url=redact(row["url"]),
        title="" if says_secret(row["title"]) else row["title"],
        home_page_url=public_url(row["home_page_url"]) if row["home_page_url"] else None,
        id=redact(row["atom_id"]) if row["atom_id"] else None,
        updated=times.read(row["updated"]),
        tags=tags,
        icon=path_of(row["hash"], row["type"]) if row["hash"] else None,
    )


STANDING = "NOT EXISTS (SELECT 1 FROM withdrawals WHERE withdrawals.article_id = posts.article_id)"
"""The condition on `posts` that one has not been withdrawn."""

ORDER: tuple[Republish, ...] = get_args(Republish)
"""From the freest to the strictest."""

_RULES = """
    SELECT id, coalesce(json_extract(options, '$.republish'), 'full') AS republish,
        coalesce(json_extract(options, '$.noarchive'), 'excerpt') AS noarchive
    FROM feeds
"""
_CARRIED = """
    SELECT articles.id, articles.noarchive, articles.feed_id FROM json_each(:ids) AS wanted
    JOIN articles ON articles.id = wanted.value
    UNION
    SELECT articles.id, articles.noarchive, entries.feed_id FROM json_each(:ids) AS wanted
    JOIN articles ON articles.id = wanted.value
    JOIN entries ON entries.article_id = articles.id
"""


@dataclass(frozen=True, slots=True)
class RepublishRules:
    """What feeds.yaml says, by feed: (republish, noarchive)."""

    by_feed: Mapping[int, tuple[str, str]]

    def of(self, feeds: Iterable[int], *, noarchive: bool) -> Republish:
        """How much of an article goes out that these feeds carry, whose page may ask not to be archived."""
        said = [self.by_feed[feed] for feed in feeds]
        words = [republish for republish, _ in said]
        if noarchive:
            words += [rule for _, rule in said if rule != "ignore"]
        return max((word for word in ORDER if word in words), key=ORDER.index, default="full")


def rules(sql: Sql) -> RepublishRules:
    return RepublishRules({row["id"]: (row["republish"], row["noarchive"]) for row in sql.all(_RULES)})


def silent(sql: Sql, ids: Collection[int]) -> set[int]:
    """Of these articles those of which nothing but title and link may be shown, and those that were withdrawn."""
    wanted = {"ids": json.dumps(sorted(ids))}
    found = withdrawn(sql, ids).keys() | set()
    said = rules(sql)
    if not any("link" in rule for rule in said.by_feed.values()):
        return found
    carried: dict[int, list[sqlite3.Row]] = {}
    for row in sql.all(_CARRIED, wanted):
        carried.setdefault(row["id"], []).append(row)
    for article_id, rows in carried.items():
        if said.of((row["feed_id"] for row in rows), noarchive=bool(rows[0]["noarchive"])) == "link":
            found.add(article_id)
    return found


def withdrawn(sql: Sql, ids: Collection[int]) -> dict[int, Withdrawal]:
    """Of these articles those that were withdrawn."""
    rows = sql.all(
        "SELECT article_id, at, reason FROM withdrawals WHERE article_id IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(ids)),),
    )
    return {row["article_id"]: Withdrawal(times.must_read(row["at"]), row["reason"]) for row in rows}


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
class PageCounts:
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


def pages(sql: Sql) -> dict[int, PageCounts]:
    """What became of the pages, by feed."""
    counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for row in sql.all("SELECT feed_id, state, count(*) AS articles FROM articles GROUP BY feed_id, state"):
        counts[row["feed_id"]][row["state"]] = row["articles"]
    return {feed_id: PageCounts(**states) for feed_id, states in counts.items()}


def missing(sql: Sql, since: datetime) -> dict[int, int]:
    """Posts that the chain names and that are not held, by feed: those named by posts that came since then."""
    rows = sql.all(_MISSING, {"since": times.whole(since), "most": LATE})
    return {row["id"]: row["posts"] for row in rows}


def events(sql: Sql, limit: int) -> tuple[NotedEvent, ...]:
    """What happened to the feeds, the latest first."""
    return tuple(
        NotedEvent(
            row["id"], times.must_read(row["at"]), row["kind"], row["title"], row["words"], row["name"], row["slug"]
        )
        for row in sql.all(_EVENTS, (limit,))
    )


def record_events(sql: Sql, feed_id: int | None, happened: Iterable[FeedEvent]) -> None:
    """Keep what happened to a feed (None: all of them). The caller has opened the transaction.

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
    """Keep what happened to all feeds, unless it is what was last noted of them."""
    last = sql.one("SELECT kind, words FROM feed_events WHERE feed_id IS NULL ORDER BY id DESC LIMIT 1")
    if last is None or tuple(last) != (event.kind, event.words):
        record_events(sql, None, (event,))


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

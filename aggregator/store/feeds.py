"""The tables `feeds` and `feed_tags`: what is configured, what the next poll needs, what the output names as source.

A feed is never deleted here. Which feed of feeds.yaml is which stored one is decided in `configured`.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from aggregator.models import FeedState, FeedStatus, ParsedFeed, Push, Rhythm, Source, Validators
from aggregator.store import times
from aggregator.store.connection import Sql
from aggregator.text.urls import redact

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
            WHERE subscriptions.feed_id = feeds.id AND subscriptions.state = 'active') AS push
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
    return _states(sql, f"WHERE {' AND '.join(conditions)} ORDER BY next_poll, id", parameters)


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
        posted=tuple(times.must_read(item["published_at"]) for item in posted),
    )


def _push(given: str | None) -> Push | None:
    if given is None:
        return None
    works, calls, polled = json.loads(given)
    return Push(bool(works), calls, polled)


def disallowed(sql: Sql) -> dict[int, int]:
    """Feed -> articles without their page because robots.txt does not allow it (see fetch.visit for the words)."""
    rows = sql.all(
        """
        SELECT feed_id, count(*) AS pages FROM articles
        WHERE state = 'failed' AND last_error LIKE '%robots.txt of % does not allow it%' GROUP BY feed_id
        """
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


def rhythm_from_json(values: Mapping[str, Any]) -> Rhythm:
    ttl = values.get("ttl_s")
    return Rhythm(
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


def sources(sql: Sql) -> dict[int, Source]:
    """Every feed, configured or not, as the output names it: addresses without secrets."""
    tags = tags_by_feed(sql)
    rows = sql.all("SELECT id, name, slug, url, title, home_page_url, atom_id, updated FROM feeds ORDER BY id")
    return {row["id"]: _source(row, tags.get(row["id"], ())) for row in rows}


def _source(row: sqlite3.Row, tags: tuple[str, ...]) -> Source:
    return Source(
        name=row["name"],
        slug=row["slug"],
        feed_url=redact(row["url"]),
        title=row["title"],
        home_page_url=redact(row["home_page_url"]) if row["home_page_url"] else None,
        id=redact(row["atom_id"]) if row["atom_id"] else None,
        updated=times.read(row["updated"]),
        tags=tags,
    )

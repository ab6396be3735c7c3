"""The table `polls`, and the order in which one poll is written: feed, entries, log; all of it or nothing."""

from __future__ import annotations

import json

from aggregator.models import PollOutcome, Verdict
from aggregator.store import entries, feed_health, feeds, output, subscriptions, times
from aggregator.store.connection import Sql

KEPT = 200
"""Polls remembered for each feed: two days at the shortest usual interval, half a year at the longest."""


def save(sql: Sql, outcome: PollOutcome) -> None:
    """Write everything that one poll changed. The caller has opened the transaction."""
    feed_id = outcome.state.id
    before = feeds.shown_of(sql, feed_id) if outcome.feed else ()
    current = feeds.save_state(sql, outcome.state)
    subscriptions.polled(sql, outcome.state)
    news = any(decision.verdict is not Verdict.UNCHANGED for decision in outcome.decisions)
    if outcome.feed is not None and current:
        feeds.save_document(sql, feed_id, outcome.feed, news=news)
        if feeds.shown_of(sql, feed_id) != before:
            output.touch_feeds(sql, (feed_id,))
    if news:
        entries.save(sql, feed_id, outcome.decisions, outcome.at)
    _log(sql, outcome)
    feed_health.note(sql, feed_id, outcome.events)


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

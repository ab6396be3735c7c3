"""The table `purged`: what feeds.yaml does not want kept for ever loses its text; its identity stays.

An article is purged when every feed that brought it has had it long enough. What goes is what takes room: its text
and HTML, the feeds' texts, its former versions. What stays is the row itself with title, link, teaser, dates, evidence
and fingerprint, its entries and its place in the output: so it does not come back as new, its copies are still known
as copies, its story and its neighbours stay whole, and no link to its page breaks. Archive documents stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape

from aggregator.store import output, times
from aggregator.store.connection import Sql

BATCH = 200
"""Articles purged in one transaction, so that polls need not wait for a first great clearing."""

NOTICE = "<p><em>The full text is no longer kept here.</em></p>"


@dataclass(frozen=True, slots=True)
class Limit:
    """How long the articles of one feed are kept: those that came before `before` go, and all but the `newest`."""

    feed_id: int
    before: datetime | None = None
    newest: int | None = None


_PAST = """
    WITH limits AS (
        SELECT value ->> 'feed' AS feed_id, value ->> 'before' AS before, value ->> 'newest' AS newest
        FROM json_each(:limits)
    ), past AS (
        SELECT id, article_id FROM (
            SELECT entries.id, entries.article_id, entries.first_seen, limits.before, limits.newest,
                row_number() OVER (PARTITION BY entries.feed_id ORDER BY published_at DESC, entries.id DESC) AS place
            FROM entries JOIN limits ON limits.feed_id = entries.feed_id
        )
        WHERE first_seen < before OR place > newest
    )
    SELECT DISTINCT articles.id, articles.teaser, articles.word_count
    FROM past
    JOIN articles ON articles.id = past.article_id
    JOIN posts ON posts.article_id = articles.id AND posts.sequence IS NOT NULL
    WHERE articles.next_attempt IS NULL
        AND NOT EXISTS (SELECT 1 FROM purged WHERE purged.article_id = articles.id)
        AND NOT EXISTS (
            SELECT 1 FROM entries AS held WHERE held.article_id = articles.id AND held.id NOT IN (SELECT id FROM past)
        )
    ORDER BY articles.id LIMIT :batch
"""


def purge(sql: Sql, limits: Iterable[Limit], now: datetime) -> int:
    """Purge at most BATCH articles that are past every limit; how many. Those not yet put out wait."""
    wanted = [
        {"feed": one.feed_id, "before": one.before and times.whole(one.before), "newest": one.newest} for one in limits
    ]
    rows = sql.all(_PAST, {"limits": json.dumps(wanted), "batch": BATCH})
    for row in rows:
        teaser = row["teaser"]
        sql.execute(
            "INSERT INTO purged (article_id, at, word_count) VALUES (?, ?, ?)",
            (row["id"], times.whole(now), row["word_count"]),
        )
        sql.execute(
            "UPDATE articles SET text = ?, html = ?, word_count = ?, lead_image = NULL WHERE id = ?",
            (teaser, (f"<p>{escape(teaser)}</p>" if teaser else "") + NOTICE, len(teaser.split()), row["id"]),
        )
        sql.execute("UPDATE entries SET summary = '', html = '' WHERE article_id = ?", (row["id"],))
        sql.execute("DELETE FROM revisions WHERE article_id = ?", (row["id"],))
        sql.execute("UPDATE rechecks SET due = NULL WHERE article_id = ?", (row["id"],))
    output.touch(sql, [row["id"] for row in rows])
    return len(rows)


def is_purged(sql: Sql, article_id: int) -> bool:
    """Whether the text of an article is gone for good."""
    return sql.one("SELECT 1 FROM purged WHERE article_id = ?", (article_id,)) is not None


def leaves_alone(sql: Sql, article_id: int) -> bool:
    """`is_purged`; the page of such an article, which was on its way when it was purged, is not fetched again."""
    if not is_purged(sql, article_id):
        return False
    sql.execute("UPDATE articles SET next_attempt = NULL WHERE id = ?", (article_id,))
    return True


def revive(sql: Sql, article_id: int, at: datetime) -> None:
    """Have the page of a purged article fetched again: one more feed has brought it, and may keep it longer."""
    if sql.execute("DELETE FROM purged WHERE article_id = ?", (article_id,)).rowcount:
        sql.execute(
            "UPDATE articles SET next_attempt = ?, attempts = 0 WHERE id = ? AND canonical_url IS NOT NULL",
            (times.whole(at), article_id),
        )

"""The table `purged`: what feeds.yaml does not want kept forever loses its text; its identity stays.

An article is purged when every feed that brought it has had it long enough. What goes is what takes room: its text
and HTML, the feeds' texts, its former versions. What stays is the row itself with title, link, teaser, dates, evidence
and fingerprint, its entries and its place in the output: so it does not come back as new, its copies are still known
as copies, its story and its neighbours stay whole, and no link to its page breaks. Archive documents stay as they are.

The table `withdrawals`: what an operator has taken out of the output. What is stored of it stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape

from aggregator.store import post_changes, times
from aggregator.store.connection import Session, Sql
from aggregator.store.feeds import STANDING
from aggregator.text.plain import body_text
from aggregator.text.storable import SUMMARY_CHARS, shortened

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
    SELECT DISTINCT articles.id, articles.text, articles.word_count, coalesce(
        (SELECT summary FROM entries WHERE article_id = articles.id AND feed_id = articles.feed_id AND summary <> ''
            ORDER BY id LIMIT 1),
        (SELECT summary FROM contributors JOIN entries ON entries.id = entry_id
            WHERE contributors.article_id = articles.id AND contributors.text ORDER BY entry_id LIMIT 1),
        '') AS summary
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

_SHRINK = """
    UPDATE feed_sizes SET text_bytes = max(0, text_bytes - (
        SELECT sum(length(CAST(html AS BLOB)) + length(CAST(summary AS BLOB))) FROM entries
        WHERE entries.article_id = ?1 AND entries.feed_id = feed_sizes.feed_id))
    WHERE feed_id IN (SELECT feed_id FROM entries WHERE article_id = ?1)
"""
_SHRINK_REVISIONS = """
    UPDATE feed_sizes SET text_bytes = max(0, text_bytes - coalesce((
        SELECT sum(length(CAST(html AS BLOB)) + length(CAST(text AS BLOB))) FROM revisions WHERE article_id = ?1), 0))
    WHERE feed_id = (SELECT feed_id FROM articles WHERE id = ?1)
"""


def purge(sql: Sql, limits: Iterable[Limit], now: datetime) -> int:
    """Purge at most BATCH articles that are past every limit; how many. Those not yet put out wait."""
    wanted = [
        {"feed": one.feed_id, "before": one.before and times.whole(one.before), "newest": one.newest} for one in limits
    ]
    rows = sql.all(_PAST, {"limits": json.dumps(wanted), "batch": BATCH})
    for row in rows:
        teaser = shortened(body_text(row["summary"]) or row["text"], SUMMARY_CHARS)  # what lists show of it
        sql.execute(
            "INSERT INTO purged (article_id, at, word_count) VALUES (?, ?, ?)",
            (row["id"], times.whole(now), row["word_count"]),
        )
        sql.execute(
            "UPDATE articles SET text = ?, html = ?, word_count = ?, lead_image = NULL WHERE id = ?",
            (teaser, (f"<p>{escape(teaser)}</p>" if teaser else "") + NOTICE, len(teaser.split()), row["id"]),
        )
        for shrink in (_SHRINK, _SHRINK_REVISIONS):
            sql.execute(shrink, (row["id"],))
        sql.execute("UPDATE entries SET summary = '', html = '' WHERE article_id = ?", (row["id"],))
        sql.execute(
            "DELETE FROM entry_images WHERE entry_id IN (SELECT id FROM entries WHERE article_id = ?)", (row["id"],)
        )
        sql.execute("DELETE FROM revisions WHERE article_id = ?", (row["id"],))
        sql.execute("DELETE FROM article_links WHERE article_id = ?", (row["id"],))
        sql.execute("UPDATE rechecks SET due = NULL WHERE article_id = ?", (row["id"],))
    post_changes.mark_changed(sql, [row["id"] for row in rows])
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


class Withdrawals:
    """An operator's word that an article is not to be shown any more, and that it is again."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def withdraw(self, article_id: int, reason: str, now: datetime) -> tuple[int, ...]:
        """Take an article out of the output. What is stored stays. The copies of the same text that are still shown.

        Of one that is out already the day stays, and so does the reason, unless there is a new one.
        """
        with self._session.write() as sql:
            at = post_changes.issue_time(sql, now)
            sql.execute(
                "INSERT INTO withdrawals (article_id, at, reason) VALUES (?, ?, ?)"
                " ON CONFLICT (article_id) DO UPDATE SET reason = excluded.reason WHERE excluded.reason <> ''",
                (article_id, times.whole(at), reason),
            )
            post_changes.mark_changed(sql, (article_id,))
            rows = sql.all(
                f"""
                SELECT articles.id FROM articles JOIN posts ON posts.article_id = articles.id
                WHERE (articles.duplicate_of = :id
                        OR articles.id = (SELECT duplicate_of FROM articles WHERE id = :id)
                        OR articles.duplicate_of = (SELECT duplicate_of FROM articles WHERE id = :id))
                    AND articles.id <> :id AND {STANDING} ORDER BY articles.id
                """,  # noqa: S608 - our own words
                {"id": article_id},
            )
        return tuple(row["id"] for row in rows)

    def reinstate(self, article_id: int, now: datetime) -> bool:
        """Let an article be shown again; whether it had been withdrawn.

        Its post counts as revised: an entry comes back to life by an `updated` after its tombstone (RFC 6721, 3).
        """
        with self._session.write() as sql:
            found = sql.one("DELETE FROM withdrawals WHERE article_id = ? RETURNING at", (article_id,))
            if found is not None:
                post_changes.revised(sql, article_id, now)
            post_changes.mark_changed(sql, (article_id,))
        return found is not None

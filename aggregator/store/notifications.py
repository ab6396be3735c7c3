"""What is to be told of new posts, to whom, and what became of it, kept in `notice_rules` and `notices`.

A message is written down in the transaction that finds its post, and crossed out once it was sent: a crash between
sending and crossing out sends it a second time, and none is ever lost. Nothing is sent here. Where a message goes is
kept as a key made from the address, which may hold a password: a rule's places may change their order.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from aggregator.store import filter_facts, post_changes, posts, times
from aggregator.store.feeds import STANDING

if TYPE_CHECKING:
    from aggregator.config.settings import Notification
    from aggregator.models import Post
    from aggregator.store.connection import Session, Sql

TIMELY = timedelta(days=2)
"""A post that comes to meet a rule later than this after it was put out is no news."""


_CHANGED = f"""
    SELECT posts.article_id, posts.feed_id, articles.first_seen,
        unixepoch(posts.published) > unixepoch(feeds.added)
            AND unixepoch(posts.published) < unixepoch(articles.first_seen) AS came_since
    FROM posts
    JOIN articles ON articles.id = posts.article_id JOIN feeds ON feeds.id = posts.feed_id
    WHERE posts.change > :seen AND posts.sequence > :since AND posts.stamp >= :timely
        AND NOT posts.hidden AND {STANDING}
        AND unixepoch(coalesce(posts.published, articles.first_seen)) >= unixepoch(feeds.added) - :before
"""  # noqa: S608 - our own words
_FIRST = "SELECT min(first_seen) FROM entries WHERE feed_id = ?"
"""What a feed held when it was first read is no news, however new: at the first start, or when a feed is added. It is
where it is dated later than the feed was added: a feed of a search is empty at first."""
_WITHDRAWN = """
    DELETE FROM notices WHERE next_attempt IS NOT NULL AND article_id IN (SELECT article_id FROM withdrawals)
"""
"""What was withdrawn before it was told of is not told of."""


@lru_cache(maxsize=256)
def key(address: str) -> str:
    """What stands for an address: sixteen hex digits, slow to make, so that no password can be guessed from them."""
    return hashlib.scrypt(address.encode(), salt=b"notices", n=2**14, r=8, p=1, dklen=8).hex()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Posts that one of a rule's places is to be told of, oldest first; `attempts` is the most that any has had."""

    rule: str
    target: str
    attempts: int
    ids: tuple[int, ...]
    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True)
class RuleState:
    """How a rule does: messages sent, waiting and given up, and the last error."""

    name: str
    sent: int = 0
    waiting: int = 0
    given_up: int = 0
    last_sent: datetime | None = None
    last_error: str | None = None


class Notices:
    """The messages of one database."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def fill(self, rules: Iterable[Notification], now: datetime) -> None:
        """Write down what is to be told of posts that have come out or changed; forget rules that are gone."""
        wanted = {rule.name: rule for rule in rules}
        with self._session.read() as sql:
            head = post_changes.head(sql)
            seen = {row["name"]: row["seen"] for row in sql.all("SELECT name, seen FROM notice_rules")}
        if seen == dict.fromkeys(wanted, head):
            return
        with self._session.write() as sql:
            sql.execute(_WITHDRAWN)
            for name in sorted(seen.keys() - wanted.keys()):
                sql.execute("DELETE FROM notice_rules WHERE name = ?", (name,))
            for rule in wanted.values():
                _fill(sql, rule, now)

    def due(self, now: datetime) -> tuple[Waiting, ...]:
        """What is to be sent now, by rule and place."""
        with self._session.read() as sql:
            rows = sql.all(
                """
                SELECT rule, target, attempts, article_id, sequence FROM notices JOIN posts USING (article_id)
                WHERE next_attempt <= ? AND sequence IS NOT NULL ORDER BY rule, target, sequence
                """,
                (times.whole(now),),
            )
            return tuple(
                _waiting(sql, rule, target, list(group))
                for (rule, target), group in groupby(rows, key=lambda row: (row["rule"], row["target"]))
            )

    def note(self, told: Waiting, now: datetime, *, error: str | None = None, again: datetime | None = None) -> None:
        """What became of a try: sent (no `error`), to be tried `again`, or given up."""
        with self._session.write() as sql:
            sql.execute(
                """
                UPDATE notices SET attempts = attempts + 1, next_attempt = :again, error = :error, sent_at = :sent
                WHERE rule = :rule AND target = :target AND article_id IN (SELECT value FROM json_each(:ids))
                """,
                {
                    "again": times.whole(again) if again else None,
                    "error": error,
                    "sent": None if error else times.whole(now),
                    "rule": told.rule,
                    "target": told.target,
                    "ids": json.dumps(told.ids),
                },
            )

    def drop(self, waiting: Waiting) -> None:
        """Forget messages to a place that their rule has no longer."""
        with self._session.write() as sql:
            sql.execute(
                "DELETE FROM notices WHERE rule = ? AND target = ? AND next_attempt IS NOT NULL",
                (waiting.rule, waiting.target),
            )

    def states(self) -> tuple[RuleState, ...]:
        """How every rule does that has been looked at."""
        with self._session.read() as sql:
            rows = sql.all(
                """
                SELECT name, count(sent_at) AS sent, count(next_attempt) AS waiting, max(sent_at) AS last_sent,
                    count(rule) FILTER (WHERE sent_at IS NULL AND next_attempt IS NULL) AS given_up,
                    (SELECT error FROM notices AS one WHERE one.rule = notice_rules.name AND error IS NOT NULL
                     ORDER BY article_id DESC LIMIT 1) AS last_error
                FROM notice_rules LEFT JOIN notices ON notices.rule = notice_rules.name GROUP BY name ORDER BY name
                """
            )
        return tuple(
            RuleState(
                row["name"],
                row["sent"],
                row["waiting"],
                row["given_up"],
                times.read(row["last_sent"]),
                row["last_error"],
            )
            for row in rows
        )


def _waiting(sql: Sql, rule: str, target: str, rows: list[sqlite3.Row]) -> Waiting:
    ids = tuple(row["article_id"] for row in rows)
    oldest_first = tuple(reversed(posts.assemble(sql, ids)))
    return Waiting(rule, target, max(row["attempts"] for row in rows), ids, oldest_first)


def _fill(sql: Sql, rule: Notification, now: datetime) -> None:
    head = post_changes.head(sql)
    known = sql.one("SELECT since, seen FROM notice_rules WHERE name = ?", (rule.name,))
    if known is None:
        sql.execute(
            "INSERT INTO notice_rules (name, since, seen) VALUES (?, ?, ?)",
            (rule.name, post_changes.last_sequence(sql), head),
        )
        return
    asked = {"seen": known["seen"], "since": known["since"], "timely": times.whole(now - TIMELY)}
    rows = sql.all(_CHANGED, {**asked, "before": int(TIMELY.total_seconds())})
    first = {feed_id: sql.value(_FIRST, (feed_id,)) for feed_id in {row["feed_id"] for row in rows}}
    news = [row["article_id"] for row in rows if row["came_since"] or row["first_seen"] > (first[row["feed_id"]] or "")]
    conditions = rule.filter
    found = filter_facts.gather(sql, conditions.expressions(), news) if news else []
    sql.many(
        "INSERT OR IGNORE INTO notices (rule, article_id, target, next_attempt) VALUES (?, ?, ?, ?)",
        [
            (rule.name, subject.article_id, key(address), times.whole(now))
            for subject in found
            if conditions.takes(subject.facts)
            for address in rule.to
        ],
    )
    sql.execute("UPDATE notice_rules SET seen = ? WHERE name = ?", (head, rule.name))

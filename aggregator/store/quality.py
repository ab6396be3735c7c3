"""The tables `samples` and `flagged`: how well the pages of each feed are read, and which feeds are in trouble."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from aggregator.store import addresses, times
from aggregator.store.connection import Session, Sql
from aggregator.store.soundness import Sample, recovered, trouble, usual_words

KEPT = 60
"""Samples of a feed that are kept."""

HEALED = 50
"""Articles of a feed, the newest, whose pages are read again when they give articles again."""

SHORT = 0.5
"""Part of the usual words below which a text is unusually short."""

_TWINS = """
    SELECT articles.id FROM json_each(:ids) AS wanted JOIN articles ON articles.id = wanted.value
    JOIN articles AS own ON own.id = :own AND own.feed_id = articles.feed_id
    WHERE NOT EXISTS (
        SELECT 1 FROM entries AS one JOIN entries AS other ON other.article_id = articles.id
        WHERE one.article_id = own.id AND one.title = other.title COLLATE NOCASE
    )
"""


class Quality:
    """What is asked and noted of it. Every method is one transaction, or one read."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def flagged(self) -> dict[int, str]:
        """Why each flagged feed is, by its number."""
        with self._session.read() as sql:
            return {row["feed_id"]: row["reason"] for row in sql.all("SELECT feed_id, reason FROM flagged")}

    def twins(self, article_id: int, alike: Iterable[int]) -> tuple[int, ...]:
        """Of the articles that are alike, those that the same feed announces under other titles."""
        with self._session.read() as sql:
            rows = sql.all(_TWINS, {"ids": json.dumps(list(alike)), "own": article_id})
        return tuple(row["id"] for row in rows)

    def doubtful(self, article_id: int) -> bool:
        """Whether the text that was last read for an article is another post's."""
        with self._session.read() as sql:
            return bool(sql.value("SELECT repeats FROM samples WHERE article_id = ?", (article_id,)))

    def falls_back(self, article_id: int, words: int, *, repeats: bool) -> bool:
        """Whether a text of so many words is not to stand for an article where its feed gives one of its own.

        In a flagged feed one that repeats or is unusually short; in others one that is both.
        """
        with self._session.read() as sql:
            feed_id = sql.value("SELECT feed_id FROM articles WHERE id = ?", (article_id,))
            usual = sql.value("SELECT usual_words FROM flagged WHERE feed_id = ?", (feed_id,))
            if usual is not None:
                return repeats or words < SHORT * usual
            return repeats and words < SHORT * usual_words(_samples(sql, feed_id))

    def sampled(self, article_id: int, words: int, twins: tuple[int, ...], now: datetime) -> None:
        """Note what a page gave; flag its feed, or take the flag away and have what was read badly read again."""
        with self._session.write() as sql:
            found = addresses.resolve(sql, article_id)
            feed_id = sql.value("SELECT feed_id FROM articles WHERE id = ?", (found,))
            if found is None:
                return
            sql.execute(
                """
                INSERT INTO samples (article_id, feed_id, at, words, repeats) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (article_id) DO UPDATE SET words = excluded.words, repeats = excluded.repeats
                """,
                (found, feed_id, times.whole(now), words, bool(twins)),
            )
            sql.execute(
                "UPDATE samples SET repeats = 1 WHERE article_id IN (SELECT value FROM json_each(?))",
                (json.dumps(twins),),
            )
            _judge(sql, feed_id, now)
            _prune(sql, feed_id)


def _samples(sql: Sql, feed_id: int) -> list[Sample]:
    rows = sql.all(
        "SELECT words, repeats FROM samples WHERE feed_id = ? ORDER BY at DESC, article_id DESC LIMIT ?",
        (feed_id, KEPT),
    )
    return [Sample(row["words"], bool(row["repeats"])) for row in rows]


def _judge(sql: Sql, feed_id: int, now: datetime) -> None:
    samples = _samples(sql, feed_id)
    usual = sql.value("SELECT usual_words FROM flagged WHERE feed_id = ?", (feed_id,))
    if usual is None:
        if (reason := trouble(samples)) is not None:
            sql.execute(
                "INSERT INTO flagged (feed_id, since, reason, usual_words) VALUES (?, ?, ?, ?)",
                (feed_id, times.whole(now), reason, usual_words(samples)),
            )
    elif recovered(samples, usual):
        sql.execute("DELETE FROM flagged WHERE feed_id = ?", (feed_id,))
        _heal(sql, feed_id, usual, now)


def _heal(sql: Sql, feed_id: int, usual: int, now: datetime) -> None:
    """Have the pages read again that gave another post's text, or hardly any."""
    sql.execute(
        """
        UPDATE articles SET attempts = 0, next_attempt = coalesce(next_attempt, :now) WHERE id IN (
            SELECT article_id FROM samples WHERE feed_id = :feed AND (repeats OR words < :short)
            ORDER BY at DESC, article_id DESC LIMIT :most)
        """,
        {"now": times.whole(now), "feed": feed_id, "short": SHORT * usual, "most": HEALED},
    )


def _prune(sql: Sql, feed_id: int) -> None:
    sql.execute(
        """
        DELETE FROM samples WHERE article_id IN (
            SELECT article_id FROM samples WHERE feed_id = ? ORDER BY at DESC, article_id DESC LIMIT -1 OFFSET ?)
        """,
        (feed_id, KEPT),
    )

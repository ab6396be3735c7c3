"""The tables `samples` and `flagged`: how well the pages of each feed are read, and which feeds are in trouble.

Whether the pages of a feed still give articles: judged by what the last ones gave. Pure.

A changed template makes every page yield the cookie notice or the newsletter box: texts become short, and all alike.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from aggregator.store import article_texts, identity, post_changes, times
from aggregator.store.connection import Session, Sql
from aggregator.store.identity import same_host

RECENT = 5
"""The newest articles that are judged. `python -m bench.watch`: with four, 2 of 24 real feeds get a false flag, with
five none; a feed of teasers is found one article later."""

REPEATING = 3
"""Of these, how many have to repeat one another."""

USUAL = 25
LEAST = 6
"""Articles before them that say what is usual: at most, and at least."""

SHRUNK = 0.25
"""Part of the usual words that all of the newest are below; a feed that mixes notes and articles does not get there."""

SOUND = 3
"""Articles in a row that must be good before the flag goes, so that it does not flap."""

RECOVERED = 0.25
"""Part of the usual words from which an article is good again; from a half on, feeds that mix notes and articles wait
for up to twenty (`bench.watch`)."""

ACCEPTED = 20
"""Short articles in a row that repeat nothing: that is how the feed is now."""


@dataclass(frozen=True, slots=True)
class QualitySample:
    """What one page gave: words (none: it was a wall), and whether they are no article of its own."""

    words: int
    repeats: bool


def usual_words(samples: Sequence[QualitySample]) -> int:
    """The usual length of a feed's articles, newest sample first; 0 when too few are known to tell."""
    before = [sample.words for sample in samples[RECENT : RECENT + USUAL] if not sample.repeats]
    return round(median(before)) if len(before) >= LEAST else 0


def trouble(samples: Sequence[QualitySample]) -> str | None:
    """Why a feed is to be flagged, in a sentence, or None. `samples`: newest first."""
    recent = samples[:RECENT]
    repeating = sum(sample.repeats for sample in recent)
    walls = sum(sample.repeats and not sample.words for sample in recent)
    if walls >= REPEATING:
        return f"{walls} of the last {len(recent)} pages show a wall or nothing in place of an article"
    if repeating >= REPEATING:
        return f"{repeating} of the last {len(recent)} articles repeat one another"
    usual = usual_words(samples)
    if len(recent) == RECENT and usual and all(sample.words < SHRUNK * usual for sample in recent):
        less = 100 - round(100 * median(sample.words for sample in recent) / usual)
        return f"the last {RECENT} articles are {less} % shorter than usual ({usual} words)"
    return None


def recovered(samples: Sequence[QualitySample], usual: int) -> bool:
    """Whether a flagged feed is good again: its newest articles are, or short ones are what it has now."""
    newest = samples[:SOUND]
    if len(newest) == SOUND and all(not one.repeats and one.words >= RECOVERED * usual for one in newest):
        return True
    accepted = samples[:ACCEPTED]
    return len(accepted) == ACCEPTED and not any(one.repeats for one in accepted)


KEPT = 60
"""Samples of a feed that are kept."""

HEALED = 50
"""Articles of a feed, the newest, whose pages are read again when they give articles again."""

SHORT = 0.5
"""Part of the usual words below which a text is unusually short."""

_TWINS = """
    SELECT articles.id, articles.url, own.url AS own_url, articles.feed_id = own.feed_id AS same_feed
    FROM json_each(:ids) AS wanted JOIN articles ON articles.id = wanted.value
    JOIN articles AS own ON own.id = :own
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
        """Of the articles that are alike, those that the same feed or host gives other titles."""
        with self._session.read() as sql:
            rows = sql.all(_TWINS, {"ids": json.dumps(list(alike)), "own": article_id})
        return tuple(row["id"] for row in rows if row["same_feed"] or same_host(row["url"] or "", row["own_url"] or ""))

    def doubtful(self, article_id: int) -> bool:
        """Whether the text that was last read for an article is another post's, or was read badly."""
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

    def boilerplate(self) -> dict[int, frozenset[str]]:
        """Of each feed, the marks of paragraphs that pages of several posts have shown in place of their article."""
        with self._session.read() as sql:
            rows = sql.all(
                """
                SELECT samples.feed_id, mark FROM repeated JOIN samples USING (article_id)
                GROUP BY samples.feed_id, mark HAVING count(*) >= ?
                """,
                (REPEATING,),
            )
        found: defaultdict[int, set[str]] = defaultdict(set)
        for row in rows:
            found[row["feed_id"]].add(row["mark"])
        return {feed_id: frozenset(marks) for feed_id, marks in found.items()}

    def sampled(
        self, article_id: int, words: int, twins: tuple[int, ...], now: datetime, marks: Iterable[str] = ()
    ) -> None:
        """Note what a page gave; flag its feed, or take the flag away and have what was read badly read again.

        `marks` are those of its paragraphs, for knowing them again where the text is another post's.
        """
        with self._session.write() as sql:
            found = identity.resolve(sql, article_id)
            feed_id = sql.value("SELECT feed_id FROM articles WHERE id = ?", (found,))
            if found is None:
                return
            _note(sql, found, words, repeats=bool(twins), now=now)
            if twins:
                sql.many("INSERT OR IGNORE INTO repeated VALUES (?, ?)", [(found, mark) for mark in marks])
            sql.execute(
                "UPDATE samples SET repeats = 1 WHERE article_id IN (SELECT value FROM json_each(?))",
                (json.dumps(twins),),
            )
            _judge(sql, feed_id, now)
            _take_back(sql, feed_id, found, now)
            for other in _feeds_of(sql, twins) - {feed_id}:
                _judge(sql, other, now)
                _take_back(sql, other, found, now)

    def walled(self, article_id: int, now: datetime, *, teaser_words: int = 0) -> None:
        """Note that there was a wall (a captcha, a consent wall, nothing at all) in the place of a page.

        With `teaser_words` there was the beginning of the article before it: a paywall. That counts as a short text, so
        that a feed is flagged whose articles used to be whole, and none that sells some of them.
        """
        with self._session.write() as sql:
            found = identity.resolve(sql, article_id)
            row = sql.one("SELECT feed_id, state FROM articles WHERE id = ?", (found,))
            if found is None or row is None or row["state"] == "scraped":
                return
            _note(sql, found, teaser_words, repeats=not teaser_words, now=now)
            _judge(sql, row["feed_id"], now)


def _note(sql: Sql, article_id: int, words: int, *, repeats: bool, now: datetime) -> None:
    sql.execute(
        """
        INSERT INTO samples (article_id, feed_id, at, words, repeats)
        SELECT id, feed_id, :now, :words, :repeats FROM articles WHERE id = :id
        ON CONFLICT (article_id) DO UPDATE SET words = excluded.words, repeats = excluded.repeats
        """,
        {"id": article_id, "now": times.whole(now), "words": words, "repeats": repeats},
    )


def _feeds_of(sql: Sql, ids: Iterable[int]) -> set[int]:
    rows = sql.all(
        "SELECT feed_id FROM samples WHERE article_id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    )
    return {row["feed_id"] for row in rows}


def _take_back(sql: Sql, feed_id: int, but: int, now: datetime) -> None:
    """Let articles say what their feed says, whose pages turn out to have given another post's text.

    Not the article `but`, which is about to be saved.
    """
    usual = sql.value("SELECT usual_words FROM flagged WHERE feed_id = ?", (feed_id,))
    most = 2**62 if usual is not None else SHORT * usual_words(_samples(sql, feed_id))
    rows = sql.all(
        """
        SELECT article_id FROM samples JOIN articles ON articles.id = article_id
        WHERE samples.feed_id = ? AND repeats AND words < ? AND article_id <> ? AND articles.state = 'scraped'
            AND NOT EXISTS (SELECT 1 FROM purged WHERE purged.article_id = articles.id)
        """,
        (feed_id, most, but),
    )
    post_changes.mark_changed(
        sql, [row["article_id"] for row in rows if article_texts.fall_back(sql, row["article_id"], now)]
    )


def _samples(sql: Sql, feed_id: int) -> list[QualitySample]:
    rows = sql.all(
        "SELECT words, repeats FROM samples WHERE feed_id = ? ORDER BY at DESC, article_id DESC LIMIT ?",
        (feed_id, KEPT),
    )
    return [QualitySample(row["words"], bool(row["repeats"])) for row in rows]


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
        since = sql.value("DELETE FROM flagged WHERE feed_id = ? RETURNING since", (feed_id,))
        _heal(sql, feed_id, SHORT * usual, since, now)
    _prune(sql, feed_id)


def _heal(sql: Sql, feed_id: int, short: float, since: str, now: datetime) -> None:
    """Have the pages read again that gave another post's text, or hardly any since shortly before the feed was flagged.

    What they gave counts for nothing from now on: it is marked like another post's text.
    """
    rows = sql.all(
        """
        SELECT article_id FROM samples JOIN articles ON articles.id = article_id
        WHERE samples.feed_id = :feed AND articles.state <> 'pending'
            AND NOT EXISTS (SELECT 1 FROM purged WHERE purged.article_id = articles.id)
            AND (repeats OR (words < :short AND at >= (
                SELECT min(at) FROM (SELECT at FROM samples WHERE feed_id = :feed AND at <= :since
                                     ORDER BY at DESC, article_id DESC LIMIT :recent))))
        ORDER BY at DESC, article_id DESC LIMIT :most
        """,
        {"feed": feed_id, "short": short, "since": since, "recent": RECENT, "most": HEALED},
    )
    ids = json.dumps([row["article_id"] for row in rows])
    sql.execute("UPDATE samples SET repeats = 1 WHERE article_id IN (SELECT value FROM json_each(?))", (ids,))
    sql.execute(
        """
        UPDATE articles SET attempts = 0, next_attempt = coalesce(next_attempt, ?)
        WHERE id IN (SELECT value FROM json_each(?))
        """,
        (times.whole(now), ids),
    )


def _prune(sql: Sql, feed_id: int) -> None:
    sql.execute(
        """
        DELETE FROM samples WHERE article_id IN (
            SELECT article_id FROM samples WHERE feed_id = ? ORDER BY at DESC, article_id DESC LIMIT -1 OFFSET ?)
        """,
        (feed_id, KEPT),
    )

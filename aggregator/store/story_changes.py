"""What came of seeking the stories of articles, or of an operator's word: written down, with the evidence.

A story's id is never given to another event, and leads on when the story turned out to be part of another. Nothing here
changes what a post says, or when.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aggregator.store import output, story_members, times
from aggregator.store.connection import Sql
from aggregator.store.story_window import Ruling, Tie

_FORGET = """
    DELETE FROM story_links WHERE {end} IN (SELECT value FROM json_each(:ids))
        AND (SELECT story_id FROM story_articles WHERE article_id = story_links.article_id)
        IS NOT (SELECT story_id FROM story_articles WHERE article_id = story_links.other_id)
"""


@dataclass(frozen=True, slots=True)
class Placed:
    """An article with its story, and with what of it is compared."""

    id: int
    key: str
    published: datetime
    terms: tuple[tuple[str, float], ...]
    story: str


@dataclass(frozen=True, slots=True)
class StoryChanges:
    """What came of it: new articles, others that moved (article -> story), stories that ended in another."""

    placed: tuple[Placed, ...] = ()
    moved: Mapping[int, str] = field(default_factory=dict)
    merged: Mapping[str, str] = field(default_factory=dict)
    ties: tuple[Tie, ...] = ()


def save(sql: Sql, changes: StoryChanges, now: datetime) -> None:
    """Write what came of it, and mark the posts that show it as changed."""
    before = story_members.beside(sql, changes.moved)
    _found(sql, changes, now)
    arrival = int(sql.value("SELECT coalesce(max(arrival), 0) FROM story_articles"))
    sql.many(
        """
        INSERT INTO story_articles (article_id, story_id, arrival, published, terms, at) VALUES (?, ?, ?, ?, ?, ?)
        """,
        [
            (
                one.id,
                one.story,
                arrival + number,
                times.whole(one.published),
                json.dumps(dict(one.terms), ensure_ascii=False),
                times.whole(now),
            )
            for number, one in enumerate(changes.placed, 1)
        ],
    )
    sql.many(
        "UPDATE story_articles SET story_id = ?, at = ? WHERE article_id = ?",
        [(story, times.whole(now), article_id) for article_id, story in changes.moved.items()],
    )
    for was, story in changes.merged.items():
        sql.execute(
            "UPDATE stories SET merged_into = ?, at = ? WHERE id = ? OR merged_into = ?",
            (story, times.whole(now), was, was),
        )
    sql.many(
        "INSERT OR REPLACE INTO story_links (article_id, other_id, score, evidence) VALUES (?, ?, ?, ?)",
        [(tie.a, tie.b, tie.score, json.dumps(tie.evidence, ensure_ascii=False)) for tie in changes.ties],
    )
    concerned = {*changes.moved, *(one.id for one in changes.placed)}
    output.mark(sql, before | story_members.beside(sql, concerned))


def _found(sql: Sql, changes: StoryChanges, now: datetime) -> None:
    """Every story that articles are in now is there, and stands for itself."""
    published = {
        one.story: one.published for one in sorted(changes.placed, key=lambda one: one.published, reverse=True)
    }
    for article_id, story in changes.moved.items():
        if story not in published:
            own = sql.value("SELECT published FROM story_articles WHERE article_id = ?", (article_id,))
            published[story] = times.must_read(own)
    sql.many(
        """
        INSERT INTO stories (id, first_published, at) VALUES (?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET merged_into = NULL, at = excluded.at WHERE merged_into IS NOT NULL
        """,
        [(story, times.whole(first), times.whole(now)) for story, first in published.items()],
    )


def rule(sql: Sql, rulings: Iterable[Ruling], now: datetime) -> None:
    """Keep an operator's word; of two that contradict each other the later one holds."""
    sql.many(
        "INSERT OR REPLACE INTO story_rulings (article_id, other_id, together, at) VALUES (?, ?, ?, ?)",
        [(min(one.a, one.b), max(one.a, one.b), one.together, times.whole(now)) for one in rulings],
    )


def hand_over(sql: Sql, drop: int, keep: int) -> None:
    """What an operator said of an article that is about to go holds for the one that it is merged into."""
    sql.execute(
        """
        INSERT OR IGNORE INTO story_rulings (article_id, other_id, together, at)
        SELECT min(:keep, other), max(:keep, other), together, at
        FROM (SELECT iif(article_id = :drop, other_id, article_id) AS other, together, at
              FROM story_rulings WHERE :drop IN (article_id, other_id))
        WHERE other <> :keep
        """,
        {"drop": drop, "keep": keep},
    )


def settle(sql: Sql, age: timedelta) -> int:
    """Forget how articles this much older than the newest were compared with those of other stories; how many."""
    newest = times.read(sql.value("SELECT max(published) FROM story_articles"))
    if newest is None:
        return 0
    rows = sql.all(
        "SELECT article_id FROM story_articles WHERE settled = 0 AND published < ?", (times.whole(newest - age),)
    )
    ids = {"ids": json.dumps([row["article_id"] for row in rows])}
    if rows:
        for end in ("article_id", "other_id"):
            sql.execute(_FORGET.format(end=end), ids)
        sql.execute(
            "UPDATE story_articles SET settled = 1 WHERE article_id IN (SELECT value FROM json_each(:ids))", ids
        )
    return len(rows)

"""What new articles meet when their stories are sought: those that wait, the stories around them, and what ties these.

What makes two articles one story is decided elsewhere; here is read what is known of it, and nothing is changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from sys import intern

from aggregator.store import times
from aggregator.store.connection import Sql
from aggregator.text.storable import plain

KEY = "substr(articles.uid, -32, 16)"
"""An article's name among stories: 64 bits of its uid's hash, the same on every machine, fit for a file name."""

NEVER = datetime.min.replace(tzinfo=UTC)
"""Before everything."""

# CROSS JOIN: the few that wait go first, whatever the planner thinks of them.
_READY = f"""
    SELECT articles.id, {KEY} AS key, articles.title, articles.text, articles.published, articles.url,
        feeds.slug AS source, coalesce(nullif(entries.html, ''), entries.summary, '') AS feed_html,
        EXISTS (SELECT 1 FROM story_rulings WHERE articles.id IN (article_id, other_id)) AS ruled,
        (SELECT min(copy.id) FROM articles AS copy JOIN story_articles ON story_articles.article_id = copy.id
         WHERE copy.duplicate_of = articles.id) AS copied_by
    FROM story_waiting CROSS JOIN articles ON articles.id = story_waiting.article_id
    JOIN feeds ON feeds.id = articles.feed_id
    LEFT JOIN entries ON entries.id =
        (SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = articles.feed_id)
    WHERE articles.state IN ('scraped', 'feed_text') OR articles.next_attempt IS NULL
        OR articles.first_seen < :overdue
    ORDER BY articles.published, articles.uid LIMIT :limit
"""  # noqa: S608 - our own text
_WINDOW = f"""
    SELECT articles.id, {KEY} AS key, own.published, own.terms, own.story_id
    FROM story_articles AS own JOIN articles ON articles.id = own.article_id
    WHERE own.story_id IN (
        SELECT story_id FROM story_articles WHERE published BETWEEN :first AND :last
        UNION SELECT value FROM json_each(:stories)
        UNION SELECT other.story_id FROM json_each(:new) AS new
        JOIN story_rulings AS said ON said.together AND new.value IN (said.article_id, said.other_id)
        JOIN story_articles AS other ON other.article_id IN (said.article_id, said.other_id)
    )
    ORDER BY own.arrival
"""  # noqa: S608 - our own text
_NAMES = """
    SELECT stories.id, wanted.value AS key FROM json_each(:keys) AS wanted
    JOIN stories ON stories.id >= wanted.value AND stories.id < wanted.value || '/'
    WHERE EXISTS (SELECT 1 FROM story_articles WHERE story_articles.story_id = stories.id)
"""
# +: else every pair of ids is looked up, nine million for 3,000 articles, where a hundred thousand have a row.
_TIES = """
    SELECT article_id, other_id, score FROM story_links
    WHERE article_id IN (SELECT value FROM json_each(:ids)) AND +other_id IN (SELECT value FROM json_each(:ids))
    ORDER BY article_id, other_id
"""


@dataclass(frozen=True, slots=True)
class Unplaced:
    """An article that has no story yet. `copied_by` is a copy of it that has one; `ruled`: an operator spoke of it."""

    id: int
    key: str
    title: str
    text: str
    published: datetime
    source: str
    url: str
    copied_by: int | None = None
    ruled: bool = False


@dataclass(frozen=True, slots=True)
class Remembered:
    """An article of a window. What is compared stays as it is stored until it is asked for: it takes ten times the room
    of its text, and a window has thousands.
    """

    id: int
    key: str
    published: datetime
    stored: str
    story: str

    @property
    def terms(self) -> tuple[tuple[str, float], ...]:
        """What is compared of it: each term with its weight."""
        read: dict[str, float] = json.loads(self.stored)
        return tuple(zip(map(intern, read), read.values(), strict=True))


@dataclass(frozen=True, slots=True)
class Tie:
    """How much two articles tell of one event; `a` is the one that came later."""

    a: int
    b: int
    score: float
    evidence: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an operator said of two articles."""

    a: int
    b: int
    together: bool


@dataclass(frozen=True, slots=True)
class StoryWindow:
    """What new articles are compared with: articles in the order of arrival, their ties, and the rulings on them.

    `names` are the stories that were named for these articles, wherever their articles are now: (id, article's key).
    """

    placed: tuple[Remembered, ...]
    ties: tuple[Tie, ...]
    rulings: tuple[Ruling, ...]
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StoryMark:
    """What changes whenever stories do: how many articles have one, the last to come, the newest, the rulings."""

    placed: int
    arrival: int
    newest: datetime | None
    rulings: int


def unplaced(sql: Sql, limit: int, overdue: datetime) -> tuple[Unplaced, ...]:
    """Articles that have their text and no story, by publication; those first seen before `overdue` without it, too."""
    return tuple(
        Unplaced(
            id=row["id"],
            key=row["key"],
            title=row["title"],
            text=row["text"] or plain(row["feed_html"]),
            published=times.must_read(row["published"]),
            source=row["source"],
            url=row["url"] or "",
            copied_by=row["copied_by"],
            ruled=bool(row["ruled"]),
        )
        for row in sql.all(_READY, {"limit": limit, "overdue": times.whole(overdue)})
    )


def mark(sql: Sql, now: datetime) -> StoryMark:
    """Where the stories are now. An article dated after `now` is not the newest."""
    newest = sql.value("SELECT max(published) FROM story_articles WHERE published <= ?", (times.whole(now),))
    return StoryMark(
        placed=int(sql.value("SELECT count(*) FROM story_articles")),
        arrival=int(sql.value("SELECT coalesce(max(arrival), 0) FROM story_articles")),
        newest=times.read(newest),
        rulings=int(sql.value("SELECT count(*) FROM story_rulings")),
    )


def window(
    sql: Sql, first: datetime, last: datetime, stories: Iterable[str] = (), new: Iterable[int] = ()
) -> StoryWindow:
    """All articles of the stories that have one published in [first, last], or one that an operator has put beside an
    article of `new`, and of those named.
    """
    rows = sql.execute(
        _WINDOW,
        {
            "first": times.whole(first),
            "last": times.whole(last),
            "stories": json.dumps(list(stories)),
            "new": json.dumps(list(new)),
        },
    )
    placed = tuple(
        Remembered(number, key, times.must_read(published), terms, story)
        for number, key, published, terms, story in rows
    )
    ids = {"ids": json.dumps([one.id for one in placed])}
    ties = tuple(Tie(one, other, score) for one, other, score in sql.execute(_TIES, ids))
    rulings = sql.all("SELECT article_id, other_id, together FROM story_rulings ORDER BY article_id, other_id")
    names = sql.all(_NAMES, {"keys": json.dumps([one.key for one in placed])})
    return StoryWindow(
        placed,
        ties,
        tuple(Ruling(row[0], row[1], bool(row[2])) for row in rulings),
        tuple((row["id"], row["key"]) for row in names),
    )

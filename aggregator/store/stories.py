"""The stories that articles tell, as far as finding them goes.

What makes two articles one story is decided elsewhere; here it is kept, with the evidence, so that the next run goes on
from it: what new articles meet (`story_window`), what came of it (`story_changes`), what an operator asks of two
articles (`story_subjects`).

What came of seeking the stories of articles, or of an operator's word: written down, with the evidence.

A story's id is never given to another event, and leads on when the story turned out to be part of another. Nothing here
changes what a post says, or when.

What new articles meet when their stories are sought: those that wait, the stories around them, and what ties these.

What makes two articles one story is decided elsewhere; here is read what is known of it, and nothing is changed.

Articles as an operator names them, and what is known of two of them: for explaining and overruling stories.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from sys import intern

from aggregator.store import identity, post_changes, story_members, times
from aggregator.store.connection import Session, Sql
from aggregator.store.identity import OWN_ENTRY
from aggregator.text.plain import body_text
from aggregator.text.urls import public_url

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
    LEFT JOIN entries ON entries.id = {OWN_ENTRY}
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
        return read_terms(self.stored)


def read_terms(stored: str) -> tuple[tuple[str, float], ...]:
    """Terms with their weights, as they are stored."""
    read: dict[str, float] = json.loads(stored)
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
            text=row["text"] or body_text(row["feed_html"]),
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


_FORGET = """
    DELETE FROM story_links WHERE {end} IN (SELECT value FROM json_each(:ids))
        AND (SELECT story_id FROM story_articles WHERE article_id = story_links.article_id)
        IS NOT (SELECT story_id FROM story_articles WHERE article_id = story_links.other_id)
"""


@dataclass(frozen=True, slots=True)
class Placed:
    """An article with its story, and with what of it is compared (JSON: an object of term and weight)."""

    id: int
    key: str
    published: datetime
    terms: str
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
                one.terms,
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
        [
            (tie.a, tie.b, tie.score, json.dumps(tie.evidence, ensure_ascii=False) if tie.evidence else "[]")
            for tie in changes.ties
        ],
    )
    concerned = {*changes.moved, *(one.id for one in changes.placed)}
    post_changes.mark_published(sql, before | story_members.beside(sql, concerned))


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


def settle_older(sql: Sql, age: timedelta) -> int:
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


_SUBJECT = f"""
    SELECT articles.id, coalesce(articles.duplicate_of, articles.id) AS leader, {KEY} AS key, articles.title,
        articles.url, articles.published, feeds.name AS source, articles.text,
        coalesce(nullif(entries.html, ''), entries.summary, '') AS feed_html, own.story_id,
        articles.duplicate_of, articles.similarity, articles.duplicate_reason
    FROM articles JOIN feeds ON feeds.id = articles.feed_id
    LEFT JOIN story_articles AS own ON own.article_id = coalesce(articles.duplicate_of, articles.id)
    LEFT JOIN entries ON entries.id = {OWN_ENTRY}
    WHERE articles.id = ?
"""  # noqa: S608 - our own text


@dataclass(frozen=True, slots=True)
class StorySubject:
    """An article. `leader` is the first publication of its text, itself in most cases; `story` the leader's."""

    id: int
    leader: int
    key: str
    title: str
    url: str
    source: str
    published: datetime
    text: str
    story: str | None
    similarity: float | None = None
    copy_reason: str | None = None


def subject(sql: Sql, reference: str, canonical: str) -> StorySubject | None:
    """The article with that number, that page on the mirror, or that address (`canonical`: its form for comparing)."""
    found = _number(sql, reference, canonical)
    row = sql.one(_SUBJECT, (found,)) if found is not None else None
    if row is None:
        return None
    return StorySubject(
        id=row["id"],
        leader=row["leader"],
        key=row["key"],
        title=row["title"],
        url=public_url(row["url"]) if row["url"] else "",
        source=row["source"],
        published=times.must_read(row["published"]),
        text=row["text"] or body_text(row["feed_html"]),
        story=row["story_id"],
        similarity=row["similarity"],
        copy_reason=row["duplicate_reason"],
    )


def _number(sql: Sql, reference: str, canonical: str) -> int | None:
    if reference.isdecimal() and reference.isascii():
        return identity.resolve(sql, int(reference))
    _, mark, page = reference.rpartition("posts/")
    path = sql.value("SELECT article_id FROM posts WHERE path = ?", (mark + page,)) if mark else None
    if path is not None:
        return int(path)
    held = identity.held(sql, canonical)
    return held if held is not None else identity.held(sql, reference)


def between(sql: Sql, one: int, other: int) -> Tie | None:
    """How two articles were compared, with the evidence; None: they were not, or shared next to nothing."""
    row = sql.one(
        """
        SELECT article_id, other_id, score, evidence FROM story_links
        WHERE (article_id, other_id) IN (VALUES (:one, :other), (:other, :one))
        """,
        {"one": one, "other": other},
    )
    if row is None:
        return None
    evidence = tuple((term, part) for term, part in json.loads(row["evidence"]))
    return Tie(row["article_id"], row["other_id"], row["score"], evidence)


class Stories:
    """What is asked and kept of stories. Every method is one transaction, or one read."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def unplaced(self, limit: int, overdue: datetime = NEVER) -> tuple[Unplaced, ...]:
        """At most `limit` articles that have their text and no story yet, by publication. Copies never have one.

        One first seen before `overdue` is taken with its feed's text, whatever may come of its page.
        """
        with self._session.read() as sql:
            return unplaced(sql, limit, overdue)

    def mark(self, now: datetime) -> StoryMark:
        """What tells whether stories were changed by anybody since."""
        with self._session.read() as sql:
            return mark(sql, now)

    def window(
        self, first: datetime, last: datetime, *, also: Iterable[str] = (), new: Iterable[int] = ()
    ) -> StoryWindow:
        """What new articles are compared with: the stories that reach into [first, last], those named in `also`, and
        those that an operator has put articles of `new` into.
        """
        with self._session.read() as sql:
            return window(sql, first, last, also, new)

    def save(
        self, changes: StoryChanges, now: datetime, *, rulings: Iterable[Ruling] = (), settle: timedelta | None = None
    ) -> None:
        """Write what came of comparing or of an operator's word; `settle`: the age at which articles are settled."""
        with self._session.write() as sql:
            rule(sql, rulings, now)
            save(sql, changes, now)
            if settle is not None:
                settle_older(sql, settle)

    def compared(self, one: int, other: int) -> Tie | None:
        """How two articles were compared, with the evidence; None: they were not, or shared next to nothing."""
        with self._session.read() as sql:
            return between(sql, one, other)

    def subject(self, reference: str, canonical: str) -> StorySubject | None:
        """The article that an operator names by number, page on the mirror, or URL (`canonical`: in that form)."""
        with self._session.read() as sql:
            return subject(sql, reference, canonical)

"""The tables `revisions` and `rechecks`: what articles said before, and which pages are fetched again when.

What is a real change is not decided here; whoever saves a page says so (`models.Change`).

When a page is fetched again to see whether it was edited: less and less often, and then no more. Pure.

Outlets correct within hours, add to a story within days, and hardly ever touch what is older than a week. Nothing is
remembered but the time of the last look: whoever was down for a month looks once, and goes on from there.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from aggregator.models import Change, PageEvidence, PendingArticle, Revision, RevisionKind, Validators
from aggregator.store import feeds, identity, times
from aggregator.store.connection import Session, Sql
from aggregator.store.identity import OWN_ENTRY
from aggregator.text import diff

OFFSETS = (
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=10),
)
"""After publication. Five looks at most, nearly all of which cost the origin a 304."""

GAP = 0.25
"""Of an offset: how long after the last look the next one is to be at least, or it is left out."""

JITTER = 0.2
"""Of an offset: at most so much later, so that what was published together is not fetched together."""


def next_look(published: datetime, last: datetime, salt: str) -> datetime | None:
    """The time of the look after the one at `last`; None: no more. The same answer for the same arguments, always.

    `salt` tells articles apart (any text that is an article's own).
    """
    for offset in OFFSETS:
        at = published + offset * (1 + JITTER * _chance(salt, offset))
        if at >= last + offset * GAP:
            return at.replace(microsecond=0)
    return None


def _chance(salt: str, offset: timedelta) -> float:
    """A number in [0, 1) that looks like chance and is not."""
    digest = sha256(f"{salt}\n{offset.total_seconds()}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


LOOKS_A_ROUND = 10
"""Pages of one feed that are fetched again in a round; the rest comes in the next rounds."""

SHOWN = 20
"""The newest edits of an article that the output shows; `revisions` keeps all."""

PUBLIC = (RevisionKind.EDITED, RevisionKind.REVERTED)
"""What an outlet did; the other kinds are our own reading getting better."""

_DUE = f"""
    SELECT articles.id, coalesce(articles.final_url, articles.url) AS url, articles.feed_id, articles.title,
        coalesce(nullif(entries.html, ''), entries.summary, '') AS feed_html,
        coalesce(entries.published, articles.published) AS published,
        coalesce(entries.language, feeds.language) AS lang, coalesce(entries.content_hash, '') AS content_hash,
        rechecks.etag, rechecks.last_modified
    FROM rechecks INDEXED BY idx_rechecks_due
    CROSS JOIN articles ON articles.id = rechecks.article_id
        AND articles.state = 'scraped' AND articles.next_attempt IS NULL
    CROSS JOIN feeds ON feeds.id = articles.feed_id AND feeds.configured AND NOT feeds.paused
    LEFT JOIN entries ON entries.id = {OWN_ENTRY}
    WHERE rechecks.due <= ? ORDER BY rechecks.due, articles.id LIMIT ?
"""  # noqa: S608 - the text is ours
_SAID = """
    SELECT articles.state, articles.title, articles.text, articles.partial,
        (SELECT json_group_array(entries.title) FROM entries WHERE entries.article_id = articles.id) AS announced
    FROM articles WHERE articles.id = ?
"""
_REVISIONS = """
    SELECT id, article_id, at, kind, summary, title, text FROM (
        SELECT *, row_number() OVER (PARTITION BY article_id ORDER BY id DESC) AS place FROM revisions
        WHERE article_id IN (SELECT value FROM json_each(:ids))
    ) WHERE place <= :most ORDER BY article_id, id DESC
"""


@dataclass(frozen=True, slots=True)
class RevisionText:
    """What an article says now; `from_page`: not the feed's text. `announced`: titles that feeds give it."""

    from_page: bool
    title: str
    text: str
    announced: tuple[str, ...]
    partial: bool = False


class Revisions:
    """What of edits is asked and noted from outside. Every method is one transaction, or one read."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def said(self, article_id: int) -> RevisionText | None:
        """What an article says now; None when there is none with this number."""
        with self._session.read() as sql:
            row = sql.one(_SAID, (identity.resolve(sql, article_id),))
        if row is None:
            return None
        announced = tuple(json.loads(row["announced"]))
        return RevisionText(row["state"] == "scraped", row["title"], row["text"], announced, bool(row["partial"]))

    def of(self, article_id: int) -> tuple[Revision, ...]:
        """Every change of an article, newest first."""
        with self._session.read() as sql:
            return all_of(sql, (article_id,), most=-1).get(article_id, ())

    def due(self, now: datetime, limit: int) -> tuple[PendingArticle, ...]:
        """At most `limit` pages to fetch again now, of each feed so many and no more, the longest waiting first."""
        with self._session.read() as sql:
            rows = sql.all(_DUE, (times.whole(now), limit))
        taken = Counter[int]()
        found = []
        for row in rows:
            taken[row["feed_id"]] += 1
            if taken[row["feed_id"]] <= LOOKS_A_ROUND:
                found.append(_pending(row))
        return tuple(found)

    def looked(self, article_id: int, outcome: str, now: datetime, *, gone: bool = False, more: bool = True) -> None:
        """Note what fetching a page again has shown, when its text stays as it is.

        `gone`: the origin says that there is no such page. `more` False: it is not fetched again.
        """
        with self._session.write() as sql:
            found = identity.resolve(sql, article_id)
            if found is not None:
                record_recheck(sql, found, outcome, now, gone=gone, more=more)

    def postpone(self, article_id: int, until: datetime) -> None:
        """Let a page wait whose host is given a rest."""
        with self._session.write() as sql:
            sql.execute("UPDATE rechecks SET due = ? WHERE article_id = ?", (times.not_before(until), article_id))


def plan(sql: Sql, article_id: int, page: PageEvidence, now: datetime, change: Change | None) -> None:
    """After a page was read: when it is fetched again, what is asked with, and what it showed if it was not new."""
    sql.execute(
        """
        INSERT INTO rechecks (article_id, due, etag, last_modified) VALUES (:id, :due, :etag, :last_modified)
        ON CONFLICT (article_id) DO UPDATE SET due = excluded.due, etag = excluded.etag,
            last_modified = excluded.last_modified, gone_since = NULL
        """,
        {
            "id": article_id,
            "due": _next(sql, article_id, now),
            "etag": page.validators.etag,
            "last_modified": page.validators.last_modified,
        },
    )
    if change is not None:
        sql.execute(
            "UPDATE rechecks SET looks = looks + 1, looked_at = ?, outcome = ? WHERE article_id = ?",
            (times.whole(now), f"{change.kind}: {change.reason}", article_id),
        )


def queue(sql: Sql) -> None:
    """Have pages fetched again that were read before that was done at all, as far as they are recent.

    Recent by the newest page in the database: when that is opened says nothing.
    """
    last = times.read(sql.value("SELECT max(fetched_at) FROM articles WHERE state = 'scraped'"))
    if last is None:
        return
    rows = sql.all(
        """
        SELECT id, uid, published FROM articles
        WHERE state = 'scraped' AND published >= ? AND id NOT IN (SELECT article_id FROM rechecks)
            AND id NOT IN (SELECT article_id FROM purged)
        """,
        (times.whole(last - OFFSETS[-1] * (1 + JITTER)),),
    )
    found = ((row["id"], next_look(times.must_read(row["published"]), last, row["uid"])) for row in rows)
    sql.many(
        "INSERT INTO rechecks (article_id, due) VALUES (?, ?)",
        [(article_id, times.whole(due)) for article_id, due in found if due is not None],
    )


def record_recheck(
    sql: Sql, article_id: int, outcome: str, now: datetime, *, gone: bool = False, more: bool = True
) -> None:
    """See `StoredRevisions.looked`."""
    sql.execute(
        """
        INSERT INTO rechecks (article_id, due, looks, looked_at, outcome, gone_since)
        VALUES (:id, :due, 1, :now, :outcome, iif(:gone, :now, NULL))
        ON CONFLICT (article_id) DO UPDATE SET due = excluded.due, looks = looks + 1, looked_at = excluded.looked_at,
            outcome = excluded.outcome, gone_since = iif(:gone, coalesce(gone_since, :now), NULL)
        """,
        {
            "id": article_id,
            "due": _next(sql, article_id, now) if more else None,
            "now": times.whole(now),
            "outcome": outcome,
            "gone": gone,
        },
    )


def keep(
    sql: Sql, row: sqlite3.Row, values: dict[str, object], kind: RevisionKind, now: datetime
) -> RevisionKind | None:
    """Keep what an article says before it is replaced by `values`; of which kind that turned out to be.

    None, and nothing kept, where the words are the same: another reading of them is no edit.
    """
    title, text = str(values.get("title", row["title"])), str(values.get("text", row["text"]))
    if kind is RevisionKind.EDITED and _said_before(sql, row["id"], title, text):
        kind = RevisionKind.REVERTED
    told = diff.summary(row["text"], text)
    if not told and title.split() == str(row["title"]).split():
        return None
    if title != row["title"]:
        told = f"another title; {told}" if told else "another title"
    sql.execute(
        "INSERT INTO revisions (article_id, at, kind, summary, title, text, html) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (row["id"], times.whole(now), kind.value, told, row["title"], row["text"], row["html"]),
    )
    feed_id = sql.value("SELECT feed_id FROM articles WHERE id = ?", (row["id"],))
    feeds.add_size(sql, int(feed_id), len(f"{row['text']}{row['html']}".encode("utf-8", "replace")))
    return kind


def _said_before(sql: Sql, article_id: int, title: str, text: str) -> bool:
    """Whether an outlet goes back to what its article said: then nothing is news about it."""
    return bool(
        sql.one(
            "SELECT 1 FROM revisions WHERE article_id = ? AND title = ? AND text = ?"
            " AND kind IN ('edited', 'reverted')",
            (article_id, title, text),
        )
    )


def all_of(sql: Sql, ids: Sequence[int], *, most: int = SHOWN) -> dict[int, tuple[Revision, ...]]:
    """The changes of each of these articles that has any, newest first; `most` of each (-1: all)."""
    rows = sql.all(_REVISIONS, {"ids": json.dumps(list(ids)), "most": most if most >= 0 else 2**62})
    if not rows:
        return {}
    changed = json.dumps(sorted({row["article_id"] for row in rows}))
    current = {
        row["id"]: (row["title"], row["text"])
        for row in sql.all(
            "SELECT id, title, text FROM articles WHERE id IN (SELECT value FROM json_each(?))", (changed,)
        )
    }
    found: defaultdict[int, list[Revision]] = defaultdict(list)
    for row in rows:
        title, text = current[row["article_id"]]
        found[row["article_id"]].append(
            Revision(
                at=times.must_read(row["at"]),
                kind=RevisionKind(row["kind"]),
                summary=row["summary"],
                title_before=row["title"],
                text_before=row["text"],
                title=title,
                text=text,
            )
        )
        current[row["article_id"]] = (row["title"], row["text"])
    return {article_id: tuple(items) for article_id, items in found.items()}


def _next(sql: Sql, article_id: int, now: datetime) -> str | None:
    row = sql.one(
        "SELECT uid, published, state, EXISTS (SELECT 1 FROM purged WHERE article_id = id) AS is_purged"
        " FROM articles WHERE id = ?",
        (article_id,),
    )
    assert row is not None, "the caller has found it"
    if row["state"] != "scraped" or row["is_purged"]:
        return None
    return times.not_before(next_look(times.must_read(row["published"]), now, row["uid"]))


def _pending(row: sqlite3.Row) -> PendingArticle:
    return PendingArticle(
        id=row["id"],
        url=row["url"],
        feed_id=row["feed_id"],
        attempts=0,
        title=row["title"],
        feed_html=row["feed_html"],
        published=times.read(row["published"]),
        language=row["lang"],
        content_hash=row["content_hash"],
        validators=Validators(row["etag"], row["last_modified"]),
    )

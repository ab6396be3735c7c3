"""What articles say, and what they said before: the contents of `articles`, and the table `revisions`.

The feed's text stands until the page's comes, and for good where no page can be had. What anybody can have read is
kept in `revisions` before it is replaced.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from aggregator.models import Article, Change, ChangeKind, Entry, PageEvidence, PageKind, RevisionKind
from aggregator.store import output, revisions, times
from aggregator.store.connection import Sql
from aggregator.text.storable import TEASER_CHARS, keepable, plain, shortened

_SHOWN = ("url", "author", "language", "lead_image", "source_name", "source_url")
"""Columns besides title, text and html that a post shows."""

_SAID = ("title", "text", "html", "teaser", "word_count", "extractor", "quality")
"""What stays when a page says the same but for trifles."""


def from_page(
    sql: Sql,
    article_id: int,
    article: Article,
    evidence: PageEvidence,
    now: datetime,
    *,
    again: bool,
    change: Change | None = None,
) -> bool:
    """Write what a page gave; whether the article shows something else now.

    A page that is no article (a paywall, a PDF) leaves its evidence, and the feed's text stays.
    `again`: the entry was revised while the page was read; then the next try stays when it is.
    `change`: what the new text means for one that was read from the page before; a trifle leaves it as it is.
    """
    row = _row(sql, article_id)
    values: dict[str, object] = {
        "kind": article.kind.value,
        "page_published": times.exact(article.published),
        "modified": times.exact(article.modified),
        "noarchive": article.noarchive,
        "attempts": row["attempts"] + 1,
        "next_attempt": row["next_attempt"] if again else None,
        "last_error": None,
        "tried_at": times.whole(now),
        **_fetched(evidence),
    }
    if article.kind is PageKind.ARTICLE:
        values |= _content(row, article) | {"state": "scraped"}
        values["url"] = article.canonical_url or evidence.final_url or row["url"]
    elif row["state"] != "scraped":
        values["state"] = "feed_text"
    settled = change is not None and change.kind in (ChangeKind.SAME, ChangeKind.TRIVIAL)
    if settled and row["state"] == "scraped":
        values = {name: value for name, value in values.items() if name not in _SAID}
    changed = _write(sql, row, values, now, repaired=change is not None and change.kind is ChangeKind.REPAIRED)
    _take_page_date(sql, article_id, article)
    if article.kind is PageKind.ARTICLE:
        revisions.plan(sql, article_id, evidence, now, change)
    return changed


def _fetched(evidence: PageEvidence) -> dict[str, object]:
    """How a page was fetched."""
    return {
        "fetched_at": times.whole(evidence.fetched_at),
        "final_url": evidence.final_url,
        "http_status": evidence.status,
        "content_type": evidence.content_type,
        "raw_hash": evidence.raw_hash,
        "partial": evidence.partial,
    }


def keep(sql: Sql, article_id: int, reason: str, now: datetime) -> None:
    """Leave an article as it is: what its page shows now is not to be taken for it."""
    sql.execute(
        "UPDATE articles SET next_attempt = NULL, tried_at = ?, last_error = ? WHERE id = ?",
        (times.whole(now), reason, article_id),
    )
    revisions.note(sql, article_id, f"kept as it was: {reason}", now)


def from_feed(sql: Sql, article_id: int, article: Article, now: datetime, evidence: PageEvidence | None = None) -> bool:
    """Write an article made of the feed's own text; whether it shows something else now.

    Where its page was read before, that has turned out to be none of its own text. `evidence`: its page was fetched,
    and gave no text; what it asks for holds all the same.
    """
    row = _row(sql, article_id)
    values = _content(row, article)
    values |= {"state": "feed_text", "next_attempt": None, "last_error": None}
    if evidence is not None:
        values |= _fetched(evidence) | {"noarchive": article.noarchive, "tried_at": times.whole(now)}
    return _write(sql, row, values, now, repaired=row["state"] == "scraped")


def fall_back(sql: Sql, article_id: int, now: datetime) -> bool:
    """Put the feed's text, where there is more of it, in the place of what a page gave that was no article of its own.

    Whether that was done.
    """
    row = _row(sql, article_id)
    html = _feed_html(sql, article_id)
    text = plain(html)
    if row["state"] != "scraped" or not text.strip():
        return False
    values = _texts(text, html) | {"state": "feed_text", "extractor": "feed"}
    return _write(sql, row, values, now, repaired=True)


def follow_entry(sql: Sql, row: sqlite3.Row, entry: Entry, at: datetime) -> None:
    """Let an article that has only its feed's text say what the revised entry says."""
    if row["state"] == "scraped":
        return
    values: dict[str, object] = {"title": keepable(entry.title) or row["title"]}
    if row["text"]:
        values |= _texts(plain(entry.html or entry.summary), "")
    _write(sql, row, values, at)


def fill_from_feed(sql: Sql, article_id: int) -> None:
    """Give an article that goes out before its page is there the text of its entry."""
    row = _row(sql, article_id)
    if row["text"]:
        return
    # Setting what is so already would have the article looked through for images once more.
    values = _texts(plain(_feed_html(sql, article_id)), "")
    if new := {name: value for name, value in values.items() if value != row[name]}:
        _set(sql, article_id, new)


def failed(sql: Sql, article_id: int, error: str, next_attempt: datetime | None, now: datetime) -> None:
    """Note a failed try. What the article says stays; with no further try, it goes out with the feed's text."""
    sql.execute(
        """
        UPDATE articles SET attempts = attempts + 1, last_error = ?, next_attempt = ?, tried_at = ?,
            state = CASE WHEN state = 'pending' THEN 'failed' ELSE state END
        WHERE id = ?
        """,
        (error, times.not_before(next_attempt), times.whole(now), article_id),
    )


def _feed_html(sql: Sql, article_id: int) -> str:
    row = sql.one(
        """
        SELECT entries.html, entries.summary FROM articles JOIN entries ON entries.id =
            (SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = articles.feed_id)
        WHERE articles.id = ?
        """,
        (article_id,),
    )
    return "" if row is None else str(row["html"] or row["summary"])


def _row(sql: Sql, article_id: int) -> sqlite3.Row:
    row = sql.one("SELECT * FROM articles WHERE id = ?", (article_id,))
    assert row is not None, "addresses.resolve has found it"
    return row


def _content(row: sqlite3.Row, article: Article) -> dict[str, object]:
    source = article.source
    values: dict[str, object] = {
        "title": keepable(article.title or row["title"]),
        "author": article.author or row["author"],
        "language": article.language or row["language"],
        "lead_image": article.lead_image and keepable(article.lead_image),
        "extractor": article.extractor,
        "quality": article.quality,
        "source_name": source.name if source else None,
        "source_url": source.url if source else None,
    }
    values |= _texts(keepable(article.text), keepable(article.html))
    if article.word_count:
        values["word_count"] = article.word_count
    return values


def _texts(text: str, html: str) -> dict[str, object]:
    return {"text": text, "html": html, "teaser": shortened(text, TEASER_CHARS), "word_count": len(text.split())}


def _write(sql: Sql, row: sqlite3.Row, values: dict[str, object], now: datetime, *, repaired: bool = False) -> bool:
    """One UPDATE; whether a post shows something else afterwards. What is replaced goes to `revisions` first.

    `repaired`: what the article said was our own mistake, so that nothing is news about it.
    """
    said = {name: row[name] for name in ("title", "text", "html") if name in values}
    says_else = any(values[name] != before for name, before in said.items())
    if says_else:
        if _keep(sql, row, values, now, repaired=repaired) not in (RevisionKind.REVERTED, RevisionKind.REPAIRED):
            output.revised(sql, row["id"], now)
    else:
        # Setting them to what they are would index the text again.
        values = {name: value for name, value in values.items() if name not in said}
    shown = any(name in values and values[name] != row[name] for name in _SHOWN)
    if values:
        _set(sql, row["id"], values)
    return says_else or shown


def _keep(sql: Sql, row: sqlite3.Row, values: dict[str, object], now: datetime, *, repaired: bool) -> RevisionKind:
    """What nobody can have read, an article never put out and never scraped, is not kept: its entry has it."""
    placed = sql.value("SELECT sequence FROM posts WHERE article_id = ?", (row["id"],)) is not None
    completed = row["state"] != "scraped" and values.get("state") == "scraped"
    kind = RevisionKind.REPAIRED if repaired else RevisionKind.COMPLETED if completed else RevisionKind.EDITED
    if placed or (row["text"] and row["state"] in ("scraped", "feed_text")):
        return revisions.keep(sql, row, values, kind, now)
    return kind


def _set(sql: Sql, article_id: int, values: Mapping[str, object]) -> None:
    columns = ", ".join(f"{name} = ?" for name in values)
    sql.execute(f"UPDATE articles SET {columns} WHERE id = ?", (*values.values(), article_id))  # noqa: S608 - our names


def _take_page_date(sql: Sql, article_id: int, article: Article) -> None:
    """A page's date serves where the feed has none, as long as the article has not been put out.

    A post that the chain has found keeps the place between its neighbours that was settled (see `chain`).
    """
    if article.published is None:
        return
    sql.execute(
        """
        UPDATE articles SET published = min(?, first_seen)
        WHERE id = ? AND (SELECT sequence FROM posts WHERE article_id = articles.id) IS NULL
            AND NOT EXISTS (SELECT 1 FROM entries WHERE article_id = articles.id
                AND (published IS NOT NULL OR found_by = 'chain'))
        """,
        (times.whole(article.published), article_id),
    )

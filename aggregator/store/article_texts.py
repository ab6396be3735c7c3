"""What an article says: from its page, or from the feed's own text where that stands. Written to `articles`.

The feed's text stands until the page's comes, and forever where no page can be fetched. What anybody can have read is
kept in `revisions` before it is replaced.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta

from aggregator.models import (
    FROM_FEED,
    Article,
    Change,
    ChangeKind,
    Entry,
    PageEvidence,
    PageKind,
    RevisionKind,
)
from aggregator.models.errors import Refusal
from aggregator.store import article_links, post_changes, revisions, times
from aggregator.store.connection import Sql
from aggregator.store.identity import OWN_ENTRY, identifying
from aggregator.text.plain import body_text
from aggregator.text.storable import TEASER_CHARS, keepable, shortened

COMMON = 0.25
"""A teaser and an article's text, or two teasers of one article, share more; texts on other matters nothing."""


_SHOWN = ("url", "author", "language", "lead_image", "source_name", "source_url")
"""Columns besides title, text and html that a post shows."""


RUN = 3
"""Words in a run; fewer are no text that could be compared."""


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

    What is no text of the page's (a wall, a PDF, a page poorer than its feed) leaves its evidence, and the feed's text
    stands. What is known to be a part does not replace a whole text.
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
        "refused_by": None,
        "tried_at": times.whole(now),
        **_fetched(evidence),
    }
    partial = evidence.partial or article.partial
    values["partial"] = partial
    if row["state"] == "scraped" and (article.extractor == FROM_FEED or (partial and not row["partial"])):
        values["partial"] = row["partial"]
    elif article.text and (article.kind is PageKind.ARTICLE or (article.partial and article.extractor != FROM_FEED)):
        values |= _content(row, article) | {"state": "feed_text" if article.extractor == FROM_FEED else "scraped"}
    elif row["state"] != "scraped":
        values["state"] = "feed_text"
    if article.kind is PageKind.ARTICLE:
        led = evidence.final_url if identifying((evidence.final_url,)) else None
        values["url"] = article.canonical_url or led or row["url"]
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
        "UPDATE articles SET next_attempt = NULL, tried_at = ?, last_error = ?, refused_by = NULL WHERE id = ?",
        (times.whole(now), reason, article_id),
    )
    revisions.record_recheck(sql, article_id, f"kept as it was: {reason}", now)


def from_feed(sql: Sql, article_id: int, article: Article, now: datetime, evidence: PageEvidence | None = None) -> bool:
    """Write an article made of the feed's own text; whether it shows something else now.

    Where its page was read before, that has turned out to be none of its own text. `evidence`: its page was fetched,
    and gave no text; what it asks for holds all the same.
    """
    row = _row(sql, article_id)
    values = _content(row, article)
    if values["html"] == keepable(_feed_html(sql, article_id)):
        values["html"] = ""  # it stands with the entry
    values |= {"state": "feed_text", "next_attempt": None, "last_error": None, "refused_by": None}
    if evidence is not None:
        values |= _fetched(evidence) | {"noarchive": article.noarchive, "tried_at": times.whole(now)}
    return _write(sql, row, values, now, repaired=row["state"] == "scraped")


def fall_back(sql: Sql, article_id: int, now: datetime) -> bool:
    """Put the feed's text, where there is more of it, in the place of what a page gave that was no article of its own.

    Whether that was done.
    """
    row = _row(sql, article_id)
    html = _feed_html(sql, article_id)
    text = body_text(html)
    if row["state"] != "scraped" or not text.strip():
        return False
    values = _texts(text, html) | {"state": "feed_text", "extractor": FROM_FEED}
    return _write(sql, row, values, now, repaired=True)


def take_longest(sql: Sql, article_id: int, now: datetime) -> None:
    """Let an article that has only its feed's text have the longest of those that may stand for it."""
    row = _row(sql, article_id)
    if row["state"] == "scraped" or not row["text"] or row["html"]:
        return
    text = body_text(_feed_html(sql, article_id))
    if len(text) > len(row["text"]):
        _write(sql, row, _texts(text, ""), now, repaired=True)


def link_of(sql: Sql, article_id: int) -> str | None:
    """The link that its feed gives an article."""
    found = sql.value(
        f"""
        SELECT entries.url FROM articles JOIN entries ON entries.id = {OWN_ENTRY}
        WHERE articles.id = ?
        """,  # noqa: S608 - the text is ours
        (article_id,),
    )
    return None if found is None else str(found)


def speak_as(sql: Sql, article_id: int, entry: sqlite3.Row, now: datetime) -> None:
    """Let an article say what one of its entries says: what it said was not its own. Its page is none for now."""
    row = _row(sql, article_id)
    values: dict[str, object] = {
        "title": keepable(entry["title"]),
        "author": entry["author"],
        "language": entry["language"],
        "lead_image": None,
        "source_name": None,
        "source_url": None,
        "url": entry["url"] or row["url"],
        "extractor": "feed",
        "quality": None,
        **_texts(body_text(entry["html"] or entry["summary"]), ""),
    }
    if row["state"] == "scraped":
        values["state"] = "feed_text"
    _write(sql, row, values, now, repaired=True)
    post_changes.revised(sql, article_id, now)


def plain_words(markup: str) -> list[str]:
    """The words of a text, as two texts are compared by them."""
    return body_text(markup).casefold().split()


def words_akin(a: list[str], b: list[str]) -> bool:
    """Whether two texts have a part in common: of the shorter one's runs of RUN words, a quarter."""
    first, second = (set(zip(*(words[start:] for start in range(RUN)), strict=False)) for words in (a, b))
    return bool(first and second) and len(first & second) >= COMMON * min(len(first), len(second))


def follow_entry(sql: Sql, row: sqlite3.Row, entry: Entry, at: datetime) -> None:
    """Let an article that has only its feed's text say what the revised entry says."""
    if row["state"] == "scraped":
        return
    values: dict[str, object] = {"title": keepable(entry.title) or row["title"]}
    if row["text"]:
        values |= _texts(body_text(_feed_html(sql, row["id"])), "")
    _write(sql, row, values, at)


def fill_from_feed(sql: Sql, article_id: int) -> None:
    """Give an article that goes out before its page is there the text of its entry."""
    row = _row(sql, article_id)
    if row["text"]:
        return
    # Setting what is so already would have the article looked through for images once more.
    values = _texts(body_text(_feed_html(sql, article_id)), "")
    if new := {name: value for name, value in values.items() if value != row[name]}:
        _set(sql, article_id, new)


def failed(
    sql: Sql, article_id: int, error: str, next_attempt: datetime | None, now: datetime, refused_by: Refusal | None
) -> None:
    """Note a failed try. What the article says stays; with no further try, it goes out with the feed's text."""
    sql.execute(
        """
        UPDATE articles SET attempts = attempts + 1, last_error = ?, refused_by = ?, next_attempt = ?, tried_at = ?,
            state = CASE WHEN state = 'pending' THEN 'failed' ELSE state END
        WHERE id = ?
        """,
        (error, refused_by, times.not_before(next_attempt), times.whole(now), article_id),
    )


BEST_TEXT = f"""
    (SELECT best.id FROM entries AS best
     WHERE best.article_id = articles.id AND (
        best.id = {OWN_ENTRY}
        OR best.id IN (SELECT entry_id FROM contributors WHERE article_id = articles.id AND text))
     ORDER BY length(coalesce(nullif(best.html, ''), best.summary)) DESC,
        best.id IN (SELECT entry_id FROM contributors), best.id
     LIMIT 1)
"""  # noqa: S608 - the text is ours
"""The entry whose text is an article's, where its page gives none: that of its feed, or a longer one of one as near."""


def _feed_html(sql: Sql, article_id: int) -> str:
    row = sql.one(
        f"""
        SELECT entries.html, entries.summary FROM articles JOIN entries ON entries.id = {BEST_TEXT}
        WHERE articles.id = ?
        """,  # noqa: S608 - the text is ours
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
    from aggregator.text.words import count_words  # who only reads the database does without

    return {"text": text, "html": html, "teaser": shortened(text, TEASER_CHARS), "word_count": count_words(text)}


def _write(sql: Sql, row: sqlite3.Row, values: dict[str, object], now: datetime, *, repaired: bool = False) -> bool:
    """One UPDATE; whether a post shows something else afterwards. What is replaced goes to `revisions` first.

    `repaired`: what the article said was our own mistake, so that nothing is news about it.
    """
    said = {name: row[name] for name in ("title", "text", "html") if name in values}
    says_else = any(values[name] != before for name, before in said.items())
    if says_else:
        kind = _keep(sql, row, values, now, repaired=repaired)
        if kind not in (None, RevisionKind.REVERTED, RevisionKind.REPAIRED):
            post_changes.revised(sql, row["id"], now)
    else:
        # Setting them to what they are would index the text again.
        values = {name: value for name, value in values.items() if name not in said}
    shown = any(name in values and values[name] != row[name] for name in _SHOWN)
    if values:
        _set(sql, row["id"], values)
    return says_else or shown


def _keep(
    sql: Sql, row: sqlite3.Row, values: dict[str, object], now: datetime, *, repaired: bool
) -> RevisionKind | None:
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
    if "html" in values or "text" in values:
        row = _row(sql, article_id)
        article_links.keep(sql, article_id, row["html"] or _feed_html(sql, article_id), row["url"])


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


FARTHEST = timedelta(days=4)
"""No retry is put off for longer than a day; a try that is, was put off by a clock that was wrong."""

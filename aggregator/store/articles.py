"""The table `articles`, as far as being and waiting go: which one an entry announces, which pages are to be fetched.

An article exists from the moment its first entry is seen. What it says is the business of `contents`.

What articles say, and what they said before: the contents of `articles`, and the table `revisions`.

The feed's text stands until the page's comes, and for good where no page can be had. What anybody can have read is
kept in `revisions` before it is replaced.

The tables `extractions` and `page_labels`: how an article's text was found, and what shows that a page has none.

The table `page_headers`: what pages' headers say of what may be done with them.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta

from aggregator.models import (
    FROM_FEED,
    Article,
    Change,
    ChangeKind,
    Decision,
    Entry,
    PageEvidence,
    PageKind,
    PendingArticle,
    RevisionKind,
)
from aggregator.models.errors import Refusal
from aggregator.store import article_links, identity, ownership, post_changes, revisions, times
from aggregator.store.connection import Sql
from aggregator.store.identity import Links, held, identifying, register
from aggregator.text.storable import TEASER_CHARS, keepable, plain, shortened
from aggregator.text.words import count_words

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
    text = plain(html)
    if row["state"] != "scraped" or not text.strip():
        return False
    values = _texts(text, html) | {"state": "feed_text", "extractor": FROM_FEED}
    return _write(sql, row, values, now, repaired=True)


def take_longest(sql: Sql, article_id: int, now: datetime) -> None:
    """Let an article that has only its feed's text have the longest of those that may stand for it."""
    row = _row(sql, article_id)
    if row["state"] == "scraped" or not row["text"] or row["html"]:
        return
    text = plain(_feed_html(sql, article_id))
    if len(text) > len(row["text"]):
        _write(sql, row, _texts(text, ""), now, repaired=True)


def link_of(sql: Sql, article_id: int) -> str | None:
    """The link that its feed gives an article."""
    found = sql.value(
        """
        SELECT entries.url FROM articles JOIN entries ON entries.id =
            (SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = articles.feed_id)
        WHERE articles.id = ?
        """,
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
        **_texts(plain(entry["html"] or entry["summary"]), ""),
    }
    if row["state"] == "scraped":
        values["state"] = "feed_text"
    _write(sql, row, values, now, repaired=True)
    post_changes.revised(sql, article_id, now)


def plain_words(markup: str) -> list[str]:
    """The words of a text, as two texts are compared by them."""
    return plain(markup).casefold().split()


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
        values |= _texts(plain(_feed_html(sql, row["id"])), "")
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


BEST_TEXT = """
    (SELECT best.id FROM entries AS best
     WHERE best.article_id = articles.id AND (
        best.id = (SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = articles.feed_id)
        OR best.id IN (SELECT entry_id FROM contributors WHERE article_id = articles.id AND text))
     ORDER BY length(coalesce(nullif(best.html, ''), best.summary)) DESC,
        best.id IN (SELECT entry_id FROM contributors), best.id
     LIMIT 1)
"""
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


TAG_AUTHORITY = "security-feed-aggregator.github.io,2026"
"""RFC 4151: the name and the year under which this project mints ids. Part of every id; never to be changed."""

UID_CHARS = 32
"""Hex digits of SHA-256 in a uid: 128 bits."""

FARTHEST = timedelta(days=4)
"""No retry is put off for longer than a day; a try that is, was put off by a clock that was wrong."""

_CARRIER = """
    CASE WHEN (SELECT configured AND NOT paused FROM feeds WHERE id = articles.feed_id) THEN articles.feed_id
    ELSE (
        SELECT entries.feed_id FROM entries JOIN feeds ON feeds.id = entries.feed_id
        WHERE entries.article_id = articles.id AND feeds.configured AND NOT feeds.paused ORDER BY entries.id LIMIT 1
    ) END
"""
"""The feed for which an article's page is fetched: its own, else the first other one that carries it and is polled."""

_PENDING = f"""
    WITH carried AS (
        SELECT id, published, {_CARRIER} AS feed_id FROM articles
        WHERE next_attempt <= :now OR next_attempt > :farthest
    ), waiting AS (
        SELECT id, published, feed_id, row_number() OVER (PARTITION BY feed_id ORDER BY published DESC, id DESC) AS turn
        FROM carried WHERE feed_id IS NOT NULL
    )
    SELECT articles.id, coalesce(entries.url, articles.url) AS url, chosen.feed_id, articles.attempts,
        articles.title, coalesce((SELECT coalesce(nullif(told.html, ''), told.summary) FROM entries AS told
            WHERE told.id = iif(chosen.feed_id = articles.feed_id, {BEST_TEXT}, entries.id)), '') AS feed_html,
        coalesce(entries.published, articles.published) AS published,
        coalesce(entries.language, feeds.language) AS lang,
        CASE WHEN chosen.feed_id = articles.feed_id THEN coalesce(entries.content_hash, '') ELSE '' END AS content_hash
    FROM (
        SELECT id, turn, published, feed_id FROM waiting ORDER BY turn, published DESC, id DESC LIMIT :limit
    ) AS chosen
    JOIN articles ON articles.id = chosen.id
    JOIN feeds ON feeds.id = chosen.feed_id
    LEFT JOIN entries ON entries.id =
        (SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = chosen.feed_id)
    ORDER BY chosen.turn, chosen.published DESC, chosen.id DESC
"""  # noqa: S608 - the text is ours


def uid_of(identity: str) -> str:
    """A tag: URI that depends on nothing but the article's identity."""
    digest = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:UID_CHARS]
    return f"tag:{TAG_AUTHORITY}:article:{digest}"


def for_entry(sql: Sql, feed_id: int, decision: Decision, at: datetime, published_at: datetime, links: Links) -> int:
    """The article that a new entry announces: one that is held under its URL, else a new one.

    A front page is no article's address, and neither is one that is held for something else: then the entry has its
    feed's text alone.
    """
    entry, url = decision.entry, decision.canonical_url
    if url is not None and not identifying((url,)):
        url = None
    if url is not None and (found := held(sql, url)) is not None:
        title = str(sql.value("SELECT title FROM articles WHERE id = ?", (found,)))
        if ownership.is_claimed(sql, found, url, links) and not ownership.titles_akin(entry.title, title):
            ownership.give_up(sql, found, url, links)
        elif not ownership.is_another(sql, feed_id, found, decision, links):
            return found
        else:
            url = None
            _own_words(sql, found, at)
            _let_strangers_go(sql, feed_id, found, at)
    if url is None:
        return _without_page(sql, feed_id, decision.guid, entry, at, published_at)
    uid = uid_of(url)
    known = sql.value("SELECT id FROM articles WHERE uid = ?", (uid,))
    if known is not None:
        return int(known)
    article_id = _create(sql, feed_id, entry, url, uid, at, published_at)
    register(sql, article_id, (url,))
    return article_id


def _without_page(sql: Sql, feed_id: int, guid: str, entry: Entry, at: datetime, published_at: datetime) -> int:
    """The article of an entry whose link is no article's address."""
    slug = sql.value("SELECT slug FROM feeds WHERE id = ?", (feed_id,))
    uid = uid_of(f"{slug}\n{guid}")
    known = sql.value("SELECT id FROM articles WHERE uid = ?", (uid,))
    return _create(sql, feed_id, entry, None, uid, at, published_at) if known is None else int(known)


def _let_strangers_go(sql: Sql, feed_id: int, article_id: int, at: datetime) -> None:
    """Give entries of other feeds articles of their own, where an article's feed lists its address for several.

    They were taken for links to one post. The address is that of a list, so what has other words is another post.
    """
    rows = sql.all(
        """
        SELECT entries.*, own.title AS own_title, coalesce(nullif(own.html, ''), own.summary) AS own_text
        FROM entries JOIN entries AS own ON own.id =
            (SELECT min(id) FROM entries WHERE article_id = :article AND feed_id = :feed)
        JOIN articles ON articles.id = entries.article_id AND articles.feed_id = :feed
        WHERE entries.article_id = :article AND entries.feed_id <> :feed AND entries.found_by = 'feed'
        """,
        {"article": article_id, "feed": feed_id},
    )
    named = sql.all(
        "SELECT id FROM articles WHERE duplicate_of = ? AND duplicate_reason = ?", (article_id, ownership.LINKED)
    )
    for row in named:
        identity.stand_alone(sql, row["id"])
        post_changes.mark_changed(sql, (row["id"], article_id))
    for row in rows:
        if ownership.say_the_same(row["title"], row["html"] or row["summary"], row["own_title"], row["own_text"]):
            continue
        entry = Entry(
            guid=row["guid"], url=row["url"], title=row["title"], author=row["author"], language=row["language"]
        )
        published_at = times.must_read(row["published_at"])
        other = _without_page(sql, row["feed_id"], row["guid"], entry, at, published_at)
        sql.execute("UPDATE entries SET article_id = ? WHERE id = ?", (other, row["id"]))
        sql.execute("DELETE FROM contributors WHERE entry_id = ?", (row["id"],))
        sql.execute("DELETE FROM post_feeds WHERE article_id = ? AND feed_id = ?", (article_id, row["feed_id"]))
        post_changes.mark_changed(sql, (article_id,))


def _own_words(sql: Sql, article_id: int, at: datetime) -> None:
    """Let an article whose link turns out to be that of others too say what its feed says, unless its page did."""
    row = sql.one(
        """
        SELECT entries.*, articles.title AS page_title, articles.text AS page_text
        FROM articles JOIN entries ON entries.id =
            (SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = articles.feed_id)
        WHERE articles.id = ? AND articles.state = 'scraped'
        """,
        (article_id,),
    )
    says_something = row is not None and (row["html"] or row["summary"])
    if row is not None and says_something and not ownership.is_page_of(row, row["page_title"], row["page_text"]):
        speak_as(sql, article_id, row, at)
        post_changes.mark_changed(sql, (article_id,))


def _create(
    sql: Sql, feed_id: int, entry: Entry, url: str | None, uid: str, at: datetime, published_at: datetime
) -> int:
    """A new article. With a link of its own it waits for its page; else the feed's text is all there will be."""
    article_id = int(
        sql.value(
            """
            INSERT INTO articles (uid, feed_id, state, url, canonical_url, title, author, published, first_seen,
                language, next_attempt)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
            """,
            (
                uid,
                feed_id,
                "pending" if url else "feed_text",
                entry.url,
                url,
                keepable(entry.title),
                entry.author,
                times.whole(published_at),
                times.whole(at),
                entry.language,
                times.whole(at) if url else None,
            ),
        )
    )
    sql.execute("INSERT INTO posts (article_id, feed_id) VALUES (?, ?)", (article_id, feed_id))
    return article_id


def entry_revised(sql: Sql, article_id: int, entry_id: int, decision: Decision, at: datetime) -> None:
    """The feed has changed an entry: the article follows, if it is this entry's text; its page is fetched again."""
    row = sql.one("SELECT * FROM articles WHERE id = ?", (article_id,))
    assert row is not None
    first = sql.value("SELECT min(id) FROM entries WHERE article_id = ? AND feed_id = ?", (article_id, row["feed_id"]))
    if entry_id != first:
        return
    if decision.canonical_url is not None:
        register(sql, article_id, (decision.canonical_url,))
    if decision.canonical_url is not None and held(sql, decision.canonical_url) == article_id:
        _look_again(sql, row, at)
    follow_entry(sql, row, decision.entry, at)


def _look_again(sql: Sql, row: sqlite3.Row, at: datetime) -> None:
    """Have the page of a revised entry fetched: now, but never after less time than it was known at the last try.

    Some feeds revise every entry at every poll (a counter, an advertisement): their pages are fetched after one, two,
    four, eight polls, and not at each. A retry that is due later stays when it is.
    """
    tried, first_seen = times.read(row["tried_at"]), times.must_read(row["first_seen"])
    earliest = at if tried is None else max(at, tried + (tried - first_seen))
    sql.execute(
        """
        UPDATE articles SET attempts = CASE WHEN next_attempt IS NULL THEN 0 ELSE attempts END,
            next_attempt = max(coalesce(next_attempt, ''), ?)
        WHERE id = ?
        """,
        (times.whole(earliest), row["id"]),
    )


def pending(sql: Sql, now: datetime, limit: int) -> tuple[PendingArticle, ...]:
    """The pages to fetch now: each feed in its turn, its newest first."""
    moments = {"now": times.whole(now), "farthest": times.whole(now + FARTHEST)}
    rows = sql.all(_PENDING, {**moments, "limit": limit})
    return tuple(
        PendingArticle(
            id=row["id"],
            url=row["url"],
            feed_id=row["feed_id"],
            attempts=row["attempts"],
            title=row["title"],
            feed_html=row["feed_html"],
            published=times.read(row["published"]),
            language=row["lang"],
            content_hash=row["content_hash"],
        )
        for row in rows
    )


def revised_since(sql: Sql, article_id: int, version: str) -> bool:
    """Whether the feed has revised an article's entry since `version` of it was handed out by `pending`."""
    found = sql.value(
        """
        SELECT entries.content_hash FROM articles JOIN entries ON entries.id =
            (SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = articles.feed_id)
        WHERE articles.id = ?
        """,
        (article_id,),
    )
    return bool(version) and found is not None and found != version


def postpone(sql: Sql, article_id: int, until: datetime) -> None:
    """Let a page wait that could not be asked for yet: no try is counted, since nothing was sent."""
    sql.execute("UPDATE articles SET next_attempt = ? WHERE id = ?", (times.whole(until), article_id))


def untried(sql: Sql, since: datetime, now: datetime) -> tuple[tuple[int, str], ...]:
    """Feed and address of the articles first seen after `since` whose pages are due and nobody has tried yet.

    None once something that is ready was first seen before `since`: no steady stream can hold up the output. A page
    that has to wait (its host rests, its robots.txt cannot be had) is not due, and is waited for by nothing.
    """
    rows = sql.all(
        f"""
        SELECT feed_id, canonical_url FROM articles
        WHERE next_attempt <= :now AND state = 'pending' AND attempts = 0 AND first_seen > :since
            AND {_CARRIER} IS NOT NULL
            AND NOT EXISTS (
                SELECT 1 FROM posts JOIN articles AS ready ON ready.id = posts.article_id
                WHERE posts.sequence IS NULL AND ready.state <> 'pending' AND ready.first_seen <= :since
            )
        """,  # noqa: S608 - the text is ours
        {"since": times.whole(since), "now": times.whole(now)},
    )
    return tuple((row["feed_id"], row["canonical_url"]) for row in rows)


def save_label(sql: Sql, article_id: int, article: Article) -> None:
    """Note what shows that an article's page is no whole article, or that it is one now."""
    if not article.kind_reason:
        sql.execute("DELETE FROM page_labels WHERE article_id = ?", (article_id,))
        return
    sql.execute(
        "INSERT OR REPLACE INTO page_labels (article_id, reason) VALUES (?, ?)",
        (article_id, keepable(article.kind_reason)),
    )


def save_extraction(sql: Sql, article_id: int, article: Article) -> None:
    """Note how the text that an article has now was found; an article of one page and no rule has no row."""
    if article.pages == 1 and article.rule is None:
        sql.execute("DELETE FROM extractions WHERE article_id = ?", (article_id,))
        return
    sql.execute(
        "INSERT OR REPLACE INTO extractions (article_id, pages, rule, rule_problem) VALUES (?, ?, ?, ?)",
        (article_id, article.pages, article.rule, article.rule_problem),
    )


def save_evidence(sql: Sql, article_id: int, page: PageEvidence) -> None:
    """Note what the page said when it was fetched last; one that said nothing has no row."""
    if not page.x_robots_tag:
        sql.execute("DELETE FROM page_headers WHERE article_id = ?", (article_id,))
        return
    sql.execute(
        "INSERT OR REPLACE INTO page_headers (article_id, x_robots_tag) VALUES (?, ?)", (article_id, page.x_robots_tag)
    )

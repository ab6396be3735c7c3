"""The table `chain`: posts that no poll saw, found by following the links of later posts to the previous one.

A feed that shows its last ten items and brings twelve between two polls has lost two. When a poll no longer lists the
newest entry known before (`entries.missed_since`), and the page of a post that it brought names a previous post that
is not held, that post is missing: it becomes an article that waits for its page like any other. Only when the page has
shown that it is a post of that site is there an entry, and a place in the output. A refused address is not tried again.
Nothing is fetched here.

What the links between posts lead to: posts that no poll saw, and pages that can name their next post by now.

Which they are is decided in `chain` and `looking_again`. Nothing is fetched here.

Which pages are fetched a second time because their next post should stand on them by now.

The newest post of a site can name no next one. Where the later post's page names its previous one, the chain completes
it; where a site only ever links forward, the earlier page has to be asked again: once, twice, and a few a day.
Nothing of a page but its neighbours is taken then.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from aggregator.models import Article, Decision, PageKind, PendingArticle
from aggregator.store import articles, identity, neighbours, ownership, post_changes, times
from aggregator.store.connection import Session, Sql
from aggregator.store.identity import Canonical, Links, SameSite

DEPTH = 50
"""Links followed from a post that a poll brought: five times what the shortest usual feeds show."""

PURSUED = timedelta(days=30)
"""A gap that could not be closed for so long is left open: its host was never there, or its feed is ever paused."""

DAY_ONLY = timedelta(days=1)
"""Many pages state the day of a post and not the hour: dates that differ by less say nothing about the order."""

_SECOND = timedelta(seconds=1)

_OPEN = """
    SELECT entries.feed_id, entries.missed_since, articles.id AS named_by, articles.url AS named_by_url,
        articles.published, stated.url, stated.canonical_url, coalesce(stated.title, '') AS title,
        coalesce(parent.depth, 0) + 1 AS depth
    FROM entries INDEXED BY idx_entries_missed
    CROSS JOIN feeds ON feeds.id = entries.feed_id AND feeds.configured AND NOT feeds.paused
    CROSS JOIN articles ON articles.id = entries.article_id
    JOIN settled_neighbours AS stated ON stated.id = articles.id AND stated.direction = 'previous'
    LEFT JOIN chain AS parent ON parent.article_id = articles.id AND parent.state = 'found'
    WHERE entries.missed_since IS NOT NULL AND entries.first_seen > :pursued
        AND stated.held_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM chain WHERE canonical_url = stated.canonical_url)
        AND NOT EXISTS (SELECT 1 FROM entries AS e WHERE e.feed_id = entries.feed_id
                        AND e.guid IN (stated.url, stated.canonical_url))
    ORDER BY articles.published, articles.id
"""


def missed_since(sql: Sql, feed_id: int, listed: Iterable[str]) -> str | None:
    """The publication of the newest entry known so far, if these guids of a new document are without it.

    Then posts may have come and gone between two polls. As long as it is listed, whatever came after it is too: a
    previous link to something else leads to what the feed leaves out on purpose, such as other categories.
    """
    newest = sql.one(
        "SELECT guid, published_at FROM entries WHERE feed_id = ? AND found_by = 'feed'"
        " ORDER BY published_at DESC, id DESC LIMIT 1",
        (feed_id,),
    )
    return None if newest is None or newest["guid"] in set(listed) else str(newest["published_at"])


def follow(sql: Sql, now: datetime, same_site: SameSite, without: Collection[int] = ()) -> tuple[int, ...]:
    """Have the page of one missing post of each feed fetched, the one that the oldest post names; which feeds' (ids).

    `without`: feeds to be left alone.
    """
    begun: list[int] = []
    for row in sql.all(_OPEN, {"pursued": times.whole(now - PURSUED)}):
        if row["feed_id"] not in (*begun, *without) and _leads_to_a_post(row, same_site):
            begun.append(row["feed_id"])
            _await(sql, row, now)
    return tuple(begun)


def _leads_to_a_post(row: sqlite3.Row, same_site: SameSite) -> bool:
    """Whether a previous link may lead to a missing post: of the site, after what the feed had shown, no list."""
    if row["depth"] > DEPTH or not same_site(row["url"], row["named_by_url"]):
        return False
    since = times.must_read(row["missed_since"])
    path, own = urlsplit(row["canonical_url"]).path.rstrip("/"), urlsplit(row["named_by_url"]).path
    return times.must_read(row["published"]) > since - DAY_ONLY and not own.startswith(path + "/")


def _await(sql: Sql, row: sqlite3.Row, now: datetime) -> None:
    uid, at = articles.uid_of(row["canonical_url"]), times.whole(now)
    if sql.one("SELECT 1 FROM articles WHERE uid = ?", (uid,)):
        _record(sql, row, None, "refused", "it is held under another address", at)
        return
    just_before = times.must_read(row["published"]) - _SECOND
    article_id = sql.value(
        """
        INSERT INTO articles (uid, feed_id, state, url, canonical_url, title, published, first_seen, next_attempt)
        VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?) RETURNING id
        """,
        (uid, row["feed_id"], row["url"], row["canonical_url"], row["title"], times.whole(just_before), at, at),
    )
    identity.register(sql, article_id, (row["canonical_url"],))
    _record(sql, row, article_id, "waiting", None, at)


def _record(sql: Sql, row: sqlite3.Row, article_id: int | None, state: str, reason: str | None, at: str) -> None:
    sql.execute(
        """
        INSERT INTO chain (canonical_url, url, feed_id, named_by, article_id, depth, missed_since, state, reason, at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            row["canonical_url"],
            row["url"],
            row["feed_id"],
            row["named_by"],
            article_id,
            row["depth"],
            row["missed_since"],
            state,
            reason,
            at,
        ),
    )


# --- what became of it --------------------------------------------------------------------------------------------


def waiting(sql: Sql, article_id: int) -> sqlite3.Row | None:
    """What is known of an article that has no entry, if it is one that waits to prove a post; else None."""
    return sql.one(
        """
        SELECT chain.*, articles.published, namer.title AS namer FROM chain
        JOIN articles ON articles.id = chain.article_id
        LEFT JOIN articles AS namer ON namer.id = chain.named_by
        WHERE chain.article_id = ? AND chain.state = 'waiting'
        """,
        (article_id,),
    )


def settle(
    sql: Sql, row: sqlite3.Row, article: Article, led_to: tuple[str, tuple[str, ...]], now: datetime, links: Links
) -> Article | None:
    """Judge the page of a missing post: adopt it, and hand it back with the date that it states; or refuse it (None).

    `led_to`: the final URL, and the canonical forms of all that led there.
    """
    final_url, urls = led_to
    identities = identity.identifying(urls)
    for other in (identity.held(sql, url) for url in identities):
        if other is not None and other != row["article_id"]:
            refuse(sql, row, "it is held under another address", now)
            identity.register(sql, other, (row["canonical_url"],))
            post_changes.mark_changed(sql, (other,))
            return None
    problem = _problem(sql, row, article, links)
    if not identities or not links.same_site(final_url, row["url"]):
        problem = "it leads away from the site's posts"
    if problem:
        refuse(sql, row, problem, now)
        return None
    stated = _stated_date(row, article)
    _adopt(sql, row, article, min(_between(row, stated), now), now)
    return replace(article, published=stated)


def _problem(sql: Sql, row: sqlite3.Row, article: Article, links: Links) -> str | None:
    """Why a page is no post that a poll has missed; None when it is one."""
    if article.kind not in (PageKind.ARTICLE, PageKind.PAYWALL):
        return f"the page is no article ({article.kind.value})"
    if not article.title:
        return "the page has no title"
    published = _stated_date(row, article)
    stated = {links.canonical(link.url) for link in (article.next, article.previous) if link}
    leads_back = _lead_back(sql, stated, row["named_by"])
    if published and published < _earliest(row) and not (leads_back and _held_before(sql, row, links.same_site)):
        return "it is older than what the feed had shown before"
    if sql.one("SELECT 1 FROM entries WHERE feed_id = ? AND guid = ?", (row["feed_id"], row["canonical_url"])):
        return "the feed has an entry of that name"
    if not leads_back and not (stated and published):
        return "nothing on the page shows that it is a post"
    return None


def _stated_date(row: sqlite3.Row, article: Article) -> datetime | None:
    """The page's own date. (One that has none comes with the date that it was sought under.)"""
    if article.published is None or times.whole(article.published) == row["published"]:
        return None
    return article.published


def _earliest(row: sqlite3.Row) -> datetime:
    return times.must_read(row["missed_since"]) - DAY_ONLY


def _between(row: sqlite3.Row, stated: datetime | None) -> datetime:
    """When a missing post was published: as its page says, unless that is not between its neighbours.

    Just before the post that names it, where the page states no date, only a day, or a wrong one (dates are guessed
    where no machine wrote them); of a day that ended before, its end. That is for the order: what the page states
    stays in `articles.page_published`.
    """
    latest = times.must_read(row["published"])
    if stated is None or not _earliest(row) <= stated <= latest + DAY_ONLY:
        return latest
    only_a_day = stated == stated.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return min(stated + DAY_ONLY - _SECOND, latest) if only_a_day else stated


def _held_before(sql: Sql, row: sqlite3.Row, same_site: SameSite) -> bool:
    """Whether the feed brought posts of this site before the break: then the links come to one that we hold."""
    rows = sql.all(
        "SELECT url FROM entries WHERE feed_id = ? AND published_at <= ? AND url IS NOT NULL"
        " ORDER BY published_at DESC LIMIT ?",
        (row["feed_id"], row["missed_since"], DEPTH),
    )
    return any(same_site(row["url"], item["url"]) for item in rows)


def _lead_back(sql: Sql, stated: set[str], named_by: int | None) -> bool:
    """Whether one of these links leads to the article whose page named this one."""
    rows = sql.all("SELECT url FROM article_urls WHERE article_id = ?", (named_by,))
    return any(row["url"] in stated for row in rows)


def _adopt(sql: Sql, row: sqlite3.Row, article: Article, published: datetime, now: datetime) -> None:
    """Give a missing post the entry that no poll brought, its time, and a place to come in the output."""
    sql.execute(
        """
        INSERT INTO entries (feed_id, guid, article_id, given_guid, url, canonical_url, title, author, published_at,
            first_seen, language, content_hash, reason, found_by, missed_since)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, 'chain', ?)
        """,
        (
            row["feed_id"],
            row["canonical_url"],
            row["article_id"],
            row["url"],
            row["url"],
            row["canonical_url"],
            article.title,
            article.author,
            times.whole(published),
            times.whole(now),
            article.language,
            f"no poll saw it; the page of “{row['namer'] or 'a later post'}” names it as its previous post",
            row["missed_since"],
        ),
    )
    sql.execute(
        "UPDATE articles SET published = min(?, first_seen) WHERE id = ?", (times.whole(published), row["article_id"])
    )
    sql.execute("INSERT INTO posts (article_id, feed_id) VALUES (?, ?)", (row["article_id"], row["feed_id"]))
    sql.execute(
        "UPDATE chain SET state = 'found', at = ? WHERE canonical_url = ?", (times.whole(now), row["canonical_url"])
    )


def refuse(sql: Sql, row: sqlite3.Row, reason: str, now: datetime) -> None:
    """Note that an address leads to no missing post; the article that was to be goes."""
    sql.execute(
        "UPDATE chain SET state = 'refused', reason = ?, article_id = NULL, at = ? WHERE canonical_url = ?",
        (reason, times.whole(now), row["canonical_url"]),
    )
    sql.execute("DELETE FROM articles WHERE id = ?", (row["article_id"],))


# --- when a poll, or another address, brings it after all ----------------------------------------------------------


def listed(sql: Sql, feed_id: int, decision: Decision) -> bool:
    """A poll brings an entry: nothing waits for it any more; whether one that stood in for it has made room."""
    url = decision.canonical_url
    row = sql.one("SELECT article_id FROM chain WHERE canonical_url = ? AND state <> 'found'", (url,))
    if row is not None:
        sql.execute("DELETE FROM chain WHERE canonical_url = ?", (url,))
        sql.execute("DELETE FROM articles WHERE id = ?", (row["article_id"],))
    cursor = sql.execute(
        """
        DELETE FROM entries WHERE feed_id = :feed AND found_by = 'chain'
            AND (guid = :guid OR article_id = (SELECT article_id FROM article_urls WHERE url = :url))
        """,
        {"feed": feed_id, "guid": decision.guid, "url": url},
    )
    return cursor.rowcount > 0


def hand_over(sql: Sql, drop: int, keep: int) -> None:
    """Two articles become one: what stood in for an entry goes where the feed has brought one."""
    sql.execute("UPDATE chain SET article_id = ? WHERE article_id = ?", (keep, drop))
    sql.execute("UPDATE chain SET named_by = ? WHERE named_by = ?", (keep, drop))
    sql.execute(
        """
        DELETE FROM entries WHERE article_id = :keep AND found_by = 'chain' AND EXISTS (
            SELECT 1 FROM entries AS brought WHERE brought.article_id = :keep
                AND brought.feed_id = entries.feed_id AND brought.found_by = 'feed'
        )
        """,
        {"keep": keep},
    )


LOOKS = 2
"""Times that a page is asked again: pages out of a cache may be a day old, those of two days ago are as they are."""

BETWEEN_LOOKS = timedelta(days=1)

LOOKS_A_DAY = 5
"""Pages of one feed that are asked again within a day."""

NEXT_CAME_WITHIN = timedelta(days=3)
"""How long after the next post has come its page is asked for: both looks, and a day's delay."""

_DUE = """
    SELECT own.id, coalesce(own.final_url, own.url) AS url, own.feed_id, own.title, own.published, own.language
    FROM articles AS later INDEXED BY idx_articles_first_seen
    CROSS JOIN feeds ON feeds.id = later.feed_id AND feeds.configured AND NOT feeds.paused
    CROSS JOIN articles AS own ON own.id = (
        SELECT posts.article_id FROM posts
        WHERE posts.feed_id = later.feed_id AND posts.sequence IS NOT NULL
            AND (posts.published, posts.article_id) < (later.published, later.id)
        ORDER BY posts.published DESC, posts.article_id DESC LIMIT 1
    )
    WHERE later.first_seen > :came_after AND later.state = 'scraped'
        AND own.state = 'scraped' AND own.fetched_at < later.first_seen
        AND own.looks < :looks AND (own.looked_at IS NULL OR own.looked_at <= :looked_before)
        AND NOT EXISTS (SELECT 1 FROM purged WHERE article_id = own.id)
        AND NOT EXISTS (SELECT 1 FROM settled_neighbours WHERE id = own.id AND direction = 'next')
        AND NOT EXISTS (SELECT 1 FROM settled_neighbours WHERE id = later.id AND direction = 'previous')
        AND EXISTS (
            SELECT 1 FROM (SELECT article_id FROM posts WHERE feed_id = own.feed_id AND sequence IS NOT NULL
                           ORDER BY published DESC, article_id DESC LIMIT :judged_by) AS recent
            JOIN neighbours ON neighbours.article_id = recent.article_id
        )
    GROUP BY own.id ORDER BY own.published DESC, own.id DESC
"""
_LOOKED = """
    SELECT feed_id, count(*) AS looked FROM articles INDEXED BY idx_articles_looked
    WHERE looked_at > ? GROUP BY feed_id
"""


def due(sql: Sql, now: datetime) -> tuple[PendingArticle, ...]:
    """The pages to ask again now: scraped before their next post came, which names no previous one."""
    rows = sql.all(
        _DUE,
        {
            "came_after": times.whole(now - NEXT_CAME_WITHIN),
            "looked_before": times.whole(now - BETWEEN_LOOKS),
            "looks": LOOKS,
            "judged_by": neighbours.JUDGED_BY,
        },
    )
    looked = Counter({row["feed_id"]: row["looked"] for row in sql.all(_LOOKED, (times.whole(now - BETWEEN_LOOKS),))})
    found = []
    for row in rows:
        looked[row["feed_id"]] += 1
        if looked[row["feed_id"]] <= LOOKS_A_DAY:
            published = times.must_read(row["published"])
            found.append(PendingArticle(row["id"], row["url"], row["feed_id"], 0, row["title"], "", published))
    return tuple(found)


def save(sql: Sql, article_id: int, article: Article | None, now: datetime, canonical: Canonical) -> None:
    """Note that a page was asked again, and what it says of its neighbours (None: it could not be had)."""
    found = identity.resolve(sql, article_id)
    if found is None:
        return
    sql.execute("UPDATE articles SET looks = looks + 1, looked_at = ? WHERE id = ?", (times.whole(now), found))
    if article is None:
        return
    stated = ownership.own_neighbours(sql, found, article, article.url)
    before = neighbours.beside(sql, [found])
    if renamed := neighbours.save(sql, found, stated, now, canonical):
        post_changes.mark_changed(sql, {found} | before | renamed)


class Chain:
    """What is asked and kept of posts' neighbours. Every method is one transaction, or one read."""

    def __init__(self, session: Session, links: Links) -> None:
        self._session = session
        self._links = links

    def follow_chain(self, now: datetime, without: Collection[int] = ()) -> tuple[int, ...]:
        """Let one missing post of each feed become pending: the one that its oldest post names; which feeds' (ids).

        `without`: feeds to be left alone.
        """
        with self._session.write() as sql:
            return follow(sql, now, self._links.same_site, without)

    def next_unknown(self, now: datetime) -> tuple[PendingArticle, ...]:
        """The pages to ask again for their next post, which has come since; see `save`."""
        with self._session.read() as sql:
            return due(sql, now)

    def save(self, article_id: int, article: Article | None, now: datetime) -> None:
        """Write what a page that was asked again says of its neighbours, and no more (None: it could not be had)."""
        with self._session.write() as sql:
            save(sql, article_id, article, now, self._links.canonical)

"""The tables `fingerprints` and `bands`, and the links from duplicates to their originals.

Groups are flat: every duplicate points at the leader, and a leader points at nobody. Nothing is deleted.

The table `article_urls`: one article, however many addresses lead to it.

What a canonical form is, is not decided here: whoever opens the store hands in the function.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aggregator.models import Candidate, Fingerprint, Likeness
from aggregator.store import times
from aggregator.store.connection import Sql
from aggregator.text.urls import host_of, http_url, same_site

OWN_ENTRY = "(SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = articles.feed_id)"
"""The entry that brought an article, in a statement about `articles`: the first of its own feed."""

Canonical = Callable[[str], str]
"""URL -> its form for comparing."""

SameSite = Callable[[str, str], bool]
"""Whether two URLs belong to one site."""


def plain_form(url: str) -> str:
    """The `Canonical` of those who give none: the URL without its fragment."""
    return (http_url(url) or url).partition("#")[0]


def same_host(a: str, b: str) -> bool:
    """The `SameSite` of those who give none."""
    return bool(host_of(a)) and host_of(a) == host_of(b)


@dataclass(frozen=True, slots=True)
class Links:
    """How links are compared. `at_home`: whether a feed (its URL) is that of the site to which a post belongs."""

    canonical: Canonical
    same_site: SameSite
    at_home: SameSite = same_host


def held(sql: Sql, url: str) -> int | None:
    """The article that was seen under this canonical URL."""
    found = sql.value("SELECT article_id FROM article_urls WHERE url = ?", (url,))
    return None if found is None else int(found)


def register(sql: Sql, article_id: int, urls: Iterable[str]) -> None:
    """Remember addresses of an article; one that belongs to another article stays with that."""
    sql.many("INSERT OR IGNORE INTO article_urls (url, article_id) VALUES (?, ?)", [(url, article_id) for url in urls])


def identifying(urls: Iterable[str]) -> tuple[str, ...]:
    """Those that can mean one article: a site's front page cannot, though many a dead link is redirected to it."""
    return tuple(dict.fromkeys(url for url in urls if url and not _is_front_page(url)))


def _is_front_page(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query and not parts.fragment


def resolve(sql: Sql, article_id: int) -> int | None:
    """The article that now has this number: itself, the one it was merged into, or None when there is none."""
    if sql.one("SELECT 1 FROM articles WHERE id = ?", (article_id,)):
        return article_id
    found = sql.value("SELECT article_id FROM article_aliases WHERE old_id = ?", (article_id,))
    return None if found is None else int(found)


SHARED_BANDS = 2
"""Bands that two articles must share to be compared (fewer where the text is too short to have as many)."""

MOST_CANDIDATES = 50
"""Texts handed out for one comparison, the likeliest first: boilerplate makes many articles a little alike."""

LAG = timedelta(minutes=10)
"""How long a feed may lag behind its site: caches keep it for so long. A post dated more than that before a poll of its
feed that did not list it was not there then."""

_CANDIDATES = """
    WITH found (article_id, shared) AS (
        SELECT article_id, 1000 FROM fingerprints WHERE exact = :exact AND day BETWEEN :first AND :last AND words > 0
        UNION ALL
        SELECT bands.article_id, count(*) FROM json_each(:bands) AS wanted
        JOIN bands ON bands.band = wanted.value AND bands.day BETWEEN :first AND :last
        GROUP BY bands.article_id HAVING count(*) >= :shared
    ), likeliest (article_id, shared) AS (
        SELECT article_id, max(shared) AS most FROM found WHERE article_id <> :exclude
        GROUP BY article_id ORDER BY most DESC, article_id LIMIT :most
    )
    SELECT articles.id, articles.title, articles.text, articles.published,
        EXISTS (SELECT 1 FROM entries AS own JOIN entries AS other ON other.feed_id = own.feed_id
            WHERE own.article_id = :exclude AND other.article_id = articles.id) AS same_feed,
        fingerprints.exact, fingerprints.words, fingerprints.minhash, fingerprints.bands
    FROM likeliest
    JOIN articles ON articles.id = likeliest.article_id
    JOIN fingerprints ON fingerprints.article_id = likeliest.article_id
    ORDER BY likeliest.shared DESC, articles.published, articles.id
"""


def save_fingerprint(sql: Sql, article_id: int, fingerprint: Fingerprint, published: datetime) -> None:
    """Write the fingerprint of an article, in place of its former one."""
    day, bands = times.day(published), _packed(fingerprint.bands)
    former = sql.one("SELECT exact, day, minhash, bands FROM fingerprints WHERE article_id = ?", (article_id,))
    if former and tuple(former) == (fingerprint.exact, day, _packed(fingerprint.minhash), bands):
        return
    forget_fingerprint(sql, article_id)
    sql.execute(
        "INSERT INTO fingerprints (article_id, exact, words, day, minhash, bands) VALUES (?, ?, ?, ?, ?, ?)",
        (article_id, fingerprint.exact, fingerprint.words, day, _packed(fingerprint.minhash), bands),
    )
    sql.many(
        "INSERT OR IGNORE INTO bands (band, day, article_id) VALUES (?, ?, ?)",
        [(_signed(band), day, article_id) for band in fingerprint.bands],
    )


def forget_fingerprint(sql: Sql, article_id: int) -> None:
    """Take an article out of the index of similar ones."""
    row = sql.one("SELECT day, bands FROM fingerprints WHERE article_id = ?", (article_id,))
    if row is None:
        return
    sql.many(
        "DELETE FROM bands WHERE band = ? AND day = ? AND article_id = ?",
        [(_signed(band), row["day"], article_id) for band in _unpacked(row["bands"])],
    )
    sql.execute("DELETE FROM fingerprints WHERE article_id = ?", (article_id,))


def candidates(
    sql: Sql, fingerprint: Fingerprint, published: datetime, *, window_days: int, exclude: int
) -> tuple[Candidate, ...]:
    """Articles published within the window that share the exact hash or several bands, the likeliest first."""
    day = times.day(published)
    rows = sql.all(
        _CANDIDATES,
        {
            "exact": fingerprint.exact,
            "bands": json.dumps([_signed(band) for band in fingerprint.bands]),
            "first": day - window_days,
            "last": day + window_days,
            "shared": max(1, min(SHARED_BANDS, len(fingerprint.bands))),
            "exclude": exclude,
            "most": MOST_CANDIDATES,
        },
    )
    return tuple(
        Candidate(
            article_id=row["id"],
            title=row["title"],
            text=row["text"],
            published=times.must_read(row["published"]),
            same_feed=bool(row["same_feed"]),
            fingerprint=Fingerprint(row["exact"], _unpacked(row["minhash"]), _unpacked(row["bands"]), row["words"]),
        )
        for row in rows
    )


def link(sql: Sql, article_id: int, likeness: Likeness) -> tuple[int, ...]:
    """Link two articles as one text; the articles whose posts now look different.

    The leader is the one already put out: what readers have seen stays where it was. Else it is the one that the other
    names as its source, else the one published first, as far as polls bear its date out.
    """
    other = resolve(sql, likeness.article_id)
    if other is None:
        return ()
    other = _leader(sql, other)
    own = _leader(sql, article_id)
    if own == other:
        return ()
    leader, follower = (own, other) if _leads(sql, own, other) else (other, own)
    if follower == own and own != article_id:
        # The article was a duplicate already: its former leader is no copy of the new one for that.
        follower = article_id
    similarity, reason = likeness.similarity, likeness.reason
    moved = [row["id"] for row in sql.all("SELECT id FROM articles WHERE duplicate_of = ?", (follower,))]
    sql.execute("UPDATE articles SET duplicate_of = ? WHERE duplicate_of = ?", (leader, follower))
    sql.execute(
        "UPDATE articles SET duplicate_of = ?, similarity = ?, duplicate_reason = ? WHERE id = ?",
        (leader, similarity, reason, follower),
    )
    hide(sql, follower)
    return (leader, follower, article_id, *moved)


def follow(sql: Sql, article_id: int, leader: int, reason: str) -> None:
    """Link an article that stands alone to another, whichever came first; one that has copies of its own stays."""
    leads = sql.one("SELECT 1 FROM articles WHERE duplicate_of = ?", (article_id,))
    if leads is None and _leader(sql, article_id) == article_id and (chief := _leader(sql, leader)) != article_id:
        sql.execute(
            "UPDATE articles SET duplicate_of = ?, similarity = 1, duplicate_reason = ? WHERE id = ?",
            (chief, reason, article_id),
        )
        hide(sql, article_id)


def gather(sql: Sql, article_id: int, likenesses: Iterable[Likeness]) -> tuple[int, ...]:
    """Link further articles that are alike to this one; the articles whose posts now look different.

    Only those that stand alone or lead, and only to an article that comes before them and leads itself: so each
    duplicate is alike to its own leader, and not to a third that happens to be like both.
    """
    touched: set[int] = set()
    if _leader(sql, article_id) != article_id:
        return ()
    for likeness in likenesses:
        other = resolve(sql, likeness.article_id)
        alone = other is not None and other != article_id and _leader(sql, other) == other
        if other is not None and alone and _leads(sql, article_id, other):
            touched.update(link(sql, article_id, likeness))
    return tuple(touched)


def stand_alone(sql: Sql, article_id: int) -> None:
    """Let an article be no copy any more, since its text was none of its own; and be found by it no longer."""
    forget_fingerprint(sql, article_id)
    sql.execute(
        "UPDATE articles SET duplicate_of = NULL, similarity = NULL, duplicate_reason = NULL WHERE id = ?",
        (article_id,),
    )
    hide(sql, article_id)


def hide(sql: Sql, article_id: int) -> None:
    """Let a post be hidden exactly when its article is a duplicate, or muted."""
    sql.execute(
        "UPDATE posts SET hidden = (SELECT duplicate_of IS NOT NULL FROM articles WHERE id = posts.article_id)"
        " OR EXISTS (SELECT 1 FROM muted WHERE muted.article_id = posts.article_id) WHERE article_id = ?",
        (article_id,),
    )


def hand_over(sql: Sql, drop: int, keep: int) -> None:
    """What an article that is about to go was like, the one that it is merged into is like."""
    leader = _leader(sql, keep)
    if leader == drop:
        leader = keep
        sql.execute(
            "UPDATE articles SET duplicate_of = NULL, similarity = NULL, duplicate_reason = NULL WHERE id = ?", (keep,)
        )
        hide(sql, keep)
    sql.execute("UPDATE articles SET duplicate_of = ? WHERE duplicate_of = ?", (leader, drop))
    row = sql.one("SELECT duplicate_of, similarity, duplicate_reason FROM articles WHERE id = ?", (drop,))
    if row is not None and row["duplicate_of"] is not None:
        link(sql, keep, Likeness(row["duplicate_of"], row["similarity"], row["duplicate_reason"]))


def group(sql: Sql, ids: list[int]) -> list[int]:
    """Every other member of the groups that these articles belong to."""
    rows = sql.all(
        """
        WITH leaders (id) AS (
            SELECT DISTINCT coalesce(duplicate_of, id) FROM articles WHERE id IN (SELECT value FROM json_each(?))
        )
        SELECT id FROM leaders
        UNION
        SELECT articles.id FROM leaders JOIN articles ON articles.duplicate_of = leaders.id
        """,
        (json.dumps(ids),),
    )
    return [row["id"] for row in rows]


def _leader(sql: Sql, article_id: int) -> int:
    return int(sql.value("SELECT coalesce(duplicate_of, id) FROM articles WHERE id = ?", (article_id,)))


def _leads(sql: Sql, one: int, other: int) -> bool:
    """Whether `one` is the original of two articles with one text."""
    ranks = _rank(sql, one), _rank(sql, other)
    if ranks[0][0] == ranks[1][0] and (named := _names(sql, other, one)) != _names(sql, one, other):
        return named
    return ranks[0] < ranks[1]


def _names(sql: Sql, article_id: int, other: int) -> bool:
    """Whether an article's page names the site or the feed of another as its source, being of another site itself."""
    row = sql.one(
        """
        SELECT own.source_name, own.source_url, own.url AS own_url, other.url, feeds.name
        FROM articles AS own, articles AS other JOIN feeds ON feeds.id = other.feed_id
        WHERE own.id = ? AND other.id = ? AND own.feed_id <> other.feed_id
        """,
        (article_id, other),
    )
    if row is None or (row["own_url"] and row["url"] and same_site(row["own_url"], row["url"])):
        return False
    if row["source_url"]:
        return bool(row["url"]) and same_site(row["source_url"], row["url"])
    return bool(row["source_name"]) and str(row["source_name"]).casefold() == str(row["name"]).casefold()


def _rank(sql: Sql, article_id: int) -> tuple[bool, str, bool, int]:
    """By what the leader of two is chosen: the lowest leads."""
    row = sql.one(
        """
        SELECT posts.sequence IS NULL AS unplaced, articles.published, articles.first_seen,
            (SELECT unlisted.at FROM entries LEFT JOIN unlisted ON unlisted.entry_id = entries.id
             WHERE entries.article_id = articles.id AND entries.feed_id = articles.feed_id
             ORDER BY entries.id LIMIT 1) AS unlisted
        FROM articles JOIN posts ON posts.article_id = articles.id WHERE articles.id = ?
        """,
        (article_id,),
    )
    assert row is not None
    published, refuted = row["published"], False
    if row["unlisted"] is not None and published < row["unlisted"]:
        refuted = times.must_read(published) < times.must_read(row["unlisted"]) - LAG
        published = row["first_seen"] if refuted else row["unlisted"]
    return bool(row["unplaced"]), published, refuted, article_id


def _signed(value: int) -> int:
    """A 64-bit number as SQLite's integers hold it."""
    return value - 2**64 if value >= 2**63 else value


def _packed(values: tuple[int, ...]) -> bytes:
    return struct.pack(f"<{len(values)}Q", *values)


def _unpacked(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 8}Q", data)

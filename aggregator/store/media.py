"""The tables `media`, `article_media` and `media_queue`: the images that are mirrored, and what became of each.

Only articles of feeds with `media: mirror` and `republish: full` come here, and none whose page asks not to be
archived. The files themselves stand in the output folder; whoever writes one writes its row in the same transaction
(`Store.together`), so that none is swept in between.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from aggregator.models import CheckedImage, PendingImage, Picture
from aggregator.store import post_changes, times
from aggregator.store.connection import Session, Sql
from aggregator.store.identity import OWN_ENTRY
from aggregator.text.images import is_image, path_of, sources
from aggregator.text.urls import hide, hide_in_urls, holds_secret, host_of, http_url

IMAGES = 40
"""Of one article that are mirrored; what comes after them stays a link."""

BATCH = 200
"""Articles looked through in one transaction."""

WAITING = 2000
"""Images under way beyond which no article that is out already is looked through: a back-file takes its time."""

_OF_MIRRORED = (
    "json_extract(feeds.options, '$.media') = 'mirror'"
    " AND coalesce(json_extract(feeds.options, '$.republish'), 'full') = 'full'"
)
"""Where less than the whole is republished no image is shown, so none is fetched."""

_QUEUED = f"""
    SELECT media_queue.article_id, articles.lead_image, entries.id AS entry_id,
        {_OF_MIRRORED} AND NOT articles.noarchive AS mirrored,
        coalesce(nullif(articles.html, ''), nullif(entries.html, ''), entries.summary, '') AS html
    FROM media_queue
    JOIN articles ON articles.id = media_queue.article_id
    JOIN feeds ON feeds.id = articles.feed_id
    JOIN posts ON posts.article_id = articles.id
    LEFT JOIN entries ON entries.id = {OWN_ENTRY}
    WHERE articles.state <> 'pending' AND (posts.sequence IS NULL OR :older)
    ORDER BY posts.sequence IS NULL DESC, articles.published DESC LIMIT :limit
"""  # noqa: S608 - our own words
_PENDING_ICONS = """
    SELECT feeds.id, feeds.icon, coalesce(json_extract(feeds.options, '$.respect_robots'), 1) AS robots,
        CASE WHEN feed_icons.url = feeds.icon THEN feed_icons.attempts ELSE 0 END AS attempts
    FROM feeds LEFT JOIN feed_icons ON feed_icons.feed_id = feeds.id
    WHERE feeds.configured AND NOT feeds.paused AND feeds.icon <> ''
        AND (feed_icons.feed_id IS NULL OR feed_icons.url <> feeds.icon OR feed_icons.next_attempt <= :now)
    ORDER BY feeds.id LIMIT :limit
"""
_PENDING = f"""
    WITH due AS (
        SELECT media.id, max(coalesce(json_extract(feeds.options, '$.respect_robots'), 1)) AS robots,
            max(posts.sequence IS NULL) AS fresh
        FROM media
        JOIN article_media ON article_media.media_id = media.id
        JOIN articles ON articles.id = article_media.article_id
        JOIN posts ON posts.article_id = articles.id
        JOIN feeds ON feeds.id = articles.feed_id AND feeds.configured AND NOT feeds.paused AND {_OF_MIRRORED}
        WHERE media.next_attempt <= :now GROUP BY media.id
    ), turns AS (
        SELECT media.id, media.url, media.attempts, due.robots,
            row_number() OVER (PARTITION BY media.host ORDER BY media.id) AS turn
        FROM due JOIN media ON media.id = due.id
        WHERE NOT :first OR (due.fresh AND media.attempts = 0)
    )
    SELECT id, url, attempts, robots FROM turns WHERE turn <= :limit ORDER BY turn, id
"""  # noqa: S608 - our own words
_UNTRIED = f"""
    SELECT (
        EXISTS (
            SELECT 1 FROM media_queue
            JOIN articles ON articles.id = media_queue.article_id
            JOIN posts ON posts.article_id = articles.id
            WHERE posts.sequence IS NULL AND articles.state <> 'pending' AND articles.first_seen > :since
        ) OR EXISTS (
            SELECT 1 FROM posts
            JOIN articles ON articles.id = posts.article_id
            JOIN article_media ON article_media.article_id = articles.id
            JOIN media ON media.id = article_media.media_id AND media.attempts = 0 AND media.next_attempt <= :now
            JOIN feeds ON feeds.id = articles.feed_id AND feeds.configured AND NOT feeds.paused AND {_OF_MIRRORED}
            WHERE posts.sequence IS NULL AND articles.first_seen > :since
        )
    ) AND NOT EXISTS (
        SELECT 1 FROM posts JOIN articles ON articles.id = posts.article_id
        WHERE posts.sequence IS NULL AND articles.state <> 'pending' AND articles.first_seen <= :since
    )
"""  # noqa: S608 - our own words
_SHOWN_BY = "SELECT article_id FROM article_media WHERE media_id = ?"


class Media:
    """The images as the program sees them. Every method is one transaction, or one read."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def look_through(self, now: datetime, *, older: bool) -> int:
        """Note the images of at most BATCH queued articles; how many articles there were.

        Those not yet in the output go first; `older` ones only while there is not much to fetch.
        """
        with self._session.write() as sql:
            waiting = "SELECT count(*) FROM media WHERE next_attempt IS NOT NULL"
            older = older and int(sql.value(waiting)) < WAITING
            rows = sql.all(_QUEUED, {"older": older, "limit": BATCH})
            for row in rows:
                _note(sql, row, now)
            post_changes.mark_published(sql, (row["article_id"] for row in rows if row["mirrored"]))
        return len(rows)

    def pending(self, now: datetime, per_host: int, *, first: bool) -> tuple[PendingImage, ...]:
        """The images to fetch now, at most `per_host` of a host. `first`: never tried, of articles not yet out."""
        with self._session.read() as sql:
            rows = sql.all(_PENDING, {"now": times.whole(now), "limit": per_host, "first": first})
        return tuple(PendingImage(row["id"], row["url"], row["attempts"], bool(row["robots"])) for row in rows)

    def untried(self, now: datetime, since: datetime) -> bool:
        """Whether an article first seen after `since` still waits for the first try at its images.

        As for pages (`Store.untried`), the output waits for none once something older is ready.
        """
        with self._session.read() as sql:
            return bool(sql.value(_UNTRIED, {"now": times.whole(now), "since": times.whole(since)}))

    def save_copy(self, image_id: int, digest: str, image: CheckedImage, length: int, now: datetime) -> None:
        """Note that there is a copy of an image, and that the posts that show it look different now."""
        with self._session.write() as sql:
            sql.execute(
                """
                UPDATE media SET state = 'kept', hash = ?, type = ?, bytes = ?, width = ?, height = ?, fetched_at = ?,
                    attempts = attempts + 1, next_attempt = NULL, error = NULL
                WHERE id = ?
                """,
                (digest, image.type, length, image.width, image.height, times.whole(now), image_id),
            )
            _mark(sql, image_id)

    def save_tracker(self, image_id: int, image: CheckedImage, now: datetime) -> None:
        """Note that an image is too small to show anything."""
        with self._session.write() as sql:
            sql.execute(
                """
                UPDATE media SET state = 'tracker', type = ?, width = ?, height = ?, fetched_at = ?,
                    attempts = attempts + 1, next_attempt = NULL, error = NULL
                WHERE id = ?
                """,
                (image.type, image.width, image.height, times.whole(now), image_id),
            )
            _mark(sql, image_id)

    def save_failure(self, image_id: int, error: str, next_attempt: datetime | None) -> None:
        """Note a failed try. `next_attempt` None: given up."""
        with self._session.write() as sql:
            sql.execute(
                """
                UPDATE media SET state = iif(:next IS NULL, 'refused', 'waiting'), attempts = attempts + 1,
                    error = :error, next_attempt = :next
                WHERE id = :id
                """,
                {"id": image_id, "error": hide(error), "next": times.not_before(next_attempt)},
            )

    def postpone(self, image_id: int, until: datetime, error: str) -> None:
        """Let an image wait for something that is not its fault; no try is counted."""
        with self._session.write() as sql:
            sql.execute(
                "UPDATE media SET next_attempt = ?, error = ? WHERE id = ?", (times.not_before(until), error, image_id)
            )

    def forget_unused(self) -> int:
        """Take out the images that no article shows or has shown; how many."""
        with self._session.write() as sql:
            return sql.execute(
                "DELETE FROM media WHERE NOT EXISTS (SELECT 1 FROM article_media WHERE media_id = media.id)"
            ).rowcount

    def pending_icons(self, now: datetime, limit: int) -> tuple[PendingImage, ...]:
        """The icons of feeds to fetch now, by the numbers of their feeds: new ones, and those due for another try."""
        with self._session.read() as sql:
            rows = sql.all(_PENDING_ICONS, {"now": times.whole(now), "limit": limit})
        return tuple(
            PendingImage(row["id"], row["icon"], row["attempts"], bool(row["robots"]))
            for row in rows
            if http_url(row["icon"])
        )

    def save_icon(
        self, icon: PendingImage, copy: tuple[str, str] | None, error: str | None, again: datetime | None
    ) -> None:
        """Note the copy of a feed's icon (its hash and type), or why there is none, and when it is tried again."""
        digest, kind = copy or (None, None)
        with self._session.write() as sql:
            sql.execute(
                """
                INSERT INTO feed_icons (feed_id, url, hash, type, attempts, next_attempt, error)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (feed_id) DO UPDATE SET url = excluded.url, hash = excluded.hash, type = excluded.type,
                    attempts = excluded.attempts, next_attempt = excluded.next_attempt, error = excluded.error
                """,
                (icon.id, icon.url, digest, kind, icon.attempts + 1, again and times.whole(again), error),
            )
            if copy:
                post_changes.advance(sql)

    def paths(self) -> frozenset[str]:
        """Every file that there has to be, relative to the root of the output."""
        with self._session.read() as sql:
            rows = sql.all(
                "SELECT hash, type FROM media WHERE hash IS NOT NULL"
                " UNION SELECT hash, type FROM feed_icons WHERE hash IS NOT NULL"
            )
        return frozenset(path_of(row["hash"], row["type"]) for row in rows)

    def fetch_again(self, digests: Iterable[str], now: datetime) -> int:
        """Have images whose files are gone fetched once more; how many."""
        count = 0
        with self._session.write() as sql:
            for digest in digests:
                sql.execute(
                    "UPDATE feed_icons SET hash = NULL, attempts = 0, next_attempt = ? WHERE hash = ?",
                    (times.whole(now), digest),
                )
                rows = sql.all("SELECT id FROM media WHERE hash = ?", (digest,))
                sql.execute(
                    "UPDATE media SET state = 'waiting', hash = NULL, attempts = 0, next_attempt = ? WHERE hash = ?",
                    (times.whole(now), digest),
                )
                for row in rows:
                    _mark(sql, row["id"])
                count += len(rows)
        return count


def enqueue(sql: Sql, feed_ids: Iterable[int]) -> None:
    """Have the articles of these feeds looked through, as far as their images are to be mirrored now."""
    sql.execute(
        f"""
        INSERT OR IGNORE INTO media_queue (article_id)
        SELECT articles.id FROM json_each(?) AS wanted
        JOIN feeds ON feeds.id = wanted.value AND {_OF_MIRRORED}
        JOIN articles ON articles.feed_id = feeds.id
        """,  # noqa: S608 - our own words
        (json.dumps(list(feed_ids)),),
    )


def of(sql: Sql, wanted: Mapping[str, object]) -> dict[int, tuple[Picture, ...]]:
    """What is held of the images of each of these articles (`ids`: a JSON array), by address."""
    rows = sql.all(
        f"""
        SELECT article_media.article_id, media.* FROM json_each(:ids) AS wanted
        JOIN articles ON articles.id = wanted.value
        JOIN feeds ON feeds.id = articles.feed_id AND {_OF_MIRRORED}
        JOIN article_media ON article_media.article_id = articles.id
        JOIN media ON media.id = article_media.media_id AND media.state IN ('kept', 'tracker')
        ORDER BY media.url
        """,  # noqa: S608 - our own words
        wanted,
    )
    found: defaultdict[int, list[Picture]] = defaultdict(list)
    for row in rows:
        found[row["article_id"]].append(_picture(row))
    return {article_id: tuple(pictures) for article_id, pictures in found.items()}


def _picture(row: sqlite3.Row) -> Picture:
    return Picture(
        url=hide_in_urls(row["url"]),  # as the post's own texts have it
        path=path_of(row["hash"], row["type"]) if row["state"] == "kept" else None,
        type=row["type"] or "",
        length=row["bytes"],
        width=row["width"],
        height=row["height"],
        tracker=row["state"] == "tracker",
    )


def _note(sql: Sql, row: sqlite3.Row, now: datetime) -> None:
    """Write the images that an article shows, and that it has been looked through."""
    article_id = row["article_id"]
    sql.execute("DELETE FROM media_queue WHERE article_id = ?", (article_id,))
    if not row["mirrored"]:
        return
    own = {"entry": row["entry_id"], "article": article_id}
    files, images = (
        sql.all(
            f"SELECT {columns} FROM {table} WHERE entry_id = :entry OR entry_id IN"  # noqa: S608 - our own words
            " (SELECT entry_id FROM contributors WHERE article_id = :article)"
            " ORDER BY entry_id <> :entry, entry_id, position",
            own,
        )
        for table, columns in (("enclosures", "url, type"), ("entry_images", "url"))
    )
    image = images[0]["url"] if images else None
    shown = [row["lead_image"] or image, *sources(row["html"])]
    shown += [file["url"] for file in files if is_image(file["type"], file["url"])]
    asked = (url for url in shown if url and http_url(url) and not holds_secret(url))
    urls = tuple(dict.fromkeys(asked))[:IMAGES]
    sql.many(
        "INSERT OR IGNORE INTO media (url, host, next_attempt) VALUES (?, ?, ?)",
        [(url, host_of(url), times.whole(now)) for url in urls],
    )
    sql.execute(
        """
        INSERT OR IGNORE INTO article_media (article_id, media_id)
        SELECT ?, media.id FROM json_each(?) AS wanted JOIN media ON media.url = wanted.value
        """,
        (article_id, json.dumps(urls)),
    )


def _mark(sql: Sql, image_id: int) -> None:
    post_changes.mark_published(sql, [row["article_id"] for row in sql.all(_SHOWN_BY, (image_id,))])

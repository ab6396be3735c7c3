"""feeds.yaml meets the table `feeds`: which stored feed is which configured one, what is new, what is no more.

A feed is recognised by its URL (the configured one, or the one that a permanent move has led to), else by its name:
so its history survives a changed name or a changed URL. Nothing is deleted.

The tables `lists` and `listed_feeds`: lists of feeds that somebody else keeps, as they were last read.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.models import Validators
from aggregator.store import times
from aggregator.text.storable import slug, unused
from aggregator.text.urls import default_name, free_name, title_as_name

if TYPE_CHECKING:
    from aggregator.config.settings import Config, Feed, FeedOptions
    from aggregator.store.connection import Session, Sql


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """What a synchronisation changed of what the output shows: the feeds whose posts look different now, or any."""

    feeds: tuple[int, ...]
    any: bool


def sync(sql: Sql, config: Config, now: datetime) -> ConfigChange:
    """Make the stored feeds those of `config`."""
    before = _shown(sql)
    stored = sql.all("SELECT * FROM feeds ORDER BY configured DESC, id")
    pairs = _match(config.feeds, stored)
    names = {feed.name for feed in config.feeds if feed.name}
    slugs = {row["slug"] for row in stored}
    kept: set[int] = set()
    for feed, row in pairs:
        name = feed.name or _name(feed, row, names)
        names.add(name)
        options = config.options(feed)
        if row is None:
            feed_id = _insert(sql, feed, name, unused(slug(name, "feed"), slugs), options, now)
            slugs.add(sql.value("SELECT slug FROM feeds WHERE id = ?", (feed_id,)))
        else:
            feed_id = row["id"]
            _update(sql, feed, name, row, options)
        kept.add(feed_id)
        _save_tags(sql, feed_id, feed.tags)
    gone = [(row["id"],) for row in stored if row["configured"] and row["id"] not in kept]
    sql.many("UPDATE feeds SET configured = 0 WHERE id = ?", gone)
    # What is not configured any more goes by the defaults, so that the configuration tells what the output shows.
    usual = config.defaults
    sql.execute(
        "UPDATE feeds SET options = json_set(options, '$.media', ?, '$.republish', ?, '$.noarchive', ?)"
        " WHERE NOT configured",
        (usual.media, usual.republish, usual.noarchive),
    )
    after = _shown(sql)
    return ConfigChange(tuple(i for i in after if i in before and before[i][1:] != after[i][1:]), before != after)


def _shown(sql: Sql) -> dict[int, tuple[object, ...]]:
    rows = sql.all(
        """
        SELECT id, configured, name, url, coalesce(json_extract(options, '$.media'), 'link') AS media,
            coalesce(json_extract(options, '$.republish'), 'full') AS republish,
            coalesce(json_extract(options, '$.noarchive'), 'excerpt') AS noarchive,
            (SELECT json_group_array(tag) FROM feed_tags WHERE feed_id = feeds.id) AS tags
        FROM feeds ORDER BY id
        """
    )
    return {row["id"]: tuple(row)[1:] for row in rows}


def _match(feeds: tuple[Feed, ...], stored: list[sqlite3.Row]) -> Iterator[tuple[Feed, sqlite3.Row | None]]:
    """Each configured feed, in order, with the stored one that it is, or None."""
    wanted = {feed.url for feed in feeds}
    free = {row["id"]: row for row in stored}
    found: dict[int, sqlite3.Row] = {}
    for same in (_same_url, _same_polled_url, _same_name):
        for place, feed in enumerate(feeds):
            if place in found:
                continue
            rows = (row for row in free.values() if same(feed, row) and (row["url"] not in wanted or same is _same_url))
            row = next(rows, None)
            if row is not None:
                found[place] = free.pop(row["id"])
    for place, feed in enumerate(feeds):
        yield feed, found.get(place)


def _same_url(feed: Feed, row: sqlite3.Row) -> bool:
    return bool(row["url"] == feed.url)


def _same_polled_url(feed: Feed, row: sqlite3.Row) -> bool:
    return feed.url in (row["polled_url"], row["moving_to"])


def _same_name(feed: Feed, row: sqlite3.Row) -> bool:
    """A name that somebody has given is an identity; one made of the host is one only for the same path."""
    if feed.name is not None:
        return bool(row["name"] == feed.name)
    return _address(feed.url) == _address(row["url"])


def _address(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return default_name(url), parts.path.rstrip("/"), parts.query


def _name(feed: Feed, row: sqlite3.Row | None, taken: set[str]) -> str:
    """What a feed without a configured name is called: as its list calls it, else by its own title, else by its host.

    A name that it has stays, also when another feed has come to have it first; but for the host, which only stands in
    for a title.
    """
    host = default_name(feed.url)
    from aggregator.config.settings import Followed  # who only reads the database does without

    listed = feed.title if isinstance(feed, Followed) else None
    wanted = listed or (row is not None and title_as_name(row["title"])) or host
    if row is not None and row["name"] not in taken:
        stands_in = wanted != host and _is_form_of(host, row["name"])
        if _is_form_of(wanted, row["name"]) or not (listed or stands_in):
            return str(row["name"])
    return free_name(wanted, feed.url, taken)


def _is_form_of(wanted: str, name: str) -> bool:
    """Whether `name` is `wanted`, or what it became because another feed had it."""
    return re.fullmatch(re.escape(wanted) + r"( \(.*\))?( \d+)?", name) is not None


def _insert(sql: Sql, feed: Feed, name: str, slug_: str, options: FeedOptions, now: datetime) -> int:
    return int(
        sql.value(
            """
            INSERT INTO feeds (name, slug, url, polled_url, paused, options, added)
            VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id
            """,
            (name, slug_, feed.url, feed.url, feed.paused, options.model_dump_json(), times.whole(now)),
        )
    )


def _update(sql: Sql, feed: Feed, name: str, row: sqlite3.Row, options: FeedOptions) -> None:
    new_options = options.model_dump_json()
    values = (name, feed.url, int(feed.paused), new_options)
    if row["configured"] and values == tuple(row[key] for key in ("name", "url", "paused", "options")):
        return
    sql.execute(
        "UPDATE feeds SET name = ?, url = ?, paused = ?, options = ?, configured = 1 WHERE id = ?", (*values, row["id"])
    )
    if feed.url not in (row["url"], row["polled_url"]):
        _start_afresh(sql, feed.url, row["id"])
    elif feed.url != row["url"]:
        sql.execute("UPDATE feeds SET moving_to = NULL, moving_polls = 0 WHERE id = ?", (row["id"],))
    elif _intervals(new_options) != _intervals(row["options"]):
        _bring_forward(sql, row, options)


def _intervals(options: str) -> tuple[object, object]:
    """What of a feed's stored options says when it is polled."""
    said = json.loads(options)
    return said.get("interval"), said.get("max_interval")


def _start_afresh(sql: Sql, url: str, feed_id: int) -> None:
    """Another address: what the former server said (validators, errors, when to come back) counts no more."""
    sql.execute(
        """
        UPDATE feeds SET polled_url = ?, status = 'ok', etag = NULL, last_modified = NULL, body_hash = NULL,
            rhythm = '{}', next_poll = NULL, next_poll_reason = '', failures = 0, last_error = NULL,
            moving_to = NULL, moving_polls = 0
        WHERE id = ?
        """,
        (url, feed_id),
    )


def _bring_forward(sql: Sql, row: sqlite3.Row, options: FeedOptions) -> None:
    """A shorter interval counts from the last poll, not from the next one; a feed in trouble keeps its backoff.

    What the server or the feed asks for (max-age, ttl, Retry-After, skipHours, skipDays) holds as before.
    """
    last, planned = times.read(row["last_poll"]), times.read(row["next_poll"])
    if row["failures"] or last is None or planned is None:
        return
    longest = options.interval if isinstance(options.interval, timedelta) else options.max_interval
    said = json.loads(row["rhythm"])
    moment = max(last + longest, times.read(said.get("not_before")) or last)
    if moment.hour in said.get("skip_hours", ()) or moment.weekday() in said.get("skip_days", ()):
        return
    if moment < planned:
        sql.execute(
            "UPDATE feeds SET next_poll = ?, next_poll_reason = ? WHERE id = ?",
            (times.not_before(moment), "the interval in feeds.yaml is shorter now", row["id"]),
        )


def _save_tags(sql: Sql, feed_id: int, tags: Iterable[str]) -> None:
    wanted = list(dict.fromkeys(tags))
    present = [r["tag"] for r in sql.all("SELECT tag FROM feed_tags WHERE feed_id = ? ORDER BY position", (feed_id,))]
    if wanted == present:
        return
    sql.execute("DELETE FROM feed_tags WHERE feed_id = ?", (feed_id,))
    sql.many(
        "INSERT INTO feed_tags (feed_id, tag, position) VALUES (?, ?, ?)",
        [(feed_id, tag, position) for position, tag in enumerate(wanted)],
    )


@dataclass(frozen=True, slots=True)
class ListedFeed:
    """A feed as a list names it. `title` may be empty."""

    url: str
    title: str = ""
    tags: tuple[str, ...] = ()


NONE = Validators()


@dataclass(frozen=True, slots=True)
class ListState:
    """A list as stored: what the next look at it needs."""

    url: str
    validators: Validators = NONE
    last_success: datetime | None = None
    next_try: datetime | None = None
    failures: int = 0
    error: str | None = None
    last_try: datetime | None = None


class Lists:
    """Lists of feeds, over one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def states(self) -> dict[str, ListState]:
        """Every list that was looked at, by address."""
        with self._session.read() as sql:
            rows = sql.all("SELECT * FROM lists")
        return {
            row["url"]: ListState(
                row["url"],
                Validators(row["etag"], row["last_modified"]),
                times.read(row["last_success"]),
                times.read(row["next_try"]),
                row["failures"],
                row["error"],
                times.read(row["last_try"]),
            )
            for row in rows
        }

    def feeds(self) -> dict[str, tuple[ListedFeed, ...]]:
        """The feeds of each list, in its order."""
        found: defaultdict[str, list[ListedFeed]] = defaultdict(list)
        with self._session.read() as sql:
            for row in sql.all("SELECT * FROM listed_feeds ORDER BY list_url, position"):
                found[row["list_url"]].append(ListedFeed(row["url"], row["title"], tuple(json.loads(row["tags"]))))
        return {url: tuple(feeds) for url, feeds in found.items()}

    def save(
        self,
        url: str,
        validators: Validators,
        feeds: Iterable[ListedFeed] | None,
        now: datetime,
        again: datetime,
        *,
        left_out: int = 0,
    ) -> None:
        """A look at a list went well. `feeds` None: it is as it was."""
        with self._session.write() as sql:
            _tried(sql, url, now, again)
            sql.execute(
                "UPDATE lists SET etag = ?, last_modified = ?, last_success = ?, failures = 0, error = NULL"
                " WHERE url = ?",
                (validators.etag, validators.last_modified, times.whole(now), url),
            )
            if feeds is None:
                return
            sql.execute("UPDATE lists SET left_out = ? WHERE url = ?", (left_out, url))
            sql.execute("DELETE FROM listed_feeds WHERE list_url = ?", (url,))
            sql.many(
                "INSERT INTO listed_feeds (list_url, position, url, title, tags) VALUES (?, ?, ?, ?, ?)",
                [
                    (url, position, feed.url, feed.title, json.dumps(feed.tags, ensure_ascii=False))
                    for position, feed in enumerate(feeds)
                ],
            )

    def fail(self, url: str, error: str, now: datetime, again: datetime) -> None:
        """A look at a list failed; its feeds stay those of the last good one."""
        with self._session.write() as sql:
            _tried(sql, url, now, again)
            sql.execute("UPDATE lists SET failures = failures + 1, error = ? WHERE url = ?", (error, url))

    def keep(self, urls: Iterable[str]) -> None:
        """Forget the lists that are none of these."""
        kept = set(urls)
        gone = self.states().keys() - kept
        if gone:
            with self._session.write() as sql:
                sql.many("DELETE FROM lists WHERE url = ?", [(url,) for url in gone])


def _tried(sql: Sql, url: str, now: datetime, again: datetime) -> None:
    sql.execute(
        """
        INSERT INTO lists (url, last_try, next_try) VALUES (?, ?, ?)
        ON CONFLICT (url) DO UPDATE SET last_try = excluded.last_try, next_try = excluded.next_try
        """,
        (url, times.whole(now), times.not_before(again)),
    )

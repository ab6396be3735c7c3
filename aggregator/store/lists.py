"""The tables `lists` and `listed_feeds`: lists of feeds that somebody else keeps, as they were last read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from aggregator.models import Validators
from aggregator.store import times
from aggregator.store.connection import Session, Sql


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


class StoredLists:
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

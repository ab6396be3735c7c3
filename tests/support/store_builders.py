"""Short words for tests of the store: feeds, polls, pages. Nothing here is fetched or parsed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from aggregator.config.settings import Config
from aggregator.models import (
    Article,
    Decision,
    Entry,
    FeedState,
    Fingerprint,
    Likeness,
    Neighbour,
    PageEvidence,
    ParsedFeed,
    PollOutcome,
    PollResult,
    Post,
    Verdict,
)
from aggregator.store import Store

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WAIT = timedelta(hours=6)


def config(*feeds: object) -> Config:
    """A configuration with these feeds: names, or whole mappings."""
    made = [
        {"url": f"https://{feed.lower()}.example/feed", "name": feed} if isinstance(feed, str) else feed
        for feed in feeds
    ]
    return Config.model_validate({"feeds": made})


def entry(slug: str, host: str = "alpha.example", **values: object) -> Entry:
    """An entry whose guid is its URL, published an hour before NOW."""
    url = f"https://{host}/{slug}"
    base = Entry(guid=url, url=url, title=f"About {slug}", published=NOW - HOUR, html=f"<p>Feed text of {slug}.</p>")
    return replace(base, **values)


def decision(of: Entry, verdict: Verdict = Verdict.NEW, version: str = "") -> Decision:
    return Decision(of, of.guid, verdict, verdict.value, _digest(of.title + of.html + version), of.url)


def fingerprint(text: str) -> Fingerprint:
    """Not the real one: a number for each word, so that tests need no other stage."""
    numbers = tuple(sorted(int(_digest(word)[:15], 16) for word in set(text.split())))
    return Fingerprint(_digest(text), numbers[:64], numbers[:16], len(text.split()))


def evidence(url: str, at: datetime = NOW) -> PageEvidence:
    return PageEvidence(at, url, 200, "text/html", _digest(url))


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()


class Newsroom:
    """A store and what happens to it, in short words. The clock stands at `now` until it is moved."""

    def __init__(self, store: Store, *feeds: object) -> None:
        self.store = store
        self.now = NOW
        store.sync_feeds(config(*(feeds or ("Alpha",))), NOW)

    def feed(self, name: str = "Alpha") -> FeedState:
        return next(feed for feed in self.store.feeds(unconfigured=True) if feed.name == name)

    def poll(self, *entries: Entry, feed: str = "Alpha", verdict: Verdict = Verdict.NEW, version: str = "") -> None:
        """One good poll whose entries are all new (or all revised)."""
        state = self.feed(feed)
        state = replace(state, last_poll=self.now, last_success=self.now, next_poll=self.now + HOUR)
        document = ParsedFeed(title=f"{feed} News", url=state.url, home_page_url=f"https://{feed.lower()}.example/")
        decisions = tuple(decision(item, verdict, version) for item in entries)
        self.store.save_poll(PollOutcome(state, PollResult.CHANGED, self.now, 200, 0.1, 1000, document, decisions))

    def article_id(self, url: str) -> int:
        """The article that is held under an address."""
        with self.store._session.read() as sql:
            return int(sql.value("SELECT article_id FROM article_urls WHERE url = ?", (url,)))

    def scrape(
        self,
        url: str,
        text: str = "",
        *,
        next: str | None = None,  # noqa: A002 - the field's own word
        previous: str | None = None,
        likeness: Likeness | None = None,
        urls: Iterable[str] = (),
        also: tuple[Likeness, ...] = (),
        final: str | None = None,
        **values: object,
    ) -> int:
        """Save the page of the article held under `url`, to which redirects led (`final`: elsewhere); its number."""
        article_id = self.article_id(url)
        text = text or f"The whole text of {url}."
        article = Article(
            url=url,
            title=f"Page {url.rpartition('/')[2]}",
            text=text,
            html=f"<p>{text}</p>",
            word_count=len(text.split()),
        )
        article = replace(article, next=_neighbour(next), previous=_neighbour(previous), **values)
        self.store.save_article(
            article_id,
            article,
            evidence(final or url, self.now),
            fingerprint(text),
            likeness,
            self.now,
            (url, *urls),
            also=also,
        )
        return article_id

    def publish(self) -> int:
        return self.store.publish(self.now, WAIT)

    def posts(self) -> dict[str, Post]:
        """Every post by the end of its URL."""
        return {(post.url or post.title).rpartition("/")[2]: post for post in self.store.archive.changed(0)}

    def value(self, sql: str, *parameters: object) -> object:
        """The first column of the first row, asked of the open database."""
        with self.store._session.read() as open_sql:
            return open_sql.value(sql, parameters)

    def rows(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        with self.store._session.read() as open_sql:
            return [dict(row) for row in open_sql.all(sql, parameters)]

    def row(self, sql: str, *parameters: object) -> dict[str, Any]:
        (only,) = self.rows(sql, *parameters)
        return only

    def execute(self, sql: str, *parameters: object) -> None:
        """Change the database behind the store's back."""
        with self.store._session.write() as open_sql:
            open_sql.execute(sql, parameters)


def _neighbour(url: str | None) -> Neighbour | None:
    return Neighbour(url, f"Stated {url.rpartition('/')[2]}", "A stated teaser.") if url else None

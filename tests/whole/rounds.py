"""Rounds without a network: documents and pages are handed to the stages that polls and scrapes go through.

Everything but fetching is the program's own: parsing, deciding, storing, reading pages, publishing.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from aggregator import dedupe
from aggregator.config.settings import Config
from aggregator.models import Post, Response
from aggregator.models.errors import FetchError
from aggregator.pipeline import articles, save
from aggregator.pipeline.articles import ArticleResult
from aggregator.pipeline.feeds import poll_outcome
from aggregator.pipeline.parsing import read_feed, read_page
from aggregator.store import Store
from aggregator.text.urls import at_home, same_site

START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

WORDS = [
    "attack",
    "server",
    "breach",
    "vendor",
    "patch",
    "update",
    "memory",
    "kernel",
    "network",
    "botnet",
    "actor",
    "group",
    "sample",
    "packet",
    "router",
    "firmware",
    "token",
    "credential",
    "cloud",
    "script",
    "loader",
    "campaign",
    "victim",
    "sector",
    "bank",
    "hospital",
    "report",
    "analyst",
    "signature",
    "exploit",
    "chain",
]


def prose(seed: str, words: int = 120) -> str:
    """Paragraphs that have hardly three words in a row in common with those of another seed."""
    numbers = [sum(ord(char) * (place + 3) for place, char in enumerate(seed)) + 7919 * n for n in range(words)]
    picked = [WORDS[(number * number // 97) % len(WORDS)] + str(number % 41) for number in numbers]
    lines = (" ".join(picked[at : at + 40]).capitalize() + "." for at in range(0, words, 40))
    return "".join(f"<p>{line}</p>" for line in lines)


def item(title: str = "", link: str = "", guid: str = "", date: datetime | None = None, html: str = "") -> str:
    """An RSS item with what is given."""
    parts = {"title": title, "link": link, "description": html}
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts.items() if value)
    inner += f'<guid isPermaLink="false">{escape(guid)}</guid>' if guid else ""
    inner += f"<pubDate>{format_datetime(date)}</pubDate>" if date else ""
    return f"<item>{inner}</item>"


def rss(*items: str, home: str = "https://home.example/") -> bytes:
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>A feed</title><link>{home}</link>{"".join(items)}'
        "</channel></rss>"
    ).encode()


def page(title: str, html: str, head: str = "") -> str:
    """A plain article page."""
    return (
        f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head><body><article><h1>{title}</h1>{html}"
        "</article></body></html>"
    )


@cache
def _empty_database() -> bytes:
    """A new database: to make one takes longer than most tests."""
    with TemporaryDirectory() as folder:
        with Store.open(Path(folder) / "new.db"):
            pass
        with closing(sqlite3.connect(Path(folder) / "new.db")) as made:
            made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return (Path(folder) / "new.db").read_bytes()


class Rounds:
    """A store, feeds by name (each at an address of its own), and pages by URL: what they say, or a FetchError.

    `led` says where the redirects of a page end. The clock stands at `now` until it is moved.
    """

    def __init__(self, folder: Path, **feeds: str) -> None:
        self.folder = folder
        self.config = Config.model_validate({"feeds": [{"url": url, "name": name} for name, url in feeds.items()]})
        self.now = START
        self.pages: dict[str, str] = {}
        self.led: dict[str, str] = {}
        self.asked: list[str] = []
        self.store = self.opened()

    def opened(self) -> Store:
        """The database, opened as the program does."""
        database = self.folder / "aggregator.db"
        if not database.exists():
            database.write_bytes(_empty_database())
        store = Store.open(
            database,
            canonical=dedupe.canonical_url,
            same_site=same_site,
            at_home=at_home,
        )
        store.sync_feeds(self.config, self.now)
        return store

    def poll(self, name: str, body: bytes, *, scrape: bool = True, full_text: str = "always") -> tuple[int, int]:
        """Poll a feed that answers `body`, read the pages that are due, put out what is ready: (new, revised)."""
        (state,) = (state for state in self.store.feeds() if state.name == name)
        response = self._response(state.url, body, "application/rss+xml")
        parsed = read_feed(body, state.url, "application/rss+xml")
        outcome = poll_outcome(self.store, state, self.config.defaults, response, parsed, self.now)
        self.store.save_poll(outcome)
        if scrape:
            self.scrape(full_text)
        verdicts = [decision.verdict.value for decision in outcome.decisions]
        return verdicts.count("new"), verdicts.count("revised")

    def scrape(self, full_text: str = "always") -> None:
        """Read the pages that are due, and publish."""
        options = self.config.defaults.model_copy(update={"full_text": full_text})
        for pending in self.store.pending(self.now, 1000):
            save.save(self.store, self._read(ArticleResult.begin(pending), options), self.now)
        self.store.publish(self.now, HOUR)

    def _read(self, reading: ArticleResult, options: object) -> ArticleResult:
        if articles.feed_is_enough(reading, options):  # type: ignore[arg-type]
            return reading.gave(read_page(articles.page(reading, None, self.config.network)), None)
        url = reading.wanted or ""
        self.asked.append(url)
        if url not in self.pages:
            return reading.gave(FetchError(url, "403 Forbidden", status=403), None)
        response = self._response(self.led.get(url, url), self.pages[url].encode(), "text/html; charset=utf-8")
        read = reading.took(response).gave(read_page(articles.page(reading, response, self.config.network)), response)
        return self._read(read, options) if read.wanted and read.read is None else read

    def _response(self, url: str, body: bytes, kind: str) -> Response:
        return Response(url=url, status=200, headers={"content-type": kind}, body=body, fetched_at=self.now)

    def posts(self) -> list[Post]:
        """What stands in the combined feed, newest first."""
        return list(self.store.archive.latest(1000))

    def titles(self) -> list[str]:
        return sorted(post.title for post in self.posts())

    def entries(self, name: str) -> int:
        (state,) = (state for state in self.store.feeds() if state.name == name)
        return state.entries

    def ids(self) -> dict[str, tuple[str, int]]:
        """The id and the place of every post that was ever put out."""
        return {post.id: (post.path, post.sequence) for post in self.store.archive.changed(0)}

"""Fills a database with 100,000 articles and times what a round asks of it: `python -m bench.archive [--articles N]`.

The texts are made of random words with a natural spread; fingerprints are random, with a copy here and there.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator.config.settings import Config
from aggregator.models import (
    Article,
    Decision,
    Entry,
    FeedState,
    Fingerprint,
    Neighbour,
    PageEvidence,
    ParsedFeed,
    PollOutcome,
    PollResult,
    Verdict,
)
from aggregator.store import Store

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FEEDS = 100
TAGS = 8
POLL = 50
WORDS = 400
VOCABULARY = 60_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="fill this file and leave it there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or Path(folder) / "archive.db"
        with Store.open(path) as store:
            if not store.feeds():
                fill(store, options.articles)
            measure(store)
        print(f"{'file':32} {path.stat().st_size / 2**20:10.0f} MiB")


class Press:
    """Makes articles, the same for the same seed."""

    def __init__(self) -> None:
        self.random = random.Random(7)
        self.words = [f"w{self.random.getrandbits(40):x}" for _ in range(VOCABULARY)]
        self.weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))

    def text(self, words: int = WORDS) -> str:
        chosen = self.random.choices(self.words, cum_weights=self.weights, k=words)
        return "\n\n".join(" ".join(chosen[start : start + 80]) + "." for start in range(0, words, 80))

    def fingerprint(self) -> Fingerprint:
        numbers = tuple(sorted(self.random.getrandbits(63) for _ in range(64)))
        return Fingerprint(f"{self.random.getrandbits(128):032x}", numbers, numbers[:16], WORDS)


def fill(store: Store, articles: int) -> None:
    """Poll, scrape and publish until there are so many."""
    press = Press()
    feeds = [
        {"url": f"https://outlet{n}.example/feed", "name": f"Outlet {n}", "tags": [f"tag{n % TAGS}"]}
        for n in range(FEEDS)
    ]
    store.sync_feeds(Config.model_validate({"feeds": feeds}), NOW)
    states = store.feeds()
    started, polls, pages, done = time.perf_counter(), 0.0, 0.0, 0
    while done < articles:
        state = states[(done // POLL) % FEEDS]
        at = NOW - timedelta(minutes=articles - done)
        began = time.perf_counter()
        store.save_poll(poll(press, state, done, at))
        polled = time.perf_counter()
        with store.transaction():
            for pending in store.pending(at, POLL):
                store.save_article(
                    pending.id, article(press, pending.url), evidence(pending.url), press.fingerprint(), None, at
                )
        polls, pages, done = polls + polled - began, pages + time.perf_counter() - polled, done + POLL
        if done % 5000 == 0:
            store.publish(at, timedelta(hours=1))
    store.publish(NOW, timedelta(hours=1))
    line("fill", time.perf_counter() - started, "s")
    line(f"save_poll, {POLL} new entries", 1000 * polls / (done / POLL), "ms")
    line("save_article (one of a batch)", 1000 * pages / done, "ms")


def poll(press: Press, state: FeedState, first: int, at: datetime) -> PollOutcome:
    decisions = tuple(decision(press, state, number, at) for number in reversed(range(first, first + POLL)))
    feed = ParsedFeed(title=state.name, url=state.url, home_page_url=state.url.removesuffix("feed"))
    return PollOutcome(state, PollResult.CHANGED, at, 200, 0.2, 40_000, feed, decisions)


def decision(press: Press, state: FeedState, number: int, at: datetime) -> Decision:
    url = state.url.removesuffix("feed") + f"post-{number}"
    entry = Entry(
        url, url, press.text(8), published=at - timedelta(minutes=3 * POLL - number % POLL), summary=press.text(40)
    )
    return Decision(entry, url, Verdict.NEW, "new", f"{number:032x}", url)


def article(press: Press, url: str) -> Article:
    text = press.text()
    head, _, number = url.rpartition("-")
    html = "".join(f"<p>{part}</p>" for part in text.split("\n\n"))
    previous = Neighbour(f"{head}-{int(number) - 1}", "Previous", "Teaser")
    return Article(url, title=press.text(8), text=text, html=html, word_count=WORDS, previous=previous)


def evidence(url: str) -> PageEvidence:
    return PageEvidence(NOW, url, 200, "text/html", "0" * 64)


def measure(store: Store) -> None:
    """What a round and a reader ask, ten times each."""
    archive = store.archive
    head, last = archive.head(), archive.last_sequence()
    press, slug = Press(), store.feeds()[3].slug
    word, rare = press.words[30], press.words[5000]
    stranger = press.fingerprint()
    questions: tuple[tuple[str, Callable[[], object]], ...] = (
        ("head, last_sequence", lambda: (archive.head(), archive.last_sequence())),
        ("sources, tags", lambda: (archive.sources(), archive.tags())),
        ("months", archive.months),
        ("changed, nothing", lambda: archive.changed(head)),
        ("changed, 10 posts", lambda: archive.changed(head - 10)),
        ("latest(100)", lambda: archive.latest(100)),
        ("latest(100), tag", lambda: archive.latest(100, tag="tag3")),
        ("latest(100), source", lambda: archive.latest(100, source=slug)),
        ("latest(100), old page", lambda: archive.latest(100, before=last // 2)),
        ("between, 100 posts", lambda: archive.between(last // 2, last // 2 + 99)),
        ("candidates, nothing alike", lambda: store.candidates(stranger, NOW, window_days=14, exclude=0)),
        ("search, common word", lambda: store.search(word)),
        ("search, rare word", lambda: store.search(rare)),
        ("search, two words", lambda: store.search(f"{word} {rare}")),
        ("search, common word and tag", lambda: store.search(word, tag="tag3")),
        ("feeds (100)", store.feeds),
        ("due, nothing", lambda: store.due(NOW - timedelta(days=9000))),
        ("pending", lambda: store.pending(NOW, 200)),
        ("counts", store.maintenance.counts),
        ("publish, nothing", lambda: store.publish(NOW, timedelta(hours=1))),
    )
    for name, question in questions:
        line(name, 1000 * statistics.median(_timed(question)), "ms")
    with closing(sqlite3.connect(f"file:{store.path}?mode=ro", uri=True)) as opened:
        for name in ("gaps", "silent_feeds", "latest_stories", "feed_health"):
            line(f"view {name}", 1000 * statistics.median(_views(opened, f"SELECT * FROM {name}")), "ms")
        for name in ("related", "next_posts", "evidence"):
            found = _views(opened, f"SELECT * FROM {name} WHERE id = 5000")
            line(f"view {name}, one article", 1000 * statistics.median(found), "ms")
    line("one article, seen to published", 1000 * one_more(store, press), "ms")


def _views(opened: sqlite3.Connection, statement: str) -> Iterator[float]:
    return _timed(lambda: opened.execute(statement).fetchall())


def _timed(question: Callable[[], object]) -> Iterator[float]:
    for _ in range(10):
        began = time.perf_counter()
        question()
        yield time.perf_counter() - began


def one_more(store: Store, press: Press) -> float:
    state = store.feeds()[0]
    item = decision(press, state, 10_000_000 + store.archive.head(), NOW)
    began = time.perf_counter()
    store.save_poll(PollOutcome(state, PollResult.CHANGED, NOW, 200, 0.2, 1000, None, (item,)))
    (pending,) = store.pending(NOW, 5)
    store.save_article(pending.id, article(press, pending.url), evidence(pending.url), press.fingerprint(), None, NOW)
    store.publish(NOW, timedelta(hours=1))
    return time.perf_counter() - began


def line(name: str, value: float, unit: str) -> None:
    print(f"{name:32} {value:10.2f} {unit}", flush=True)


if __name__ == "__main__":
    main()

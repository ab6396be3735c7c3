"""The real archive: what the store reports as changed is enough to build in part."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from aggregator.config.settings import Config, Site
from aggregator.emit import build
from aggregator.models import (
    Article,
    Decision,
    Entry,
    Fingerprint,
    Likeness,
    Neighbour,
    PageEvidence,
    ParsedFeed,
    PollOutcome,
    PollResult,
    Verdict,
)
from aggregator.store import Store

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SITE = Site(base_url="https://news.example/", page_size=10)
OUTLETS = {"Alpha": ["news"], "Beta": ["news", "Threat Intel"], "Gamma": ["research"]}


class Press:
    """A few outlets that publish, revise, copy from one another and are scraped, by a seeded dice."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store, self.dice, self.now, self.number = store, random.Random(seed), NOW, 0
        self.urls: list[tuple[str, str]] = []
        self.read: list[int] = []
        self.configure(OUTLETS)

    def configure(self, outlets: dict[str, list[str]]) -> None:
        feeds = [
            {"url": f"https://{name.lower()}.example/feed", "name": name, "tags": tags}
            for name, tags in outlets.items()
        ]
        self.store.sync_feeds(Config.model_validate({"feeds": feeds}), self.now)

    def round(self) -> None:
        """An hour later: some new posts, some revisions, some the same article in another feed, some pages read."""
        self.now += timedelta(hours=1)
        for state in self.store.feeds():
            entries = [self._entry(state.name) for _ in range(self.dice.randint(0, 3))]
            if self.urls and self.dice.random() < 0.4:
                guid, url = self.dice.choice(self.urls)
                title = f"Again {self.number}"
                entries.append(Entry(guid=guid, url=url, title=title, published=self.now, html=f"<p>{title}</p>"))
            self._poll(state.name, entries)
        for pending in self.store.pending(self.now, 20):
            if self.dice.random() < 0.8:
                self._read(pending.id, pending.url, pending.title)
        self.store.publish(self.now, timedelta(hours=2))

    def _entry(self, name: str) -> Entry:
        self.number += 1
        url = f"https://{name.lower()}.example/{self.number}"
        self.urls.append((url, url))
        published = self.now - timedelta(hours=self.dice.choice((0, 0, 1, 30, 900)))
        return Entry(guid=url, url=url, title=f"Post {self.number}", published=published, html=f"<p>{self.number}</p>")

    def _poll(self, name: str, entries: list[Entry]) -> None:
        state = next(feed for feed in self.store.feeds() if feed.name == name)
        known = self.store.known(state.id, [entry.guid for entry in entries])
        decisions = tuple(
            Decision(
                entry,
                entry.guid,
                Verdict.REVISED if entry.guid in known else Verdict.NEW,
                "",
                sha256(entry.html.encode()).hexdigest(),
                entry.url,
            )
            for entry in entries
        )
        document = ParsedFeed(f"{name} News", state.url, f"https://{name.lower()}.example/", updated=self.now)
        after = replace(state, last_poll=self.now, last_success=self.now, next_poll=self.now)
        self.store.save_poll(PollOutcome(after, PollResult.CHANGED, self.now, 200, feed=document, decisions=decisions))

    def _read(self, article_id: int, url: str, title: str) -> None:
        text = f"The whole text of {title}, read at {self.now:%H}."
        host, _, number = url.rpartition("/")
        before = Neighbour(f"{host}/{int(number) - 1}", "Before", "Its teaser.") if self.dice.random() < 0.5 else None
        article = Article(url=url, title=title, text=text, html=f"<p>{text}</p>", word_count=7, previous=before)
        copied = self.dice.choice(self.read) if self.read and self.dice.random() < 0.2 else None
        likeness = Likeness(copied, 0.9, "near") if copied is not None and copied != article_id else None
        self.read.append(article_id)
        mark = Fingerprint(sha256(text.encode()).hexdigest(), (1, 2), (1,), 7)
        proof = PageEvidence(self.now, url, 200, "text/html", sha256(url.encode()).hexdigest())
        self.store.save_article(article_id, article, proof, mark, likeness, self.now, (url,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "aggregator.db") as opened:
        yield opened


def documents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("seed", [1, 2])
def test_building_in_part_over_the_real_store_is_building_in_full(store: Store, tmp_path: Path, seed: int) -> None:
    """After each round of a busy press the folder is what a fresh build of that moment makes (archived pages aside)."""
    press, parts = Press(store, seed), tmp_path / "parts"
    for number in range(14):
        press.round()
        if number == 9:
            press.configure({"Alpha": ["news", "mobile"], "Beta": ["news"], "Delta": ["research"]})
        build(store.archive, SITE, parts)
        if number % 4 == 1 or number == 13:
            whole = tmp_path / f"whole-{number}"
            build(store.archive, SITE, whole)
            one, other = documents(parts), documents(whole)
            assert one.keys() == other.keys()
            frozen = {name for name in one if name.startswith("archive/feed-")}
            assert sorted(name for name in one.keys() - frozen if one[name] != other[name]) == []
    assert store.maintenance.counts()["posts"] > 30
    assert any(post.hidden for post in store.archive.changed(0))

"""A month of a busy press over the real store: three kinds of readers follow every document through all that befalls."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree
from test_emit_on_store import OUTLETS, SITE, Press

from aggregator.config.settings import Config, Output
from aggregator.emit import build
from aggregator.emit.folder import notes_of
from aggregator.store import Store
from aggregator.store.stories import Placed, StoryChanges

ATOM = "{http://www.w3.org/2005/Atom}"
OUTPUTS = (
    Output(name="whole", words=("whole",)),
    Output(name="stories", group="story"),
    Output(name="news", tags=("news",), content="summary", limit=15),
)
DAYS = 30
BIG = 1000
"""Entries of a document that no output of this month reaches."""


class Reader:
    """What three readers know of one document: by id, by link and title, by date alone. Each looks after every round."""

    def __init__(self) -> None:
        self.shown: dict[str, list[str]] = {}
        self.by_words: dict[str, set[tuple[str, str]]] = {}
        self.by_date: set[str] = set()
        self.last = ""

    def read(self, items: list[dict[str, str]], dates: list[str]) -> None:
        """A look at the document: its items, and their RSS dates as text that sorts."""
        ids = [item["id"] for item in items]
        assert len(ids) == len(set(ids))
        assert all(newer > older for newer, older in pairwise(dates)), dates
        for item, date in zip(items, dates, strict=True):
            # A reader that keys on id shows an entry when the id is new to it, and again only when the date has risen.
            seen = self.shown.setdefault(item["id"], [])
            if not seen or item["date_modified"] > seen[-1]:
                seen.append(item["date_modified"])
            else:
                assert item["date_modified"] == seen[-1], (item["id"], seen, item["date_modified"])
            self.by_words.setdefault(item["id"], set()).add((item["url"], item["title"]))
            if date > self.last:
                self.by_date.add(item["id"])
        self.last = max([self.last, *dates])


def dates_of(path: Path) -> list[str]:
    found = [item.findtext("pubDate") for item in etree.fromstring(path.read_bytes()).iter("item")]
    return [datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").isoformat() for date in found if date]  # noqa: DTZ007


def current_documents(out: Path) -> list[str]:
    paths = [*out.glob("feed.json"), *out.glob("tags/*.json"), *out.glob("sources/*.json"), *out.glob("outputs/*.json")]
    return [path.relative_to(out).as_posix().removesuffix(".json") for path in sorted(paths)]


def tell_stories(press: Press, dice: random.Random) -> None:
    """Some articles join a story, now and then two stories turn out to be one, and rarely two again."""
    waiting = press.store.stories.unplaced(200)
    known: list[str] = getattr(press, "stories", [])
    press.stories = known  # type: ignore[attr-defined]
    rows, merged, moved = [], {}, {}
    for one in waiting:
        story = dice.choice(known) if known and dice.random() < 0.4 else one.key
        if story not in known:
            known.append(story)
        rows.append(Placed(one.id, one.key, one.published, "{}", story))
    press.store.stories.save(StoryChanges(tuple(rows)), press.now)
    if len(known) > 4 and dice.random() < 0.3:
        keep, drop = dice.sample(known, 2)
        with press.store._session.read() as sql:
            ids = [row[0] for row in sql.all("SELECT article_id FROM story_articles WHERE story_id = ?", (drop,))]
        moved, merged = dict.fromkeys(ids, keep), {drop: keep}
        known.remove(drop)
        press.store.stories.save(StoryChanges(moved=moved, merged=merged), press.now)


def walk(out: Path) -> list[str]:
    """The ids from the current document back through `prev-archive`."""
    found, name = [], "feed.atom"
    while name:
        feed = etree.fromstring((out / name).read_bytes())
        found += [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
        links = [link.get("href") for link in feed.findall(f"{ATOM}link") if link.get("rel") == "prev-archive"]
        name = links[0].removeprefix(SITE.base_url) if links else ""
    return [one or "" for one in found]


def look(out: Path, readers: dict[str, Reader], ever: dict[str, set[str]]) -> None:
    """Let every document's readers look; `ever` is what each document has held."""
    for name in current_documents(out):
        items = json.loads((out / f"{name}.json").read_bytes())["items"]
        readers.setdefault(name, Reader()).read(items, dates_of(out / f"{name}.rss"))
        ever.setdefault(name, set()).update(item["id"] for item in items)


@pytest.mark.slow
def test_a_month_is_read_by_every_reader_without_loss_or_repetition(tmp_path: Path) -> None:
    """Edits, late and re-dated entries, renamed feeds, duplicates found late, stories that merge, restarts: no id stands
    twice in a document, dates fall, nothing that went out is lost, archive documents stay as they are.
    """
    database, out = tmp_path / "aggregator.db", tmp_path / "public"
    store = Store.open(database)
    press, dice = Press(store, 5), random.Random(7)
    readers: dict[str, Reader] = {}
    archived: dict[str, bytes] = {}
    ever: dict[str, set[str]] = {}
    try:
        for day in range(DAYS):
            for _ in range(2 if day % 3 == 0 else 1):
                press.now += timedelta(hours=11)
                press.round()
                tell_stories(press, dice)
                store.outputs.fill(OUTPUTS, press.now)
                build(store.archive, SITE, out, outputs=OUTPUTS, chosen=store.outputs)
                look(out, readers, ever)
                for path in sorted((out / "archive").glob("feed-*.*")):
                    assert archived.setdefault(path.name, path.read_bytes()) == path.read_bytes()
            if day == 9:
                renamed = [{"url": f"https://{name.lower()}.example/feed", "name": f"{name}s"} for name in OUTLETS]
                store.sync_feeds(Config.model_validate({"feeds": renamed}), press.now)
            elif day == 10:
                press.configure(OUTLETS)
            if day % 5 == 2:  # a restart; once with the builder's notes lost
                store.close()
                store = Store.open(database)
                press.store = store
                if day == 12:
                    (notes_of(out) / "state.json").unlink()
        walked = walk(out)
        posts = store.archive.changed(0)
        # All of it has happened.
        assert len(posts) > 120
        assert len(archived) >= 3 * 5
        assert any(post.hidden for post in posts)
        assert store.outputs.ended("stories", 9)
        assert any(entry.grown for entry in store.outputs.shown(OUTPUTS[1], BIG))
        assert any(entry.stamp != entry.post.stamp for entry in store.outputs.shown(OUTPUTS[0], BIG))
        assert any(len(times) > 1 for times in readers["feed"].shown.values())
        assert len(walked) == len(set(walked))
        missing = {post.id for post in posts if not post.hidden} - set(walked)
        assert missing == set()
        # Who reads by id or by date has met every post that the combined feed ever held, and the same of outputs.
        for name in ("feed", *(f"outputs/{one.name}" for one in OUTPUTS)):
            assert ever[name] <= readers[name].shown.keys()
            assert readers[name].by_date == ever[name], name
        # Who goes by link and title has nothing twice but what its outlet has changed.
        for reader in (readers["feed"], readers["outputs/whole"]):
            again = {one for one, words in reader.by_words.items() if len(words) > 1}
            assert again <= {one for one, times in reader.shown.items() if len(times) > 1}
        assert ever["feed"] >= {post.id for post in posts if not post.hidden}
        whole = {entry.post.id for entry in store.outputs.shown(OUTPUTS[0], BIG)}
        assert whole <= readers["outputs/whole"].by_date
    finally:
        store.close()

"""A month of rounds of the whole program over an outlet whose feed changes by a seed, as readers follow what comes out."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from html import escape
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree
from support.outlets import Outlet, outlet

from aggregator.config import load
from aggregator.pipeline.pipeline import opened

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ROUNDS = 30
RESTART = 6
"""Rounds after which the program starts again."""
ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "http://mirror.example/"
WORDS = (
    "router",
    "botnet",
    "patch",
    "exploit",
    "worm",
    "phisher",
    "leak",
    "token",
    "kernel",
    "driver",
    "cloud",
    "bank",
)


@dataclass
class Item:
    """An entry as its outlet has it now."""

    number: int
    url: str
    title: str
    text: str
    published: datetime
    slash: bool = False
    listed: bool = True


@dataclass
class Press:
    """Two feeds of one outlet; the second copies some articles of the first. What it does next the dice say."""

    site: Outlet
    dice: random.Random = field(default_factory=lambda: random.Random(11))
    items: list[Item] = field(default_factory=list)
    title: str = "Alpha News"
    queries: list[str] = field(default_factory=lambda: [""])
    done: set[str] = field(default_factory=set)
    shown: set[int] = field(default_factory=set)
    polled: set[int] = field(default_factory=set)

    def text(self, number: int) -> str:
        return " ".join(f"{self.dice.choice(WORDS)}{self.dice.randrange(90)}" for _ in range(120)) + f" {number}."

    def write(self, now: datetime, age: timedelta = timedelta()) -> None:
        number = len(self.items) + 1
        one = Item(number, f"{self.site.origin}/p/{number}", f"Report {number}", self.text(number), now - age)
        self.items.append(one)

    def turn(self, now: datetime) -> None:
        """One thing or several happen between two polls."""
        for _ in range(self.dice.randint(0, 2)):
            self.write(now)
        listed = [one for one in self.items if one.listed]
        one = self.dice.choice(listed)
        what = self.dice.choice(("edit", "date", "guid", "late", "leave", "rename", "page", "back", "none"))
        self.done.add(what)
        if what in ("edit", "page"):
            one.text = one.text.replace(".", f" corrected{now.day} twice{now.hour} over.", 1)
        elif what == "date":
            one.published += timedelta(hours=self.dice.choice((-30, 5)))
        elif what == "guid":
            one.slash = not one.slash
        elif what == "late":
            self.write(now, timedelta(days=9))
        elif what == "leave" and len(listed) > 3:
            one.listed = False
        elif what == "back":
            for gone in self.items:
                gone.listed = True
        elif what == "rename":
            self.title = f"Alpha News {now:%d}"
        self.serve()

    def serve(self) -> None:
        shown = [one for one in self.items if one.listed][-12:]
        self.dice.shuffle(shown)
        self.shown = {one.number for one in shown}
        churn = self.dice.randrange(10**9)
        self.queries.append(f"?utm_source=r{churn}")
        inner = "".join(
            f"<item><title>{one.title}</title><link>{one.url}?utm_source=r{churn}</link>"
            f'<guid isPermaLink="true">{one.url}{"/" if one.slash else ""}</guid>'
            f"<pubDate>{format_datetime(one.published)}</pubDate><description>"
            + escape(f'<p>{one.text}</p><img src="https://count.example/p.gif?t={churn}" width="1" height="1">')
            + "</description></item>"
            for one in shown
        )
        self.site.pages["/feed"] = _rss(self.title, inner)
        copies = "".join(
            f"<item><title>{one.title}</title><link>{self.site.origin}/copy/{one.number}</link>"
            f"<description>{one.text}</description></item>"
            for one in self.items
            if one.number % 4 == 0
        )
        self.site.pages["/copies"] = _rss("Copies", copies)
        for one in self.items:
            whole = _page(one.title, f"{one.text} The page has more than the feed.", churn)
            self.site.pages |= {f"/p/{one.number}{query}": whole for query in self.queries}
            self.site.pages[f"/copy/{one.number}"] = whole


def _rss(title: str, inner: str) -> tuple[str, bytes]:
    text = f'<rss version="2.0"><channel><title>{title}</title>{inner}</channel></rss>'
    return "application/rss+xml", text.encode()


def _page(title: str, text: str, churn: int) -> tuple[str, bytes]:
    return "text/html; charset=utf-8", (
        f"<html lang=en><head><title>{title}</title></head><body><main><article><h1>{title}</h1><p>{text}</p>"
        f"<p>{churn} views</p></article></main></body></html>"
    ).encode()


@dataclass
class Reader:
    """What readers of one document know: by id (and when each was shown), by words, by date alone."""

    shown: dict[str, list[str]] = field(default_factory=dict)
    words: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    by_date: set[str] = field(default_factory=set)
    last: datetime = START - timedelta(days=999)

    def read(self, document: Path) -> None:
        items = json.loads(document.with_suffix(".json").read_bytes())["items"]
        channel = etree.fromstring(document.with_suffix(".rss").read_bytes())
        dates = [parsedate_to_datetime(item.findtext("pubDate")) for item in channel.iter("item")]
        assert len({item["id"] for item in items}) == len(items)
        assert all(newer > older for newer, older in pairwise(dates))
        for item, date in zip(items, dates, strict=True):
            times = self.shown.setdefault(item["id"], [])
            if not times or item["date_modified"] > times[-1]:
                times.append(item["date_modified"])
            assert item["date_modified"] == times[-1]
            self.words.setdefault(item["id"], set()).add((item["url"], item["title"]))
            if date > self.last:
                self.by_date.add(item["id"])
        self.last = max([self.last, *dates])


def walk(out: Path) -> list[str]:
    """The ids from the current document back through `prev-archive`."""
    found: list[str] = []
    name = "feed.atom"
    while name:
        feed = etree.fromstring((out / name).read_bytes())
        found += [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
        older = feed.find(f"{ATOM}link[@rel='prev-archive']")
        name = "" if older is None else older.get("href").removeprefix(BASE)
    return found


def test_a_month_of_an_outlet_that_never_sits_still(tmp_path: Path) -> None:
    """Edits, moved dates, guids that flip, churning tokens, late entries, entries that leave and return, another title,
    copies, restarts: no id twice, none lost, dates unique and falling, archive documents as they were.
    """
    out, archived, readers, moment = tmp_path / "data/public", dict[str, bytes](), dict[str, Reader](), [START]
    with outlet() as site:
        press = Press(site)
        for _ in range(3):
            press.write(START)
        press.serve()
        (tmp_path / "feeds.yaml").write_text(
            f"""
            site: {{base_url: "{BASE}", page_size: 10}}
            network: {{allow: [127.0.0.0/8], per_host_interval_s: 0, timeout_s: 5}}
            feeds:
              - {{url: "{site.origin}/feed", name: Alpha, tags: [news]}}
              - {{url: "{site.origin}/copies", name: Copies}}
            """,
            "utf-8",
        )
        config = load(tmp_path / "feeds.yaml")
        for _ in range(ROUNDS // RESTART):
            with opened(config, tmp_path / "data", lambda: moment[0]) as pipeline:
                for _ in range(RESTART):
                    moment[0] += timedelta(hours=17)
                    pipeline.round(force=True)
                    press.polled |= press.shown
                    for name in ("feed", "tags/news", "sources/alpha", "sources/copies"):
                        readers.setdefault(name, Reader()).read(out / name)
                    for path in sorted((out / "archive").glob("feed-*")):
                        assert archived.setdefault(path.name, path.read_bytes()) == path.read_bytes()
                    press.turn(moment[0])
                posts = pipeline.store.archive.changed(0)
    assert press.done >= {"edit", "date", "guid", "late", "leave", "back", "rename"}
    assert len(archived) >= 3 * 2
    walked = walk(out)
    combined = readers["feed"]
    assert len(walked) == len(set(walked))
    assert set(walked) >= {post.id for post in posts if not post.hidden}
    assert combined.by_date == combined.shown.keys() == set(walked)
    # Each article of the outlet once, whatever its guid, date and tokens did; its link and title stay, too.
    alpha = [post for post in posts if post.source.name == "Alpha"]
    numbers = [int(urlsplit(post.url or "").path.strip("/").rpartition("/")[2]) for post in alpha]
    assert sorted(numbers) == sorted(press.polled)
    assert not {one: words for one, words in combined.words.items() if len(words) > 1}
    assert any(len(times) > 1 for times in combined.shown.values())
    assert any(post.hidden for post in posts)

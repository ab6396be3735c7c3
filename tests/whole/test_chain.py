"""Small outlets whose posts come and go between two polls, through the whole program: nothing is missed."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from support.mirroredpress import Mirrored
from support.outlets import Outlet, outlet, rss

from aggregator.config import load
from aggregator.pipeline.pipeline import CHAIN_LINKS, Pipeline, opened

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHOWN = 3


def written(number: int) -> datetime:
    return START + number * HOUR


def prose(number: int) -> str:
    """Some paragraphs of words that no other post has, so that no two are taken for one text."""
    words = [
        f"{stem}{(number * 7919 + place * 31) % 9973}" for place, stem in enumerate(["gate", "meter", "lamp"] * 30)
    ]
    return "".join(f"<p>{' '.join(words[start : start + 30])}, and so it was.</p>" for start in (0, 30, 60))


def page(number: int, newest: int, *, first: int = 1, dated: bool = True) -> bytes:
    """A post's page with links to both neighbours, as they are when `newest` is out."""
    links = ""
    if number > first:
        links += f'<a rel="prev" href="/posts/{number - 1}/">← Post number {number - 1}</a>'
    if number < newest:
        links += f'<a rel="next" href="/posts/{number + 1}/">Post number {number + 1} →</a>'
    stamp = f'<meta property="article:published_time" content="{written(number).isoformat()}">' if dated else ""
    return f"""<!doctype html><html lang="en"><head><title>Post number {number} – Meter News</title>
        <meta property="og:title" content="Post number {number}">{stamp}</head>
        <body><header><a href="/">Meter News</a></header><main><article><h1>Post number {number}</h1>{prose(number)}</article>
        <nav class="post-navigation">{links}</nav></main></body></html>""".encode()


def publish(site: Outlet, newest: int, *, dated: bool = True) -> None:
    """Let `newest` posts be out, of which the feed shows the last few."""
    for number in range(1, newest + 1):
        site.pages[f"/posts/{number}/"] = ("text/html; charset=utf-8", page(number, newest, dated=dated))
    shown = range(newest, max(0, newest - SHOWN), -1)
    items = [
        (f"{site.origin}/posts/{n}/", f"Post number {n}", format_datetime(written(n)), f"About number {n}.")
        for n in shown
    ]
    site.pages["/feed"] = rss("Meter News", *items)


class Clock:
    """Stands where it was set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Mirror:
    """The program on one outlet; `poll` is a round, `hours` after the start of the world.

    Pages are not fetched again for edits here, so that requests can be counted (see test_edits).
    """

    def __init__(self, pipeline: Pipeline, folder: Path, clock: Clock) -> None:
        self.pipeline = pipeline
        self.folder = folder
        self.clock = clock

    def poll(self, hours: float) -> None:
        self.clock.now = START + hours * HOUR
        with self.pipeline.store._session.write() as sql:
            sql.execute("UPDATE rechecks SET due = NULL")
        self.pipeline.round(force=True)

    def items(self, document: str = "feed.json") -> list[dict[str, Any]]:
        """The entries of an output document, oldest first."""
        return list(reversed(json.loads((self.folder / "public" / document).read_text("utf-8"))["items"]))

    def posts(self) -> list[int]:
        return [number_of(item["url"]) for item in self.items()]


def number_of(url: str) -> int:
    return int(url.rstrip("/").rpartition("/")[2])


@contextmanager
def mirror(site: Outlet, folder: Path) -> Iterator[Mirror]:
    (folder / "feeds.yaml").write_text(
        f"""
        site: {{base_url: "http://mirror.example/"}}
        network: {{allow: [127.0.0.0/8], per_host_interval_s: 0, timeout_s: 5}}
        defaults: {{full_text: always}}
        feeds:
          - {{url: "{site.origin}/feed", name: Meters, tags: [vendor]}}
        """,
        "utf-8",
    )
    clock = Clock()
    with opened(load(folder / "feeds.yaml"), folder / "data", clock) as pipeline:
        yield Mirror(pipeline, folder / "data", clock)


def neighbours(items: list[dict[str, Any]]) -> list[tuple[int | None, int, int | None]]:
    """(previous, post, next) of each entry."""

    def other(item: dict[str, Any], direction: str) -> int | None:
        link = item["_aggregator"][direction]
        return number_of(link["url"]) if link else None

    return [(other(item, "previous"), number_of(item["url"]), other(item, "next")) for item in items]


@pytest.mark.parametrize("dated", [True, False], ids=["dated pages", "pages without dates"])
def test_three_shown_and_five_published_between_two_polls(tmp_path: Path, dated: bool) -> None:
    """Nothing is missed: all posts in order, each with its neighbours, in every feed, each page fetched once."""
    with outlet() as site, mirror(site, tmp_path) as program:
        publish(site, 3, dated=dated)
        program.poll(4)
        assert program.posts() == [1, 2, 3]
        publish(site, 8, dated=dated)
        program.poll(9)
        assert program.posts() == [1, 2, 3, 4, 5, 6, 7, 8]
        for document in ("feed.json", "sources/meters.json", "tags/vendor.json"):
            found = neighbours(program.items(document))
            assert found == [(n - 1 or None, n, n + 1 if n < 8 else None) for n in range(1, 9)]
        links = {number_of(item["url"]): item["_aggregator"] for item in program.items()}
        assert all(links[n]["previous"]["mirror_url"] for n in range(2, 9))
        assert links[3]["next"]["title"] == "Post number 4"
        assert links[5]["previous"]["teaser"]
        (state,) = program.pipeline.store.feeds()
        assert (state.entries, state.found_by_chain) == (8, 2)
        asked = Counter(path for path in site.asked if path.startswith("/posts/"))
        assert asked == Counter(f"/posts/{n}/" for n in range(1, 9))
        if dated:
            dates = {number_of(item["url"]): item["date_published"] for item in program.items()}
            assert [datetime.fromisoformat(dates[n]) for n in (4, 5)] == [written(4), written(5)]


def test_found_by_the_time_behind_a_shown_day(tmp_path: Path) -> None:
    """Pages that show readers a day and tell machines its time: what the chain finds is stored under that time."""
    with outlet() as site, mirror(site, tmp_path) as program:
        publish(site, 3, dated=False)
        program.poll(4)
        publish(site, 8, dated=False)
        for number in (4, 5):
            kind, body = site.pages[f"/posts/{number}/"]
            moment = written(number)
            time = f'</h1><p><time datetime="{moment.isoformat()}">{moment:%d %b %Y}</time></p>'
            site.pages[f"/posts/{number}/"] = (kind, body.replace(b"</h1>", time.encode()))
        program.poll(9)
        with sqlite3.connect(tmp_path / "data" / "aggregator.db") as database:
            rows = database.execute(
                "select published, page_published from articles join chain on chain.article_id = articles.id"
                " where chain.state = 'found' order by published"
            ).fetchall()
        assert rows == [(f"{written(n):%Y-%m-%dT%H:%M:%SZ}",) * 2 for n in (4, 5)]


def test_a_long_absence_is_caught_up_with_in_several_rounds(tmp_path: Path) -> None:
    """So many posts of a feed in a round and no more; the rest in the next rounds, until what was held is reached."""
    with outlet() as site, mirror(site, tmp_path) as program:
        publish(site, 3)
        program.poll(4)
        publish(site, 20)
        before = len(site.asked)
        program.poll(21)
        assert sum("/posts/" in path for path in site.asked[before:]) == SHOWN + CHAIN_LINKS
        program.poll(22)
        assert sorted(program.posts()) == list(range(1, 21))
        before = len(site.asked)
        program.poll(23)
        assert [path for path in site.asked[before:] if "/posts/" in path] == []


def test_posts_before_our_time_are_left_alone(tmp_path: Path) -> None:
    """The oldest post that the first poll brought names one before it: that is no gap."""
    with outlet() as site, mirror(site, tmp_path) as program:
        publish(site, 9)
        program.poll(10)
        program.poll(11)
        assert program.posts() == [7, 8, 9]
        assert not {"/posts/6/", "/posts/5/"} & set(site.asked)


@pytest.mark.parametrize(
    "gone",
    [(404, "text/html", b"<h1>Not found</h1>"), (200, "text/html", b"<title>All posts</title><h1>All posts</h1>" + b"<p><a href='/x'>A post of ours</a> and what it is about</p>" * 40)],
    ids=["404", "a list"],
)  # fmt: skip
def test_a_link_that_leads_to_no_post(tmp_path: Path, gone: tuple[int, str, bytes]) -> None:
    """Nothing of it is in the output, and it is not asked for again."""
    with outlet() as site, mirror(site, tmp_path) as program:
        publish(site, 3)
        program.poll(4)
        publish(site, 7)
        site.pages["/posts/4/"] = lambda: gone
        program.poll(8)
        publish(site, 8)
        site.pages["/posts/4/"] = lambda: gone
        for hour in (9, 20, 40):
            program.poll(hour)
        assert program.posts() == [1, 2, 3, 5, 6, 7, 8]
        assert site.asked.count("/posts/4/") == 1
        assert program.pipeline.store.feeds()[0].found_by_chain == 0


def test_robots_are_asked_before_the_chain_too(tmp_path: Path) -> None:
    """A missing post whose page robots.txt forbids is not fetched."""
    with outlet() as site, mirror(site, tmp_path) as program:
        site.pages["/robots.txt"] = ("text/plain", b"User-agent: *\nDisallow: /posts/4/\n")
        publish(site, 3)
        program.poll(4)
        publish(site, 7)
        program.poll(8)
        assert "/posts/4/" not in site.asked
        assert program.posts() == [1, 2, 3, 5, 6, 7]


def test_a_feed_that_shows_a_found_post_later(tmp_path: Path) -> None:
    """An outlet that makes its feed longer: what the chain had found stays one post, and is not fetched again."""
    with outlet() as site, mirror(site, tmp_path) as program:
        publish(site, 3)
        program.poll(4)
        publish(site, 8)
        program.poll(9)
        items = [
            (f"{site.origin}/posts/{n}/", f"Number {n}, as the feed has it", format_datetime(written(n)), "About it.")
            for n in range(8, 0, -1)
        ]
        before = len(site.asked)
        site.pages["/feed"] = rss("Meter News", *items)
        program.poll(10)
        assert program.posts() == [1, 2, 3, 4, 5, 6, 7, 8]
        assert not {"/posts/4/", "/posts/5/"} & set(site.asked[before:])
        assert program.pipeline.store.feeds()[0].found_by_chain == 2


def test_the_post_that_the_press_loses(mirrored: Mirrored) -> None:
    """An outlet of the imaginary press shows two posts and publishes three at once: the third is there as well."""
    lost = [post for post in mirrored.expected if "threat-model-for-a-lamp" in str(post.url)]
    (item,) = (item for item in mirrored.items() if item["url"] == lost[0].url)
    assert datetime.fromisoformat(item["date_published"]) == lost[0].published.replace(microsecond=0)
    assert item["_aggregator"]["next"]["mirror_url"]
    with mirrored.database() as database:
        found = database.execute("select name, found_by_chain from feed_health where found_by_chain > 0").fetchall()
        assert [tuple(row) for row in found] == [("Copperline Engineering", 1)]
        assert database.execute("select count(*) from gaps").fetchone()[0] == 0


def test_a_site_that_only_links_forward(tmp_path: Path) -> None:
    """The page of the newest post is asked once more when the next one is out; its `updated` does not move."""

    def forward(newest: int) -> None:
        publish(site, newest)
        for number in range(1, newest + 1):
            kind, body = site.pages[f"/posts/{number}/"]
            site.pages[f"/posts/{number}/"] = (
                kind,
                body.replace(b'rel="prev"', b'rel="nofollow"').replace(
                    b'/posts/%d/">\xe2\x86\x90' % (number - 1), b'/about">'
                ),
            )

    with outlet() as site, mirror(site, tmp_path) as program:
        forward(3)
        program.poll(4)
        before = program.items()[2]
        forward(4)
        program.poll(5)
        program.poll(6)
        program.poll(60)
        after = program.items()[2]
        assert number_of(after["url"]) == 3
        assert after["_aggregator"]["next"]["mirror_url"]
        assert after.get("date_modified") == before.get("date_modified")
        with sqlite3.connect(tmp_path / "data" / "aggregator.db") as database:
            assert database.execute("select said, held_id from settled_neighbours where id = 3").fetchall() == [
                ("next", 4)
            ]
        assert Counter(path for path in site.asked if "/posts/" in path) == {
            "/posts/1/": 1, "/posts/2/": 1, "/posts/3/": 2, "/posts/4/": 1
        }  # fmt: skip


def test_a_site_that_calls_the_older_post_next(tmp_path: Path) -> None:
    """The output follows the dates, and the gap between two polls is closed all the same."""

    def swapped(newest: int) -> None:
        publish(site, newest)
        for number in range(1, newest + 1):
            kind, body = site.pages[f"/posts/{number}/"]
            body = (
                body.replace(b'rel="prev"', b'rel="x"')
                .replace(b'rel="next"', b'rel="prev"')
                .replace(b'rel="x"', b'rel="next"')
            )
            body = body.replace("← ".encode(), b"Next: ").replace(" →".encode(), b"")
            site.pages[f"/posts/{number}/"] = (kind, body)

    with outlet() as site, mirror(site, tmp_path) as program:
        swapped(3)
        program.poll(4)
        swapped(8)
        program.poll(9)
        assert neighbours(program.items()) == [(n - 1 or None, n, n + 1 if n < 8 else None) for n in range(1, 9)]

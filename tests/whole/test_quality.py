"""An outlet whose template breaks: every page yields the same notice, and then articles again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from support.outlets import Outlet, outlet, rss
from support.program import Program

from aggregator.config import load
from aggregator.pipeline.pipeline import Pipeline, opened

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOTICE = (
    "Our newsletter brings the most important stories of the week to your inbox every Friday, written by the people who "
    "follow this field for a living. More than forty thousand readers have it already. It costs nothing, there is no "
    "tracking in it, and it takes one click to leave the list whenever you have had enough of it."
)


def words(number: int, count: int) -> str:
    found = [
        f"{stem}{(number * 7919 + place * 31) % 9973}" for place, stem in enumerate(["gate", "meter", "lamp"] * 60)
    ]
    return " ".join(found[:count])


def page(number: int, *, broken: bool) -> bytes:
    return around(number, f"<p>{NOTICE}</p>" if broken else good(number))


def good(number: int) -> str:
    return "".join(f"<p>{words(number * 10 + n, 60)} and so it was.</p>" for n in range(4))


def around(number: int, body: str) -> bytes:
    return f"""<!doctype html><html lang="en"><head><title>Post number {number} – Meters</title></head>
        <body><main><article><h1>Post number {number}</h1>{body}</article></main></body></html>""".encode()


def publish(site: Outlet, newest: int, broken: set[int]) -> None:
    for number in range(1, newest + 1):
        site.pages[f"/posts/{number}/"] = ("text/html; charset=utf-8", page(number, broken=number in broken))
    items = [
        (
            f"{site.origin}/posts/{n}/",
            f"Post number {n}",
            format_datetime(START + n * HOUR),
            f"In short: {words(n * 10, 30)}.",
        )
        for n in range(newest, 0, -1)
    ]
    site.pages["/feed"] = rss("Meter News", *items)


def test_a_template_that_breaks_and_is_repaired(tmp_path: Path) -> None:
    """Flagged within a few articles; none hidden as a copy; the feed's text used; healed when it gives articles again."""
    moment = [START]
    (tmp_path / "data").mkdir()

    def row(sql: str) -> tuple[object, ...]:
        with sqlite3.connect(f"file:{tmp_path / 'data' / 'aggregator.db'}?mode=ro", uri=True) as connection:
            found: tuple[object, ...] = connection.execute(sql).fetchone()
            return found

    with outlet() as site:
        (tmp_path / "feeds.yaml").write_text(
            f"""
            site: {{base_url: "http://mirror.example/"}}
            network: {{allow: [127.0.0.0/8], per_host_interval_s: 0, timeout_s: 5}}
            defaults: {{full_text: always}}
            feeds:
              - {{url: "{site.origin}/feed", name: Meters}}
            """,
            "utf-8",
        )
        with opened(load(tmp_path / "feeds.yaml"), tmp_path / "data", lambda: moment[0]) as pipeline:

            def poll(newest: int, broken: set[int]) -> None:
                publish(site, newest, broken)
                moment[0] = START + (newest + 1) * HOUR
                pipeline.round(force=True)

            poll(12, set())
            assert pipeline.store.quality.flagged() == {}
            for newest in (13, 14, 15, 16, 17):
                poll(newest, set(range(13, newest + 1)))
            (reason,) = pipeline.store.quality.flagged().values()
            assert "repeat one another" in reason
            assert row("SELECT count(*) FROM articles WHERE duplicate_of IS NOT NULL") == (0,)
            assert row("SELECT count(*) FROM posts WHERE sequence IS NOT NULL AND NOT hidden") == (17,)
            assert row("SELECT count(*) FROM articles WHERE text LIKE 'In short%' AND state = 'feed_text'") == (5,)
            shown = Program(tmp_path).run("status", "--json").stdout
            assert [state["quality"] for state in json.loads(shown)] == [reason]
            assert "read badly" in Program(tmp_path).run("status").stdout
            for newest in (18, 19, 20):
                poll(newest, set())
            assert pipeline.store.quality.flagged() == {}
            poll(21, set())
            assert row("SELECT count(*) FROM articles WHERE state = 'scraped' AND text LIKE '%and so it was%'") == (21,)
            assert row("SELECT count(*) FROM samples WHERE repeats") == (0,)
            assert row("SELECT count(*) FROM revisions WHERE kind IN ('edited', 'reverted')") == (0,)
            assert row("SELECT count(*) FROM revisions WHERE kind = 'repaired' AND text LIKE 'Our newsletter%'") == (1,)
            posts = {post.title: post for post in pipeline.store.archive.latest(30)}
            assert posts["Post number 13"].revisions == ()
            assert posts["Post number 1"].revised is None


ROBOT = b"<html><head><title>Just a moment...</title></head><body><p>Checking your browser before accessing.</p></body></html>"


class Press:
    """The program on outlets whose pages a test breaks; each `round` is an hour later."""

    def __init__(self, pipeline: Pipeline, moment: list[datetime]) -> None:
        self.pipeline, self._moment = pipeline, moment

    def round(self) -> None:
        self._moment[0] += HOUR
        self.pipeline.round(force=True)

    @property
    def flagged(self) -> list[str]:
        return sorted(self.pipeline.store.quality.flagged().values())

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.pipeline.store.path)) as connection:
            return connection.execute(sql).fetchall()


@contextmanager
def press(folder: Path, *feeds: str) -> Iterator[Press]:
    moment = [START + 20 * HOUR]
    listed = "".join(f"  - {{url: '{url}', name: Feed {place}}}\n" for place, url in enumerate(feeds))
    (folder / "feeds.yaml").write_text(
        "network: {allow: [127.0.0.0/8], per_host_interval_s: 0, timeout_s: 5}\n"
        f"defaults: {{full_text: always}}\nfeeds:\n{listed}",
        "utf-8",
    )
    with opened(load(folder / "feeds.yaml"), folder / "data", lambda: moment[0]) as pipeline:
        yield Press(pipeline, moment)


def test_what_is_known_to_be_a_notice_is_not_taken_for_the_article(tmp_path: Path) -> None:
    """A notice longer than the article stands on every page; after a few the article is found behind it."""
    long_notice = "".join(f"<p>{NOTICE} That is offer number {n} of our house.</p>" for n in range(6))
    with outlet() as site, press(tmp_path, f"{site.origin}/feed") as meters:
        publish(site, 4, set())
        for n in range(1, 5):
            site.pages[f"/posts/{n}/"] = ("text/html", around(n, long_notice))
        meters.round()
        assert meters.flagged == ["3 of the last 3 articles repeat one another"] or "repeat" in meters.flagged[0]
        (marks,) = meters.pipeline.store.quality.boilerplate().values()
        assert len(marks) >= 6
        publish(site, 8, set())
        for n in range(5, 9):
            behind = f"<div class='offers'>{long_notice}</div><div><p>{words(n * 10, 60)} and so it was.</p></div>"
            site.pages[f"/posts/{n}/"] = ("text/html", around(n, behind))
        meters.round()
        texts = [str(text) for (text,) in meters.rows("SELECT text FROM articles WHERE id > 4 AND state = 'scraped'")]
        assert len(texts) == 4
        assert all("and so it was" in text and "newsletter" not in text for text in texts)
        assert meters.flagged == []


def test_a_feed_whose_pages_are_walls_is_flagged(tmp_path: Path) -> None:
    """Captchas give no article, so nothing of theirs repeats; the flag goes when the pages come."""
    with outlet() as site, press(tmp_path, f"{site.origin}/feed") as meters:
        publish(site, 4, set())
        site.pages |= {f"/posts/{n}/": ("text/html", ROBOT) for n in range(1, 5)}
        meters.round()
        assert meters.flagged == ["3 of the last 3 pages show a wall or nothing in place of an article"]
        publish(site, 4, set())
        meters.round()
        assert meters.flagged == []
        assert meters.rows("SELECT DISTINCT state FROM articles") == [("scraped",)]


def test_one_notice_over_the_feeds_of_a_host(tmp_path: Path) -> None:
    """A template that breaks shows in each feed of its outlet, though none has three of the pages."""
    with outlet() as site, press(tmp_path, f"{site.origin}/a", f"{site.origin}/b") as meters:
        publish(site, 4, {1, 2, 3, 4})
        items = [
            (f"{site.origin}/posts/{n}/", f"Post number {n}", format_datetime(START + n * HOUR), "In short.")
            for n in range(1, 5)
        ]
        site.pages |= {"/a": rss("A", *items[:2]), "/b": rss("B", *items[2:])}
        meters.round()
        assert meters.rows("SELECT count(*) FROM samples WHERE repeats") == [(4,)]
        assert meters.rows("SELECT count(*) FROM articles WHERE duplicate_of IS NOT NULL") == [(0,)]


def test_a_feed_that_turns_into_a_paywall_is_flagged(tmp_path: Path) -> None:
    """Ten whole articles, then teasers alone; a feed that sells every other article is as it always was."""
    with outlet() as site, outlet() as mixed, press(tmp_path, f"{site.origin}/feed", f"{mixed.origin}/feed") as here:
        for newest in (10, 16):
            publish(site, newest, set())
            publish(mixed, newest, set())
            for number in range(1, newest + 1):
                wall = f"<p>{words(number * 10, 25)} and so it was.</p><div>Subscribe now to continue reading.</div>"
                sold = ("text/html; charset=utf-8", around(number, wall))
                if number > 10:
                    site.pages[f"/posts/{number}/"] = sold
                if number % 2:
                    mixed.pages[f"/posts/{number}/"] = sold
            here.round()
            if newest == 10:
                assert here.flagged == []
        (reason,) = here.flagged
        assert "shorter than usual" in reason
        (kinds,) = here.rows("SELECT count(*) FROM articles WHERE kind = 'paywall'")
        assert kinds == (6 + 8,)

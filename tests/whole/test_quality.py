"""An outlet whose template breaks: every page yields the same notice, and then articles again."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from outlets import Outlet, outlet, rss
from program import Program

from aggregator.config import load
from aggregator.pipeline import opened

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
    body = (
        f"<p>{NOTICE}</p>"
        if broken
        else "".join(f"<p>{words(number * 10 + n, 60)} and so it was.</p>" for n in range(4))
    )
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
            assert row("SELECT count(*) FROM articles WHERE text LIKE 'In short%' AND state = 'feed_text'") == (4,)
            shown = Program(tmp_path).run("status", "--json").stdout
            assert [state["quality"] for state in json.loads(shown)] == [reason]
            assert "read badly" in Program(tmp_path).run("status").stderr
            for newest in (18, 19, 20):
                poll(newest, set())
            assert pipeline.store.quality.flagged() == {}
            poll(21, set())
            assert row("SELECT count(*) FROM articles WHERE state = 'scraped' AND text LIKE '%and so it was%'") == (21,)
            assert row("SELECT count(*) FROM samples WHERE repeats") == (0,)

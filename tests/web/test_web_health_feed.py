"""The feeds' health as a feed: valid, steady, escaped, and also among the files."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.desk_room import serving
from support.emit_rules import faults_of
from support.store_builders import NOW, Newsroom

from aggregator import emit
from aggregator.config.settings import Site
from aggregator.models import NotedEvent
from aggregator.store import Store

EVENTS = (
    NotedEvent(3, NOW, "broke", "Beta <b>has</b> broken\x00", "HTTP 500 ]]> & <script>", "Beta & Sons", "beta"),
    NotedEvent(2, NOW - timedelta(seconds=1), "idle", "No feed was polled for 3 days", "Polling rested."),
    NotedEvent(1, NOW - timedelta(days=2), "silent", "Alpha has fallen silent", "Usually every 5 h.", "Alpha", "alpha"),
)


def documents(events: tuple[NotedEvent, ...]) -> dict[str, bytes]:
    return {
        f"x.{kind}": emit.health(Site(base_url="https://news.example/"), events, kind)
        for kind in ("atom", "rss", "json")
    }


@pytest.mark.parametrize("events", [EVENTS, ()])
def test_valid_in_every_format(events: tuple[NotedEvent, ...]) -> None:
    """By the rules that all our feeds keep, with text that is made to break them, and with nothing to tell."""
    assert faults_of(documents(events)) == {}


def test_ids_and_dates_do_not_change_with_what_comes_later() -> None:
    """Each entry is the same, byte for byte, with more events before and fewer behind it; dates are unique and descend."""
    every = json.loads(documents(EVENTS)["x.json"])["items"]
    fewer = json.loads(documents(EVENTS[1:])["x.json"])["items"]
    assert every[1:] == fewer
    dates = [item["date_published"] for item in every]
    assert dates == sorted(set(dates), reverse=True)
    assert every[0]["id"] == "tag:news.example,2000:feed:/health:20260310T120000Z-3"
    assert every[0]["url"] == "https://news.example/sources/beta.html"


def test_the_server_tells_that_polling_rests_now(tmp_path: Path) -> None:
    """One entry while it lasts, the same at each look; then none."""
    with Store.open(tmp_path / "aggregator.db") as store:
        Newsroom(store).poll()

    def items(days: float) -> list[dict[str, Any]]:
        with serving(tmp_path, clock=lambda: NOW + timedelta(days=days)) as asking:
            found: list[dict[str, Any]] = asking("/health.json").json["items"]
            return found

    assert items(0.1) == []
    assert items(3) == items(4)
    assert [item["title"] for item in items(3)] == ["No feed is polled any more"]


def test_the_same_as_files(tmp_path: Path) -> None:
    """For those who serve the folder with another server; unchanged files are not written again."""
    emit.write_health(Site(), EVENTS, tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert before.keys() == {"health.atom", "health.rss", "health.json"}
    emit.write_health(Site(), EVENTS, tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert faults_of({path.name: path.read_bytes() for path in tmp_path.iterdir()}) == {}

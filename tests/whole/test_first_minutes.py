"""What the static front page says before there are posts, while a backlog is fetched, and without a network."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from support.outlets import Outlet, outlet, rss

from aggregator.config.settings import Config
from aggregator.models import Backlog, FeedEvent
from aggregator.pipeline.pipeline import Pipeline, Tally, opened
from aggregator.poll.health import OFFLINE, first_minutes

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
PAGE = "<html><title>{0}</title><article><h1>{0}</h1><p>{1}</p></article></html>"


def config(*urls: str) -> Config:
    return Config.model_validate({
        "network": {"allow": ["127.0.0.0/8"], "per_host_interval_s": 0.0},
        "feeds": [{"url": url, "name": f"Feed {number}"} for number, url in enumerate(urls, 1)],
    })  # fmt: skip


def note(out: Path) -> str:
    """The words between the marks, without tags."""
    page = (out / "index.html").read_text()
    found = re.search(r"<!-- under way -->(.*?)<!-- /under way -->", page, re.DOTALL)
    assert found
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[1])).split())


def publish(server: Outlet, path: str, posts: int) -> None:
    """A feed whose posts have pages."""
    items = []
    for number in range(posts):
        address = f"/post{path}-{number}"
        words = " ".join(f"{word}{number}" for word in ("a", "worm", "was", "seen", "in", "the", "wild") * 12)
        server.pages[address] = ("text/html", PAGE.format(f"Post {number} of {path}", words).encode())
        when = f"Tue, 10 Mar 2026 {number % 10:02}:00:00 +0000"
        items.append((server.origin + address, f"Post {number} of {path}", when, "A teaser."))
    server.pages[path] = rss("Press", *items)


def test_a_backlog_is_told_until_it_is_done(tmp_path: Path) -> None:
    """Feeds read, articles to fetch and done; then nothing."""
    with outlet() as server:
        publish(server, "/a", 25)
        publish(server, "/b", 3)
        with opened(config(f"{server.origin}/a", f"{server.origin}/b"), tmp_path, lambda: NOW) as pipeline:
            pipeline.emit(Tally())
            assert note(pipeline.out) == "Reading 2 feeds for the first time"
            tally = Tally()
            pipeline.poll(tally)
            pipeline.emit(tally)
            told = "The first posts are on their way 2 feeds read, 28 articles to fetch, 0 done."
            assert note(pipeline.out) == told
            pipeline.scrape(tally)
            pipeline.emit(tally)
            assert note(pipeline.out) == ""
            assert "Post 1 of /" in (pipeline.out / "index.html").read_text()


def test_feeds_that_are_empty_are_read(tmp_path: Path) -> None:
    """After the first poll nothing is being read for the first time any more."""
    with (
        outlet({"/a": rss("Empty")}) as server,
        opened(config(f"{server.origin}/a"), tmp_path, lambda: NOW) as pipeline,
    ):
        pipeline.round()
        assert note(pipeline.out) == "Nothing to show yet 1 feed read: none has an entry. The next poll looks again."


def test_a_network_that_is_down_is_the_heading(tmp_path: Path) -> None:
    """Until it is back."""

    def told(pipeline: Pipeline, kind: str) -> str:
        pipeline.store.record_event(FeedEvent(NOW, kind, kind, ""))
        pipeline.emit(Tally())
        return note(pipeline.out)

    with (
        outlet({"/a": rss("Empty")}) as server,
        opened(config(f"{server.origin}/a"), tmp_path, lambda: NOW) as pipeline,
    ):
        assert told(pipeline, "offline").startswith(f"{OFFLINE} The network seems to be down (for 0 s).")
        assert not told(pipeline, "online").startswith(OFFLINE)


@pytest.mark.parametrize(
    ("backlog", "heading", "words"),
    [
        (Backlog(), "No feeds yet", "`aggregator add` with a site's address adds the first one."),
        (Backlog(47, 12), "Reading 47 feeds for the first time", "12 of 47 feeds read."),
        (
            Backlog(47, 47, entries=True, pending=812, done=312, lately=200, lately_since=NOW - timedelta(minutes=4)),
            "The first posts are on their way",
            "47 feeds read, 812 articles to fetch, 312 done, 50 a minute.",
        ),
        (Backlog(1, 1, entries=True, posts=True, pending=19, done=9), "", ""),
        (
            Backlog(1, 1, entries=True, posts=True, pending=20, done=9),
            "Articles are being fetched",
            "1 feed read, 20 articles to fetch, 9 done.",
        ),
        (Backlog(2, 1, entries=True, posts=True), "", ""),
    ],
)
def test_how_far_it_is_in_words(backlog: Backlog, heading: str, words: str) -> None:
    """A site with posts is quiet about the few articles that always wait."""
    told = first_minutes(backlog, NOW)
    assert (told.heading, told.words) == (heading, words)

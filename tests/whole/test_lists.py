"""Lists of feeds that somebody else keeps: followed as they change, whatever becomes of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.outlets import Outlet, outlet, rss
from support.program import Program

from aggregator.config import load
from aggregator.config.settings import Config
from aggregator.models import FeedStatus
from aggregator.pipeline.lists import MAX_FEEDS, joined
from aggregator.pipeline.pipeline import Pipeline, opened
from aggregator.store import ListedFeed

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DATE = "Tue, 10 Mar 2026 09:00:00 GMT"
DAY = timedelta(days=1, minutes=1)


def opml(*outlines: str) -> tuple[str, bytes]:
    return "text/x-opml", f"<opml version='2.0'><body>{''.join(outlines)}</body></opml>".encode()


class Follower:
    """A process a round, over an own feed, `own`, and a list."""

    def __init__(self, folder: Path, site: Outlet, **options: Any) -> None:
        self.folder, self.site, self.now = folder, site, NOW
        for name in ("own", "a", "b"):
            site.pages[f"/{name}"] = rss(name, (f"{site.origin}/{name}/1", f"Post of {name}", DATE, "Text."))
        self.config = Config.model_validate(
            {
                "network": {"allow": ["127.0.0.0/8"], "per_host_interval_s": 0},
                "defaults": {"full_text": "never"},
                "feeds": [{"url": f"{site.origin}/own", "name": "Own", "tags": ["mine"]}],
                "lists": [{"url": f"{site.origin}/list", "tags": ["theirs"], "media": "strip", **options}],
            }
        )

    def line(self, name: str, title: str = "") -> str:
        return f"<outline text='{title or name.upper()}' xmlUrl='{self.site.origin}/{name}'/>"

    def round(self, *, after: timedelta = DAY) -> dict[str, tuple[str, ...]]:
        """One round; the feeds that are followed after it, with their tags."""
        self.now += after
        with opened(self.config, self.folder, lambda: self.now) as pipeline:
            pipeline.round()
            self.seen(pipeline)
            return {state.name: state.tags for state in pipeline.store.feeds()}

    def seen(self, pipeline: Pipeline) -> None:
        states = {state.name: state for state in pipeline.store.feeds(unconfigured=True)}
        self.entries = {name: state.entries for name, state in states.items()}
        self.media = {name: pipeline.options(state).media for name, state in states.items()}
        self.errors = [state.error for state in pipeline.store.lists.states().values()]


def test_feeds_of_a_list_are_followed_with_its_options(tmp_path: Path) -> None:
    """Folders become tags beside the list's own; what feeds.yaml names itself stays as it is there."""
    with outlet() as site:
        desk = Follower(tmp_path, site)
        site.pages["/list"] = opml(desk.line("own", "Stolen"), f"<outline text='Wire'>{desk.line('a')}</outline>")
        assert desk.round() == {"A": ("theirs", "Wire"), "Own": ("mine",)}
        assert desk.entries == {"A": 1, "Own": 1}
        assert desk.media == {"A": "strip", "Own": "link"}


def test_feed_that_leaves_its_list_is_polled_no_more_and_nothing_is_deleted(tmp_path: Path) -> None:
    """As when it is taken out of feeds.yaml; it comes back as the same feed."""
    with outlet() as site:
        desk = Follower(tmp_path, site)
        site.pages["/list"] = opml(desk.line("a"), desk.line("b"))
        assert desk.round().keys() == {"A", "B", "Own"}
        site.pages["/list"] = opml(desk.line("b"))
        site.asked.clear()
        assert desk.round().keys() == {"B", "Own"}
        assert "/a" not in site.asked
        assert desk.entries["A"] == 1
        site.pages["/list"] = opml(desk.line("a"))
        assert desk.round().keys() == {"A", "Own"}
        assert desk.entries == {"A": 1, "B": 1, "Own": 1}


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, b"", "500"),
        (410, b"", "410"),
        (200, b"", "not OPML"),
        (200, b"<html><body>Down for maintenance</body></html>", "not OPML"),
        (200, b"<opml><body></body></opml>", "names no feed"),
        (200, b"<!DOCTYPE opml [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><opml><body/></opml>", "refused"),
    ],
)
def test_a13_list_that_breaks_keeps_the_feeds_that_it_had(tmp_path: Path, status: int, body: bytes, words: str) -> None:
    """Whatever comes in its place, also after a restart; and it is asked again later."""
    with outlet() as site:
        desk = Follower(tmp_path, site)
        site.pages["/list"] = opml(desk.line("a"))
        desk.round()
        site.pages["/list"] = lambda: (status, "text/xml", body)
        assert desk.round().keys() == {"A", "Own"}
        assert words in (desk.errors[0] or "")
        asked = site.asked.count("/list")
        desk.round(after=timedelta(minutes=5))
        assert site.asked.count("/list") == asked
        site.pages["/list"] = opml(desk.line("b"))
        assert desk.round(after=timedelta(days=8)).keys() == {"B", "Own"}
        assert desk.errors == [None]


def test_list_is_asked_for_conditionally_and_only_when_it_is_due(tmp_path: Path) -> None:
    """A list that has not changed costs its keeper next to nothing."""
    with outlet() as site:
        desk = Follower(tmp_path, site, refresh="6h")
        site.pages["/list"] = opml(desk.line("a"))
        site.headers["/list"] = [("ETag", '"1"')]
        desk.round()
        desk.round(after=timedelta(hours=5))
        assert site.asked.count("/list") == 1
        site.pages["/list"] = lambda: (304, "text/xml", b"")
        assert desk.round(after=timedelta(hours=2)).keys() == {"A", "Own"}
        assert (site.asked.count("/list"), desk.errors) == (2, [None])


def test_list_whose_server_answers_304_whatever_changes_is_read_within_days(tmp_path: Path) -> None:
    """Now and then the whole list is asked for; in between the request is conditional."""
    with outlet() as site:
        desk = Follower(tmp_path, site)
        site.pages["/list"] = opml(desk.line("a"))
        site.headers["/list"] = [("ETag", '"1"')]
        desk.round()
        conditional: list[bool] = []

        def stale() -> tuple[int, str, bytes]:
            conditional.append("If-None-Match" in site.received["/list"])
            return (304, "text/xml", b"") if conditional[-1] else (200, *opml(desk.line("b")))

        site.pages["/list"] = stale
        for _ in range(6):
            followed = desk.round()
        assert followed.keys() == {"B", "Own"}
        assert conditional.count(False) in (1, 2)


def test_list_that_is_taken_out_of_the_configuration_takes_its_feeds_along(tmp_path: Path) -> None:
    """And a list that is paused keeps them, and is asked for no more."""
    with outlet() as site:
        desk = Follower(tmp_path, site)
        site.pages["/list"] = opml(desk.line("a"))
        desk.round()
        paused = desk.config.lists[0].model_copy(update={"paused": True})
        desk.config = desk.config.model_copy(update={"lists": (paused,)})
        assert desk.round().keys() == {"A", "Own"}
        assert site.asked.count("/list") == 1
        desk.config = desk.config.model_copy(update={"lists": ()})
        assert desk.round().keys() == {"Own"}


def test_a38_list_can_not_take_the_place_of_a_stored_feed_by_its_name(tmp_path: Path) -> None:
    """A name identifies what the operator configured; what a list says is a label."""
    with outlet() as site:
        desk = Follower(tmp_path, site)
        site.pages["/list"] = opml(desk.line("b"))
        desk.round()
        site.pages["/list"] = opml(desk.line("a", "B"), desk.line("b", "Own"))
        assert desk.round().keys() == {"B", "Own", "Own (127.0.0.1)"}
        with opened(desk.config, tmp_path, lambda: desk.now) as pipeline:
            urls = {state.url: state.entries for state in pipeline.store.feeds()}
        assert urls == {f"{site.origin}/{name}": 1 for name in ("own", "a", "b")}


def test_list_brings_a_bounded_number_of_feeds_and_no_lists(tmp_path: Path) -> None:
    """Hostile or careless, a list does not fill the disk."""
    with outlet() as site:
        desk = Follower(tmp_path, site, paused=False)
        many = "".join(f"<outline text='{n}' xmlUrl='http://10.0.0.1/{n}'/>" for n in range(MAX_FEEDS + 7))
        include = f"<outline text='More' type='include' url='{site.origin}/more.opml'/>"
        site.pages["/list"] = opml(include, many)
        with opened(desk.config, tmp_path, lambda: NOW) as pipeline:
            pipeline.follow_lists()
            assert len(pipeline.store.feeds()) == MAX_FEEDS + 1
            assert all(state.status is FeedStatus.OK for state in pipeline.store.feeds())
        assert site.asked == ["/list"]


def test_config_is_as_it_was_where_lists_bring_nothing_new() -> None:
    """An address in another spelling is the same feed."""
    given = {"feeds": [{"url": "https://a.example/feed"}], "lists": [{"url": "https://l.example/"}]}
    config = Config.model_validate(given)
    assert joined(config, {}) is config
    assert joined(config, {"https://l.example/": (ListedFeed("http://a.example/feed/"),)}) is config


def test_commands_show_where_a_feed_comes_from(tmp_path: Path) -> None:
    """`status` names the list, `check` counts them, `export-opml` has their feeds; secrets stay inside."""
    program = Program(tmp_path)
    with outlet() as site:
        desk = Follower(tmp_path / "unused", site)
        site.pages["/list?token=hunter2hunter2"] = opml(desk.line("a"))
        program.configure(
            f"network: {{allow: [127.0.0.0/8], per_host_interval_s: 0}}\ndefaults: {{full_text: never}}\n"
            f"feeds:\n  - url: {site.origin}/own\n"
            f"lists:\n  - url: {site.origin}/list?token=hunter2hunter2\n    tags: [theirs]\n"
        )
        assert "1 feed, 0 tags, 1 list" in program.run("check").stderr
        assert program.run("poll").returncode == 0
        shown = {feed["name"]: feed["list"] for feed in json.loads(program.run("status", "--json").stdout)}
        assert shown == {"own": None, "A": f"{site.origin}/list?token=REDACTED"}
        assert "hunter2" not in program.run("status").stderr
        assert f"{site.origin}/a" in program.run("export-opml").stdout
    assert len(load(program.config).lists) == 1


def test_feeds_of_a_list_go_by_their_names_and_lists_that_fail_are_named(tmp_path: Path) -> None:
    """`doctor`, `export-opml` and `remove` know what `status` shows; a list that was never read is no secret."""
    program = Program(tmp_path)
    with outlet() as site:
        site.pages["/a"] = rss("a", (f"{site.origin}/a/1", "Post of a", DATE, "Text."))
        site.pages["/list"] = opml(f"<outline text='The A' xmlUrl='{site.origin}/a'/>")
        site.pages["/page"] = "text/html", b"<html>no list</html>"
        program.configure(
            f"""
network: {{allow: [127.0.0.0/8], per_host_interval_s: 0}}
defaults: {{full_text: never}}
lists:
  - {{url: "{site.origin}/list", name: team}}
  - {{url: "{site.origin}/page", name: wrong}}
"""
        )
        polled = program.run("poll")
        assert polled.returncode == 0
        assert "error: the list wrong: this is not OPML" in polled.stderr
        assert "the list wrong" not in program.run("poll").stderr  # it was not asked for again
        assert "the list wrong: this is not OPML" in program.run("status").stderr
        assert 'text="The A"' in program.run("export-opml").stdout
        assert program.run("doctor", "the a").returncode == 0
        refused = program.run("remove", "The A")
        assert (refused.returncode, "comes from the list team: take it out there" in refused.stderr) == (2, True)
        program.configure(program.config.read_text("utf-8").replace("wrong", "renamed").replace("/page", "/none"))
        assert "error:" not in program.run("status").stderr

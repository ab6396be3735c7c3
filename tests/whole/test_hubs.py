"""WebSub as a publisher: hubs hear of every document that changed, once, whatever happens meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.hub import Hub, hub
from support.outlets import Outlet, outlet, rss

from aggregator.config.settings import Config
from aggregator.pipeline.pipeline import opened
from aggregator.pipeline.websub import may_reach_us

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DATE = "Tue, 10 Mar 2026 09:00:00 GMT"


class Newsdesk:
    """A pipeline over one feed without pages, whose clock a test moves."""

    def __init__(self, folder: Path, site: Outlet, told: Hub, **network: Any) -> None:
        self.folder, self.site, self.now = folder, site, NOW
        self.config = Config.model_validate(
            {
                "site": {"base_url": "http://127.0.0.1:8080/", "hubs": [told.url]},
                "network": {"allow": ["127.0.0.0/8"], "per_host_interval_s": 0, **network},
                "defaults": {"full_text": "never"},
                "feeds": [{"url": f"{site.origin}/feed", "name": "Wire", "tags": ["news"]}],
            }
        )

    def post(self, *names: str) -> None:
        items = [(f"{self.site.origin}/{name}", name, DATE, f"About {name}.") for name in names]
        self.site.pages["/feed"] = rss("Wire", *items)

    def round(self, *, after: timedelta = timedelta(0)) -> None:
        """One round of a process that begins and ends with it."""
        self.now += after
        with opened(self.config, self.folder, lambda: self.now) as pipeline:
            pipeline.round(force=True)


def topics(form: list[tuple[str, str]]) -> list[str]:
    return [value.removeprefix("http://127.0.0.1:8080/") for name, value in form if name == "hub.url"]


ALL = sorted(f"{stem}.{kind}" for stem in ("feed", "sources/wire", "tags/news") for kind in ("atom", "rss", "json"))


def test_hub_hears_once_of_all_documents_that_a_round_has_changed(tmp_path: Path) -> None:
    """One request for many documents; a round that changes nothing says nothing."""
    with outlet() as site, hub() as told:
        desk = Newsdesk(tmp_path, site, told)
        desk.post("worm")
        desk.round()
        assert [sorted(topics(form)) for form in told.asked] == [ALL]
        assert told.asked[0][0] == ("hub.mode", "publish")
        desk.round(after=timedelta(hours=1))
        assert len(told.asked) == 1
        desk.post("worm", "patch")
        desk.round(after=timedelta(hours=1))
        assert [sorted(topics(form)) for form in told.asked[1:]] == [ALL]


def test_hub_that_is_down_is_told_later_and_a_restart_forgets_nothing(tmp_path: Path) -> None:
    """Each round here is a new process: what is still to be told stands in the database; the wait grows."""
    with outlet() as site, hub() as told:
        desk = Newsdesk(tmp_path, site, told)
        desk.post("worm")
        told.status = 500
        desk.round()
        desk.round(after=timedelta(seconds=30))
        assert len(told.asked) == 1
        desk.round(after=timedelta(minutes=5))
        assert len(told.asked) == 2
        told.status = 204
        desk.round(after=timedelta(hours=1))
        desk.round(after=timedelta(hours=1))
        assert [sorted(topics(form)) for form in told.asked] == [ALL] * 3


def test_what_was_written_and_not_noted_is_told_after_a_restart(tmp_path: Path) -> None:
    """A crash between writing documents and noting them costs nothing."""
    with outlet() as site, hub() as told:
        desk = Newsdesk(tmp_path, site, told)
        desk.post("worm")
        desk.round()
        (tmp_path / "public" / "feed.atom").write_bytes(b"<feed/>")
        desk.round()
        assert topics(told.asked[-1]) == ["feed.atom"]


@pytest.mark.parametrize(
    ("base", "allow", "may"),
    [
        ("https://news.acme.org/", [], True),
        ("http://8.8.8.8/", [], True),
        ("http://127.0.0.1:8080/", [], False),
        ("http://localhost/", [], False),
        ("http://feeds/", [], False),
        ("http://news.internal/", [], False),
        ("http://10.1.2.3/", ["10.0.0.0/8"], False),
        ("http://feeds/", ["hub.acme.org"], True),
    ],
)
def test_nobody_is_told_of_a_site_that_nobody_can_reach(base: str, allow: list[str], may: bool) -> None:
    """Unless the operator has named the hub: both are inside, then."""
    given = {"site": {"base_url": base}, "network": {"allow": allow}, "feeds": [{"url": "https://a.example/"}]}
    assert may_reach_us(Config.model_validate(given), "https://hub.acme.org/") is may

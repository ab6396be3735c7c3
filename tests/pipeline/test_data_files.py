"""Data files from the network: taken whole or refused by name, asked for politely, and reported when they grow old."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.outlets import Outlet, outlet

from aggregator.config import load
from aggregator.pipeline import data_files
from aggregator.pipeline.data_files import data_troubles, database
from aggregator.pipeline.pipeline import Pipeline, opened
from aggregator.store.intel_data import DataFile, IntelData

KEV = "/kev.json"


def kev(*numbers: int) -> bytes:
    rows = [
        {
            "cveID": f"CVE-2026-{number}",
            "vendorProject": "V",
            "product": "P",
            "vulnerabilityName": "N",
            "dateAdded": "2026-03-01",
        }
        for number in numbers
    ]
    return json.dumps({"catalogVersion": "1", "count": len(rows), "vulnerabilities": rows}).encode()


class Desk:
    """A pipeline that fetches KEV alone, from loopback, at a time of the test's own."""

    def __init__(self, pipeline: Pipeline, site: Outlet, folder: Path, moment: list[datetime]) -> None:
        self.pipeline, self.site, self.data, self._moment = pipeline, site, folder / "data", moment

    def serve(self, body: bytes, *, status: int = 200, kind: str = "application/json") -> None:
        self.site.pages[KEV] = lambda: (status, kind, body)

    def fetch(self, after: timedelta = timedelta()) -> str | None:
        self._moment[0] += after
        ((_, error),) = self.pipeline.update_data(("kev",), force=True)
        return error

    def known(self) -> set[str]:
        with IntelData.open(database(self.data), read_only=True) as stored:
            return set(stored.kev())

    def file(self) -> DataFile:
        with IntelData.open(database(self.data), read_only=True) as stored:
            return next(one for one in stored.files() if one.name == "kev")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    moment = [datetime(2026, 3, 10, 12, tzinfo=UTC)]
    with outlet() as site:
        (tmp_path / "feeds.yaml").write_text(
            "network: {allow: [127.0.0.1], per_host_interval_s: 0}\nfeeds: []\n"
            f"intel: {{files: {{kev: '{site.origin}{KEV}', epss: false, attack: false, cves: false, warninglists: false,"
            " galaxies: false}}\n",
            "utf-8",
        )
        with opened(load(tmp_path / "feeds.yaml"), tmp_path / "data", lambda: moment[0]) as pipeline:
            yield Desk(pipeline, site, tmp_path, moment)


def test_a_file_is_fetched_conditionally(desk: Desk) -> None:
    """A 304 makes it young again; nothing is read."""
    desk.serve(kev(1000, 1001))
    desk.site.headers[KEV] = [("ETag", '"one"')]
    assert desk.fetch() is None
    assert desk.known() == {"CVE-2026-1000", "CVE-2026-1001"}
    desk.serve(b"", status=304)
    assert desk.fetch(timedelta(hours=6)) is None
    assert desk.site.received[KEV]["If-None-Match"] == '"one"'
    assert (desk.file().fetched_at, desk.file().error) == (datetime(2026, 3, 10, 18, tzinfo=UTC), None)
    assert len(desk.known()) == 2


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<!doctype html><title>Sign in</title>", "text/html"),
        (kev(1, 2)[:-20], "application/json"),
        (b'{"catalogVersion": "1", "count": 5, "vulnerabilities": []}', "application/json"),
        (b"[" * 100_000, "application/json"),
    ],
)
def test_a_bad_file_is_refused_and_what_was_known_stays(desk: Desk, body: bytes, kind: str) -> None:
    desk.serve(kev(1000))
    desk.fetch()
    desk.serve(body, kind=kind)
    assert "kev" in (desk.fetch(timedelta(hours=6)) or "")
    assert desk.known() == {"CVE-2026-1000"}
    assert list(data_troubles(desk.data, datetime(2026, 3, 10, 18, tzinfo=UTC)))
    assert not [path for path in (desk.data / "intel").iterdir() if path.name.startswith(".")]


def test_a_file_half_as_long_is_taken_on_a_second_day(desk: Desk) -> None:
    desk.serve(kev(*range(1000, 1010)))
    desk.fetch()
    desk.serve(kev(1000, 1001))
    assert "tomorrow" in (desk.fetch(timedelta(hours=1)) or "")
    assert "tomorrow" in (desk.fetch(timedelta(hours=1)) or "")
    assert len(desk.known()) == 10
    assert desk.fetch(timedelta(days=1)) is None
    assert len(desk.known()) == 2


def test_a_file_that_kills_its_worker_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its worker alone; the next one that is good is taken."""
    desk.serve(kev(1000))
    desk.fetch()
    monkeypatch.setattr(data_files, "LOAD_TIMEOUT_S", 0.05)
    desk.serve(kev(*range(1000, 30000)))
    assert "processor time" in (desk.fetch(timedelta(hours=6)) or "")
    assert desk.known() == {"CVE-2026-1000"}
    monkeypatch.undo()
    assert desk.fetch(timedelta(hours=6)) is None


def test_an_old_file_is_reported_once(desk: Desk) -> None:
    """In the feed of the feeds' health, when it has not come for three times its interval."""
    desk.serve(kev(1000))
    desk.fetch()
    desk.serve(b"", status=503)
    for _ in range(6):
        desk.fetch(timedelta(hours=6))
    events = desk.pipeline.store.queries.events(10)
    assert [(event.kind, event.title) for event in events] == [("data", "The data file kev is old")]
    assert "503" in events[0].words

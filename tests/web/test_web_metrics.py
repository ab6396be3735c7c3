"""Figures for Prometheus: what is there, that it is documented, and that no name from outside is a label."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.desk_room import serving
from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.models import FeedStatus, PollOutcome, PollResult
from aggregator.store import Store

DAY = timedelta(days=1)
OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"


def families(asking: Any) -> dict[str, Any]:
    answer = asking("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(found: dict[str, Any], name: str, **labels: str) -> float:
    (sample,) = [sample for sample in found[name].samples if sample.labels == labels]
    return float(sample.value)


def test_every_metric_is_documented(ask: Any) -> None:
    """Each name that `/metrics` gives stands in docs/operating.md, and none stands there that it does not give."""
    ask("/")
    given = {name for name in families(ask) if name.startswith("aggregator_")}
    told = set(re.findall(r"`(aggregator_\w+)`", OPERATING.read_text("utf-8")))
    assert {name.removesuffix("_total") for name in told} == given


def test_the_figures_are_those_of_the_database(ask: Any) -> None:
    """Feeds by condition, polls, articles, posts."""
    found = families(ask)
    assert value(found, "aggregator_up") == 1
    assert value(found, "aggregator_feeds", condition="ok") == 3
    assert value(found, "aggregator_polls_last_day", result="changed") == 3
    assert value(found, "aggregator_articles", state="scraped") == 5
    assert value(found, "aggregator_posts") == 5
    assert value(found, "aggregator_database_bytes") > 10_000


def test_requests_are_counted_by_area_not_by_path(filled: Path) -> None:
    """A thousand different paths make no new series."""
    with serving(filled) as asking:
        for path in ("/search?q=a", "/search?q=b", "/search.atom", "/feed.atom", "/x/y", "/z", "/api/tags", "/apix"):
            asking(path)
        found = families(asking)
    counted = {
        (s.labels["area"], s.labels["status"]): s.value
        for s in found["aggregator_http_requests"].samples
        if s.name.endswith("_total")
    }
    assert counted == {("search", "200"): 3, ("feeds", "200"): 1, ("mirror", "404"): 3, ("api", "200"): 1}


def test_without_a_database_it_says_so(tmp_path: Path) -> None:
    """`aggregator_up` is 0, and there is an answer."""
    with serving(tmp_path) as asking:
        (tmp_path / "aggregator.db").unlink()
        found = families(asking)
    assert value(found, "aggregator_up") == 0
    assert "aggregator_feeds" not in found


def test_ready_names_each_check(ask: Any, tmp_path: Path) -> None:
    """All well: 200; no poll yet: 503, with the reason."""
    assert ask("/ready").json == {
        "ready": True, "checks": {"database": "ok", "rounds": "ok", "network": "ok", "output": "ok", "disk": "ok"},
    }  # fmt: skip
    with serving(tmp_path) as asking:
        answer = asking("/ready")
    assert answer.status == 503
    assert answer.json["checks"]["rounds"] == "no feed has been polled yet"


def test_feeds_that_are_not_polled_are_not_late(tmp_path: Path) -> None:
    """One that is paused or gone waits for nothing: neither `/ready` nor the lateness speaks of it."""
    with Store.open(tmp_path / "aggregator.db") as store:
        room = Newsroom(store, "Alpha", "Beta")
        for name in ("Alpha", "Beta"):
            room.poll(entry("one", f"{name.lower()}.example"), feed=name)
        due = {"Alpha": NOW + 2 * DAY, "Beta": NOW + HOUR}
        for name, next_poll in due.items():
            state = replace(room.feed(name), last_poll=NOW, last_success=NOW, next_poll=next_poll)
            if name == "Beta":
                state = replace(state, status=FeedStatus.GONE)
            store.save_poll(PollOutcome(state, PollResult.NOT_MODIFIED, NOW, 304))
    with serving(tmp_path, clock=lambda: NOW + DAY) as asking:
        assert asking("/ready").json["checks"]["rounds"] == "ok"
        assert value(families(asking), "aggregator_poll_lateness_seconds") == 0


def test_ready_says_when_the_disk_is_nearly_full(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the next round fails on it, and with what is left."""
    with serving(filled) as asking:
        for free, words in ((150 * 2**20, "only 150 MB are free"), (200 * 2**20, "ok")):
            monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
            answer = asking("/ready")
            assert answer.json["checks"]["disk"] == words
            assert answer.status == (200 if words == "ok" else 503)


def test_ready_says_when_nothing_was_put_out(filled: Path, tmp_path: Path) -> None:
    """Posts there are, and no output: the folder is gone, or could never be written."""
    (tmp_path / "aggregator.db").write_bytes((filled / "aggregator.db").read_bytes())
    with serving(tmp_path) as asking:
        assert asking("/ready").json["checks"]["output"] == "nothing has been put out"

"""`aggregator demo`: where its result is served, and how it says where to look."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.cli import demo
from aggregator.config.settings import Config
from aggregator.demo import Press
from aggregator.pipeline.data_files import database
from aggregator.store.intel_data import IntelData


def test_the_demo_serves_on_the_port_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its links lead there, too; and what it says to look at is short enough for a terminal."""
    served: list[Config] = []
    monkeypatch.setenv("AGGREGATOR_PORT", "18123")
    monkeypatch.setattr(Press, "rounds", 0)
    monkeypatch.setattr(demo, "_serve", lambda config, _: served.append(config))
    demo.demo(tmp_path / "demo", serve=True)
    (config,) = served
    with IntelData.open(database(tmp_path / "demo" / "data"), read_only=True) as stored:
        assert {one.name: one.error for one in stored.files()} == dict.fromkeys(("kev", "epss", "attack", "cves"))
    assert not any(getattr(config.intel.files, name) for name in ("kev", "epss", "attack", "cves", "galaxies"))
    assert (config.server.port, config.site.base_url) == (18123, "http://127.0.0.1:18123/")
    where = capsys.readouterr().err.partition("Where to look:\n")[2].splitlines()
    assert where[0] == f"  cd {tmp_path / 'demo'}"
    assert "  the combined feed  data/public/feed.atom" in where
    assert not [line for line in where[1:] if str(tmp_path) in line]

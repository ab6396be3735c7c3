"""The whole program, run once over the imaginary press, for all tests that look at what came of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.mirroredpress import NOW, Mirrored, rows

from aggregator.config import load
from aggregator.demo import Press
from aggregator.pipeline.pipeline import opened


@pytest.fixture(scope="session")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    """The press polled in all its rounds, and once more with nothing new."""
    folder = tmp_path_factory.mktemp("mirrored")
    with Press(NOW, slow_s=0.2) as press:
        (folder / "feeds.yaml").write_text(press.config_text("http://mirror.example/"), "utf-8")
        config = load(folder / "feeds.yaml")
        tallies = []
        with opened(config, folder / "data", lambda: NOW) as pipeline:
            for number in range(1, press.rounds + 1):
                press.publish(number)
                tallies.append(pipeline.round(force=True))
            requests = press.requests
            before = rows(folder / "data")
            press.forget_requests()
            again = pipeline.round(force=True)
            yield Mirrored(folder / "data", tallies, press.expected(), requests, again, press.requests, before)

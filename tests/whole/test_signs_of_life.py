"""A job that works hard and has nothing to show for it is not taken for one that is stuck."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from support.outlets import outlet, rss

from aggregator.config.settings import Config
from aggregator.models.errors import EmitError
from aggregator.pipeline.pipeline import Pipeline, Tally, no_progress, opened

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DATE = "Tue, 10 Mar 2026 11:00:00 +0000"


def article(number: int) -> bytes:
    chance = random.Random(number)
    words = [["".join(chance.choices("abcdefghij", k=6)) for _ in range(30)] for _ in range(5)]
    text = "".join(f"<p>{' '.join(some)}.</p>" for some in words)
    return f"<html><head><title>T {number}</title></head><body><article>{text}</article></body></html>".encode()


def test_pages_that_fail_and_pages_fetched_again_are_signs_of_life(tmp_path: Path) -> None:
    """Each page is one: a slow host with many of them takes longer than a supervisor waits for a sign."""
    with outlet() as server:
        good, lost = [f"{server.origin}/{n}" for n in range(4)], [f"{server.origin}/lost/{n}" for n in range(16)]
        server.pages["/feed"] = rss("F", *((url, url[-6:], DATE, "x") for url in (*good, *lost)))
        for number in range(4):
            server.pages[f"/{number}"] = ("text/html", article(number))
        network = {"allow": ["127.0.0.0/8"], "per_host_interval_s": 0}
        feeds = [{"url": f"{server.origin}/feed", "name": "F"}]
        config, clock = Config.model_validate({"network": network, "feeds": feeds}), [NOW]
        with opened(config, tmp_path, lambda: clock[0]) as pipeline:
            signs: list[int] = []
            pipeline.alive = lambda stage: signs.append(len(server.asked)) if stage == "scrape" else None
            pipeline.poll(Tally())
            for _ in range(2):
                signs.clear()
                before = len(server.asked)
                pipeline.scrape(Tally())
                assert len(server.asked) >= before + 4
                assert max(after - sign for sign, after in pairwise([before, *signs, len(server.asked)])) < 8
                clock[0] += timedelta(hours=12)
            stops_amid_a_build(pipeline)


def stops_amid_a_build(pipeline: Pipeline) -> None:
    """Told to stop, a build ends at its next page and leaves nothing half made; the next one makes up for it."""
    pipeline.progress = lambda *_: pipeline.stopping.set()
    with pytest.raises(EmitError, match="stopped"):
        pipeline.emit(Tally())
    assert not list(pipeline.out.rglob(".*.new"))
    assert not (pipeline.out / "feed.json").exists()
    pipeline.stopping.clear()
    pipeline.progress = no_progress
    pipeline.emit(Tally())
    assert (pipeline.out / "feed.json").exists()

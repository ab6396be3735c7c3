"""A machine that slept: every feed is due at once, and still no host is asked faster than at any other time."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.outlets import outlet, rss

from aggregator.config.settings import Config
from aggregator.pipeline.pipeline import Tally, opened

NOW = datetime(2026, 3, 10, 22, 0, tzinfo=UTC)
HOSTS, FEEDS_A_HOST = 8, 50
INTERVAL_S, THREADS = 0.02, 4


class Watched:
    """Answers with a feed, and notes when each host was asked, and how many requests were under way at most."""

    def __init__(self) -> None:
        self.at: defaultdict[str, list[float]] = defaultdict(list)
        self.most = self._now = 0
        self._lock = threading.Lock()

    def page(self, host: str) -> tuple[int, str, bytes]:
        with self._lock:
            self.at[host].append(time.monotonic())
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.001)
        with self._lock:
            self._now -= 1
        kind, body = rss(host)
        return 200, kind, body


def test_hundreds_of_feeds_due_at_once_are_no_stampede(tmp_path: Path) -> None:
    """`threads` and the spacing of each host bound what a night's worth of due feeds asks; each is asked once."""
    watched, clock = Watched(), [NOW]
    with ExitStack() as stack:
        feeds = []
        for number in range(2, HOSTS + 2):
            server = stack.enter_context(outlet(host=f"127.0.0.{number}"))
            for feed in range(FEEDS_A_HOST):
                server.pages[f"/{feed}"] = lambda host=server.origin: watched.page(host)
                feeds.append({"url": f"{server.origin}/{feed}", "name": f"{number}-{feed}"})
        network = {"allow": ["127.0.0.0/8"], "per_host_interval_s": INTERVAL_S, "threads": THREADS}
        config = Config.model_validate({"network": network, "feeds": feeds})
        with opened(config, tmp_path, lambda: clock[0]) as pipeline:
            with pipeline.store.transaction():  # as the evening before has left them
                pipeline.store._session._sql.execute(
                    "UPDATE feeds SET last_poll = ?, next_poll = ?", ("2026-03-10T21:00:00Z", "2026-03-10T22:30:00Z")
                )
            assert pipeline.store.due(clock[0]) == ()
            clock[0] += timedelta(hours=9)
            assert len(pipeline.store.due(clock[0])) == HOSTS * FEEDS_A_HOST
            tally = Tally()
            pipeline.poll(tally)
            assert (tally.polled, tally.failed) == (HOSTS * FEEDS_A_HOST, 0)
            assert pipeline.store.due(clock[0]) == ()
    assert watched.most <= THREADS
    for times in watched.at.values():
        assert len(times) == FEEDS_A_HOST
        assert max(times) - min(times) > 0.9 * INTERVAL_S * (
            FEEDS_A_HOST - 1
        )  # gap by gap, a busy machine shows others

"""When things run: APScheduler jobs around the pipeline, and the signals that end or reload them. No logic of its own.

    poll     every POLL_EVERY: what is due
    scrape   every SCRAPE_EVERY: what waits for its page, then the output
    emit     every EMIT_EVERY: what else is ready (an entry that has waited long enough for its page)

A job that is still running when its turn comes again is passed over, and turns missed in a suspended or stopped
machine are run once: there is no stampede. SIGTERM and SIGINT end the daemon within seconds; SIGHUP reads feeds.yaml
again and keeps the old configuration when the new one has a mistake.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime
from types import FrameType
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from aggregator.errors import AggregatorError, StoreError
from aggregator.pipeline import Pipeline, Tally
from aggregator.settings import Config

POLL_EVERY = 5
SCRAPE_EVERY = 3
EMIT_EVERY = 10
"""Seconds between two looks at what is due; a look that finds nothing costs one query."""

LOOK_S = 0.1
"""Seconds between two looks at what a signal has asked for; handlers only leave a note."""

STOP_WAIT_S = 4.0
"""Seconds that running jobs are given to come to their next safe point."""

log = structlog.get_logger()


class Daemon:
    """Runs a pipeline on a schedule until it is told to stop."""

    def __init__(self, pipeline: Pipeline, read_config: Callable[[], Config]) -> None:
        self._pipeline = pipeline
        self._read_config = read_config
        self._stop = False
        self._reload = False
        self._emitting = threading.Lock()
        self._scheduler = BackgroundScheduler(timezone="UTC")

    def run(self) -> None:
        """Block until SIGTERM or SIGINT (or `stop`)."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        now = self._pipeline.clock()
        for work, seconds in ((self._poll, POLL_EVERY), (self._scrape, SCRAPE_EVERY), (self._emit, EMIT_EVERY)):
            self._add(work, seconds, now)
        self._scheduler.start()
        try:
            while not self._stop:
                time.sleep(LOOK_S)
                if self._reload:
                    self._reload = False
                    self.reload()
        finally:
            self._finish()

    def stop(self) -> None:
        """End `run`; safe from any thread and from a signal handler."""
        self._stop = True

    def reload(self) -> None:
        """Take up feeds.yaml as it is now; a mistake in it is logged, and the old configuration stays."""
        try:
            config = self._read_config()
            self._pipeline.store.sync_feeds(config, self._pipeline.clock())
        except AggregatorError as error:
            log.error("configuration not reloaded", error=str(error))  # noqa: TRY400 - no bug of ours
            return
        self._pipeline.config = config
        log.info("configuration reloaded", feeds=len(config.feeds))

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._reload = True
        else:
            self.stop()

    def _add(self, work: Callable[[], Any], seconds: int, now: datetime) -> None:
        self._scheduler.add_job(
            self._guarded,
            IntervalTrigger(seconds=seconds, timezone="UTC"),
            args=(work,),
            id=work.__name__.strip("_"),
            next_run_time=now,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )

    def _guarded(self, work: Callable[[], Any]) -> None:
        """One run of a job: a failure is logged, and the next turn tries again."""
        try:
            work()
        except AggregatorError as error:
            if not self._pipeline.stopping.is_set():
                level = log.error if isinstance(error, StoreError) else log.warning
                level("stopped early", job=work.__name__.strip("_"), error=str(error))
        except Exception:
            if not self._pipeline.stopping.is_set():
                log.exception("bug", job=work.__name__.strip("_"))

    def _poll(self) -> None:
        tally = Tally()
        self._pipeline.poll(tally)
        if tally.polled:
            log.info("polled", feeds=tally.polled, unchanged=tally.unchanged, failed=tally.failed, new=tally.new)

    def _scrape(self) -> None:
        tally = Tally()
        self._pipeline.scrape(tally)
        if tally.scraped or tally.unscraped or tally.images:
            log.info("scraped", articles=tally.scraped, failed=tally.unscraped, images=tally.images)
            self._emit()

    def _emit(self) -> None:
        tally = Tally()
        with self._emitting:
            self._pipeline.emit(tally)
        if tally.published or tally.built.written:
            log.info("emitted", posts=tally.published, files=tally.built.written)

    def _finish(self) -> None:
        """Cut what is under way short, and give the jobs a moment to see it; what is left is done again next time."""
        self._pipeline.stop()
        ended = threading.Thread(target=self._scheduler.shutdown, kwargs={"wait": True}, daemon=True)
        ended.start()
        ended.join(STOP_WAIT_S)
        log.info("stopped")

"""When things run: APScheduler jobs around the pipeline, and the signals that end or reload them. No logic of its own.

    poll     every POLL_EVERY: what is due
    scrape   every SCRAPE_EVERY: what waits for its page, then the output
    emit     every EMIT_EVERY: what else is ready (an entry that has waited long enough for its page)
    notify   every EMIT_EVERY: who asked for it is told of what has come out
    lists    every LISTS_EVERY: the lists of feeds that are due are looked at
    subscribe  every LISTS_EVERY: subscriptions at the hubs of feeds are asked for and renewed
    hubs     every EMIT_EVERY: our hubs are told which documents have changed
    upkeep   every UPKEEP_EVERY: what the last night has left to do (see `aggregator.upkeep`)

A job that is still running when its turn comes again is passed over, and turns missed in a suspended or stopped
machine are run once: there is no stampede. When the clock is set, whatever way, every job has a look at once.
SIGTERM and SIGINT end the daemon within seconds; SIGHUP reads feeds.yaml again and keeps the old configuration when
the new one has a mistake. A supervisor (systemd) is told, and hears that we are alive only while no job is stuck.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime
from types import FrameType

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from aggregator import upkeep
from aggregator.errors import AggregatorError, StoreError
from aggregator.pipeline import Pipeline, Tally
from aggregator.settings import Config
from aggregator.supervision import Heartbeat, tell, watchdog_s

POLL_EVERY = 5
SCRAPE_EVERY = 3
EMIT_EVERY = 10
LISTS_EVERY = 60
UPKEEP_EVERY = 600
"""Seconds between two looks at what is due; a look that finds nothing costs one query."""

LOOK_S = 0.1
"""Seconds between two looks at what a signal has asked for; handlers only leave a note."""

CLOCK_STEP_S = 30.0
"""Seconds by which the clock and the time that has passed may differ before the clock counts as set."""

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
        self._heart = Heartbeat()
        self._failing: dict[str, str] = {}
        self._fed = time.monotonic()
        self._clock_was = (pipeline.clock(), time.monotonic())

    def run(self) -> None:
        """Block until SIGTERM or SIGINT (or `stop`)."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._pipeline.progress = self._heart
        now = self._pipeline.clock()
        for name, work, seconds in (
            ("poll", self._poll, POLL_EVERY),
            ("scrape", self._scrape, SCRAPE_EVERY),
            ("emit", self._emit, EMIT_EVERY),
            ("notify", self._notify, EMIT_EVERY),
            ("lists", self._pipeline.follow_lists, LISTS_EVERY),
            ("hubs", self._hubs, EMIT_EVERY),
            ("subscribe", self._pipeline.subscribe, LISTS_EVERY),
            ("upkeep", self._upkeep, UPKEEP_EVERY),
        ):
            self._add(name, work, seconds, now)
        self._scheduler.start()
        tell("READY=1", f"STATUS={len(self._pipeline.config.feeds)} feeds")
        try:
            while not self._stop:
                time.sleep(LOOK_S)
                self._look()
        finally:
            self._finish()

    def stop(self) -> None:
        """End `run`; safe from any thread and from a signal handler."""
        self._stop = True

    def reload(self) -> None:
        """Take up feeds.yaml as it is now; a mistake in it is logged, and the old configuration stays."""
        try:
            config = self._read_config()
            self._pipeline.configure(config)
        except AggregatorError as error:
            log.error("configuration not reloaded", error=str(error))  # noqa: TRY400 - no bug of ours
            return
        log.info("configuration reloaded", feeds=len(config.feeds))

    def _look(self) -> None:
        """What the main thread sees to between signals: the clock, the supervisor, a reload that was asked for."""
        self._watch_clock()
        self._feed_watchdog()
        if self._reload:
            self._reload = False
            tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
            self.reload()
            tell("READY=1", f"STATUS={len(self._pipeline.config.feeds)} feeds")

    def _watch_clock(self) -> None:
        """After the clock was set, or the machine slept, let every job have a look now.

        The scheduler plans by the clock: one that is set back by a year would keep it from doing anything for as long.
        """
        now, moment = self._pipeline.clock(), time.monotonic()
        was, was_moment = self._clock_was
        self._clock_was = now, moment
        step_s = (now - was).total_seconds() - (moment - was_moment)
        if abs(step_s) > CLOCK_STEP_S:
            log.warning("the clock was set, or the machine slept", seconds=round(step_s))
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=now)

    def _feed_watchdog(self) -> None:
        every_s = watchdog_s()
        if every_s is None or time.monotonic() - self._fed < every_s:
            return
        self._fed = time.monotonic()
        if stuck := self._heart.stuck():
            log.error("stuck", jobs=stuck)
        else:
            tell("WATCHDOG=1")

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._reload = True
        else:
            self.stop()

    def _add(self, name: str, work: Callable[[], None], seconds: int, now: datetime) -> None:
        self._scheduler.add_job(
            self._guarded,
            IntervalTrigger(seconds=seconds, timezone="UTC"),
            args=(name, work),
            id=name,
            next_run_time=now,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )

    def _guarded(self, name: str, work: Callable[[], None]) -> None:
        """One run of a job, named in all its log lines: a failure is logged, and the next turn tries again."""
        self._heart.begin(name)
        structlog.contextvars.bind_contextvars(job=name)
        try:
            work()
        except AggregatorError as error:
            if not self._pipeline.stopping.is_set():
                self._failed(name, error)
        except Exception:
            if not self._pipeline.stopping.is_set():
                log.exception("bug")
        else:
            if self._failing.pop(name, None) is not None:
                log.info("works again")
        finally:
            structlog.contextvars.unbind_contextvars("job")
            self._heart.end(name)

    def _failed(self, name: str, error: AggregatorError) -> None:
        """Log a failure once for as long as it lasts: a full disk is not to fill the log, too."""
        message = str(error)
        if self._failing.get(name) != message:
            self._failing[name] = message
            level = log.error if isinstance(error, StoreError) else log.warning
            level("stopped early; tried again until it works", error=message)

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

    def _notify(self) -> None:
        tally = Tally()
        self._pipeline.notify(tally)
        if tally.told:
            log.info("notified", messages=tally.told)

    def _hubs(self) -> None:
        if heard := self._pipeline.tell_hubs():
            log.info("hubs told", documents=heard)

    def _upkeep(self) -> None:
        pipeline = self._pipeline
        tended = upkeep.Tended(
            pipeline.store,
            pipeline.config,
            pipeline.options,
            pipeline.out,
            stopping=pipeline.stopping.is_set,
            told=lambda: self._heart("upkeep"),
        )
        for done in upkeep.tend(tended, pipeline.clock()):
            if done.error is None:
                log.info("upkeep", step=done.job, result=done.result)
            else:
                log.error("upkeep failed", step=done.job, error=done.error)

    def _finish(self) -> None:
        """Cut what is under way short, and give the jobs a moment to see it; what is left is done again next time."""
        tell("STOPPING=1")
        self._pipeline.stop()
        ended = threading.Thread(target=self._scheduler.shutdown, kwargs={"wait": True}, daemon=True)
        ended.start()
        ended.join(STOP_WAIT_S)
        log.info("stopped")

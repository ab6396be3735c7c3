"""When things run: APScheduler jobs around the pipeline, and the signals that end or reload them. No logic of its own.

    poll     every POLL_EVERY: what is due
    scrape   every SCRAPE_EVERY: what waits for its page, then the output
    emit     every EMIT_EVERY: what else is ready (an entry that has waited long enough for its page)
    notify   every EMIT_EVERY: who asked for it is told of what has come out
    lists    every LISTS_EVERY: the lists of feeds that are due are looked at
    subscribe  every LISTS_EVERY: subscriptions at the hubs of feeds are asked for and renewed
    hubs     every EMIT_EVERY: our hubs are told which documents have changed
    upkeep   every UPKEEP_EVERY: what the last night has left to do (see `aggregator.pipeline.maintenance`)
    data     every DATA_EVERY, first DATA_FIRST after the start: the data files that are due are fetched
    reload   every RELOAD_EVERY: feeds.yaml, when SIGHUP has asked for it

A job gets its next turn when it ends, so it never runs beside itself, and turns missed in a suspended or stopped
machine are one: there is no stampede. When the clock is set, whatever way, every job has a look at once.
SIGTERM and SIGINT end the daemon within STOP_WITHIN_S, whatever it does; SIGHUP reads feeds.yaml again and keeps the
old configuration when the new one has a mistake. A supervisor (systemd) is told, and hears that we are alive only while
no job is stuck.
"""

from __future__ import annotations

import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from queue import SimpleQueue
from types import FrameType

import structlog
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from aggregator.config.settings import Config
from aggregator.daemon.systemd import STALL_S, Heartbeat, tell, watchdog_s
from aggregator.intel.facts import RECOGNISER
from aggregator.models.errors import AggregatorError, StoreError
from aggregator.pipeline import maintenance
from aggregator.pipeline.facts import A_NIGHT
from aggregator.pipeline.pipeline import Pipeline, Tally

POLL_EVERY = 5
SCRAPE_EVERY = 3
EMIT_EVERY = 10
LISTS_EVERY = 60
UPKEEP_EVERY = 600
DATA_EVERY = 900
DATA_FIRST = 300 + secrets.randbelow(600)
RELOAD_EVERY = 1
"""Seconds between the end of one look at what is due and the next; a look that finds nothing costs one query."""

LOOK_S = 0.1
"""Seconds between two looks at what a signal has asked for; handlers only leave a note."""

CLOCK_STEP_S = 30.0
"""Seconds by which the clock and the time that has passed may differ before the clock counts as set."""

STOP_WAIT_S = 2.5
"""Seconds that running jobs are given to come to their next safe point."""

STOP_WITHIN_S = 4.0
"""Seconds after SIGTERM or SIGINT after which the process ends, whatever is still under way: as kill -9 would end it,
which costs nothing that was acknowledged."""

STUCK_LOOK_S = 60.0
"""Seconds between two looks for stuck jobs, where no supervisor asks for more."""

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
        self._stuck: tuple[str, ...] = ()
        self._ending = SimpleQueue[None]()
        self._fed = time.monotonic()
        self._clock_was = (pipeline.clock(), time.monotonic())

    def run(self) -> None:
        """Block until SIGTERM or SIGINT (or `stop`)."""
        threading.Thread(target=self._end_at_last, daemon=True).start()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})  # one that came while we were starting comes now
        self._pipeline.progress = self._pipeline.alive = self._heart
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
            ("reload", self._reload_if_asked, RELOAD_EVERY),
        ):
            self._add(name, work, seconds, now)
        self._add("data", self._data, DATA_EVERY, now + timedelta(seconds=DATA_FIRST))
        self._scheduler.start()
        tell("READY=1", f"STATUS={len(self._pipeline.config.feeds)} feeds")
        try:
            while not self._stop:
                time.sleep(LOOK_S)
                self._watch_clock()
                self._feed_watchdog()
        finally:
            self._finish()

    def stop(self) -> None:
        """End `run`; safe from any thread and from a signal handler."""
        self._stop = True
        self._ending.put(None)

    def reload(self) -> None:
        """Take up feeds.yaml as it is now; a mistake in it is logged, and the old configuration stays."""
        before = self._pipeline.config
        try:
            config = self._read_config()
            self._pipeline.configure(config)
        except AggregatorError as error:
            log.error("configuration not reloaded", error=str(error))  # noqa: TRY400 - no bug of ours
            return
        log.info("configuration reloaded", feeds=len(config.feeds))
        if waiting := _needing_restart(before, config):
            log.warning("some of what has changed takes a restart", changed=waiting)

    def _reload_if_asked(self) -> None:
        if self._reload:
            self._reload = False
            tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
            try:
                self.reload()
            finally:
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
                with suppress(JobLookupError):  # it has just begun
                    job.modify(next_run_time=now)

    def _feed_watchdog(self) -> None:
        if time.monotonic() - self._fed < (watchdog_s() or STUCK_LOOK_S):
            return
        self._fed = time.monotonic()
        before, self._stuck = self._stuck, self._heart.stuck(after_s=self._patience_s())
        if not self._stuck:
            tell("WATCHDOG=1")
        elif self._stuck != before:
            log.error("stuck", jobs=self._stuck)

    def _patience_s(self) -> float:
        """Seconds without progress after which a job is stuck: longer where each request to a host is to wait long."""
        return STALL_S + self._pipeline.config.network.per_host_interval_s

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._reload = True
        else:
            self.stop()

    def _add(self, name: str, work: Callable[[], None], seconds: int, at: datetime) -> None:
        """Have a job run once, at `at` or as soon after it as may be.

        Each of its turns is a job of its own to the scheduler, which would drop one that is due before it has noticed
        that the former has ended.
        """
        self._scheduler.add_job(
            self._guarded,
            DateTrigger(at, timezone="UTC"),
            args=(name, work, seconds),
            name=name,
            misfire_grace_time=None,
        )

    def _guarded(self, name: str, work: Callable[[], None], seconds: int) -> None:
        """One run of a job, named in all its log lines: a failure is logged, and the next turn tries again.

        That comes `seconds` after the end of this one.
        """
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
            self._add(name, work, seconds, self._pipeline.clock() + timedelta(seconds=seconds))

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
            lost = {"out_of_reach": tally.offline} if tally.offline else {}
            failed = tally.failed - tally.offline
            log.info("polled", feeds=tally.polled, unchanged=tally.unchanged, failed=failed, new=tally.new, **lost)

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

    def _data(self) -> None:
        done = self._pipeline.update_data()
        self._pipeline.store.intel.queue_outdated(RECOGNISER, A_NIGHT)
        if done:
            log.info("data files", fetched=len(done), failed=sum(error is not None for _, error in done))

    def _upkeep(self) -> None:
        pipeline = self._pipeline
        tended = maintenance.Tended(
            pipeline.store,
            pipeline.config,
            pipeline.options,
            pipeline.out,
            stopping=pipeline.stopping.is_set,
            told=lambda: self._heart("upkeep"),
        )
        for done in maintenance.tend(tended, pipeline.clock()):
            if done.error is None:
                log.info("upkeep", step=done.job, result=done.result)
            else:
                log.error("upkeep failed", step=done.job, error=done.error)

    def _finish(self) -> None:
        """Cut what is under way short, and give the jobs a moment to see it; what is left is done again next time."""
        self._ending.put(None)
        tell("STOPPING=1")
        self._pipeline.stop()
        self._scheduler.pause()  # to shut it down while a job is due would have it stumble over its own list
        until = time.monotonic() + STOP_WAIT_S
        while self._heart.busy() and time.monotonic() < until:
            time.sleep(0.02)
        log.info("stopped", **({"cut_short": cut} if (cut := self._heart.busy()) else {}))

    def _end_at_last(self) -> None:
        """End the process a while after it was told to stop: a job in the midst of something long would hold it."""
        self._ending.get()
        time.sleep(STOP_WITHIN_S)
        os._exit(0 if self._stop else 1)


def _needing_restart(before: Config, now: Config) -> tuple[str, ...]:
    """What has changed and is read at the start alone; the web server's own pages go by `site` as it was then."""
    return tuple(name for name in ("network", "server", "site") if getattr(before, name) != getattr(now, name))

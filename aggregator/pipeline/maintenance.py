"""Upkeep: what a database and a data folder need to run for years; at night, or by `aggregator db upkeep`.

    retention    articles that feeds.yaml does not keep forever lose their texts (see `aggregator.store.retention`)
    images       copies of images that no article shows any more are taken away (see `aggregator.pipeline.images`)
    optimize     statistics for the query planner
    backup       DATA/backups/aggregator-DAY.db, checked; the oldest beyond `upkeep.backups` go
    checkpoint   the write-ahead log is folded into the file

Each job is due once a night, at a minute that differs from one installation to the next; a missed night is made up for
once. What was done last is in the table `upkeep`, so a restart changes nothing. A job that fails is tried again
the next night, and says so in the log and in the table. This module schedules nothing and reads no clock.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from aggregator.models.errors import StoreError
from aggregator.pipeline import images
from aggregator.store import Limit, Store, backups_of

if TYPE_CHECKING:
    from aggregator.config.settings import Config, FeedOptions
    from aggregator.config.settings import Upkeep as Settings
    from aggregator.models import FeedState

CLOCK_SLACK = timedelta(hours=1)
"""A last run that lies further in the future was noted by a clock that was wrong."""

BACKUP_SLACK = timedelta(hours=2)
"""A backup a little before its time, so that one a day is one every night."""

ROOM = 1.1
"""A backup needs as much room as the database; with less than this many times its size free, none is begun."""

BACKUP = re.compile(r"aggregator-\d{4}-\d\d-\d\d\.db")
"""The names of our backups: nothing else in the folder is ever deleted, but for what kill -9 left of one."""

TORN = re.compile(rf"\.{BACKUP.pattern}\.partial(-\w+)?")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Done:
    """One job: what it did, or why it failed."""

    job: str
    result: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Tended:
    """What upkeep is about. `options`: those in force for a feed; `out`: the root of the output; `told` is called now
    and then while a job goes on.
    """

    store: Store
    config: Config
    options: Callable[[FeedState], FeedOptions]
    out: Path
    stopping: Callable[[], bool] = lambda: False
    told: Callable[[], None] = lambda: None


def tend(of: Tended, now: datetime, *, force: bool = False) -> Iterator[Done]:
    """Do what is due (`force`: everything), job by job; a job that fails does not keep the others from being done."""
    for job, work in JOBS.items():
        if of.stopping():
            return
        if not force and not due(of, job, now):
            continue
        try:
            done = Done(job, work(of, now))
        except (StoreError, OSError) as error:
            if of.stopping():
                return
            done = Done(job, error=str(error))
        _note(of.store, done, now)
        yield done


def due(of: Tended, job: str, now: datetime) -> bool:
    """Whether the last night, or a missed one before it, still has this job to do."""
    tried = of.store.maintenance.tried_at(job)
    if job == "backup":
        if not of.config.upkeep.backups:
            return False
        done = of.store.maintenance.done_at(job)
        if done is not None and now - of.config.upkeep.backup_every + BACKUP_SLACK < done <= now + CLOCK_SLACK:
            return False
    if tried is None:
        tried = of.store.maintenance.begun() or now
    return tried < night(of.config, now) or tried > now + CLOCK_SLACK


def night(config: Config, now: datetime) -> datetime:
    """The last moment, at or before `now`, at which upkeep was to begin."""
    minute = int.from_bytes(sha256(config.site.base_url.encode()).digest()[:4], "big") % 60
    today = now.replace(hour=config.upkeep.hour, minute=minute, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


def _note(store: Store, done: Done, now: datetime) -> None:
    try:
        store.maintenance.note(done.job, now, done.result, done.error)
    except StoreError as error:  # a full disk, likely: the job is tried again at the next look
        log.warning("upkeep not noted", job=done.job, error=str(error))


def _retention(of: Tended, now: datetime) -> str:
    limits = tuple(
        limit for state in of.store.feeds(unconfigured=True) if (limit := _limit(of.options(state), state, now))
    )
    purged = 0
    while limits and not of.stopping() and (some := of.store.maintenance.purge(limits, now)):
        purged += some
        of.told()
    return f"{purged} articles purged"


def _limit(options: FeedOptions, state: FeedState, now: datetime) -> Limit | None:
    before = None if options.keep == "forever" else now - options.keep
    newest = None if options.keep_entries == "all" else options.keep_entries
    return None if before is None and newest is None else Limit(state.id, before, newest)


def _images(of: Tended, now: datetime) -> str:
    return f"{images.sweep(of.store, of.out, now)} files taken away"


def _optimize(of: Tended, _: datetime) -> str:
    of.store.maintenance.optimize()
    size, empty = of.store.maintenance.size()
    return f"{_mb(size)}, of which {_mb(empty)} are empty"


def _backup(of: Tended, now: datetime) -> str:
    settings, folder = of.config.upkeep, backups_of(of.store.path)
    if not settings.backups:
        return "none are wanted"
    for torn in folder.iterdir():
        if TORN.fullmatch(torn.name):
            torn.unlink()
    size, _ = of.store.maintenance.size()
    free = shutil.disk_usage(folder).free
    if free < ROOM * size:
        raise StoreError(f"no backup: {_mb(size)} are needed in {folder}, {_mb(free)} are free")
    file = folder / f"aggregator-{now:%Y-%m-%d}.db"

    def told(_: int, __: int) -> None:
        of.told()
        if of.stopping():
            raise StoreError("no backup: stopped before it was made")

    with Store.read(of.store.path) as reader:  # a connection of its own: polls are saved meanwhile
        reader.maintenance.backup(file, told)
    return f"{file.name} ({_mb(file.stat().st_size)}), {_rotate(settings, of, file)} older deleted"


def _rotate(settings: Settings, of: Tended, newest: Path) -> int:
    ours = [file for file in backups_of(of.store.path).iterdir() if BACKUP.fullmatch(file.name)]
    # A day that has not come was named by a clock that was wrong: those go first, and never the one just made.
    ours.sort(key=lambda file: (file.name <= newest.name, file.name))
    extra = ours[: -settings.backups]
    for file in extra:
        file.unlink()
    return len(extra)


def _checkpoint(of: Tended, _: datetime) -> str:
    return "log folded into the file" if of.store.maintenance.checkpoint() else "log left: somebody was reading"


def _mb(size: float) -> str:
    return f"{size / 2**20:.1f} MB"


JOBS: dict[str, Callable[[Tended, datetime], str]] = {
    "retention": _retention,
    "images": _images,
    "optimize": _optimize,
    "backup": _backup,
    "checkpoint": _checkpoint,
}
"""In this order: what goes need not be copied, and the log is cut when all have written."""

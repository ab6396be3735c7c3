"""What articles name, found and joined: texts read in workers, flaws joined with the data files.

A text that kills its worker costs its own facts alone.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from aggregator.models.intel import Fact, Subject, Vulnerability
from aggregator.pipeline.data_files import database
from aggregator.pipeline.watch import watchlists
from aggregator.store.intel import WaitingText, WatchHit
from aggregator.store.intel_data import IntelData

if TYPE_CHECKING:
    from aggregator.config.settings import Config
    from aggregator.intel.facts import Knowledge
    from aggregator.intel.watch import Hit, Watchlist
    from aggregator.pipeline.workers import Workers
    from aggregator.store import Store

log = structlog.get_logger()

READ_TIMEOUT_S = 20.0
"""For the facts of one chunk of articles; the first in a worker reads the names, too."""


CHUNK = 10
"""Articles read in one task."""


BATCH = 200
"""Articles taken up at a time."""


A_NIGHT = 2000
"""Articles read again in a night after the recogniser has changed."""


_HREF = re.compile(r"<a [^>]*?href=\"(https?://[^\"]{1,2000})\"")


@dataclass(frozen=True, slots=True)
class Given:
    """What a worker needs besides the texts: where the data files are, the operator's words, the watchlists."""

    database: str
    version: tuple[int, int]
    year: int
    good: tuple[str, ...]
    bad: tuple[str, ...]
    lists: tuple[Watchlist, ...]


def read_facts(
    given: Given, texts: tuple[WaitingText, ...]
) -> tuple[tuple[int, tuple[Fact, ...], tuple[Hit, ...]], ...]:
    """In a worker: the facts of some articles, and the watchlists that they concern."""
    from aggregator.intel.facts import facts_of
    from aggregator.intel.watch import hits

    knowledge = _knowledge(given.database, given.version, given.good, given.bad)
    found = []
    for text in texts:
        links = tuple(dict.fromkeys(_HREF.findall(text.html)))
        subject = Subject(text.text, text.title, text.url, links, text.own)
        facts = facts_of(subject, given.year, knowledge)
        hit: tuple[Hit, ...] = ()
        if given.lists:
            hit = hits(subject, facts, _joined(given.database, given.version, facts), given.lists)
        found.append((text.id, facts, hit))
    return tuple(found)


@lru_cache(2)
def _knowledge(database: str, _: tuple[int, int], good: tuple[str, ...], bad: tuple[str, ...]) -> Knowledge:
    from aggregator.intel.facts import Knowledge

    path = Path(database)
    if not path.exists():
        return Knowledge(good=good, bad=bad)
    with IntelData.open(path, read_only=True) as data:
        return knowledge_of(data, good, bad)


def knowledge_of(data: IntelData, good: tuple[str, ...] = (), bad: tuple[str, ...] = ()) -> Knowledge:
    """Names and lists of the data files, with the operator's words."""
    from aggregator.intel.facts import Knowledge
    from aggregator.intel.joins import catalogue
    from aggregator.intel.known import known

    names = catalogue(data.attack(), data.galaxies(), data.kev().values(), data.records().values())
    return Knowledge(names, known(data.lists()), good, bad)


def _joined(database: str, _: tuple[int, int], facts: Iterable[Fact]) -> dict[str, Vulnerability]:
    numbers = [fact.value for fact in facts if fact.kind == "cve"]
    path = Path(database)
    if not numbers or not path.exists():
        return join(None, numbers)
    with IntelData.open(path, read_only=True) as data:
        return join(data, numbers)


def join(data: IntelData | None, numbers: Iterable[str]) -> dict[str, Vulnerability]:
    """What the data files know of these CVE numbers."""
    from aggregator.intel.joins import vulnerability

    wanted = tuple(numbers)
    if data is None or not wanted:
        return {number: vulnerability(number, None, None, None) for number in wanted}
    kev, epss, records = data.kev(wanted), data.epss(wanted), data.records(wanted)
    return {number: vulnerability(number, kev.get(number), epss.get(number), records.get(number)) for number in wanted}


@dataclass
class FactFinder:
    """Facts of one data folder: found where they are missing, joined where the data files have changed."""

    store: Store
    workers: Workers
    config: Config
    data: Path
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]

    def find(self) -> int:
        """Read every article that waits for it; how many were read. Raises StoreError alone."""
        given, done, flaws = self._given(), 0, False
        names, lists = self._in_force(given)
        if self.store.intel.changed("names and watchlists", names):
            self.store.intel.queue_all()
        if self.store.intel.changed("lists", lists):
            self.store.intel.queue_judged()
        while (batch := self.store.intel.waiting(BATCH)) and not self.stopping():
            from aggregator.intel.facts import RECOGNISER  # which takes a while, and in most rounds nothing waits

            chunks = [batch[start : start + CHUNK] for start in range(0, len(batch), CHUNK)]
            for texts, read in self.workers.each(
                ((chunk, (given, chunk)) for chunk in chunks), read_facts, READ_TIMEOUT_S
            ):
                results = self._one_by_one(given, texts) if isinstance(read, Exception) else read
                with self.store.transaction():
                    for number, facts, hit in results:
                        stored = [WatchHit(number, one.name, one.why, one.certain, one.exploited) for one in hit]
                        self.store.intel.save(number, facts, stored, RECOGNISER, self.clock())
                        flaws = flaws or any(fact.kind == "cve" for fact in facts)
                done += len(results)
        if flaws:
            self.join()
        return done

    def _one_by_one(
        self, given: Given, texts: tuple[WaitingText, ...]
    ) -> list[tuple[int, tuple[Fact, ...], tuple[Hit, ...]]]:
        """The same for articles of which one has killed its worker: that one has no facts."""
        found: list[tuple[int, tuple[Fact, ...], tuple[Hit, ...]]] = []
        jobs = ((text, (given, (text,))) for text in texts)
        for text, read in self.workers.each(jobs, read_facts, READ_TIMEOUT_S):
            if isinstance(read, Exception):
                log.warning("facts not read", article=text.id, error=str(read))
                found.append((text.id, (), ()))
            else:
                found.extend(read)
        return found

    def _given(self) -> Given:
        path = database(self.data)
        state = path.stat() if path.exists() else None
        version = (state.st_mtime_ns, state.st_size) if state else (0, 0)
        intel = self.config.intel
        lists = watchlists(self.config.watch, self.data)
        return Given(str(path), version, self.clock().year + 1, intel.good, intel.bad, lists)

    def _in_force(self, given: Given) -> tuple[int, int]:
        """Two numbers: one changes with names and watchlists, one with the lists and words that judge values."""
        versions: dict[str, list[tuple[object, ...]]] = {"attack": [], "galaxies": [], "warninglists": []}
        if database(self.data).exists():
            with IntelData.open(database(self.data), read_only=True) as data:
                for one in data.files():
                    known = versions.get(one.name.partition("/")[0])
                    if known is not None:
                        known.append((one.name, one.version, one.stated_at, one.rows))
        names = versions["attack"], versions["galaxies"], given.lists
        lists = versions["warninglists"], given.good, given.bad
        return zlib.crc32(repr(names).encode()), zlib.crc32(repr(lists).encode())

    def join(self) -> int:
        """Bring what is known of the flaws that articles name up to date; how many changed."""
        numbers = self.store.intel.cves()
        path = database(self.data)
        if not numbers or not path.exists():
            return self.store.intel.save_vulnerabilities(join(None, numbers), self.clock())
        with IntelData.open(path, read_only=True) as data:
            return self.store.intel.save_vulnerabilities(join(data, numbers), self.clock())

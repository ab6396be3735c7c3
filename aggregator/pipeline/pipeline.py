"""The stages, in order; the only place that composes them.

    poll      what is due is fetched, parsed in a worker, decided on, and saved: one transaction a feed
    scrape    each new entry's page is fetched, taken apart in a worker, compared, and saved: one transaction an article
              then the images of articles are fetched, where they are to be mirrored (`aggregator.pipeline.images`)
              then articles of one event, whoever tells of it, become one story (`aggregator.pipeline.stories`)
    emit      what is ready gets its place in the output, and the documents that it changes are written
    notify    who asked for it is told of new posts

An entry is safe from the moment its feed was polled: scraping is a second step, retried, that can only add to it.
A `StoreError` stops the round; every other failure is one outcome among the others (`pipeline.outcomes`).
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog

from aggregator import dedupe, emit
from aggregator.config.rulebook import Rulebook
from aggregator.fetch import Fetcher
from aggregator.models import (
    Built,
    FeedEvent,
    FeedState,
    ParsedFeed,
    PendingArticle,
    PollOutcome,
    PollResult,
    Response,
    Verdict,
)
from aggregator.models.errors import AggregatorError, ClockError, EmitError, Offline
from aggregator.pipeline import lists, lock, outcomes, rechecks, save
from aggregator.pipeline.articles import ArticleReader
from aggregator.pipeline.data_files import DataFiles
from aggregator.pipeline.facts import FactFinder
from aggregator.pipeline.feeds import PARSE_TIMEOUT_S, PollBatch, feed_request, poll_outcome
from aggregator.pipeline.images import Mirroring
from aggregator.pipeline.intel_pages import IntelPages
from aggregator.pipeline.notify import Notifying
from aggregator.pipeline.parsing import ReadArticle, read_feed
from aggregator.pipeline.stories import StoryFinder
from aggregator.pipeline.watch import WatchTeller
from aggregator.pipeline.websub import Hubs, Subscriber
from aggregator.pipeline.workers import Workers
from aggregator.poll import clock as poll_clock
from aggregator.poll import health
from aggregator.store import Store
from aggregator.text.urls import at_home, same_site
from aggregator.text.wording import duration

if TYPE_CHECKING:
    from aggregator.config.settings import Config, FeedOptions

log = structlog.get_logger()

FULL_TEXT_WAIT = timedelta(hours=1)
"""How long an entry may wait for its page before it goes out with the feed's own text."""

FIRST_TRY_WAIT = timedelta(minutes=10)
"""How long the output waits for pages and images that nobody has tried yet: a back-file comes out in order of date."""

MEANWHILE_S = 5.0
"""Seconds between two looks, while pages are fetched, whether something is ready to come out."""

CHAIN_LINKS = 10
"""Posts of each feed that are looked for in a round because no poll saw them; the rest comes in the next rounds."""

BATCH = 200
"""Articles taken up at a time, so that new entries need not wait for a large back-file."""


log = structlog.get_logger()


BEHIND = (
    "the database holds less than the {:,} posts that {} shows: it was lost or emptied, or an older one was restored. "
    "New posts go on above what is published, and the output is built again (`aggregator db restore` takes a backup)"
)


class Progress(Protocol):
    """Told how far a stage has come; `total` may grow."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def no_progress(stage: str, done: int = 0, total: int = 0) -> None:
    """Tell nobody."""


@dataclass
class Tally:
    """What a round did, in numbers."""

    polled: int = 0
    feeds: set[int] = field(default_factory=set)
    unchanged: int = 0
    failed: int = 0
    offline: int = 0
    new: int = 0
    revised: int = 0
    scraped: int = 0
    unscraped: int = 0
    images: int = 0
    published: int = 0
    told: int = 0
    built: Built = field(default_factory=Built)
    events: list[FeedEvent] = field(default_factory=list)

    @property
    def eventful(self) -> bool:
        """Whether anything came of the round: something new, changed, written or failed."""
        return bool(
            self.failed or self.new or self.revised or self.scraped or self.unscraped or self.images
            or self.published or self.built.written or self.built.removed
        )  # fmt: skip

    def count(self, outcome: PollOutcome) -> None:
        """Add one poll."""
        self.polled += 1
        self.feeds.add(outcome.state.id)
        self.events += outcome.events
        self.unchanged += outcome.result in (PollResult.NOT_MODIFIED, PollResult.SAME_BYTES)
        self.failed += outcome.result is PollResult.FAILED
        self.new += sum(decision.verdict is Verdict.NEW for decision in outcome.decisions)
        self.revised += sum(decision.verdict is Verdict.REVISED for decision in outcome.decisions)


@dataclass
class Pipeline:
    """The parts of the program, joined. `clock` gives aware UTC datetimes; nothing below reads another."""

    config: Config
    store: Store
    fetcher: Fetcher
    workers: Workers
    out: Path
    clock: Callable[[], datetime]
    progress: Progress = no_progress
    alive: Callable[[str], None] = no_progress
    stopping: threading.Event = field(default_factory=threading.Event)
    placing: threading.Event = field(default_factory=threading.Event)
    own: Config = field(init=False)
    ahead: timedelta | None = None
    remark: str = ""
    configuring: threading.RLock = field(default_factory=threading.RLock)
    storylines: StoryFinder = field(init=False)
    hubs: Hubs = field(init=False)
    subscriber: Subscriber = field(init=False)

    def __post_init__(self) -> None:
        self.own = self.config
        self.storylines = StoryFinder(self.store)
        self.hubs = Hubs(self.store, self.fetcher, self.out)
        self.subscriber = Subscriber(self.store, self.fetcher, self.clock)

    def round(self, *, force: bool = False, name: str | None = None) -> Tally:
        """Poll what is due (`force`: due or not; `name`: one feed), scrape, dedupe, store, emit."""
        tally = Tally()
        self.follow_lists(force=force and name is None)
        self.poll(tally, force=force, name=name)
        with self._emitting_meanwhile(tally):
            self.scrape(tally)
        self.emit(tally)
        self.notify(tally)
        self.tell_hubs()
        return tally

    def stop(self) -> None:
        """End what is under way at once; what was not finished is left as it was, to be done again."""
        self.stopping.set()
        self.fetcher.close()
        self.workers.close()

    def configure(self, config: Config) -> None:
        """Go by `config` from now on, and by the lists that it names; the feeds of both are in the database then."""
        with self.configuring:
            self.store.lists.keep(one.url for one in config.lists)
            followed = lists.joined(config, self.store.lists.feeds())
            self.store.sync_feeds(followed, self.clock())
            self.own, self.config = config, followed.as_served() if emit.is_served(self.out) else followed

    # --- poll ------------------------------------------------------------------------------------------------------

    def poll(self, tally: Tally, *, force: bool = False, name: str | None = None) -> None:
        """Fetch, parse, decide on and save every feed that is due."""
        pulse = self.store.queries.pulse()
        rest = health.idle(pulse.last_poll, pulse.next_poll, self.clock())
        feeds = {state.id: state for state in self.store.due(self.clock(), force=force, name=name)}
        save, times = PollBatch(self.store), poll_clock.ServerTimes(self.store.archive.last_stamp())
        titled = False

        def settle(state: FeedState, answer: Response | Exception, parsed: ParsedFeed | Exception | None) -> None:
            nonlocal titled
            if not self.stopping.is_set() and (not times.ahead or self.config.network.trust_clock):
                titled = titled or (isinstance(parsed, ParsedFeed) and bool(parsed.title) and not state.title)
                outcome = poll_outcome(self.store, state, self.options(state), answer, parsed, self.clock())
                save.save(outcome)
                tally.count(outcome)
                tally.offline += isinstance(answer, Offline)
                self.progress("poll", tally.polled, len(feeds))

        def changed() -> Iterator[tuple[tuple[FeedState, Response], tuple[bytes, str, str, datetime]]]:
            now, own = self.clock(), {feed.url: feed for feed in self.config.feeds}
            requests = [
                feed_request(state, own.get(state.url), self.options(state), self.config.network, now)
                for state in feeds.values()
            ]
            for request, answer in self.fetcher.each(requests):
                state = feeds[request.key]
                if isinstance(answer, Response):
                    times.add(answer.url, answer.headers, self.clock())
                if isinstance(answer, Response) and not outcomes.unchanged(state, answer):
                    yield (state, answer), (answer.body, answer.url, answer.content_type, answer.fetched_at)
                else:
                    settle(state, answer, None)

        for (state, response), parsed in self.workers.each(changed(), read_feed, timeout_s=PARSE_TIMEOUT_S):
            settle(state, response, parsed)
        save.flush()
        self.ahead = times.ahead
        self._check_clock()
        if titled:
            self.configure(self.own)  # a feed without a name is called by its title
        if rest:  # said in the feed of the feeds' health
            self.store.record_event(rest)
        self._note_outage(tally)

    def _note_outage(self, tally: Tally) -> None:
        """Record once when the network goes down, and once when it is back."""
        now, since = self.clock(), self.store.queries.offline_since()
        answered = tally.polled - tally.failed
        if (event := health.network_event(since, offline=tally.offline, answered=answered, now=now)) is None:
            return
        self.store.record_event(event)
        if event.kind == "offline":
            log.warning("the network seems to be down: nearly no host can be reached", feeds=tally.offline)
        else:
            log.warning("the network is back", after=duration(now - since) if since else "")

    def _check_clock(self) -> None:
        """Raises ClockError while the servers say that the clock is years ahead."""
        if self.ahead and not self.config.network.trust_clock:
            raise ClockError(
                f"this machine's clock says {self.clock():%Y-%m-%d %H:%M} UTC, {self.ahead.days} days ahead of what "
                "the servers say. Nothing was stored or published. Set the clock, and try again (if it is right: "
                "`network.trust_clock`)"
            )

    def follow_lists(self, *, force: bool = False) -> None:
        """Look at the lists of feeds that are due, and follow what they name now."""
        if lists.look(self.store, self.fetcher, self.workers, self.own, self.clock(), force=force):
            with self.configuring:
                self.configure(self.own)

    def subscribe(self) -> None:
        """See to the subscriptions at the hubs of feeds. For those alone who listen to what the hubs say."""
        self.subscriber.tend(self.config, self.options_at)

    # --- scrape ----------------------------------------------------------------------------------------------------

    def scrape(self, tally: Tally) -> None:
        """Read the pages of all articles that are due for it, then of posts that came and went between two polls.

        Pages that a host wants far apart come last, so that nothing else waits for them.
        """
        followed = Counter[int]()
        for patient in (False, True):
            self._scrape_pending(tally, patient=patient)
            while not self.stopping.is_set():
                enough = [feed_id for feed_id, links in followed.items() if links >= CHAIN_LINKS]
                if not (begun := self.store.neighbours.follow_chain(self.clock(), without=enough)):
                    break
                followed.update(begun)
                self._scrape_pending(tally, patient=patient)
            if not patient:
                self._look_again()
                rechecks.look(self.store, self._pages(), self.clock)
            tally.images += self._images().fetch(lambda done, total: self.progress("images", done, total))
            self._place()
        if not self.stopping.is_set():
            tally.images += self._images().fetch_icons()

    def _place(self) -> None:
        """Give what is new its story. Nothing goes out meanwhile: it would go out again a moment later."""
        self.placing.set()
        try:
            self.storylines.place(self.clock(), self._stopped)
        finally:
            self.placing.clear()

    def _stopped(self) -> bool:
        """Whether scraping is to end; to ask is a sign of life, where much work brings nothing that can be counted."""
        self.alive("scrape")
        return self.stopping.is_set()

    def _scrape_pending(self, tally: Tally, *, patient: bool) -> None:
        """Fetch, take apart, compare and save the pages that are due; `patient` as in Pages.stream."""
        given: set[int] = set()
        handled = 0

        def take(under_way: Collection[int]) -> list[PendingArticle]:
            room = BATCH - len(under_way)
            due = self.store.pending(self.clock(), 2 * BATCH) if room > 0 else ()
            new = [article for article in due if article.id not in given][:room]
            given.update(article.id for article in new)
            return new

        for readings in save.in_batches(self._pages().stream(take, patient=patient)):
            with self.store.transaction():
                saved = [save.save(self.store, reading, self.clock()) for reading in readings]
            for reading in readings:
                if isinstance(reading.read, ReadArticle) and reading.read.terms is not None:
                    self.storylines.remember(reading.article.id, reading.read.terms)
            handled += len(saved)
            tally.scraped += sum(saved)
            tally.unscraped += len(saved) - sum(saved)
            done = tally.scraped + tally.unscraped
            self.progress("scrape", done, done + len(given) - handled)

    def _look_again(self) -> None:
        """Ask pages that could not name their next post when they were read, now that it has come."""
        for reading in self._pages().read(self.store.neighbours.next_unknown(self.clock()), whole=False):
            self.store.neighbours.save(reading.article.id, reading.page_says, self.clock())

    def _pages(self) -> ArticleReader:
        """What takes articles through their pages, with the options that are in force now."""
        states = {state.id: state for state in self.store.feeds()}
        return ArticleReader(
            self.fetcher,
            self.workers,
            self.config.network,
            lambda article: self.options(states.get(article.feed_id)),
            self._stopped,
            Rulebook.of(self.config.rules),
            self.store.quality.boilerplate(),
        )

    # --- emit ------------------------------------------------------------------------------------------------------

    def emit(self, tally: Tally, *, full: bool = False) -> None:
        """Give what is ready its place, and write the documents that changed (`full`: look at every one)."""
        self._check_clock()
        now = self.clock()
        self._publish(tally, now)
        self._facts().find()
        self.store.outputs.fill(self.config.outputs, now)
        behind = self.store.must_rebuild()
        if behind and not self.store.archive.latest(1):
            return  # a database that was lost has nothing to show yet; what is published stays
        before = tally.built.written
        built = emit.build(
            self.store.archive.remembering(),
            self.config.site,
            self.out,
            outputs=self.config.outputs,
            chosen=self.store.outputs,
            full=full,
            behind=behind,
            progress=self._emitted,
        )
        pages = IntelPages(self.store, self.config, self.out.parent, self.clock, self.stopping.is_set)
        named = pages.write(full=full)
        tally.built = replace(built, written=before + built.written, files=(*built.files, *named.files))
        if behind:
            self.store.rebuilt()
        emit.write_health(self.config.site, self.store.queries.events(emit.HEALTH_EVENTS), self.out)
        self._note_progress()
        self.hubs.note(self.config, tally.built.files, now)

    def _note_progress(self) -> None:
        """Have the front page say how far a backlog is, while there is one."""
        now = self.clock()
        note = health.first_minutes(self.store.queries.backlog(now), now)
        emit.write_front_note(self.out, note.heading, note.words)

    def _publish(self, tally: Tally, now: datetime) -> int:
        """Give what is ready its place, in order of date; how many posts.

        Pages that are about to come are waited for; those of a host that wants long pauses delay its own posts alone.
        """
        since = now - FIRST_TRY_WAIT
        awaited = self.store.untried(since, now)
        if not all(self.fetcher.is_slowed(url) for _, url in awaited) or self.store.media.untried(now, since):
            return 0
        published = self.store.publish(
            now, FULL_TEXT_WAIT, behind=[feed_id for feed_id, _ in awaited], rules=self.config.combined.rules
        )
        tally.published += published
        return published

    @contextmanager
    def _emitting_meanwhile(self, tally: Tally) -> Iterator[None]:
        """Within, whatever becomes ready comes out every MEANWHILE_S, so that no outlet waits for another's pages."""
        done = threading.Event()

        def emit_ready() -> None:
            while not done.wait(MEANWHILE_S) and not self.stopping.is_set():
                if self.placing.is_set():
                    continue
                try:
                    if self._publish(tally, self.clock()) or not (self.out / "index.html").exists():
                        self.emit(tally)
                    else:
                        self._note_progress()
                except AggregatorError as error:  # the emit at the end meets it again, and raises it
                    log.warning("not written yet", error=str(error))
                    return

        thread = threading.Thread(target=emit_ready, name="emit-meanwhile", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def catch_up(self) -> None:
        """Go on above what `out` shows already, and say so, where the database knows less of it."""
        shown = emit.published(self.out)
        if shown is not None and self.store.catch_up(shown.sequence, shown.stamp):
            self.remark = BEHIND.format(shown.sequence, self.out)
            log.warning(self.remark)

    def _emitted(self, done: int, total: int) -> None:
        if self.stopping.is_set():
            raise EmitError("stopped before everything was written")
        self.progress("emit", done, total)

    def tell_hubs(self) -> int:
        """Tell our hubs which documents have changed; how many they have heard of."""
        return self.hubs.tell(self.config, self.clock())

    def notify(self, tally: Tally) -> None:
        """Send the messages that new posts give rise to."""
        tally.told += Notifying(self.store, self.workers, self.config, self.clock, self.stopping.is_set).send()
        tally.told += WatchTeller(self.store, self.workers, self.config, self.clock, self.stopping.is_set).send()

    def _facts(self) -> FactFinder:
        return FactFinder(self.store, self.workers, self.config, self.out.parent, self.clock, self._stopped)

    def update_data(self, names: tuple[str, ...] = (), *, force: bool = False) -> list[tuple[str, str | None]]:
        """Fetch the data files that are due (`force`: due or not), and join what they say with what articles name:
        (name, error or None) of each.
        """
        files = DataFiles(self.store, self.fetcher, self.workers, self.config, self.out.parent, self.clock)
        done = files.update(names, force=force)
        if done:
            self._facts().join()
        return done

    def _images(self) -> Mirroring:
        network, out = self.config.network, self.out
        return Mirroring(self.store, self.fetcher, self.workers, network, out, self.clock, self._stopped)

    def options(self, state: FeedState | None) -> FeedOptions:
        """The options in force for a stored feed; the defaults where the configuration has it no longer."""
        return self.options_at(state.url) if state else self.config.defaults

    def options_at(self, url: str) -> FeedOptions:
        """The options of the feed at an address."""
        own = (feed for feed in self.config.feeds if feed.url == url)
        return self.config.options(feed) if (feed := next(own, None)) else self.config.defaults


@contextmanager
def opened(
    config: Config, data: Path, clock: Callable[[], datetime], progress: Progress = no_progress
) -> Iterator[Pipeline]:
    """The pipeline on a data folder, which it holds alone (InUse). The configured feeds are in the database then."""
    with (
        lock.hold(data),
        Store.open(
            data / "aggregator.db",
            canonical=dedupe.canonical_url,
            same_site=same_site,
            at_home=at_home,
        ) as store,
        Fetcher(config.network, store.hosts, clock=clock) as fetcher,
        Workers(processes=min(4, os.cpu_count() or 1)) as workers,
    ):
        pipeline = Pipeline(config, store, fetcher, workers, data / "public", clock, progress)
        pipeline.catch_up()
        pipeline.configure(config)
        yield pipeline

"""The stages, in order; the only place that composes them.

    poll      what is due is fetched, parsed in a worker, decided on, and saved: one transaction a feed
    scrape    each new entry's page is fetched, taken apart in a worker, compared, and saved: one transaction an article
              then articles of one event, whoever tells of it, become one story (see `aggregator.storylines`)
    emit      what is ready gets its place in the output, and the documents that it changes are written

An entry is safe from the moment its feed was polled: scraping is a second step, retried, that can only add to it.
A `StoreError` stops the round; every other failure is one outcome among the others (see `aggregator.outcomes`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from aggregator import dedupe, emit, lock, outcomes, storylines
from aggregator.errors import StoreError
from aggregator.fetch import Fetcher
from aggregator.models import (
    Built,
    FeedState,
    ParsedFeed,
    PendingArticle,
    PollOutcome,
    PollResult,
    Request,
    Response,
    Verdict,
)
from aggregator.reading import Page, ReadArticle, has_full_text, read_feed, read_page
from aggregator.scrape import Hint
from aggregator.settings import Config, FeedOptions
from aggregator.store import Store
from aggregator.workers import Workers

FEED_TYPES = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.8"
PAGE_TYPES = "text/html, application/xhtml+xml, */*;q=0.5"

PARSE_TIMEOUT_S = 20.0
"""A feed of 20 MB and 10,000 items parses in under ten seconds on a small machine."""

SCRAPE_TIMEOUT_S = 15.0
"""The slowest of 400 real pages takes under a second."""

FULL_TEXT_WAIT = timedelta(hours=1)
"""How long an entry may wait for its page before it goes out with the feed's own text."""

FIRST_TRY_WAIT = timedelta(minutes=10)
"""How long the output waits for pages that nobody has tried yet, so that a back-file comes out in order of date."""

CANDIDATE_DAYS = 14
"""Syndicated copies appear within days of the first publication."""

CHAIN_LINKS = 10
"""Posts of each feed that are looked for in a round because no poll saw them; the rest comes in the next rounds."""

BATCH = 200
"""Articles taken up at a time, so that new entries need not wait for a large back-file."""


class Progress(Protocol):
    """Told how far a stage has come; `total` may grow."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def no_progress(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass
class Tally:
    """What a round did, in numbers."""

    polled: int = 0
    unchanged: int = 0
    failed: int = 0
    new: int = 0
    revised: int = 0
    scraped: int = 0
    unscraped: int = 0
    duplicates: int = 0
    published: int = 0
    built: Built = field(default_factory=Built)


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
    stopping: threading.Event = field(default_factory=threading.Event)

    def round(self, *, force: bool = False, name: str | None = None) -> Tally:
        """Poll what is due (`force`: due or not; `name`: one feed), scrape, dedupe, store, emit."""
        tally = Tally()
        self.poll(tally, force=force, name=name)
        self.scrape(tally)
        self.emit(tally)
        return tally

    def stop(self) -> None:
        """End what is under way at once; what was not finished is left as it was, to be done again."""
        self.stopping.set()
        self.fetcher.close()
        self.workers.close()

    # --- poll ------------------------------------------------------------------------------------------------------

    def poll(self, tally: Tally, *, force: bool = False, name: str | None = None) -> None:
        """Fetch, parse, decide on and save every feed that is due."""
        feeds = {state.id: state for state in self.store.due(self.clock(), force=force, name=name)}
        for state, response, parsed in self._fetched_feeds(feeds):
            if not self.stopping.is_set():
                outcome = self._poll_outcome(state, response, parsed)
                self.store.save_poll(outcome)
                _count(tally, outcome)
                self.progress("poll", tally.polled, len(feeds))

    def _fetched_feeds(
        self, feeds: dict[int, FeedState]
    ) -> Iterator[tuple[FeedState, Response | Exception, ParsedFeed | Exception | None]]:
        """Each feed with its answer and, where that has to be parsed, the document; as they complete."""
        settled: list[tuple[FeedState, Response | Exception]] = []

        def to_parse() -> Iterator[tuple[tuple[FeedState, Response], tuple[bytes, str, str]]]:
            for request, answer in self.fetcher.each(self._feed_request(state) for state in feeds.values()):
                state = feeds[request.key]
                if isinstance(answer, Response) and not outcomes.unchanged(state, answer):
                    yield (state, answer), (answer.body, answer.url, answer.content_type)
                else:
                    settled.append((state, answer))

        with_documents = self.workers.each(to_parse(), read_feed, timeout_s=PARSE_TIMEOUT_S)
        for (state, response), parsed in with_documents:
            yield state, response, parsed
            while settled:
                yield *settled.pop(), None
        while settled:
            yield *settled.pop(), None

    def _feed_request(self, state: FeedState) -> Request:
        return Request(
            url=state.polled_url,
            key=state.id,
            validators=state.validators,
            max_bytes=self.config.network.max_bytes,
            accept=FEED_TYPES,
        )

    def _poll_outcome(
        self, state: FeedState, answer: Response | Exception, parsed: ParsedFeed | Exception | None
    ) -> PollOutcome:
        now, options = self.clock(), self._options(state)
        if isinstance(answer, Exception):
            return outcomes.not_polled(state, options, answer, now)
        if isinstance(parsed, Exception):
            return outcomes.not_polled(state, options, parsed, now)
        try:
            entries = parsed.entries if parsed else ()
            known = self.store.known(state.id, dedupe.lookup_guids(entries))
            decisions = dedupe.decide(entries, known)
            return outcomes.polled(state, options, answer, parsed, decisions, now)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug costs its own feed one failed poll, and nothing else
            return outcomes.not_polled(state, options, error, now)

    # --- scrape ----------------------------------------------------------------------------------------------------

    def scrape(self, tally: Tally) -> None:
        """Read the pages of all articles that are due for it, then of posts that came and went between two polls."""
        self._scrape_pending(tally)
        for _ in range(CHAIN_LINKS):
            if self.stopping.is_set() or not self.store.follow_chain(self.clock()):
                break
            self._scrape_pending(tally)
        self._look_again()
        storylines.place(self.store, self.clock(), self.stopping.is_set)

    def _scrape_pending(self, tally: Tally) -> None:
        """Fetch, take apart, compare and save the pages that are due, a batch at a time."""
        states = {state.id: state for state in self.store.feeds()}
        while (batch := self.store.pending(self.clock(), BATCH)) and not self.stopping.is_set():
            total = tally.scraped + tally.unscraped + len(batch)
            for article, response, read in self._read_articles(batch, states):
                if self.stopping.is_set():
                    return
                error = read if isinstance(read, Exception) else outcomes.unreadable(read.article)
                if error:
                    self._save_failure(article, error)
                    tally.unscraped += 1
                elif isinstance(read, ReadArticle):
                    tally.duplicates += self._save_article(article, response, read)
                    tally.scraped += 1
                self.progress("scrape", tally.scraped + tally.unscraped, total)

    def _look_again(self) -> None:
        """Ask pages that could not name their next post when they were read, now that it has come."""
        states = {state.id: state for state in self.store.feeds()}
        for article, response, read in self._read_articles(self.store.next_unknown(self.clock()), states):
            if self.stopping.is_set():
                return
            found = read.article if isinstance(read, ReadArticle) and response else None
            self.store.save_neighbours(article.id, found, self.clock())

    def _read_articles(
        self, batch: tuple[PendingArticle, ...], states: dict[int, FeedState]
    ) -> Iterator[tuple[PendingArticle, Response | None, ReadArticle | Exception]]:
        """Each article as read from its page, or from the feed alone where that is enough; as they complete."""
        articles = {article.id: article for article in batch}
        options = {article.id: self._options(states.get(article.feed_id)) for article in batch}
        feed_only = [article for article in batch if _feed_is_enough(article, options[article.id])]
        from_page = [article for article in batch if article not in feed_only]
        failed: list[tuple[PendingArticle, Exception]] = []

        def pages() -> Iterator[tuple[tuple[PendingArticle, Response | None], tuple[Page]]]:
            for article in feed_only:
                yield (article, None), (_page(article, None),)
            requests = (self._page_request(article, options[article.id]) for article in from_page)
            for request, answer in self.fetcher.each(requests):
                article = articles[request.key]
                if isinstance(answer, Response):
                    yield (article, answer), (_page(article, answer),)
                else:
                    failed.append((article, answer))

        for (article, response), read in self.workers.each(pages(), read_page, timeout_s=SCRAPE_TIMEOUT_S):
            yield article, response, read
            while failed:
                lost, error = failed.pop()
                yield lost, None, error
        for lost, error in failed:
            yield lost, None, error

    def _page_request(self, article: PendingArticle, options: FeedOptions) -> Request:
        return Request(
            url=article.url,
            key=article.id,
            max_bytes=self.config.network.max_article_bytes,
            accept=PAGE_TYPES,
            robots=options.respect_robots,
        )

    def _save_article(self, pending: PendingArticle, response: Response | None, read: ReadArticle) -> bool:
        """Compare with what is stored, and save; whether it is a copy of another."""
        now, article = self.clock(), read.article
        published = pending.published or article.published or now
        near = self.store.candidates(read.fingerprint, published, window_days=CANDIDATE_DAYS, exclude=pending.id)
        likeness = dedupe.same(article.title or pending.title, article.text, published, read.fingerprint, near)
        if response is None:
            self.store.save_feed_text(pending.id, article, read.fingerprint, likeness, now)
        else:
            proof = outcomes.evidence(response)
            self.store.save_article(pending.id, article, proof, read.fingerprint, likeness, now, urls=read.urls)
        return likeness is not None

    def _save_failure(self, article: PendingArticle, error: Exception) -> None:
        now = self.clock()
        known = outcomes.expected(error, article=article.url)
        outcomes.log.info("article not scraped", article=article.url, stage=known.stage, error=known.message)
        self.store.save_failure(article.id, str(known), outcomes.next_attempt(article, known, now), now)

    # --- emit ------------------------------------------------------------------------------------------------------

    def emit(self, tally: Tally, *, full: bool = False) -> None:
        """Give what is ready its place, and write the documents that changed (`full`: look at every one)."""
        now = self.clock()
        if not self.store.untried(since=now - FIRST_TRY_WAIT):
            tally.published += self.store.publish(now, FULL_TEXT_WAIT)
        tally.built = emit.build(
            self.store.archive,
            self.config.site,
            self.out,
            full=full,
            progress=lambda done, total: self.progress("emit", done, total),
        )

    def _options(self, state: FeedState | None) -> FeedOptions:
        """The options in force for a stored feed; the defaults where the configuration has it no longer."""
        own = (feed for feed in self.config.feeds if state and feed.url == state.url)
        return self.config.options(feed) if (feed := next(own, None)) else self.config.defaults


@contextmanager
def opened(
    config: Config, data: Path, clock: Callable[[], datetime], progress: Progress = no_progress
) -> Iterator[Pipeline]:
    """The pipeline on a data folder, which it holds alone (InUse). The configured feeds are in the database then."""
    with (
        lock.hold(data),
        Store.open(data / "aggregator.db", canonical=dedupe.canonical_url, same_site=dedupe.same_site) as store,
        Fetcher(config.network, store, clock=clock) as fetcher,
        Workers(processes=min(4, os.cpu_count() or 1)) as workers,
    ):
        store.sync_feeds(config, clock())
        yield Pipeline(config, store, fetcher, workers, data / "public", clock, progress)


def _count(tally: Tally, outcome: PollOutcome) -> None:
    tally.polled += 1
    tally.unchanged += outcome.result in (PollResult.NOT_MODIFIED, PollResult.SAME_BYTES)
    tally.failed += outcome.result is PollResult.FAILED
    tally.new += sum(decision.verdict is Verdict.NEW for decision in outcome.decisions)
    tally.revised += sum(decision.verdict is Verdict.REVISED for decision in outcome.decisions)


def _feed_is_enough(article: PendingArticle, options: FeedOptions) -> bool:
    return options.full_text == "never" or (options.full_text == "auto" and has_full_text(article.feed_html))


def _page(article: PendingArticle, response: Response | None) -> Page:
    hint = Hint(article.title, article.feed_html, article.published, article.language)
    if response is None:
        return Page(None, article.url, "", hint)
    return Page(response.body, response.url, response.content_type, hint)

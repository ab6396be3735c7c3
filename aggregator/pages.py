"""Articles that are due -> articles as read: their pages are fetched, and taken apart in workers, as they complete.

Most articles have one page. Where the first says that there is more (the real page behind an AMP or print page, one
with all of it, a next page), that is fetched in another turn, through the same budgets, robots.txt and guard; what is
done is handed out in the meantime. Nothing is saved here, and no transaction is open while a page is awaited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import structlog

from aggregator import scraping
from aggregator.config.rulebook import Rulebook
from aggregator.config.settings import FeedOptions, Network
from aggregator.fetch import Fetcher
from aggregator.models import PendingArticle, Response
from aggregator.models.errors import WorkerDied
from aggregator.models.site_rules import Rule
from aggregator.reading import Page, noted, read_page, unruled
from aggregator.scraping import SCRAPE_TIMEOUT_S, Reading
from aggregator.workers import Workers

log = structlog.get_logger()

_Job = tuple[Reading, Response | None, Page]


@dataclass(frozen=True, slots=True)
class Pages:
    """Takes articles through their pages. `options` tells what is in force for an article.

    `boilerplate` are, for each feed by its number, the marks of paragraphs that are no article.
    """

    fetcher: Fetcher
    workers: Workers
    network: Network
    options: Callable[[PendingArticle], FeedOptions]
    stopped: Callable[[], bool]
    rules: Rulebook = field(default_factory=Rulebook)
    boilerplate: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def read(self, batch: Iterable[PendingArticle], *, whole: bool = True) -> Iterator[Reading]:
        """Each article as read, or with the error that came; as they complete. Nothing more once `stopped`.

        With `whole` false the first page is enough.
        """
        waiting = [Reading.begin(article) for article in batch]
        while waiting:
            onward: list[Reading] = []
            for reading in self._turn(waiting):
                if self.stopped():
                    return
                if whole and reading.wanted:
                    onward.append(reading)
                else:
                    yield reading
            waiting = onward
        for problem in self.rules.problems:
            log.warning("a rule for a site has a mistake", mistake=problem)

    def _turn(self, waiting: list[Reading]) -> Iterator[Reading]:
        """Each reading with one more page, or without it."""
        settled: list[Reading] = []
        again: list[tuple[_Job, Rule, WorkerDied]] = []
        jobs = ((job, (job[2],)) for job in self._fetched(waiting, settled))
        for job, read in self.workers.each(jobs, read_page, timeout_s=SCRAPE_TIMEOUT_S):
            reading, response, page = job
            rule = page.hint.rule
            if rule is not None and isinstance(read, WorkerDied):
                self.rules.set_aside(rule)
                again.append(((reading, response, unruled(page)), rule, read))
            else:
                yield reading.gave(read, response)
        yield from settled
        yield from self._without_rules(again)

    def _without_rules(self, again: list[tuple[_Job, Rule, WorkerDied]]) -> Iterator[Reading]:
        """The readings whose worker had to be stopped, read without the rule, which may have been the cause."""
        jobs = (((job, rule, error), (job[2],)) for job, rule, error in again)
        for (job, rule, error), read in self.workers.each(jobs, read_page, timeout_s=SCRAPE_TIMEOUT_S):
            reading, response, _ = job
            if isinstance(read, Exception):
                yield reading.gave(read, response)
            else:
                log.warning("a rule for a site was set aside", file=rule.file, error=error.message)
                yield reading.gave(noted(read, rule.file, error.message), response)

    def _fetched(self, waiting: list[Reading], settled: list[Reading]) -> Iterator[_Job]:
        """The wanted pages, for a worker to read; readings whose page does not come are added to `settled`."""
        readings = {reading.article.id: reading for reading in waiting}
        requests = []
        for reading in waiting:
            options = self.options(reading.article)
            if scraping.feed_is_enough(reading, options):
                yield reading, None, scraping.page(reading, None, self.network)
            else:
                rule = self.rules.find(reading.wanted or "")
                requests.append(scraping.page_request(reading, options, self.network, rule))
        for request, answer in self.fetcher.each(requests):
            reading = readings[request.key]
            if self.stopped():
                return
            if not isinstance(answer, Response):
                settled.append(reading.gave(answer, None))
            elif reading.astray(answer):
                settled.append(reading.ended())
            else:
                rule = self.rules.find(answer.url)
                known = self.boilerplate.get(reading.article.feed_id, frozenset())
                yield reading.took(answer), answer, scraping.page(reading, answer, self.network, rule, known)

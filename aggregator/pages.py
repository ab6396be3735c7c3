"""Articles that are due -> articles as read: their pages are fetched, and taken apart in workers, as they complete.

Most articles have one page. Where the first says that there is more (the real page behind an AMP or print page, one
with all of it, a next page), that is fetched in another turn, through the same budgets, robots.txt and guard; what is
done is handed out in the meantime. Nothing is saved here, and no transaction is open while a page is awaited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from aggregator import scraping
from aggregator.fetch import Fetcher
from aggregator.models import PendingArticle, Response
from aggregator.reading import Page, read_page
from aggregator.scraping import SCRAPE_TIMEOUT_S, Reading
from aggregator.settings import FeedOptions, Network
from aggregator.workers import Workers


@dataclass(frozen=True, slots=True)
class Pages:
    """Takes articles through their pages. `options` tells what is in force for an article."""

    fetcher: Fetcher
    workers: Workers
    network: Network
    options: Callable[[PendingArticle], FeedOptions]
    stopped: Callable[[], bool]

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

    def _turn(self, waiting: list[Reading]) -> Iterator[Reading]:
        """Each reading with one more page, or without it."""
        settled: list[Reading] = []
        for (reading, response), read in self.workers.each(
            self._fetched(waiting, settled), read_page, timeout_s=SCRAPE_TIMEOUT_S
        ):
            yield reading.gave(read, response)
        yield from settled

    def _fetched(
        self, waiting: list[Reading], settled: list[Reading]
    ) -> Iterator[tuple[tuple[Reading, Response | None], tuple[Page]]]:
        """The wanted pages, for a worker to read; readings whose page does not come are added to `settled`."""
        readings = {reading.article.id: reading for reading in waiting}
        requests = []
        for reading in waiting:
            options = self.options(reading.article)
            if scraping.feed_is_enough(reading, options):
                yield (reading, None), (scraping.page(reading, None, self.network),)
            else:
                requests.append(scraping.page_request(reading, options, self.network))
        for request, answer in self.fetcher.each(requests):
            reading = readings[request.key]
            if not isinstance(answer, Response):
                settled.append(reading.gave(answer, None))
            elif reading.astray(answer):
                settled.append(reading.ended())
            else:
                yield (reading.took(answer), answer), (scraping.page(reading, answer, self.network),)

"""One article, and what is asked for it: which page is wanted next, with what request, read with what in mind.

An article may take several pages: the real one behind an AMP or print page, one that has all of it, the next ones. A
`ArticleResult` is an article on its way through them; `aggregator.pipeline.save` saves what came of it.

Articles that are due -> articles as read: their pages are fetched, and taken apart in workers, as they complete.

Most articles have one page. Where the first says that there is more (the real page behind an AMP or print page, one
with all of it, a next page), that is fetched next, through the same budgets, robots.txt and guard; what is done is
handed out in the meantime, so that a slow host delays its own articles alone. Nothing is saved here, and no transaction
is open while a page is awaited.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import structlog

from aggregator import scrape
from aggregator.config.rulebook import Rulebook
from aggregator.fetch import Fetcher, product_token
from aggregator.models import Article, PageEvidence, PendingArticle, Request, Response, Validators
from aggregator.models.errors import WorkerDied
from aggregator.pipeline import outcomes
from aggregator.pipeline.parsing import PageInput, ReadArticle, Step, has_full_text, noted, read_page, unruled, without
from aggregator.scrape import Hint
from aggregator.text.urls import same_site

if TYPE_CHECKING:
    from aggregator.config.settings import FeedOptions, Network
    from aggregator.models.site_rules import Rule
    from aggregator.pipeline.workers import Workers

PAGE_TYPES = "text/html, application/xhtml+xml, */*;q=0.5"

SCRAPE_TIMEOUT_S = 15.0
"""The slowest of 400 real pages takes under a second."""

MAX_PAGES = 10
"""Pages of one article; magazines cut theirs into two to eight. What has more is saved as far as it was read."""


MAX_FORWARDS = 4
"""Addresses asked for an article whose pages only send their readers on."""


@dataclass(frozen=True, slots=True)
class ArticleResult:
    """An article on its way through its pages.

    `read` is what the pages so far gave, or why the first gave nothing. `evidence` tells how its page was fetched; None
    when it was made of the feed's own text. `missing` is why a later page, or the real one, could not be had.
    `step` and `wanted` say what is to be fetched next: nothing when `wanted` is None. `size` is in bytes, of all pages.
    """

    article: PendingArticle
    wanted: str | None
    step: Step = Step.FIRST
    read: ReadArticle | Exception | None = None
    evidence: PageEvidence | None = None
    missing: Exception | None = None
    asked: frozenset[str] = frozenset()
    size: int = 0

    @classmethod
    def begin(cls, article: PendingArticle) -> ArticleResult:
        """An article of which nothing has been fetched."""
        return cls(article, article.url)

    def took(self, response: Response) -> ArticleResult:
        """With a page fetched, not yet read."""
        asked = self.asked | {_key(response.url), _key(self.wanted or "")}
        evidence = outcomes.evidence(response) if self.evidence is None else self.evidence
        return replace(self, asked=asked, size=self.size + len(response.body), evidence=evidence)

    def astray(self, response: Response) -> bool:
        """Whether a later page led to another site, or to a page that was read already (the last one's `next`)."""
        return self.step is not Step.FIRST and (
            _key(response.url) in self.asked or not same_site(response.url, self.article_url)
        )

    @property
    def article_url(self) -> str:
        """Where the page is that the article was read from."""
        return self.read.article.url if isinstance(self.read, ReadArticle) else self.article.url

    @property
    def page_says(self) -> Article | None:
        """The article as its page has it; None when it could not be read, or was made of the feed's text."""
        return self.read.article if isinstance(self.read, ReadArticle) and self.evidence else None

    def gave(self, read: ReadArticle | Exception, response: Response | None) -> ArticleResult:
        """After a page was read, or was not to be had: what is wanted now. `response` is how it came."""
        if isinstance(read, Exception):
            return self._gave_nothing(read)
        if self.step is Step.REAL and response is not None and read.article.url == response.url:
            return replace(self, read=read, evidence=outcomes.evidence(response))._onward()
        return replace(self, read=read)._onward()

    def ended(self) -> ArticleResult:
        """Without the page that was wanted: there is none, or it is none of this article's."""
        assert isinstance(self.read, ReadArticle)
        return replace(self, read=without(self.read, self.step))._onward()

    def _gave_nothing(self, error: Exception) -> ArticleResult:
        if self.step is Step.FIRST:
            return replace(self, read=error, evidence=None, wanted=None)
        assert self.evidence is not None
        if self.step is Step.NEXT:
            return replace(self, missing=error, wanted=None, evidence=replace(self.evidence, partial=True))
        if self.step is Step.REAL and not outcomes.final(error):
            return replace(self, missing=error).ended()
        return self.ended()

    def _onward(self) -> ArticleResult:
        """With the next page to be fetched, if any."""
        assert isinstance(self.read, ReadArticle)
        article = self.read.article
        if self.evidence is None:
            return replace(self, wanted=None)
        target = article.forwards_to if self.step is Step.FIRST else None
        if target and _key(target) not in self.asked and len(self.asked) < MAX_FORWARDS:
            return replace(self, wanted=target, read=None, evidence=None)
        for step, url in ((Step.REAL, article.real_url), (Step.WHOLE, article.single_page_url)):
            if url and self._may_ask(url):
                return replace(self, step=step, wanted=url)
        if not article.next_page_url or not self._may_ask(article.next_page_url):
            return replace(self, wanted=None)
        if article.pages >= MAX_PAGES:
            return replace(self, wanted=None, evidence=replace(self.evidence, partial=True))
        return replace(self, step=Step.NEXT, wanted=article.next_page_url)

    def _may_ask(self, url: str) -> bool:
        return _key(url) not in self.asked and same_site(url, self.article_url)


def _key(url: str) -> str:
    """An address to compare by: pages differ in their path and query, never in their fragment."""
    return url.partition("#")[0].rstrip("/")


def page_request(reading: ArticleResult, options: FeedOptions, network: Network, rule: Rule | None = None) -> Request:
    """The request for the page that is wanted. All pages of an article together have the bytes of one.

    `rule` is that of the page's site; its headers go no further than that.
    """
    return Request(
        url=reading.wanted or reading.article.url,
        key=reading.article.id,
        validators=Validators() if reading.asked else reading.article.validators,
        max_bytes=max(1, network.max_article_bytes - reading.size),
        accept=PAGE_TYPES,
        robots=options.respect_robots,
        headers=dict(rule.headers) if rule else {},
        proxy=options.proxy,
    )


def feed_is_enough(reading: ArticleResult, options: FeedOptions) -> bool:
    """Whether the feed's own text stands for the article, so that no page is fetched (`full_text`)."""
    if reading.step is not Step.FIRST:
        return False
    return options.full_text == "never" or (options.full_text == "auto" and has_full_text(reading.article.feed_html))


def page(
    reading: ArticleResult,
    response: Response | None,
    network: Network,
    rule: Rule | None = None,
    boilerplate: frozenset[str] = frozenset(),
) -> PageInput:
    """What a worker reads: the page, or the feed's own text where there is no `response`.

    `boilerplate` are the marks of paragraphs that are not to be taken for the article (`Hint`).
    """
    article = reading.article
    hint = Hint(article.title, article.feed_html, article.published, article.language, rule, boilerplate)
    if response is None:
        return PageInput(None, article.url, "", hint)
    before = reading.read if isinstance(reading.read, ReadArticle) else None
    agent = product_token(network.user_agent)
    noarchive = scrape.forbidden_by_header(response.headers.get("x-robots-tag", ""), agent)
    return PageInput(response.body, response.url, response.content_type, hint, before, reading.step, agent, noarchive)


TAKE_EVERY_S = 2.0
"""Seconds between two looks for articles that have become due while others are under way."""

QUIET_S = 5.0
"""Seconds without a page read after which it is asked whether what is left is worth waiting for."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ArticleReader:
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

    def read(self, batch: Iterable[PendingArticle], *, whole: bool = True) -> Iterator[ArticleResult]:
        """Each article as read, or with the error that came; as they complete. Nothing more once `stopped`.

        With `whole` false the first page is enough.
        """
        first = iter((tuple(batch),))
        return (reading for reading in self.stream(lambda _: next(first, ()), whole=whole) if reading is not None)

    def stream(self, take: Take, *, whole: bool = True, patient: bool = True) -> Iterator[ArticleResult | None]:
        """The same for articles that come as it goes: `take` gives more, given the ids of those under way.

        None comes when nothing is read for a moment, so that what was read can be saved. It ends when nothing is under
        way and `take` gives nothing; unless `patient`, also when all that is left are pages of hosts that ask for long
        pauses. Those are dropped, and are still due.
        """
        work = _Work(take)
        quiet_since = time.monotonic()
        for reading in self._read(work):
            if self.stopped():
                return
            if reading is None:
                yield None
                if not patient and time.monotonic() - quiet_since > QUIET_S and self._are_slowed(work):
                    return
                continue
            quiet_since = time.monotonic()
            if whole and reading.wanted:
                work.waiting.append(reading)
            else:
                work.under_way.pop(reading.article.id, None)
                yield reading
        for problem in self.rules.problems:
            log.warning("a rule for a site has a mistake", mistake=problem)

    def _are_slowed(self, work: _Work) -> bool:
        return all(self.fetcher.is_slowed(reading.wanted or "") for reading in work.under_way.values())

    def _read(self, work: _Work) -> Iterator[ArticleResult | None]:
        """Each reading with one more page, or without it."""
        for done in self.workers.each(self._jobs(work), read_page, timeout_s=SCRAPE_TIMEOUT_S):
            while work.settled:
                yield work.settled.popleft()
            if done is None:
                yield None
                continue
            job, read = done
            rule = job.page.hint.rule
            if job.error is None and rule is not None and isinstance(read, WorkerDied):
                self.rules.set_aside(rule)
                work.again.append(replace(job, page=unruled(job.page), rule=rule, error=read))
            else:
                yield job.reading.gave(_noted(job, read), job.response)
        yield from work.settled

    def _jobs(self, work: _Work) -> Iterator[tuple[_Job, tuple[PageInput]] | None]:
        """The wanted pages, for a worker to read; readings whose page does not come are settled.

        A page whose worker had to be stopped is read again without the rule, which may have been the cause.
        """
        for fetched in self.fetcher.stream(self._requests(work)):
            while work.again:
                yield _with_page(work.again.popleft())
            while work.enough:
                reading = work.enough.popleft()
                yield _with_page(_Job(reading, None, page(reading, None, self.network)))
            if fetched is None:
                yield None
                continue
            request, answer = fetched
            reading = work.under_way[request.key]
            if not isinstance(answer, Response):
                work.settled.append(reading.gave(answer, None))
            elif reading.astray(answer):
                work.settled.append(reading.ended())
            else:
                rule = self.rules.find(answer.url)
                known = self.boilerplate.get(reading.article.feed_id, frozenset())
                found = page(reading, answer, self.network, rule, known)
                yield _with_page(_Job(reading.took(answer), answer, found))

    def _requests(self, work: _Work) -> Iterator[Request | None]:
        """The requests for the wanted pages; None while all are under way."""
        while not self.stopped():
            work.take_more()
            if not work.under_way:
                return
            while work.waiting:
                reading = work.waiting.popleft()
                work.under_way[reading.article.id] = reading
                options = self.options(reading.article)
                if feed_is_enough(reading, options):
                    work.enough.append(reading)
                else:
                    rule = self.rules.find(reading.wanted or "")
                    yield page_request(reading, options, self.network, rule)
            yield None


Take = Callable[[Collection[int]], Iterable[PendingArticle]]


@dataclass(frozen=True, slots=True)
class _Job:
    """A page to be read for a reading. `rule` and `error` are those of a first try, which was stopped."""

    reading: ArticleResult
    response: Response | None
    page: PageInput
    rule: Rule | None = None
    error: WorkerDied | None = None


@dataclass(slots=True)
class _Work:
    """What `Pages.stream` has in hand: readings by the id of their article, and queues of what to do with them."""

    take: Take
    under_way: dict[int, ArticleResult] = field(default_factory=dict)
    waiting: deque[ArticleResult] = field(default_factory=deque)
    enough: deque[ArticleResult] = field(default_factory=deque)
    settled: deque[ArticleResult] = field(default_factory=deque)
    again: deque[_Job] = field(default_factory=deque)
    taken_at: float = -math.inf

    def take_more(self) -> None:
        """Ask for more articles when there are none, or none new for a while."""
        if self.waiting or (self.under_way and time.monotonic() - self.taken_at < TAKE_EVERY_S):
            return
        self.taken_at = time.monotonic()
        for article in self.take(self.under_way.keys()):
            reading = ArticleResult.begin(article)
            self.under_way[article.id] = reading
            self.waiting.append(reading)


def _with_page(job: _Job) -> tuple[_Job, tuple[PageInput]]:
    return job, (job.page,)


def _noted(job: _Job, read: ReadArticle | Exception) -> ReadArticle | Exception:
    """What a page gave; that a rule was set aside is noted with it, where it was the rule's fault."""
    if job.error is None or job.rule is None or isinstance(read, Exception):
        return read
    log.warning("a rule for a site was set aside", file=job.rule.file, error=job.error.message)
    return noted(read, job.rule.file, job.error.message)

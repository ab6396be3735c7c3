"""One article, and what is asked for it: which page is wanted next, with what request, read with what in mind.

An article may take several pages: the real one behind an AMP or print page, one that has all of it, the next ones. A
`ArticleResult` is an article on its way through them; `aggregator.pipeline.save` saves what came of it.

Articles that are due -> articles as read: their pages are fetched, and taken apart in workers, as they complete.

Most articles have one page. Where the first says that there is more (the real page behind an AMP or print page, one
with all of it, a next page), that is fetched in another turn, through the same budgets, robots.txt and guard; what is
done is handed out in the meantime. Nothing is saved here, and no transaction is open while a page is awaited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import structlog

from aggregator import dedupe, scrape
from aggregator.config.rulebook import Rulebook
from aggregator.config.settings import FeedOptions, Network
from aggregator.fetch import Fetcher, product_token
from aggregator.models import Article, PageEvidence, PendingArticle, Request, Response, Validators
from aggregator.models.errors import WorkerDied
from aggregator.models.site_rules import Rule
from aggregator.pipeline import outcomes
from aggregator.pipeline.parsing import PageInput, ReadArticle, Step, has_full_text, noted, read_page, unruled, without
from aggregator.pipeline.workers import Workers
from aggregator.scrape import Hint

PAGE_TYPES = "text/html, application/xhtml+xml, */*;q=0.5"

SCRAPE_TIMEOUT_S = 15.0
"""The slowest of 400 real pages takes under a second."""

MAX_PAGES = 10
"""Pages of one article; magazines cut theirs into two to eight. What has more is saved as far as it was read."""


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
            _key(response.url) in self.asked or not dedupe.same_site(response.url, self.article_url)
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
        for step, url in ((Step.REAL, article.real_url), (Step.WHOLE, article.single_page_url)):
            if url and self._may_ask(url):
                return replace(self, step=step, wanted=url)
        if not article.next_page_url or not self._may_ask(article.next_page_url):
            return replace(self, wanted=None)
        if article.pages >= MAX_PAGES:
            return replace(self, wanted=None, evidence=replace(self.evidence, partial=True))
        return replace(self, step=Step.NEXT, wanted=article.next_page_url)

    def _may_ask(self, url: str) -> bool:
        return _key(url) not in self.asked and dedupe.same_site(url, self.article_url)


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
        validators=reading.article.validators if reading.step is Step.FIRST else Validators(),
        max_bytes=max(1, network.max_article_bytes - reading.size),
        accept=PAGE_TYPES,
        robots=options.respect_robots,
        headers=dict(rule.headers) if rule else {},
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


log = structlog.get_logger()

_Job = tuple[ArticleResult, Response | None, PageInput]


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
        waiting = [ArticleResult.begin(article) for article in batch]
        while waiting:
            onward: list[ArticleResult] = []
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

    def _turn(self, waiting: list[ArticleResult]) -> Iterator[ArticleResult]:
        """Each reading with one more page, or without it."""
        settled: list[ArticleResult] = []
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

    def _without_rules(self, again: list[tuple[_Job, Rule, WorkerDied]]) -> Iterator[ArticleResult]:
        """The readings whose worker had to be stopped, read without the rule, which may have been the cause."""
        jobs = (((job, rule, error), (job[2],)) for job, rule, error in again)
        for (job, rule, error), read in self.workers.each(jobs, read_page, timeout_s=SCRAPE_TIMEOUT_S):
            reading, response, _ = job
            if isinstance(read, Exception):
                yield reading.gave(read, response)
            else:
                log.warning("a rule for a site was set aside", file=rule.file, error=error.message)
                yield reading.gave(noted(read, rule.file, error.message), response)

    def _fetched(self, waiting: list[ArticleResult], settled: list[ArticleResult]) -> Iterator[_Job]:
        """The wanted pages, for a worker to read; readings whose page does not come are added to `settled`."""
        readings = {reading.article.id: reading for reading in waiting}
        requests = []
        for reading in waiting:
            options = self.options(reading.article)
            if feed_is_enough(reading, options):
                yield reading, None, page(reading, None, self.network)
            else:
                rule = self.rules.find(reading.wanted or "")
                requests.append(page_request(reading, options, self.network, rule))
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
                yield reading.took(answer), answer, page(reading, answer, self.network, rule, known)

"""One article: what is asked for it, and how what came back is saved: its text, or the reason why there is none.

An article may take several pages: the real one behind an AMP or print page, one that has all of it, the next ones. A
`Reading` is an article on its way through them (see `aggregator.pages`, which takes it there).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator import dedupe, outcomes, scrape
from aggregator.errors import StoreError
from aggregator.fetch import product_token
from aggregator.models import (
    Article,
    Change,
    ChangeKind,
    PageEvidence,
    PageKind,
    PendingArticle,
    Request,
    Response,
    Validators,
)
from aggregator.reading import Page, ReadArticle, Step, has_full_text, without
from aggregator.scrape import Hint
from aggregator.settings import FeedOptions, Network
from aggregator.siterules import Rule
from aggregator.store import Store

PAGE_TYPES = "text/html, application/xhtml+xml, */*;q=0.5"

SCRAPE_TIMEOUT_S = 15.0
"""The slowest of 400 real pages takes under a second."""

CANDIDATE_DAYS = 14
"""Syndicated copies appear within days of the first publication."""


SAVED_TOGETHER = 20
SAVED_WITHIN_S = 0.5
"""Articles that may share a transaction, and the seconds within which they do. What is lost with it is read again."""

MAX_PAGES = 10
"""Pages of one article; magazines cut theirs into two to eight. What has more is saved as far as it was read."""


@dataclass(frozen=True, slots=True)
class Reading:
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
    def begin(cls, article: PendingArticle) -> Reading:
        """An article of which nothing has been fetched."""
        return cls(article, article.url)

    def took(self, response: Response) -> Reading:
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

    def gave(self, read: ReadArticle | Exception, response: Response | None) -> Reading:
        """After a page was read, or was not to be had: what is wanted now. `response` is how it came."""
        if isinstance(read, Exception):
            return self._gave_nothing(read)
        if self.step is Step.REAL and response is not None and read.article.url == response.url:
            return replace(self, read=read, evidence=outcomes.evidence(response))._onward()
        return replace(self, read=read)._onward()

    def ended(self) -> Reading:
        """Without the page that was wanted: there is none, or it is none of this article's."""
        assert isinstance(self.read, ReadArticle)
        return replace(self, read=without(self.read, self.step))._onward()

    def _gave_nothing(self, error: Exception) -> Reading:
        if self.step is Step.FIRST:
            return replace(self, read=error, evidence=None, wanted=None)
        assert self.evidence is not None
        if self.step is Step.NEXT:
            return replace(self, missing=error, wanted=None, evidence=replace(self.evidence, partial=True))
        if self.step is Step.REAL and not outcomes.final(error):
            return replace(self, missing=error).ended()
        return self.ended()

    def _onward(self) -> Reading:
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


def page_request(reading: Reading, options: FeedOptions, network: Network, rule: Rule | None = None) -> Request:
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


def feed_is_enough(reading: Reading, options: FeedOptions) -> bool:
    """Whether the feed's own text stands for the article, so that no page is fetched (`full_text`)."""
    if reading.step is not Step.FIRST:
        return False
    return options.full_text == "never" or (options.full_text == "auto" and has_full_text(reading.article.feed_html))


def page(
    reading: Reading,
    response: Response | None,
    network: Network,
    rule: Rule | None = None,
    boilerplate: frozenset[str] = frozenset(),
) -> Page:
    """What a worker reads: the page, or the feed's own text where there is no `response`.

    `boilerplate` are the marks of paragraphs that are not to be taken for the article (`Hint`).
    """
    article = reading.article
    hint = Hint(article.title, article.feed_html, article.published, article.language, rule, boilerplate)
    if response is None:
        return Page(None, article.url, "", hint)
    before = reading.read if isinstance(reading.read, ReadArticle) else None
    agent = product_token(network.user_agent)
    noarchive = scrape.forbidden_by_header(response.headers.get("x-robots-tag", ""), agent)
    return Page(response.body, response.url, response.content_type, hint, before, reading.step, agent, noarchive)


def gathered(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    """Readings as they come, a few at a time, to be saved in one transaction: each of those waits for the disk."""
    held: list[Reading] = []
    since = 0.0
    for reading in readings:
        if not held:
            since = time.monotonic()
        held.append(reading)
        if len(held) >= SAVED_TOGETHER or time.monotonic() - since > SAVED_WITHIN_S:
            yield held
            held = []
    if held:
        yield held


def save(store: Store, reading: Reading, now: datetime) -> bool:
    """Save what was read, or why nothing was: whether the article has its text now. Raises StoreError alone.

    An article of which a page is missing is tried again like one without any; at the last try what is there is saved.
    """
    article, read = reading.article, reading.read
    error = outcomes.unreadable(read.article) if isinstance(read, ReadArticle) else read
    if error is not None and isinstance(read, ReadArticle):
        store.quality.walled(article.id, now)
    error = error or _worth_another_try(reading, now)
    if error is None and isinstance(read, ReadArticle):
        try:
            save_article(store, reading, read, now)
            return True
        except StoreError:
            raise
        except Exception as bug:  # noqa: BLE001 - a bug costs its own article one failed try, and nothing else
            error = bug
    assert error is not None
    if (until := outcomes.resting_until(error, now)) is not None:
        store.postpone(article.id, until)
        return False
    known = outcomes.expected(error, article=article.url)
    outcomes.log.info("article not scraped", article=article.url, stage=known.stage, error=known.message)
    store.save_failure(article.id, str(known), outcomes.next_attempt(article, known, now), now)
    if outcomes.gone(known):
        store.revisions.looked(article.id, f"gone at the origin: {known.message}", now, gone=True)
    return False


def _worth_another_try(reading: Reading, now: datetime) -> Exception | None:
    """Why a page is missing that may come at another try."""
    if reading.missing is None or outcomes.resting_until(reading.missing, now) is not None:
        return reading.missing
    known = outcomes.expected(reading.missing, article=reading.article.url)
    return known if outcomes.next_attempt(reading.article, known, now) is not None else None


def save_article(store: Store, reading: Reading, read: ReadArticle, now: datetime) -> None:
    """Compare with what is stored, and save with what it is a copy of, or what turns out to be copies of it.

    A page that was read before is compared with what it said then: trifles and losses change nothing.
    """
    pending, article = reading.article, read.article
    version = pending.content_hash
    title, published = article.title or pending.title, pending.published or article.published or now
    near = store.candidates(read.fingerprint, published, window_days=CANDIDATE_DAYS, exclude=pending.id)
    likeness = dedupe.same(title, article.text, published, read.fingerprint, near)
    each = (dedupe.same(title, article.text, published, read.fingerprint, (one,)) for one in near if likeness)
    also = tuple(found for found in each if found)
    twins = store.quality.twins(pending.id, [found.article_id for found in also])
    if twins:
        likeness, also = None, ()  # one notice in place of many posts makes none of them a copy of another
    if reading.evidence is None:
        store.save_feed_text(pending.id, article, read.fingerprint, likeness, now, also=also, version=version)
        return
    change = _change(store, pending, article, twins, partial=reading.evidence.partial)
    if article.kind is PageKind.PAYWALL:
        store.quality.walled(pending.id, now, teaser_words=max(1, article.word_count))
    if article.kind is PageKind.ARTICLE:
        marks = scrape.marks(article.text) if twins else ()
        store.quality.sampled(pending.id, article.word_count, twins, now, marks)
        if (change is None or change.kind is ChangeKind.REPAIRED) and _save_fallback(
            store, reading, article, now, repeats=bool(twins)
        ):
            return
    store.save_article(
        pending.id,
        article,
        reading.evidence,
        read.fingerprint,
        likeness,
        now,
        urls=read.urls,
        also=also,
        version=version,
        change=change,
    )


def _save_fallback(store: Store, reading: Reading, article: Article, now: datetime, *, repeats: bool) -> bool:
    """Save the feed's own text where the page gave something that is not the article: whether that was done."""
    pending = reading.article
    text = scrape.to_text(pending.feed_html)
    words = len(text.split())
    if not store.quality.falls_back(pending.id, article.word_count, repeats=repeats):
        return False
    if not words or (not repeats and words < article.word_count):
        return False
    own = Article(
        url=article.url,
        title=pending.title or None,
        language=pending.language,
        text=text,
        html=pending.feed_html,
        extractor="feed",
        word_count=words,
        noarchive=article.noarchive,
    )
    fingerprint = dedupe.fingerprint(pending.title, text)
    store.save_feed_text(
        pending.id, own, fingerprint, None, now, version=pending.content_hash, evidence=reading.evidence
    )
    return True


def _change(
    store: Store, pending: PendingArticle, article: Article, twins: tuple[int, ...], *, partial: bool
) -> Change | None:
    """What became of the text that the article's page had before; None: it had none, or it is no article now."""
    said = store.revisions.said(pending.id)
    if said is None or not said.from_page or article.kind is not PageKind.ARTICLE:
        return None
    if store.quality.doubtful(pending.id):
        return Change(ChangeKind.REPAIRED, "its page was read badly before")
    if twins:
        return Change(ChangeKind.LOST, "the page shows the text of another post")
    if partial:
        return Change(ChangeKind.LOST, "the page ended early")
    new_title = article.title or said.title
    return dedupe.change(said.title, said.text, new_title, article.text, announced=said.announced)

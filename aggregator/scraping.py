"""One article: what is asked for it, and how what came back is saved: its text, or the reason why there is none."""

from __future__ import annotations

from datetime import datetime

from aggregator import dedupe, outcomes
from aggregator.errors import StoreError
from aggregator.models import PendingArticle, Request, Response
from aggregator.reading import Page, ReadArticle, has_full_text
from aggregator.scrape import Hint
from aggregator.settings import FeedOptions, Network
from aggregator.store import Store

PAGE_TYPES = "text/html, application/xhtml+xml, */*;q=0.5"

SCRAPE_TIMEOUT_S = 15.0
"""The slowest of 400 real pages takes under a second."""

CANDIDATE_DAYS = 14
"""Syndicated copies appear within days of the first publication."""


def page_request(article: PendingArticle, options: FeedOptions, network: Network) -> Request:
    """The request for an article's page."""
    return Request(
        url=article.url,
        key=article.id,
        max_bytes=network.max_article_bytes,
        accept=PAGE_TYPES,
        robots=options.respect_robots,
    )


def feed_is_enough(article: PendingArticle, options: FeedOptions) -> bool:
    """Whether the feed's own text stands for the article, so that its page is not fetched (`full_text`)."""
    return options.full_text == "never" or (options.full_text == "auto" and has_full_text(article.feed_html))


def page(article: PendingArticle, response: Response | None) -> Page:
    """What a worker reads: the page, or the feed's own text where there is no `response`."""
    hint = Hint(article.title, article.feed_html, article.published, article.language)
    if response is None:
        return Page(None, article.url, "", hint)
    return Page(response.body, response.url, response.content_type, hint)


def save(
    store: Store, article: PendingArticle, response: Response | None, read: ReadArticle | Exception, now: datetime
) -> bool:
    """Save what was read, or why nothing was: whether the article has its text now. Raises StoreError alone."""
    error = read if isinstance(read, Exception) else outcomes.unreadable(read.article)
    if error is None and isinstance(read, ReadArticle):
        try:
            _save_article(store, article, response, read, now)
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
    return False


def _save_article(
    store: Store, pending: PendingArticle, response: Response | None, read: ReadArticle, now: datetime
) -> None:
    """Compare with what is stored, and save with what it is a copy of, or what turns out to be copies of it."""
    article = read.article
    version = pending.content_hash
    title, published = article.title or pending.title, pending.published or article.published or now
    near = store.candidates(read.fingerprint, published, window_days=CANDIDATE_DAYS, exclude=pending.id)
    likeness = dedupe.same(title, article.text, published, read.fingerprint, near)
    each = (dedupe.same(title, article.text, published, read.fingerprint, (one,)) for one in near if likeness)
    also = tuple(found for found in each if found)
    if response is None:
        store.save_feed_text(pending.id, article, read.fingerprint, likeness, now, also=also, version=version)
    else:
        proof = outcomes.evidence(response)
        store.save_article(
            pending.id, article, proof, read.fingerprint, likeness, now, urls=read.urls, also=also, version=version
        )

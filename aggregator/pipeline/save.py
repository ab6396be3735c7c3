"""What came of reading an article's pages, saved: its text, with what it is a copy of, or the reason why there is none.

What an answer means is decided in `outcomes`, what is alike in `dedupe`; nothing is fetched here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator import dedupe, scrape
from aggregator.models import FROM_FEED, Article, Change, ChangeKind, Likeness, PageKind, PendingArticle
from aggregator.models.errors import Refused, StoreError
from aggregator.pipeline import outcomes
from aggregator.pipeline.parsing import ReadArticle

if TYPE_CHECKING:
    from aggregator.pipeline.articles import ArticleResult
    from aggregator.store import Store

CANDIDATE_DAYS = 14
"""Syndicated copies appear within days of the first publication."""

SAVED_TOGETHER = 100
SAVED_WITHIN_S = 0.5
"""Articles that may share a transaction, and the seconds within which they do. What is lost with it is read again.

Each transaction waits for the disk, and makes a piece of the search index that has to be merged with others.
"""


def in_batches(readings: Iterable[ArticleResult | None]) -> Iterator[list[ArticleResult]]:
    """Readings as they come, a few at a time, to be saved in one transaction: each of those waits for the disk.

    None among them is a moment in which nothing came: what is held does not wait any longer.
    """
    held: list[ArticleResult] = []
    since = 0.0
    for reading in readings:
        if reading is not None:
            since = since if held else time.monotonic()
            held.append(reading)
        if held and (reading is None or len(held) >= SAVED_TOGETHER or time.monotonic() - since > SAVED_WITHIN_S):
            yield held
            held = []
    if held:
        yield held


def save(store: Store, reading: ArticleResult, now: datetime) -> bool:
    """Save what was read, or why nothing was: whether the article has its text now. Raises StoreError alone.

    An article of which a page is missing is tried again like one without any; at the last try what is there is saved.
    """
    article, read = reading.article, reading.read
    error = outcomes.unreadable(read.article) if isinstance(read, ReadArticle) else read
    if error is not None and isinstance(read, ReadArticle):
        if store.is_overview(article.id, "", "") and _save_own_words(store, reading, read.article, now):
            return True  # a page without an article, to which others link too, is none of its own
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
    refused_by = known.kind if isinstance(known, Refused) else None
    store.save_failure(article.id, str(known), outcomes.next_attempt(article, known, now), now, refused_by)
    if outcomes.gone(known):
        store.revisions.looked(article.id, f"gone at the origin: {known.message}", now, gone=True)
    return False


def _worth_another_try(reading: ArticleResult, now: datetime) -> Exception | None:
    """Why a page is missing that may come at another try."""
    if reading.missing is None or outcomes.resting_until(reading.missing, now) is not None:
        return reading.missing
    known = outcomes.expected(reading.missing, article=reading.article.url)
    return known if outcomes.next_attempt(reading.article, known, now) is not None else None


def save_article(store: Store, reading: ArticleResult, read: ReadArticle, now: datetime) -> None:
    """Compare with what is stored, and save with what it is a copy of, or what turns out to be copies of it.

    A page that was read before is compared with what it said then: trifles and losses change nothing.
    """
    pending, article = reading.article, read.article
    version = pending.content_hash
    title, published = article.title or pending.title, pending.published or article.published or now
    likeness, also, alike = _likenesses(store, reading, read, title, published)
    twins = store.quality.twins(pending.id, alike)
    if twins:
        likeness, also = None, ()  # one notice in place of many posts makes none of them a copy of another
    if reading.evidence is None:
        store.save_feed_text(pending.id, article, read.fingerprint, likeness, now, also=also, version=version)
        return
    change = _change(store, pending, article, twins, partial=reading.evidence.partial or article.partial)
    if article.kind is PageKind.PAYWALL:
        store.quality.walled(pending.id, now, teaser_words=max(1, article.word_count))
    if article.kind is PageKind.ARTICLE:
        marks = scrape.marks(article.text) if twins else ()
        store.quality.sampled(pending.id, article.word_count, twins, now, marks)
        if (change is None or change.kind is ChangeKind.REPAIRED) and _save_fallback(
            store, reading, article, now, repeats=bool(twins)
        ):
            return
        if store.is_overview(pending.id, article.title or "", article.text) and _save_own_words(
            store, reading, article, now
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


def _likenesses(
    store: Store, reading: ArticleResult, read: ReadArticle, title: str, published: datetime
) -> tuple[Likeness | None, tuple[Likeness, ...], list[int]]:
    """What an article is a copy of, all that it is one of, and the articles that say the same, copies or not."""
    near = store.candidates(read.fingerprint, published, window_days=CANDIDATE_DAYS, exclude=reading.article.id)
    text, fingerprint = read.article.text, read.fingerprint
    alike = {
        one.article_id: found for one in near if (found := dedupe.same(title, text, published, fingerprint, (one,)))
    }
    copied = [one for one in near if one.article_id in alike and not dedupe.another_notice(published, fingerprint, one)]
    likeness = dedupe.same(title, text, published, fingerprint, copied)
    return likeness, tuple(alike[one.article_id] for one in copied), list(alike)


def _save_fallback(store: Store, reading: ArticleResult, article: Article, now: datetime, *, repeats: bool) -> bool:
    """Save the feed's own text where the page gave something that is not the article: whether that was done."""
    pending = reading.article
    text = scrape.to_text(pending.feed_html)
    words = len(text.split())
    if not store.quality.falls_back(pending.id, article.word_count, repeats=repeats):
        return False
    if not words or (not repeats and words < article.word_count):
        return False
    return _save_own_words(store, reading, article, now)


def _save_own_words(store: Store, reading: ArticleResult, article: Article, now: datetime) -> bool:
    """Save the feed's own text for an article; False where it has none."""
    pending = reading.article
    text = scrape.to_text(pending.feed_html)
    words = len(text.split())
    if not words:
        return False
    own = Article(
        url=article.url,
        title=pending.title or None,
        language=pending.language,
        text=text,
        html=pending.feed_html,
        extractor=FROM_FEED,
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
    if partial and not said.partial:
        return Change(ChangeKind.LOST, "the page ended early" if not article.partial else "the page shows a part")
    if article.extractor == FROM_FEED:
        return Change(ChangeKind.LOST, "the page shows less than its feed")
    new_title = article.page_title or article.title or said.title
    return dedupe.change(said.title, said.text, new_title, article.text, announced=said.announced)

"""An article's page, fetched again to see whether its outlet has edited it: what the answer means for what is stored.

Nothing is ever lost by looking: a page that cannot be had, or that is a wall, a teaser or another page by now, leaves
the article as it is, with a note. What is fetched when is the store's schedule (`store.next_look`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator.models import PageKind
from aggregator.models.errors import StoreError
from aggregator.pipeline import outcomes
from aggregator.pipeline.parsing import ReadArticle
from aggregator.pipeline.save import save_article

if TYPE_CHECKING:
    from aggregator.pipeline.articles import ArticleReader, ArticleResult
    from aggregator.store import Store

MOST = 200
"""Pages that are fetched again in one round."""

NOT_MODIFIED = 304


def look(store: Store, pages: ArticleReader, clock: Callable[[], datetime]) -> None:
    """Fetch the pages again whose time has come, and save what came of it. Raises StoreError alone."""
    for reading in pages.read(store.revisions.due(clock(), MOST)):
        save(store, reading, clock())


def save(store: Store, reading: ArticleResult, now: datetime) -> None:
    """Save an edit, or note what else the page showed."""
    article, read = reading.article.id, reading.read
    if not isinstance(read, ReadArticle):
        _failed(store, reading, read or reading.missing, now)
    elif reading.evidence is None:
        store.revisions.looked(article, "the feed's own text is enough by now", now, more=False)
    elif reading.evidence.status == NOT_MODIFIED:
        store.revisions.looked(article, "not modified", now)
    elif reading.missing is not None:
        _failed(store, reading, reading.missing, now)
    elif read.article.kind is not PageKind.ARTICLE:
        store.revisions.looked(article, f"kept as it was: the page is no article ({read.article.kind.value})", now)
    else:
        _compare(store, reading, read, now)


def _compare(store: Store, reading: ArticleResult, read: ReadArticle, now: datetime) -> None:
    try:
        save_article(store, reading, read, now)
    except StoreError:
        raise
    except Exception as bug:  # noqa: BLE001 - a bug costs its own article one look, and nothing else
        _failed(store, reading, bug, now)


def _failed(store: Store, reading: ArticleResult, error: Exception | None, now: datetime) -> None:
    article = reading.article
    if error is None:
        return
    if (until := outcomes.resting_until(error, now)) is not None:
        store.revisions.postpone(article.id, until)
        return
    known = outcomes.expected(error, article=article.url)
    gone = outcomes.gone(known) and reading.missing is None
    outcome = "gone at the origin" if gone else "not to be had"
    store.revisions.looked(article.id, f"{outcome}: {known.message}", now, gone=gone)

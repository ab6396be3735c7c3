"""What the links between posts lead to: posts that no poll saw, and pages that can name their next post by now.

Which they are is decided in `chain` and `looking_again`. Nothing is fetched here.
"""

from __future__ import annotations

from datetime import datetime

from aggregator.models import Article, PendingArticle
from aggregator.store import chain, looking_again
from aggregator.store.addresses import Links
from aggregator.store.connection import Session


class StoredNeighbours:
    """What is asked and kept of posts' neighbours. Every method is one transaction, or one read."""

    def __init__(self, session: Session, links: Links) -> None:
        self._session = session
        self._links = links

    def follow_chain(self, now: datetime) -> int:
        """Let one missing post of each feed become pending: the one that its oldest post names; how many there are."""
        with self._session.write() as sql:
            return chain.follow(sql, now, self._links.same_site)

    def next_unknown(self, now: datetime) -> tuple[PendingArticle, ...]:
        """The pages to ask again for their next post, which has come since; see `save`."""
        with self._session.read() as sql:
            return looking_again.due(sql, now)

    def save(self, article_id: int, article: Article | None, now: datetime) -> None:
        """Write what a page that was asked again says of its neighbours, and no more (None: it could not be had)."""
        with self._session.write() as sql:
            looking_again.save(sql, article_id, article, now, self._links.canonical)

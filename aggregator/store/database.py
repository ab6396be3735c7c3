"""`Store`: the database file as the rest of the program sees it. Every method is one transaction, or one read.

It opens the file, brings it to the present form and hands each question to the module of the tables that it is
about. It makes no decisions, fetches nothing, and reads no clock. Every error is a StoreError.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from aggregator.models.errors import Refusal, StoreError
from aggregator.store import (
    articles,
    entries,
    feed_config,
    feeds,
    identity,
    maintenance,
    media,
    ownership,
    post_changes,
    publishing,
    schema,
    scrape_results,
)
from aggregator.store import search as fts
from aggregator.store.chain import Chain
from aggregator.store.connection import Session
from aggregator.store.feed_config import Lists
from aggregator.store.hosts import HostMemory
from aggregator.store.identity import Canonical, Links, SameSite, plain_form, same_host
from aggregator.store.intel import StoredIntel
from aggregator.store.maintenance import Maintenance, sweep
from aggregator.store.notifications import Notices
from aggregator.store.outputs import Outputs
from aggregator.store.posts import Posts
from aggregator.store.quality import Quality
from aggregator.store.queries import Queries
from aggregator.store.retention import Withdrawals
from aggregator.store.revisions import Revisions
from aggregator.store.stories import Stories
from aggregator.store.websub import Pings, Subscriptions

if TYPE_CHECKING:
    from aggregator.config.settings import Config
    from aggregator.models import (
        Article,
        Candidate,
        Change,
        FeedEvent,
        FeedState,
        Fingerprint,
        Known,
        Likeness,
        PageEvidence,
        PendingArticle,
        PollOutcome,
        SearchHit,
    )
    from aggregator.models.filters import CombinedRules


class Store:
    """The database. Use `open` to write (from any thread), `read` to read beside a writer; a context manager.

    `archive` and `outputs` are what emit reads, `withdrawals` what it must not show, `stories` which articles tell of
    one event, `neighbours` what the links between posts lead to, `media` the images that are mirrored, `revisions`
    what articles said before, `quality` how well pages are read, `notices` what is told of new posts, `pings` what
    hubs are told, `subscriptions` what hubs tell us, `lists` what lists name, `intel` what articles name, `queries`
    what the web server asks, `maintenance` what keeps the file in order; `hosts` is the FetchMemory of fetch, `path`
    the file.
    """

    def __init__(self, session: Session, links: Links) -> None:
        self._session = session
        self._links = links
        self.archive = Posts(session)
        self.queries = Queries(session)
        self.media = media.Media(session)
        self.outputs = Outputs(session)
        self.notices = Notices(session)
        self.maintenance = Maintenance(session)
        self.revisions = Revisions(session)
        self.quality = Quality(session)
        self.stories = Stories(session)
        self.neighbours = Chain(session, links)
        self.hosts = HostMemory(session)
        self.withdrawals = Withdrawals(session)
        self.pings = Pings(session)
        self.intel = StoredIntel(session)
        self.lists = Lists(session)
        self.subscriptions = Subscriptions(session)
        self.path = session.path

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        canonical: Canonical = plain_form,
        same_site: SameSite = same_host,
        at_home: SameSite = same_host,
    ) -> Self:
        """Open for writing; make or migrate the file. `canonical` folds the URLs that mean one article.

        An older file is copied to the folder `backups` beside it before it is migrated. There must be one writer at a
        time (`aggregator.pipeline.lock`). Raises StoreError when the file is newer than the program, of another
        program, or not to be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path.parent}: {error.strerror or error}") from error
        session = Session(path)
        try:
            schema.refuse_foreign(session)
            session.make_durable()
            sweep(path)
            maintenance.keep_older(session, schema.older(session))
            schema.migrate(session)
        except BaseException:
            session.close()
            raise
        return cls(session, Links(canonical, same_site, at_home))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Open for reading, whoever writes meanwhile. Raises StoreError when there is no file, or not our version."""
        session = Session(path, read_only=True)
        try:
            schema.refuse_other_version(session)
        except BaseException:
            session.close()
            raise
        return cls(session, Links(plain_form, same_host))

    @contextmanager
    def snapshot(self) -> Iterator[Store]:
        """A reading store on the same file, all of whose answers are of one moment."""
        with Store.read(self.path) as reader, reader._session.snapshot():
            yield reader

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Let everything that the block saves be one transaction: all or nothing, and one wait for the disk.

        What one save of it writes is undone alone when that raises and the block goes on.
        Other threads and processes wait to write until the block ends.
        """
        with self._session.write():
            yield

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- feeds and polls ---------------------------------------------------------------------------------------

    def sync_feeds(self, config: Config, now: datetime) -> None:
        """Make the stored feeds those of `config`. What is no longer configured stays, and is not polled."""
        with self._session.write() as sql:
            change = feed_config.sync(sql, config, now)
            if change.feeds:
                media.enqueue(sql, change.feeds)
                post_changes.touch_feeds(sql, change.feeds)
            elif change.any:
                post_changes.advance(sql)

    def feeds(self, *, unconfigured: bool = False) -> tuple[FeedState, ...]:
        """Every configured feed by name; those that were configured once too when asked."""
        with self._session.read() as sql:
            return feeds.states(sql, unconfigured=unconfigured)

    def due(self, now: datetime, *, force: bool = False, name: str | None = None) -> tuple[FeedState, ...]:
        """The feeds to poll now (`force`: due or not), of all or of the one with this name or slug."""
        with self._session.read() as sql:
            return feeds.due(sql, now, force=force, name=name)

    def known(self, feed_id: int, guids: Iterable[str], hashes: Iterable[str] = ()) -> dict[str, Known]:
        """What is stored of these (normal) guids of one feed; no texts of entries with one of these content hashes."""
        with self._session.read() as sql:
            return entries.known(sql, feed_id, guids, hashes)

    def known_alike(
        self, feed_id: int, urls: Iterable[str], hashes: Iterable[str], guids: Iterable[str] = ()
    ) -> dict[str, Known]:
        """What a feed has brought under these links (canonical), in these words (content hashes), or under one of these
        guids with a mark behind it; by guid as stored.
        """
        with self._session.read() as sql:
            return entries.known_alike(sql, feed_id, urls, hashes, guids)

    def save_poll(self, outcome: PollOutcome) -> None:
        """Write everything that one poll changed."""
        self.save_polls((outcome,))

    def save_polls(self, outcomes: Iterable[PollOutcome]) -> None:
        """Write several polls in one transaction: for rounds in which most feeds have nothing new."""
        with self._session.write() as sql:
            for outcome in outcomes:
                entries.save_poll(sql, outcome, self._links)

    def record_event(self, event: FeedEvent) -> None:
        """Keep what happened to all feeds; the same is kept once."""
        with self._session.write() as sql:
            feeds.note_of_all(sql, event)

    # --- articles ----------------------------------------------------------------------------------------------

    def pending(self, now: datetime, limit: int) -> tuple[PendingArticle, ...]:
        """At most `limit` articles whose pages are to be fetched, each feed in its turn, its newest first."""
        with self._session.read() as sql:
            return articles.pending(sql, now, limit)

    def untried(self, since: datetime, now: datetime) -> tuple[tuple[int, str], ...]:
        """Feed and address of the articles first seen after `since` that are due for the first try at their page."""
        with self._session.read() as sql:
            return articles.untried(sql, since, now)

    def candidates(
        self, fingerprint: Fingerprint, published: datetime, *, window_days: int, exclude: int
    ) -> tuple[Candidate, ...]:
        """The articles to compare a new one with, the likeliest first."""
        with self._session.read() as sql:
            return identity.candidates(sql, fingerprint, published, window_days=window_days, exclude=exclude)

    def save_article(  # noqa: PLR0913 - one argument for each stage that had a say
        self,
        article_id: int,
        article: Article,
        evidence: PageEvidence,
        fingerprint: Fingerprint,
        likeness: Likeness | None,
        now: datetime,
        urls: tuple[str, ...] = (),
        *,
        also: tuple[Likeness, ...] = (),
        version: str = "",
        change: Change | None = None,
    ) -> None:
        """Write a scraped page. `urls` are the canonical forms of every address that led to it.

        `also` are further articles that it is alike to: copies scraped before it, when it turns out to be the first.
        `version` is the `content_hash` that came with the pending article: one revised since stays pending.
        `change` tells what became of the text that the page had before: trifles and losses leave that as it is.
        """
        judged = scrape_results.ScrapeResult(article, fingerprint, likeness, also, version, change)
        page = scrape_results.StoredPage(evidence, urls)
        with self._session.write() as sql:
            scrape_results.save_page(sql, article_id, judged, page, now, self._links)

    def save_feed_text(  # noqa: PLR0913 - what belongs together is saved together
        self,
        article_id: int,
        article: Article,
        fingerprint: Fingerprint,
        likeness: Likeness | None,
        now: datetime,
        *,
        also: tuple[Likeness, ...] = (),
        version: str = "",
        evidence: PageEvidence | None = None,
    ) -> None:
        """Write an article made of the feed's own text; its page will not be fetched. `also`, `version`: as for a page.

        `evidence`: its page was fetched, and gave no text of its own. Nothing is written when the feed has revised its
        text since.
        """
        judged = scrape_results.ScrapeResult(article, fingerprint, likeness, also, version)
        with self._session.write() as sql:
            scrape_results.save_feed_text(sql, article_id, judged, now, evidence)

    def is_overview(self, article_id: int, page_title: str, page_text: str) -> bool:
        """Whether a page is none of the article's own: others have its link too, and its title is that of none."""
        with self._session.read() as sql:
            return ownership.is_overview(sql, identity.resolve(sql, article_id) or 0, page_title, page_text)

    def save_failure(
        self,
        article_id: int,
        error: str,
        next_attempt: datetime | None,
        now: datetime,
        refused_by: Refusal | None = None,
    ) -> None:
        """Note that a page could not be fetched. `next_attempt` None: given up, the feed's own text stands."""
        with self._session.write() as sql:
            scrape_results.save_failure(sql, article_id, error, next_attempt, now, refused_by)

    def postpone(self, article_id: int, until: datetime) -> None:
        """Let a page wait whose host is given a rest; no try is counted."""
        with self._session.write() as sql:
            articles.postpone(sql, article_id, until)

    # --- output ------------------------------------------------------------------------------------------------

    def publish(
        self, now: datetime, wait: timedelta, behind: Iterable[int] = (), rules: CombinedRules | None = None
    ) -> int:
        """Give ready articles their place in the output; how many. Those first seen `wait` ago are ready anyway.

        Those of the feeds `behind` are not, for others of these feeds are to come out before them.
        `rules`: those of the combined feed, for the posts that come out now.
        """
        with self._session.write() as sql:
            return publishing.publish(sql, now, wait, behind, rules)

    def catch_up(self, sequence: int, stamp: datetime) -> bool:
        """Go on above what is published already, where that is more than the database knows; whether it is."""
        with self._session.write() as sql:
            return post_changes.catch_up(sql, sequence, stamp)

    def must_rebuild(self) -> bool:
        """Whether the output was built from another database: this one was restored, or takes a lost one's place."""
        with self._session.read() as sql:
            return bool(post_changes.number(sql, post_changes.REBUILD))

    def rebuilt(self) -> None:
        """Note that the output is this database's."""
        with self._session.write() as sql:
            sql.execute("DELETE FROM numbers WHERE name = ?", (post_changes.REBUILD,))

    def search(  # noqa: PLR0913 - filters
        self,
        query: str,
        *,
        limit: int = 20,
        offset: int = 0,
        source: str | None = None,
        tag: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        named: tuple[tuple[str, str], ...] = (),
        copies: bool = True,
    ) -> tuple[SearchHit, ...]:
        """The articles that match, best first; from one feed (slug or name), of a tag, published in [since, until).

        `copies`: beside their originals; else these alone, which name who else carries them.

        `named` are the facts that the query stands for: the articles that name one of them come, where there are any.
        """
        where = fts.SearchFilter(source, tag, since, until, named=named, copies=copies)
        with self._session.read() as sql:
            return fts.search(sql, query, limit=limit, offset=offset, where=where)

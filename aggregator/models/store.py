"""Feeds and articles as stored, and what a poll changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aggregator.models.dedupe import Decision
from aggregator.models.fetch import Validators
from aggregator.models.poll import FeedHints, ParsedFeed


class FeedStatus(StrEnum):
    """`ok | backing_off | gone | paused`, as INTERFACE and `status --json` say."""

    OK = "ok"
    BACKING_OFF = "backing_off"
    GONE = "gone"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Push:
    """A feed's subscription at its hub: `works` while the hub calls for all that is new.

    `calls` are those that had come when the poll began, `polled` those that a poll has followed.
    """

    works: bool = False
    calls: int = 0
    polled: int = 0

    @property
    def called(self) -> bool:
        """Whether this poll follows a call."""
        return self.calls > self.polled


@dataclass(frozen=True, slots=True)
class FeedState:
    """One feed as stored: what the next poll needs, and what `status` shows.

    `url` is what the configuration says; `polled_url` where a permanent move has led (F12), `moving_to` where redirects
    lead now: permanent ones, seen in `moving_polls` polls, or temporary ones, for which no poll counts.
    `posted` are the recent publication times, newest first, for the adaptive interval. `found_by_chain` counts the
    posts that no poll saw and that were found by the links of later ones. `max_age_s` is what the server last said
    (seconds): a 304 that does not repeat it changes nothing. Before `not_before` the server or the document asks not
    to be polled, whatever the operator's interval is. `push` is its subscription at a hub, while there is one.
    `body_at` is when the server last sent a document (200), as far as that is known of a feed that is due.
    `text_bytes` is the size of its entries' texts, `limit` which bound on what a feed may add the last poll met.
    """

    id: int
    name: str
    slug: str
    url: str
    polled_url: str
    status: FeedStatus = FeedStatus.OK
    title: str = ""
    home_page_url: str | None = None
    tags: tuple[str, ...] = ()
    validators: Validators = Validators()
    body_hash: str | None = None
    rhythm: FeedHints = FeedHints()
    last_poll: datetime | None = None
    last_success: datetime | None = None
    next_poll: datetime | None = None
    next_poll_reason: str = ""
    failures: int = 0
    last_error: str | None = None
    interval_s: int | None = None
    moving_to: str | None = None
    moving_polls: int = 0
    entries: int = 0
    posted: tuple[datetime, ...] = ()
    found_by_chain: int = 0
    max_age_s: int | None = None
    not_before: datetime | None = None
    push: Push | None = None
    body_at: datetime | None = None
    text_bytes: int = 0
    limit: str = ""


class PollResult(StrEnum):
    CHANGED = "changed"
    SAME_BYTES = "same_bytes"
    NOT_MODIFIED = "not_modified"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """Something that happened to a feed and that its readers should hear of.

    `kind` is broke, gone, back, moved, silent, posting or idle (of all feeds: none was polled for hours). `title` is
    one line, `words` a sentence or two; both plain text.
    """

    at: datetime
    kind: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class NotedEvent:
    """A FeedEvent as stored: its number, and the name and slug of the feed as it is called now (None: all feeds)."""

    id: int
    at: datetime
    kind: str
    title: str
    words: str
    name: str | None = None
    slug: str | None = None


@dataclass(frozen=True, slots=True)
class PollOutcome:
    """Everything that one poll of one feed changes, saved in one transaction.

    `state` is the feed as it is to be from now on; `feed` is the document (None unless `result` is CHANGED). `events`
    are what happened to the feed by this poll.
    """

    state: FeedState
    result: PollResult
    at: datetime
    http_status: int | None = None
    elapsed_s: float = 0.0
    wire_bytes: int = 0
    feed: ParsedFeed | None = None
    decisions: tuple[Decision, ...] = ()
    error: str | None = None
    events: tuple[FeedEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class PendingArticle:
    """An article whose page is to be fetched: new, or due for another try.

    `content_hash` tells which version of its entry this was read from ("": not known, nothing is compared).
    """

    id: int
    url: str
    feed_id: int
    attempts: int
    title: str
    feed_html: str
    published: datetime | None
    language: str | None = None
    content_hash: str = ""
    validators: Validators = Validators()


@dataclass(frozen=True, slots=True)
class PageEvidence:
    """How an article's page was fetched: kept beside it, so that what is stored can be explained."""

    fetched_at: datetime
    final_url: str
    status: int
    content_type: str = ""
    raw_hash: str = ""
    partial: bool = False
    validators: Validators = Validators()
    x_robots_tag: str = ""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One result of a full-text search. `snippet` is plain text with the hits between U+E000 and U+E001.

    `edits` is how often the article was edited since we hold it. `copy_of` names the outlet of which it is a copy
    (None: it is none), `also_in` the outlets that copied it.
    """

    article_id: int
    title: str
    url: str
    source: str
    published: datetime
    snippet: str
    path: str
    edits: int = 0
    copy_of: str | None = None
    also_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far reading is: feeds, and those that were polled; whether there are entries, and posts; articles that wait
    and are done; of these, how many were fetched `lately`, since `lately_since`.
    """

    feeds: int = 0
    read: int = 0
    entries: bool = False
    posts: bool = False
    pending: int = 0
    done: int = 0
    lately: int = 0
    lately_since: datetime | None = None
    offline_since: datetime | None = None

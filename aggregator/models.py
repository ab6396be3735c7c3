"""Every value that crosses a boundary between two parts of the program.

Frozen, slotted, comparable; tuples instead of lists; every time is an aware UTC datetime. Nothing here does
anything, reads a clock, or knows where it came from or goes to. The order is that of the pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol

# --- fetch -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to ask again with (RFC 9110 section 8.8), byte for byte, never parsed."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to fetch.

    `key` is the caller's own mark, handed back with the answer (a feed id, an article id).
    `max_bytes` caps the decoded body. `robots` says whether robots.txt is asked first (articles and images: yes;
    feeds: no, the operator asked for them). `headers` are extra request headers; they never cross to another host.
    With a `form` it is a POST of these fields: any 2xx is an answer then, and no redirect leads to another origin.
    """

    url: str
    key: int = 0
    validators: Validators = Validators()
    max_bytes: int | None = None
    accept: str = "*/*"
    robots: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    form: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a redirect chain: the URL (without secrets), the status, the address that was connected to."""

    url: str
    status: int
    address: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """A final answer, 200 or 304, or any 2xx to a form (every other status is a FetchError).

    `url` is where the chain ended; `moved_to` is the URL at the end of an unbroken run of permanent redirects
    (301, 308) from the start, or None. `headers` has lower-case names, repeated ones joined with ", "
    (`x-robots-tag`: with line breaks, since each of its lines may be meant for another).
    `partial` means that the body ended early or could only be decoded in part. Sizes in bytes, times in seconds.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fetched_at: datetime
    partial: bool = False
    moved_to: str | None = None
    hops: tuple[Hop, ...] = ()
    elapsed_s: float = 0.0
    wire_bytes: int = 0

    @property
    def validators(self) -> Validators:
        return Validators(self.headers.get("etag"), self.headers.get("last-modified"))

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class HostState:
    """What we remember of one host between runs: not before when, and how often it failed in a row."""

    host: str
    not_before: datetime | None = None
    failures: int = 0
    crawl_delay_s: float | None = None


@dataclass(frozen=True, slots=True)
class RobotsFile:
    """One robots.txt as fetched (RFC 9309). `status` 0 means unreachable. `body` is at most 500 KiB."""

    origin: str
    fetched_at: datetime
    status: int
    body: str


class FetchMemory(Protocol):
    """Where fetch keeps what must survive a restart. Called from many threads."""

    def host(self, host: str) -> HostState | None: ...

    def save_host(self, state: HostState) -> None: ...

    def robots(self, origin: str) -> RobotsFile | None: ...

    def save_robots(self, robots: RobotsFile) -> None: ...


# --- poll ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that comes with an entry. `length` in bytes, where the feed gave one."""

    url: str
    type: str = ""
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed, as the feed gives it.

    `guid` is never empty and unique within the feed's document (see poll.parse for the fallbacks).
    `title` and `author` are plain text. `html` is the fullest content the feed has, `summary` its short one; both are
    raw out of poll.parse, and clean after scrape.clean. URLs are absolute http(s), or None.
    """

    guid: str
    url: str | None
    title: str
    author: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    summary: str = ""
    html: str = ""
    tags: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What a feed document says about when to come back.

    `ttl`: RSS ttl or sy:updatePeriod/updateFrequency, whichever is longer. `skip_hours`: 0 to 23, GMT.
    `skip_days`: 0 is Monday.
    """

    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed document as values. `problems` are notes for a person; they do not fail the feed."""

    title: str
    url: str
    home_page_url: str | None = None
    description: str = ""
    language: str | None = None
    author: str | None = None
    icon: str | None = None
    id: str | None = None
    updated: datetime | None = None
    format: str = ""
    self_url: str | None = None
    hubs: tuple[str, ...] = ()
    next_url: str | None = None
    rhythm: Rhythm = Rhythm()
    entries: tuple[Entry, ...] = ()
    problems: tuple[str, ...] = ()


# --- scrape ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The next or the previous post, as a page states it. Title and teaser are plain text, or None."""

    url: str
    title: str | None = None
    teaser: str | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whom a page names as its source when it re-publishes another's article."""

    name: str
    url: str | None = None


class PageKind(StrEnum):
    """What a page turned out to be."""

    ARTICLE = "article"
    PAYWALL = "paywall"
    CONSENT = "consent"
    CAPTCHA = "captcha"
    SCRIPT_ONLY = "script_only"
    NOT_HTML = "not_html"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Article:
    """A page, taken apart.

    `html` is clean (see scrape.clean) with absolute URLs; `text` is its paragraphs, separated by a blank line.
    `kind` other than ARTICLE means that text and html are not to be stored as the article.
    `extractor` names the engine that won, `quality` is the judge's 0 to 1. `next_page_url` is the page that goes on,
    `single_page_url` one that has all of it, `real_url` the page of which this one is an AMP or print version.
    `pages` is how many pages the text was joined from. `rule` is the file of the site's rule, where there is one, and
    `rule_problem` why something of it was of no use.
    """

    url: str
    canonical_url: str | None = None
    title: str | None = None
    author: str | None = None
    published: datetime | None = None
    modified: datetime | None = None
    language: str | None = None
    text: str = ""
    html: str = ""
    lead_image: str | None = None
    next: Neighbour | None = None
    previous: Neighbour | None = None
    source: Attribution | None = None
    extractor: str = ""
    word_count: int = 0
    tags: tuple[str, ...] = ()
    kind: PageKind = PageKind.ARTICLE
    quality: float = 1.0
    noarchive: bool = False
    next_page_url: str | None = None
    single_page_url: str | None = None
    real_url: str | None = None
    pages: int = 1
    rule: str | None = None
    rule_problem: str | None = None


# --- dedupe ----------------------------------------------------------------------------------------------------


class Verdict(StrEnum):
    NEW = "new"
    REVISED = "revised"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of an entry that we meet again: enough to decide, no more."""

    guid: str
    content_hash: str
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with one entry of a poll, and why, in words a person understands."""

    entry: Entry
    guid: str
    verdict: Verdict
    reason: str
    content_hash: str
    canonical_url: str | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """An article as numbers to compare by: `minhash` for estimating, `bands` for finding, `exact` for equality."""

    exact: str
    minhash: tuple[int, ...]
    bands: tuple[int, ...]
    words: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored article that may be the same as a new one."""

    article_id: int
    title: str
    text: str
    published: datetime
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Likeness:
    """A new article is the same as a stored one: which, how alike (0 to 1), and why."""

    article_id: int
    similarity: float
    reason: str


class ChangeKind(StrEnum):
    """What fetching an article's page again has shown."""

    SAME = "same"
    TRIVIAL = "trivial"
    EDITED = "edited"
    REPAIRED = "repaired"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an article's text, and why it is judged so.

    REPAIRED: what it said before was none of its own. LOST: what the page says now is not to be taken.
    """

    kind: ChangeKind
    reason: str


# --- store -----------------------------------------------------------------------------------------------------


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
    rhythm: Rhythm = Rhythm()
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


class PollResult(StrEnum):
    CHANGED = "changed"
    SAME_BYTES = "same_bytes"
    NOT_MODIFIED = "not_modified"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """Something that befell a feed and that its readers should hear of.

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
    are what befell the feed by this poll.
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


# --- emit ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """The feed that a post came from, as the output names it."""

    name: str
    slug: str
    feed_url: str
    title: str = ""
    home_page_url: str | None = None
    id: str | None = None
    updated: datetime | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Carried:
    """How many posts a source carries in the output, and when the newest that it had first was published (UTC)."""

    posts: int
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class PostLink:
    """A neighbour of a post in the output. `path` is its page on the mirror (relative to the root), if we hold it."""

    url: str
    title: str | None = None
    teaser: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class AlsoIn:
    """Another outlet that carries the same article."""

    name: str
    url: str
    path: str | None = None
    similarity: float = 1.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StoryMember:
    """An article that tells a story, as the posts of the same story show it. `teaser` is plain text."""

    name: str
    slug: str
    url: str | None
    path: str
    title: str
    published: datetime
    teaser: str = ""
    language: str | None = None


MediaPolicy = Literal["link", "mirror", "strip"]
"""What becomes of images: readers load them from their origin; or from us; or they are left out."""


@dataclass(frozen=True, slots=True)
class PendingImage:
    """An image that is to be fetched, or due for another try. `robots`: whether robots.txt is to be asked."""

    id: int
    url: str
    attempts: int
    robots: bool = True


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """What an image's bytes turned out to be: its media type by content, its size in pixels."""

    type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of a post whose policy is `mirror`. `path` is our copy, relative to the root, or None without one.

    `length` in bytes, `width` and `height` in pixels. A `tracker` is too small to show anything: it is left out.
    """

    url: str
    path: str | None = None
    type: str = ""
    length: int | None = None
    width: int | None = None
    height: int | None = None
    tracker: bool = False


class RevisionKind(StrEnum):
    """Why an article says something else than before.

    EDITED: its outlet has changed it. REVERTED: the outlet went back to what it had said before. COMPLETED: its page
    has come, in place of the feed's text. REPAIRED: its page was read badly before, or was broken.
    """

    EDITED = "edited"
    REVERTED = "reverted"
    COMPLETED = "completed"
    REPAIRED = "repaired"


@dataclass(frozen=True, slots=True)
class Revision:
    """A change of an article: when we saw it, what it said before and what it said then (plain text), in short."""

    at: datetime
    kind: RevisionKind
    summary: str
    title_before: str
    text_before: str
    title: str
    text: str


Republish = Literal["full", "excerpt", "link"]
"""How much of a post goes out: all of it; title, link and the beginning of the text; title and link."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An operator has taken a post out of the output: since when, and why (plain text, may be empty).

    `named_by` are the sequences of the posts that named it: as neighbour, as copy, as telling the same story.
    """

    at: datetime
    reason: str = ""
    named_by: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """One article as every output document needs it.

    `id` is a tag: URI (RFC 4151). `sequence` is its place in the output (1, 2, 3 ... in the order of first emission)
    and never changes; `stamp` is the unique time that rises with it. `revised` is the time of the last real change,
    or None. `path` is the page on the mirror, relative to the root, such as `posts/2019/07/title-1a2b3c4d.html`.
    `html` is clean; `summary` is plain text. `hidden` posts (duplicates) have a page and stay in their source's own
    feed, but are not in the combined one nor in those of tags. `story_members` are all that tell the same story, this
    one included, by publication; with nobody else there is no story. `story_former` are stories that ended in this one.
    `republish` says how much of it goes out: there is no more in it. Of a `withdrawn` one there is a notice only.
    `media` says what becomes of the images in `html`, `lead_image` and `enclosures`, `pictures` what we hold of them.
    `revisions` are the changes that its outlet has made, newest first.
    """

    id: str
    sequence: int
    stamp: datetime
    path: str
    url: str | None
    title: str
    source: Source
    published: datetime
    author: str | None = None
    revised: datetime | None = None
    language: str | None = None
    html: str = ""
    summary: str = ""
    tags: tuple[str, ...] = ()
    lead_image: str | None = None
    word_count: int = 0
    enclosures: tuple[Enclosure, ...] = ()
    attribution: Attribution | None = None
    next: PostLink | None = None
    previous: PostLink | None = None
    also_in: tuple[AlsoIn, ...] = ()
    leader: AlsoIn | None = None
    hidden: bool = False
    story: str | None = None
    story_members: tuple[StoryMember, ...] = ()
    story_former: tuple[str, ...] = ()
    media: MediaPolicy = "link"
    pictures: tuple[Picture, ...] = ()
    revisions: tuple[Revision, ...] = ()
    republish: Republish = "full"
    withdrawn: Withdrawal | None = None


@dataclass(frozen=True, slots=True)
class OutputEntry:
    """A post in an output of the operator. `stamp` is its time there: the post's own, or later where it came in late.

    In a grouped output the post stands for its story; `grown` is when that was last joined by an article.
    """

    post: Post
    stamp: datetime
    grown: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """An entry that is no more, by the id of its post, and since when."""

    id: str
    at: datetime


class Archive(Protocol):
    """What emit reads: the posts, by place, source, tag and change. Every list is newest `sequence` first."""

    def head(self) -> int:
        """The number of the last change to anything that a document could show; rises by each change."""

    def last_sequence(self) -> int:
        """The highest `sequence` given out so far; 0 when there is none."""

    def sources(self) -> tuple[Source, ...]:
        """Every feed that has a place in the output, by name."""

    def tags(self) -> tuple[str, ...]:
        """Every tag of a configured feed, sorted."""

    def changed(self, since: int) -> tuple[Post, ...]:
        """Every post that changed after change number `since`, neighbours' titles and teasers included."""

    def latest(
        self, limit: int, *, tag: str | None = None, source: str | None = None, before: int | None = None
    ) -> tuple[Post, ...]:
        """At most `limit` posts with `sequence` < `before`, of a tag or of a source's slug.

        With no source, hidden posts are left out.
        """

    def between(self, first: int, last: int) -> tuple[Post, ...]:
        """The posts that are not hidden with first <= sequence <= last, for one archive document."""

    def added(self, story: str) -> Mapping[str, tuple[str, ...]]:
        """The identifiers, names and numbers that each post of a story is the first to tell, by its path."""

    def withdrawn(self) -> tuple[Post, ...]:
        """Every post that was withdrawn, the last one first; they are in none of the lists above."""

    def carried(self) -> Mapping[str, Carried]:
        """What each source carries, by its slug; the hidden ones too."""

    def months(self) -> tuple[tuple[str, int], ...]:
        """(`YYYY-MM`, number of posts) by published date, newest first."""


@dataclass(frozen=True, slots=True)
class Built:
    """What one emit did. Paths are relative to the output folder."""

    written: int = 0
    unchanged: int = 0
    removed: int = 0
    posts: int = 0
    head: int = 0
    files: tuple[str, ...] = field(default=())

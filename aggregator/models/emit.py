"""Posts as every output document needs them, and the archive that they are read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

from aggregator.models.poll import Enclosure, Episode
from aggregator.models.scrape import Attribution, MediaPolicy, Picture


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
    icon: str | None = None
    """Our copy of its icon, relative to the root of the output."""


@dataclass(frozen=True, slots=True)
class Carried:
    """How many posts a source carries in the output, and when the newest that it had first was published (UTC)."""

    posts: int
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class PostLink:
    """A neighbour of a post in the output. `path` is its page on the mirror (relative to the root), if we hold it.

    `named`: whether a page names it, that of the post or its own; else it is what comes next in the feed.
    """

    url: str
    title: str | None = None
    teaser: str | None = None
    path: str | None = None
    named: bool = True


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
    """An article that tells a story, as the posts of the same story show it. `teaser` is plain text.

    `also_in` names the outlets that carry the same text.
    """

    name: str
    slug: str
    url: str | None
    path: str
    title: str
    published: datetime
    teaser: str = ""
    language: str | None = None
    also_in: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is known of a CVE number that a post names; dates of KEV are days (YYYY-MM-DD)."""

    state: str | None = None
    title: str | None = None
    exploited: bool = False
    exploited_since: datetime | None = None
    kev_added: str | None = None
    kev_due: str | None = None
    ransomware: bool = False
    cvss: float | None = None
    severity: str | None = None
    epss: float | None = None
    percentile: float | None = None
    epss_date: str | None = None
    epss_model: str | None = None


@dataclass(frozen=True, slots=True)
class PostFact:
    """Something that a post names, as pages and feeds show it. `flaw` is set for CVE numbers."""

    kind: str
    value: str
    shown: str
    name: str | None
    attack_id: str | None
    indicator: bool
    why: str
    confidence: int | None = None
    port: int | None = None
    flaw: Flaw | None = None


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
    and never changes; `stamp` is the unique time that rises with it. `revised` is the time of the last real change, or
    None. `path` is the page on the mirror, relative to the root, such as `posts/2019/07/title-1a2b3c4d.html`. `tags`
    are the operator's, of the feeds that carry it; `categories` are the origin's own. `lead_image_alt` describes
    `lead_image`, where that is the feed's. `html` is clean; `summary` is plain text. `hidden` posts (duplicates) have a
    page and stay in their source's own feed, but are not in the combined one nor in those of tags. `story_members` are
    all that tell the same story, this one included, by publication; with nobody else there is no story. `story_former`
    are stories that ended in this one. `republish` says how much of it goes out: there is no more in it. Of a
    `withdrawn` one there is a notice only. `media` says what becomes of the images in `html`, `lead_image` and
    `enclosures`, `pictures` what we hold of them. `revisions` are the changes that its outlet has made, newest first.
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
    categories: tuple[str, ...] = ()
    lead_image: str | None = None
    lead_image_alt: str = ""
    word_count: int = 0
    enclosures: tuple[Enclosure, ...] = ()
    episode: Episode | None = None
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
    facts: tuple[PostFact, ...] = ()
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

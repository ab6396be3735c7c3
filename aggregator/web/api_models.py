"""The shapes of the JSON API: pydantic models, from which its OpenAPI description is generated."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from aggregator.emit import addresses, figures, items
from aggregator.emit.items import language_of, rfc3339
from aggregator.health import Condition, Diagnosis
from aggregator.models import AlsoIn, FeedState, FeedStatus, Post, PostLink, StoryMember
from aggregator.store.desk import Listed, Story, Whole
from aggregator.urls import redact
from aggregator.web.rendering import marked

MAX_LIMIT = 100

Time = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]
"""UTC, RFC 3339."""


def _spelled_day(value: object) -> object:
    """Days are written out: pydantic alone would take `0` for one, in seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("a day such as 2026-03-31")
    return value


def _usual_day(value: date) -> date:
    if not date(1970, 1, 1) <= value <= date(9000, 1, 1):
        raise ValueError("a day between 1970 and 9000")
    return value


Day = Annotated[date, BeforeValidator(_spelled_day), AfterValidator(_usual_day)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ArticlesQuery(_Shape):
    """What `/api/articles` takes."""

    q: str = Field("", max_length=300, description="Words, or FTS5 syntax; empty: everything, newest first.")
    source: str | None = Field(None, max_length=200, description="Name or slug of a feed.")
    tag: str | None = Field(None, max_length=200, description="A tag of feeds.yaml.")
    language: str | None = Field(None, max_length=35, description="First part of a language tag, such as `en`.")
    since: Day | None = Field(None, description="Published on this day (UTC) or later.")
    until: Day | None = Field(None, description="Published on this day (UTC) or earlier.")
    sort: Literal["relevance", "date"] | None = Field(None, description="Default: relevance with words, else date.")
    copies: bool = Field(False, description="Whether copies of an article are listed, too.")
    limit: int = Field(20, ge=1, le=MAX_LIMIT, description="Articles in an answer.")
    cursor: str | None = Field(None, pattern=r"^[dr][0-9]{1,12}$", description="`next_cursor` of the answer before.")


class StoriesQuery(_Shape):
    """What `/api/stories` takes."""

    limit: int = Field(20, ge=1, le=MAX_LIMIT, description="Stories in an answer.")
    cursor: str | None = Field(None, pattern=r"^d[0-9]{1,12}$", description="`next_cursor` of the answer before.")


class SourceOut(_Shape):
    name: str
    slug: str = Field(description="Its name in addresses.")
    home_page_url: str | None


class LinkOut(_Shape):
    """A neighbour: the next (newer) or the previous post of the same site."""

    url: str
    title: str | None
    teaser: str | None
    mirror_url: str | None = Field(description="Our own page of it, where it is held.")


class CopyOut(_Shape):
    """The same article elsewhere."""

    name: str
    url: str
    mirror_url: str | None
    similarity: float = Field(description="How alike the two are, 0 to 1.")
    reason: str


class PassageOut(_Shape):
    """Where an article matches a search, as HTML whose only tag is `mark`."""

    title_html: str
    text_html: str


class ArticleListed(_Shape):
    """An article in a list."""

    id: int = Field(description="Number of the article; see `/api/articles/{id}`.")
    uid: str = Field(description="Its id in the feeds (a tag: URI); never changes.")
    title: str
    url: str | None = Field(description="Link to the original.")
    mirror_url: str
    source: SourceOut
    author: str | None
    published: Time
    stamp: Time = Field(description="Its time in the combined feed: unique, and rises.")
    revised: Time | None = Field(description="Time of the last real change after it was put out.")
    language: str | None
    tags: list[str]
    summary: str
    words: int
    copy_of: CopyOut | None = Field(description="The first publication, where this is a copy.")
    also_in: list[CopyOut]
    story: str | None
    passage: PassageOut | None = Field(description="Only in the results of a search.")


class TellerOut(_Shape):
    """One of the articles that tell a story."""

    name: str
    url: str | None
    mirror_url: str
    title: str
    published: Time


class EnclosureOut(_Shape):
    url: str
    type: str
    length: int | None


class AttributionOut(_Shape):
    """Whom the page names as its source."""

    name: str
    url: str | None


class EvidenceOut(_Shape):
    """How the article came to be what is stored."""

    state: str = Field(description="scraped: the page's text; pending, failed, feed_text: the feed's.")
    kind: str
    extractor: str
    quality: float | None
    first_seen: Time
    fetched_at: Time | None
    final_url: str | None
    http_status: int | None
    content_type: str | None
    etag: str | None
    last_modified: str | None
    x_robots_tag: str | None
    raw_hash: str | None = Field(description="SHA-256 of the page's bytes.")
    partial: bool
    pages: int | None = Field(description="Pages joined into the text; null: none was fetched.")
    rule: str | None = Field(description="File of the site's rule that took part.")
    attempts: int
    last_error: str | None
    duplicate_of: int | None
    similarity: float | None
    duplicate_reason: str | None


class ArticleOut(ArticleListed):
    """An article with all that is known of it. `html` is clean: no script, no style, absolute addresses."""

    text: str = Field(description="Paragraphs, separated by a blank line.")
    html: str
    lead_image: str | None
    enclosures: list[EnclosureOut]
    attribution: AttributionOut | None
    next: LinkOut | None
    previous: LinkOut | None
    story_members: list[TellerOut]
    evidence: EvidenceOut


class ArticlesOut(_Shape):
    items: list[ArticleListed]
    next_cursor: str | None = Field(description="For the next articles; null: these were the last.")
    total: int | None = Field(description="How many match (5,000: or more); null without words.")
    literal: bool = Field(description="Whether `q` was no search syntax, and its words were taken as they stand.")


class StoryOut(_Shape):
    """An event that several articles tell of, newest first."""

    id: str
    mirror_url: str
    articles: list[ArticleListed]


class StoriesOut(_Shape):
    items: list[StoryOut]
    next_cursor: str | None


class FeedOut(_Shape):
    """How a feed does."""

    name: str
    slug: str
    url: str = Field(description="Its address, without secrets.")
    home_page_url: str | None
    tags: list[str]
    state: FeedStatus = Field(description="As `aggregator status --json` says.")
    condition: Condition = Field(description="As `/status` says.")
    words: str = Field(description="The condition as a sentence.")
    last_success: Time | None
    last_poll: Time | None
    next_poll: Time | None
    next_poll_reason: str | None
    failures: int
    last_error: str | None
    entries: int
    interval_s: int | None
    found_by_chain: int


class FeedsOut(_Shape):
    items: list[FeedOut]


class TagOut(_Shape):
    tag: str
    feeds: int = Field(description="How many feeds have it.")


class TagsOut(_Shape):
    items: list[TagOut]


class ProblemOut(_Shape):
    """What is wrong with a request."""

    error: str


class Spelling:
    """Values to shapes, with absolute addresses under one base."""

    def __init__(self, site_url: str) -> None:
        self._base = addresses.base(site_url)

    def listed(self, hit: Listed) -> ArticleListed:
        return ArticleListed(**self._common(hit.id, hit.post), passage=_passage(hit))

    def whole(self, found: Whole) -> ArticleOut:
        post = found.post
        return ArticleOut(
            **self._common(found.id, post),
            passage=None,
            text=found.text,
            html=figures.article(post, self._base),
            lead_image=lead.url if (lead := figures.lead(post, self._base)) else None,
            enclosures=[
                EnclosureOut(url=f.url, type=f.type, length=f.length) for f in items.files_of(post, self._base)
            ],
            attribution=AttributionOut(name=post.attribution.name, url=addresses.shown(post.attribution.url))
            if post.attribution
            else None,
            next=self._link(post.next),
            previous=self._link(post.previous),
            story_members=[self._teller(member) for member in post.story_members],
            evidence=EvidenceOut.model_validate(found.evidence, from_attributes=True),
        )

    def story(self, story: Story) -> StoryOut:
        return StoryOut(
            id=story.id,
            mirror_url=self._base + addresses.quoted(f"stories/{story.id}.html"),
            articles=[self.listed(hit) for hit in story.articles],
        )

    def _common(self, number: int, post: Post) -> dict[str, Any]:
        return {
            "id": number,
            "uid": post.id,
            "title": post.title,
            "url": addresses.shown(post.url),
            "mirror_url": self._base + addresses.quoted(post.path),
            "source": SourceOut(
                name=post.source.name,
                slug=post.source.slug,
                home_page_url=addresses.shown(post.source.home_page_url),
            ),
            "author": post.author,
            "published": post.published,
            "stamp": post.stamp,
            "revised": post.revised,
            "language": language_of(post.language),
            "tags": list(post.tags),
            "summary": post.summary,
            "words": post.word_count,
            "copy_of": self._copy(post.leader) if post.leader else None,
            "also_in": [self._copy(other) for other in post.also_in],
            "story": post.story,
        }

    def _copy(self, other: AlsoIn) -> CopyOut:
        return CopyOut(
            name=other.name,
            url=other.url,
            mirror_url=self._base + addresses.quoted(other.path) if other.path else None,
            similarity=other.similarity,
            reason=other.reason,
        )

    def _link(self, link: PostLink | None) -> LinkOut | None:
        url = addresses.shown(link.url) if link else None
        if link is None or url is None:
            return None
        mirror_url = self._base + addresses.quoted(link.path) if link.path else None
        return LinkOut(url=url, title=link.title, teaser=link.teaser, mirror_url=mirror_url)

    def _teller(self, member: StoryMember) -> TellerOut:
        return TellerOut(
            name=member.name,
            url=addresses.shown(member.url),
            mirror_url=self._base + addresses.quoted(member.path),
            title=member.title,
            published=member.published,
        )


def feed(state: FeedState, diagnosis: Diagnosis) -> FeedOut:
    """A feed's state, without secrets."""
    return FeedOut(
        name=state.name,
        slug=state.slug,
        url=redact(state.url),
        home_page_url=addresses.shown_feed(state.home_page_url),
        tags=list(state.tags),
        state=state.status,
        condition=diagnosis.condition,
        words=diagnosis.words,
        last_success=state.last_success,
        last_poll=state.last_poll,
        next_poll=state.next_poll,
        next_poll_reason=state.next_poll_reason or None,
        failures=state.failures,
        last_error=state.last_error,
        entries=state.entries,
        interval_s=state.interval_s,
        found_by_chain=state.found_by_chain,
    )


def _passage(hit: Listed) -> PassageOut | None:
    if hit.passage is None:
        return None
    return PassageOut(title_html=str(marked(hit.passage.title)), text_html=str(marked(hit.passage.text)))

"""The shapes of the JSON API: pydantic models, from which its OpenAPI description is generated."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from aggregator.emit.item import rfc3339
from aggregator.models import FeedStatus
from aggregator.poll.health import Condition

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


Day = Annotated[
    date,
    BeforeValidator(_spelled_day),
    AfterValidator(_usual_day),
    WithJsonSchema(
        {"type": "string", "format": "date", "pattern": r"^(19[7-9]|[2-8][0-9]{2})[0-9]-[0-9]{2}-[0-9]{2}$"}
    ),
]


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
    cve: str | None = Field(None, max_length=30, description="Names this CVE number.")
    actor: str | None = Field(None, max_length=200, description="Names this group (name or ATT&CK number).")
    software: str | None = Field(None, max_length=200, description="Names this software (name or ATT&CK number).")
    vendor: str | None = Field(None, max_length=200, description="Names this vendor.")
    exploited: bool = Field(False, description="Names a flaw that is exploited now.")
    indicators: bool = Field(False, description="Names an indicator.")
    limit: int = Field(20, ge=1, le=MAX_LIMIT, description="Articles in an answer.")
    cursor: str | None = Field(
        None, pattern=r"^[dr][0-9]{1,12}$", description="`next_cursor` of the answer before; goes on in its order."
    )


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

    id: int | None = Field(description="Number of the article, where it is held.")
    url: str
    title: str | None
    teaser: str | None
    mirror_url: str | None = Field(description="Our own page of it, where it is held.")


class CopyOut(_Shape):
    """The same article elsewhere."""

    id: int | None = Field(description="Its number, where it is an article of its own.")
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

    id: int | None = Field(description="Its number, where it is held.")
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


class FactOut(_Shape):
    """Something that an article names. `why` is the reason that a value is an indicator, or is none."""

    kind: str
    value: str
    shown: str
    name: str | None
    attack_id: str | None
    indicator: bool
    why: str
    confidence: int | None
    port: int | None
    count: int
    places: list[tuple[str, int, int]] = Field(description="[field, start, end] in characters of title or text.")


class VulnerabilityOut(_Shape):
    """A flaw that articles name, with what the data files know of it."""

    cve: str
    state: str | None
    title: str | None
    products: list[str]
    cvss: float | None
    cvss_version: str | None
    severity: str | None
    vector: str | None
    cwes: list[str]
    epss: float | None
    epss_percentile: float | None
    epss_date: str | None
    epss_model: str | None
    kev_added: str | None
    kev_due: str | None
    kev_ransomware: bool | None
    ssvc: str | None
    exploited: bool
    exploited_by: str | None
    exploited_since: str | None
    published: str | None
    first_named: str | None
    articles: int
    changed_at: str | None


class NamingOut(_Shape):
    """An article that names something."""

    id: int
    title: str
    url: str
    mirror_url: str
    outlet: str
    published: Time


class VulnerabilityWholeOut(VulnerabilityOut):
    named_by: list[NamingOut]


class VulnerabilitiesQuery(_Shape):
    """What `/api/vulnerabilities` takes."""

    exploited: bool | None = Field(None, description="Only those that are exploited now, or only others.")
    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="Flaws in an answer.")
    cursor: str | None = Field(None, max_length=30, description="next_cursor from the previous response.")


class VulnerabilitiesOut(_Shape):
    items: list[VulnerabilityOut]
    next_cursor: str | None


class IndicatorsQuery(_Shape):
    """What `/api/indicators` takes."""

    kind: str | None = Field(None, max_length=10, description="Of this kind: domain, url, ipv4, sha256 ...")
    since: Day | None = Field(None, description="Named in an article of this day (UTC) or later.")
    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="Indicators in an answer.")
    cursor: str | None = Field(None, max_length=2100, description="next_cursor from the previous response.")


class IndicatorOut(_Shape):
    """An indicator over all articles that name it."""

    value: str
    kind: str
    first_seen: str
    last_seen: str
    articles: int
    outlets: int
    why: str


class IndicatorsOut(_Shape):
    items: list[IndicatorOut]
    next_cursor: str | None


class WatchQuery(_Shape):
    """What `/api/watch` takes."""

    watch: str | None = Field(None, max_length=63, description="Hits of this watchlist alone.")
    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="Hits in an answer.")


class HitOut(_Shape):
    """An article that concerns a watchlist."""

    watch: str
    why: str
    certain: bool
    exploited: bool
    at: str
    article: NamingOut


class HitsOut(_Shape):
    items: list[HitOut]


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
    facts: list[FactOut]


class ArticlesOut(_Shape):
    items: list[ArticleListed]
    next_cursor: str | None = Field(description="For the next articles; null: these were the last.")
    total: int | None = Field(description="How many match (5,000: or more); null without words.")
    literal: bool = Field(description="Whether `q` was not valid search syntax and was searched for as typed.")


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

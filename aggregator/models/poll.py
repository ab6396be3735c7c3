"""A feed document, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


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
class FeedHints:
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
    rhythm: FeedHints = FeedHints()
    entries: tuple[Entry, ...] = ()
    problems: tuple[str, ...] = ()

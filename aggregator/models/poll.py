"""A feed document, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that comes with an entry. `length` in bytes and `duration` in seconds, where the feed gave them.

    `title` is plain text: JSON Feed's `title`, Media RSS's `media:title`.
    """

    url: str
    type: str = ""
    length: int | None = None
    duration: int | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class EntryImage:
    """A picture that a feed gives for an entry, beside its text. `alt` describes it in plain text."""

    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Episode:
    """What a podcast feed says of an episode (itunes:*).

    `kind`: full, trailer, bonus, or empty. `duration` in seconds. `subtitle` is plain text.
    """

    season: int | None = None
    number: int | None = None
    kind: str = ""
    explicit: bool | None = None
    duration: int | None = None
    subtitle: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed, as the feed gives it.

    `guid` is never empty and unique within the feed's document (see poll.parse for the fallbacks).
    `title` and `author` are plain text. `html` is the fullest content the feed has, `summary` its short one; both are
    raw out of poll.parse, and clean after scrape.clean. URLs are absolute http(s), or None. `tags` are the categories
    of the origin. `images` are the entry's own, its main one first; `episode` is None where it is no podcast's.
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
    images: tuple[EntryImage, ...] = ()
    episode: Episode | None = None
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
    """A feed document as values. `problems` are notes for a person; they do not fail the feed.

    `cut_short`: it does not come to its end; its complete entries are here.
    """

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
    cut_short: bool = False

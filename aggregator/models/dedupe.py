"""What is new, what is the same, what has changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aggregator.models.poll import Entry


class Verdict(StrEnum):
    NEW = "new"
    REVISED = "revised"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of an entry that we meet again: enough to decide, no more.

    `guid` is its key, `given_guid` as its feed gave it last. `url` is its link's key, `title` and `text` (HTML; "" if
    none is kept) what it said last, `published` the feed's date.
    """

    guid: str
    content_hash: str
    updated: datetime | None = None
    given_guid: str = ""
    url: str | None = None
    title: str = ""
    text: str = ""
    published: datetime | None = None


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
    """A stored article that may be the same as a new one. `same_feed`: one feed has brought both."""

    article_id: int
    title: str
    text: str
    published: datetime
    fingerprint: Fingerprint
    same_feed: bool = False


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

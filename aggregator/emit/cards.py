"""What lists and pages of the mirror show of other posts: cards, neighbours, other outlets. Values, not markup."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from aggregator.emit import addresses
from aggregator.models import Post, PostLink
from aggregator.text import published, wording
from aggregator.text.urls import host_of

TEASER_CHARS = 220
"""How much of a summary a list shows."""


@dataclass(frozen=True, slots=True)
class Card:
    """A post in a list. `story`: the page of the story that it tells, and what the link to it says."""

    path: str
    title: str
    source: str
    source_path: str | None
    when: datetime
    teaser: str = ""
    language: str | None = None
    note: str = ""
    adds: tuple[str, ...] = ()
    story: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """A neighbour under an article: `href` leads to our page when we hold it, else to the origin."""

    href: str
    title: str
    teaser: str
    held: bool


def shortened(words: str, limit: int) -> str:
    """At most `limit` characters, cut between words, with an ellipsis where something is missing."""
    return words if len(words) <= limit else words[: limit - 1].rsplit(" ", 1)[0].rstrip(",;:.–— ") + "…"


def by_day(cards: Iterable[Card]) -> list[tuple[date, list[Card]]]:
    return [(when, list(group)) for when, group in groupby(cards, key=lambda card: wording.utc_date(card.when))]


def around(link: PostLink | None, root: str) -> Around | None:
    if link is None:
        return None
    url = addresses.shown(link.url)
    href = root + addresses.quoted(link.path) if link.path else url
    if href is None:
        return None
    return Around(href, published.line(link.title) or url or href, published.line(link.teaser), bool(link.path))


def elsewhere(post: Post, root: str) -> list[tuple[str, str, str | None]]:
    """(outlet, its URL, our page of it if we have one) for each other outlet that carries the article."""
    found: list[tuple[str, str, str | None]] = []
    leader = post.leader.url if post.leader else None
    for other in post.also_in:
        url = addresses.shown(other.url)
        if url and other.url != leader:
            held = root + addresses.quoted(other.path) if other.path else None
            found.append((published.line(other.name) or host_of(url), url, held))
    return found


def leader_of(post: Post, root: str) -> tuple[str, str] | None:
    if post.leader is None:
        return None
    href = root + addresses.quoted(post.leader.path) if post.leader.path else addresses.shown(post.leader.url)
    return (published.line(post.leader.name) or "Another outlet", href) if href else None

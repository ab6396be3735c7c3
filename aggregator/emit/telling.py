"""Who tells a story: the other posts of one event, as a post's page, the story's own page and the feeds name them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.emit import addresses
from aggregator.models import Post
from aggregator.text.published import line

UNTITLED = "Untitled"


@dataclass(frozen=True, slots=True)
class Teller:
    """One post of a story. `path` is its page of ours, `url` its origin's where that has one."""

    name: str
    slug: str
    url: str | None
    path: str
    title: str
    published: datetime
    teaser: str
    language: str | None
    mirror_url: str = ""
    also_in: tuple[str, ...] = ()


def page(story: str) -> str:
    """Where a story's page stands."""
    return addresses.safe_path(f"stories/{story}.html")


def tellers(post: Post, base: str = "") -> tuple[Teller, ...]:
    """All that tell the post's story, in order of publication: the first one was first. `base`: see addresses.base."""
    return tuple(
        Teller(
            name=line(member.name) or member.slug,
            slug=member.slug,
            url=addresses.shown(member.url),
            path=member.path,
            title=line(member.title) or UNTITLED,
            published=member.published,
            teaser=line(member.teaser),
            language=member.language,
            mirror_url=base + addresses.quoted(member.path),
            also_in=tuple(line(name) for name in member.also_in),
        )
        for member in post.story_members
    )


def others(post: Post, base: str = "") -> tuple[Teller, ...]:
    """Those that are neither the post itself nor the one that it is a copy of."""
    own = {post.path, post.leader.path if post.leader else None}
    return tuple(teller for teller in tellers(post, base) if teller.path not in own)


def mention(post: Post) -> tuple[str, str] | None:
    """Where the page of the story stands that a post tells, and in a few words who tells it; None: it stands alone."""
    if not post.story or not post.story_members:
        return None
    told = tellers(post)
    several = len(outlets(told))
    return page(post.story), f"{several} outlets on this story" if several > 1 else f"{len(told)} posts on this story"


def outlets(told: Sequence[Teller]) -> tuple[Teller, ...]:
    """The first post of each outlet, in the order given."""
    first: dict[str, Teller] = {}
    for teller in told:
        first.setdefault(teller.slug, teller)
    return tuple(first.values())

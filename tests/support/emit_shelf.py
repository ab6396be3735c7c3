"""An archive in memory, written by hand: the rules of models.Archive, and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aggregator.models import Carried, Post, PostLink, Source

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

THREATPOST = Source(
    name="Threatpost",
    slug="threatpost",
    feed_url="https://threatpost.example/feed/",
    title="Threatpost | The first stop for security news",
    home_page_url="https://threatpost.example/",
    tags=("news",),
)
KREBS = Source(
    name="Krebs on Security",
    slug="krebs",
    feed_url="https://krebs.example/feed/atom/",
    title="Krebs on Security",
    home_page_url="https://krebs.example/",
    id="tag:krebs.example,2009:feed",
    updated=START,
    tags=("news", "Threat Intel"),
)
LAB = Source(name="The Lab", slug="lab", feed_url="https://lab.example/rss", tags=("research",))


class Shelf:
    """models.Archive over a dictionary; `put` adds or changes posts, each time with a new change number."""

    def __init__(self, sources: tuple[Source, ...] = (KREBS, LAB, THREATPOST)) -> None:
        self.posts: dict[int, Post] = {}
        self.changes: dict[int, int] = {}
        self.number = 0
        self.listed = sources
        self.additions: dict[str, dict[str, tuple[str, ...]]] = {}

    def put(self, *posts: Post) -> None:
        self.number += 1
        for post in posts:
            self.posts[post.sequence] = post
            self.changes[post.sequence] = self.number

    def drop(self, sequence: int) -> None:
        self.number += 1
        del self.posts[sequence], self.changes[sequence]

    def relist(self, *sources: Source) -> None:
        """The configuration changed: each post shows its source as it is now."""
        self.number += 1
        self.listed = sources
        by_slug = {source.slug: source for source in sources}
        for n, post in self.posts.items():
            source = by_slug.get(post.source.slug, post.source)
            if source != post.source:
                tags = source.tags if post.tags == post.source.tags else post.tags
                self.posts[n] = replace(post, source=source, tags=tags)
                self.changes[n] = self.number

    def head(self) -> int:
        return self.number

    def withdrawn(self) -> tuple[Post, ...]:
        gone = [post for post in self.posts.values() if post.withdrawn]
        return tuple(sorted(gone, key=lambda post: (post.withdrawn.at, post.sequence), reverse=True))

    def last_sequence(self) -> int:
        return max(self.posts, default=0)

    def sources(self) -> tuple[Source, ...]:
        return tuple(sorted(self.listed, key=lambda source: source.name))

    def tags(self) -> tuple[str, ...]:
        return tuple(sorted({tag for source in self.listed for tag in source.tags}))

    def changed(self, since: int) -> tuple[Post, ...]:
        return self._sorted(post for n, post in self.posts.items() if self.changes[n] > since)

    def latest(
        self, limit: int, *, tag: str | None = None, source: str | None = None, before: int | None = None
    ) -> tuple[Post, ...]:
        found = self._sorted(
            post
            for post in self.posts.values()
            if (source is not None or not post.hidden)
            and post.withdrawn is None
            and (source is None or post.source.slug == source)
            and (tag is None or tag in post.source.tags)
            and (before is None or post.sequence < before)
        )
        return found[:limit]

    def between(self, first: int, last: int) -> tuple[Post, ...]:
        return self._sorted(
            post for n, post in self.posts.items() if first <= n <= last and not post.hidden and not post.withdrawn
        )

    def added(self, story: str) -> dict[str, tuple[str, ...]]:
        return self.additions.get(story, {})

    def carried(self) -> dict[str, Carried]:
        found = {source.slug: self.latest(10**6, source=source.slug) for source in self.listed}
        return {
            slug: Carried(len(posts), max((post.published for post in posts), default=None))
            for slug, posts in found.items()
        }

    def months(self) -> tuple[tuple[str, int], ...]:
        counts = Counter(f"{post.published:%Y-%m}" for post in self.posts.values() if not post.hidden)
        return tuple(sorted(counts.items(), reverse=True))

    @staticmethod
    def _sorted(posts: object) -> tuple[Post, ...]:
        return tuple(sorted(posts, key=lambda post: post.sequence, reverse=True))  # type: ignore[call-overload]


def make_post(sequence: int, **changes: object) -> Post:
    """A plain post with that place in the output."""
    source = (THREATPOST, KREBS, LAB)[sequence % 3]
    published = START + timedelta(hours=7 * sequence)
    post = Post(
        id=f"tag:aggregator.example,2026:{sequence}",
        sequence=sequence,
        stamp=START + timedelta(days=300, minutes=sequence),
        path=f"posts/{published:%Y/%m}/post-{sequence}.html",
        url=f"https://{source.slug}.example/{sequence}/",
        title=f"Post number {sequence}",
        source=source,
        published=published,
        author="Jane Doe",
        html=f"<p>The text of post {sequence}.</p>",
        summary=f"In short: {sequence}.",
        tags=source.tags,
        word_count=500,
    )
    return replace(post, **changes)  # type: ignore[arg-type]


def link_to(post: Post) -> PostLink:
    return PostLink(post.url or "", post.title, post.summary, post.path)


def chained(count: int, **changes: object) -> tuple[Post, ...]:
    """Posts 1 to `count`, each linked to its neighbours of the same source."""
    posts = {n: make_post(n, **changes) for n in range(1, count + 1)}
    for n, one in posts.items():
        after, before = posts.get(n + 3), posts.get(n - 3)
        posts[n] = replace(one, next=link_to(after) if after else None, previous=link_to(before) if before else None)
    return tuple(posts.values())


def filled(count: int) -> Shelf:
    shelf = Shelf()
    shelf.put(*chained(count))
    return shelf

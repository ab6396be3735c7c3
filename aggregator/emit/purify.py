"""An archive in which every text is valid: the one door through which posts come into the output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from aggregator.models import Archive, Carried, Post, Source
from aggregator.text.published import line, purify


class PureArchive:
    """models.Archive over another one: as it is read, every text is made valid, and every source has a name."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def head(self) -> int:
        return self._archive.head()

    def last_sequence(self) -> int:
        return self._archive.last_sequence()

    def sources(self) -> tuple[Source, ...]:
        return tuple(_source(source) for source in self._archive.sources())

    def tags(self) -> tuple[str, ...]:
        return self._archive.tags()

    def changed(self, since: int) -> tuple[Post, ...]:
        return pure_posts(self._archive.changed(since))

    def latest(
        self, limit: int, *, tag: str | None = None, source: str | None = None, before: int | None = None
    ) -> tuple[Post, ...]:
        return pure_posts(self._archive.latest(limit, tag=tag, source=source, before=before))

    def between(self, first: int, last: int) -> tuple[Post, ...]:
        return pure_posts(self._archive.between(first, last))

    def added(self, story: str) -> Mapping[str, tuple[str, ...]]:
        found = self._archive.added(story)
        return {path: tuple(line(name) for name in names) for path, names in found.items()}

    def withdrawn(self) -> tuple[Post, ...]:
        return pure_posts(self._archive.withdrawn())

    def carried(self) -> Mapping[str, Carried]:
        return self._archive.carried()

    def months(self) -> tuple[tuple[str, int], ...]:
        return self._archive.months()


def pure_posts(posts: Iterable[Post]) -> tuple[Post, ...]:
    """The same posts, every text in them valid."""
    return tuple(pure_post(post) for post in posts)


def pure_post(post: Post) -> Post:
    """The post with every text valid, and a name for its source."""
    pure, source = purify(post), _source(post.source)
    return pure if pure.source == source else replace(pure, source=source)


def _source(source: Source) -> Source:
    pure = purify(source)
    name = line(pure.name) or pure.slug
    return pure if pure.name == name else replace(pure, name=name)

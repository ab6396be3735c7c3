"""The one door through which posts come into the output: every text is made valid, every source has a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from aggregator.models import Archive, Post, Source
from aggregator.text.published import line, purify

KEPT = 2_000
"""Sources and stories that are remembered; beyond that all are forgotten."""
_NO_SOURCE = Source("", "", "")


def pure_archive(archive: Archive) -> Archive:
    """`archive`, with every text that is read from it valid and a name for every source."""
    return cast("Archive", _PureArchive(archive))


class _PureArchive:
    """Any archive: whatever its methods give is made valid, what many posts have in common once."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._pure = Purifier()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._archive, name)
        return lambda *args, **options: self._pure(method(*args, **options))


class Purifier:
    """Makes values valid. Sources, and the members of stories, which are the same in many posts, are remembered.

    They are known again by being the very same object, which the memory keeps alive. Good for one build.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, Any]] = {}

    def __call__(self, value: Any) -> Any:
        if isinstance(value, Post):
            return self._post(value)
        if isinstance(value, Source):
            return self._once(value, _named)
        if isinstance(value, tuple):
            return tuple(map(self, value))
        if isinstance(value, Mapping):
            return {key: self(each) for key, each in value.items()}
        return purify(value)

    def _post(self, post: Post) -> Post:
        """The post with every text valid, and a name for its source."""
        source, members = self._once(post.source, _named), post.story_members
        if members:
            members = self._once(members, purify)
        bare = replace(post, source=_NO_SOURCE, story_members=())
        return replace(purify(bare), source=source, story_members=members)

    def _once(self, value: Any, made: Callable[[Any], Any]) -> Any:
        known = self._known.get(id(value))
        if known is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            known = self._known[id(value)] = value, made(value)
        return known[1]


def pure_post(post: Post) -> Post:
    """The post with every text valid, and a name for its source."""
    pure: Post = Purifier()(post)
    return pure


def _named(source: Source) -> Source:
    pure = purify(source)
    name = line(pure.name) or pure.slug
    return pure if pure.name == name else replace(pure, name=name)

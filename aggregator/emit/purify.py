"""The one door through which posts come into the output: every text is made valid, every source has a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from aggregator.models import Archive, Post, Source
from aggregator.text.published import line, purify


def pure_archive(archive: Archive) -> Archive:
    """`archive`, with every text that is read from it valid and a name for every source."""
    return cast("Archive", _PureArchive(archive))


class _PureArchive:
    """Any archive: whatever its methods give is made valid."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._archive, name)
        return lambda *args, **options: _pure(method(*args, **options))


def _pure(value: Any) -> Any:
    if isinstance(value, Post):
        return pure_post(value)
    if isinstance(value, Source):
        return _named(value)
    if isinstance(value, tuple):
        return tuple(map(_pure, value))
    if isinstance(value, Mapping):
        return {key: _pure(each) for key, each in value.items()}
    return purify(value)


def pure_post(post: Post) -> Post:
    """The post with every text valid, and a name for its source."""
    pure, source = purify(post), _named(post.source)
    return pure if pure.source == source else replace(pure, source=source)


def _named(source: Source) -> Source:
    pure = purify(source)
    name = line(pure.name) or pure.slug
    return pure if pure.name == name else replace(pure, name=name)

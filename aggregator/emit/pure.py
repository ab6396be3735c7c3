"""An archive in which every text is valid: the one door through which posts come into the output."""

from __future__ import annotations

from aggregator.emit.text import purify
from aggregator.models import Archive, Post, Source


class PureArchive:
    """models.Archive over another one, with every text made valid XML 1.0 (see text.valid) as it is read."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def head(self) -> int:
        return self._archive.head()

    def last_sequence(self) -> int:
        return self._archive.last_sequence()

    def sources(self) -> tuple[Source, ...]:
        return purify(self._archive.sources())

    def tags(self) -> tuple[str, ...]:
        return self._archive.tags()

    def changed(self, since: int) -> tuple[Post, ...]:
        return purify(self._archive.changed(since))

    def latest(
        self, limit: int, *, tag: str | None = None, source: str | None = None, before: int | None = None
    ) -> tuple[Post, ...]:
        return purify(self._archive.latest(limit, tag=tag, source=source, before=before))

    def between(self, first: int, last: int) -> tuple[Post, ...]:
        return purify(self._archive.between(first, last))

    def months(self) -> tuple[tuple[str, int], ...]:
        return self._archive.months()

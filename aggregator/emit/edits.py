"""What outlets have edited: where the page of a post's changes stands, and what it shows. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterator

from aggregator.models import Post, Revision
from aggregator.text.diff import Piece, changes, words_of

Shown = tuple[Revision, list[tuple[Piece, ...]]]


def page(path: str) -> str:
    """Where the changes of the post at `path` stand: `posts/2019/07/title-1a2b3c4d-history.html`."""
    return path.removesuffix(".html") + "-history.html"


def shown(post: Post) -> list[Shown]:
    """Each change, newest first, as passages; the title is the first of them where that has changed."""
    return [(revision, list(_passages(revision))) for revision in post.revisions]


def _passages(revision: Revision) -> Iterator[tuple[Piece, ...]]:
    if revision.title_before != revision.title:
        yield words_of(revision.title_before, revision.title)
    yield from (passage.pieces for passage in changes(revision.text_before, revision.text))

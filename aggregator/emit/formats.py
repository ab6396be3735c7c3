"""The three formats of a feed document, and the spelling of items that is shared between documents.

An entry is the same in every document of a format, so what stands in the combined feed, in that of its source and in
those of its tags is spelled once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from aggregator.emit import atom, jsonfeed, rss
from aggregator.emit.feed import FeedDocument
from aggregator.emit.item import Item, view
from aggregator.models import Post

EXTENSIONS = ("atom", "rss", "json")
ENTRY: dict[str, Callable[[Item], str]] = {"atom": atom.entry, "rss": rss.entry, "json": jsonfeed.entry}
WHOLE: dict[str, Callable[[FeedDocument, Sequence[str]], bytes]] = {
    "atom": atom.document,
    "rss": rss.document,
    "json": jsonfeed.document,
}
KEPT_CHARS = 16 * 2**20
"""Characters of spelled entries that are kept; beyond that all are forgotten: some hundred long posts."""


class ItemWriter:
    """Posts to items and entries, each once. Good for one build: a post that changes must not meet its old entry."""

    def __init__(self, base: str, kept_chars: int = KEPT_CHARS, *, relation: str = "") -> None:
        self._base = base
        self._relation = relation
        self._kept_chars = kept_chars
        self._items: dict[int, Item] = {}
        self._entries: dict[tuple[str, int], str] = {}
        self._chars = 0

    def items(self, posts: Sequence[Post]) -> tuple[Item, ...]:
        return tuple(self._item(post) for post in posts)

    def document(self, document: FeedDocument, extension: str) -> bytes:
        """The whole document in one format."""
        return WHOLE[extension](document, [self._entry(extension, item) for item in document.items])

    def _item(self, post: Post) -> Item:
        item = self._items.get(post.sequence)
        if item is None:
            item = replace(view(post, self._base), relation=self._relation)
            self._items[post.sequence] = item
            self._account(len(item.html))
        return item

    def _entry(self, extension: str, item: Item) -> str:
        if self._items.get(item.sequence) is not item:  # made for one document alone
            return ENTRY[extension](item)
        key = extension, item.sequence
        entry = self._entries.get(key)
        if entry is None:
            entry = ENTRY[extension](item)
            self._entries[key] = entry
            self._account(len(entry))
        return entry

    def _account(self, chars: int) -> None:
        self._chars += chars
        if self._chars > self._kept_chars:
            self._items.clear()
            self._entries.clear()
            self._chars = 0

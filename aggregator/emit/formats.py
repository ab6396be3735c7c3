"""The three formats of a feed document, and the spelling of items that is shared between documents.

An entry is the same in every document of a format, so what stands in the combined feed, in that of its source and in
those of its tags is spelled once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import accumulate

from aggregator.config.settings import Site
from aggregator.emit import atom, feed, jsonfeed, paths, rss, shorten
from aggregator.emit.feed import FeedDocument
from aggregator.emit.item import Item, Tellers, relation_of, view
from aggregator.models import Post

EXTENSIONS = ("atom", "rss", "json")
ENTRY: dict[str, Callable[[Item], str]] = {"atom": atom.entry, "rss": rss.entry, "json": jsonfeed.entry}
WHOLE: dict[str, Callable[[FeedDocument, Sequence[str]], bytes]] = {
    "atom": atom.document,
    "rss": rss.document,
    "json": jsonfeed.document,
}
MOST_BYTES_A_CHAR = 6
"""Of a character in a document: a quotation mark in XML (&quot;)."""
WHOLE_PART, CUT_PART = 8, 32
"""An entry that has more than an eighth of a document's bytes is cut to a thirty-second: a dozen endless posts at once
then stand beside one another, and push nothing out. At 1 MB these are 120 and 30 KB."""
KEPT_CHARS = 16 * 2**20
"""Characters of spelled entries that are kept; beyond that all are forgotten: some hundred long posts."""


class ItemWriter:
    """Posts to items and entries, each once. Good for one build: a post that changes must not meet its old entry.

    An entry that is a large part of a document by itself shows how the post begins, and where the whole is.
    """

    def __init__(self, site: Site, kept_chars: int = KEPT_CHARS) -> None:
        self._base = paths.base(site.base_url)
        self._relation = relation_of(site)
        self._bytes = feed.entry_bytes(site)
        self._kept_chars = kept_chars
        self._tellers = Tellers(self._base)
        self._items: dict[int, Item] = {}
        self._entries: dict[tuple[str, int], str] = {}
        self._chars = 0

    def items(self, posts: Iterable[Post]) -> tuple[Item, ...]:
        return tuple(self._item(post) for post in posts)

    def size(self, post: Post) -> int:
        """Bytes of a post's entry, in the format that needs most."""
        return self._size(self._item(post))

    def fitting(self, found: Sequence[Item]) -> tuple[Item, ...]:
        """Of these, from the first on, as many as one document may hold by its bytes."""
        sizes = accumulate(map(self._size, found))
        return tuple(item for item, size in zip(found, sizes, strict=True) if size <= self._bytes)

    def document(self, document: FeedDocument, extension: str) -> bytes:
        """The whole document in one format."""
        return WHOLE[extension](document, [self._entry(extension, item) for item in document.items])

    def _item(self, post: Post) -> Item:
        item = self._items.get(post.sequence)
        if item is None:
            item = self.bounded(replace(view(post, self._base, self._tellers(post)), relation=self._relation))
            self._items[post.sequence] = item
            self._account(len(item.html))
        return item

    def bounded(self, item: Item) -> Item:
        """The item, with its beginning alone where its entry would fill too much of a document."""
        most = self._bytes // WHOLE_PART
        if len(item.html) * MOST_BYTES_A_CHAR <= most or self._size(item) <= most:
            return item
        return shorten.cut(item, self._bytes // CUT_PART)

    def _size(self, item: Item) -> int:
        return max(len(self._entry(extension, item).encode()) for extension in EXTENSIONS)

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

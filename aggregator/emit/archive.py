"""The combined feed's history (RFC 5005 section 4): which posts are in which document, permanently.

The archive is cut into blocks: `page_size` sequence numbers, or fewer where their entries have more than half of
`page_bytes`. A block is closed once as much again is newer: so the current document holds half of what it may at least
(who polls seldom misses nothing), and never more. A closed block's document is written once, and again only when one of
its posts is withdrawn, or shows more in it than may go out now. It links forward to the name that the next one will
have: until that is written the link finds nothing, and the reader is at the newest archive document.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args
from xml.parsers import expat

from aggregator.config.settings import Site
from aggregator.emit.feed import FeedDocument, OutputFeed, address, entry_bytes
from aggregator.emit.folder import Folder
from aggregator.emit.item import Item
from aggregator.emit.state import ArchiveBlock, State
from aggregator.models import Archive, Ended, Post, Republish


def stem(number: int) -> str:
    """`archive/feed-0001`: the first, oldest block is number 1."""
    return f"archive/feed-{number:04}"


class Blocks:
    """The blocks of an archive, oldest first: those that are closed already, and those that can be closed now.

    `size` gives the bytes of a post's entry. When all blocks were met, `open` holds the posts after them, newest first:
    those of the current document; `newest` are the archive's newest. `posts` are those of a block that has just been
    closed, newest first.
    """

    def __init__(
        self, closed: tuple[ArchiveBlock, ...], archive: Archive, site: Site, size: Callable[[Post], int]
    ) -> None:
        self.closed = list(closed)
        self.open: tuple[Post, ...] = ()
        self.newest = archive.latest(site.page_size)
        self.posts: tuple[Post, ...] | None = None
        self._archive = archive
        self._page_size = site.page_size
        self._half = entry_bytes(site) // 2
        self._size = size

    def __iter__(self) -> Iterator[ArchiveBlock]:
        yield from tuple(self.closed)
        newest = self.newest
        kept = self._fitting(newest)
        kept_from = newest[kept - 1].sequence if kept < len(newest) or kept == self._page_size else 0
        first = self.closed[-1].last + 1 if self.closed else 1
        posts: tuple[Post, ...] = ()
        while True:
            end = last = first + self._page_size - 1
            posts = (*self._archive.between(posts[0].sequence + 1 if posts else first, end), *posts)
            while not posts and last < kept_from:  # numbers of which the posts are lost or hidden make no document
                last += self._page_size
                posts = self._archive.between(first, last)
            oldest_first = posts[::-1]
            if (fitting := self._fitting(oldest_first)) < len(posts):
                last = oldest_first[fitting].sequence - 1
            if last >= kept_from:
                break
            self.closed.append(ArchiveBlock(first, last))
            self.posts = tuple(post for post in posts if post.sequence <= last)
            yield self.closed[-1]
            self.posts = None
            posts = tuple(post for post in posts if post.sequence > last)
            first = last + 1
        found = {post.sequence: post for post in (*newest, *posts) if post.sequence >= first}
        self.open = tuple(found[sequence] for sequence in sorted(found, reverse=True))

    def _fitting(self, posts: Sequence[Post]) -> int:
        """How many of these, from the first on, have half of the bytes of a document at most; one at least."""
        total = 0
        for number, post in enumerate(posts):
            total += self._size(post)
            if total > self._half and number:
                return number
        return len(posts)


def current(
    feed: OutputFeed, blocks: tuple[ArchiveBlock, ...], items: tuple[Item, ...], deleted: tuple[Ended, ...] = ()
) -> FeedDocument:
    """The subscription document: `items` are those after the last closed block."""
    return FeedDocument(feed, feed.stem, items, older=stem(len(blocks)) if blocks else None, deleted=deleted)


def archived(
    feed: OutputFeed, number: int, block: ArchiveBlock, items: tuple[Item, ...], deleted: tuple[Ended, ...] = ()
) -> FeedDocument:
    """The document of one closed block."""
    return FeedDocument(
        feed,
        stem(number),
        items,
        older=stem(number - 1) if number > 1 else None,
        newer=stem(number + 1),
        archived=True,
        first=block.first,
        last=block.last,
        deleted=deleted,
    )


@dataclass(frozen=True, slots=True)
class ArchivePlan:
    """The archive on disk. Documents that are `valid` are never written again."""

    blocks: tuple[ArchiveBlock, ...]
    valid: bool


def plan(folder: Folder, state: State, feed: OutputFeed, last_sequence: int) -> ArchivePlan:
    """The blocks that are closed already: from the state or, where that was lost, from the documents themselves.

    They do not stand any more when the site has moved to another address (its documents are new ones then), or when
    the archive has gone back behind them (a database restored from an old backup).
    """
    blocks = state.blocks if state.head else _read_all(folder, feed)
    moved = bool(state.head) and state.base_url != feed.base
    if moved or (blocks and blocks[-1].last > last_sequence):
        return ArchivePlan((), valid=False)
    return ArchivePlan(blocks, valid=bool(state.head or blocks))


def stands(folder: Folder, name: str, *, noted: bool) -> bool:
    """Whether a document is there, and whole: one that no finished build has `noted` may be torn, by a power cut."""
    if noted or not folder.exists(name):
        return folder.exists(name)
    data = (folder.root / name).read_bytes()
    try:
        if name.endswith(".json"):
            json.loads(data)
        else:
            expat.ParserCreate().Parse(data, True)
    except (ValueError, expat.ExpatError):
        return False
    return True


def too_free(folder: Folder, number: int, allowed: Mapping[str, Republish]) -> bool:
    """Whether a document shows more of one of these posts (id -> how much may go out now) than it may.

    The document itself is asked, by its JSON, which is written after the other two: so a build that broke off, or whose
    notes were lost, leaves nothing standing.
    """
    try:
        items = json.loads((folder.root / f"{stem(number)}.json").read_bytes())["items"]
        shown = {item["id"]: item["_aggregator"].get("republish", "full") for item in items}
        order = get_args(Republish)
        return any(order.index(shown[one]) < order.index(word) for one, word in allowed.items() if one in shown)
    except FileNotFoundError:
        return False
    except (ValueError, KeyError, TypeError, AttributeError):
        return True


def _read_all(folder: Folder, feed: OutputFeed) -> tuple[ArchiveBlock, ...]:
    blocks: list[ArchiveBlock] = []
    while (block := read_back(folder, feed, stem(len(blocks) + 1))) is not None:
        if block.first != (blocks[-1].last + 1 if blocks else 1):
            break
        blocks.append(block)
    return tuple(blocks)


def read_back(folder: Folder, feed: OutputFeed, name: str) -> ArchiveBlock | None:
    """The block of the archive document `name`; None when there is none of this feed."""
    try:
        raw = json.loads((folder.root / f"{name}.json").read_bytes())
        if raw["feed_url"] != address(feed, name, "json"):
            return None
        return ArchiveBlock(int(raw["_aggregator"]["first"]), int(raw["_aggregator"]["last"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None

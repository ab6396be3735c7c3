"""What the current documents show and the database does not hold any more goes into the archive unchanged.

A database that was lost, or replaced by an older one, knows nothing of the newest posts that were published. They are
part of the feed's history anyway: readers that were away meanwhile finds them there. Only entries that this program has
written are read, and they are taken over letter by letter. Nothing is brought back into the database.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection
from dataclasses import replace

from aggregator.emit.archive import archived, read_back, stem
from aggregator.emit.feed import OutputFeed
from aggregator.emit.folder import Folder
from aggregator.emit.formats import WHOLE
from aggregator.emit.state import ArchiveBlock, published

_ENTRIES = {
    "atom": re.compile(r"^<entry[ >].*?^</entry>\n", re.DOTALL | re.MULTILINE),
    "rss": re.compile(r"^<item>\n.*?^</item>\n", re.DOTALL | re.MULTILINE),
    "json": re.compile(r"^{.*}(?=,?$)", re.MULTILINE),
}
"""An entry in a document of ours: what a post brings is escaped in it. The JSON comes last, as in every build."""

_ID = re.compile("<(?:id|guid)[^>]*>([^<]*)<")


def close(
    folder: Folder, feed: OutputFeed, blocks: tuple[ArchiveBlock, ...], held: Collection[str]
) -> ArchiveBlock | None:
    """The block after `blocks`, closed over what is published; its documents stand in the folder then.

    `held` are the ids of posts that the database has: they come out again. None when no others are shown. Documents
    that a build which was killed has left stay. Raises OSError.
    """
    name, shown = stem(len(blocks) + 1), published(folder.root)
    first = blocks[-1].last + 1 if blocks else 1
    left = read_back(folder, feed, name)
    if shown is None or (left is not None and left.first == first):
        return left
    block = ArchiveBlock(first, shown.sequence)
    document = replace(archived(feed, len(blocks) + 1, block, ()), newest=shown.stamp)
    found = {extension: _entries(folder, feed, extension, held) for extension in _ENTRIES}
    if not all(found.values()) or block.last < block.first:
        return None
    for extension, entries in found.items():
        folder.put(f"{name}.{extension}", WHOLE[extension](document, entries))
    folder.flush()
    return block


def _entries(folder: Folder, feed: OutputFeed, extension: str, held: Collection[str]) -> list[str]:
    """The entries of the feed's current document that are none of those held."""
    try:
        text = (folder.root / f"{feed.stem}.{extension}").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return [one for one in _ENTRIES[extension].findall(text) if _id(one) not in held]


def _id(entry: str) -> str:
    if entry.startswith("{"):
        return str(json.loads(entry)["id"])
    match = _ID.search(entry)
    return html.unescape(match[1]) if match else ""

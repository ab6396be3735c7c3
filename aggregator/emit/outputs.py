"""The outputs that the operator defines, as documents: how much of each post, and a story's posts as one entry.

Which posts stand in an output, and since when, the archive says (`Chosen`). With `group: story` an entry has an id of
its own, made from that of the post that it began with, and lists every post of the story by publication.

Feed documents that are made when they are asked for: what a search finds. The same rules as for those in files.

The entries are those of the output: same ids, same dates, in the output's order, so that a reader that follows a
search and the combined feed knows them again.

Which of the documents are WebSub topics: those that a subscriber may ask a hub about, and the hubs to ask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from typing import Protocol

from aggregator.config.settings import Output, Site
from aggregator.config.value_types import format_duration
from aggregator.emit import item as items
from aggregator.emit import paths
from aggregator.emit.feed import FeedDocument, OutputFeed, combined, of_output, of_search
from aggregator.emit.formats import EXTENSIONS, ItemWriter
from aggregator.emit.item import Item, rfc3339
from aggregator.emit.purify import pure_post
from aggregator.models import Archive, Ended, OutputEntry, Post
from aggregator.text import published
from aggregator.text.published import valid


class Chosen(Protocol):
    """What is read of the archive for outputs."""

    def shown(self, one: Output, limit: int) -> tuple[OutputEntry, ...]:
        """At most `limit` entries, newest first."""

    def members(self, one: Output, limit: int) -> tuple[int, ...]:
        """The sequences of their posts: cheap enough to be asked at every build."""

    def ended(self, name: str, limit: int) -> tuple[Ended, ...]:
        """Entries of a grouped output whose story ended in another one, the last first."""


class Nothing:
    """No outputs."""

    def shown(self, _one: Output, _limit: int) -> tuple[OutputEntry, ...]:
        return ()

    def members(self, _one: Output, _limit: int) -> tuple[int, ...]:
        return ()

    def ended(self, _name: str, _limit: int) -> tuple[Ended, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Edited:
    """An output as it is to be put out: its feed's document, and what its page lists."""

    document: FeedDocument
    entries: tuple[OutputEntry, ...]


def feed_of(one: Output, site: Site) -> OutputFeed:
    return of_output(site, one.title or one.name, one.name)


def limit_of(one: Output, site: Site) -> int:
    return one.limit or site.page_size


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What is to be built from, and how it is to look."""

    archive: Archive
    site: Site
    outputs: tuple[Output, ...]
    chosen: Chosen


def signature(one: Output) -> str:
    """A hash of its settings; another one means that it is to be built."""
    return hashlib.sha256(one.model_dump_json().encode()).hexdigest()[:32]


def edited(one: Output, site: Site, chosen: Chosen, speller: ItemWriter, base: str) -> Edited:
    """The output's current document and entries."""
    limit = limit_of(one, site)
    entries = tuple(replace(entry, post=pure_post(entry.post)) for entry in chosen.shown(one, limit))
    plain = one.content == "full" and one.group == "none"
    relation = items.relation_of(site)
    found = tuple(
        speller.items((entry.post,))[0]
        if plain and entry.stamp == entry.post.stamp
        else speller.bounded(replace(_item(one, entry, base), relation=relation))
        for entry in entries
    )
    deleted = tuple(Ended(story_id(gone.id), gone.at) for gone in chosen.ended(one.name, limit))
    feed = feed_of(one, site)
    return Edited(FeedDocument(feed, feed.stem, speller.fitting(found), deleted=deleted), entries)


def story_id(post_id: str) -> str:
    """The id of a grouped entry that began with this post: not the post's own, which is another entry elsewhere."""
    return f"{post_id}:story"


def conditions(one: Output) -> list[tuple[str, str]]:
    """(condition, what it asks) as the output's page tells it."""
    found = [(name, ", ".join(getattr(one, name))) for name in ("tags", "sources", "words", "without", "languages")]
    found += [("query", one.query or ""), ("max_age", format_duration(one.max_age) if one.max_age else "")]
    return [(name.replace("_", " "), asked) for name, asked in found if asked]


def _item(one: Output, entry: OutputEntry, base: str) -> Item:
    folded = one.group == "story" and entry.post.story is not None
    post = replace(entry.post, stamp=entry.stamp, revised=_revised(entry, folded=folded))
    item = items.view(post, base)
    body = {
        "full": items.body(item, post, base),
        "summary": items.directed(items.summary_body(item), item.language),
        "titles": "",
    }[one.content]
    if one.group == "story":
        item = replace(item, id=story_id(item.id))
    if folded:
        told = items.tellers(post, base)
        body = _told(told, item, one) + body
        item = replace(item, authors=(_outlets(told),), story_url=None)
    if one.content == "titles":
        item = replace(item, summary="", image=None, enclosures=(), episode=None)
    return replace(item, html=body + items.footer(item, post))


def _revised(entry: OutputEntry, *, folded: bool) -> datetime | None:
    """A folded entry is as new as its last growth; a post alone as its own last change, and never older than it was."""
    if folded:
        return entry.grown
    times = [time for time in (entry.grown, entry.post.revised) if time is not None]
    return max(times, default=None)


def _told(told: Iterable[items.Coverage], item: Item, one: Output) -> str:
    """Every post of the story, by publication: outlet, title, date and how it begins."""
    teasers = one.content != "titles"
    lines = []
    for teller in told:
        link = f'<a href="{escape(teller.url or teller.mirror_url)}">{escape(teller.title)}</a>'
        begins = f"<br>{escape(teller.teaser)}" if teasers and teller.teaser else ""
        lines.append(f"<li>{escape(teller.name)}, {rfc3339(teller.published)[:10]}: {link}{begins}</li>")
    whole = f' (<a href="{escape(item.story_url)}">the story</a>)' if item.story_url else ""
    listed = f"<p><strong>Told by {len(lines)} posts</strong>{whole}</p><ol>{''.join(lines)}</ol>"
    return listed + (f"<h2>{escape(item.title)}</h2>" if one.content == "full" else "")


def _outlets(told: Iterable[items.Coverage]) -> str:
    """`Threatpost and 2 others`."""
    names = [published.line(teller.name) for teller in items.outlets(tuple(told))]
    more = len(names) - 1
    return names[0] if not more else f"{names[0]} and {more} other{'s' if more > 1 else ''}"


def story_page(post: Post) -> str:
    """Where a folded entry's card leads: the page of its story, or that of the post that stands alone."""
    return items.story_page(post.story) if post.story and post.story_members else paths.safe_path(post.path)


def answer(site: Site, found: Iterable[Post], *, query: str, words: str, extension: str) -> bytes:
    """The posts that a search finds, as `atom`, `rss` or `json`, newest first.

    `query` is the query string that leads to them, percent-encoded, in one fixed spelling: the feed's id is made of it.
    `words` says to people what was searched for.
    """
    feed = of_search(site, query, valid(words))
    speller = ItemWriter(site)
    newest = sorted(map(pure_post, found), key=lambda post: post.sequence, reverse=True)
    return speller.document(FeedDocument(feed, feed.stem, speller.fitting(speller.items(newest))), extension)


FOLDERS = ("tags", "sources", "outputs")


def is_topic(path: str) -> bool:
    """Whether a file of the output is a current feed document: archived ones never change."""
    stem, _, extension = path.rpartition(".")
    folder, slash, _ = stem.partition("/")
    return extension in EXTENSIONS and (folder in FOLDERS if slash else stem == "feed")


def topic(site: Site, path: str) -> str:
    """The address of a document, as its own `self` link has it."""
    return paths.base(site.base_url) + paths.quoted(path)


def hubs(site: Site) -> tuple[str, ...]:
    """The hubs in the one spelling that documents, headers and requests share."""
    return combined(site).hubs

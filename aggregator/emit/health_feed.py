"""The feeds' health as a feed: what happened to them, for feed readers.

Entries are made of stored events, so that ids and dates never change; the store gives each event a second of its own.

What the front page says while articles are being fetched, or the network is down, stands here too: a few words between
two marks. They change every few seconds and are no part of the archive. A build writes the page without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path

from aggregator.config.settings import Site
from aggregator.emit import paths
from aggregator.emit.feed import FeedDocument, OutputFeed, address, of_health
from aggregator.emit.folder import Folder
from aggregator.emit.formats import ENTRY, EXTENSIONS, WHOLE
from aggregator.emit.item import Item
from aggregator.models import NotedEvent
from aggregator.models.errors import EmitError
from aggregator.text import published

STEM = "health"
HEALTH_EVENTS = 100
"""Events in the feed, the newest first."""

FRONT = "index.html"
BEGIN, END = b"<!-- under way -->", b"<!-- /under way -->"
"""The marks in the template."""

_COMMAND = re.compile("`([^`]+)`")


def health(site: Site, events: Iterable[NotedEvent], extension: str) -> bytes:
    """What happened to the feeds, as `atom`, `rss` or `json`."""
    feed = of_health(site)
    items = tuple(sorted((_item(event, feed) for event in events), key=lambda item: item.stamp, reverse=True))
    return WHOLE[extension](FeedDocument(feed, STEM, items), [ENTRY[extension](item) for item in items])


def write_health(site: Site, events: Iterable[NotedEvent], out: Path) -> None:
    """The same as files, for those who serve the output folder with another web server. Raises EmitError."""
    told, folder = tuple(events), Folder(out)
    try:
        for extension in EXTENSIONS:
            folder.put(f"{STEM}.{extension}", health(site, told, extension))
        folder.flush()
    except OSError as error:
        raise EmitError(f"the output cannot be written: {error.strerror or error} ({out})") from error
    finally:
        folder.discard()


def _item(event: NotedEvent, feed: OutputFeed) -> Item:
    words, name = published.line(event.words), published.line(event.name) or feed.author
    url = f"{feed.base}sources/{paths.quoted(event.slug)}.html" if event.slug else feed.home_url
    return Item(
        id=f"{feed.id}:{event.at:%Y%m%dT%H%M%SZ}-{event.id}",
        sequence=event.id,
        url=url,
        mirror_url=url,
        title=published.line(event.title) or event.kind,
        authors=(name,),
        stamp=event.at,
        published=event.at,
        updated=event.at,
        language="en",
        summary=words,
        html=f'<p>{escape(words)}</p><p><a href="{escape(feed.base)}status">How all feeds do</a></p>',
        tags=(event.kind,),
        image=None,
        enclosures=(),
        source_name=name,
        source_title=name,
        source_id=feed.id,
        source_home=feed.home_url,
        source_feed=address(feed, STEM, "atom"),
        next=None,
        previous=None,
        also_in=(),
        story=None,
        story_url=None,
        story_members=(),
    )


def write_front_note(out: Path, heading: str, words: str) -> bool:
    """Have this note on the front page, or none (both empty); whether that is a change. Raises EmitError.

    Words in backticks are shown as code. Without a front page nothing is written.
    """
    folder = Folder(out)
    try:
        page = (out / FRONT).read_bytes()
        before, begin, rest = page.partition(BEGIN)
        _, end, after = rest.partition(END)
        if not (begin and end):
            return False
        changed = folder.put(FRONT, before + BEGIN + _note(heading, words) + END + after)
        folder.flush()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise EmitError(f"the output cannot be written: {error.strerror or error} ({out})") from error
    finally:
        folder.discard()
    return changed


def _note(heading: str, words: str) -> bytes:
    if not (heading or words):
        return b""
    shown = _COMMAND.sub(r"<code>\1</code>", escape(words))
    parts = [f"<h2>{escape(heading)}</h2>\n" * bool(heading), f"<p>{shown}</p>\n" * bool(words)]
    return f'\n<section class="notice under-way inset">\n{"".join(parts)}</section>\n'.encode()

"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), with an `_aggregator` object (docs/outputs.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from aggregator.emit import intel
from aggregator.emit.feed import ICON, SMALL_ICON, FeedDocument, address
from aggregator.emit.item import Item, Link, rfc3339
from aggregator.models import Enclosure

VERSION = "https://jsonfeed.org/version/1.1"


def document(document: FeedDocument, entries: Sequence[str]) -> bytes:
    """The document as UTF-8, a line an item; `entries` are its items as `entry` spells them."""
    feed = document.feed
    top: dict[str, Any] = {
        "version": VERSION,
        "title": feed.title,
        "home_page_url": feed.home_url,
        "feed_url": document.url("json"),
        "description": feed.subtitle,
        "icon": feed.base + ICON,
        "favicon": feed.base + SMALL_ICON,
        "language": feed.language,
        "authors": [{"name": feed.author}],
    }
    if document.hubs:
        top["hubs"] = [{"type": "WebSub", "url": hub} for hub in document.hubs]
    if document.older:
        top["next_url"] = address(feed, document.older, "json")
    if document.archived:
        top["_aggregator"] = {"first": document.first, "last": document.last}
        if document.deleted:
            gone = [{"id": one.id, "at": rfc3339(one.at)} for one in document.deleted]
            top["_aggregator"]["withdrawn"] = gone
    head = json.dumps(top, ensure_ascii=False).removesuffix("}")
    return "".join((head, ', "items": [\n', ",\n".join(entries), "\n]}\n")).encode()


def entry(item: Item) -> str:
    """One item, on one line."""
    found: dict[str, Any] = {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "content_html": item.html,
        "summary": item.summary or None,
        "image": item.image.url if item.image else None,
        "date_published": rfc3339(item.published),
        "date_modified": rfc3339(item.updated),
        "authors": [{"name": author} for author in item.authors],
        "tags": list(item.tags) or None,
        "language": item.language,
        "attachments": [_attachment(file) for file in item.enclosures] or None,
        "_aggregator": {
            "source": {
                "name": item.source_name,
                "home_page_url": item.source_home,
                "feed_url": item.source_feed,
            },
            "next": _neighbour(item.next),
            "previous": _neighbour(item.previous),
            "also_in": [{"name": other.title, "url": other.url} for other in item.also_in],
            "story": item.story,
            **_story(item),
            **_episode(item),
            **({} if item.republish == "full" else {"republish": item.republish}),
            **({"facts": intel.in_json(item.facts)} if item.facts else {}),
        },
    }
    return json.dumps({key: value for key, value in found.items() if value is not None}, ensure_ascii=False)


def _story(item: Item) -> dict[str, Any]:
    if item.story_url is None:
        return {}
    members = [
        {
            "name": other.name,
            "url": other.url,
            "title": other.title,
            "date_published": rfc3339(other.published),
            "mirror_url": other.mirror_url,
        }
        for other in item.story_members
    ]
    return {"story_url": item.story_url, "story_members": members}


def _attachment(file: Enclosure) -> dict[str, Any]:
    found = {
        "url": file.url,
        "mime_type": file.type or "application/octet-stream",
        "title": file.title or None,
        "size_in_bytes": file.length,
        "duration_in_seconds": file.duration,
    }
    return {key: value for key, value in found.items() if value is not None}


def _episode(item: Item) -> dict[str, Any]:
    if item.episode is None:
        return {}
    return {"episode": {key: value for key, value in asdict(item.episode).items() if value not in (None, "")}}


def _neighbour(link: Link | None) -> dict[str, Any] | None:
    if link is None:
        return None
    return {"url": link.url, "title": link.title, "teaser": link.teaser or None, "mirror_url": link.mirror_url}

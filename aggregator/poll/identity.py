"""Every entry of a document gets an identity that is never empty, unique in it, and the same at the next poll.

The guid as the feed writes it (never resolved against a URL: the feed may move), else the link, else a hash of title
and date, else of the content. When different entries share a guid, each of them gets a suffix made of its own link and
title; were one of them to keep the bare guid, it would pass from article to article as the feed scrolls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from aggregator.models import Entry


def identified(entries: Iterable[Entry]) -> tuple[tuple[Entry, ...], list[str]]:
    """The entries with their final guids, and notes on those that were dropped: empty ones, and exact repetitions."""
    usable = [_with_guid(entry) for entry in entries if _says_something(entry)]
    distinct: dict[tuple[str, str, str], Entry] = {}
    for entry in usable:
        distinct.setdefault((entry.guid, *_self(entry)), entry)
    counts = Counter(guid for guid, *_ in distinct)
    result = tuple(
        replace(entry, guid=f"{entry.guid}#{_digest(*_self(entry))[:12]}") if counts[entry.guid] > 1 else entry
        for entry in distinct.values()
    )
    shared = sum(1 for count in counts.values() if count > 1)
    return result, [f"guids that different entries share (all are kept): {shared}"] if shared else []


def _says_something(entry: Entry) -> bool:
    return bool(entry.guid or entry.url or entry.title or entry.html or entry.enclosures)


def _with_guid(entry: Entry) -> Entry:
    if entry.guid:
        return entry
    if entry.url:
        return replace(entry, guid=entry.url)
    day = entry.published.isoformat() if entry.published else ""
    if entry.title or day:
        return replace(entry, guid=f"urn:sha256:{_digest(entry.title, day)[:32]}")
    files = " ".join(enclosure.url for enclosure in entry.enclosures)
    return replace(entry, guid=f"urn:sha256:{_digest(entry.html, files)[:32]}")


def _self(entry: Entry) -> tuple[str, str]:
    return entry.url or _digest(entry.html), entry.title


def _digest(*parts: str) -> str:
    return sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()

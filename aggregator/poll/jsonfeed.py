"""JSON Feed 1.0 and 1.1 (jsonfeed.org), and RSS in JSON (as Scripting News writes it), as values.

A document that ends early gives its complete items. Anything may be of the wrong type: what cannot be used is passed
over, item by item.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from aggregator.models import Enclosure, Entry, EntryImage, FeedHints, ParsedFeed
from aggregator.poll.fields import MAX_ENTRIES, MAX_FIELD, content, identified, language, length, tags
from aggregator.poll.media import complete, duration, pictures, with_pictures
from aggregator.poll.xmltree import CUT_SHORT, FOLLOWED
from aggregator.text.date_order import Style
from aggregator.text.dates import parse_date, style_of
from aggregator.text.plain import from_plain, legal, literal, looks_like_html, plain, unwrapped
from aggregator.text.urls import http_url

_DECODER = json.JSONDecoder(strict=False)
"""Takes line breaks and tabs in strings, as templates write them."""

_ITEMS = re.compile(r'"items?"\s*:\s*\[')
_DATES = ("date_published", "date_modified", "pubDate")
_BETWEEN = re.compile(r"[\s,]*")
_PIECES = re.compile(r'"(?:[^"\\]|\\.)*+"|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])|(?<=[}\]"])(\s*)(?=[{"])', re.DOTALL)
"""Strings, and what JSON does not have: comments, commas before a closing bracket, none between two values."""

_BAD_ESCAPE = re.compile(r"\\(?:\\|([^\"\\/bfnrtu]|u(?![0-9A-Fa-f]{4})))")
REPAIRED = "the JSON was not well-formed and has been repaired"


class NotJsonFeed(ValueError):
    """Not a feed; the message says what is there instead."""


def read(text: str, url: str, now: datetime | None = None) -> ParsedFeed:
    """The feed in `text`, fetched from `url`. Raises NotJsonFeed."""
    document, problems = _loaded(text)
    channel = _dict(_dict(document.get("rss")).get("channel"))
    if channel:
        feed, items, entry = _rss_head(channel, url), channel.get("item"), _rss_entry
    elif "items" in document or "jsonfeed.org" in str(document.get("version")):
        feed, items, entry = _head(document, url), document.get("items"), _entry
    else:
        raise NotJsonFeed("this is JSON, but not a feed: it has no items")
    given = _dicts(items)
    dates = style_of((_moment(item.get(key)) for item in given for key in _DATES), feed.language, now)
    found = [entry(item, url, feed, dates) for item in given]
    if len(found) == MAX_ENTRIES:
        problems.append(f"only the first {MAX_ENTRIES} entries were taken")
    identities, notes = identified(found)
    return replace(feed, entries=identities, problems=(*problems, *notes))


def _loaded(text: str) -> tuple[dict[str, Any], list[str]]:
    try:
        document, end = _DECODER.raw_decode(text)
    except RecursionError:
        raise NotJsonFeed("this JSON is nested too deeply to be a feed") from None
    except ValueError as error:
        try:
            document, end = _DECODER.raw_decode(text := _repaired(text))
        except (ValueError, RecursionError):
            return _complete_items(text, str(error)), [CUT_SHORT]
        return _dict(document), [REPAIRED, *([FOLLOWED] if text[end:].strip(" \t\r\n\x00") else [])]
    if not isinstance(document, dict):
        raise NotJsonFeed("this is JSON, but not a feed: not an object")
    return document, [FOLLOWED] if text[end:].strip(" \t\r\n\x00") else []


def _repaired(text: str) -> str:
    """Without comments and commas at the end of lists, with commas between values and backslashes that mean one."""

    def piece(match: re.Match[str]) -> str:
        if match[1] is not None:
            return f",{match[1]}"
        if not match[0].startswith('"'):
            return ""
        return _BAD_ESCAPE.sub(
            lambda bad: bad[0] if bad[1] is None else "'" if bad[1] == "'" else f"\\\\{bad[1]}", match[0]
        )

    return _PIECES.sub(piece, text)


def _complete_items(text: str, error: str) -> dict[str, Any]:
    """What can be read of a document that is broken off, or broken at some point: its head and the items before."""
    start = _ITEMS.search(text)
    if start is None:
        raise NotJsonFeed(f"this JSON cannot be read: {error[:100]}")
    decoder, position = _DECODER, start.end()
    items: list[Any] = []
    while len(items) < MAX_ENTRIES:
        gap = _BETWEEN.match(text, position)
        try:
            item, position = decoder.raw_decode(text, gap.end() if gap else position)
        except (ValueError, RecursionError):
            break
        items.append(item)
    if not items:
        raise NotJsonFeed(f"this JSON cannot be read: {error[:100]}")
    try:
        head = json.loads(text[: start.start()].rstrip().rstrip(",") + "}", strict=False)
    except (ValueError, RecursionError):
        head = {}
    return {**_dict(head), "items": items}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(values: object) -> list[dict[str, Any]]:
    found = (value for value in values if isinstance(value, dict)) if isinstance(values, list) else iter(())
    return list(islice(found, MAX_ENTRIES))


def _list(values: object) -> list[Any]:
    return values if isinstance(values, list) else []


def _string(value: object, limit: int = MAX_FIELD) -> str:
    return legal(value[:limit]) if isinstance(value, str) else ""


def _moment(value: object) -> str:
    """A date as written; some write seconds, as a number."""
    return str(value) if isinstance(value, int | float) else _string(value)


def _link(value: object, base: str) -> str | None:
    return http_url(value, base) if isinstance(value, str) else None


# --- JSON Feed -------------------------------------------------------------------------------------------------


def _head(document: dict[str, Any], url: str) -> ParsedFeed:
    version = re.search(r"1(?:\.\d)?\b", str(document.get("version"))[-10:])
    return ParsedFeed(
        title=literal(document.get("title")),
        url=url,
        home_page_url=_link(document.get("home_page_url"), url),
        description=literal(document.get("description")),
        language=language(document.get("language")),
        author=_authors(document),
        icon=_link(document.get("icon"), url) or _link(document.get("favicon"), url),
        format=f"JSON Feed {version[0] if '.' in version[0] else '1.0'}" if version else "JSON Feed",
        self_url=_link(document.get("feed_url"), url),
        hubs=tuple(filter(None, (_link(hub.get("url"), url) for hub in _dicts(document.get("hubs"))))),
        next_url=_link(document.get("next_url"), url),
    )


def _entry(item: dict[str, Any], url: str, feed: ParsedFeed, dates: Style) -> Entry:
    guid, base = item.get("id"), feed.home_page_url or url
    published, updated = (parse_date(_moment(item.get(key)), dates) for key in ("date_published", "date_modified"))
    text = from_plain(_string(item.get("content_text")), breaks=True)
    html, summary = content(
        [_string(item.get("content_html")), text], from_plain(_string(item.get("summary"))), sure=True
    )
    files = complete(_attachments(item, base), None)
    given = (_link(item.get(key), base) for key in ("image", "banner_image") if key == "image" or not item.get("image"))
    images = pictures([EntryImage(url) for url in given if url], files)
    title, html = with_pictures(literal(item.get("title")), html, images)
    return Entry(
        guid=literal(str(guid) if isinstance(guid, str | int | float) else "", limit=4096),
        url=_link(item.get("url"), base) or _link(item.get("external_url"), base),
        title=title,
        author=_authors(item) or feed.author,
        published=published or updated,
        updated=updated if published and updated != published else None,
        summary=summary,
        html=html,
        tags=tags(_tags(item.get("tags"))),
        enclosures=files,
        images=images,
        language=language(item.get("language")) or feed.language,
    )


def _authors(holder: dict[str, Any]) -> str | None:
    """Version 1.1 has `authors`, 1.0 had `author`; either is met as an object, as a name, as a list of both."""
    given = [part for key in ("authors", "author") for part in _several(holder.get(key))]
    names = (literal(_string(part.get("name")) if isinstance(part, dict) else part) for part in given)
    return ", ".join(dict.fromkeys(filter(None, names))) or None


def _several(value: object) -> list[Any]:
    parts = value if isinstance(value, list) else [value]
    return [part for part in parts if isinstance(part, dict | str)]


def _tags(value: object) -> Iterator[str]:
    """A list of words; met as one text with commas, and as a list of objects with a name."""
    for tag in value.split(",") if isinstance(value, str) else _list(value):
        yield _string(tag.get("name") if isinstance(tag, dict) else tag)


def _attachments(item: dict[str, Any], base: str) -> Iterator[Enclosure]:
    for file in _dicts(item.get("attachments")):
        if url := _link(file.get("url"), base):
            kind, size = _string(file.get("mime_type")), length(file.get("size_in_bytes"))
            yield Enclosure(url, kind, size, duration(file.get("duration_in_seconds")), literal(file.get("title")))


# --- RSS in JSON -----------------------------------------------------------------------------------------------


def _rss_head(channel: dict[str, Any], url: str) -> ParsedFeed:
    minutes = length(channel.get("ttl"))
    return ParsedFeed(
        title=plain(channel.get("title")),
        url=url,
        home_page_url=_link(channel.get("link"), url),
        description=plain(channel.get("description")),
        language=language(channel.get("language")),
        updated=parse_date(_string(channel.get("lastBuildDate"))),
        format="RSS in JSON",
        rhythm=FeedHints(ttl=timedelta(minutes=min(minutes, 525_600)) if minutes else None),
    )


def _rss_entry(item: dict[str, Any], url: str, feed: ParsedFeed, dates: Style) -> Entry:
    base = feed.home_page_url or url
    guid = _dict(item.get("guid")).get("#value", item.get("guid"))
    text = unwrapped(_string(item.get("description")))
    file = _dict(item.get("enclosure"))
    address = _link(file.get("url"), base)
    given = [Enclosure(address, _string(file.get("type")), length(file.get("length")))] if address else []
    files = complete(given, None)
    return Entry(
        guid=literal(guid if isinstance(guid, str) else "", limit=4096),
        url=_link(item.get("link"), base),
        title=plain(item.get("title")),
        author=plain(item.get("author")) or None,
        published=parse_date(_string(item.get("pubDate")), dates),
        html=text if looks_like_html(text) else from_plain(text),
        tags=tags(tag for tag in _list(item.get("category")) if isinstance(tag, str)),
        enclosures=files,
        images=pictures((), files),
        language=feed.language,
    )

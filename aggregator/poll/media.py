"""What comes with an entry beside its text: files, pictures, what a podcast says of an episode.

Media RSS 1.5.1, iTunes' podcast tags, and the files of RSS, Atom and JSON Feed, as values. What can be shown no longer
(Flash players) and what is no file (a page with a player in it) is left out. Everything stays bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape, unescape
from mimetypes import MimeTypes
from urllib.parse import urlsplit

from lxml import etree

from aggregator.models import Enclosure, EntryImage, Episode
from aggregator.poll.fields import ENTRIES, ITUNES, length, local_name, namespace, remove
from aggregator.text.images import is_image
from aggregator.text.plain import MAX_LINE, from_plain, literal, looks_like_html, plain
from aggregator.text.storable import shortened
from aggregator.text.urls import http_url

MAX_IMAGES = 20
"""Pictures of one entry; galleries of Media RSS have more."""

MAX_ALT = 1500
"""Characters of a picture's description: what Mastodon allows."""

PIXEL = 2
"""Width and height, in pixels, of pictures that only count readers."""

_MEDIA_RSS = re.compile(r"https?://(?:(?:video\.)?search\.yahoo\.com/mrss|www\.rssboard\.org/media-rss)", re.IGNORECASE)
"""Namespaces of Media RSS as feeds write them."""

_GONE = frozenset({"application/x-shockwave-flash", "application/vnd.adobe.flash.movie"})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_AVATAR = re.compile(r"//[^/]*\bgravatar\.|/avatars?[/_.-]", re.IGNORECASE)
"""Addresses of people's pictures, which some feeds give as the first of an entry."""

_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_TYPES = MimeTypes()
"""Python's own table; not the machine's, which differs from one to the next."""

_ALT = re.compile(r"<img\b[^<>]{0,2000}?\balt=(['\"])([^'\"<>]*)\1", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2})(?:\.\d+)?")
_NUMBER = re.compile(r"\d{1,6}")


@dataclass(frozen=True, slots=True)
class EntryMedia:
    """What an entry's other vocabularies say. `description` is HTML, the rest plain text; empty where nothing is."""

    files: tuple[Enclosure, ...] = ()
    images: tuple[EntryImage, ...] = ()
    title: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()
    episode: Episode | None = None


NO_MEDIA = EntryMedia()
"""What most entries have."""


def take_media(holder: etree._Element, base: str) -> EntryMedia:
    """What Media RSS and iTunes say of a channel, feed or entry; their elements are taken out of it.

    Authors excepted, which `people` sorts out.
    """
    fields = [field for field in holder if _is_foreign(field)]
    images = list(_own_images(holder))
    if not fields and not images:
        return NO_MEDIA
    media = [part for field in fields if not _is_itunes(field) for part in _flat(field)]
    itunes = {local_name(field): field for field in fields if _is_itunes(field)}
    descriptions = [_description(part) for part in media if local_name(part) == "description"]
    descriptions += [_description(itunes[name]) for name in ("summary", "subtitle") if name in itunes]
    titles = [part for part in (itunes.get("title"), *media) if part is not None and local_name(part) == "title"]
    found = EntryMedia(
        files=tuple(_files(media, base)),
        images=tuple(_images(media, [itunes.get("image"), *images], base)),
        title=next(filter(None, (plain(part.text) for part in titles)), ""),
        description=next(filter(None, descriptions), ""),
        keywords=tuple(_keywords([*media, *itunes.values()])),
        episode=_episode(itunes),
    )
    for field in fields:
        remove(field)
    return found


def complete(files: Iterable[Enclosure], episode: Episode | None) -> tuple[Enclosure, ...]:
    """Each file once, with a media type (by its name where none is given); the first that plays has the duration."""
    found: dict[str, Enclosure] = {}
    for file in files:
        kind = media_type(file.type, file.url)
        known = found.get(file.url)
        if known is not None:
            found[file.url] = replace(
                known,
                type=known.type or kind,
                length=known.length or file.length,
                duration=known.duration or file.duration,
                title=known.title or file.title,
            )
        elif kind not in _GONE:
            found[file.url] = replace(file, type=kind)
    playing = next((file for file in found.values() if file.type.startswith(("audio/", "video/"))), None)
    if playing and playing.duration is None and episode and episode.duration:
        found[playing.url] = replace(playing, duration=episode.duration)
    return tuple(found.values())


def pictures(images: Sequence[EntryImage], files: Sequence[Enclosure]) -> tuple[EntryImage, ...]:
    """The pictures of an entry, the main one first: those given as such, then image files; people's own come last."""
    if not images and not files:
        return ()
    found: dict[str, EntryImage] = {}
    for image in (*images, *(EntryImage(file.url, file.title) for file in files if is_image(file.type, file.url))):
        if image.url not in found or (image.alt and not found[image.url].alt):
            found[image.url] = image
    ordered = sorted(found.values(), key=lambda image: bool(_AVATAR.search(image.url)))
    return tuple(image for image in ordered if not _AVATAR.search(image.url))[:MAX_IMAGES]


def with_pictures(title: str, html: str, images: Sequence[EntryImage]) -> tuple[str, str]:
    """(title, HTML) of an entry that has these pictures beside its text.

    Where a title or a text is missing, as in a microblog, they are part of the post: those that are not in the text
    come below it, with their descriptions; the first description is the title of a post without words.
    """
    if (title and html) or not (images or html):
        return title, html
    shown = unescape(html)
    figures = (
        f'<figure><img src="{escape(image.url)}" alt="{escape(image.alt)}"></figure>'
        for image in images
        if image.url not in shown
    )
    if not title and not plain(html, markup=True):
        described = (image.alt for image in images)
        title = next(filter(None, (*described, *(plain(unescape(match[2])) for match in _ALT.finditer(html)))), "")
    return shortened(title, MAX_LINE), html + "".join(figures)


def media_type(given: str | None, url: str) -> str:
    """The media type as given, or what the file's name says where that is none; empty where neither tells."""
    kind = literal(given, limit=100).partition(";")[0].strip().lower()
    if _TYPE.fullmatch(kind) and kind not in ("application/octet-stream", "binary/octet-stream"):
        return kind
    path = urlsplit(url).path
    return _TYPES.guess_type(path)[0] or (kind if _TYPE.fullmatch(kind) else "")


def duration(value: object) -> int | None:
    """Seconds, of `3600`, `62:03`, `1:02:03` or 3600.5; None for anything else, or none."""
    text = str(value if value is not None else "").strip()
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return hours * 3600 + minutes * 60 + seconds or None
    return length(text.partition(".")[0])


# --- Media RSS -------------------------------------------------------------------------------------------------


def _is_foreign(field: etree._Element) -> bool:
    named = namespace(field)
    return (_is_itunes(field) or bool(named and _MEDIA_RSS.match(named))) and local_name(field) != "author"


def _is_itunes(field: etree._Element) -> bool:
    return namespace(field).lower() == ITUNES


def _flat(field: etree._Element) -> Iterator[etree._Element]:
    """A field, or those in it where it is a group, with what stands inside each `content` behind it.

    What is said of a picture is no text of the entry.
    """
    for part in list(field) if local_name(field) == "group" else [field]:
        if _is_pixel(part):
            continue
        yield part
        if local_name(part) == "content" and not _is_picture(part):
            yield from part


def _is_picture(content: etree._Element) -> bool:
    kind = content.get("type") or ("image/*" if content.get("medium") == "image" else "")
    return content.get("medium", "image") == "image" and is_image(kind, content.get("url") or "")


def _inner(content: etree._Element, name: str) -> str:
    return next((plain(part.text, limit=MAX_ALT) for part in content if local_name(part) == name and part.text), "")


def _files(media: Iterable[etree._Element], base: str) -> Iterator[Enclosure]:
    for part in media:
        url = http_url(part.get("url"), base) if local_name(part) == "content" else None
        kind = media_type(part.get("type"), url or "")
        plays = part.get("medium") in ("audio", "video") or kind.startswith(("audio/", "video/", "application/"))
        if url and plays and kind not in _PAGES:
            size, seconds = length(part.get("fileSize")), duration(part.get("duration"))
            yield Enclosure(url, kind, size, seconds, _inner(part, "title"))


def _own_images(holder: etree._Element) -> Iterator[etree._Element]:
    """An item's `image`, which RSS does not have and some feeds write as a channel's."""
    for field in holder if local_name(holder) in ENTRIES else ():
        if local_name(field) == "image" and not namespace(field):
            yield next((part for part in field if local_name(part) == "url"), field)


def _images(
    media: Sequence[etree._Element], others: Iterable[etree._Element | None], base: str
) -> Iterator[EntryImage]:
    """Contents that are pictures, then the largest thumbnail, then what other vocabularies give.

    Of a picture that is given in several sizes (in a group, or at one address with other queries) the default one
    counts, else the largest.
    """
    best: dict[object, tuple[tuple[bool, int], EntryImage]] = {}
    for part in media:
        url = http_url(part.get("url") or part.text, base)
        shows = local_name(part) == "content" and _is_picture(part)
        if not url or not (shows or local_name(part) == "thumbnail"):
            continue
        image = EntryImage(url, (_inner(part, "description") or _inner(part, "title")) if shows else "")
        rank = part.get("isDefault") == "true", _pixels(part, "width")
        same = _same_picture(part, url, image.alt) if shows else "thumbnail"
        if same not in best or rank > best[same][0]:
            best[same] = rank, image
    thumbnail = best.pop("thumbnail", None)
    yield from (image for _, image in (*best.values(), *((thumbnail,) if thumbnail else ())))
    for other in others:
        if other is not None and (url := http_url(other.get("href") or other.text, base)):
            yield EntryImage(url)


def _same_picture(content: etree._Element, url: str, alt: str) -> object:
    """What a picture has in common with its other sizes: the group and what is said of it, or the address."""
    parent = content.getparent()
    if parent is not None and local_name(parent) == "group":
        return parent, alt
    return url.partition("?")[0] if _pixels(content, "width") else url


def _is_pixel(part: etree._Element) -> bool:
    """A picture that counts readers and shows nothing."""
    return 0 < _pixels(part, "width") <= PIXEL and 0 < _pixels(part, "height") <= PIXEL


def _pixels(part: etree._Element, side: str) -> int:
    given = (part.get(side) or "").removesuffix("px")
    return int(given) if _NUMBER.fullmatch(given) else 0


def _description(part: etree._Element) -> str:
    """Plain text unless it says, or shows, that it is HTML; its line breaks mean something (lists of times, links)."""
    text = part.text or ""
    if not text.strip():
        return ""
    kind = part.get("type", "")
    is_html = kind == "html" or (kind != "plain" and looks_like_html(text))
    return text if is_html else from_plain(text, breaks=True)


def _keywords(parts: Iterable[etree._Element]) -> Iterator[str]:
    for part in parts:
        if local_name(part) == "keywords":
            yield from (word.strip() for word in (part.text or "").split(","))


# --- podcasts --------------------------------------------------------------------------------------------------


def _episode(itunes: dict[str, etree._Element]) -> Episode | None:
    """What iTunes' tags say of an episode; None where they say nothing of one."""

    def text(name: str) -> str:
        return (itunes[name].text or "").strip() if name in itunes else ""

    explicit = {"yes": True, "true": True, "explicit": True, "no": False, "false": False, "clean": False}
    kind = text("episodetype").lower()
    found = Episode(
        season=int(text("season")) if _NUMBER.fullmatch(text("season")) else None,
        number=int(text("episode")) if _NUMBER.fullmatch(text("episode")) else None,
        kind=kind if kind in ("full", "trailer", "bonus") else "",
        explicit=explicit.get(text("explicit").lower()),
        duration=duration(text("duration")),
        subtitle=plain(text("subtitle")),
    )
    return found if found != Episode() else None

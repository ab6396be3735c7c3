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

_MEDIA = re.compile(r"https?://(?:(?:video\.)?search\.yahoo\.com/mrss|www\.rssboard\.org/media-rss)/?")
_PODCAST = re.compile(
    r"https://podcastindex\.org/namespace/1\.0|https://github\.com/Podcastindex-org/podcast-namespace/.*", re.IGNORECASE
)
_OTHERS = re.compile(r"http://(?:www\.google\.com/schemas/play-podcasts/1\.0|webfeeds\.org/rss/1\.0)")
"""Vocabularies of which only a picture is read."""

_PICTURE_FIELDS = frozenset({"image", "images", "thumbnail", "featuredimage", "cover"})
_PIXEL = 3
"""Pixels on a side up to which a picture only counts its readers."""

_GONE = frozenset({"application/x-shockwave-flash", "application/vnd.adobe.flash.movie"})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_AVATAR = re.compile(r"//[^/]*\bgravatar\.|/avatars?[/_.-]", re.IGNORECASE)
"""Addresses of people's pictures, which some feeds give as the first of an entry."""

_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_TYPES = MimeTypes()
"""Python's own table; not the machine's, which differs from one to the next."""

_ALT = re.compile(r"<img\b[^<>]{0,2000}?\balt=(['\"])([^'\"<>]*)\1", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2})(?:\.\d+)?"
    r"|(?:PT?)?(?:(\d{1,3})\s?h(?:ours?|rs?)?[., ]*)?(?:(\d{1,4})\s?m(?:in(?:ute)?s?)?[., ]*)?"
    r"(?:(\d{1,5})(?:\.\d+)?\s?s(?:ec(?:ond)?s?)?\.?)?",
    re.IGNORECASE,
)
"""`1:02:03`, and `PT1H2M3S` (ISO 8601) or `1h 2m`."""

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
    media = [part for field in fields if _MEDIA.fullmatch(namespace(field)) for part in _flat(field)]
    podcast = [field for field in fields if _PODCAST.fullmatch(namespace(field))]
    itunes = {local_name(field): field for field in podcast if local_name(field) in ("season", "episode")}
    itunes |= {local_name(field): field for field in fields if _is_itunes(field)}
    descriptions = [_description(part) for part in media if local_name(part) == "description"]
    descriptions += [_description(itunes[name]) for name in ("summary", "subtitle") if name in itunes]
    titles = [part for part in (itunes.get("title"), *media) if part is not None and local_name(part) == "title"]
    found = EntryMedia(
        files=(*_files(media, base), *_alternates(podcast, base)),
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
    """Seconds, of `3600`, `62:03`, `1:02:03`, `PT1H2M3S`, `1h 2m` or 3600.5; None for anything else, or none."""
    text = str(value if value is not None else "").strip()
    if text and (clock := _CLOCK.fullmatch(text)):
        hours, minutes, seconds = (int(part or 0) for part in (clock.groups()[:3] if clock[2] else clock.groups()[3:]))
        return hours * 3600 + minutes * 60 + seconds or None
    return length(text.partition(".")[0])


# --- Media RSS -------------------------------------------------------------------------------------------------


def _is_foreign(field: etree._Element) -> bool:
    known = _is_itunes(field) or _MEDIA.fullmatch(namespace(field)) or _PODCAST.fullmatch(namespace(field))
    return bool(known) and local_name(field) != "author"


def _is_itunes(field: etree._Element) -> bool:
    return namespace(field).lower() == ITUNES


def _flat(field: etree._Element) -> Iterator[etree._Element]:
    """A field, or those in it where it is a group, with what stands inside each `content` behind it.

    A group is one thing in several versions (Media RSS): of its pictures one is taken, or one for each description, and
    what it has by default comes first. What is said of a picture is no text of the entry.
    """
    parts = [field]
    if local_name(field) == "group":
        parts = sorted(field, key=lambda part: part.get("isDefault") != "true")
        versions = [part for part in parts if local_name(part) == "content" and _is_picture(part)]
        versions.sort(key=lambda part: (part.get("isDefault") == "true", _side(part)))
        best = {_inner(part, "description") or _inner(part, "title"): part for part in versions}  # the last one counts
        parts = [part for part in parts if part in best.values() or part not in versions]
    for part in parts:
        yield part
        if local_name(part) == "content" and not _is_picture(part):
            yield from part


def _is_picture(content: etree._Element) -> bool:
    kind = content.get("type") or ("image/*" if content.get("medium") == "image" else "")
    return content.get("medium", "image") == "image" and is_image(kind, (content.get("url") or "").strip())


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


def _alternates(podcast: Iterable[etree._Element], base: str) -> Iterator[Enclosure]:
    """Other versions of an episode's file (podcast:alternateEnclosure), as far as they are files on the web."""
    for part in podcast:
        if local_name(part) == "alternateenclosure":
            sources = (http_url(each.get("uri"), base) for each in part if local_name(each) == "source")
            if url := next(filter(None, sources), None):
                yield Enclosure(url, media_type(part.get("type"), url), length(part.get("length")), None)


def _own_images(holder: etree._Element) -> Iterator[etree._Element]:
    """An item's `image` or `thumbnail`, which RSS does not have; other vocabularies do."""
    for field in holder if local_name(holder) in ENTRIES else ():
        known = not namespace(field) or _OTHERS.fullmatch(namespace(field)) or _PODCAST.fullmatch(namespace(field))
        if known and local_name(field) in _PICTURE_FIELDS:
            yield next((part for part in field if local_name(part) == "url"), field)


def _side(part: etree._Element) -> int:
    """The declared width of a picture in pixels, 0 where none is."""
    return int(part.get("width", "")) if _NUMBER.fullmatch(part.get("width", "")) else 0


def _spelling(part: etree._Element, url: str) -> str:
    """An address without its query and without the picture's own size: the same for all sizes of one picture."""
    address = url.partition("?")[0]
    for name in ("width", "height"):
        if (size := part.get(name, "")) and _NUMBER.fullmatch(size) and _side(part):
            address = re.sub(rf"(?<!\d){size}(?!\d)", "#", address)
    return address if _side(part) else url


def _images(
    media: Iterable[etree._Element], others: Iterable[etree._Element | None], base: str
) -> Iterator[EntryImage]:
    """Contents that are pictures, each in its largest size, then the largest thumbnail, then what other vocabularies
    give.
    """
    sizes: dict[str, tuple[int, EntryImage]] = {}
    thumbnails = []
    for part in media:
        url = http_url(part.get("url") or part.text, base)
        if url is None or (0 < _side(part) <= _PIXEL):
            continue
        if local_name(part) == "content" and _is_picture(part):
            image = EntryImage(url, _inner(part, "description") or _inner(part, "title"))
            size, known = sizes.get(_spelling(part, url), (0, None))
            if known is None or size < _side(part):
                sizes[_spelling(part, url)] = (_side(part), image)
        elif local_name(part) == "thumbnail":
            thumbnails.append((_side(part), url))
    yield from (image for _, image in sizes.values())
    if thumbnails:
        yield EntryImage(max(thumbnails, key=lambda one: one[0])[1])
    for other in others:
        if other is not None and (url := http_url(other.get("href") or other.get("url") or other.text, base)):
            yield EntryImage(url)


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
        elif local_name(part) == "category" and _MEDIA.fullmatch(namespace(part)):
            yield part.get("label") or part.text or ""


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

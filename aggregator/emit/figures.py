"""The images of a post as its output shows them: in the article, as its lead image, among its files.

What the feed's `media` option says holds here and nowhere else: a document that asks this module shows no image that
the option does not let it show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from aggregator.emit import addresses
from aggregator.models import Enclosure, Picture, Post
from aggregator.text import images
from aggregator.text.urls import redact


@dataclass(frozen=True, slots=True)
class Lead:
    """The main picture: `path` relative to the root where it is our copy, else None; its size where that is known."""

    url: str
    path: str | None = None
    width: int | None = None
    height: int | None = None


def article(post: Post, prefix: str) -> str:
    """The post's HTML, for a document from which `prefix` leads to the root of the output."""
    return images.shown(post.html, post.media, post.pictures, prefix)


def lead(post: Post, base: str) -> Lead | None:
    """The post's main picture, with its absolute address; None where there is none to show."""
    if post.media == "link":
        url = addresses.shown(post.lead_image)
        return Lead(url) if url else None
    picture = _held(post, post.lead_image)
    if picture is None or picture.path is None:
        return None
    return Lead(base + picture.path, picture.path, picture.width, picture.height)


def file(post: Post, enclosure: Enclosure, base: str) -> Enclosure | None:
    """A file that comes with the post, or None where it is an image that is not to be shown (or not yet)."""
    if post.media == "link" or not images.is_image(enclosure.type, enclosure.url):
        return enclosure
    picture = _held(post, enclosure.url)
    if picture is None or picture.path is None:
        return None
    return replace(enclosure, url=base + picture.path, type=picture.type, length=picture.length)


def _held(post: Post, url: str | None) -> Picture | None:
    if post.media != "mirror" or not url:
        return None
    return next((picture for picture in post.pictures if url in (picture.url, redact(picture.url))), None)

"""Images: what is to be done with them, which are to be fetched, what they turned out to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MediaPolicy = Literal["link", "mirror", "strip"]
"""What becomes of images: readers load them from their origin; or from us; or they are left out."""


@dataclass(frozen=True, slots=True)
class PendingImage:
    """An image that is to be fetched, or due for another try. `robots`: whether robots.txt is to be asked."""

    id: int
    url: str
    attempts: int
    robots: bool = True


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """What an image's bytes turned out to be: its media type by content, its size in pixels."""

    type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of a post whose policy is `mirror`. `path` is our copy, relative to the root, or None without one.

    `length` in bytes, `width` and `height` in pixels. A `tracker` is too small to show anything: it is left out.
    """

    url: str
    path: str | None = None
    type: str = ""
    length: int | None = None
    width: int | None = None
    height: int | None = None
    tracker: bool = False

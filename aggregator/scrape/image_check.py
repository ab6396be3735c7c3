"""Bytes that claim to be an image -> what they are. Runs in a worker process; opens no file and no socket.

The type is that of the content; names and headers are not asked. Only bitmaps that every browser shows and that can
hold no script are let through: SVG is a document, and is refused with everything else. Nothing is re-encoded.

What an image is: its bytes are looked at before anything is kept of it. The only importer of Pillow.
"""

from __future__ import annotations

import io
import warnings

from aggregator.models import CheckedImage
from aggregator.models.errors import ImageError
from aggregator.text.images import EXTENSIONS

MAX_PIXELS = 50_000_000
"""Of one frame; decoded it takes 200 MB. Cameras of today take 24 to 48 million; screens have 8 million at most."""

MAX_SIDE = 30_000
"""Pixels; browsers show nothing beyond 32,767 (Chrome and Firefox), and WebP ends at 16,383."""

TRACKER_PIXELS = 3
"""As in the cleaning of HTML: an image of at most so many pixels on either side shows nothing: it counts readers."""


def check_image(body: bytes, url: str) -> CheckedImage:
    """What `body` is, all of its first frame decoded. Raises ImageError (with `url`, which may be shown).

    Size and number of pixels are judged by the header, before anything is decoded (decompression bombs).
    """
    from PIL import Image  # here, so that only workers carry it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # broken metadata; and Pillow's own limit on pixels, which is higher than ours
        try:
            with Image.open(io.BytesIO(body), formats=tuple(kind.partition("/")[2] for kind in EXTENSIONS)) as image:
                found = CheckedImage(_type(image.format), *image.size)
                _refuse(found, url)
                image.load()
        except ImageError:
            raise
        except MemoryError:
            raise  # the worker's own limit: it ends itself
        except Exception as error:  # Pillow raises whatever its decoders meet
            raise ImageError(url, _reason(error)) from error
    return found


def _type(name: str | None) -> str:
    """The media type of what Pillow calls a format. A JPEG with a second picture inside (MPO) is one for browsers."""
    return "image/jpeg" if name == "MPO" else f"image/{name.lower()}" if name else ""


def _refuse(found: CheckedImage, url: str) -> None:
    if found.type not in EXTENSIONS:
        raise ImageError(url, f"is of a type that is not kept ({found.type or 'unknown'})")
    if found.width * found.height > MAX_PIXELS or max(found.width, found.height) > MAX_SIDE:
        raise ImageError(url, f"has too many pixels ({found.width} x {found.height})")
    if found.width < 1 or found.height < 1:
        raise ImageError(url, "has no pixels")


def _reason(error: Exception) -> str:
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "is not a JPEG, PNG, GIF, WebP or AVIF image"
    if isinstance(error, Image.DecompressionBombError):
        return "has too many pixels"
    return f"cannot be decoded ({type(error).__name__})"

"""What bytes that claim to be an image turn out to be."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from aggregator.models.errors import ImageError
from aggregator.scrape.image_check import check_image

URL = "https://a.example/x"


def image(kind: str, width: int = 40, height: int = 30) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(out, kind)
    return out.getvalue()


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few bytes that says it has 3.6 thousand million pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_an_image_is_known_by_its_content(kind: str) -> None:
    """The type and the size come from the bytes."""
    found = check_image(image(kind), URL)
    assert (found.type, found.width, found.height) == (f"image/{kind.lower()}", 40, 30)


def test_an_animation_is_an_image() -> None:
    out = io.BytesIO()
    frames = [Image.new("P", (20, 10), color) for color in range(3)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert check_image(out.getvalue(), URL).type == "image/gif"


def test_a_jpeg_with_a_second_picture_is_a_jpeg() -> None:
    """As telephones make them (MPO)."""
    out = io.BytesIO()
    second = Image.new("RGB", (40, 30), "red")
    Image.new("RGB", (40, 30)).save(out, "MPO", save_all=True, append_images=[second])
    assert check_image(out.getvalue(), URL).type == "image/jpeg"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<!doctype html><title>Not found</title>", "is not a"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "is not a"),
        (b"", "is not a"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 50, "is not a|cannot be decoded"),
        (image("BMP"), "is not a"),
        (image("TIFF"), "is not a"),
        (image("JPEG", 400, 300)[:-900], "cannot be decoded"),
        (image("PNG", 400, 300)[:-100], "cannot be decoded"),
        (image("WEBP", 400, 300)[:-100], "is not a|cannot be decoded"),
        (bomb(), "too many pixels"),
        (bomb(8000, 8000), "too many pixels"),
        (bomb(31_000, 10), "too many pixels"),
    ],
)
def test_what_is_no_image_to_keep_is_refused(body: bytes, why: str) -> None:
    """Pages, documents, other types, half images, decompression bombs."""
    with pytest.raises(ImageError, match=why):
        check_image(body, URL)

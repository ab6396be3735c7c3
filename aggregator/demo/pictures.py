"""Small pictures made from their names: a PNG and an SVG. The same name gives the same bytes, without any file."""

from __future__ import annotations

import hashlib
import struct
import zlib
from html import escape

WIDTH, HEIGHT = 640, 360
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BAR_COUNT = 9


def png(name: str) -> bytes:
    """Three calm colours, divided by two diagonals (RFC 2083: 8-bit RGB, one IDAT, no filter)."""
    digest = hashlib.sha256(name.encode()).digest()
    colours = [bytes(64 + byte // 2 for byte in digest[start : start + 3]) for start in (0, 3, 6)]
    first, second = WIDTH // 5 + digest[9] // 2, WIDTH // 2 + digest[10] // 2
    rows = []
    for y in range(HEIGHT):
        left, right = max(0, first - y // 2), max(0, second - y // 3)
        rows.append(b"\x00" + colours[0] * left + colours[1] * (right - left) + colours[2] * (WIDTH - right))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(rows), 6)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def svg(name: str) -> bytes:
    """A bar chart with the picture's name below it."""
    digest = hashlib.sha256(name.encode()).digest()
    step = WIDTH // _BAR_COUNT
    bars = "".join(
        f'<rect x="{step * index + 12}" y="{300 - byte}" width="{step - 24}" height="{byte}" fill="#2f6f8f"/>'
        for index, byte in enumerate(digest[:_BAR_COUNT])
    )
    label = f'<text x="16" y="340" font-family="sans-serif" font-size="20" fill="#333">{escape(name)}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#eef2f4"/>{bars}{label}</svg>'
    ).encode()

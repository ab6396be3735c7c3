"""Reading the body of an answer: wire bytes and decoded bytes under a cap, and whether the body is all there.

What is shown to be incomplete (a short Content-Length, a broken chunk, a coding that does not come to its end) is kept
and marked partial. What is no beginning of anything (a false Content-Encoding) is an error. Nothing is parsed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import urllib3
from urllib3.exceptions import HTTPError

from aggregator.fetch.calls import Call
from aggregator.fetch.decode import MAX_CODINGS, Decoder, DecodingError, TooManyCodings, codings
from aggregator.models.errors import FetchError, TooLarge

_READ = 64 * 1024
"""Bytes asked of the socket at once."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body, decoded. `partial`: it ended early. `wire_bytes` is its size as it came."""

    data: bytes = b""
    partial: bool = False
    wire_bytes: int = 0


class _Full(Exception):
    """The cap is met."""


class _Basin:
    """Collects what a decoder gives, and counts what passes through each of its stages."""

    def __init__(self, decoder: Decoder, limit: int) -> None:
        self._decoder = decoder
        self._limit = limit
        self._passed = [0] * (decoder.last + 1)
        self._pieces: list[bytes] = []

    def take(self, data: bytes) -> None:
        """Raises _Full when any stage has passed more than the limit, DecodingError when the coding is false."""
        self._count(self._decoder.pieces(data))

    def finish(self) -> None:
        """Nothing more comes. Raises as `take`."""
        self._count(self._decoder.rest())

    def _count(self, pieces: Iterator[tuple[int, bytes]]) -> None:
        for stage, piece in pieces:
            self._passed[stage] += len(piece)
            over = self._passed[stage] - self._limit
            if stage == self._decoder.last:
                self._pieces.append(piece if over <= 0 else piece[: max(len(piece) - over, 0)])
            if over > 0:
                raise _Full

    @property
    def wire_bytes(self) -> int:
        return self._passed[0]

    def empty(self) -> bool:
        return not any(self._pieces)

    def body(self, *, partial: bool) -> Body:
        return Body(b"".join(self._pieces), partial or not self._decoder.complete, self.wire_bytes)


def read_body(
    raw: urllib3.HTTPResponse, headers: Mapping[str, str], call: Call, max_bytes: int, *, cut: bool = False
) -> Body:
    """The body of `raw`, at most `max_bytes` long at any stage of decoding.

    Raises TooLarge over the cap (or, with `cut`, gives what fits), FetchError for a false or unknown coding or a body
    that broke off before its first byte, TimedOut at the call's deadline.
    """
    basin = _Basin(_decoder(headers, call), max_bytes)
    if not cut and (announced := _announced(headers, call)) > max_bytes:
        raise TooLarge(call.url, f"too large: {announced:,} bytes announced, {max_bytes:,} allowed")
    try:
        broken = not _pour(raw, basin, call)
        basin.finish()
    except _Full:
        if not cut:
            raise TooLarge(call.url, f"too large: more than {max_bytes:,} bytes") from None
        broken = True
    except DecodingError as error:
        if not error.credible or basin.empty():
            raise FetchError(call.url, f"the body is not {error}, as its Content-Encoding says") from error
        broken = True
    body = basin.body(partial=broken)
    if body.partial and not body.data:
        raise FetchError(call.url, "the body broke off before its first byte")
    return body


def _decoder(headers: Mapping[str, str], call: Call) -> Decoder:
    try:
        return Decoder(codings(headers.get("content-encoding", "")))
    except TooManyCodings:
        raise TooLarge(call.url, f"more than {MAX_CODINGS} content codings on top of one another") from None
    except DecodingError as error:
        raise FetchError(call.url, f"unknown Content-Encoding: {str(error)[:40]!r}") from error


def _announced(headers: Mapping[str, str], call: Call) -> int:
    """The Content-Length, where it counts (RFC 9112 section 6.3), else 0."""
    transfer = headers.get("transfer-encoding", "").lower()
    if transfer not in ("", "chunked"):
        raise FetchError(call.url, f"a Transfer-Encoding that was not asked for: {transfer[:40]!r}")
    length = headers.get("content-length", "")
    return int(length[:20]) if not transfer and length.isascii() and length.isdigit() else 0


def _pour(raw: urllib3.HTTPResponse, basin: _Basin, call: Call) -> bool:
    """Everything that comes, into `basin`. False when the connection broke off."""
    while True:
        try:
            data = raw.read1(_READ, decode_content=False)
        except (HTTPError, OSError, ValueError):
            call.check()
            return False
        call.check()  # a socket shut at the deadline looks like a clean end
        if not data:
            return True
        basin.take(data)

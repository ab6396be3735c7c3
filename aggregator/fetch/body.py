"""Reading the body of an answer: wire bytes and decoded bytes under a cap, and whether the body is all there.

What is shown to be incomplete (a short Content-Length, a broken chunk, a coding that does not come to its end) is kept
and marked partial. What is no beginning of anything (a false Content-Encoding) is an error. Nothing is parsed.

Content codings, undone piece by piece under a cap: gzip, deflate, br and zstd (RFC 9110 section 8.4, RFC 9659).

Each stage hands out pieces of bounded size, so that whoever adds them up can stop a bomb long before it is in memory.
A stage that ends early is not an error here: `Decoder.complete` tells. A coding that we do not know is refused.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import brotli
import urllib3
import zstandard
from urllib3.exceptions import HTTPError

from aggregator.fetch.deadline import Deadline
from aggregator.models.errors import FetchError, TimedOut, TooLarge

ACCEPT_ENCODING = "gzip, deflate, br, zstd"

MAX_CODINGS = 2
"""One is normal, two happen (a proxy that compresses again); a longer chain is an attack."""

PIECE = 64 * 1024
"""Bytes: how much a stage hands out at once."""

_ZSTD_WINDOW = 2**23
"""Bytes: the largest window a zstd-coded body may ask for (RFC 9659 section 3)."""

_ZSTD_INPUT = 256
"""Bytes given to zstd at once. It has no output limit, and 4 bytes can become a block of 128 KiB: so at most 8 MiB."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_DEFLATED = _GZIP_MAGIC + b"\x08"
_GZIP_TRAILER = 8
"""Bytes: checksum and size at the end of a member (RFC 1952 section 2.3.1)."""

_NO_CODING = frozenset(
    {"", "identity", "none", "binary", "7bit", "8bit", "utf-8", "utf8", "us-ascii", "iso-8859-1", "aws-chunked"}
)
"""Besides identity: what misconfigured servers write where a coding belongs. Browsers take the body as it is, too.
`aws-chunked` is how a file was once put into a bucket; it comes out plain."""


class DecodingError(Exception):
    """The bytes are not what Content-Encoding says. `credible`: a good part came before, so it was no false label."""

    def __init__(self, message: str, *, credible: bool = False) -> None:
        super().__init__(message)
        self.credible = credible


class TooManyCodings(Exception):
    """More codings on top of one another than MAX_CODINGS."""


class _Stage(Protocol):
    def pieces(self, data: bytes) -> Iterator[bytes]: ...

    def rest(self) -> Iterator[bytes]:
        """What was held back, now that no more data comes."""

    @property
    def complete(self) -> bool: ...


class _Gzip:
    """gzip (RFC 1952), several members in a row included; what follows the last one is ignored, as browsers do.

    The checksum is held back until everything else is through: zlib keeps to itself what precedes a false one.
    """

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._fed = self._gave = self._over = False
        self._held = b""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        self._fed = self._fed or bool(data)
        data = self._held + data
        data, self._held = data[:-_GZIP_TRAILER], data[-_GZIP_TRAILER:]
        yield from self._inflate(data)

    def rest(self) -> Iterator[bytes]:
        yield from self._inflate(self._held)

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        while data and not self._over:
            try:
                piece = self._member.decompress(data, PIECE)
            except zlib.error as error:
                raise DecodingError("gzip", credible=self._gave) from error
            if piece:
                self._gave = True
                yield piece
            data = self._member.unconsumed_tail
            if self._member.eof:
                data = self._next_member(self._member.unused_data)

    def _next_member(self, rest: bytes) -> bytes:
        if rest.startswith(_GZIP_MAGIC):
            self._member = zlib.decompressobj(wbits=31)
            return rest
        self._over = not _GZIP_MAGIC.startswith(rest)
        return b""

    @property
    def complete(self) -> bool:
        return self._member.eof or not self._fed


class _Unlabelled:
    """gzip that nobody has named: a file `feed.xml.gz`, or what a proxy compressed again. All else passes as it is."""

    def __init__(self) -> None:
        self._inner: _Gzip | None = None
        self._head: bytes | None = b""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self._head is not None:
            self._head += data
            if len(self._head) < len(_GZIP_DEFLATED) and _GZIP_DEFLATED.startswith(self._head):
                return
            data, self._head = self._head, None
            self._inner = _Gzip() if data.startswith(_GZIP_DEFLATED) else None
        yield from self._inner.pieces(data) if self._inner else iter((data,) if data else ())

    def rest(self) -> Iterator[bytes]:
        if self._head:
            yield self._head
        if self._inner:
            yield from self._inner.rest()

    @property
    def complete(self) -> bool:
        return self._inner is None or self._inner.complete


class _HoldsNothing:
    def rest(self) -> Iterator[bytes]:
        return iter(())


class _Deflate(_HoldsNothing):
    """deflate: zlib (RFC 1950) as the standard says, or bare (RFC 1951) as some servers send."""

    def __init__(self) -> None:
        self._stream: zlib._Decompress | None = None
        self._head = b""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self._stream is None:
            self._head += data
            if len(self._head) < 2:
                return
            self._stream = zlib.decompressobj(wbits=15 if _zlib_header(self._head) else -15)
            data = self._head
        while data and not self._stream.eof:
            try:
                piece = self._stream.decompress(data, PIECE)
            except zlib.error as error:
                raise DecodingError("deflate") from error
            if piece:
                yield piece
            data = self._stream.unconsumed_tail

    @property
    def complete(self) -> bool:
        return self._stream.eof if self._stream is not None else not self._head


def _zlib_header(head: bytes) -> bool:
    """The check bits of RFC 1950 section 2.2."""
    return head[0] & 0x0F == 8 and (head[0] << 8 | head[1]) % 31 == 0


class _Brotli(_HoldsNothing):
    """br (RFC 7932). It has no magic number: an error never follows a part that could be trusted."""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._fed = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        self._fed = self._fed or bool(data)
        while not self._stream.is_finished():
            try:
                piece = self._stream.process(data, output_buffer_limit=PIECE)
            except brotli.error as error:
                raise DecodingError("br") from error
            if piece:
                yield piece
            data = b""
            if self._stream.can_accept_more_data():
                return

    @property
    def complete(self) -> bool:
        return self._stream.is_finished() or not self._fed


class _Zstd(_HoldsNothing):
    """zstd (RFC 8878), several frames in a row included."""

    def __init__(self) -> None:
        self._frame = _zstd_frame()
        self._fed = self._gave = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        self._fed = self._fed or bool(data)
        view = memoryview(data)
        for start in range(0, len(view), _ZSTD_INPUT):
            yield from self._slice(bytes(view[start : start + _ZSTD_INPUT]))

    def _slice(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._frame.eof:
                self._frame = _zstd_frame()
            try:
                piece = self._frame.decompress(data)
            except zstandard.ZstdError as error:
                raise DecodingError("zstd", credible=self._gave) from error
            if piece:
                self._gave = True
                yield piece
            data = self._frame.unused_data if self._frame.eof else b""

    @property
    def complete(self) -> bool:
        return bool(self._frame.eof) or not self._fed


def _zstd_frame() -> zstandard.ZstdDecompressionObj:
    return zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()


_STAGES: dict[str, type[_Gzip] | type[_Deflate] | type[_Brotli] | type[_Zstd]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}


def codings(header: str) -> tuple[str, ...]:
    """The codings of a Content-Encoding header in the order they were applied, identity left out."""
    names = (name.strip().lower() for name in header.split(","))
    return tuple(name for name in names if name not in _NO_CODING)


class Decoder:
    """Undoes `names` (see `codings`), the last applied first, and gzip below them that is not named, up to MAX_CODINGS.

    Raises TooManyCodings, or DecodingError when unknown.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        if len(names) > MAX_CODINGS:
            raise TooManyCodings
        unknown = [name for name in names if name not in _STAGES]
        if unknown:
            raise DecodingError(unknown[0])
        named = [_STAGES[name]() for name in reversed(names)]
        self._stages: tuple[_Stage, ...] = (*named, *(_Unlabelled() for _ in range(MAX_CODINGS - len(named))))

    def pieces(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """What `data` becomes: (stage, piece), the last stage being the result; inner ones are there to be counted."""
        return self._from(0, data)

    def rest(self) -> Iterator[tuple[int, bytes]]:
        """The same for what was held back, once all data was given."""
        for index, stage in enumerate(self._stages):
            for piece in stage.rest():
                yield from self._from(index + 1, piece)

    def _from(self, index: int, data: bytes) -> Iterator[tuple[int, bytes]]:
        yield index, data
        if index < len(self._stages):
            for piece in self._stages[index].pieces(data):
                yield from self._from(index + 1, piece)

    @property
    def last(self) -> int:
        """The number of the stage whose pieces are the result."""
        return len(self._stages)

    @property
    def complete(self) -> bool:
        """Whether every coding has come to its end."""
        return all(stage.complete for stage in self._stages)


_READ = 64 * 1024
"""Bytes asked of the socket at once."""


GLIMPSE_BYTES = 16 * 1024
GLIMPSE_S = 2.0
"""Of the page that comes with a refusal: its title says who refuses."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body, decoded. `partial`: it ended early, `late`: at the deadline. `wire_bytes` is its size as it came."""

    data: bytes = b""
    partial: bool = False
    wire_bytes: int = 0
    late: bool = False


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
                for inner, rest in islice(pieces, self._decoder.last - stage):  # what this very piece becomes
                    if inner == self._decoder.last:
                        self._pieces.append(rest[: max(self._limit - self._passed[inner], 0)])
                raise _Full

    @property
    def wire_bytes(self) -> int:
        return self._passed[0]

    def empty(self) -> bool:
        return not any(self._pieces)

    def body(self, *, partial: bool, late: bool = False) -> Body:
        return Body(b"".join(self._pieces), partial or not self._decoder.complete, self.wire_bytes, late)


def read_body(
    raw: urllib3.HTTPResponse,
    headers: Mapping[str, str],
    call: Deadline,
    max_bytes: int,
    *,
    cut: bool = False,
    keep_late: bool = False,
) -> Body:
    """The body of `raw`, at most `max_bytes` long at any stage of decoding.

    Raises TooLarge over the cap (or, with `cut`, gives what fits), FetchError for a false or unknown coding or a body
    that broke off before its first byte, TimedOut at the call's deadline (or, with `keep_late`, gives what came).
    """
    basin = _Basin(_decoder(headers, call), max_bytes)
    if not cut and (announced := _announced(headers, call)) > max_bytes:
        raise TooLarge(call.url, f"too large: {announced:,} bytes announced, {max_bytes:,} allowed")
    late = False
    try:
        try:
            broken = not _pour(raw, basin, call)
        except TimedOut:
            if not keep_late or basin.empty():
                raise
            broken = late = True
        basin.finish()
    except _Full:
        if not cut:
            raise TooLarge(call.url, f"too large: more than {max_bytes:,} bytes") from None
        broken = True
    except DecodingError as error:
        if not error.credible or basin.empty():
            raise FetchError(call.url, f"the body is not {error}, as its Content-Encoding says") from error
        broken = True
    body = basin.body(partial=broken, late=late)
    if body.partial and not body.data:
        raise FetchError(call.url, "the body broke off before its first byte")
    return body


def glimpse(raw: urllib3.HTTPResponse, headers: Mapping[str, str], call: Deadline) -> bytes:
    """The beginning of a body that nobody needs, decoded: what comes within GLIMPSE_S. Raises nothing."""
    pieces: list[bytes] = []
    with suppress(HTTPError, OSError, ValueError, FetchError, DecodingError, TooManyCodings):
        decoder = Decoder(codings(headers.get("content-encoding", "")))
        with call.patience(GLIMPSE_S):
            data = raw.read1(GLIMPSE_BYTES, decode_content=False)
        for stage, piece in decoder.pieces(data):
            if stage == decoder.last:
                pieces.append(piece)
            if sum(map(len, pieces)) > GLIMPSE_BYTES:
                break
    return b"".join(pieces)[:GLIMPSE_BYTES]


def _decoder(headers: Mapping[str, str], call: Deadline) -> Decoder:
    try:
        return Decoder(codings(headers.get("content-encoding", "")))
    except TooManyCodings:
        raise TooLarge(call.url, f"more than {MAX_CODINGS} content codings on top of one another") from None
    except DecodingError as error:
        raise FetchError(call.url, f"unknown Content-Encoding: {str(error)[:40]!r}") from error


def _announced(headers: Mapping[str, str], call: Deadline) -> int:
    """The Content-Length, where it counts (RFC 9112 section 6.3), else 0."""
    transfer = headers.get("transfer-encoding", "").lower()
    if transfer not in ("", "chunked"):
        raise FetchError(call.url, f"a Transfer-Encoding that was not asked for: {transfer[:40]!r}")
    length = headers.get("content-length", "")
    return int(length[:20]) if not transfer and length.isascii() and length.isdigit() else 0


def _pour(raw: urllib3.HTTPResponse, basin: _Basin, call: Deadline) -> bool:
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

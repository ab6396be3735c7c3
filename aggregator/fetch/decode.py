"""Content codings, undone piece by piece under a cap: gzip, deflate, br and zstd (RFC 9110 section 8.4, RFC 9659).

Each stage hands out pieces of bounded size, so that whoever adds them up can stop a bomb long before it is in memory.
A stage that ends early is not an error here: `Decoder.complete` tells. A coding that we do not know is refused.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

import brotli
import zstandard

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
    """Undoes `names` (see `codings`), the last applied first. Raises TooManyCodings, or DecodingError when unknown."""

    def __init__(self, names: tuple[str, ...]) -> None:
        if len(names) > MAX_CODINGS:
            raise TooManyCodings
        unknown = [name for name in names if name not in _STAGES]
        if unknown:
            raise DecodingError(unknown[0])
        self._stages: tuple[_Stage, ...] = tuple(_STAGES[name]() for name in reversed(names))

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

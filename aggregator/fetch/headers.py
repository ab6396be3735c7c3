"""The head of an answer: counted, mended, and not taken in by interim answers.

http.client reads it; what stands here hands it the lines. It gives up at MAX_HEADER_BYTES (http.client itself does at
100 fields), leaves out a line that is no field instead of ending the header there, and makes control characters blanks.
Every other byte stays as it is.

What a status and its headers mean for us: in words, and in seconds to wait.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, BinaryIO

from aggregator.text.dates import retry_after

MAX_HEADER_BYTES = 64 * 1024
"""All header lines of an answer together, interim answers included. Servers take 8 to 64 KiB of ours."""

MAX_FIELDS = 100
"""Header fields of one head, as http.client has it."""

_FIELD_LINE = re.compile(rb"([!-9;-~]+)[ \t]*:(.*?)\r?\n?", re.DOTALL)
_NOT_IN_VALUES = bytes(set(range(32)) - {9}) + b"\x7f"
_BLANK_CONTROLS = bytes.maketrans(_NOT_IN_VALUES, b" " * len(_NOT_IN_VALUES))


class TooManyFields(http.client.HTTPException):
    """A head has more than MAX_FIELDS."""


class _HeaderLines:
    """Stands before the socket's file while http.client reads the head of an answer: counts and mends its lines.

    A line that is no header field is left out instead of ending the header (as email's parser would have it), and
    control characters become blanks (RFC 9110 section 5.5). Everything else stays as it is, byte for byte.
    """

    def __init__(self, whole: BinaryIO) -> None:
        self._whole = whole
        self._left = MAX_HEADER_BYTES
        self._status_line_read = False
        self._field_read = False
        self._fields = 0

    def readline(self, limit: int = -1) -> bytes:
        while True:
            line = self._whole.readline(min(limit, self._left + 1) if limit >= 0 else self._left + 1)
            self._left -= len(line)
            if self._left < 0:
                raise http.client.LineTooLong("header")
            if not line.endswith(b"\n") and (line or self._status_line_read):
                raise ConnectionResetError  # http.client would take the end of the connection for the end of the header
            mended = self._mend(line)
            if mended is not None:
                return mended

    def _mend(self, line: bytes) -> bytes | None:
        if not self._status_line_read:
            self._status_line_read = True
            self._fields = 0
            return line
        if line in (b"\r\n", b"\n"):
            self._status_line_read = self._field_read = False
            return line
        if line[:1] in (b" ", b"\t"):
            return line.rstrip(b"\r\n").translate(_BLANK_CONTROLS) + b"\r\n" if self._field_read else None
        field = _FIELD_LINE.fullmatch(line)
        self._field_read = field is not None
        self._fields += field is not None
        if self._fields > MAX_FIELDS:
            raise TooManyFields
        return field[1] + b":" + field[2].translate(_BLANK_CONTROLS) + b"\r\n" if field else None

    def flush(self) -> None:
        """Nothing is written: http.client asks for it on its way to close."""

    def close(self) -> None:
        self._whole.close()


class ResponseHead(http.client.HTTPResponse):
    """An answer whose head is capped, and that is not taken in by interim answers (100, 103; RFC 9110 section 15.2)."""

    fp: Any

    def begin(self) -> None:
        whole = self.fp
        self.fp = _HeaderLines(whole)
        try:
            super().begin()
            while 100 <= self.status < 200 and self.status != 101:
                self.headers = self.msg = None  # type: ignore[assignment]
                super().begin()
        finally:
            if self.fp is not None:
                self.fp = whole


MAX_RETRY_AFTER_S = 86_400.0
"""Seconds: a longer Retry-After is cut to a day, so that a mistake does not silence a feed for years."""

PERMANENT = frozenset({301, 308})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
WHOLE = frozenset({200, 203})
"""With a document: 203 is a 200 that a proxy has changed on its way (RFC 9110 section 15.3.4)."""

BUSY = frozenset({429, 503})
"""The host itself asks for less (RFC 6585 section 4, RFC 9110 section 15.6.4)."""


def in_words(status: int) -> str:
    """`404 Not Found`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} (not a known HTTP status)"


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that Retry-After asks for, from 0 to MAX_RETRY_AFTER_S; None when unclear (see `dates.retry_after`)."""
    asked = retry_after(headers, now)
    return None if asked is None else min(asked.total_seconds(), MAX_RETRY_AFTER_S)

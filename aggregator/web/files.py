"""Files of the output folder over HTTP: right types, validators, 304, HEAD; nothing outside the folder, no redirect.

A path is taken literally, one decoding, one segment after the other: a segment that is empty, hidden (`.x`), `..`, or
holds a separator or a NUL is not found, and neither is a symbolic link that leads out of the folder. A file that is
replaced while it is asked for goes out as the one or the other, never as the length of one with the bytes of the other.
"""

from __future__ import annotations

import gzip
import os
import re
import stat
from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from aggregator import emit
from aggregator.config.settings import Site

TYPES = {
    ".atom": "application/atom+xml; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/feed+json; charset=utf-8",
    ".rss": "application/rss+xml; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "text/xml; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/x-icon",
}

COMPRESSED = frozenset({".atom", ".css", ".html", ".js", ".json", ".rss", ".svg", ".txt", ".xml"})
COMPRESSED_BYTES = range(1_000, 4_000_001)
"""Sizes of files whose compressed form is kept for the next who asks: a few megabytes in all, at most."""

_RANGES = re.compile(r"bytes=\s*(\d{1,18}-(\d{1,18})?|-\d{1,18})(\s*,\s*(\d{1,18}-(\d{1,18})?|-\d{1,18}))*\s*")
_NOUGHT = re.compile(r"q=0(\.0{0,3})?")

FRESH_S = 60
"""Seconds that a copy may be used unasked: feeds change at most every few seconds, readers ask every few minutes."""


def respond(root: Path, request: Request, site: Site) -> Response:
    """The file that the request's path names, or a 304 when the client has it; HTTPException 404 when there is none."""
    path = locate(root, request.path_params.get("path", ""))
    try:
        found = path.stat() if path else None
    except OSError:
        found = None
    if path is None or found is None or not stat.S_ISREG(found.st_mode):
        raise HTTPException(404)
    headers = {**_validators(found), **hub_links(site, request.path_params.get("path", ""))}
    if is_fresh(request.headers, headers):
        return Response(status_code=304, headers=headers)
    headers["content-type"] = TYPES.get(path.suffix.lower(), "application/octet-stream")
    try:
        if _may_be_compressed(path, found, request.headers):
            body = _compressed(path, headers["etag"])
            return Response(body, headers={**headers, "content-encoding": "gzip", "vary": "Accept-Encoding"})
        return _Opened(path, path.open("rb"), headers)
    except OSError:
        raise HTTPException(404) from None


class _Opened(FileResponse):
    """A file that is open: what its length and validators are taken from is what is sent, though it be replaced."""

    def __init__(self, path: Path, file: BinaryIO, headers: Mapping[str, str]) -> None:
        self._file = file
        found = os.fstat(file.fileno())
        same = Path(f"/dev/fd/{file.fileno()}")
        super().__init__(same if same.exists() else path, headers={**headers, **_validators(found)}, stat_result=found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(_with_usual_range(scope), receive, send)
        finally:
            self._file.close()


def _with_usual_range(scope: Scope) -> Scope:
    """Without a Range that is none of bytes: it is to be ignored (RFC 9110, 14.2), and Starlette refuses it."""
    given = Headers(scope=scope).get("range")
    if given is None or _RANGES.fullmatch(given):
        return scope
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"range"]}


def _validators(found: os.stat_result) -> dict[str, str]:
    return {
        "etag": _etag(found),
        "last-modified": formatdate(found.st_mtime, usegmt=True),
        "cache-control": f"public, max-age={FRESH_S}",
    }


def hub_links(site: Site, path: str) -> dict[str, str]:
    """The Link header of a feed document whose changes the hubs are told of (WebSub section 4)."""
    if not site.hubs or not emit.is_topic(path):
        return {}
    links = [(emit.topic(site, path), "self"), *((hub, "hub") for hub in emit.hubs(site))]
    return {"link": ", ".join(f'<{url}>; rel="{rel}"' for url, rel in links)}


def locate(root: Path, requested: str) -> Path | None:
    """The file below `root` that a URL path means, `index.html` for a folder; None when it may not be served."""
    segments = requested.split("/")
    if segments[-1] == "":
        segments[-1] = "index.html"
    if any(not _is_plain(segment) for segment in segments):
        return None
    path = root.joinpath(*segments)
    try:
        inside = path.resolve(strict=True).is_relative_to(root.resolve())
    except (OSError, ValueError):
        return None
    return path if inside else None


def is_fresh(asked: Mapping[str, str], have: Mapping[str, str]) -> bool:
    """Whether a conditional request is answered with 304 (RFC 9110, 13.2.2: If-None-Match goes first)."""
    if (tags := asked.get("if-none-match")) is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return "*" in known or have["etag"].removeprefix("W/") in known
    if (since := asked.get("if-modified-since")) is not None:
        try:
            return parsedate_to_datetime(have["last-modified"]) <= parsedate_to_datetime(since)
        except (ValueError, TypeError, OverflowError):
            return False
    return False


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding allows gzip: named, and not with a weight of zero (RFC 9110, 12.5.3)."""
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in ("gzip", "x-gzip"):
            return not _NOUGHT.fullmatch(weight.replace(" ", ""))
    return False


def _is_plain(segment: str) -> bool:
    return bool(segment) and not segment.startswith(".") and not set(segment) & {"\\", "\0", os.sep}


def _may_be_compressed(path: Path, found: os.stat_result, asked: Mapping[str, str]) -> bool:
    wanted = "gzip" in asked.get("accept-encoding", "") and "range" not in asked
    return wanted and path.suffix.lower() in COMPRESSED and found.st_size in COMPRESSED_BYTES


@lru_cache(maxsize=16)
def _compressed(path: Path, _tag: str) -> bytes:
    """A file's bytes, compressed as the server compresses what it makes itself; `_tag` tells one state from another."""
    return gzip.compress(path.read_bytes(), compresslevel=5, mtime=0)


def _etag(found: os.stat_result) -> str:
    """Weak, since the same file may go out compressed; files are replaced as a whole, so time and size tell."""
    return f'W/"{found.st_mtime_ns:x}-{found.st_size:x}"'

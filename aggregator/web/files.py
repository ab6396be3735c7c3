"""Files of the output folder over HTTP: right types, validators, 304, HEAD; nothing outside the folder, no redirect.

A path is taken literally, one decoding, one segment after the other: a segment that is empty, hidden (`.x`), `..`, or
holds a separator or a NUL is not found, and neither is a symbolic link that leads out of the folder.
"""

from __future__ import annotations

import gzip
import os
import stat
from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from aggregator import emit
from aggregator.settings import Site

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
    headers = {
        "etag": _etag(found),
        "last-modified": formatdate(found.st_mtime, usegmt=True),
        "cache-control": f"public, max-age={FRESH_S}",
        **hub_links(site, request.path_params.get("path", "")),
    }
    if is_fresh(request.headers, headers):
        return Response(status_code=304, headers=headers)
    kind = TYPES.get(path.suffix.lower(), "application/octet-stream")
    headers["content-type"] = kind
    if _may_be_compressed(path, found, request.headers):
        try:
            body = _compressed(path, headers["etag"])
        except OSError:
            raise HTTPException(404) from None
        return Response(body, headers={**headers, "content-encoding": "gzip", "vary": "Accept-Encoding"})
    return FileResponse(path, headers=headers, stat_result=found)


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
        except (ValueError, TypeError):
            return False
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

"""The cookies of one request: what servers set on its way through redirects, sent back to the host that set them.

They live as long as the request. Domains are not believed: a cookie goes to its own host alone, over TLS alone if it
asks for that. (A module of its own since nothing else may keep a cookie; RFC 6265 section 5, without a store.)
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MAX_COOKIES = 50
MAX_COOKIE = 4096
"""Bytes of one cookie, name and value (RFC 6265 section 6.1), and how many a request takes up."""

_PAIR = re.compile(r"([!#$%&'*+.^`|~\w-]{1,256})=([^;\x00-\x1f\x7f]*)", re.ASCII)
_ENDED = re.compile(r"max-age\s*=\s*(?:0|-\d+)\s*(?:;|$)", re.IGNORECASE)


class CookieJar:
    """Cookies by host (and port, where it is not the usual one), with whether they are for TLS alone."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str], tuple[str, bool]] = {}

    def take(self, url: str, lines: str) -> None:
        """Keep what the answer from `url` sets (`lines`: its Set-Cookie fields, each on a line)."""
        host = urlsplit(url).netloc
        for line in lines.splitlines()[:MAX_COOKIES]:
            pair = _PAIR.match(line.strip())
            if pair is None or len(pair[0]) > MAX_COOKIE:
                continue
            attributes = line[pair.end() :]
            self._cookies.pop((host, pair[1]), None)
            if not _ENDED.search(attributes) and len(self._cookies) < MAX_COOKIES:
                secure = "secure" in {part.strip().lower() for part in attributes.split(";")}
                self._cookies[host, pair[1]] = (pair[2].strip(), secure)

    def header(self, url: str, given: str = "") -> str:
        """The Cookie field for a request to `url`, with what is `given` besides; empty without any."""
        parts = urlsplit(url)
        own = (
            f"{name}={value}"
            for (host, name), (value, secure) in self._cookies.items()
            if host == parts.netloc and (parts.scheme == "https" or not secure)
        )
        return "; ".join(part for part in (given, *own) if part)

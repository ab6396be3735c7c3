"""URLs as everybody in the program takes them: one parser decides what a URL is (WHATWG-like, http and https only).

`http_url` is the door: what comes out is absolute, ASCII, without control characters, with a punycode host, and may
be stored and linked. `redact` is the other door: what comes out may be logged, shown and published. Folding URLs that
mean the same article is not done here (dedupe), nor is asking whether we may connect (fetch).
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

import idna

MAX_URL = 4096
"""Characters; longer ones are refused. Browsers and proxies begin to fail between 2,000 and 8,000."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SECRET_KEY = re.compile(
    r"(?i)^(.*[_-])?(token|secret|password|passwd|pwd|api_?key|apikey|auth|access_?key|signature|sig|session|sid|key)$"
)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\]")
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def http_url(value: str | None, base: str | None = None) -> str | None:
    """The absolute http(s) URL that `value` means (relative to `base`), or None if it is none.

    Tabs and line breaks inside are dropped and backslashes count as slashes, as in browsers (WHATWG URL, 4.4), so
    that what we check is what any other program would connect to. Never raises.
    """
    if not value or len(value) > MAX_URL:
        return None
    cleaned = _CONTROL.sub("", value).strip().replace("\\", "/")
    try:
        joined = urljoin(base, cleaned) if base else cleaned
        return _normal(joined)
    except (ValueError, UnicodeError):
        return None


def _normal(url: str) -> str | None:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not parts.hostname:
        return None
    host = ascii_host(parts.hostname)
    if host is None:
        return None
    port = "" if parts.port in (None, _DEFAULT_PORTS[scheme]) else f":{parts.port}"
    credentials, at, _ = parts.netloc.rpartition("@")
    path = quote(parts.path, safe=_PATH_SAFE) or "/"
    query = quote(parts.query, safe=_PATH_SAFE + "?")
    fragment = quote(parts.fragment, safe=_PATH_SAFE + "?")
    netloc = (quote(credentials, safe="%:!$&'()*+,;=~-._") + at if at else "") + host + port
    result = urlunsplit((scheme, netloc, path, query, fragment))
    return result if len(result) <= MAX_URL else None


def ascii_host(host: str) -> str | None:
    """A host name in lower-case ASCII (IDNA 2008 with UTS 46 mapping; RFC 5891), `[...]` around IPv6, or None."""
    if ":" in host:
        host = f"[{host.lower()}]"
    elif not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            return None
    host = host.lower()
    return host if _HOST.fullmatch(host) and len(host) <= 253 else None


def redact(url: str) -> str:
    """`url` without what may be a secret: user and password, and the values of parameters that look like keys.

    >>> redact("https://user:pw@example.org/feed?token=abc&page=2")
    'https://example.org/feed?token=REDACTED&page=2'
    """
    try:
        parts = urlsplit(_CONTROL.sub("", url))
        netloc = parts.netloc.rpartition("@")[2]
        query = parts.query
        pairs = parse_qsl(query, keep_blank_values=True)
        if any(_SECRET_KEY.match(key) for key, _ in pairs):
            query = urlencode([(key, "REDACTED" if _SECRET_KEY.match(key) else value) for key, value in pairs])
        return urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment))
    except ValueError:
        return "(unreadable URL)"


def host_of(url: str) -> str:
    """The lower-case host of an absolute URL, without port; empty when there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""

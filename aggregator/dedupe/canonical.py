"""One key for every spelling of an article's URL, and one for every spelling of a guid.

The keys are for comparing and storing, not for fetching or linking: `https` stands for both schemes, `www.` and a
trailing slash are gone, whether or not the server would answer to the result. Nothing is looked up: redirects and
`rel=canonical` are folded by whoever has seen them (see `sites.same_site` for when a page is to be believed).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import SplitResult, quote, unquote, urlsplit

from aggregator.dedupe.tracking import INDEX_FILES, VARIANT_HOSTS, is_tracking, was_tracking
from aggregator.text.urls import http_url, registrable

_ROUNDS = 8
"""Each round is whole but for what it uncovers; real URLs need two."""

_CACHES = 4
"""Caches around a URL that are taken off; one that says it stands in more is left as it is."""

REMEMBERED = 2048
"""Addresses whose key is remembered: each is asked for several times while its entry is decided on and saved."""

_PATH_SAFE = "/:@!$&'()*+,;=~-._"
_PIECE_SAFE = "/:@!$'()*,;~-._?"
_SESSION = re.compile(r"(?i);(jsessionid|phpsessid)=[^/;]*")
_FORMER_SESSION = re.compile(r"(?i);(jsessionid|phpsessid|sid)=[^/;]*")
_SLASHES = re.compile("/{2,}")
_BAD_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_ENCODED = re.compile("%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_AMP_FILE = re.compile(r"(?i)([^.].*?)(?:\.amp)+(\.html?)?")
_AMP_CACHE = re.compile(r"/[civ]/(?:s/)?([^/]+\.[^/]+)(/.*)?")
_GOOGLE_AMP = re.compile(r"/amp/(?:s/)?([^/]+\.[^/]+)(/.*)?")


@lru_cache(REMEMBERED)
def canonical_url(url: str) -> str:
    """The key of the article that `url` means; idempotent. What is no http(s) URL comes back stripped, unchanged.

    >>> canonical_url("http://www.example.org:80/2019/07/post/amp/?utm_source=rss&p=123#comments")
    'https://example.org/2019/07/post?p=123'
    """
    return _folded(url, is_tracking)


@lru_cache(REMEMBERED)
def exact_url(url: str) -> str:
    """As `canonical_url`, with every parameter: for a feed that tells its posts apart by one that tracks elsewhere."""
    return _folded(url, _never)


def normal_guid(guid: str) -> str:
    """The key of an entry within its feed: flips of http/https, `www.` and the trailing slash fold.

    Only guids that are URLs are touched. Their parameters and their fragment stay, as do AMP and mobile forms: a guid
    is a name that its publisher chose, and nothing in it may be taken for a click.
    """
    return _guid(guid, _never, None)


def former_guid(guid: str) -> str:
    """The key that `guid` had before its parameters were left alone: entries are stored under it."""
    return _guid(guid, was_tracking, _FORMER_SESSION)


def _guid(guid: str, drops: Callable[[str, str], bool], session: re.Pattern[str] | None) -> str:
    stripped = guid.strip()
    url = http_url(stripped) if stripped[:4].lower() == "http" else None
    if url is None:
        return stripped
    parts = urlsplit(url)
    fragment = f"#{_normal_percent(parts.fragment, _PIECE_SAFE + '&=+')}" if parts.fragment else ""
    return "https://" + _netloc(parts, {"www"}) + _path(parts.path, session) + _query(parts.query, drops) + fragment


def _never(_name: str, _value: str) -> bool:
    return False


def _folded(url: str, drops: Callable[[str, str], bool]) -> str:
    key = http_url(url)
    if key is None:
        return url.strip()
    for _ in range(_ROUNDS):
        folded = http_url(_fold(key, drops))
        if folded is None or folded == key:
            break
        key = folded
    return key


def _fold(url: str, drops: Callable[[str, str], bool]) -> str:
    parts = urlsplit(_without_caches(url))
    netloc = _netloc(parts, VARIANT_HOSTS)
    path = _without_variant(_path(parts.path, _SESSION))
    return "https://" + netloc + path + _query(parts.query, drops) + _route(parts.fragment)


def _without_caches(url: str) -> str:
    """The URL inside an AMP cache's or an AMP viewer's, or inside several."""
    inner = url
    for _ in range(_CACHES + 1):
        if (found := _unwrapped(inner)) is None:
            return inner
        inner = found
    return url


def _unwrapped(url: str) -> str | None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    match = None
    if host.endswith(".cdn.ampproject.org"):
        match = _AMP_CACHE.fullmatch(parts.path)
    elif host in ("google.com", "www.google.com"):
        match = _GOOGLE_AMP.fullmatch(parts.path)
    if not match:
        return None
    return http_url(f"https://{match[1]}{match[2] or '/'}" + (f"?{parts.query}" if parts.query else ""))


def _netloc(parts: SplitResult, variants: frozenset[str] | set[str]) -> str:
    """Host without credentials, default ports (of either scheme) and the labels of another dress."""
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:
        host = f"[{host}]"
    port = "" if parts.port in (None, 80, 443) else f":{parts.port}"
    return _main_host(host, variants) + port


def _main_host(host: str, variants: frozenset[str] | set[str]) -> str:
    """`m.example.org` -> `example.org`, `en.m.example.org` -> `en.example.org`; a registrable domain stays."""
    domain = registrable(host)
    if domain is None or host == domain:
        return host
    labels = host.removesuffix("." + domain).split(".")
    kept = [label for label in labels if label not in variants]
    return ".".join([*kept, domain])


def _path(path: str, session: re.Pattern[str] | None) -> str:
    """Normal percent-encoding, no session ids, dot segments, doubled slashes, index file or trailing slash."""
    tidy = _normal_percent(path, _PATH_SAFE)
    tidy = session.sub("", tidy) if session else tidy
    segments: list[str] = []
    for segment in _SLASHES.sub("/", tidy).strip("/").split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    while segments and segments[-1].lower() in INDEX_FILES:
        segments.pop()
    return "/" + "/".join(segments)


def _without_variant(path: str) -> str:
    """The path without AMP's marks: a first or last segment `amp`, a file name that ends in `.amp` or `.amp.html`."""
    segments = path.split("/")[1:]
    while True:
        last = segments[-1]
        if last.lower() in INDEX_FILES or (last.lower() == "amp" and len(segments) > 1):
            segments.pop()
        elif match := _AMP_FILE.fullmatch(last):
            segments[-1] = match[1] + (match[2] or "")
        else:
            break
        if not segments:
            return "/"
    first = next((at for at, segment in enumerate(segments[:-1]) if segment.lower() != "amp"), len(segments) - 1)
    return "/" + "/".join(segments[first:])


def _query(query: str, drops: Callable[[str, str], bool]) -> str:
    """The parameters that `drops` does not drop, sorted by name (those of one name keep their order)."""
    kept: list[tuple[str, str]] = []
    for piece in query.split("&"):
        name, _, value = piece.replace("+", "%20").partition("=")
        if not name or drops(unquote(name), unquote(value)):
            continue
        kept.append((_normal_percent(name, _PIECE_SAFE), _normal_percent(value, _PIECE_SAFE + "=")))
    kept.sort(key=lambda pair: pair[0])
    return "?" + "&".join(f"{name}={value}" if value else name for name, value in kept) if kept else ""


def _route(fragment: str) -> str:
    """A fragment that is a page's address within an application (`#!/x`, `#/x`) stays; a place on a page goes."""
    if fragment.startswith(("!", "/")) and len(fragment) > 2:
        return "#" + _normal_percent(fragment, _PIECE_SAFE + "&=+")
    return ""


def _normal_percent(text: str, safe: str) -> str:
    """RFC 3986, 6.2.2: unreserved characters plain, everything else that is encoded stays so, in upper case."""
    whole = _BAD_PERCENT.sub("%25", text)
    return quote(_ENCODED.sub(_decoded_if_unreserved, whole), safe=safe + "%")


def _decoded_if_unreserved(match: re.Match[str]) -> str:
    character = chr(int(match[0][1:], 16))
    return character if character in _UNRESERVED else match[0].upper()

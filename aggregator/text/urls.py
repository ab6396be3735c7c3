"""URLs as everybody in the program takes them: one parser decides what a URL is (WHATWG-like, http and https only).

`http_url` is the door: what comes out is absolute, ASCII, without control characters, with a punycode host, and may
be stored and linked. `redact` is the other door: what comes out may be logged, shown and published; `hide_in_urls` is
the same for the URLs inside a text. Folding URLs that mean the same article is not done here (dedupe), nor is asking
whether we may connect (fetch).

Which hosts belong to one site: the registrable domain, after the Public Suffix List.

Private suffixes count (`alice.github.io` and `bob.github.io` are two sites), since what rests on this is whom a page
may speak for. The list is the one that `publicsuffixlist` carries; nothing is downloaded.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

import idna
from publicsuffixlist import PublicSuffixList

MAX_URL = 4096
"""Characters; longer ones are refused. Browsers and proxies begin to fail between 2,000 and 8,000."""

MAX_NESTED = 5
"""URLs inside URLs that are looked into; a value with more of them is hidden as a whole."""

MIN_SECRET = 7
"""Characters; a shorter value from the environment is no secret, and stands in too many words."""

_URL = re.compile(r"https?://[^\s'\"<>]+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNSEEN = re.compile("[\x00-\x1f\x7f\xad\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]")
"""Control characters, and those without width or meaning in an address that editors and chat programs paste into it."""

_SECRET_KEY = re.compile(
    r"(?i).*(token|secret|passw(or)?d|pwd|pass(key|code)?|api_?key|access_?key|auth|bearer|credentials?|signature|jwt)$"
    r"|(.*[_-])?(hash|hmac|sig|sid|key|session(_?id)?)$"
)
_HIDDEN = "REDACTED"
_secrets: set[str] = set()
_REMEMBERED = 4096
"""URLs whose redacted form is remembered (their own secrets included, as long as the process lives): those of the feeds
are shown again and again."""
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\]")
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def http_url(value: str | None, base: str | None = None, *, userinfo: bool = False) -> str | None:
    """The absolute http(s) URL that `value` means (relative to `base`), or None if it is none.

    User and password are left out, since what a stranger's document links to is shown to everybody; `userinfo` keeps
    them, for addresses that the operator gave to be fetched.
    Tabs, line breaks and characters without width inside are dropped and backslashes count as slashes, as in browsers
    (WHATWG URL, 4.4), so that what we check is what any other program would connect to. Never raises.
    """
    if not value or len(value) > MAX_URL:
        return None
    cleaned = _UNSEEN.sub("", value).strip().replace("\\", "/")
    try:
        joined = urljoin(base, cleaned) if base else cleaned
        return _normal(joined, userinfo=userinfo)
    except (ValueError, UnicodeError):
        return None


def _normal(url: str, *, userinfo: bool) -> str | None:
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
    netloc = (quote(credentials, safe="%:!$&'()*+,;=~-._") + at if at and userinfo else "") + host + port
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


def keep_secret(value: str) -> None:
    """Let `value`, taken from the environment, appear in nothing that `redact` or `hide` give."""
    if len(value) >= MIN_SECRET:
        _secrets.update({value, quote(value, safe=""), quote(value, safe=_PATH_SAFE)})


def keep_secrets_of(url: str) -> None:
    """The same for the password in `url`, and for the values of its parameters that look like keys."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    keep_secret(unquote(parts.password or ""))
    for part in re.split("[&;]", f"{parts.query}&{parts.fragment}"):
        name, _, value = part.partition("=")
        if _SECRET_KEY.match(unquote(name)):
            keep_secret(value)
            keep_secret(unquote(value))


def hide(text: str) -> str:
    """`text` without any value that was named to `keep_secret`."""
    for secret in _secrets:
        text = text.replace(secret, _HIDDEN)
    return text


def holds_hidden(url: str) -> bool:
    """Whether something has been taken out of `url`, so that it leads nowhere."""
    return _HIDDEN in url


def hide_in_urls(text: str) -> str:
    """`text` (plain or HTML) whose URLs hold no value that was named to `keep_secret`; its words stay as they are."""
    return _URL.sub(lambda match: hide(match[0]), text) if _secrets else text


def redact(url: str) -> str:
    """`url` without what may be a secret: user and password, the values of parameters that look like keys (in query and
    fragment), and whatever was named to `keep_secret`.

    >>> redact("https://user:pw@example.org/feed?token=abc&page=2")
    'https://example.org/feed?token=REDACTED&page=2'
    """
    return _redacted(hide(_CONTROL.sub("", url)), MAX_NESTED)


@lru_cache(_REMEMBERED)
def _redacted(url: str, levels: int) -> str:
    """`levels`: how many more URLs inside URLs are looked into."""
    try:
        parts = urlsplit(url)
        netloc = parts.netloc.rpartition("@")[2]
        path, mark, parameters = parts.path.partition(";")
        path += mark + _without_keys(parameters, levels)
        query, fragment = _without_keys(parts.query, levels), _without_keys(parts.fragment, levels)
        return urlunsplit((parts.scheme, netloc, path, query, fragment))
    except ValueError:
        return "(unreadable URL)"


def _without_keys(query: str, levels: int) -> str:
    """A query string as it was, but for the values of parameters whose names look like those of keys."""
    return "".join(_without_value(part, levels) for part in re.split("([&;])", query))


def _without_value(part: str, levels: int) -> str:
    name, equals, value = part.partition("=")
    if equals and _SECRET_KEY.match(unquote(name)):
        return f"{name}={_HIDDEN}"
    inner = unquote(value)
    if "://" not in inner:
        return part
    if inner.count("://") > MAX_NESTED or levels <= 0:
        return f"{name}={_HIDDEN}"
    return part if (shown := _redacted(inner, levels - 1)) == inner else f"{name}={quote(shown, safe='')}"


def host_of(url: str) -> str:
    """The lower-case host of an absolute URL, without port; empty when there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=4096)
def registrable(host: str) -> str | None:
    """`news.example.co.uk` -> `example.co.uk`; None for addresses, public suffixes and bare names."""
    name = host.rstrip(".").lower()
    if not name or _is_address(name):
        return None
    domain: str | None = _suffixes().privatesuffix(name)
    return domain if domain and "." in domain else None


def same_site(a: str, b: str) -> bool:
    """Whether two URLs belong to one site, so that one's page may name the other as its `rel=canonical`.

    Hosts without a registrable domain (addresses, `localhost`) are one site only when they are equal.
    """
    first, second = host_of(a).rstrip("."), host_of(b).rstrip(".")
    if not first or not second:
        return False
    domain = registrable(first)
    return first == second or (domain is not None and domain == registrable(second))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True

"""URLs as everybody in the program takes them: one parser decides what a URL is (WHATWG-like, http and https only).

`http_url` is the door: what comes out is absolute, ASCII, without control characters, with a punycode host, and may
be stored and linked. Two doors lead out. `redact` is for addresses of the operator's and for messages: it also hides
the values of parameters that look like keys. `public_url` is for links of other people's, which have to lead where they
led: it takes out only secrets that were configured, whatever the link's parameters are called; `hide_in_urls` does so
for the links inside a text. Folding URLs that mean the same article is not done here (dedupe), nor is asking whether we
may connect (fetch).

Which addresses are of one site: a registrable domain, after the Public Suffix List, or one author's part of it.

Private suffixes count (`alice.github.io` and `bob.github.io` are two sites), and so do the authors of a host that many
share (`text.authors`), since what rests on this is whom a page may speak for. The list is the one that
`publicsuffixlist` carries; nothing is downloaded.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from itertools import chain, count
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

import idna
from publicsuffixlist import PublicSuffixList

from aggregator.text.authors import author_of, is_nobodys, service_of

MAX_URL = 4096
"""Characters; longer ones are refused. Browsers and proxies begin to fail between 2,000 and 8,000."""

MAX_NESTED = 5
"""URLs inside URLs that are looked into; a value with more of them is hidden as a whole."""

MAX_NAME = 200
"""Characters of a feed's name."""

MIN_SECRET = 7
"""Characters; a shorter value from the environment is no secret, and stands in too many words."""

MIN_KEY = 12
"""Characters; a shorter value of a parameter that is called like a key is not taken for one (API keys: 16 to 64)."""

LONG_SECRET = 20
"""Characters from which a secret made of words, a passphrase, is unlikely to be part of anybody's link."""

_URL = re.compile(r"https?://[^\s'\"<>]+", re.IGNORECASE)
_USERINFO = re.compile(r"(?i)^(https?://)[^/?#@:]*:([^/?#@]*)@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f\xad\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]|(?<=[\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f]|$)"
)
"""Control characters, and those without width or meaning in an address that editors and chat programs paste into it."""

_SECRET_KEY = re.compile(
    r"(?i).*(token|secret|passw(or)?d|pwd|pass(key|code)?|api_?key|access_?key|auth|bearer|credentials?|signature|jwt)$"
    r"|(.*[_-])?(hash|hmac|sig|sid|key|session(_?id)?)$"
)
_HIDDEN = "REDACTED"
_secrets: set[str] = set()
_distinctive: set[str] = set()
_placed: dict[str, dict[str, str]] = {}
"""Host -> what its URLs may hold (host, beginning of a path, `name=value`) -> that without secrets that are words."""
_WORDS = re.compile(r"[^A-Za-z0-9]+")
_WORD = re.compile(
    r"[A-Z]?[a-z]{0,20}[0-9]{0,8}[a-z]?[0-9]{0,2}|[A-Z]{0,20}[0-9]{0,8}|[0-9]{1,8}[a-z]{1,5}|[a-z]{0,2}([A-Z][a-z]+)+[0-9]{0,8}"
)
"""What a word, a number or both may be in a link: `log4j`, `CVE`, `2026q4`, `iPhone`, `4chan`, `DarkReading26`."""
_UNSPEAKABLE = re.compile(r"(?i)[bcdfghjklmnpqrstvwxz]{6}")
"""Six consonants in a row are in no word of a link, but nearly always in random letters."""
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
    return _absolute(value, base, userinfo) if value and len(value) <= MAX_URL else None


@lru_cache(_REMEMBERED)
def _absolute(value: str, base: str | None, userinfo: bool) -> str | None:
    """As `http_url`. A page's links are asked about by several readers of it, menus by every page of a site."""
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
    """Let `value`, a secret that was configured, appear in nothing that `redact` or `hide` give.

    If it can be told from words (`_is_distinctive`), it appears in no link that goes out either. A word is left there:
    it would be removed from all links. (Where an address uses it, `keep_secrets_of` knows it in its place.)
    """
    if len(value) >= MIN_SECRET:
        spellings = {value, quote(value, safe=""), quote(value, safe=_PATH_SAFE)}
        _secrets.update(spellings)
        if _is_distinctive(value) or (len(value) >= LONG_SECRET and not re.search("[./]", value)):
            _distinctive.update(spellings)


def keep_secrets_of(url: str, *, interpolated: bool = False) -> None:
    """The same for the password in `url`, and for the values of its parameters that look like keys, name and value.

    `interpolated`: parts of it come from the environment. One that is a word is hidden in its place in URLs of the same
    host: in the host, at the same place of a path, as the same parameter.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    keep_secret(unquote(parts.password or ""))
    for part in re.split("[&;]", f"{parts.query}&{parts.fragment}"):
        name, _, value = part.partition("=")
        key = unquote(value)
        if interpolated and key in _secrets:
            for spelled in {value, key, quote(key, safe=""), quote(key, safe=_PATH_SAFE)}:
                _placed.setdefault(host_of(url), {})[f"{name}={spelled}"] = f"{name}={_HIDDEN}"
        if len(key) >= MIN_KEY and _is_distinctive(key) and _SECRET_KEY.match(unquote(name)):
            keep_secret(value)
            keep_secret(key)
    if interpolated:
        _place(url)


def _place(url: str) -> None:
    """Note where in the host and the path of `url` secrets stand."""
    host, path = host_of(url), urlsplit(url).path
    for secret in _secrets:
        if secret.lower() in host:
            _placed.setdefault(host, {})[host] = host.replace(secret.lower(), _HIDDEN)
        if (end := path.rfind(secret) + len(secret)) >= len(secret):
            _placed.setdefault(host, {})[path[:end]] = path[:end].replace(secret, _HIDDEN)


def _is_distinctive(value: str) -> bool:
    """Whether `value` is more than words, short numbers and dates, so that it does not occur by chance."""
    return any(not _WORD.fullmatch(part) or _UNSPEAKABLE.search(part) for part in _WORDS.split(value))


def hide(text: str) -> str:
    """`text`, a message or an address of our own, without any value that was named to `keep_secret`."""
    for secret in _secrets:
        text = text.replace(secret, _HIDDEN)
    return text


def says_secret(text: str | None) -> bool:
    """Whether a server says a configured secret that is no word back in `text`, a title."""
    return any(secret in (text or "") for secret in _distinctive)


def hide_in_urls(text: str) -> str:
    """`text` (plain or HTML) whose URLs hold no configured secret; its words stay as they are."""
    return _URL.sub(lambda match: _without_secrets(match[0]), text) if _secrets else text


def _without_secrets(url: str) -> str:
    for secret in _distinctive:
        url = url.replace(secret, _HIDDEN)
    if _secrets and "@" in url:
        url = _USERINFO.sub(lambda match: match[1] if unquote(match[2]) in _secrets else match[0], url)
    host = host_of(url) if _placed else ""
    for part, hidden in _placed.get(host, {}).items():
        if part.startswith("/"):
            url = re.sub(rf"^(https?://[^/?#]*){re.escape(part)}", rf"\g<1>{hidden}", url, flags=re.IGNORECASE)
        elif part == host:
            url = re.sub(rf"(?<=[/@]){re.escape(part)}(?=$|[:/?#])", hidden, url, count=1, flags=re.IGNORECASE)
        else:
            url = re.sub(rf"(?<=[?&;#]){re.escape(part)}(?=$|[&;#])", hidden, url)
    return url


def holds_secret(url: str) -> bool:
    """Whether `url` holds a configured secret, or held one, so that it leads nowhere."""
    return _HIDDEN in _without_secrets(url)


def public_url(url: str) -> str:
    """`url`, another site's link, as it may go out: without user and password and without configured secrets.

    Its parameters stay, whatever they are called: forums and catalogues name posts by `?sid=`, `?key=` and `?hash=`.

    >>> public_url("https://user:pw@example.org/article?sid=26/11/30&page=2")
    'https://example.org/article?sid=26/11/30&page=2'
    """
    try:
        parts = urlsplit(_without_secrets(_CONTROL.sub("", url)))
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    except ValueError:
        return "(unreadable URL)"


def redact(url: str) -> str:
    """`url`, an address of the operator's or in a message, without what may be a secret: user and password, the values
    of parameters that look like keys (in query and fragment), and secrets that were configured (words in their place).

    >>> redact("https://user:pw@example.org/feed?token=abc&page=2")
    'https://example.org/feed?token=REDACTED&page=2'
    """
    return _redacted(_without_secrets(_CONTROL.sub("", url)), MAX_NESTED)


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


def default_name(url: str) -> str:
    """What a feed without a name is called at first: its host without `www.` and without values of the environment."""
    host = host_of(url).removeprefix("www.")
    shown = _without_secrets(f"https://{host}/").removeprefix("https://").removesuffix("/")
    return re.sub(rf"\.?{_HIDDEN}\.?", "", shown).strip(".-") or "feed"


def free_name(wanted: str, url: str, taken: Collection[str]) -> str:
    """`wanted`, or, where another feed is called so, with the host of `url` behind it, and with a number if need be.

    Empty when nothing is wanted. Names differ in more than case.
    """
    folded = {name.casefold() for name in taken}
    room = wanted[: MAX_NAME - len(default_name(url)[:100]) - 8].rstrip()
    host = default_name(url)[:100]
    named = f"{room} ({host})" if room != host else room
    names = chain((wanted, named), (f"{named} {number}" for number in count(2)))
    return next(name for name in names if name.casefold() not in folded) if wanted else ""


def title_as_name(title: str | None) -> str:
    """A feed's own title as its name: on one line, without invisible characters, no longer than a name may be.

    Empty where a server says a configured secret back in it.
    """
    if says_secret(title):
        return ""
    seen = "".join(
        sign for sign in title or "" if unicodedata.category(sign) not in ("Cc", "Cf", "Co", "Cs") or sign == "\n"
    )
    return " ".join(seen.split())[:MAX_NAME].strip()


def web_address(address: str) -> str:
    """`feed:https://…` and `feed://…` are how some programs write https:// and http://; anything else is as it was."""
    rest = address.strip()
    if not rest.lower().startswith("feed:"):
        return rest
    rest = rest[len("feed:") :]
    return rest if rest.lower().startswith("http") else "http:" + rest


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

    Hosts without a registrable domain (addresses, `localhost`) are one site only when they are equal. Two authors of
    one host are two sites, and so are an author and the rest of it, and any two pages of which a service does not show
    whose they are.
    """
    return _one_host(a, b) and _one_author(a, b)


def of_another_author(a: str, b: str) -> bool:
    """Whether two URLs are of one host, and of two of its authors as far as it shows."""
    return _one_host(a, b) and not _one_author(a, b)


def at_home(feed: str, url: str) -> bool:
    """Whether the feed at one address is that of the site to which the other belongs.

    A feed that is no single author's is the whole host's, save where that is a service with strangers for authors.
    """
    if not _one_host(feed, url):
        return False
    return _one_author(feed, url) or (author_of(feed) is None and service_of(host_of(feed)) is None)


def _one_author(a: str, b: str) -> bool:
    """Whether two URLs of one host are of the same author of its, or of none; without an author each stands alone."""
    if is_nobodys(a) and is_nobodys(b):
        return urlsplit(a).path == urlsplit(b).path
    return author_of(a) == author_of(b)


def _one_host(a: str, b: str) -> bool:
    """Whether two URLs have one host, or hosts of one registrable domain."""
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

"""Where each document stands: paths under the output folder, links between them, and addresses that may be shown.

A path is relative to the root of the output, with `/`, and safe on any file system. Pages link to one another
relatively, so that the folder works under any prefix; feeds name everything absolutely, from `site.base_url`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote, urlsplit, urlunsplit

from aggregator.models.errors import EmitError
from aggregator.text import urls

MAX_SLUG = 80
"""Characters of a file name's stem; file systems end at 255 bytes."""

# Names that Windows reserves whatever their extension; the folder may be copied there.
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", "index"} | {f"{kind}{n}" for kind in ("com", "lpt") for n in range(10)}
)
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9\[][A-Za-z0-9._~:/?#\[\]!$&'()*+,;=%-]+")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20]+")
_SAFE_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,+~-]{0,199}")


def base(site_url: str) -> str:
    """`site.base_url` with exactly one slash at its end, without credentials, query and fragment."""
    parts = urlsplit(site_url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/") + "/", "", ""))


def safe_path(path: str) -> str:
    """`path` itself when it stays inside the output folder and shows no hidden file; else EmitError."""
    if all(_SAFE_PART.fullmatch(part) for part in path.split("/")):
        return path
    raise EmitError(f"a page cannot be stored under the name {path[:80]!r}")


def to_root(path: str) -> str:
    """What leads from the page at `path` back to the root: `../../` for `posts/2019/x.html`, empty at the root."""
    return "../" * path.count("/")


def quoted(path: str) -> str:
    """A path as part of a URL."""
    return quote(path, safe="/~,+")


def shown(url: str | None) -> str | None:
    """An http(s) URL as it may be published: normal, without user and password; None when it is no such URL."""
    if not url:
        return None
    if _PLAIN_URL.fullmatch(url):
        return url
    normal = urls.http_url(url)
    if normal is None:
        return None
    parts = urlsplit(normal)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def shown_feed(url: str | None) -> str | None:
    """A source's address as it may be published: `shown`, and without the values of its secret parameters."""
    return shown(urls.redact(url)) if url else None


def iri(text: str | None) -> str | None:
    """`text` when it may stand as an Atom id (RFC 4287 section 4.2.6: an absolute IRI), without secrets; or None."""
    if not text or not _IRI.fullmatch(text):
        return None
    return shown_feed(text) if text.startswith(("http:", "https:")) else text


def tag_slugs(tags: Iterable[str]) -> dict[str, str]:
    """A file name for each tag: the tag itself where that is safe.

    `Threat Intel` is `threat-intel`. Of several tags that would share a name, the one that is spelled like it keeps
    it, and the others get a part of their hash, so that a name does not depend on the order of the tags.
    """
    slugs: dict[str, str] = {}
    taken: set[str] = set()
    for tag in sorted(tags, key=lambda tag: (tag != _slug(tag), tag)):
        slug = _slug(tag)
        if slug in taken or slug in _RESERVED or not slug:
            slug = f"{slug or 'tag'}-{hashlib.sha256(tag.encode('utf-8', 'replace')).hexdigest()[:8]}"
        taken.add(slug)
        slugs[tag] = slug
    return slugs


def _slug(tag: str) -> str:
    plain = unicodedata.normalize("NFKD", tag).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG]

"""The real page behind one that shows an article in another dress: AMP, or made for printing.

The page's own `rel=canonical` is asked first, then the address without its marks. Whether that page exists, and belongs
to the same site, is found out by whoever fetches it.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from lxml.html import HtmlElement

from aggregator.text.urls import http_url

_AMP_ATTRIBUTES = ("amp", "⚡", "amp4", "⚡4")
_AMP_QUERY = re.compile(r"(?i)(?:^|&)(?:amp(?:=(?:1|true|yes)?)?|(?:outputtype|output|view|format)=amp)(?=&|$)")
_AMP_PATH = re.compile(r"(?i)/amp(?=/?$)|^/amp(?=/)|(?<=\w)\.amp(?=(?:\.html?)?$)")
_PRINT_QUERY = re.compile(
    r"(?i)(?:^|&)(?:print(?:able|er|view|friendly|version|erfriendly)?(?:=(?:1|true|yes|y|print)?)?"
    r"|(?:view|output|format|mode|tmpl|action)=print(?:able)?)(?=&|$)"
)
_PRINT_PATH = re.compile(r"(?i)/print(?:able|er[-_]?friendly|version)?(?=/?$)|^/print(?=/)")


def real_page(tree: HtmlElement, url: str, canonical: str | None) -> str | None:
    """The address of the page that the one at `url` is a version of, or None where it is the real one."""
    bare = _bare(url)
    if bare is None and not is_amp(tree):
        return None
    own = {_key(url)}
    return next((one for one in (canonical, bare) if one and _key(one) not in own), None)


def is_amp(tree: HtmlElement) -> bool:
    """Whether the page says that it is an AMP page (`<html amp>`)."""
    root = tree.getroottree().getroot()
    return any(name.lower() in _AMP_ATTRIBUTES for name in map(str, root.attrib))


def _bare(url: str) -> str | None:
    """The address without the marks of AMP and print pages; None where it has none."""
    parts = urlsplit(url)
    query, path = parts.query, parts.path
    for mark in (_AMP_QUERY, _PRINT_QUERY):
        query = mark.sub("", query).strip("&")
    for mark in (_AMP_PATH, _PRINT_PATH):
        path = mark.sub("", path)
    host = parts.netloc.removeprefix("amp.")
    if (host, path, query) == (parts.netloc, parts.path, parts.query) or (path.strip("/") == "" and not query):
        return None
    return http_url(urlunsplit((parts.scheme, host, path, query, "")))


def _key(url: str) -> str:
    return url.partition("#")[0].rstrip("/")

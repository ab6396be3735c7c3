"""Any bytes that a server calls a feed -> ParsedFeed, or a ParseError that says what they are instead.

Runs in a worker process: it may be slow or hungry on hostile input, and is killed then. It opens nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from aggregator.models import ParsedFeed
from aggregator.models.errors import Barrier, ParseError, WebPage
from aggregator.poll import discovery, jsonfeed, xmlfeed
from aggregator.poll.xmltree import CUT_SHORT, NotXml
from aggregator.text.barriers import barrier_page
from aggregator.text.encoding import decode
from aggregator.text.plain import plain
from aggregator.text.urls import redact

_SIGNATURES = (
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "compressed data (gzip)"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x89PNG", "an image"),
    (b"GIF8", "an image"),
    (b"\xff\xd8\xff", "an image"),
)
"""First bytes of what servers send in place of feeds (magic numbers, as in the WHATWG MIME Sniffing standard)."""

_OTHER_ROOTS = {
    "opml": "a list of feeds (OPML)",
    "urlset": "a sitemap",
    "sitemapindex": "a sitemap",
    "svg": "an image",
    "error": "an error message in XML",
}
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|title|meta|script|div)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]{0,300})", re.IGNORECASE)

HEAD = 65536
"""Characters in which the kind of a document shows."""


def parse(body: bytes, url: str, content_type: str = "", now: datetime | None = None) -> ParsedFeed:
    """The feed in `body`, fetched from `url`; `content_type` is the HTTP header. Raises ParseError.

    `now` is when it was fetched: it decides which year a date without one means, and which of two readings is meant.
    """
    for signature, name in _SIGNATURES:
        if body.startswith(signature):
            raise ParseError(redact(url), f"this is {name}, not a feed")
    text = decode(body, content_type)
    text = text.lstrip("\ufeff\x00 \t\r\n")
    if not text:
        raise ParseError(redact(url), "the server sent an empty document")
    try:
        feed = jsonfeed.read(text, url, now) if text[0] in "{[" else xmlfeed.read(text, url, now)
        return replace(feed, cut_short=CUT_SHORT in feed.problems)
    except jsonfeed.NotJsonFeed as error:
        raise ParseError(redact(url), str(error)) from error
    except NotXml as error:
        if _is_page(text, error.root):
            raise _web_page(text, body, url, content_type) from error
        raise ParseError(redact(url), _instead(error.root)) from error


def _is_page(text: str, root: str) -> bool:
    return root not in _OTHER_ROOTS and (root == "html" or bool(_HTML.search(text[:HEAD])))


def _instead(root: str) -> str:
    """What the document is, in words that help to find the feed."""
    if root in _OTHER_ROOTS:
        return f"this is {_OTHER_ROOTS[root]}, not a feed"
    return f"this is XML, but not a feed: it begins with <{root}>" if root else "this is neither XML nor JSON"


_BARRIERS = {
    Barrier.CHALLENGE: "this is a page that asks whether we are human{}, not a feed",
    Barrier.LOGIN: "this is a page that asks for a user and a password{}, not a feed",
    Barrier.PARKED: "the domain is parked or for sale: this is a web page{}, not a feed",
}


def _web_page(text: str, body: bytes, url: str, content_type: str) -> WebPage:
    """The error for a page in place of a feed, with what it stands for and the feed that it names, if any."""
    match = _TITLE.search(text[:HEAD])
    title = plain(match[1], limit=80) if match else ""
    called = f" (“{title}”)" if title else ""
    barrier = barrier_page(body[:HEAD], title)
    named = [link.url for link in discovery.discover(body, url, content_type) if link.stated]
    if named:
        return WebPage(redact(url), f"this is a web page, not a feed; it names a feed at {redact(named[0])}")
    said = _BARRIERS[barrier] if barrier else "this is a web page{}, not a feed"
    return WebPage(redact(url), said.format(called), barrier)

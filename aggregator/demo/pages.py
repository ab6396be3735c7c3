"""An edition -> its pages: articles in the outlet's theme, the front page, and what a site says when something is
wrong.

A theme is a template in `templates/` and a few pieces (see themes). What surrounds the article on purpose (share bars,
forms, boxes) is listed as `noise`, so that tests can say that none of it got into the article.

Small pictures made from their names: a PNG and an SVG. The same name gives the same bytes, without any file.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from functools import cache
from html import escape
from importlib import resources
from string import Template

from aggregator.demo.posts import Edition, Printed
from aggregator.demo.themes import THEMES

_RELATED = 2
_CREDIT_LINK = '<a href="{url}">{name}</a>'


@cache
def _template(name: str) -> Template:
    return Template((resources.files("aggregator.demo") / "templates" / f"{name}.html").read_text(encoding="utf-8"))


def article(edition: Edition, printed: Printed) -> str:
    """The page of a post."""
    theme = THEMES[edition.outlet.theme]
    return _template(edition.outlet.theme).substitute(_common(edition, printed) | theme.fill(edition, printed))


def _common(edition: Edition, printed: Printed) -> dict[str, str]:
    newer, older = edition.next(printed), edition.previous(printed)
    return {
        **_masthead(edition),
        "title": escape(printed.title),
        "url": printed.url or "",
        "author": escape(printed.post.author or ""),
        "published": printed.published.isoformat(),
        "modified": printed.updated.isoformat(),
        "date": f"{printed.published:%B %d, %Y}",
        "teaser": escape(printed.teaser),
        "tags": "".join(f'<a href="/tag/{escape(tag)}" rel="tag">{escape(tag)}</a> ' for tag in printed.post.tags),
        "image": printed.image,
        "image_url": edition.absolute(printed)(printed.image),
        "body": printed.html,
        "credit": _credit(edition, printed),
        "related": "".join(_card(other) for other in _related(edition, printed)),
        "head_next": f'<link rel="next" href="{newer.url}">' if newer else "",
        "head_prev": f'<link rel="prev" href="{older.url}">' if older else "",
        "json_ld": _json_ld(edition, printed),
    }


def _json_ld(edition: Edition, printed: Printed) -> str:
    """schema.org's description of the article; `<` is escaped so that no text can end the script."""
    author = {"author": {"@type": "Person", "name": printed.post.author}} if printed.post.author else {}
    described = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": printed.title,
        "url": printed.url,
        "datePublished": printed.published.isoformat(),
        "dateModified": printed.updated.isoformat(),
        "image": edition.absolute(printed)(printed.image),
        "publisher": {"@type": "Organization", "name": edition.outlet.name},
        **author,
    }
    return json.dumps(described, ensure_ascii=False).replace("<", "\\u003c")


def _masthead(edition: Edition) -> dict[str, str]:
    kinds = {"json": "application/feed+json", "rss": "application/rss+xml", "rdf": "application/rdf+xml"}
    return {
        "site": escape(edition.outlet.name),
        "description": escape(edition.outlet.description),
        "home": edition.home_url,
        "feed": edition.feed_url,
        "feed_type": kinds.get(edition.outlet.feed, "application/atom+xml"),
    }


def _credit(edition: Edition, printed: Printed) -> str:
    if not printed.credit:
        return ""
    link = _CREDIT_LINK.format(url=printed.credit.url, name=escape(printed.credit.name))
    return edition.outlet.credit.format(name=escape(printed.credit.name), link=link)


def credit_url(edition: Edition, printed: Printed) -> str | None:
    """Where the page's credit line links to, if it does."""
    return printed.credit.url if printed.credit and "{link}" in edition.outlet.credit else None


def _related(edition: Edition, printed: Printed) -> tuple[Printed, ...]:
    near = (printed, edition.next(printed), edition.previous(printed))
    return tuple(other for other in reversed(edition.posts) if other not in near)[:_RELATED]


def _card(printed: Printed) -> str:
    return (
        f'<article class="card"><a href="{printed.url}"><img src="{printed.image}" alt="" width="160" height="90"></a>'
        f'<h3 class="card__title"><a href="{printed.url}">{escape(printed.title)}</a></h3>'
        f'<p class="card__text">{escape(printed.teaser)}</p></article>'
    )


def noise(edition: Edition, printed: Printed) -> tuple[str, ...]:
    """What the page shows that is no part of its article: the theme's phrases, and other posts' teasers."""
    theme = THEMES[edition.outlet.theme]
    others = list(_related(edition, printed)) if theme.shows_related else []
    stated = ((edition.next(printed), theme.next_states), (edition.previous(printed), theme.previous_states))
    others += [neighbour for neighbour, states in stated if neighbour and states == "teaser"]
    return theme.chrome + tuple(other.teaser for other in others if other.teaser not in printed.html)


def front(edition: Edition) -> str:
    """The home page: every post, newest first."""
    items = "".join(
        f'<li><a href="{printed.url}">{escape(printed.title)}</a> <time datetime="{printed.published.isoformat()}">'
        f"{printed.published:%d %b %Y}</time></li>"
        if printed.url
        else f"<li>{escape(printed.title)}</li>"
        for printed in reversed(edition.posts)
    )
    return _template("front").substitute(_masthead(edition) | {"items": items})


def missing(edition: Edition) -> str:
    """The 404 page."""
    return _template("notice").substitute(_masthead(edition) | {"notice": "There is nothing at this address."})


def maintenance(edition: Edition) -> str:
    """What a site in trouble sends with status 200 in place of its feed."""
    text = "We are moving to a new content system and will be back shortly."
    return _template("notice").substitute(_masthead(edition) | {"notice": text})


WIDTH, HEIGHT = 640, 360
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BAR_COUNT = 9


def png(name: str) -> bytes:
    """Three calm colours, divided by two diagonals (RFC 2083: 8-bit RGB, one IDAT, no filter)."""
    digest = hashlib.sha256(name.encode()).digest()
    colours = [bytes(64 + byte // 2 for byte in digest[start : start + 3]) for start in (0, 3, 6)]
    first, second = WIDTH // 5 + digest[9] // 2, WIDTH // 2 + digest[10] // 2
    rows = []
    for y in range(HEIGHT):
        left, right = max(0, first - y // 2), max(0, second - y // 3)
        rows.append(b"\x00" + colours[0] * left + colours[1] * (right - left) + colours[2] * (WIDTH - right))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(rows), 6)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def svg(name: str) -> bytes:
    """A bar chart with the picture's name below it."""
    digest = hashlib.sha256(name.encode()).digest()
    step = WIDTH // _BAR_COUNT
    bars = "".join(
        f'<rect x="{step * index + 12}" y="{300 - byte}" width="{step - 24}" height="{byte}" fill="#2f6f8f"/>'
        for index, byte in enumerate(digest[:_BAR_COUNT])
    )
    label = f'<text x="16" y="340" font-family="sans-serif" font-size="20" fill="#333">{escape(name)}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#eef2f4"/>{bars}{label}</svg>'
    ).encode()

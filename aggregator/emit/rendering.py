"""The templates beside this module, and the article's HTML as it fits into them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from aggregator.emit import addresses, items
from aggregator.emit.cards import TEASER_CHARS, shortened
from aggregator.emit.formats import EXTENSIONS
from aggregator.text import published, wording

TEMPLATES = Path(__file__).parent / "templates"
ASSETS = ("style.css", "keys.js", "icon.svg")
MEDIA_TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}
FEED_NAMES = {"atom": "Atom", "rss": "RSS", "json": "JSON Feed"}
_TAG = re.compile(r"""<(?:"[^"]*"|[^">])*>""")
_FITTED = {
    "<h1>": "<h2>",
    "</h1>": "</h2>",
    "<pre>": '<pre tabindex="0">',
    "<table>": '<table tabindex="0">',
}


def fitted(article: str) -> str:
    """Clean HTML as it fits into a page: one h1 a page, and what may scroll sideways takes the keyboard's focus.

    (WCAG 2.2, 2.1.1.) Tags are matched as a whole, quoted attributes included: a `<pre>` in an `alt` text is no tag.
    """
    return _TAG.sub(lambda tag: _FITTED.get(tag[0], tag[0]), article)


def asset(name: str) -> bytes:
    """The stylesheet, the script for the keyboard, or the icon."""
    return (TEMPLATES / name).read_bytes()


def _lang(language: str | None) -> str:
    """The attribute that says a language other than the page's own; a language tag needs no escaping."""
    return Markup(f' lang="{language}"') if language and language != "en" else ""  # noqa: S704  see items.language_of


@cache
def environment() -> Environment:
    """The templates, compiled once: that takes as long as a small build."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters: dict[str, Callable[..., str]] = {
        "iso": items.rfc3339,
        "day": wording.day,
        "weekday": wording.weekday,
        "clock": wording.clock,
        "month": wording.month,
        "month_name": wording.month_name,
        "quoted": addresses.quoted,
        "lang": _lang,
        "teaser": lambda summary: shortened(published.line(summary), TEASER_CHARS),
    }
    environment.filters.update(filters)
    environment.globals.update(extensions=EXTENSIONS, media_types=MEDIA_TYPES, feed_names=FEED_NAMES)
    return environment

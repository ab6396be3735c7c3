"""An edition -> its pages: articles in the outlet's theme, the front page, and what a site says when something is
wrong.

A theme is a template in `templates/` and a set of small pieces that are only there sometimes: neighbours, related
posts, a byline. What surrounds the article on purpose (share bars, forms, boxes) is listed as `noise`, so that tests
can say that none of it got into the article.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import resources
from string import Template
from typing import Literal

from aggregator.demo.printed import Edition, Printed

States = Literal["nothing", "url", "title", "teaser"]
"""How much a page says about a neighbour; each includes the ones before it."""

_RELATED = 2
_CREDIT_LINK = '<a href="{url}">{name}</a>'


@dataclass(frozen=True, slots=True)
class Theme:
    """A site's look. `pieces` are the theme's own substitutions; `chrome` the phrases around every article."""

    pieces: Callable[[Edition, Printed], dict[str, str]]
    next_states: States
    previous_states: States
    chrome: tuple[str, ...]
    shows_related: bool = False


@cache
def _template(name: str) -> Template:
    return Template((resources.files("aggregator.demo") / "templates" / f"{name}.html").read_text(encoding="utf-8"))


def article(edition: Edition, printed: Printed) -> str:
    """The page of a post."""
    theme = THEMES[edition.outlet.theme]
    return _template(edition.outlet.theme).substitute(_common(edition, printed) | theme.pieces(edition, printed))


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


def _classic(edition: Edition, printed: Printed) -> dict[str, str]:
    """WordPress: rel="prev" and rel="next" links around the neighbour's title."""

    def link(neighbour: Printed | None, rel: str, label: str) -> str:
        if neighbour is None:
            return ""
        return (
            f'<div class="nav-{"next" if rel == "next" else "previous"}"><a href="{neighbour.url}" rel="{rel}">'
            f'<span class="screen-reader-text">{label}</span> <span class="post-title">{escape(neighbour.title)}</span>'
            "</a></div>"
        )

    return {
        "nav_prev": link(edition.previous(printed), "prev", "Previous article"),
        "nav_next": link(edition.next(printed), "next", "Next article"),
    }


def _blogger(edition: Edition, printed: Printed) -> dict[str, str]:
    """Blogger: a pager that says only Newer and Older, and below it the next post's title and first lines."""
    newer, older = edition.next(printed), edition.previous(printed)
    pager = ""
    if newer:
        pager += (
            f"<span id='blog-pager-newer-link'><a class='blog-pager-newer-link' href='{newer.url}' "
            "id='Blog1_blog-pager-newer-link' title='Newer Post'>Newer Post</a></span>\n"
        )
    if older:
        pager += (
            f"<span id='blog-pager-older-link'><a class='blog-pager-older-link' href='{older.url}' "
            "id='Blog1_blog-pager-older-link' title='Older Post'>Older Post</a></span>\n"
        )
    below = (
        "<div class='widget FeaturedPost' data-version='2' id='FeaturedPost1'><div class='post-summary'>"
        f"<h3 class='post-title'><a href='{newer.url}'>{escape(newer.title)}</a></h3>"
        f"<p class='snippet-item'>{escape(newer.teaser)}</p></div></div>"
        if newer
        else ""
    )
    return {"pager": pager, "below": below}


def _research(edition: Edition, printed: Printed) -> dict[str, str]:
    """A vendor's research pages: a list of two, with the neighbours' titles."""

    def item(neighbour: Printed | None, label: str) -> str:
        return f'<li>{label}: <a href="{neighbour.url}">{escape(neighbour.title)}</a></li>' if neighbour else ""

    return {
        "newer": item(edition.next(printed), "Newer research"),
        "older": item(edition.previous(printed), "Older research"),
    }


def _notes(edition: Edition, printed: Printed) -> dict[str, str]:
    """A personal blog: arrows with titles."""
    newer, older = edition.next(printed), edition.previous(printed)
    return {
        "arrow_prev": f'<a class="prev" rel="prev" href="{older.url}">← {escape(older.title)}</a>' if older else "",
        "arrow_next": f'<a class="next" rel="next" href="{newer.url}">{escape(newer.title)} →</a>' if newer else "",
    }


THEMES: dict[str, Theme] = {
    "classic": Theme(
        _classic,
        "title",
        "title",
        (
            "Share this article",
            "Leave a reply",
            "Your email address will not be published",
            "Sign up for the Lantern Letter",
            "This site uses cookies",
            "Suggested articles",
        ),
        shows_related=True,
    ),
    "blogger": Theme(
        _blogger, "teaser", "url", ("No comments:", "Post a Comment", "Newer Post", "Older Post", "Search This Blog")
    ),
    "research": Theme(
        _research, "title", "title", ("Talk to an incident responder", "Request a demonstration", "Basalt Labs, Inc.")
    ),
    "notes": Theme(_notes, "title", "title", ("Reply by email", "If this was useful, buy me a pot of tea")),
}

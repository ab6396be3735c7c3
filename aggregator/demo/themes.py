"""The looks of the press's sites: for each what its pages say about neighbours, and the phrases around every article.

A theme's template stands in `templates/`; here are the pieces of it that are only there sometimes. Each follows the
habits of a well-known kind of site, so that what is learned here holds outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Literal

from aggregator.demo.posts import Edition, Printed

States = Literal["nothing", "url", "title", "teaser"]
"""How much a page says about a neighbour; each includes the ones before it."""

Pieces = dict[str, str]


@dataclass(frozen=True, slots=True)
class Theme:
    """A site's look. `pieces` are the theme's own substitutions; `chrome` the phrases around every article."""

    pieces: Callable[[Printed | None, Printed | None], Pieces]
    next_states: States
    previous_states: States
    chrome: tuple[str, ...]
    shows_related: bool = False

    def fill(self, edition: Edition, printed: Printed) -> Pieces:
        """The pieces for one post, from its newer and its older neighbour."""
        return self.pieces(edition.next(printed), edition.previous(printed))


def _none(_newer: Printed | None, _older: Printed | None) -> Pieces:
    return {}


def _classic(newer: Printed | None, older: Printed | None) -> Pieces:
    """WordPress: rel="prev" and rel="next" links around the neighbour's title."""

    def link(neighbour: Printed | None, rel: str, label: str) -> str:
        if neighbour is None:
            return ""
        return (
            f'<div class="nav-{"next" if rel == "next" else "previous"}"><a href="{neighbour.url}" rel="{rel}">'
            f'<span class="screen-reader-text">{label}</span> <span class="post-title">{escape(neighbour.title)}</span>'
            "</a></div>"
        )

    return {"nav_prev": link(older, "prev", "Previous article"), "nav_next": link(newer, "next", "Next article")}


def _blogger(newer: Printed | None, older: Printed | None) -> Pieces:
    """Blogger: a pager that says only Newer and Older, and below it the next post's title and first lines."""

    def link(neighbour: Printed | None, side: str, label: str) -> str:
        if neighbour is None:
            return ""
        name = f"blog-pager-{side}-link"
        return (
            f"<span id='{name}'><a class='{name}' href='{neighbour.url}' id='Blog1_{name}' title='{label}'>"
            f"{label}</a></span>\n"
        )

    below = (
        "<div class='widget FeaturedPost' data-version='2' id='FeaturedPost1'><div class='post-summary'>"
        f"<h3 class='post-title'><a href='{newer.url}'>{escape(newer.title)}</a></h3>"
        f"<p class='snippet-item'>{escape(newer.teaser)}</p></div></div>"
        if newer
        else ""
    )
    return {"pager": link(newer, "newer", "Newer Post") + link(older, "older", "Older Post"), "below": below}


def _research(newer: Printed | None, older: Printed | None) -> Pieces:
    """A vendor's research pages: a list of two, with the neighbours' titles."""

    def item(neighbour: Printed | None, label: str) -> str:
        return f'<li>{label}: <a href="{neighbour.url}">{escape(neighbour.title)}</a></li>' if neighbour else ""

    return {"newer": item(newer, "Newer research"), "older": item(older, "Older research")}


def _notes(newer: Printed | None, older: Printed | None) -> Pieces:
    """A personal blog: arrows with titles."""
    return {
        "arrow_prev": f'<a class="prev" rel="prev" href="{older.url}">← {escape(older.title)}</a>' if older else "",
        "arrow_next": f'<a class="next" rel="next" href="{newer.url}">{escape(newer.title)} →</a>' if newer else "",
    }


def _cards(newer: Printed | None, older: Printed | None) -> Pieces:
    """Ghost and many Hugo themes: a card for each neighbour, with its title and the first lines."""

    def card(neighbour: Printed | None, side: str, label: str) -> str:
        if neighbour is None:
            return ""
        return (
            f'<a class="{side}-post" href="{neighbour.url}"><span class="card-label">{label}</span>'
            f'<h3 class="card-title">{escape(neighbour.title)}</h3>'
            f'<p class="card-excerpt">{escape(neighbour.teaser)}</p></a>'
        )

    return {"card_next": card(newer, "next", "Next post"), "card_prev": card(older, "prev", "Previous post")}


def _plain(newer: Printed | None, older: Printed | None) -> Pieces:
    """A home-made engine: words and titles, no class that helps."""
    parts = [
        f'{label}: <a href="{neighbour.url}">{escape(neighbour.title)}</a>'
        for label, neighbour in (("Older", older), ("Newer", newer))
        if neighbour
    ]
    return {"pager": " | ".join(parts)}


def _table(newer: Printed | None, older: Printed | None) -> Pieces:
    """A site as they were made in 2003: [previous] [index] [next]."""
    return {
        "link_prev": f'[<a href="{older.url}">previous</a>]' if older else "",
        "link_next": f'[<a href="{newer.url}">next</a>]' if newer else "",
    }


THEMES: dict[str, Theme] = {
    "none": Theme(_none, "nothing", "nothing", ()),
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
        _blogger, "teaser", "url", ("No comments:", "Post a Comment", "Search This Blog", "Powered by Blogger")
    ),
    "research": Theme(
        _research, "title", "title", ("Talk to an incident responder", "Request a demonstration", "Basalt Labs, Inc.")
    ),
    "notes": Theme(_notes, "title", "title", ("Reply by email", "If this was useful, buy me a pot of tea")),
    "wire": Theme(
        _none,
        "nothing",
        "nothing",
        ("Licensing and reprints", "Our standards", "More from the wire"),
        shows_related=True,
    ),
    "daily": Theme(
        _none,
        "nothing",
        "nothing",
        ("Advertisement", "Most read", "Subscribe for 9.90 a month", "Report an error", "Already a subscriber?"),
        shows_related=True,
    ),
    "ghost": Theme(_cards, "teaser", "teaser", ("Become a member", "Already have an account?", "Published with")),
    "hugo": Theme(_cards, "teaser", "teaser", ("min read", "Edit this page", "We are hiring")),
    "plain": Theme(_plain, "title", "title", ("You are here", "Webring")),
    "table": Theme(_table, "url", "url", ("Best viewed", "Sign my guestbook", "visitors since")),
}

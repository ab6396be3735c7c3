"""What the class names and ids of themes say: "nav-previous", "blog-pager-newer-link", "slick-next", "related".

Look-ups only, by whole words of a name ("next-post" and "nextPost" are two words); nothing here sees a page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from aggregator.scrape.neighbour_labels import Way


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_NEUTRAL = re.compile(r"read[-_]?next|up[-_]?next|next[-_]?(?:reads?|up|steps?|image|link)\b|__next", re.IGNORECASE)
"""Names that hold the word next and say nothing about a direction: Ghost's "read-next" holds both neighbours, and
"__next" is the root of every page that Next.js makes."""

_NEXT = _set("next nxt nextpost nextlink nextarticle postnext navnext nextentry nextstory nextnav siguiente suivant")
_PREVIOUS = _set(
    "prev previous prv prevpost previouspost prevlink prevarticle previousarticle postprev postprevious navprev "
    "navprevious preventry prevstory prevnav anterior precedent"
)
_NEWER = _set("newer newerpost")
_OLDER = _set("older olderpost")
_RIGHT = _set("right alignright fr floatright")
_LEFT = _set("left alignleft fl floatleft")
_NAV = _set(
    "nav navi navigation pager pagination paging paginav postnav postnavi pagenav pagenavi navbar adjacent prevnext "
    "nextprev postnavigation postnavigator singlenav entrynav articlenav siblings navlinks neighbours neighbors"
)
_POST = _set(
    "post posts article articles single entry entries story adjacent prevnext nextprev postnav postnavi "
    "postnavigation singlenav entrynav articlenav nextpost prevpost previouspost postnext postprev postprevious "
    "nextarticle prevarticle nextstory prevstory nextentry preventry siblings chapter"
)
_FOREIGN = _set(
    "related recommended recommendations carousel slider slick swiper slide slides slideshow gallery lightbox "
    "breadcrumb breadcrumbs menu share sharing social recent recents popular trending toc comment comments tabs "
    "commentlist recentcomments toplist similar newsletter calendar sitemap glide flickity owl splide ticker "
    "newsticker yarpp image images attachment photo photos video videos cookie login language lang masthead megamenu"
)
_KNOWN = _NEXT | _PREVIOUS | _NEWER | _OLDER | _RIGHT | _LEFT | _NAV | _POST | _FOREIGN


@dataclass(frozen=True, slots=True)
class Hint:
    """What the class and id of one element say.

    `way`, with `age` when by newer/older rather than next/previous; `side` for left (previous) and right (next);
    `nav` for navigation of any kind; `post` for a name that speaks of posts or of both directions at once; `foreign`
    for what has next links of its own (sliders, comments) or links to related posts.
    """

    way: Way | None = None
    age: bool = False
    side: Way | None = None
    nav: bool = False
    post: bool = False
    foreign: bool = False


NOTHING = Hint()
"""What most elements say; the very same object, so that `is` can tell."""


def _one(said: frozenset[str], onward: frozenset[str], back: frozenset[str]) -> Way | None:
    """The one way that the words name; None when they name neither or both."""
    after, before = not said.isdisjoint(onward), not said.isdisjoint(back)
    if after == before:
        return None
    return Way.NEXT if after else Way.PREVIOUS


@lru_cache(maxsize=8192)
def hint_of(class_name: str, identifier: str) -> Hint:
    """What an element's `class` and `id` say together."""
    names = f"{class_name} {identifier}"
    said = _KNOWN.intersection(map(str.lower, _WORD.findall(_NEUTRAL.sub(" ", names))))
    if not said:
        return NOTHING
    both = not said.isdisjoint(_NEXT | _NEWER) and not said.isdisjoint(_PREVIOUS | _OLDER)
    age = _one(said, _NEWER, _OLDER)
    nav = both or not said.isdisjoint(_NAV)
    return Hint(
        way=None if both else age or _one(said, _NEXT, _PREVIOUS),
        age=age is not None and not both,
        side=_one(said, _RIGHT, _LEFT),
        nav=nav,
        post=both or not said.isdisjoint(_POST),
        foreign=not said.isdisjoint(_FOREIGN),
    )

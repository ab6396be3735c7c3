"""What a short text says about a direction: "Älterer Post", "Next article: ...", "«".

Look-ups in the tables of `neighbour_words`; nothing here sees a page or a URL. Texts are compared case-folded and
without decoration; what is not in the tables means nothing.

What the class names and ids of themes say: "nav-previous", "blog-pager-newer-link", "slick-next", "related".

Look-ups only, by whole words of a name ("next-post" and "nextPost" are two words); nothing here sees a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from itertools import product

from aggregator.text.word_lists import word_list


class Way(StrEnum):
    """The direction of a link: `NEXT` is the newer post."""

    NEXT = "next"
    PREVIOUS = "previous"

    @property
    def other(self) -> Way:
        return Way.PREVIOUS if self is Way.NEXT else Way.NEXT


class Force(IntEnum):
    """How much a label says: from "back", over "next", to "next post" and "older post"."""

    VAGUE = 1
    BARE = 2
    POST = 3
    AGE = 4


@dataclass(frozen=True, slots=True)
class LinkLabel:
    """What a text says. `way` is None for a label that may rule a neighbour out: "next page", "older posts" (`pages` is
    the way of what they lead to, `listed` where that is several posts), and "overview", with force `VAGUE`.
    """

    way: Way | None
    force: Force = Force.BARE
    pages: Way | None = None
    listed: bool = False


_DECORATION = " \t\r\n\xa0\u200b\u200e\u200f\ufe0e\ufe0f:：|-–—·•…*~#♥()[]"
_WORDS = word_list("aggregator.scrape.neighbours", "words")
_NEXT_ARROWS, _PREVIOUS_ARROWS = _WORDS["arrows"]["next"], _WORDS["arrows"]["previous"]
_ARROWED = _DECORATION + _NEXT_ARROWS + _PREVIOUS_ARROWS
_NEXT_EDGE, _PREVIOUS_EDGE = frozenset(_NEXT_ARROWS), frozenset(_PREVIOUS_ARROWS)
_TRIMMED = _NEXT_ARROWS + _PREVIOUS_ARROWS + " |–—-\xa0"
_VERBS = (" lesen", " ansehen", " anzeigen", " lire", " leer", " ler", " lezen")
"""Said after the noun in some languages ("nächsten Beitrag lesen"), and meaning nothing more."""
_LOOSE_TERMS = 2
_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_MAX_LABEL = 48
"""Characters; every label of the tables is shorter, so that longer texts need no look-up."""


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()


def _folded(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(_fold, words))


def _pairs(some: Iterable[str], others: Iterable[str]) -> Iterator[str]:
    for one, other in product(some, others):
        yield f"{one} {other}"
        yield f"{other} {one}"


def _language(words: Mapping[str, list[str]]) -> dict[str, LinkLabel]:
    senses = (
        ("next", Way.NEXT, Force.POST),
        ("previous", Way.PREVIOUS, Force.POST),
        ("newer", Way.NEXT, Force.AGE),
        ("older", Way.PREVIOUS, Force.AGE),
    )
    others = _WORDS["others"]
    table: dict[str, LinkLabel] = {}
    for sense, way, force in senses:
        terms = _folded(words[sense])
        table.update(dict.fromkeys(terms, LinkLabel(way, Force.BARE)))
        table.update(dict.fromkeys(_pairs(terms, _folded(words["nouns"])), LinkLabel(way, force)))
        table.update(dict.fromkeys(_pairs(terms, _folded(others["parts"])), LinkLabel(None)))
        table.update(dict.fromkeys(_pairs(terms, _folded(others["lists"])), LinkLabel(None, pages=way, listed=True)))
        table.update(dict.fromkeys(_pairs(terms, _folded(others["pages"])), LinkLabel(None, pages=way)))
    return table


def _table() -> dict[str, LinkLabel]:
    table: dict[str, LinkLabel] = {}
    for words in _WORDS["languages"].values():
        table = _language(words) | table
    fixed = (
        ("posts", "next", LinkLabel(Way.NEXT, Force.POST)),
        ("posts", "previous", LinkLabel(Way.PREVIOUS, Force.POST)),
        ("posts", "newer", LinkLabel(Way.NEXT, Force.AGE)),
        ("posts", "older", LinkLabel(Way.PREVIOUS, Force.AGE)),
        ("bare", "next", LinkLabel(Way.NEXT, Force.BARE)),
        ("bare", "previous", LinkLabel(Way.PREVIOUS, Force.BARE)),
        ("vague", "next", LinkLabel(Way.NEXT, Force.VAGUE)),
        ("vague", "previous", LinkLabel(Way.PREVIOUS, Force.VAGUE)),
        ("others", "next_pages", LinkLabel(None, pages=Way.NEXT)),
        ("others", "previous_pages", LinkLabel(None, pages=Way.PREVIOUS)),
        ("others", "overviews", LinkLabel(None, Force.VAGUE)),
    )
    for kind, name, label in fixed:
        table.update(dict.fromkeys(_folded(_WORDS[kind][name]), label))
    return table


_LABELS = _table()
_COLON = re.compile("[:：]")
_GLUED = re.compile(
    rf"[\s{re.escape(_NEXT_ARROWS + _PREVIOUS_ARROWS)}]*(?P<label>"
    + "|".join(
        sorted(
            (
                re.escape(word)
                for word in _folded((*_WORDS["posts"]["next"], *_WORDS["posts"]["previous"]))
                if _CJK.match(word)
            ),
            key=len,
            reverse=True,
        )
    )
    + ")"
)
"""A label in a script without spaces, to which a theme has glued the title: "下一篇A newer post"."""


@lru_cache(maxsize=4096)
def label_of(text: str) -> LinkLabel | None:
    """What a whole text says as a label, or None when it is no label (then it may be a title)."""
    if len(text) > _MAX_LABEL:
        return None
    plain = _fold(text.strip(_ARROWED))
    for verb in _VERBS:
        plain = plain.removesuffix(verb)
    return _LABELS.get(plain)


def arrow_of(text: str) -> Way | None:
    """The direction of an arrow at the edge of a text ("« Title", "Title →"), or None."""
    if not text[:1].isalnum() and text.lstrip(_DECORATION)[:1] in _PREVIOUS_EDGE:
        return Way.PREVIOUS
    return Way.NEXT if not text[-1:].isalnum() and text.rstrip(_DECORATION)[-1:] in _NEXT_EDGE else None


def without_arrows(text: str) -> str:
    """`text` without the arrows and dashes that decorate a link; what is inside stays.

    >>> without_arrows("← An older post »")
    'An older post'
    """
    return " ".join(text.split()).strip(_TRIMMED)


def may_be_labelled(text: str) -> bool:
    """Whether a text can be a label or begin with one, by its length, its first colon and its first letters alone."""
    if len(text) <= _MAX_LABEL or _COLON.search(text[: _MAX_LABEL + 1]):
        return True
    return bool(_GLUED.match(text))


@lru_cache(maxsize=4096)
def split_label(text: str) -> tuple[LinkLabel | None, str]:
    """The label that is the whole text or stands before its first colon, and what is left as title.

    >>> split_label("Next post: All is well")[1]
    'All is well'
    """
    whole = label_of(text)
    if whole is not None:
        return whole, ""
    if colon := _COLON.search(text):
        head, rest = text[: colon.start()], text[colon.end() :]
        if (label := label_of(head) or _loose_label(head)) is not None:
            return label, without_arrows(rest)
    if (glued := _GLUED.match(text)) and (rest := without_arrows(text[glued.end() :])):
        return _LABELS[_fold(glued["label"])], rest
    return None, without_arrows(text)


def _loose_label(head: str) -> LinkLabel | None:
    """A word for a direction with a noun that no table has, before a colon: "Newer research: ..."."""
    terms = _fold(head.strip(_ARROWED)).split(" ")
    first = _LABELS.get(terms[0]) if len(terms) == _LOOSE_TERMS else None
    return LinkLabel(first.way, Force.BARE) if first and first.way and first.force > Force.VAGUE else None


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
_AMONG_OTHERS = _set("breadcrumb breadcrumbs menu share sharing social masthead megamenu")
"""Of bars that hold a pager now and then beside what they are named for."""

_FOREIGN = _AMONG_OTHERS | _set(
    "related recommended recommendations carousel slider slick swiper slide slides slideshow gallery lightbox "
    "recent recents popular trending toc comment comments tabs "
    "commentlist recentcomments toplist similar newsletter calendar sitemap glide flickity owl splide ticker "
    "newsticker yarpp image images attachment photo photos video videos cookie login language lang"
)
_KNOWN = _NEXT | _PREVIOUS | _NEWER | _OLDER | _RIGHT | _LEFT | _NAV | _POST | _FOREIGN


@dataclass(frozen=True, slots=True)
class LabelHint:
    """What the class and id of one element say.

    `way`, with `age` when by newer/older rather than next/previous; `side` for left (previous) and right (next);
    `nav` for navigation of any kind; `post` for a name that speaks of posts or of both directions at once; `foreign`
    for what has next links of its own (sliders, comments) or links to related posts; `among` if all that is foreign is
    a bar (a menu, a bread crumb trail) that may hold a pager.
    """

    way: Way | None = None
    age: bool = False
    side: Way | None = None
    nav: bool = False
    post: bool = False
    foreign: bool = False
    among: bool = False


NOTHING = LabelHint()
"""What most elements say; the very same object, so that `is` can tell."""


def _one(said: frozenset[str], onward: frozenset[str], back: frozenset[str]) -> Way | None:
    """The one way that the words name; None when they name neither or both."""
    after, before = not said.isdisjoint(onward), not said.isdisjoint(back)
    if after == before:
        return None
    return Way.NEXT if after else Way.PREVIOUS


@lru_cache(maxsize=8192)
def hint_of(class_name: str, identifier: str) -> LabelHint:
    """What an element's `class` and `id` say together."""
    names = f"{class_name} {identifier}"
    said = _KNOWN.intersection(map(str.lower, _WORD.findall(_NEUTRAL.sub(" ", names))))
    if not said:
        return NOTHING
    both = not said.isdisjoint(_NEXT | _NEWER) and not said.isdisjoint(_PREVIOUS | _OLDER)
    age = _one(said, _NEWER, _OLDER)
    nav = both or not said.isdisjoint(_NAV)
    return LabelHint(
        way=None if both else age or _one(said, _NEXT, _PREVIOUS),
        age=age is not None and not both,
        side=_one(said, _RIGHT, _LEFT),
        nav=nav,
        post=both or not said.isdisjoint(_POST),
        foreign=not said.isdisjoint(_FOREIGN),
        among=not said.isdisjoint(_AMONG_OTHERS) and said.isdisjoint(_FOREIGN - _AMONG_OTHERS),
    )

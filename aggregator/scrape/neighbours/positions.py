"""Neighbours that are told by their place alone, without a word or a name for the direction.

Two links in a block named for the posts before and after; Ghost's "read next" cards; the items above and below the
page's own in a list of recent posts; one post with its opening lines below the comments; head links that lost their
`rel`. Each is worth just `ENOUGH`, so that any plainer statement of the page wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise

from lxml.html import HtmlElement

from aggregator.scrape.dom import HEADINGS
from aggregator.scrape.neighbours.labels import Way, arrow_of
from aggregator.scrape.neighbours.links import ENOUGH, Statement, icon_way
from aggregator.scrape.neighbours.page import STOP_TAGS, NeighbourPage, own_block
from aggregator.scrape.neighbours.urls import date_in, folded

_RECENT = re.compile(r"recent[-_]?(?:posts|entries)|latest|archive(?:date|list)?|neueste|ultim|dernier", re.IGNORECASE)
_READ_NEXT = re.compile(r"(?:^|\s)read-next(?:\s|$)")
_READ_NEXT_RELATED = re.compile(r"(?:^|\s)read-next-card(?:\s|$)")
_SCROLLED = re.compile(
    r"(?i)infinite[-_]?scroll[-_]?(?:single|post|article)|(?:single|post|article)[-_]?infinite[-_]?scroll"
)
_COMMENTS = re.compile(r"(?:^|[\s_-])(?:comments?|respond|disqus_thread|commentform)(?:$|[\s_-])", re.IGNORECASE)
_OPENING = re.compile(r"(?:…|\.\.\.)\W{0,2}$")
_MIN_ITEMS = 3
_MAX_OWN = 20
"""Links of a page to itself that are looked at."""
_MAX_ITEMS = 400
_MAX_NESTING = 40
_MAX_BELOW = 8
"""Posts linked below the comments that are looked at: the pager's own, then those with opening lines."""
_MIN_CARD, _MAX_CARD = 80, 1500
"""Characters of a title and its opening lines."""
_MIN_TITLE_WORDS = 3
_MIN_LETTERS = 4
_MAX_ARROW_CLIMB = 4
_COMMENT_TAGS = ("div", "section", "form", "ol", "ul", "h2", "h3", "h4", "p", "a", "span")
_COMMENT_TEXT = re.compile(
    r"(?:no|\d+) comments?:?|(?:post|leave|add) a (?:comment|reply)|keine kommentare:?|kommentar veröffentlichen|"
    r"aucun commentaire:?|enregistrer un commentaire|no hay comentarios:?|publicar un comentario|nessun commento:?|"
    r"posta un commento|nenhum comentário:?|postar um comentário|geen opmerkingen:?|een reactie posten|"
    r"brak komentarzy:?|prześlij komentarz|комментариев нет:?|отправить комментарий|yorum yok:?|yorum gönder|"
    r"0 件のコメント:?|コメントを投稿",
    re.IGNORECASE,
)
"""As Blogger writes it, in the languages that it is read in most."""
_ASIDE_TAGS = frozenset({"aside", "footer", "nav"})
_ASIDE = re.compile(r"sidebar|related|popular|featured|recommend", re.IGNORECASE)
_CHOSEN = re.compile(r"recirc|related|recommend|popular|trending", re.IGNORECASE)
"""Names of lists that somebody has chosen, whatever their dates."""


def by_place(page: NeighbourPage, stated: frozenset[str]) -> Iterator[Statement]:
    """Everything that place alone says. `stated` are the URLs (folded) that a plainer statement is about."""
    for each in (_pairs(page, stated), _arrows(page, stated), _read_next(page), _scrolled_to(page)):
        yield from (said for said in each if not page.in_frame(said.element))
    yield from _lists(page)
    yield from _below_comments(page)
    yield from _lost_rel(page)


def _told(page: NeighbourPage, anchor: HtmlElement, way: Way, block: HtmlElement | None = None) -> Statement:
    return Statement(page.url_of(anchor) or "", way, ENOUGH, anchor, None, block)


def _ordered(
    page: NeighbourPage, anchors: list[HtmlElement], ways: tuple[Way, Way]
) -> Iterator[tuple[HtmlElement, Way]]:
    """Two links with their ways: by the dates in their URLs where both have one, else in the given order."""
    first, second = (date_in(page.url_of(anchor) or "") for anchor in anchors)
    if first and second and first != second:
        ways = (Way.PREVIOUS, Way.NEXT) if first < second else (Way.NEXT, Way.PREVIOUS)
    return zip(anchors, ways, strict=True)


def _pairs(page: NeighbourPage, stated: frozenset[str]) -> Iterator[Statement]:
    """A block such as `class="post-navigation"` with two links that say nothing: the previous post stands first.

    When one of them says its way, the other is as often the overview as the other neighbour.
    """
    for block, hint in list(page.hints.items()):
        if hint.nav and hint.post and not hint.foreign and hint.way is None:
            firsts = page.anchors_in(block)
            if len(firsts) == 2 and stated.isdisjoint(firsts):
                for anchor, way in _ordered(page, list(firsts.values()), (Way.PREVIOUS, Way.NEXT)):
                    yield _told(page, anchor, way, block)


def _arrows(page: NeighbourPage, stated: frozenset[str]) -> Iterator[Statement]:
    """Two links with titles and opposite arrows, alone in their block: the left one is the previous post."""
    for anchor in page.anchors:
        if _arrow_of(anchor) is not Way.PREVIOUS or not page.key_of(anchor):
            continue
        for block in islice(anchor.iterancestors(), _MAX_ARROW_CLIMB):
            if block.tag in STOP_TAGS:
                break
            firsts = page.anchors_in(block)
            if len(firsts) < 2:
                continue
            others = [each for key, each in firsts.items() if key != page.key_of(anchor)]
            if len(firsts) == 2 and _arrow_of(others[0]) is Way.NEXT and stated.isdisjoint(firsts):
                for each, way in _ordered(page, [anchor, others[0]], (Way.PREVIOUS, Way.NEXT)):
                    yield _told(page, each, way, block)
            break


def _arrow_of(anchor: HtmlElement) -> Way | None:
    """The arrow of a link that has a title as well."""
    whole = anchor.text_content().strip()
    way = arrow_of(whole) if whole and not (whole[0].isalnum() and whole[-1].isalnum()) else None
    way = way or icon_way(anchor) or _arrow_beside(anchor)
    return way if way and sum(map(str.isalpha, whole[:_MAX_CARD])) >= _MIN_LETTERS else None


def _arrow_beside(anchor: HtmlElement) -> Way | None:
    """The arrow that stands beside a link, alone with it: "← <a>Title</a>"."""
    parent = anchor.getparent()
    if parent is None or anchor.getprevious() is not None or anchor.getnext() is not None:
        return None
    before, behind = (parent.text or "").strip(), (anchor.tail or "").strip()
    beside = before or behind
    if not beside or (before and behind) or any(map(str.isalnum, beside)):
        return None
    return arrow_of(beside)


def _read_next(page: NeighbourPage) -> Iterator[Statement]:
    """Ghost's Casper theme: the cards of the next and of the previous post, in this order."""
    for block in page.tree.iter("aside", "section", "div"):
        if _READ_NEXT.search(block.get("class", "")):
            anchors = [each for each in page.anchors_in(block).values() if not _in_related(each, block)]
            if len(anchors) == 2:
                for anchor, way in _ordered(page, anchors, (Way.NEXT, Way.PREVIOUS)):
                    yield _told(page, anchor, way, block)
            elif len(anchors) == 1:
                yield _told(page, anchors[0], page.way_by_time(anchors[0]) or Way.PREVIOUS, block)


def _scrolled_to(page: NeighbourPage) -> Iterator[Statement]:
    """The one post that is loaded when readers scroll on: the one before."""
    for block in page.tree.iter("nav", "div"):
        if _SCROLLED.search(f"{block.get('class', '')} {block.get('id', '')}"):
            anchors = list(page.anchors_in(block).values())
            if len(anchors) == 1 and link_is_titled(anchors[0]):
                yield _told(page, anchors[0], page.way_by_date(page.url_of(anchors[0]) or "") or Way.PREVIOUS, block)


def link_is_titled(anchor: HtmlElement) -> bool:
    """Whether a link has a text as long as a title."""
    return len(anchor.text_content().split()) >= _MIN_TITLE_WORDS


def _in_related(anchor: HtmlElement, block: HtmlElement) -> bool:
    for ancestor in anchor.iterancestors():
        if ancestor is block:
            return False
        if _READ_NEXT_RELATED.search(ancestor.get("class", "")):
            return True
    return False


def _lists(page: NeighbourPage) -> Iterator[Statement]:
    """The items above (newer) and below (older) the page's own in a list of posts by date, newest first."""
    for own in islice(page.own_anchors(), _MAX_OWN):
        item = next(own.iterancestors("li"), None)
        if item is None or not _is_by_date(page, item):
            continue
        for beside, way in ((_beside(item, preceding=True), Way.NEXT), (_beside(item, preceding=False), Way.PREVIOUS)):
            anchors = page.anchors_in(beside) if beside is not None else {}
            if len(anchors) == 1:
                yield _told(page, next(iter(anchors.values())), way)


def _beside(item: HtmlElement, *, preceding: bool) -> HtmlElement | None:
    return next(item.itersiblings("li", preceding=preceding), None)


def _is_by_date(page: NeighbourPage, item: HtmlElement) -> bool:
    """Whether the list that an item is in is named for recent posts, or has dates that fall."""
    holder = item.getparent()
    if holder is None:
        return False
    items = list(islice(holder.iterchildren("li"), _MAX_ITEMS))
    if len(items) < _MIN_ITEMS or any(_CHOSEN.search(each.get("class") or "") for each in (item, holder)):
        return False
    return _is_recent(holder) or _falls(page, items)


def _is_recent(holder: HtmlElement) -> bool:
    """Whether a list or a block close around it is named for recent posts or an archive."""
    around = [holder, *islice(holder.iterancestors(), 3)]
    return any(_RECENT.search(f"{each.get('class', '')} {each.get('id', '')}") for each in around if each.tag != "body")


def _falls(page: NeighbourPage, items: list[HtmlElement]) -> bool:
    """Whether the dates in the items' URLs only ever fall, and do so at least twice."""
    firsts = [next(iter(anchors.values())) for each in items if (anchors := page.anchors_in(each))]
    dates = [date_in(page.url_of(each) or "") for each in firsts]
    if len(dates) < _MIN_ITEMS or not all(dates):
        return False
    pairs = list(pairwise(date for date in dates if date))
    return all(one >= other for one, other in pairs) and sum(one > other for one, other in pairs) >= 2


def _below_comments(page: NeighbourPage) -> Iterator[Statement]:
    """One post (the next), or two (the next and the previous), with title and opening lines below the comments.

    Three or more are a list of something else.
    """
    comments = _last_comments(page.tree)
    following = comments.xpath("following::a[@href]")[:_MAX_ITEMS] if comments is not None else []
    firsts: dict[str, HtmlElement] = {}
    for anchor in following:
        if key := page.key_of(anchor):
            firsts.setdefault(key, anchor)
    cards = [anchor for key, anchor in islice(firsts.items(), _MAX_BELOW) if _is_card(page, anchor, key)]
    if len(cards) <= 2:
        for anchor, way in zip(cards, (Way.NEXT, Way.PREVIOUS), strict=False):
            yield _told(page, anchor, way)


def _last_comments(tree: HtmlElement) -> HtmlElement | None:
    """The last outermost block that is named for comments, or reads "No comments" or "Post a comment"."""
    found: HtmlElement | None = None
    for element in tree.iter(*_COMMENT_TAGS):
        names = f"{element.get('id', '')} {element.get('class', '')}"
        named = len(names) > 1 and _COMMENTS.search(names)
        if named or (element.text and _COMMENT_TEXT.fullmatch(element.text.strip())):
            inside = found is not None and any(each is found for each in islice(element.iterancestors(), _MAX_NESTING))
            found = found if inside else element
    return found


def _is_card(page: NeighbourPage, anchor: HtmlElement, key: str) -> bool:
    """Whether a link heads a block of its own with a post's opening lines, cut short ("...")."""
    for ancestor in (anchor, *anchor.iterancestors()):
        if ancestor.tag in _ASIDE_TAGS or page.hint(ancestor).foreign or _ASIDE.search(ancestor.get("class", "")):
            return False
    block = own_block(page, anchor, (key,), _MAX_CARD)
    text = " ".join(block.text_content().split())
    headed = next(block.iter(*HEADINGS), None) is not None or len(anchor.text_content().split()) >= _MIN_TITLE_WORDS
    return headed and len(text) >= _MIN_CARD and bool(_OPENING.search(text)) and not _is_one_of_many(block)


def _is_one_of_many(block: HtmlElement) -> bool:
    """Whether a block has two or more like it beside it."""
    parent = block.getparent()
    siblings = parent.iterchildren(block.tag) if parent is not None else iter(())
    return len(list(islice((each for each in siblings if each.get("class") == block.get("class")), 3))) > 2


def _lost_rel(page: NeighbourPage) -> Iterator[Statement]:
    """Head links with a title and no `rel`, as cleaned copies of WordPress pages hold them: previous, then next.

    A single one is the previous post: the newest has no other.
    """
    links = [each for each in page.head_links if each.get("title") and not set(each.keys()) - {"title", "href"}]
    said = [(link, url) for link in links if (url := page.url_of(link))]
    said = list({folded(url): (link, url) for link, url in said}.values())
    if len(said) <= 2:
        for (link, url), way in zip(said, (Way.PREVIOUS, Way.NEXT), strict=False):
            yield Statement(url, way, ENOUGH, link, link.get("title"))

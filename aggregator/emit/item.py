"""A post as the feeds show it: one view, made once, that Atom, RSS and JSON Feed only have to spell.

Here stand the rules that hold in all three: what the title, the author and the dates are, which links there are,
and the footer that shows in the entry's HTML what most readers do not show otherwise.

Who tells a story: the other posts of one event, as a post's page, the story's own page and the feeds name them.

The images of a post as its output shows them: in the article, as its lead image, among its files.

What the feed's `media` option says holds here and nowhere else: a document that asks this module shows no image that
the option does not let it show.

What outlets have edited: where the page of a post's changes stands, and what it shows. Nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlsplit

from aggregator.config.settings import Site
from aggregator.emit import intel, paths
from aggregator.models import Enclosure, Episode, Picture, Post, PostLink, Republish, Revision, StoryMember
from aggregator.models.emit import PostFact
from aggregator.text import images
from aggregator.text.diff import Piece, changes, words_of
from aggregator.text.plain import is_seen
from aggregator.text.published import line, runs_rtl
from aggregator.text.urls import host_of, public_url

UNTITLED = "Untitled"
KEPT_TELLERS = 20_000
"""Posts of stories that are kept ready to be shown, beyond which all are forgotten: some 10 MB."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One post of a story. `path` is its page of ours, `url` its origin's where that has one."""

    name: str
    slug: str
    url: str | None
    path: str
    title: str
    published: datetime
    teaser: str
    language: str | None
    mirror_url: str = ""
    also_in: tuple[str, ...] = ()


def story_page(story: str) -> str:
    """Where a story's page stands."""
    return paths.safe_path(f"stories/{story}.html")


def tellers(post: Post, base: str = "") -> tuple[Coverage, ...]:
    """All that tell the post's story, in order of publication: the first one was first. `base`: see addresses.base."""
    return tuple(_coverage(member, base) for member in post.story_members)


def _coverage(member: StoryMember, base: str) -> Coverage:
    return Coverage(
        name=line(member.name) or member.slug,
        slug=member.slug,
        url=paths.shown(member.url),
        path=member.path,
        title=line(member.title) or UNTITLED,
        published=member.published,
        teaser=line(member.teaser),
        language=member.language,
        mirror_url=base + paths.quoted(member.path),
        also_in=tuple(line(name) for name in member.also_in),
    )


class Tellers:
    """Who tells a story, made once for all the posts that tell it. Good for one build.

    A story is known again by its members being the very same object, which the memory keeps alive.
    """

    def __init__(self, base: str) -> None:
        self._base = base
        self._known: dict[int, tuple[object, tuple[Coverage, ...]]] = {}
        self._many = 0

    def __call__(self, post: Post) -> tuple[Coverage, ...]:
        """All that tell the post's story, in order of publication."""
        members = post.story_members
        if not members:
            return ()
        known = self._known.get(id(members))
        if known is None:
            self._many += len(members)
            if self._many > KEPT_TELLERS:
                self._known.clear()
                self._many = len(members)
            known = self._known[id(members)] = members, tellers(post, self._base)
        return known[1]


def others(post: Post, told: Sequence[Coverage]) -> tuple[Coverage, ...]:
    """Those who tell the post's story and are neither the post itself nor the one that it is a copy of."""
    own = (post.path, post.leader.path if post.leader else None)
    return tuple(teller for teller in told if teller.path not in own)


def mention(post: Post) -> tuple[str, str] | None:
    """Where the page of the story stands that a post tells, and in a few words who tells it; None: it stands alone."""
    members = post.story_members
    if not post.story or not members:
        return None
    several = len({member.slug for member in members})
    told = f"{several} outlets on this story" if several > 1 else f"{len(members)} posts on this story"
    return story_page(post.story), told


def outlets(told: Sequence[Coverage]) -> tuple[Coverage, ...]:
    """The first post of each outlet, in the order given."""
    first: dict[str, Coverage] = {}
    for teller in told:
        first.setdefault(teller.slug, teller)
    return tuple(first.values())


@dataclass(frozen=True, slots=True)
class LeadImage:
    """The main picture: `path` relative to the root where it is our copy, else None; its size where that is known."""

    url: str
    path: str | None = None
    width: int | None = None
    height: int | None = None
    alt: str = ""


def article(post: Post, prefix: str) -> str:
    """The post's HTML, for a document from which `prefix` leads to the root of the output."""
    return images.shown(post.html, post.media, post.pictures, prefix)


def lead_image(post: Post, base: str) -> LeadImage | None:
    """The post's main picture, with its absolute address; None where there is none to show."""
    if post.media == "link":
        url = paths.shown(post.lead_image)
        return LeadImage(url, alt=post.lead_image_alt) if url else None
    picture = _held(post, post.lead_image)
    if picture is None or picture.path is None:
        return None
    return LeadImage(base + picture.path, picture.path, picture.width, picture.height, post.lead_image_alt)


def enclosure_file(post: Post, enclosure: Enclosure, base: str) -> Enclosure | None:
    """A file that comes with the post, or None where it is an image that is not to be shown (or not yet)."""
    if post.media == "link" or not images.is_image(enclosure.type, enclosure.url):
        return enclosure
    picture = _held(post, enclosure.url)
    if picture is None or picture.path is None:
        return None
    return replace(enclosure, url=base + picture.path, type=picture.type, length=picture.length)


def _held(post: Post, url: str | None) -> Picture | None:
    if post.media != "mirror" or not url:
        return None
    return next((picture for picture in post.pictures if url in (picture.url, public_url(picture.url))), None)


UNTITLED_CHARS = 80
"""A post without a title goes by the beginning of its text, at most this long."""
LINK_TYPES = "https://html.spec.whatwg.org/multipage/links.html#link-type-"
"""What HTML calls next and prev, as an address: a relation may be one (RFC 4287, section 4.2.7.2). The address that
IANA gives them would mean the plain word, of which the W3C validator warns."""
FOOTER = "<hr>"
"""What the footer begins with."""
STORY_POSTS = 5
"""Other posts of the same story under an entry."""
FILE_TYPES = {
    "aac": "audio/aac", "flac": "audio/flac", "m4a": "audio/mp4", "m4b": "audio/mp4", "mp3": "audio/mpeg",
    "oga": "audio/ogg", "ogg": "audio/ogg", "opus": "audio/ogg", "wav": "audio/wav",
    "avi": "video/x-msvideo", "m4v": "video/mp4", "mov": "video/quicktime", "mp4": "video/mp4", "webm": "video/webm",
    "avif": "image/avif", "gif": "image/gif", "jpeg": "image/jpeg", "jpg": "image/jpeg", "png": "image/png",
    "webp": "image/webp", "epub": "application/epub+zip", "pdf": "application/pdf", "zip": "application/zip",
}  # fmt: skip
"""What the ending of a file's name says where its feed gives no media type, or one that says nothing: players pass over
files without one. (Not the machine's own table, which another machine has otherwise.)"""
MOST_CATEGORIES = 50
"""Of its origin, on an entry."""
_SUFFIX = re.compile(r"(?i)(jr|sr|ii|iii|iv|ph\.?d|m\.?d|esq|cissp|msc|bsc|inc|llc|ltd|gmbh|co|corp|s\.?a|ag|plc)\.?")
_NAME = r"(?:[^\W\d_a-z]\S*(?: [^\W\d_a-z]\S*){1,3})"
_BOTH = re.compile(rf"({_NAME}) (?:and|&|und|et|y|e|og|och) ({_NAME})")
"""Two people in full, and not `Research and Analysis Team`."""
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_CODE, _LTR = re.compile(r"<(pre|code|kbd|samp)(?![^>]*\sdir=)"), r'<\1 dir="ltr"'
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Link:
    """A link with its title. `mirror_url` is our own copy's address, where there is one."""

    url: str
    title: str
    teaser: str = ""
    mirror_url: str | None = None

    @property
    def best(self) -> str:
        """Where a reader is sent: our copy, else the origin."""
        return self.mirror_url or self.url


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a feed document. Every text is valid, every URL absolute http(s) and free of credentials."""

    id: str
    sequence: int
    url: str
    mirror_url: str
    title: str
    authors: tuple[str, ...]
    stamp: datetime
    published: datetime
    updated: datetime
    language: str | None
    summary: str
    html: str
    tags: tuple[str, ...]
    image: LeadImage | None
    enclosures: tuple[Enclosure, ...]
    source_name: str
    source_title: str
    source_id: str
    source_home: str | None
    source_feed: str
    next: Link | None
    previous: Link | None
    also_in: tuple[Link, ...]
    story: str | None
    story_url: str | None
    story_members: tuple[Coverage, ...]
    relation: str = ""
    republish: Republish = "full"
    facts: tuple[PostFact, ...] = ()
    episode: Episode | None = None

    @property
    def author(self) -> str:
        """All authors in a line, the outlet once: `Jane Doe, John Roe (Threatpost)`."""
        outlet = f" ({self.source_name})"
        return ", ".join((*(one.removesuffix(outlet) for one in self.authors[:-1]), self.authors[-1]))

    @property
    def main_file(self) -> Enclosure | None:
        """The file that stands for the post where a format has room for one: what is to be heard, then seen."""
        kinds = ("audio/", "video/", "application/", "")
        return next((file for kind in kinds for file in self.enclosures if file.type.startswith(kind)), None)


def relation_of(site: Site) -> str:
    """What stands before `next` and `prev` as an entry's link relations (`site.neighbour_links`)."""
    return LINK_TYPES if site.neighbour_links == "iri" else ""


def view(post: Post, base: str, told: Sequence[Coverage] | None = None) -> Item:
    """`post`, whose texts are valid, for the feeds of the site at `base` (see addresses.base).

    `told`: all that tell its story (see Tellers), where they are at hand.
    """
    mirror_url = base + paths.quoted(post.path)
    source_feed = paths.shown_feed(post.source.feed_url) or base
    after, before = _neighbour(post.next, base), _neighbour(post.previous, base)
    also_in = _also_in(post)
    lead = lead_image(post, base)
    item = Item(
        id=post.id,
        sequence=post.sequence,
        url=paths.shown(post.url) or mirror_url,
        mirror_url=mirror_url,
        title=title_of(post),
        authors=authors_of(post),
        stamp=post.stamp,
        published=post.published,
        updated=updated(post),
        language=language_of(post.language),
        summary=line(post.summary),
        html="",
        tags=tags_of(post),
        image=lead,
        enclosures=files_of(post, base),
        source_name=post.source.name,
        source_title=line(post.source.title) or post.source.name,
        source_id=paths.iri(post.source.id) or source_feed,
        source_home=paths.shown(post.source.home_page_url),
        source_feed=source_feed,
        next=after,
        previous=before,
        also_in=also_in,
        story=post.story,
        story_url=base + story_page(post.story) if post.story and post.story_members else None,
        story_members=others(post, tellers(post, base) if told is None else told) if post.story else (),
        republish=post.republish,
        facts=post.facts,
        episode=post.episode,
    )
    return with_html(item, post, base)


def with_html(item: Item, post: Post, base: str) -> Item:
    """The item with its content: the article (or, without one, the summary) and the footer."""
    return replace(item, html=body(item, post, base) + intel.line(item.facts, base) + footer(item, post))


def body(item: Item, post: Post, base: str) -> str:
    """The article, or its summary where there is no more; where there may be no more, a link to the whole."""
    whole = f"<p>{_anchor(item.url, f'Read it at {item.source_name}')}</p>" if post.republish != "full" else ""
    shown = article(post, base) or summary_body(item) or pictures_body(item)
    return directed(shown, item.language) + whole


def directed(html: str, language: str | None) -> str:
    """Clean HTML as every reader shows it the right way round: what runs from right to left says so, code does not."""
    if not runs_rtl(html, language):
        return html
    return f'<div dir="rtl">{_CODE.sub(_LTR, html)}</div>'


def pictures_body(item: Item) -> str:
    """The pictures of a post that has no words, with what describes them."""
    shown = {item.image.url: item.image.alt} if item.image else {}
    for file in item.enclosures:
        if file.type.startswith("image/"):
            shown.setdefault(file.url, file.title)
    return "".join(f'<p><img src="{escape(url)}" alt="{escape(line(alt))}"></p>' for url, alt in shown.items())


def summary_body(item: Item) -> str:
    return f"<p>{escape(item.summary)}</p>" if item.summary else ""


def title_of(post: Post) -> str:
    """The title on one line; the beginning of the text where the origin gave none. Never empty."""
    title = line(post.title)
    if is_seen(title):
        return title
    start = line(post.summary)
    if not start:
        return "Untitled"
    return start if len(start) <= UNTITLED_CHARS else start[: UNTITLED_CHARS - 1].rsplit(" ", 1)[0] + "…"


def authors_of(post: Post) -> tuple[str, ...]:
    """`Jane Doe (Threatpost)`, each author so: readers do not show atom:source. Never empty."""
    outlet = post.source.name
    names = [name for name in names_in(line(post.author)) if name.casefold() != outlet.casefold()]
    return tuple(name if f"({outlet})" in name else f"{name} ({outlet})" for name in names) or (outlet,)


def names_in(author: str) -> list[str]:
    """The names in a line: three in `Jane Doe, John Roe and Ann Poe`; one in `Doe, Jane`, `Acme, Inc.`."""
    parts: list[str] = []
    for part in re.split(r"\s*[,;]\s+", author):
        if parts and (_SUFFIX.fullmatch(part) or (" " not in part and " " not in parts[-1])):
            parts[-1] += f", {part}"
        else:
            parts.append(part)
    last = _BOTH.fullmatch(parts[-1]) if parts else None
    if last:
        parts[-1:] = last.groups()
    return list(dict.fromkeys(name for name in (part.strip() for part in parts) if name))


def tags_of(post: Post) -> tuple[str, ...]:
    """What a post is filed under: by the operator first, then by its origin; each once, whatever its case."""
    found: dict[str, str] = {}
    for tag in map(line, (*post.tags, *post.categories[:MOST_CATEGORIES])):
        found.setdefault(tag.casefold(), tag)
    return tuple(tag for tag in found.values() if tag)


def updated(post: Post) -> datetime:
    """The later of stamp and last real change: unique in the output, and later than all that it showed before."""
    return post.stamp if post.revised is None else max(post.revised, post.stamp)


def language_of(language: str | None) -> str | None:
    """A language tag (BCP 47) as far as its form goes, or None."""
    return language if language and _LANGUAGE.fullmatch(language) else None


def rfc3339(moment: datetime) -> str:
    """`2019-07-30T17:16:29Z`, with the fraction only where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def footer(item: Item, post: Post) -> str:
    """What stands under the article in every reader: the source, who else has it, and the next post."""
    home = item.source_home or item.url
    lines = [f"Source: {_anchor(home, item.source_name)} · {_anchor(item.url, 'original post')}"]
    if item.mirror_url != item.url:
        lines[0] += f" · {_anchor(item.mirror_url, 'on the mirror')}"
    if post.attribution is not None:
        named = line(post.attribution.name) or "another outlet"
        url = paths.shown(post.attribution.url)
        lines.append(f"Originally from: {_anchor(url, named) if url else escape(named)}")
    if item.also_in:
        lines.append("Also in: " + ", ".join(_anchor(other.url, other.title) for other in item.also_in))
    if item.story_url is not None:
        told = ", ".join(
            _anchor(other.url or other.mirror_url, f"{other.title} ({other.name})")
            for other in item.story_members[:STORY_POSTS]
        )
        lines.append(f"{_anchor(item.story_url, 'More on this story')}: {told}")
    if item.next is not None:
        led = post.next is not None and post.next.named  # else its words have nothing to do with this post
        teaser = f"<br>{escape(item.next.teaser)}" if item.next.teaser and led else ""
        lines.append(f"<strong>Next post:</strong> {_anchor(item.next.best, item.next.title)}{teaser}")
    return FOOTER + "".join(f"<p>{part}</p>" for part in lines)


def _anchor(url: str, words: str) -> str:
    return f'<a href="{escape(url)}">{escape(words)}</a>'


def _neighbour(link: PostLink | None, base: str) -> Link | None:
    if link is None:
        return None
    mirror_url = base + paths.quoted(link.path) if link.path else None
    url = paths.shown(link.url) or mirror_url
    if url is None:
        return None
    return Link(url, line(link.title) or url, line(link.teaser), mirror_url)


def files_of(post: Post, base: str) -> tuple[Enclosure, ...]:
    """The enclosures that have a usable address, each with a media type (RFC 6838) or none, and no absurd length."""
    found = []
    for given in post.enclosures:
        file = enclosure_file(post, given, base)
        url = paths.shown(file.url) if file else None
        if file and url:
            kind = file.type.strip().lower()
            length = file.length if file.length is not None and file.length >= 0 else None
            if not _MEDIA_TYPE.fullmatch(kind) or kind.endswith("/octet-stream"):
                kind = FILE_TYPES.get(urlsplit(url).path.rpartition(".")[2].lower(), "")
            found.append(Enclosure(url, kind, length, file.duration, line(file.title)))
    return tuple(found)


def _also_in(post: Post) -> tuple[Link, ...]:
    found: list[Link] = []
    for other in (*((post.leader,) if post.leader else ()), *post.also_in):
        url = paths.shown(other.url)
        if url and all(url != known.url for known in found):
            found.append(Link(url, line(other.name) or host_of(url)))
    return tuple(found)


Shown = tuple[Revision, list[tuple[Piece, ...]]]


def history_page(path: str) -> str:
    """Where the changes of the post at `path` stand: `posts/2019/07/title-1a2b3c4d-history.html`."""
    return path.removesuffix(".html") + "-history.html"


def shown(post: Post) -> list[Shown]:
    """Each change, newest first, as passages; the title is the first of them where that has changed."""
    return [(revision, list(_passages(revision))) for revision in post.revisions]


def _passages(revision: Revision) -> Iterator[tuple[Piece, ...]]:
    if revision.title_before != revision.title:
        yield words_of(revision.title_before, revision.title)
    yield from (passage.pieces for passage in changes(revision.text_before, revision.text))

"""The mirror: pages a person reads, from the templates beside this module.

Pages need no script, carry no inline style, link to one another relatively, and escape everything but the articles'
HTML, which is clean when it comes. All words of the interface are English, so the pages say `lang="en"` and each
article its own language.

What lists and pages of the mirror show of other posts: cards, neighbours, other outlets. Values, not markup.

The templates beside this module, and the article's HTML as it fits into them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from aggregator.config.settings import Output, Site
from aggregator.emit import intel, item, outputs, paths
from aggregator.emit.days import DayRow
from aggregator.emit.feed import OutputFeed
from aggregator.emit.formats import EXTENSIONS
from aggregator.models import Carried, OutputEntry, Post, PostLink, Source
from aggregator.text import published, wording
from aggregator.text.storable import shortened
from aggregator.text.urls import host_of

TEASER_CHARS = 220
"""How much of a summary a list shows."""


@dataclass(frozen=True, slots=True)
class Card:
    """A post in a list. `story`: the page of the story that it tells, and what the link to it says."""

    path: str
    title: str
    source: str
    source_path: str | None
    when: datetime
    teaser: str = ""
    language: str | None = None
    note: str = ""
    adds: tuple[str, ...] = ()
    story: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """A neighbour under an article: `href` leads to our page when we hold it, else to the origin."""

    href: str
    title: str
    teaser: str
    held: bool


def by_day(cards: Iterable[Card]) -> list[tuple[date, list[Card]]]:
    return [(when, list(group)) for when, group in groupby(cards, key=lambda card: wording.utc_date(card.when))]


def around(link: PostLink | None, root: str) -> Around | None:
    if link is None:
        return None
    url = paths.shown(link.url)
    href = root + paths.quoted(link.path) if link.path else url
    if href is None:
        return None
    return Around(href, published.line(link.title) or url or href, published.line(link.teaser), bool(link.path))


def elsewhere(post: Post, root: str) -> list[tuple[str, str, str | None]]:
    """(outlet, its URL, our page of it if we have one) for each other outlet that carries the article."""
    found: list[tuple[str, str, str | None]] = []
    leader = post.leader.url if post.leader else None
    for other in post.also_in:
        url = paths.shown(other.url)
        if url and other.url != leader:
            held = root + paths.quoted(other.path) if other.path else None
            found.append((published.line(other.name) or host_of(url), url, held))
    return found


def leader_of(post: Post, root: str) -> tuple[str, str] | None:
    if post.leader is None:
        return None
    href = root + paths.quoted(post.leader.path) if post.leader.path else paths.shown(post.leader.url)
    return (published.line(post.leader.name) or "Another outlet", href) if href else None


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
        "iso": item.rfc3339,
        "day": wording.day,
        "weekday": wording.weekday,
        "clock": wording.clock,
        "month": wording.month,
        "month_name": wording.month_name,
        "quoted": paths.quoted,
        "lang": _lang,
        "teaser": lambda summary: shortened(published.line(summary), TEASER_CHARS),
    }
    environment.filters.update(filters)
    environment.globals.update(extensions=EXTENSIONS, media_types=MEDIA_TYPES, feed_names=FEED_NAMES)
    return environment


WORDS_A_MINUTE = 230
"""Silent reading of English non-fiction: 238 words a minute (Brysbaert 2019), a little less for technical text."""
STORY_POSTS = 8
"""Other posts of the same story under an article; the story's own page has them all."""


class Mirror:
    """Renders pages of one site; `slugs` says which tags have a page, `sources` which outlets."""

    def __init__(
        self, site: Site, sources: Sequence[Source], slugs: dict[str, str], own: Sequence[Output] = ()
    ) -> None:
        self.site = site
        self.base = paths.base(site.base_url)
        self.sources = {source.slug: source for source in sources}
        self.slugs = slugs
        self.outputs = [(one.title or one.name, f"outputs/{one.name}.html") for one in own]

    def post(self, post: Post) -> bytes:
        """The page of one post."""
        root = paths.to_root(post.path)
        return self._page(
            "post.html",
            post.path,
            post=post,
            title=item.title_of(post),
            url=paths.shown(post.url),
            author=published.line(post.author),
            source=post.source,
            source_home=paths.shown(post.source.home_page_url),
            source_feed=paths.shown_feed(post.source.feed_url),
            language=item.language_of(post.language),
            minutes=max(1, round(post.word_count / WORDS_A_MINUTE)) if post.word_count else None,
            article=Markup(fitted(item.article(post, root))),  # noqa: S704  clean by contract (models.Post)
            lead=item.lead_image(post, self.base),
            tags=[(tag, self._tag_href(tag, root)) for tag in post.tags],
            attribution=post.attribution,
            attribution_url=paths.shown(post.attribution.url) if post.attribution else None,
            elsewhere=elsewhere(post, root),
            leader=leader_of(post, root),
            facts=intel.box(post, root),
            others=[self._teller_card(teller, "") for teller in item.others(post)[:STORY_POSTS]],
            story_page=item.story_page(post.story) if post.story else "",
            history=root + paths.quoted(item.history_page(post.path)) if post.revisions else "",
            next=around(post.next, root),
            previous=around(post.previous, root),
            files=[(file.url, file.url.rpartition("/")[2] or file.url) for file in item.files_of(post, self.base)],
        )

    def edits(self, post: Post) -> bytes:
        """What its outlet has changed in a post since we hold it, as `del` and `ins`."""
        return self._page(
            "history.html",
            item.history_page(post.path),
            post=post,
            title=item.title_of(post),
            source=post.source,
            language=item.language_of(post.language),
            edits=item.shown(post),
        )

    def notice(self, post: Post) -> bytes:
        """What stands in the place of a post that was withdrawn."""
        assert post.withdrawn is not None
        reason = published.line(post.withdrawn.reason)
        return self._page("withdrawn.html", post.path, source=post.source, at=post.withdrawn.at, reason=reason)

    def story(self, post: Post, story: str, added: Mapping[str, tuple[str, ...]]) -> bytes:
        """The page of the story that a post tells: by day, from its beginning, how each post begins and what it adds.

        `added`: see models.Archive.
        """
        told = item.tellers(post)
        notes = [_told_note(one, first=number == 0) for number, one in enumerate(told)]
        cards = [
            replace(self._teller_card(one, note, teaser=True), adds=added.get(one.path, ()))
            for one, note in zip(told, notes, strict=True)
        ]
        outlets = item.outlets(told)
        page = item.story_page(story)
        return self._page("story.html", page, first=told[0], outlets=outlets, days=by_day(cards))

    def moved_story(self, former: str, post: Post, story: str) -> bytes:
        """What stands in the place of a story that turned out to be part of the one that this post tells."""
        first, target = item.tellers(post)[0], item.story_page(story)
        return self._page("story-moved.html", item.story_page(former), first=first, target=target)

    def index(self, feed: OutputFeed, posts: Iterable[Post], months: Mapping[str, int]) -> bytes:
        """The front page: the newest posts, by the day they were published."""
        cards = sorted((self.card(post) for post in posts), key=lambda card: wording.utc_date(card.when), reverse=True)
        return self._page(
            "index.html",
            "index.html",
            feed=feed,
            days=by_day(cards),
            months=list(months.items())[:12],
            outputs=self.outputs,
        )

    def tag(self, feed: OutputFeed, tag: str, posts: Iterable[Post]) -> bytes:
        cards = [self.card(post) for post in posts]
        return self._page("tag.html", feed.home, feed=feed, tag=tag, posts=cards, sources=self._tagged(tag))

    def output(self, feed: OutputFeed, one: Output, entries: Iterable[OutputEntry]) -> bytes:
        """An output of the operator: what it asks for, and its entries."""
        cards = [self._entry_card(entry.post) if one.group == "story" else self.card(entry.post) for entry in entries]
        asked = outputs.conditions(one)
        return self._page("output.html", feed.home, feed=feed, name=one.title or one.name, asked=asked, posts=cards)

    def source(self, feed: OutputFeed, source: Source, posts: Iterable[Post]) -> bytes:
        return self._page(
            "source.html",
            feed.home,
            feed=feed,
            source=source,
            source_home=paths.shown(source.home_page_url),
            home_name=_home_name(source),
            source_feed=paths.shown_feed(source.feed_url),
            tags=self._tags_of(source),
            posts=[self.card(post, of=source.slug) for post in posts],
        )

    def source_list(self, carried: Mapping[str, Carried]) -> bytes:
        """Every source, with what it carries, and every tag."""
        none = Carried(0, None)
        rows = [
            (
                source,
                paths.shown(source.home_page_url),
                _home_name(source),
                paths.shown_feed(source.feed_url),
                carried.get(source.slug, none).posts,
                carried.get(source.slug, none).newest,
                self._tags_of(source),
            )
            for source in self.sources.values()
        ]
        tags = [(tag, f"tags/{slug}.html") for tag, slug in sorted(self.slugs.items())]
        return self._page("sources.html", "sources.html", rows=rows, tags=tags, outputs=self.outputs)

    def month(self, month: str, rows: Iterable[DayRow]) -> bytes:
        """One month of the archive: a line a post."""
        cards = [self._row_card(row) for row in rows]
        return self._page("month.html", f"archive/{month}.html", month=month, days=by_day(cards), total=len(cards))

    def busy_month(self, month: str, days: Mapping[str, int]) -> bytes:
        """A month with too many posts for one page: its days."""
        listed = [(day, date.fromisoformat(day), count) for day, count in days.items() if count]
        total = sum(days.values())
        return self._page("busy-month.html", f"archive/{month}.html", month=month, days=listed, total=total)

    def day(self, day: str, rows: Iterable[DayRow]) -> bytes:
        """One day of such a month."""
        cards = [self._row_card(row) for row in rows]
        when = date.fromisoformat(day)
        return self._page("day.html", f"archive/{day}.html", date=when, month=day[:-3], posts=cards)

    def month_list(self, months: Mapping[str, int]) -> bytes:
        years = [(year, list(group)) for year, group in groupby(months.items(), key=lambda pair: pair[0][:-3])]
        return self._page("archive.html", "archive/index.html", years=years)

    def card(self, post: Post, of: str = "") -> Card:
        """A post as a list shows it; in the list `of` a source, only other sources are named."""
        return Card(
            path=post.path,
            title=item.title_of(post),
            source=post.source.name if post.source.slug != of else "",
            source_path=self._source_path(post.source.slug),
            when=post.published,
            teaser=shortened(published.line(post.summary), TEASER_CHARS),
            language=item.language_of(post.language),
            note=f"also in {published.line(post.leader.name)}" if post.hidden and post.leader else "",
            story=item.mention(post),
        )

    def _entry_card(self, post: Post) -> Card:
        """A post that stands for its story: who else tells it; it leads to the story's page."""
        told = item.tellers(post) if post.story else ()
        outlets = len(item.outlets(told))
        note = f"told by {len(told)} posts, {outlets} outlet{'s' * (outlets != 1)}" if told else ""
        return replace(self.card(post), path=outputs.story_page(post), note=note, story=None)

    def _teller_card(self, teller: item.Coverage, note: str, *, teaser: bool = False) -> Card:
        return Card(
            path=teller.path,
            title=teller.title,
            source=teller.name,
            source_path=self._source_path(teller.slug),
            when=teller.published,
            teaser=shortened(teller.teaser, TEASER_CHARS) if teaser else "",
            language=item.language_of(teller.language),
            note=note,
        )

    def _row_card(self, row: DayRow) -> Card:
        source = self.sources.get(row.source)
        name = source.name if source else row.source
        return Card(row.path, row.title, name, self._source_path(row.source), row.when, language=row.language)

    def _page(self, template: str, path: str, **values: Any) -> bytes:
        root = paths.to_root(path)
        page = (
            environment().get_template(template).render(path=path, root=root, site=self.site, base=self.base, **values)
        )
        return (page + "\n").encode()

    def _source_path(self, slug: str) -> str | None:
        return f"sources/{slug}.html" if slug in self.sources else None

    def _tags_of(self, source: Source) -> list[tuple[str, str | None]]:
        return [(tag, self._tag_path(tag)) for tag in source.tags]

    def _tag_path(self, tag: str) -> str | None:
        return f"tags/{self.slugs[tag]}.html" if tag in self.slugs else None

    def _tag_href(self, tag: str, root: str) -> str | None:
        path = self._tag_path(tag)
        return root + path if path else None

    def _tagged(self, tag: str) -> list[Source]:
        return [source for source in self.sources.values() if tag in source.tags]


def _home_name(source: Source) -> str:
    """What the link to a source's home page says: its own title where that is another name, else the host."""
    title = published.line(source.title)
    if title and title.casefold() != source.name.casefold():
        return title
    return host_of(source.home_page_url or "") or source.name


def _told_note(teller: item.Coverage, *, first: bool) -> str:
    """What is to be said beside a post of a story: that it was first, and who else carries its text."""
    carried = f"also in {', '.join(teller.also_in)}" if teller.also_in else ""
    return " · ".join(part for part in ("first to tell" if first else "", carried) if part)

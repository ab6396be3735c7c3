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
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from aggregator.config.settings import Output, Site
from aggregator.emit import intel, item, outputs, paths
from aggregator.emit.days import DayRow
from aggregator.emit.feed import OutputFeed
from aggregator.emit.formats import EXTENSIONS
from aggregator.models import Carried, Enclosure, OutputEntry, Post, PostLink, Source
from aggregator.text import published, wording
from aggregator.text.storable import shortened
from aggregator.text.urls import host_of

TEASER_CHARS = 220
"""How much of a summary a list shows."""


@dataclass(frozen=True, slots=True)
class Card:
    """A post in a list. `story`: the page of the story that it tells, and what the link to it says.

    `others`: (outlet, path) of those that report the same, where the card stands for all of them.
    """

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
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Around:
    """A neighbour under an article: `href` leads to our page when we hold it, else to the origin."""

    href: str
    title: str
    teaser: str
    held: bool


def by_day(cards: Iterable[Card]) -> list[tuple[date, list[Card]]]:
    return [(when, list(group)) for when, group in groupby(cards, key=lambda card: wording.utc_date(card.when))]


def folded(cards: Iterable[tuple[Card, int]]) -> list[tuple[date, list[Card]]]:
    """A card a story, by day, newest first; each card comes with the number of its words.

    The longest report of a story's newest day stands for it; single posts stand for themselves.
    """
    stories: dict[str, list[tuple[Card, int]]] = {}
    for card, words in sorted(cards, key=lambda pair: pair[0].when, reverse=True):
        stories.setdefault(card.story[0] if card.story else card.path, []).append((card, words))
    found: list[tuple[date, Card]] = []
    for members in stories.values():
        day = wording.utc_date(members[0][0].when)
        best, _ = max((pair for pair in members if wording.utc_date(pair[0].when) == day), key=lambda pair: pair[1])
        others = {card.source: card.path for card, _ in members if card is not best and card.source != best.source}
        found.append((day, replace(best, others=tuple(others.items()))))
    return [(day, [card for _, card in group]) for day, group in groupby(found, key=lambda pair: pair[0])]


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
FAVICON = "favicon.ico"
ASSETS = ("style.css", "feed.css", "keys.js", "icon.svg", "icon.png", "icon-64.png", FAVICON)
MEDIA_TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}
FEED_NAMES = {"atom": "Atom", "rss": "RSS", "json": "JSON Feed"}
_FITTED = re.compile(r"""(</?)h1(?=[ >])|(<(?:pre|table))(?=[ >])|<(?:"[^"]*"|[^">])*>""")


def fitted(article: str) -> str:
    """Clean HTML as it fits into a page: one h1 a page, and what may scroll sideways takes the keyboard's focus.

    (WCAG 2.2, 2.1.1.) Tags are matched as a whole, quoted attributes included: a `<pre>` in an `alt` text is no tag.
    """
    return _FITTED.sub(_fit, article)


def _fit(tag: re.Match[str]) -> str:
    if tag[1]:
        return f"{tag[1]}h2"
    return f'{tag[2]} tabindex="0"' if tag[2] else tag[0]


def asset(name: str) -> bytes:
    """A stylesheet, the script for the keyboard, or an icon."""
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
FRONT_SPAN = timedelta(hours=36)
FRONT_POSTS = 20
"""What the front page shows: a day and a half, or so many posts where that is less."""
FRONT_DAYS = 7
"""Days before that which it names."""
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
        self._tellers = item.Tellers("")
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
            author=", ".join(item.names_in(published.line(post.author))),
            source=post.source,
            source_home=paths.shown(post.source.home_page_url),
            source_feed=paths.shown_feed(post.source.feed_url),
            language=item.language_of(post.language),
            minutes=max(1, round(post.word_count / WORDS_A_MINUTE)) if post.word_count else None,
            article=Markup(fitted(item.article(post, root))),  # noqa: S704  clean by contract (models.Post)
            lead=item.lead_image(post, self.base),
            tags=[(tag, self._tag_href(tag, root)) for tag in item.tags_of(post)],
            attribution=post.attribution,
            attribution_url=paths.shown(post.attribution.url) if post.attribution else None,
            elsewhere=elsewhere(post, root),
            leader=leader_of(post, root),
            facts=intel.box(post, root),
            others=[self._teller_card(teller, "") for teller in item.others(post, self._tellers(post))[:STORY_POSTS]],
            story_page=item.story_page(post.story) if post.story else "",
            history=root + paths.quoted(item.history_page(post.path)) if post.revisions else "",
            next=around(post.next, root),
            previous=around(post.previous, root),
            files=[(file.url, _file_words(file)) for file in item.files_of(post, self.base)],
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
            replace(self._teller_card(one, note, teaser=True), adds=tuple(map(published.line, added.get(one.path, ()))))
            for one, note in zip(told, notes, strict=True)
        ]
        outlets = item.outlets(told)
        page = item.story_page(story)
        return self._page("story.html", page, first=told[0], outlets=outlets, days=by_day(cards))

    def moved_story(self, former: str, post: Post, story: str) -> bytes:
        """What stands in the place of a story that turned out to be part of the one that this post tells."""
        first, target = item.tellers(post)[0], item.story_page(story)
        return self._page("story-moved.html", item.story_page(former), first=first, target=target)

    def index(
        self, feed: OutputFeed, posts: Sequence[Post], months: Mapping[str, int], counts: Mapping[str, int]
    ) -> bytes:
        """The front page: the last day and a half, a card a story; then the days before.

        `posts`: the newest, in the order of going out; what is older than that among them is found late, and is there
        too as long as the page is short.
        """
        newest = max((post.published for post in posts), default=None)
        by_date = sorted(posts, key=lambda post: post.published, reverse=True)
        recent = [post for post in by_date if newest is not None and newest - post.published <= FRONT_SPAN]
        shown = by_date[: max(len(recent), FRONT_POSTS)]
        days = folded((self.card(post), post.word_count) for post in shown)
        last = days[-1][0] if days else None
        earlier = [(date.fromisoformat(day), count) for day, count in counts.items() if count]
        return self._page(
            "index.html",
            "index.html",
            feed=feed,
            days=days,
            earlier=[(day, count) for day, count in earlier if last is not None and day <= last][:FRONT_DAYS],
            sources=len(self.sources),
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

    def subscribe(self) -> bytes:
        """How to follow the site: every feed that there is, and which format suits what."""
        groups = [
            ("Outputs", [(name, page.removesuffix(".html")) for name, page in self.outputs]),
            ("By tag", [(tag, f"tags/{slug}") for tag, slug in sorted(self.slugs.items())]),
            ("By source", [(source.name, f"sources/{source.slug}") for source in self.sources.values()]),
        ]
        return self._page("feed.html", "feed.html", groups=[(title, feeds) for title, feeds in groups if feeds])

    def month(self, month: str, rows: Iterable[DayRow]) -> bytes:
        """One month of the archive: a line a post."""
        cards = [replace(self._row_card(row), teaser="", story=None) for row in rows]
        return self._page("month.html", f"archive/{month}.html", month=month, days=by_day(cards), total=len(cards))

    def busy_month(self, month: str, days: Mapping[str, int]) -> bytes:
        """A month with too many posts for one page: its days."""
        listed = [(day, date.fromisoformat(day), count) for day, count in days.items() if count]
        total = sum(days.values())
        return self._page("busy-month.html", f"archive/{month}.html", month=month, days=listed, total=total)

    def day(self, day: str, rows: Sequence[DayRow], later: str, earlier: str) -> bytes:
        """One day: a card a story, and the days `later` and `earlier` (empty: there is none)."""
        found = folded((self._row_card(row), row.words) for row in rows)
        return self._page(
            "day.html",
            f"archive/{day}.html",
            date=date.fromisoformat(day),
            month=day[:-3],
            posts=[card for _, cards in found for card in cards],
            total=len(rows),
            around=[(name, date.fromisoformat(one)) for name, one in (("prev", earlier), ("next", later)) if one],
        )

    def story_list(self, rows: Iterable[DayRow]) -> bytes:
        """The stories of these posts, newest first, by the day of their newest report."""
        days = folded((self._row_card(row), row.words) for row in rows)
        return self._page("stories.html", "stories/index.html", days=days, total=sum(len(cards) for _, cards in days))

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
        return Card(
            path=row.path,
            title=row.title,
            source=name,
            source_path=self._source_path(row.source),
            when=row.when,
            teaser=row.teaser,
            language=row.language,
            story=(row.story, row.told) if row.story else None,
        )

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


def _file_words(file: Enclosure) -> str:
    """`talk.mp3 (32 min, 24 MB)`."""
    name = file.title or urlsplit(file.url).path.rpartition("/")[2] or file.url
    details = [
        f"{round(file.duration / 60)} min" if file.duration and file.duration >= 60 else "",
        f"{file.length / 1e6:.{0 if file.length >= 1e7 else 1}f} MB" if file.length and file.length >= 1e5 else "",
    ]
    told = ", ".join(filter(None, details))
    return f"{name} ({told})" if told else name


def _told_note(teller: item.Coverage, *, first: bool) -> str:
    """What is to be said beside a post of a story: that it was first, and who else carries its text."""
    carried = f"also in {', '.join(teller.also_in)}" if teller.also_in else ""
    return " · ".join(part for part in ("first report" if first else "", carried) if part)

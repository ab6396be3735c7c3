"""`aggregator add`: the feed behind a URL is found and shown, and written to feeds.yaml when that is what was meant.

The feeds behind a site's URL, and one of its articles, for `add` and `init`: politely, and leaving no trace.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from aggregator.cli.app import Here, app, here, iso, say
from aggregator.cli.inspect import fetching
from aggregator.models.errors import ConfigError, FetchError, ParseError, StageError
from aggregator.text.urls import free_name, http_url, redact, title_as_name, web_address

if TYPE_CHECKING:
    from aggregator.config.settings import Config, Feed, Network
    from aggregator.fetch import Fetcher
    from aggregator.models import ParsedFeed, Response
    from aggregator.pipeline.workers import Workers
    from aggregator.poll.discovery import FeedLink

MORE = 5
"""Further feeds of a page that are named when there is no prompt."""

NEWEST = 3
"""Entries that are shown of a feed."""

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't prompt (implied when not on a terminal).")]


@app.command()
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="A feed, or a site whose page names its feed.")],
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the feed (default: its title).")] = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="TAG", help="A tag; repeatable.")] = None,
    yes: Yes = False,
) -> None:
    """Add a feed to feeds.yaml: find the feed behind a site's URL, show its posts, and ask before writing."""
    from aggregator.config import add_feeds, as_yaml

    place = here(context)
    config = place.config if place.config_path.exists() else None
    asks = asking() and not yes
    with finder(place) as looking:
        found = chosen(looking, url, asks=asks)
        if config:
            _refuse_known(config, found.url, str(place.config_path))
        show(found, looking.sample(found.feed))
    feed = feed_of(found, name, tag or (), {known.name for known in config.feeds if known.name} if config else set())
    for note in _new_tags(config, feed.tags):
        say(note)
    say(f"\nFor {place.config_path}:\n{as_yaml(feed.model_copy(update={'url': redact(feed.url)}))}")
    if asks and not typer.confirm("Write it?", default=True, err=True):
        say("nothing was written")
        raise typer.Exit(1)
    add_feeds(place.config_path, [feed], os.environ)
    say(f"added to {place.config_path}: {redact(found.url)}")


def asking() -> bool:
    """Whether a prompt can be answered."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def chosen(looking: Finder, url: str, *, asks: bool) -> DiscoveredFeed:
    """The feed behind `url`; of several the one that is chosen, or the first when there is no prompt.

    Raises FetchError or ParseError when there is none.
    """
    say(f"looking for the feed behind {redact(url)} ...")
    feeds = looking.feeds(url)
    try:
        first = next(feeds)
    except FetchError:
        if "://" not in url:
            say(f"https:// was tried; where the site has none, write http://{url}")
        raise
    if not asks:
        more = [link for link in looking.named if link.url != first.url]
        if more:
            say(f"taken: {redact(first.url)}. The page names {len(more)} more, which `aggregator add` takes, too:")
        for link in more[:MORE]:
            say(f"  {redact(link.url)}  {link.title}")
        return first
    if not (others := list(feeds)):
        return first
    every = [first, *others]
    say(f"{len(every)} feeds are there:")
    for number, found in enumerate(every, 1):
        entries = f"{len(found.feed.entries)} entries"
        say(f"  {number}  {found.feed.title or 'without a title'} ({_kind(found)}, {entries})  {redact(found.url)}")
    while not 1 <= (wanted := typer.prompt("Which one?", default=1, type=int, err=True)) <= len(every):
        say(f"a number from 1 to {len(every)}")
    return every[int(wanted) - 1]


def feed_of(found: DiscoveredFeed, name: str | None, tags: Sequence[str], taken: Collection[str] = ()) -> Feed:
    """What is written for it. ConfigError where a name or a tag is none, or the given name is another feed's (`taken`).

    A title that another feed has as its name gets its site's name, which is said.
    """
    from pydantic import ValidationError

    from aggregator.config.document import expectation, where
    from aggregator.config.settings import Feed

    given = title_as_name(name or found.feed.title)
    free = free_name(given, found.url, taken)
    if name and free != given:
        raise ConfigError((f"--name: another feed is called `{given}`; choose another name",))
    if free != given:
        say(f"note: another feed is called `{given}`; this one is called `{free}` (--name gives it another name)")
    try:
        return Feed(url=found.url, name=free or None, tags=tuple(tags))
    except ValidationError as error:
        raise ConfigError(
            tuple(f"{where(one['loc'])}: found `{one['input']}`; expected {expectation(one)}" for one in error.errors())
        ) from None


def show(found: DiscoveredFeed, sample: FeedSample | None) -> None:
    """What would be stored of it."""
    for line in _lines(found, sample):
        say(line)


def _lines(found: DiscoveredFeed, sample: FeedSample | None) -> Iterator[str]:
    feed = found.feed
    yield f"\n{feed.title or 'A feed without a title'}"
    yield f"   feed         {redact(found.url)} ({_kind(found)}, {len(feed.entries)} entries)"
    for note in feed.problems:
        yield f"   note         {note}"
    yield f"   full text    {_full_text(found)}"
    if sample:
        yield f"   one article  {sample.robots}; {sample.page}"
    newest = sorted(feed.entries, key=lambda entry: iso(entry.published) or "", reverse=True)[:NEWEST]
    for number, entry in enumerate(newest):
        date = (iso(entry.published) or "no date   ")[:10]
        yield f"   {'' if number else 'newest':<12} {date}  {entry.title[:90]}"


def _kind(found: DiscoveredFeed) -> str:
    return found.feed.format or "a feed"


def _full_text(found: DiscoveredFeed) -> str:
    if not found.feed.entries:
        return "not known: it has no entries"
    return "in the feed" if found.full_text else "not in the feed: it comes from the articles' pages"


def _refuse_known(config: Config, url: str, where: str) -> None:
    from aggregator.config import feed_name

    if config.is_own_output(url):
        raise ConfigError((f"{redact(url)} is this program's own output; a feed of it would repeat itself",))
    for feed in config.feeds:
        if feed.url == url:
            raise ConfigError((f"{where}: {redact(url)} is already there as `{feed_name(feed)}`",))


def _new_tags(config: Config | None, tags: Sequence[str]) -> Iterator[str]:
    """A word on tags that look like others."""
    known = sorted({tag for feed in config.feeds for tag in feed.tags}) if config else []
    for tag in tags:
        near = difflib.get_close_matches(tag, known, 1, 0.7) if tag not in known else []
        if near:
            yield f"note: no feed has the tag `{tag}` yet; did you mean `{near[0]}`?"


MAX_STATED = 5
"""Feeds that a page names and that are looked at; a blog has two or three, a newspaper hundreds."""


@dataclass(frozen=True, slots=True)
class DiscoveredFeed:
    """A feed that answers: its URL, and what it holds."""

    url: str
    feed: ParsedFeed

    @property
    def about_comments(self) -> bool:
        """Whether it is a feed of comments: by its words, or because its entries lead to places below posts."""
        from aggregator.poll.discovery import is_about_comments

        if is_about_comments(self.feed.title, self.url):
            return True
        places = [urlsplit(entry.url or "").fragment for entry in self.feed.entries]
        return sum(place.lower().startswith(("comment", "c", "reply")) for place in places) * 2 > max(len(places), 1)

    @property
    def full_text(self) -> bool:
        """Whether most entries carry enough text to stand for their article."""
        from aggregator.pipeline.parsing import has_full_text

        entries = self.feed.entries
        return sum(has_full_text(entry.html) for entry in entries) * 2 > len(entries)


@dataclass(frozen=True, slots=True)
class FeedSample:
    """One article as a round would get it: what robots.txt says, and what its page gave, in words."""

    url: str
    robots: str
    page: str


@dataclass(frozen=True, slots=True)
class Finder:
    """One fetcher for all requests, so that a host's spacing is kept between them; and a worker for what they give."""

    fetcher: Fetcher
    workers: Workers
    named: list[FeedLink] = field(default_factory=list)

    def feeds(self, url: str) -> Iterator[DiscoveredFeed]:
        """The feed at `url`, or behind it where everybody knows; else those that the page there names; else the first
        where feeds usually are.

        One after the other, each when it is asked for; `named` are then those that the page names. Raises FetchError
        when nothing answers at `url`, ParseError when
        there is no feed.
        """
        from aggregator.poll.discovery import known_feed

        wanted = web_address(url)
        start = http_url(wanted if "://" in wanted else f"https://{wanted}", userinfo=True)
        if not start:
            raise ParseError(url, "is not an http(s) URL")
        known = known_feed(start)
        if known and (behind := next(self._good([known]), None)):
            yield behind
            return
        page = self._fetch(start)
        try:
            yield DiscoveredFeed(start, self._parse(page))
        except ParseError as error:
            not_a_feed = error
        else:
            return
        links = self._links(page)
        asked = {start, page.url}
        self.named.extend(link for link in links if link.stated)
        stated = [link.url for link in self.named][:MAX_STATED]
        likely = [link.url for link in links if not link.stated]
        found = list(islice(self._behind(stated, asked), 1)) or list(islice(self._behind(likely, asked, lists=2), 1))
        if not found:
            raise not_a_feed
        rest = (one for one in self._behind(stated, asked) if one.url != found[0].url)
        if not found[0].about_comments:
            yield found[0]
            yield from rest
        else:
            yield from sorted([*found, *rest], key=lambda one: one.about_comments)

    def _links(self, page: Response) -> tuple[FeedLink, ...]:
        from aggregator import poll
        from aggregator.pipeline.feeds import PARSE_TIMEOUT_S

        links: tuple[FeedLink, ...] = self.workers.call(
            poll.discover,
            page.body,
            page.url,
            page.content_type,
            page.headers.get("link", ""),
            timeout_s=PARSE_TIMEOUT_S,
        )
        return links

    def _behind(self, urls: list[str], asked: set[str], *, lists: int = MAX_STATED) -> Iterator[DiscoveredFeed]:
        """The feeds at these addresses, as they are asked for; `asked` are those that were asked already, and become.

        What is named as a feed may be a page that lists feeds: `lists` of those are read, and what they name is tried.
        """
        for url in urls:
            if url in asked:
                continue
            asked.add(url)
            try:
                page = self._fetch(url)
            except FetchError:
                continue
            try:
                yield DiscoveredFeed(url, self._parse(page))
            except ParseError:
                if lists > 0:
                    lists -= 1
                    listed = [link.url for link in self._links(page) if link.stated or link.title][:MAX_STATED]
                    yield from self._behind(listed, asked, lists=0)

    def _good(self, urls: list[str]) -> Iterator[DiscoveredFeed]:
        return self._behind(urls, set(), lists=0)

    def sample(self, feed: ParsedFeed) -> FeedSample | None:
        """The feed's newest article that has a page, fetched as a round would fetch it; None: it has none."""
        from aggregator.models import Request

        entry = next((entry for entry in feed.entries if entry.url), None)
        if entry is None or entry.url is None:
            return None
        seen = self.fetcher.explain(Request(entry.url, robots=True))
        robots = seen.robots or "robots.txt was not asked"
        if seen.response is None:
            return FeedSample(entry.url, robots, f"no page: {seen.error}")
        return FeedSample(entry.url, robots, self._read(seen.response, entry.title))

    def _read(self, response: Response, title: str) -> str:
        from aggregator.models import PageKind
        from aggregator.pipeline.articles import SCRAPE_TIMEOUT_S
        from aggregator.pipeline.parsing import PageInput, read_page
        from aggregator.scrape import Hint

        page = PageInput(response.body, response.url, response.content_type, Hint(title))
        try:
            article = self.workers.call(read_page, page, timeout_s=SCRAPE_TIMEOUT_S).article
        except StageError as error:
            return f"no article: {error.message}"
        if article.kind is not PageKind.ARTICLE:
            return f"no article ({article.kind.value})"
        return f"{article.word_count:,} words of text"

    def _fetch(self, url: str) -> Response:
        from aggregator.models import Request
        from aggregator.pipeline.feeds import FEED_TYPES

        return self.fetcher.get(Request(url, accept=FEED_TYPES))

    def _parse(self, response: Response) -> ParsedFeed:
        from aggregator.pipeline.feeds import PARSE_TIMEOUT_S
        from aggregator.pipeline.parsing import read_feed

        given = response.body, response.url, response.content_type, response.fetched_at
        feed: ParsedFeed = self.workers.call(read_feed, *given, timeout_s=PARSE_TIMEOUT_S)
        return feed


@contextmanager
def finder(place: Here | None, network: Network | None = None) -> Iterator[Finder]:
    """A Finder with `network` or the operator's settings, or with the safe defaults."""
    from aggregator.pipeline.workers import Workers

    with fetching(place, network) as fetcher, Workers(processes=1) as workers:
        yield Finder(fetcher, workers)

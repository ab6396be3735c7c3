"""The feeds behind a site's URL, and one of its articles, for `add` and `init`: politely, and leaving no trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aggregator import poll
from aggregator.cli.app import Here
from aggregator.cli.fetching import fetching
from aggregator.config.settings import Network
from aggregator.fetch import Fetcher
from aggregator.models import PageKind, ParsedFeed, Request, Response
from aggregator.models.errors import FetchError, ParseError, StageError
from aggregator.pipeline.articles import SCRAPE_TIMEOUT_S
from aggregator.pipeline.feeds import FEED_TYPES, PARSE_TIMEOUT_S
from aggregator.pipeline.parsing import Page, has_full_text, read_feed, read_page
from aggregator.pipeline.workers import Workers
from aggregator.poll.discovery import known_feed
from aggregator.scrape import Hint
from aggregator.text.urls import http_url

MAX_STATED = 5
"""Feeds that a page names and that are looked at; a blog has two or three, a newspaper hundreds."""


@dataclass(frozen=True, slots=True)
class Found:
    """A feed that answers: its URL, and what it holds."""

    url: str
    feed: ParsedFeed

    @property
    def full_text(self) -> bool:
        """Whether most entries carry enough text to stand for their article."""
        entries = self.feed.entries
        return sum(has_full_text(entry.html) for entry in entries) * 2 > len(entries)


@dataclass(frozen=True, slots=True)
class Sample:
    """One article as a round would get it: what robots.txt says, and what its page gave, in words."""

    url: str
    robots: str
    page: str


@dataclass(frozen=True, slots=True)
class Finder:
    """One fetcher for all requests, so that a host's spacing is kept between them; and a worker for what they give."""

    fetcher: Fetcher
    workers: Workers

    def feeds(self, url: str) -> Iterator[Found]:
        """The feed at `url`, or behind it where everybody knows; else those that the page there names; else the first
        where feeds usually are.

        One after the other, each when it is asked for. Raises FetchError when nothing answers at `url`, ParseError when
        there is no feed.
        """
        start = http_url(url if "://" in url else f"https://{url}", userinfo=True)
        if not start:
            raise ParseError(url, "is not an http(s) URL")
        known = known_feed(start)
        if known and (behind := next(self._good([known]), None)):
            yield behind
            return
        page = self._fetch(start)
        try:
            yield Found(start, self._parse(page))
        except ParseError as error:
            not_a_feed = error
        else:
            return
        links = self.workers.call(poll.discover, page.body, page.url, page.content_type, timeout_s=PARSE_TIMEOUT_S)
        stated = [link.url for link in links if link.stated][:MAX_STATED]
        found = False
        for one in self._good(stated):
            found = True
            yield one
        if not found and (likely := next(self._good([link.url for link in links if not link.stated]), None)):
            found = True
            yield likely
        if not found:
            raise not_a_feed

    def _good(self, urls: list[str]) -> Iterator[Found]:
        for url in urls:
            try:
                yield Found(url, self._parse(self._fetch(url)))
            except (FetchError, ParseError):
                continue

    def sample(self, feed: ParsedFeed) -> Sample | None:
        """The feed's newest article that has a page, fetched as a round would fetch it; None: it has none."""
        entry = next((entry for entry in feed.entries if entry.url), None)
        if entry is None or entry.url is None:
            return None
        seen = self.fetcher.explain(entry.url)
        robots = seen.robots or "robots.txt was not asked"
        if seen.response is None:
            return Sample(entry.url, robots, f"no page: {seen.error}")
        return Sample(entry.url, robots, self._read(seen.response, entry.title))

    def _read(self, response: Response, title: str) -> str:
        page = Page(response.body, response.url, response.content_type, Hint(title))
        try:
            article = self.workers.call(read_page, page, timeout_s=SCRAPE_TIMEOUT_S).article
        except StageError as error:
            return f"no article: {error.message}"
        if article.kind is not PageKind.ARTICLE:
            return f"no article ({article.kind.value})"
        return f"{article.word_count:,} words of text"

    def _fetch(self, url: str) -> Response:
        return self.fetcher.get(Request(url, accept=FEED_TYPES))

    def _parse(self, response: Response) -> ParsedFeed:
        feed: ParsedFeed = self.workers.call(
            read_feed, response.body, response.url, response.content_type, timeout_s=PARSE_TIMEOUT_S
        )
        return feed


@contextmanager
def finder(place: Here | None, network: Network | None = None) -> Iterator[Finder]:
    """A Finder with `network` or the operator's settings, or with the safe defaults."""
    with fetching(place, network) as fetcher, Workers(processes=1) as workers:
        yield Finder(fetcher, workers)

"""What runs inside a worker process: hostile bytes in, clean values out.

The only place where parsing meets cleaning and extraction meets fingerprinting; the pipeline calls these functions in
processes that may be killed. They open no file and no socket.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from aggregator import dedupe, poll, scrape
from aggregator.models import Article, Fingerprint, Neighbour, PageKind, ParsedFeed
from aggregator.models.errors import ScrapeError
from aggregator.store import ListedFeed
from aggregator.text.plain import is_seen
from aggregator.text.urls import of_another_author, redact, same_site

if TYPE_CHECKING:
    from aggregator.dedupe.stories.terms import Written

AUTO_WORDS = 250
"""`full_text: auto` takes the feed's text for the article from this many words on; teasers are 20 to 120 words."""


class Step(StrEnum):
    """What a page is to the article that it is read for."""

    FIRST = "the first page"
    REAL = "the page of which the first is another version"
    WHOLE = "the page with all of it"
    NEXT = "the next page"


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """An article with its fingerprint, every canonical form of its URLs, and the terms that stories compare."""

    article: Article
    fingerprint: Fingerprint
    urls: tuple[str, ...]
    terms: Written | None = None


@dataclass(frozen=True, slots=True)
class PageInput:
    """An article's page as fetched, and what its feed said of it. `body` is None when the page is not to be used.

    `before` is what the article's earlier pages gave. `agent` is the name that the page may call us by, `noarchive`
    whether its HTTP header asks not to be archived.
    """

    body: bytes | None
    url: str
    content_type: str
    hint: scrape.Hint
    before: ReadArticle | None = None
    step: Step = Step.FIRST
    agent: str = ""
    noarchive: bool = False


def read_feed(body: bytes, url: str, content_type: str, now: datetime | None = None) -> ParsedFeed:
    """Parse a feed document that was fetched at `now` and clean its entries. Raises ParseError."""
    feed = poll.parse(body, url, content_type, now)
    return replace(feed, entries=tuple(scrape.clean_entry(entry, entry.url or feed.url) for entry in feed.entries))


def read_list(body: bytes) -> tuple[ListedFeed, ...]:
    """The feeds that an OPML list names. Raises ParseError."""
    return tuple(ListedFeed(feed.url, feed.name, feed.tags) for feed in poll.read_opml(body).feeds)


def read_page(page: PageInput) -> ReadArticle:
    """Extract an article, or make one of the feed's own text where there is no page. Raises ScrapeError.

    With a page `before` this one, the two are made into one article; what does not belong to it changes nothing.
    """
    from aggregator.dedupe.stories.terms import written  # words and all, which only workers need
    from aggregator.dedupe.stories.values import StoryItem

    read = _page(page)
    title = read.article.title or page.hint.title
    return replace(read, terms=written(StoryItem("", title, read.article.text)))


def _page(page: PageInput) -> ReadArticle:
    if page.before is not None:
        return _joined(page, page.before)
    article = scrape.of_feed(page.url, page.hint) if page.body is None else _extracted(page, page.hint)
    if scrape.is_numbered(page.url):
        article = replace(article, next_page_url=None)  # "/episode/41/" is followed by another episode
    return _read(article, page.url, page.hint.title)


def _extracted(page: PageInput, hint: scrape.Hint) -> Article:
    article = scrape.read_article(page.body or b"", page.url, page.content_type, hint, page.agent)
    return replace(article, noarchive=article.noarchive or page.noarchive)


def _read(article: Article, url: str, title: str) -> ReadArticle:
    canonical = _trusted_canonical(article, url)
    urls = (url, canonical) if canonical else (url,)
    if article.title and not is_seen(article.title):
        article = replace(article, title=title or None)
    neighbours = _own_neighbour(article.next, url), _own_neighbour(article.previous, url)
    return ReadArticle(
        replace(article, canonical_url=canonical, next=neighbours[0], previous=neighbours[1]),
        dedupe.fingerprint(article.title or title, article.text),
        tuple(dict.fromkeys(dedupe.canonical_url(url) for url in urls)),
    )


def _joined(page: PageInput, before: ReadArticle) -> ReadArticle:
    """The article with one page more. Raises ScrapeError where a next page shows none for now."""
    if page.step is Step.REAL:
        # Without the feed's date, which would make any page one of that day.
        found = _extracted(page, replace(page.hint, published=None))
        if not scrape.is_real(before.article, found):
            return without(before, page.step)
        published = found.published or before.article.published
        read = _read(replace(found, published=published, real_url=None), page.url, page.hint.title)
        return replace(read, urls=tuple(dict.fromkeys((*read.urls, *before.urls))))
    # What the feed says is about the article; another post's page may name that one too.
    found = _extracted(page, scrape.Hint(rule=page.hint.rule))
    if page.step is Step.WHOLE:
        article = scrape.made_whole(before.article, found)
    else:
        if found.kind is not PageKind.ARTICLE:
            raise ScrapeError(redact(page.url), f"a later page shows no article ({found.kind.value})")
        article = scrape.with_next(before.article, found)
    if article is None:
        return without(before, page.step)
    return replace(before, article=article, fingerprint=dedupe.fingerprint(article.title or "", article.text))


def unruled(page: PageInput) -> PageInput:
    """`page` to be read as if its site had no rule."""
    return replace(page, hint=replace(page.hint, rule=None))


def noted(read: ReadArticle, file: str, problem: str) -> ReadArticle:
    """`read`, with why its site's rule in `file` was not used."""
    return replace(read, article=replace(read.article, rule=file, rule_problem=f"{file}: {problem}"))


def without(read: ReadArticle, step: Step) -> ReadArticle:
    """An article that lacks the page that `step` looked for."""
    article = read.article
    if step is Step.REAL:
        return replace(read, article=replace(article, real_url=None))
    if step is Step.WHOLE:
        return replace(read, article=replace(article, single_page_url=None))
    return replace(read, article=replace(article, next_page_url=None))


def has_full_text(html: str) -> bool:
    """Whether a feed's own content is long enough to stand for the article (`full_text: auto`)."""
    return len(scrape.to_text(html).split()) >= AUTO_WORDS


def _own_neighbour(link: Neighbour | None, url: str) -> Neighbour | None:
    """What a page names as its neighbour, unless it is another author's post on the same host."""
    return None if link is None or of_another_author(link.url, url) else link


def _trusted_canonical(article: Article, url: str) -> str | None:
    """The page's rel=canonical where it may speak for it: on the same site and of the same author only."""
    canonical = article.canonical_url
    return canonical if canonical and same_site(canonical, url) else None

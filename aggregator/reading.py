"""What runs inside a worker process: hostile bytes in, clean values out.

The only place where parsing meets cleaning and extraction meets fingerprinting; the pipeline calls these functions in
processes that may be killed. They open no file and no socket.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from aggregator import dedupe, poll, scrape
from aggregator.models import Article, Fingerprint, PageKind, ParsedFeed

AUTO_WORDS = 250
"""`full_text: auto` takes the feed's text for the article from this many words on; teasers are 20 to 120 words."""


@dataclass(frozen=True, slots=True)
class Page:
    """An article's page as fetched, and what its feed said of it. `body` is None when the page is not to be used."""

    body: bytes | None
    url: str
    content_type: str
    hint: scrape.Hint


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """An article with its fingerprint, and every canonical form of the URLs that mean it."""

    article: Article
    fingerprint: Fingerprint
    urls: tuple[str, ...]


def read_feed(body: bytes, url: str, content_type: str) -> ParsedFeed:
    """Parse a feed document and clean its entries. Raises ParseError."""
    feed = poll.parse(body, url, content_type)
    return replace(feed, entries=tuple(scrape.clean_entry(entry, entry.url or feed.url) for entry in feed.entries))


def read_page(page: Page) -> ReadArticle:
    """Extract an article, or make one of the feed's own text where there is no page. Raises ScrapeError."""
    if page.body is None:
        article = _from_feed(Article(page.url), page.hint)
    else:
        article = scrape.article(page.body, page.url, page.content_type, page.hint)
        if article.kind is not PageKind.ARTICLE:
            article = _from_feed(article, page.hint)
    canonical = _trusted_canonical(article, page.url)
    urls = (page.url, canonical) if canonical else (page.url,)
    return ReadArticle(
        replace(article, canonical_url=canonical),
        dedupe.fingerprint(article.title or page.hint.title, article.text),
        tuple(dict.fromkeys(dedupe.canonical_url(url) for url in urls)),
    )


def has_full_text(html: str) -> bool:
    """Whether a feed's own content is long enough to stand for the article (`full_text: auto`)."""
    return len(scrape.to_text(html).split()) >= AUTO_WORDS


def _from_feed(article: Article, hint: scrape.Hint) -> Article:
    text = scrape.to_text(hint.html)
    return replace(
        article,
        title=article.title or hint.title or None,
        published=article.published or hint.published,
        language=article.language or hint.language,
        html=hint.html,
        text=text,
        word_count=len(text.split()),
        extractor="feed",
    )


def _trusted_canonical(article: Article, url: str) -> str | None:
    """The page's rel=canonical where it may speak for it: on the same registrable domain only."""
    canonical = article.canonical_url
    return canonical if canonical and dedupe.same_site(canonical, url) else None

"""A fetched page -> an Article: the one door of this package for whole pages.

Bytes are decoded and parsed once; metadata, neighbours and attribution are read from the whole page before extraction
throws everything away that is not the article. Runs in a worker process; fetches nothing.
"""

from __future__ import annotations

from lxml.html import HtmlElement

from aggregator.models import Article, PageKind
from aggregator.models.errors import ScrapeError
from aggregator.scrape import site_rules
from aggregator.scrape.attribution import attribution
from aggregator.scrape.blocks import blocks
from aggregator.scrape.content.body import ArticleBody, find_body
from aggregator.scrape.dom import Hint, parse, to_text
from aggregator.scrape.metadata.metadata import metadata
from aggregator.scrape.metadata.titles import announced_title
from aggregator.scrape.multipage import next_page, real_page, single_page
from aggregator.scrape.neighbours.choose import find_with_blocks
from aggregator.scrape.page_kind import is_html, kind_of
from aggregator.scrape.structured import Claims, claims
from aggregator.text.encoding import decode
from aggregator.text.urls import redact

NOTHING_KNOWN = Hint()


def read_article(page: bytes, url: str, content_type: str = "", hint: Hint = NOTHING_KNOWN, agent: str = "") -> Article:
    """What the page at `url` says, taken apart. `content_type` is the HTTP header's value, `agent` the name
    that robots meta elements may call us by.

    A page that is a wall or empty comes back with its `kind`; raises ScrapeError for what can not be read at all.
    """
    if not is_html(page, content_type):
        return Article(url=url, title=hint.title or None, kind=PageKind.NOT_HTML, quality=0.0)
    tree = parse(site_rules.mended(decode(page, content_type, page=True), hint.rule))
    if tree is None:
        if page.strip():
            raise ScrapeError(redact(url), "there is no element in the page")
        return Article(url=url, title=hint.title or None, kind=PageKind.EMPTY, quality=0.0)
    return _taken_apart(tree, url, hint, agent)


def _taken_apart(tree: HtmlElement, url: str, hint: Hint, agent: str) -> Article:
    said = claims(tree)
    everything = blocks(tree)
    about = metadata(tree, said, url, everything, agent)
    named = announced_title(tree, said, hint.title)
    title = named or about.title or hint.title
    around, others = find_with_blocks(tree, url)
    onward = next_page(tree, url)
    whole = single_page(tree, url) if onward else None
    ruled = site_rules.apply(hint.rule, tree, url, title, others)
    if ruled.is_enough():
        found = ArticleBody(ruled.html, ruled.text)
    else:
        everything = everything if hint.rule is None else blocks(tree)
        found = find_body(tree, url, title, _stated(said, hint), everything, others, hint.boilerplate)
    text = found.text
    told = Article(
        url=url,
        canonical_url=about.canonical_url,
        title=title or None,
        author=about.author,
        published=about.published or hint.published,
        modified=about.modified,
        language=about.language or hint.language,
        text=text,
        html=found.html,
        lead_image=about.lead_image,
        next=around.next,
        previous=around.previous,
        source=attribution(tree, text, url),
        extractor=found.engine,
        quality=found.quality,
        word_count=len(text.split()),
        tags=about.tags,
        kind=kind_of(tree, said, text, title, hint.title, named=named is not None),
        noarchive=about.noarchive,
        next_page_url=onward,
        single_page_url=whole,
        real_url=real_page(tree, url, about.canonical_url),
    )
    return ruled.over(told)


def _stated(said: Claims, hint: Hint) -> str:
    """The text that the page's JSON-LD or the feed has, whichever is longer; paragraphs where they have them."""
    body = said.article.get("articleBody")
    page = to_text(body) if isinstance(body, str) else ""
    feed = to_text(hint.html)
    return max(page, feed, key=len)

"""A fetched page -> an Article: the one door of this package for whole pages.

Bytes are decoded and parsed once; metadata, neighbours and attribution are read from the whole page before extraction
throws everything away that is not the article. Runs in a worker process; fetches nothing.
"""

from __future__ import annotations

from dataclasses import replace
from html import escape

from lxml.html import HtmlElement

from aggregator.models import FROM_FEED, Article, PageKind
from aggregator.models.errors import ScrapeError
from aggregator.scrape import site_rules
from aggregator.scrape.attribution import attribution
from aggregator.scrape.blocks import MAX_BLOCKS, blocks
from aggregator.scrape.choice import Text, best
from aggregator.scrape.clean.clean import clean_html
from aggregator.scrape.clean.simplify import simplify
from aggregator.scrape.content.body import ArticleBody, find_body
from aggregator.scrape.content.classify import ArticleContext
from aggregator.scrape.dom import MAX_CHARACTERS, Hint, parse, to_text
from aggregator.scrape.languages import language_of
from aggregator.scrape.metadata.metadata import metadata
from aggregator.scrape.metadata.titles import MAX_TITLE, announced_title, stands
from aggregator.scrape.multipage import forward, next_page, real_page, single_page
from aggregator.scrape.neighbours.choose import find_with_blocks
from aggregator.scrape.page_data import article_in_data
from aggregator.scrape.page_kind import Label, is_html, is_plain_text, label_of, media_type
from aggregator.scrape.page_source import PageSource
from aggregator.scrape.rendering import render
from aggregator.scrape.several import other_parts
from aggregator.scrape.structured import Claims
from aggregator.text.encoding import decode
from aggregator.text.urls import redact
from aggregator.text.words import count_words

NOTHING_KNOWN = Hint()

FEW = 250
"""Words; with more of an article than this in the page, its scripts are not searched for one."""

DESCRIPTIONS = ("og:description", "description", "twitter:description")
"""Meta elements that say what a page is about, most often its standfirst."""


def read_article(page: bytes, url: str, content_type: str = "", hint: Hint = NOTHING_KNOWN, agent: str = "") -> Article:
    """What the page at `url` says, taken apart. `content_type` is the HTTP header's value, `agent` the name
    that robots meta elements may call us by.

    A page that is a wall or empty has that as its `kind`, and the text that the feed gives in `hint`, if any. Raises
    ScrapeError for what cannot be read at all.
    """
    if is_plain_text(page, content_type):
        return _plain_text(decode(page, content_type), url, hint)
    if not is_html(page, content_type):
        reason = f"sent as {media_type(content_type) or 'bytes of no known type'}"
        return _of_feed(Article(url=url, kind=PageKind.NOT_HTML, kind_reason=reason, quality=0.0), hint)
    markup = site_rules.mended(decode(page, content_type, page=True), hint.rule)
    tree = parse(markup)
    if tree is None:
        if page.strip():
            raise ScrapeError(redact(url), "there is no element in the page")
        empty = Article(url=url, kind=PageKind.EMPTY, kind_reason="the page has no bytes", quality=0.0)
        return _of_feed(empty, hint)
    render(tree, url)
    found = _taken_apart(tree, url, hint, agent)
    return replace(found, partial=True) if len(markup) > MAX_CHARACTERS else found


def of_feed(url: str, hint: Hint) -> Article:
    """The article as its feed alone has it: no page of it is read."""
    return _of_feed(Article(url=url), hint)


def _of_feed(article: Article, hint: Hint) -> Article:
    text = to_text(hint.html)
    return replace(
        article,
        title=hint.title or None,
        published=hint.published,
        language=hint.language,
        html=hint.html,
        text=text,
        word_count=count_words(text),
        extractor=FROM_FEED,
    )


def _plain_text(text: str, url: str, hint: Hint) -> Article:
    """A document without markup, every line as it is: advisories are often published so."""
    body = text[:MAX_CHARACTERS].lstrip("\ufeff").replace("\r\n", "\n").strip("\n").rstrip()
    if not body:
        return _of_feed(Article(url=url, kind=PageKind.EMPTY, kind_reason="no text was found", quality=0.0), hint)
    html = clean_html(f"<pre>{escape(body, quote=False)}</pre>", url)
    shown = to_text(html)
    first = next((stripped for line in body.split("\n") if (stripped := line.strip("#=-*_ \t"))), "")
    return Article(
        url=url,
        title=hint.title or first[:MAX_TITLE] or None,
        published=hint.published,
        language=language_of(shown, hint.language),
        text=shown,
        html=html,
        extractor="plain text",
        word_count=count_words(shown),
    )


def _taken_apart(tree: HtmlElement, url: str, hint: Hint, agent: str) -> Article:
    simplify(tree)
    page = PageSource.of(tree, url)
    about = metadata(page, agent)
    named = announced_title(page, hint.title)
    title = named or (hint.title if stands(hint.title, url) else about.title or hint.title)
    around, others = find_with_blocks(tree, url)
    others += other_parts(tree, url, about.canonical_url, (hint.title, named or "", about.title or ""))
    onward = next_page(tree, url)
    whole = single_page(tree, url) if onward else None
    ruled = site_rules.apply(hint.rule, tree, url, title, others)
    if ruled.is_enough():
        body = ArticleBody(ruled.html, ruled.text)
    else:
        page = page if hint.rule is None else replace(page, blocks=blocks(tree))  # the rule has stripped something
        context = ArticleContext(title, _stated(page.said, hint), page.said.first(*DESCRIPTIONS) or "", url)
        body = find_body(page, context, others, hint.boilerplate)
    shown = Text() if body.engine == "stated" else Text(body.html, body.text, body.engine, body.quality)
    label = label_of(page, shown.text, named or about.title or "", hint.title, named=named is not None)
    data = _from_data(page, (title, about.title or "", hint.title)) if _may_have_more(label, shown) else Text()
    feed = Text(hint.html, to_text(hint.html), FROM_FEED)
    chosen = shown if ruled.is_enough() else best(label.kind, shown, data, feed, named=named is not None)
    if chosen is data and chosen.words:
        label = Label()
    told = Article(
        url=url,
        canonical_url=about.canonical_url,
        title=title or None,
        author=about.author,
        published=about.published or hint.published,
        modified=about.modified,
        language=language_of(chosen.text, about.language or hint.language),
        text=chosen.text,
        html=chosen.html,
        lead_image=about.lead_image,
        next=around.next,
        previous=around.previous,
        source=attribution(tree, shown.text, url),
        extractor=chosen.engine,
        quality=chosen.quality,
        word_count=chosen.words,
        tags=about.tags,
        kind=label.kind,
        kind_reason=label.reason,
        page_title=named or about.title,
        partial=label.kind is not PageKind.ARTICLE or len(page.blocks) > MAX_BLOCKS,
        noarchive=about.noarchive,
        next_page_url=onward,
        single_page_url=whole,
        real_url=real_page(tree, url, about.canonical_url),
        forwards_to=forward(tree, url),
    )
    return ruled.over(told)


def _may_have_more(label: Label, shown: Text) -> bool:
    return label.kind is not PageKind.ARTICLE or shown.words < FEW


def _from_data(page: PageSource, titles: tuple[str, ...]) -> Text:
    """The article as the page's own data has it."""
    html = clean_html(article_in_data(page, titles), page.url)
    return Text(html, to_text(html), "page data", 0.5)


def _stated(said: Claims, hint: Hint) -> str:
    """The text that the page's JSON-LD or the feed has, whichever is longer; paragraphs where they have them."""
    body = said.article.get("articleBody")
    page = to_text(body) if isinstance(body, str) else ""
    feed = to_text(hint.html)
    return max(page, feed, key=len)

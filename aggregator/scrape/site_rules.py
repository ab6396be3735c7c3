"""What a rule says of a page, and how that goes over what the engines found.

Selectors on a tree: the elements, the texts and the addresses that they find. What fails is noted, never raised.

A site's rule, applied to one of its pages: what it says goes before what the engines find.

A rule is somebody's guess of what a site looks like, and sites change: what finds nothing, or cannot be evaluated, is
noted with its place, and the engines are asked as if there were no rule. A selector that takes forever is ended with
the worker that it runs in; there are no regular expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime

from lxml import etree
from lxml.html import Element, HtmlElement

from aggregator.models import Article, Neighbour
from aggregator.models.site_rules import Rule, Selector
from aggregator.scrape.clean.clean import clean_tree
from aggregator.scrape.dom import MAX_CHARACTERS, is_element, squeeze, text_of, to_text
from aggregator.text.dates import read_date
from aggregator.text.urls import http_url

MAX_FOUND = 1000
"""Results of one selector that are looked at."""

_ADDRESSES = ("href", "src", "content", "value")


class Selecting:
    """Evaluates selectors on one tree; `problems` are what went wrong, for a person."""

    def __init__(self, tree: HtmlElement) -> None:
        self._tree = tree
        self.problems: list[str] = []

    def found(self, selector: Selector) -> list[object]:
        """Whatever the expression gives, as a list: elements, or texts."""
        try:
            if selector.when and not self._tree.xpath(f"boolean({selector.when})"):
                return []
            result = self._tree.xpath(selector.xpath)
        except (etree.XPathError, ValueError) as error:
            self.problems.append(f"{selector.place}: `{selector.xpath}` cannot be evaluated: {error}")
            return []
        if isinstance(result, list):
            return list(result[:MAX_FOUND])
        return [result] if isinstance(result, str) and result.strip() else []

    def elements(self, selector: Selector) -> list[HtmlElement]:
        """The elements that are found, without those inside another of them."""
        nodes = [node for node in self.found(selector) if is_element(node)]
        chosen = set(nodes)
        return [node for node in nodes if not any(ancestor in chosen for ancestor in node.iterancestors())]

    def texts(self, selectors: Iterable[Selector]) -> list[str]:
        """The texts that the first selector finds that finds any: of `meta` the content, of others what they show."""
        for selector in selectors:
            texts = [text for result in self.found(selector) if (text := _text(result))]
            if texts:
                return texts
        return []

    def dates(self, selectors: Iterable[Selector]) -> Iterator[str]:
        """What all selectors find, what machines are told of it first."""
        for selector in selectors:
            for result in self.found(selector):
                if is_element(result) and (told := result.get("datetime") or result.get("content")):
                    yield told
                yield _text(result)

    def addresses(self, selectors: Iterable[Selector]) -> Iterator[tuple[str, str]]:
        """(address, words of the link) for what the selectors find; an element without an address may hold a link."""
        for selector in selectors:
            for result in self.found(selector):
                if not is_element(result):
                    yield str(result).strip(), ""
                    continue
                link = next((node for node in result.iter() if any(node.get(name) for name in _ADDRESSES)), None)
                if link is not None:
                    yield next(value for name in _ADDRESSES if (value := link.get(name))), text_of(link)


def _text(result: object) -> str:
    if is_element(result):
        return squeeze(result.get("content")) if result.tag == "meta" else text_of(result)
    return squeeze(str(result))


SHORT = 100
"""Words; of a text shorter than this the engines are asked too: the site may have changed under the rule."""

FAR_LESS = 3
"""How many times as long the engines' text is, for such a rule to be taken for outdated."""

MAX_AUTHORS = 8
MAX_NAME = 120
MAX_TITLE = 300
MAX_PROBLEMS = 1000
"""Characters of a title, of an author's name and of the problems that are noted."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """What a rule gave: `html` is clean and empty when its body was not found; None is what it does not say."""

    rule: Rule | None = None
    html: str = ""
    text: str = ""
    title: str | None = None
    author: str | None = None
    published: datetime | None = None
    next: Neighbour | None = None
    previous: Neighbour | None = None
    next_page_url: str | None = None
    single_page_url: str | None = None
    problems: tuple[str, ...] = field(default=())

    def is_enough(self) -> bool:
        """Whether the engines need not be asked."""
        return len(self.text.split()) >= SHORT

    def over(self, article: Article) -> Article:
        """`article`, as the engines found it, with what the rule says instead."""
        if self.rule is None:
            return article
        words, problems = len(self.text.split()), self.problems
        stale = bool(words) and words < SHORT and article.word_count > FAR_LESS * words
        if stale:
            where = self.rule.body[0].place
            problems += (f"{where}: body: found {words} words, where the engines found {article.word_count}",)
        if words and not stale:
            article = replace(
                article,
                html=self.html,
                text=self.text,
                word_count=words,
                extractor=f"rule:{self.rule.site}",
                quality=1.0,
            )
        return replace(
            article,
            title=self.title or article.title,
            author=self.author or article.author,
            published=self.published or article.published,
            next=_fuller(self.next, article.next),
            previous=_fuller(self.previous, article.previous),
            next_page_url=self.next_page_url or article.next_page_url,
            single_page_url=self.single_page_url or article.single_page_url,
            rule=self.rule.file,
            rule_problem="; ".join(problems)[:MAX_PROBLEMS] or None,
        )


NOTHING = Ruled()


def mended(html: str, rule: Rule | None) -> str:
    """A page's source with the literal texts replaced that the rule names. It may become no longer than pages are."""
    for find, by in rule.replace if rule else ():
        room = MAX_CHARACTERS - len(html)
        if len(by) <= len(find) or html.count(find) * (len(by) - len(find)) <= room:
            html = html.replace(find, by)
    return html


def apply(rule: Rule | None, tree: HtmlElement, url: str, title: str, others: list[HtmlElement]) -> Ruled:
    """What `rule` says of the page in `tree`. Then what it strips is gone from the tree, which the engines read next.

    `title` is the article's as far as known; `others` are the elements that show other posts, no part of any body.
    """
    if rule is None:
        return NOTHING
    select = Selecting(tree)
    titles, authors = select.texts(rule.title), select.texts(rule.author)
    title = next((text for text in titles if len(text) <= MAX_TITLE), title)
    names = dict.fromkeys(name for name in authors if len(name) <= MAX_NAME)
    ruled = Ruled(
        rule,
        title=title if titles else None,
        author=", ".join(list(names)[:MAX_AUTHORS]) or None,
        published=next((date for text in select.dates(rule.date) if (date := read_date(text))), None),
        next=_neighbour(select, rule.next, url),
        previous=_neighbour(select, rule.previous, url),
        next_page_url=_address(select, rule.next_page, url),
        single_page_url=_address(select, rule.single_page, url),
    )
    for name, given, got in (("title", rule.title, ruled.title), ("author", rule.author, ruled.author),
                             ("date", rule.date, ruled.published)):  # fmt: skip
        if given and not got:
            select.problems.append(f"{given[0].place}: {name}: finds nothing in this page")
    _strip(select, rule.strip)
    html = _body(select, rule.body, url, title, others)
    if rule.body and not html:
        select.problems.append(f"{rule.body[0].place}: body: finds nothing in this page")
    return replace(ruled, html=html, text=to_text(html), problems=tuple(dict.fromkeys(select.problems)))


def _body(select: Selecting, selectors: tuple[Selector, ...], url: str, title: str, others: list[HtmlElement]) -> str:
    """The clean HTML of what the first selector finds that finds any text."""
    for selector in selectors:
        nodes = select.elements(selector)
        if any(text_of(node) for node in nodes):
            return clean_tree(_held(nodes, title, others), url)
    return ""


def _held(nodes: list[HtmlElement], title: str, others: list[HtmlElement]) -> HtmlElement:
    """Copies of `nodes` in one element, without the article's title, which is told elsewhere, and other posts."""
    around = set(nodes)
    for other in others:
        if other not in around and any(ancestor in around for ancestor in other.iterancestors()):
            other.drop_tree()
    holder: HtmlElement = Element("div")
    for node in nodes:
        copy = deepcopy(node)
        copy.tail = None
        holder.append(copy)
    folded = title.casefold().split()
    for heading in holder.iter("h1", "h2"):
        if text_of(heading).casefold().split() == folded:
            heading.drop_tree()
            break
    return holder


def _strip(select: Selecting, selectors: tuple[Selector, ...]) -> None:
    """Take elements and attributes out of the tree."""
    for selector in selectors:
        for found in select.found(selector):
            if is_element(found):
                if found.tag not in ("html", "body") and found.getparent() is not None:
                    found.drop_tree()
            elif getattr(found, "is_attribute", False):
                owner = found.getparent()  # type: ignore[attr-defined] # lxml's string that knows where it is from
                owner.attrib.pop(found.attrname, None)  # type: ignore[attr-defined]


def _neighbour(select: Selecting, selectors: tuple[Selector, ...], url: str) -> Neighbour | None:
    found = ((http_url(address, url), words) for address, words in select.addresses(selectors))
    return next((Neighbour(target, words or None) for target, words in found if target), None)


def _address(select: Selecting, selectors: tuple[Selector, ...], url: str) -> str | None:
    found = (http_url(address, url) for address, _ in select.addresses(selectors))
    return next((target for target in found if target and target != url), None)


def _fuller(ruled: Neighbour | None, found: Neighbour | None) -> Neighbour | None:
    """What the rule says, with the title and the teaser that were found for the same post."""
    if ruled is None or (found is not None and found.url == ruled.url):
        return found
    return ruled

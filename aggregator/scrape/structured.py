"""What a page says of itself for machines: JSON-LD and meta elements, read into plain values.

Everything here is a claim by the page; `metadata` weighs the claims. Broken JSON is read as far as it goes; nothing
raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml.html import HtmlElement

from aggregator.scrape.dom import squeeze

MAX_JSON = 2_000_000
"""Characters of one JSON-LD script; articles with their whole text in it have under 300,000."""

MAX_NESTING = 12
"""Levels of a JSON-LD graph that are searched; real ones nest an article at most 5 deep."""

ARTICLE_TYPES = frozenset(
    [
        "article",
        "newsarticle",
        "blogposting",
        "techarticle",
        "report",
        "reportagenewsarticle",
        "analysisnewsarticle",
        "opinionnewsarticle",
        "backgroundnewsarticle",
        "reviewnewsarticle",
        "scholarlyarticle",
        "medicalscholarlyarticle",
        "socialmediaposting",
        "liveblogposting",
        "advertisercontentarticle",
        "satiricalarticle",
        "howto",
        "recipe",
        "discussionforumposting",
        "review",
    ]
)
PAGE_TYPES = frozenset({"webpage", "itempage", "medicalwebpage", "faqpage", "qapage", "aboutpage"})

_TRAILING_COMMA = re.compile(r",\s*([}\]])")
_COMMENTED = re.compile(r"^\s*(?://\s*)?(?:<!\[CDATA\[|<!--)|(?://\s*)?(?:\]\]>|-->)\s*$")


@dataclass(frozen=True, slots=True)
class Claims:
    """The page's statements: `article` is the JSON-LD object of the article itself (or empty), `page` that of the web
    page around it, `people` names by JSON-LD id; `meta` maps lower-case names of meta elements to their contents.
    """

    article: dict[str, object]
    page: dict[str, object]
    people: dict[str, str]
    meta: dict[str, list[str]]

    def first(self, *names: str) -> str | None:
        """The first content of the first named meta element that there is."""
        for name in names:
            for content in self.meta.get(name, ()):
                return content
        return None


def claims(tree: HtmlElement) -> Claims:
    """What `tree` claims. Looks at the whole document: many sites put meta elements and JSON-LD into the body."""
    objects = [item for script in _scripts(tree) for item in _objects(_load(script), 0)]
    people = {}
    for item in objects:
        identity, name = item.get("@id"), item.get("name")
        if isinstance(identity, str) and isinstance(name, str):
            people[identity] = squeeze(name)
    return Claims(_best(objects, ARTICLE_TYPES), _best(objects, PAGE_TYPES), people, _meta(tree))


def types_of(item: dict[str, object]) -> set[str]:
    """The lower-case names of an object's types, without their vocabulary."""
    kinds = item.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return {name.rsplit("/", 1)[-1].lower() for name in names if isinstance(name, str)}


def _scripts(tree: HtmlElement) -> Iterator[str]:
    for script in tree.iter("script"):
        if "ld+json" in (script.get("type") or "").lower() and script.text and len(script.text) <= MAX_JSON:
            yield script.text


def _load(text: str) -> object:
    text = _COMMENTED.sub("", text).strip().rstrip(";")
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        pass
    try:
        return json.JSONDecoder(strict=False).raw_decode(_TRAILING_COMMA.sub(r"\1", text))[0]
    except (ValueError, RecursionError):
        return None


def _objects(value: object, level: int) -> Iterator[dict[str, object]]:
    """Each object in the graph that has a type or a name, outermost first."""
    if level > MAX_NESTING:
        return
    if isinstance(value, list):
        for item in value[:200]:
            yield from _objects(item, level + 1)
    elif isinstance(value, dict):
        if "@type" in value or "@id" in value:
            yield value
        for key, inner in value.items():
            # A comment or a related article is an article too, but not this one.
            if key not in ("comment", "relatedLink", "citation", "hasPart", "itemListElement", "isBasedOn", "mentions"):
                yield from _objects(inner, level + 1)


def _best(objects: list[dict[str, object]], kinds: frozenset[str]) -> dict[str, object]:
    """The object of one of `kinds` that says the most about itself; the first of equals."""
    wanted = ("headline", "datePublished", "author", "articleBody", "dateModified", "image", "description", "name")
    candidates = [item for item in objects if types_of(item) & kinds]
    return max(candidates, key=lambda item: sum(1 for key in wanted if item.get(key)), default={})


def _meta(tree: HtmlElement) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in tree.iter("meta"):
        content = squeeze(node.get("content"))
        if not content:
            continue
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            if key := node.get(attribute):
                found.setdefault(key.strip().lower(), []).append(content)
    return found

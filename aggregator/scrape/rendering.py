"""A parsed page, made into what its reader sees: addresses from `<base>`, shadow roots, hidden text.

Works on the tree in place, once, before anything is read from it. Runs no script and applies no stylesheet but for
the plainest rules of the page's own `style` elements; what a click can open (tabs, answers) counts as shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from lxml.html import HtmlElement

from aggregator.scrape.clean.rewrite import lays_out
from aggregator.scrape.dom import MAX_DEPTH
from aggregator.text.urls import http_url

ADDRESSES = frozenset({
    "href", "src", "poster", "data", "cite", "action", "longdesc", "background", "data-src", "data-lazy-src",
    "data-original", "data-orig-file", "data-orig-src", "data-original-src", "data-large-file", "data-hi-res-src",
    "data-full-src", "data-image", "data-img-src", "data-url", "data-lazy", "data-lazyload", "data-echo",
    "data-actualsrc", "data-cfsrc", "data-href", "nitro-lazy-src",
})  # fmt: skip
"""Attributes that hold one address."""

SOURCE_SETS = frozenset({"srcset", "data-srcset", "data-lazy-srcset", "nitro-lazy-srcset", "imagesrcset"})
"""Attributes that hold addresses with widths, separated by commas."""

MAX_HIDDEN = 0.4
"""Share of the page's text from which a hidden element is no trap: a script shows it once the page has loaded."""

FOLDED = 200
"""Characters that hidden sections of one kind have in the mean; traps for copiers are single, or a line each."""

MAX_RULES = 200
"""Hiding rules of a page's `style` elements that are applied."""

_SOURCE = re.compile(r"(\s*)([^\s,][^\s]*[^\s,])(\s+[\d.]+[wxh])?\s*(,|$)")
_SCHEME = re.compile(r"(?i)^\s*(?:[a-z][a-z0-9+.-]*:|//|#)")
_HIDING = re.compile(
    r"""(?x)(?:^|[;{\s]) (?: display\s*:\s*none | visibility\s*:\s*(?:hidden|collapse) | content-visibility\s*:\s*hidden
    | font-size\s*:\s*(?:0|1(?=px))(?:\.0*)?(?:px|r?em|%|pt)?\s*(?:[;!}]|$) | zoom\s*:\s*0(?:\.0*)?%?\s*(?:[;!}]|$)
    | (?:left|top|text-indent|right|margin-left)\s*:\s*-\d{4,}(?:px|r?em)?
    | clip\s*:\s*rect\((?:\s*[01](?:px)?[\s,]*){4}\) | clip-path\s*:\s*(?:inset\(\s*(?:50|100)%|circle\(\s*0)
    | transform\s*:\s*scale\(\s*0\s*\) | color\s*:\s*(?:transparent|rgba\([^)]*,\s*0(?:\.0*)?\)) )"""
)
_FADED = re.compile(r"(?:^|[;{\s])opacity\s*:\s*0(?:\.0*)?%?\s*(?:[;!}]|$)")
_FOLDED = re.compile(r"(?:^|[;{\s])(?:max-)?(?:height|width)\s*:\s*0(?:px|r?em|%)?\s*(?:[;!}]|$)")
_COLOURS = re.compile(r"(?:^|[;{\s])(color|background(?:-color)?)\s*:\s*([^;!}]+)")
_ON_SCREENS = re.compile(r"(?i)@media\s+(?:only\s+)?(?:screen|all)\s*$")
_STREAMED = re.compile(r"S:[0-9a-f]+$")
"""What React sends late, and puts in its place by a script."""
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_ESCAPE = re.compile(r"\\([0-9a-f]{1,6})\s?")
_UNSEEN_CLASSES = frozenset({
    "sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text", "screen-reader-only", "screenreader-only",
    "u-visually-hidden", "show-for-sr", "element-invisible", "a11y-hidden",
})  # fmt: skip
"""What style libraries call text that is there to be read out, beside what is shown."""

_HIDING_RULE = re.compile(r"(?i)display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden")
MAX_STYLE = 2_000
"""Characters of a `style` attribute that are read."""
MAX_SELECTOR = 300
"""Characters of a selector, before its rule."""

_SIMPLE = re.compile(r"(?:p|div|span|li|section|aside|a)?([.#])([\w-]{1,80})")
_OPENED = re.compile(
    r"(?i)(?:^|[\s_-])(?:tabs?|tab-?pane\w*|accordion\w*|collaps\w*|panels?|toggle\w*|spoiler\w*|expand\w*|answers?|faqs?"
    r"|more|full|rest|content|body|article|post|entry|story|text|main|page|app|root|slides?|swiper\w*|step\w*|lang\w*|code"
    r"|math\w*|katex\w*|footnotes?|caption|transcript|subscri\w*|premium|paywall\w*|metered|members?|paid)(?:$|[\s_-])"
)
"""Names of what a click, a script or a subscription opens, and of what holds the article itself."""

_KEPT = ("pre", "textarea", "xmp", "math", "article", "main", "h1", "script", "details")
"""Elements with something of the article's in them, whether or not a style hides them: a listing's plain text."""

_NO_TEXT = frozenset({
    "img", "picture", "source", "iframe", "video", "audio", "svg", "canvas", "input", "br", "hr", "noscript", "html",
    "body", "head", "script", "style", "link", "meta", "template", "object", "embed", "form", "button",
    *_KEPT,
})  # fmt: skip
_TEXTS = ".//text()[normalize-space() and not(parent::script or parent::style or parent::template)]"
_CONTROLS = (
    "//@aria-controls | //@data-target | //@data-bs-target | //@for | //@popovertarget | //@data-toggle"
    " | //a[starts-with(@href, '#')]/@href"
)


def render(tree: HtmlElement, url: str) -> None:
    """Make `tree`, the page at `url`, what its reader sees."""
    start_from_base(tree, url)
    open_shadow_roots(tree)
    drop_hidden(tree)


def base_of(tree: HtmlElement, url: str) -> str:
    """What relative addresses of the page at `url` start from (HTML 4.2.3: the first `base` with an href counts)."""
    href = next((node.get("href") for node in tree.iter("base") if node.get("href") is not None), None)
    return http_url(href, url) or url


def start_from_base(tree: HtmlElement, url: str) -> None:
    """Make relative addresses absolute where the page has a `base`; a fragment alone stays one of this page."""
    base = base_of(tree, url)
    if base == url:
        return
    for node in tree.iter():
        for name, value in node.attrib.items():
            if name in SOURCE_SETS:
                node.set(name, _SOURCE.sub(lambda match: _absolute_source(match, base), value[:8192]))
            elif name in ADDRESSES and node.tag != "base" and not _SCHEME.match(value):
                node.set(name, http_url(value.strip(), base) or value)
    for node in list(tree.iter("base")):
        node.drop_tree()


def _absolute_source(match: re.Match[str], base: str) -> str:
    url = match[2] if _SCHEME.match(match[2]) else http_url(match[2], base) or match[2]
    return f"{match[1]}{url}{match[3] or ''}{match[4]}"


def open_shadow_roots(tree: HtmlElement) -> None:
    """Show declarative shadow roots (`<template shadowrootmode>`), in whose place a browser shows their content."""
    for node in list(tree.iter("template")):
        if node.get("shadowrootmode") or node.get("shadowroot"):
            node.tag = "div"


def drop_hidden(tree: HtmlElement, most: float = MAX_HIDDEN) -> None:
    """Take out text that a style hides from readers: traps for copiers, words for search engines.

    `most` is the share of the text from which an element is none of these: where scripts run, they show it.
    """
    hidden = [node for node in tree.iter() if len(node.attrib) and _is_hidden(node)]
    hidden += _hidden_by_rules(tree)
    hidden = [node for node in dict.fromkeys(hidden) if node.tag not in _NO_TEXT and _length(node)]
    if not hidden:
        return
    limit = most * max(_length(tree), 1)
    folded = _folded(hidden)
    controlled: set[str] | None = None
    tables: dict[HtmlElement, bool] = {}
    for node in hidden:
        if node in folded:
            continue
        if controlled is None:
            controlled = _controlled(tree)
        if _length(node) <= limit and not _is_opened(node, controlled, tables) and node.getparent() is not None:
            node.drop_tree()


def _folded(hidden: list[HtmlElement]) -> set[HtmlElement]:
    """Those of the hidden elements that are alike, and hold paragraphs: sections which a click opens, one or all."""
    alike: dict[tuple[str, str], list[HtmlElement]] = {}
    for node in hidden:
        if (names := node.get("class")) and next(node.iter("p", "li"), None) is not None:
            alike.setdefault((node.tag, names), []).append(node)
    return {
        node
        for nodes in alike.values()
        if len(nodes) > 1 and sum(map(_length, nodes)) >= FOLDED * len(nodes)
        for node in nodes
    }


def _is_hidden(node: HtmlElement) -> bool:
    """Whether an element hides its text by itself.

    What is only faded or folded may be a script's: it has a class or an id, or moves while it appears.
    """
    if (attribute := node.get("hidden")) is not None:
        return attribute != "until-found" and not _STREAMED.match(node.get("id") or "")
    if (names := node.get("class")) and not _UNSEEN_CLASSES.isdisjoint(names.split()):
        return True
    style = (node.get("style") or "")[:MAX_STYLE]
    return bool(style) and _hides(style, bare=not node.get("class") and not node.get("id"))


@lru_cache(4096)
def _hides(style: str, *, bare: bool) -> bool:
    """Whether a `style` hides; `bare`: its element has no class and no id by which a script could find it."""
    style = _CSS_ESCAPE.sub(_unescaped, _CSS_COMMENT.sub("", style.lower()))
    if _HIDING.search(style):
        return True
    if bare and "trans" not in style:
        folded = "overflow" in style and _FOLDED.search(style)
        if folded or _FADED.search(style):
            return True
    colours = {name[:5]: value.strip() for name, value in _COLOURS.findall(style)}
    return len(colours) == 2 and len(set(colours.values())) == 1


def _unescaped(match: re.Match[str]) -> str:
    return chr(min(int(match[1], 16), 0x10FFFF))


def _length(node: HtmlElement) -> int:
    """Characters of the text in an element, scripts and styles aside."""
    if next(node.iter("script", "style", "template"), None) is None:
        return sum(len(text) for text in node.itertext() if not text.isspace())
    return sum(map(len, node.xpath(_TEXTS)))


def _is_opened(node: HtmlElement, controlled: set[str], tables: dict[HtmlElement, bool]) -> bool:
    """Whether hidden text is the article's all the same: what a click opens, a listing, or a formula's source. `tables`
    is which of them arrange the page, as far as that is known.
    """
    names = f"{node.get('class') or ''} {node.get('id') or ''}"
    if node.get("role") in ("tabpanel", "region", "math") or node.get("id") in controlled or _OPENED.search(names):
        return True
    if next(node.iter(*_KEPT), None) is not None:
        return True
    if (
        node.tag in ("span", "b", "i", "small")
        and node.getparent() is not None
        and node.getparent().tag in ("td", "th")
    ):
        return False  # what a table is sorted by
    around = islice(node.iterancestors(), MAX_DEPTH)
    kept = (each for each in around if each.tag in ("pre", "code", "math", "details", "table"))
    return any(each.tag != "table" or not _lays_out(each, tables) for each in kept)


def _lays_out(table: HtmlElement, known: dict[HtmlElement, bool]) -> bool:
    if table not in known:
        known[table] = lays_out(table)
    return known[table]


def _controlled(tree: HtmlElement) -> set[str]:
    """The ids of what the page's links and buttons open."""
    values = tree.xpath(_CONTROLS)
    return {part.lstrip("#") for value in values for part in value.split()[:8]} - {""}


def _hidden_by_rules(tree: HtmlElement) -> list[HtmlElement]:
    """The elements that a `style` element of the page hides by a class or an id alone, and no script names."""
    names: dict[str, set[str]] = {".": set(), "#": set()}
    for style in tree.iter("style"):
        if style.text and style.get("media") in (None, "", "all", "screen"):
            for selector in islice(_hiding_selectors(style.text), MAX_RULES):
                if match := _SIMPLE.fullmatch(selector.strip()):
                    names[match[1]].add(match[2])
    if not any(names.values()):
        return []
    found = [
        (node, ({node.get("id")} & names["#"]) | (names["."].intersection((node.get("class") or "").split())))
        for node in tree.iter("p", "div", "span", "li", "section", "aside", "a", "font", "b", "i", "em", "strong")
        if node.get("id") in names["#"] or not names["."].isdisjoint((node.get("class") or "").split())
    ]
    if not found:
        return []
    scripts = " ".join(script.text or "" for script in tree.iter("script"))
    unnamed = {name: name not in scripts for name in set[str]().union(*(own for _, own in found))}
    return [node for node, own in found if any(unnamed[name] for name in own)]


def _hiding_selectors(css: str) -> Iterator[str]:
    """The selectors of the rules that hide on every screen."""
    depth = position = 0
    for match in _HIDING_RULE.finditer(css):
        start = css.rfind("{", position, match.start())
        depth += css.count("{", position, match.start()) - css.count("}", position, match.start())
        position = match.start()
        outer = css[max(0, start - MAX_SELECTOR * 2) : start].rpartition("{")[0].rpartition("}")[2]
        if start < 0 or depth not in (1, 2) or (depth == 2 and not _ON_SCREENS.search(outer)):
            continue
        before = max(css.rfind(sign, max(0, start - MAX_SELECTOR), start) for sign in "{};/")
        yield from css[before + 1 : start].split(",")

"""Any HTML -> HTML that is safe to show and pleasant to read. Text in, text out; nothing is fetched.

`rewrite` builds a new tree of what an article is made of; nh3 (a parser like the browsers') reads the result and takes
out whatever is not on its list, last and always. The two are applied until nothing changes, so that what comes out is a
fixed point: cleaning it again gives the same text, and no browser sees anything in it that nh3 did not see.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape

import nh3
from lxml.etree import tostring
from lxml.html import HtmlElement

from aggregator.models import Entry
from aggregator.scrape.clean.rewrite import rewrite
from aggregator.scrape.clean.simplify import simplify
from aggregator.scrape.dom import HEADINGS, parse, squeeze, text_of, to_text
from aggregator.scrape.rendering import drop_hidden

MAX_INPUT = 1_000_000
"""Characters, not counting pictures written out in the text (`data:`); what is longer is cut. The longest real articles
have a third of it."""

MAX_ENTITIES = 120_000
"""Character references; nh3 takes the square of their number, and a second at this one. What has more is dropped."""

ROUNDS = 4
"""How often the rules are applied until nothing changes; what still does then becomes plain paragraphs."""

ALL_BUT_NOTHING = 0.99
"""Share of a text that a style may hide, so that it is left out. What hides all of it hides nothing."""

TAGS = HEADINGS | {
    "p", "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "pre", "code", "figure", "figcaption", "table", "caption",
    "thead", "tbody", "tfoot", "tr", "th", "td", "a", "strong", "em", "kbd", "samp", "var", "sub", "sup", "mark", "del",
    "ins", "u", "q", "cite", "abbr", "dfn", "small", "time", "bdi", "bdo", "ruby", "rt", "br", "hr", "img",
}  # fmt: skip
"""What an article is made of. Written out, and not taken from `rewrite`, since it is the last word on what is safe."""

ATTRIBUTES = {
    "*": {"dir"},
    "a": {"href"},
    "img": {"src", "alt", "title", "width", "height"},
    "time": {"datetime"},
    "abbr": {"title"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "code": {"class"},
}
_DROPPED_WHOLE = {"script", "style", "template", "svg", "math", "title", "noscript", "iframe", "object", "textarea"}
_CODE_CLASS = re.compile(r"language-[a-z0-9+#_.-]{1,20}")
_DATA = re.compile(r"data:[a-z]+/[^\"'\s)>]{256,}")
_DIMENSION = re.compile(r"\d{1,5}")
_HAS_MARKUP = re.compile(r"<[a-zA-Z!/?]|&[#\w]+;")


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "dir":
        return value if value in ("ltr", "rtl", "auto") else None
    if tag == "code" and name == "class":
        return value if _CODE_CLASS.fullmatch(value) else None
    if name in ("width", "height", "colspan", "rowspan", "start"):
        return value if _DIMENSION.fullmatch(value) else None
    if tag == "img" and name == "src" and value[:7].lower() == "mailto:":
        return None
    return value


_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=_DROPPED_WHOLE,
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    attribute_filter=_keep_attribute,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel=None,
    strip_comments=True,
)


def clean_html(html: str, base_url: str | None) -> str:
    """`html` as safe, readable article HTML; empty when nothing is left.

    Addresses become absolute (relative to `base_url`); links lead to http, https or mailto; images come from http or
    https. Idempotent: `clean(clean(x, b), c) == clean(x, b)`. Never raises on any text.
    """
    if not html or not html.strip():
        return ""
    if len(html) > MAX_INPUT:
        html = _DATA.sub("data:,", html)[:MAX_INPUT]
    tree = parse(f"<!doctype html><html><body>{html}</body></html>")
    if tree is None:
        return ""
    drop_hidden(tree, most=ALL_BUT_NOTHING)
    simplify(tree)
    return settle(tree, base_url)


def clean_tree(
    root: HtmlElement,
    base_url: str | None,
    skip: frozenset[HtmlElement] = frozenset(),
    muted: frozenset[HtmlElement] = frozenset(),
) -> str:
    """As `clean_html`, for a tree that has been parsed already; `skip` is left out with all it
    holds, of the elements in `muted` only their own text is. `root` itself is not changed.
    """
    return settle(root, base_url, skip, muted)


def settle(
    tree: HtmlElement,
    base_url: str | None,
    skip: frozenset[HtmlElement] = frozenset(),
    muted: frozenset[HtmlElement] = frozenset(),
) -> str:
    html = _once(tree, base_url, skip, muted)
    for _ in range(ROUNDS):
        again = parse(f"<!doctype html><html><body>{html}</body></html>") if html else None
        if again is None:
            return html
        before, html = html, _once(again, None)
        if html == before:
            return html
    return paragraphs(to_text(html))


def paragraphs(text: str) -> str:
    """Plain text as HTML: a `p` for each paragraph."""
    return "".join(f"<p>{escape(part, quote=False)}</p>" for line in text.split("\n\n") if (part := squeeze(line)))


def plain(text: str | None) -> str:
    """A title, a name or a tag as one line of plain text: markup taken out, entities resolved (A28).

    A feed may give `AT&amp;T`, `<b>x</b>` or a bare `a < b`; each is shown as a person would write it.
    """
    if not text:
        return ""
    if not _HAS_MARKUP.search(text):
        return squeeze(text)
    tree = parse(f"<!doctype html><html><body>{text[:100_000]}</body></html>")
    if tree is None:
        return ""
    for node in list(tree.iter("script", "style", "template", "noscript")):
        node.drop_tree()
    return text_of(tree)


def clean_entry(entry: Entry, base_url: str) -> Entry:
    """`entry` with clean `html` and `summary`.

    Its title, author and tags are plain text already: `poll` has read them by what the format says of them. Decoding
    them again would turn a title about `&lt;b&gt;` into something else; whoever shows them escapes them (A28).
    """
    base = entry.url or base_url
    return replace(
        entry,
        title=squeeze(entry.title),
        author=squeeze(entry.author) or None,
        html=clean_html(entry.html, base),
        summary=clean_html(entry.summary, base),
        tags=tuple(dict.fromkeys(tag for raw in entry.tags if (tag := squeeze(raw)))),
    )


def _once(
    tree: HtmlElement,
    base: str | None,
    skip: frozenset[HtmlElement] = frozenset(),
    muted: frozenset[HtmlElement] = frozenset(),
) -> str:
    built = rewrite(tree, base, skip, muted)
    inside = escape(built.text or "", quote=False) + "".join(
        tostring(node, encoding="unicode", method="html") for node in built
    )
    return _CLEANER.clean(inside).strip() if inside.count("&") <= MAX_ENTITIES else ""

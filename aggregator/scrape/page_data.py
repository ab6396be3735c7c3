"""The text of an article where a page carries it as data: JSON-LD, and the state that a script would draw it from.

Next.js (`__NEXT_DATA__`, `__next_f`), Nuxt, Substack, SvelteKit, Remix, Ghost and whatever else writes JSON into a
`script` or into a hidden attribute. No script is run: JSON is read where it stands, and searched for the object that
has the article's title or address and a long text. Says nothing of whether the page shows that text as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import chain, islice
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from aggregator.scrape.dom import to_text
from aggregator.scrape.page_source import PageSource
from aggregator.text.words import count_words

MAX_SCRIPT = 4_000_000
"""Characters of one script that are looked at."""

MAX_SCRIPTS = 60
MAX_VALUES = 200_000
"""Values looked at on one page; the state of a front page has some 50,000."""

MAX_NESTING = 60
LEAST = 40
"""Words from which a text in a page's data may be an article."""

_BODIES = (
    "articlebody", "body_html", "bodyhtml", "contenthtml", "content_html", "html", "rendered", "body", "content",
    "contents", "articlecontent", "article_content", "post_content", "postcontent", "fulltext", "full_text", "maintext",
    "richtext", "markdown_html", "value", "text", "plaintext", "story", "blocks", "components", "paragraphs",
    "sections", "elements", "nodes", "document", "children", "code", "bodymodel", "articletext",
)  # fmt: skip
"""Keys, in lower case, under which content systems keep a text; the earlier, the more surely the article's own."""

_TITLES = ("title", "headline", "name", "post_title", "heading", "seotitle")
_ADDRESSES = ("slug", "url", "canonical_url", "canonicalurl", "link", "path", "permalink", "uri", "href", "post_name")
_PARSED = re.compile(r"JSON\.parse\(\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")
_ASSIGNED = re.compile(r"(?:[\w$\]\"')]\s*=|:|\()\s*(?=[{\[][\s{\[\"])")
_WRITTEN_OUT = re.compile(
    r"(?i)[{,]\s*(?:articlebody|body_?html|content_?html|html|body|content|article_?content|full_?text|rendered)\s*:\s*"
    r'("(?:[^"\\]|\\.){160,}")'
)
"""A text in an object that is code and no JSON (`{title:a,content:"..."}`), as Nuxt 2 writes its state."""

_DATA_ATTRIBUTES = (
    "data-page",
    "data-props",
    "data-react-props",
    "data-state",
    "data-initial-state",
    "data-json",
    "props",
)
"""Attributes in which a page hands its data to what draws it (Inertia, Rails, Astro)."""

_PUSHED = re.compile(r"__next_f\.push\(\s*(\[.*\])\s*\)\s*;?\s*$", re.DOTALL)
_FLIGHT = re.compile(r"(?m)^[0-9a-f]{1,6}:(?=[\[{])")
_FOLD = re.compile(r"[\W_]+")
_TAG = re.compile(r"<(?:p|br|h[1-6]|div|ul|ol|pre|blockquote|table|figure)\b", re.IGNORECASE)
_INLINE = frozenset({"text", "span", "link", "a", "strong", "em", "hyperlink", "inlinecode", "bold", "italic", "mark"})
_KINDS = ("type", "_type", "nodetype", "tag", "tagname", "__typename", "name", "style", "kind", "blockname")


@dataclass(frozen=True, slots=True)
class _Body:
    """A text found in the data: how surely it is this article's (higher is surer), and its HTML."""

    rank: tuple[int, int]
    html: str


def article_in_data(page: PageSource, titles: tuple[str, ...]) -> str:
    """HTML of the article as the page's data has it; empty when it has none.

    `titles` are those that the page or its feed gives it. An object with another title is another post, wherever one
    with this title or address is there as well.
    """
    stated = page.said.article.get("articleBody")
    bodies = [_Body((3, count_words(stated)), _as_html(stated))] if isinstance(stated, str) and stated.strip() else []
    known = frozenset(filter(None, map(_fold, titles)))
    for value in chain(_data(page.tree), _in_attributes(page.tree)):
        bodies += _bodies(value, page.url, known)
    best = max(bodies, key=lambda body: body.rank, default=None)
    return best.html if best is not None and best.rank[1] >= LEAST else ""


def _data(tree: HtmlElement) -> Iterator[object]:
    """Everything in the page's scripts that is JSON."""
    flight: list[str] = []
    looked = 0
    for script in tree.iter("script"):
        text = script.text
        kind = (script.get("type") or "").lower()
        if not text or len(text) > MAX_SCRIPT or len(text) < LEAST or "ld+json" in kind or looked >= MAX_SCRIPTS:
            continue
        looked += 1
        if "json" in kind:
            value = _load(text)
            yield _revived(value) if "__nuxt_data__" in (script.get("id") or "").lower() else value
        elif "__next_f" in text and (pushed := _PUSHED.search(text)):
            value = _load(pushed[1])
            flight += [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
        elif kind in ("", "text/javascript", "application/javascript", "module"):
            yield from _in_code(text)
    if flight:
        whole = "".join(flight)
        for match in _FLIGHT.finditer(whole):
            if (value := _decoded_from(whole, match.end())) is not None:
                yield value
        yield from _flight_texts(whole)


def _in_attributes(tree: HtmlElement) -> Iterator[object]:
    """Everything in the page's attributes that is JSON."""
    for attribute in _DATA_ATTRIBUTES:
        for value in islice(tree.xpath(f"//@{attribute}"), MAX_SCRIPTS):
            if LEAST < len(value) <= MAX_SCRIPT and value.lstrip()[:1] in "{[":
                yield _load(value)


def _load(text: str) -> object:
    try:
        return json.loads(text.strip().rstrip(";"), strict=False)
    except (ValueError, RecursionError):
        return None


def _decoded_from(text: str, start: int) -> object:
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None


def _in_code(text: str) -> Iterator[object]:
    """JSON in a script: what is given to JSON.parse as a string, and objects and lists written out."""
    for match in _PARSED.finditer(text):
        literal = match[1]
        if literal[0] == "'":
            literal = '"' + literal[1:-1].replace("\\'", "'").replace('"', '\\"').replace('\\\\"', '\\"') + '"'
        inner = _load(literal)
        if isinstance(inner, str):
            yield _load(inner)
    for match in _WRITTEN_OUT.finditer(text):
        yield {"html": _load(match[1])}
    position = 0
    for match in _ASSIGNED.finditer(text):
        if match.end() < position or len(text) - match.end() < LEAST:
            continue
        try:
            value, position = json.JSONDecoder(strict=False).raw_decode(text, match.end())
        except (ValueError, RecursionError):
            continue
        yield value


def _flight_texts(whole: str) -> Iterator[object]:
    """Long texts of React's stream: `1a:T4d2,` and so many bytes of text behind it."""
    for match in re.finditer(r"(?:^|[\n\]}])[0-9a-f]{1,6}:T([0-9a-f]{1,6}),", whole):
        size = int(match[1], 16)
        text = whole[match.end() : match.end() + size].encode("utf-8")[:size].decode("utf-8", "ignore")
        yield {"html": text}


def _revived(value: object) -> object:
    """Nuxt's payload: a list in which objects hold places instead of values."""
    if not isinstance(value, list) or not value:
        return value
    budget = [MAX_VALUES]

    def at(place: object, level: int) -> object:
        budget[0] -= 1
        if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < len(value) or budget[0] < 0:
            return None
        found = value[place]
        if level > MAX_NESTING:
            return None
        if isinstance(found, dict):
            return {key: at(inner, level + 1) for key, inner in found.items()}
        if isinstance(found, list):
            inner = found[1:] if found and isinstance(found[0], str) else found
            return [at(each, level + 1) for each in inner]
        return found

    return at(0, 0)


def _bodies(value: object, url: str, titles: frozenset[str]) -> Iterator[_Body]:
    """Each object's text that may be an article's."""
    waiting: list[tuple[object, int]] = [(value, 0)]
    slug = _slug(url)
    for _ in range(MAX_VALUES):
        if not waiting:
            return
        item, level = waiting.pop()
        if level > MAX_NESTING:
            continue
        if isinstance(item, list):
            waiting += [(each, level + 1) for each in item if isinstance(each, dict | list)]
        elif isinstance(item, dict):
            named = {key.lower(): inner for key, inner in item.items() if isinstance(key, str)}
            if (html := _text_of(named)) and (words := count_words(to_text(html))) >= LEAST:
                yield _Body((_match(named, slug, titles), words), html)
            waiting += [(inner, level + 1) for inner in item.values() if isinstance(inner, dict | list)]
            waiting += [
                (_load(inner), level + 1)
                for key, inner in named.items()
                if isinstance(inner, str) and inner[:1] in ("{", "[") and len(inner) > 4 * LEAST
            ]


def _match(named: dict[str, object], slug: str, titles: frozenset[str]) -> int:
    """How surely an object is this article: 2 by its title or address, 1 if it has neither, 0 if they are others."""
    own = [title for key in _TITLES if (title := _plain(named.get(key)))]
    addresses = [inner for key in _ADDRESSES if isinstance(inner := named.get(key), str) and inner]
    if any(_fold(title) in titles for title in own) or (slug and any(_slug(each) == slug for each in addresses)):
        return 2
    return 0 if (own and titles) or (slug and addresses) else 1


def _plain(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("rendered") or value.get("text") or ""
    return to_text(value) if isinstance(value, str) else ""


def _text_of(named: dict[str, object]) -> str:
    """The HTML of what an object has under the first key for a text; empty when it has none that is long."""
    for key in _BODIES:
        inner = named.get(key)
        if isinstance(inner, str) and len(inner) >= 2 * LEAST and (" " in inner or not inner.isascii()):
            if inner[:1] in "{[":
                continue
            return _as_html(inner)
        if isinstance(inner, dict):
            lower = {name.lower(): each for name, each in inner.items() if isinstance(name, str)}
            if isinstance(text := lower.get("rendered") or lower.get("html"), str) and len(text) >= 2 * LEAST:
                return _as_html(text)
            inner = next(
                (lower[name] for name in ("content", "children", "blocks") if isinstance(lower.get(name), list)), None
            )
        if isinstance(inner, list) and (html := _written(inner, 0)):
            return html
    return ""


def _as_html(text: str) -> str:
    """A text as HTML: as it is where it has markup, else a paragraph for each of its own."""
    if _TAG.search(text):
        return text
    parts = text.split("\n\n") if "\n\n" in text else text.split("\n")
    return "".join(
        f"<p>{part}</p>" if "<" in part else f"<p>{escape(part, quote=False)}</p>" for part in parts if part.strip()
    )


def _written(items: list[object], level: int) -> str:
    """A list of blocks (paragraphs, headings, lists, listings) as HTML; empty when it is no such list."""
    if level > 12 or not items or not all(isinstance(item, dict | str) for item in items):
        return ""
    return "".join(_block(item, level) for item in items[:5000])


def _block(item: object, level: int) -> str:
    if isinstance(item, str):
        return (
            item if _TAG.search(item) else escape(item, quote=False) if level else f"<p>{escape(item, quote=False)}</p>"
        )
    assert isinstance(item, dict)
    named = {key.lower(): inner for key, inner in item.items() if isinstance(key, str)}
    kind = " ".join(str(inner).lower() for key in _KINDS if isinstance(inner := named.get(key), str))
    inside = ""
    data = named.get("data") or named.get("attributes") or named.get("props")
    for source in (named, {key.lower(): each for key, each in data.items()} if isinstance(data, dict) else {}):
        for key in ("html", "text", "value", "content", "children", "code", "items", "body", "paragraph", "spans"):
            inner = source.get(key)
            if isinstance(inner, str) and inner.strip():
                inside = inner if _TAG.search(inner) or key == "html" else _inline(inner)
            elif isinstance(inner, list):
                inside = _written(inner, level + 1)
            if inside:
                break
        if inside:
            break
    return _wrapped(kind, named, inside) if inside else ""


def _inline(text: str) -> str:
    """Text that may have inline markup already (`Ada &amp; <b>Bob</b>`)."""
    return text if re.search(r"</\w+>|&\w+;", text) else escape(text, quote=False)


def _wrapped(kind: str, named: dict[str, object], inside: str) -> str:
    words = set(re.findall(r"[a-z]+\d?", kind))
    level = named.get("level") or named.get("depth")
    if "code" in words or "pre" in words or "codeblock" in kind or "code-block" in kind:
        return f"<pre>{inside}</pre>"
    if match := re.search(r"\bh([1-6])\b|heading[-_]?([1-6])?", kind):
        number = match[1] or match[2] or (level if isinstance(level, int) and 1 <= level <= 6 else 2)
        return f"<h{number}>{inside}</h{number}>"
    if words & {"li", "listitem"} or "list-item" in kind or "list_item" in kind:
        return f"<li>{inside}</li>"
    if words & {"list", "ul", "ol"} or "list" in kind:
        return f"<ul>{inside}</ul>" if "<li" in inside else f"<ul><li>{inside}</li></ul>"
    if words & {"quote", "blockquote"}:
        return f"<blockquote>{inside}</blockquote>"
    if words & _INLINE and not _TAG.search(inside):
        return inside
    return inside if _TAG.search(inside) else f"<p>{inside}</p>"


def _slug(url: str) -> str:
    """The last part of an address' path that names something; empty for a front page."""
    return unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2].casefold().removesuffix(".html")


def _fold(text: str) -> str:
    return _FOLD.sub("", text.casefold())

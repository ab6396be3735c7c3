"""Strings of a feed as they may be stored: plain where they must be plain, HTML where they may be HTML.

Titles, names and tags come out as text, with entities decoded exactly once. Nothing here makes HTML safe (scrape.clean
does); what is guaranteed is that no control character, lone surrogate or endless field gets further than this.
"""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin

from aggregator.text.urls import http_url

MAX_LINE = 1000
"""Characters of a title, a name or a description; longer ones are cut at a word."""

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""Not allowed in XML 1.0 (section 2.2), or discouraged there and of no use to a reader."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_SILENT = re.compile(r"<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)\b[^<>]*>|<[!?][^<>]*>")
_INLINE = frozenset(
    name
    for line in (
        "a abbr acronym b bdi bdo big br cite code del dfn div em font h1 h2 h3 h4 h5 h6 i img ins kbd mark nobr p q s",
        "samp small span strike strong sub sup tt u var wbr",
    )
    for name in line.split()
)
"""What people mark text up with. `The <script> tag` in an RSS title means what it says; `<b>New</b>` does not."""

_BLOCK = frozenset({"br", "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "tr"})
_PARAGRAPH = re.compile(r"\n\s*\n")
_LOOKS_LIKE_HTML = re.compile(
    r"</?(?:a|b|blockquote|br|code|div|em|figure|h[1-6]|hr|i|img|li|ol|p|pre|span|strong|table|ul)\b[^<>]*>"
    r"|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"""(\s(?:href|src|poster|data-src|cite)\s*=\s*)(?:"([^"<>]*)"|'([^'<>]*)')""", re.IGNORECASE)


def legal(text: str) -> str:
    """`text` without what XML, SQLite or a terminal would choke on; lone surrogates become U+FFFD."""
    return _ILLEGAL.sub(lambda match: "\ufffd" if match[0] >= "\ud800" else "", text)


def plain(value: object, *, markup: bool = False, limit: int = MAX_LINE) -> str:
    """One line of plain text.

    `markup`: the format says that `value` is HTML (Atom `type="html"`), so that every tag goes. Without it (RSS, which
    does not say) only tags for marking text up go. Entities are decoded once; white space is folded.
    """
    text = _opened(legal(str(value)[: 20 * limit])) if value else ""
    if "<" in text:
        text = _without_tags(text, everything=markup)
    return shortened(" ".join(legal(html.unescape(text)).split()), limit)


def literal(value: object, limit: int = MAX_LINE) -> str:
    """One line of what is plain text by its format (JSON Feed, Atom `type="text"`): entities stay as written."""
    return shortened(" ".join(legal(str(value)[: 20 * limit]).split()), limit) if value else ""


def _opened(text: str) -> str:
    """CDATA that was escaped twice shows up as text; its marks mean nothing to a reader."""
    return text.replace("<![CDATA[", "").replace("]]>", "") if "<![CDATA[" in text else text


def _without_tags(text: str, *, everything: bool) -> str:
    text = _COMMENT.sub("", text)
    if everything:
        text = _SILENT.sub("", text)

    def replace(match: re.Match[str]) -> str:
        name = (match[1] or "").lower()
        if not everything and name not in _INLINE:
            return match[0]
        return " " if name in _BLOCK else ""

    return _TAG.sub(replace, text)


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a space where there is one near, with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    space = head.rfind(" ", limit - 40)
    return (head[:space] if space > 0 else head).rstrip() + "…"


def looks_like_html(text: str) -> bool:
    """Whether text of an unnamed kind (RSS) has tags or entities that a person did not mean to show."""
    return bool(_LOOKS_LIKE_HTML.search(text))


def from_plain(text: str, *, breaks: bool = False) -> str:
    """Plain text as HTML: paragraphs at blank lines, everything escaped. `breaks`: line breaks mean something."""
    paragraphs = [part.strip() for part in _PARAGRAPH.split(text.replace("\r\n", "\n"))]
    escaped = [html.escape(part, quote=False) for part in paragraphs if part]
    return "".join(f"<p>{part.replace(chr(10), '<br>') if breaks else part}</p>" for part in escaped)


def visible_length(markup: str) -> int:
    """Characters of text in `markup`, about; for telling the fuller of two versions."""
    return len(_TAG.sub("", markup)) if "<" in markup else len(markup)


def with_base(markup: str, base: str | None) -> str:
    """`markup` with its relative references made absolute against `base` (xml:base, RFC 3986 section 5.1.1)."""
    if not base:
        return markup

    def resolve(match: re.Match[str]) -> str:
        reference = html.unescape(match[2] if match[2] is not None else match[3])
        absolute = _absolute(reference, base)
        return f'{match[1]}"{html.escape(absolute)}"' if absolute else match[0]

    return _REFERENCE.sub(resolve, markup)


def _absolute(reference: str, base: str) -> str | None:
    if reference.startswith("#"):
        return None
    try:
        if urljoin(base, reference) == reference:
            return None
    except ValueError:
        return None
    return http_url(reference, base)

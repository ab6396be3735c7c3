"""HTML to text without parsing it, and strings of a feed as they may be stored.

Three ways lead from HTML to text: `plain` makes one line of a title or a name, `body_text` paragraphs of a text that is
clean already, and `scrape.dom.to_text`, which needs a parsed tree, tables and lists too. Nothing here makes HTML safe
(scrape.clean does); what is guaranteed is that no control character, lone surrogate or endless field gets further.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final
from urllib.parse import urljoin

from aggregator.text.storable import keepable, shortened
from aggregator.text.urls import http_url

MAX_LINE = 1000
"""Characters of a title, a name or a description; longer ones are cut at a word."""

ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""Not allowed in XML 1.0 (section 2.2), or discouraged there and of no use to a reader; C1 controls are others."""

_C0 = dict.fromkeys((*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F))
_C0_BYTES = bytes(_C0)
_SUSPECT = re.compile(rb"\xc2[\x80-\x9f]|\xef(?:\xb7[\x90-\xaf]|\xbf[\xbe\xbf])")
_C1 = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
_IN_C1 = re.compile("[\x80-\x9f]")

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

_VOID = frozenset({"br", "img", "wbr"})
_PICTURE = re.compile(r"^(?!.*\son\w+\s*=).*\ssrc\s*=", re.DOTALL | re.IGNORECASE)
_CDATA_MARK = re.compile(r"<!\[CDATA\[|\]\]>|</?(?:pre|code)\b", re.IGNORECASE)
_BLOCK = frozenset({"br", "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "tr"})
_PARAGRAPH = re.compile(r"\n\s*\n")
_LOOKS_LIKE_HTML = re.compile(
    r"</?(?:a|b|blockquote|br|code|div|em|figure|h[1-6]|hr|i|img|li|ol|p|pre|span|strong|table|ul)\b[^<>]*>"
    r"|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"""(\s(?:href|src|poster|data-src|cite)\s*=\s*)(?:"([^"<>]*)"|'([^'<>]*)')""", re.IGNORECASE)

_UNSHOWN = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"), ("<template", "</template>"))
_BLOCK_TAG = re.compile(
    r"(?i)</?(?:address|article|aside|blockquote|dd|details|div|dl|dt|figcaption|figure|footer|h[1-6]|header|hr|li|main|"
    r"nav|ol|p|pre|section|summary|table|tr|ul)\b[^<>]*>"
)
_LINE_BREAK = re.compile(r"(?i)<br\b[^<>]*>")
_CELL_END = re.compile(r"(?i)</t[dh]\s*>")
_ANY_TAG = re.compile(r"</?[a-zA-Z!?][^<>]*>")
_BLANK_LINES = re.compile(r"\n[ \t\r\f\v]*(?:\n\s*)+")
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0]+")

_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Letters, marks and symbols by their category that have no ink: joiners, Hangul fillers, the empty Braille cell."""

_NO_INK: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})

_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ENDS: Final = {**dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c"), **dict.fromkeys("\u2066\u2067\u2068", "\u2069")}


def legal(text: str) -> str:
    """`text` without what XML, SQLite or a terminal would choke on; lone surrogates become U+FFFD.

    C1 controls become what Windows-1252 has in their place, as in browsers (WHATWG HTML, 13.2.5.80): text never
    means them.
    """
    if text.isascii():
        return text.translate(_C0)
    if _is_legal(text):
        return text
    if _IN_C1.search(text):
        text = text.translate(_C1)
    return ILLEGAL.sub(lambda match: "\ufffd" if "\ud800" <= match[0] <= "\udfff" else "", text)


def _is_legal(text: str) -> bool:
    """Whether there is nothing to change in `text`, asked of its bytes, which is ten times quicker."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return False
    if len(data.translate(None, _C0_BYTES)) != len(data):
        return False
    return _SUSPECT.search(data) is None


def plain(value: object, *, markup: bool = False, limit: int = MAX_LINE) -> str:
    """One line of plain text.

    `markup`: the format says that `value` is HTML (Atom `type="html"`), so that every tag goes. Without it (RSS, which
    does not say) only tags for marking text up go. Entities are decoded once; white space is folded.
    """
    text = _opened(legal(str(value)[: 20 * limit])) if value else ""
    if "<" in text:
        text = _without_tags(text, everything=markup)
    return _seen(shortened(" ".join(legal(html.unescape(text)).split()), limit))


def literal(value: object, limit: int = MAX_LINE) -> str:
    """One line of what is plain text by its format (JSON Feed, Atom `type="text"`): entities stay as written."""
    return _seen(shortened(" ".join(legal(str(value)[: 20 * limit]).split()), limit)) if value else ""


def _seen(text: str) -> str:
    """`text`, or nothing where nothing of it can be seen."""
    return text if text.isascii() or is_seen(text) else ""


_CDATA_END = re.compile(r"\]\]>?\s*\Z")
"""The end of a section that was closed twice, of which the XML has taken the `>`, or all of it."""


def _opened(text: str) -> str:
    """CDATA that was escaped as a whole shows up as text; its marks mean nothing to a reader."""
    bare = text.strip()
    if bare[:9].upper() != "<![CDATA[":
        return text
    return _CDATA_END.sub("", bare[9:], count=1)


def unwrapped(markup: str) -> str:
    """HTML without the marks of CDATA around it, or around parts of it; in code they are text and shown as such."""
    markup = _opened(markup)
    if "<![CDATA[" not in markup.upper():
        return markup
    code = opened = position = 0
    pieces = []
    for mark in _CDATA_MARK.finditer(markup):
        pieces.append(markup[position : mark.start()])
        position = mark.end()
        if mark[0][1] in "/pPcC":
            code = max(code + (-1 if mark[0][1] == "/" else 1), 0)
            pieces.append(mark[0])
        elif code:
            pieces.append(html.escape(mark[0], quote=False))
        elif mark[0] == "]]>" and not opened:
            pieces.append(mark[0])
        else:
            opened += 1 if mark[0] != "]]>" else -1
    return "".join((*pieces, markup[position:]))


def _without_tags(text: str, *, everything: bool) -> str:
    """Without comments and tags; unless the format says that it is HTML, only with those that mark something up."""
    text = _COMMENT.sub("", text)
    if everything:
        text = _SILENT.sub("", text)
    marks = list(_TAG.finditer(text))
    meant = frozenset() if everything else _meant_as_text(text, marks)

    def replace(match: re.Match[str]) -> str:
        return match[0] if match.start() in meant else " " if (match[1] or "").lower() in _BLOCK else ""

    return _TAG.sub(replace, text)


def _meant_as_text(text: str, tags: list[re.Match[str]]) -> frozenset[int]:
    """Where the tags stand that a title speaks of: of other elements than inline ones, or without a partner.

    A pair marks up what it encloses without a blank at either end; `<b>` and `</b>` that enclose nothing, or stand like
    words, are spoken of. A start tag whose attributes have values is markup, whether or not its end is there (titles
    are cut); an image is where it has a file to show and does nothing else.
    """
    spoken, open_ones = set(), []
    for tag in tags:
        name = (tag[1] or "").lower()
        if not name:
            spoken.update([tag.start()] if tag[0].lower().startswith("<!doctype") else [])
            continue
        closing = tag[0].startswith("</")
        if name not in _INLINE:
            spoken.add(tag.start())
        elif name in _VOID:
            if name == "img" and not _PICTURE.search(tag[0]):
                spoken.add(tag.start())
        elif not closing:
            open_ones.append(tag)
            spoken.add(tag.start())
        else:
            spoken.add(tag.start())
            partner = next((one for one in reversed(open_ones) if one[1].lower() == name), None)
            if partner is not None:
                del open_ones[open_ones.index(partner) :]
                inside = text[partner.end() : tag.start()]
                if partner[0].strip("<>/").lower() != name or (inside and inside == inside.strip()):
                    spoken -= {partner.start(), tag.start()}
    return frozenset(spoken - {one.start() for one in open_ones if "=" in one[0]})


def looks_like_html(text: str) -> bool:
    """Whether text of an unnamed kind (RSS) has tags or entities that a person did not mean to show."""
    return bool(_LOOKS_LIKE_HTML.search(text))


def from_plain(text: str, *, breaks: bool = False) -> str:
    """Plain text as HTML: paragraphs at blank lines, everything escaped. `breaks`: line breaks mean something."""
    paragraphs = [part.strip() for part in _PARAGRAPH.split(text.replace("\r\n", "\n"))]
    escaped = [html.escape(part, quote=False) for part in paragraphs if part]
    return "".join(f"<p>{part.replace(chr(10), '<br>') if breaks else part}</p>" for part in escaped)


def body_text(markup: str) -> str:
    """The text of HTML that scrape has cleaned, or of a feed's summary: paragraphs with a blank line between them.

    Tags go and entities are resolved; nothing is parsed, and nothing is made safe.
    """
    if not markup:
        return ""
    text = markup
    for opening, closing in _UNSHOWN:
        text = _without(text, opening, closing)
    text = re.sub(r"\s+", " ", text) if "<pre" not in text else text
    text = _CELL_END.sub(" ", _LINE_BREAK.sub("\n", text))
    text = _ANY_TAG.sub("", _BLOCK_TAG.sub("\n\n", text))
    text = _BLANKS.sub(" ", html.unescape(text))
    return keepable(_BLANK_LINES.sub("\n\n", text.replace(" \n", "\n").replace("\n ", "\n")).strip())


def _without(markup: str, opening: str, closing: str) -> str:
    """`markup` without what stands between the two, to the end if it is not closed; in one pass, whatever it is."""
    lower = markup.lower()
    if opening not in lower or len(lower) != len(markup):
        return markup
    kept, place = [], 0
    while (start := lower.find(opening, place)) >= 0:
        kept.append(markup[place:start])
        end = lower.find(closing, start + len(opening))
        place = len(markup) if end < 0 else end + len(closing)
    kept.append(markup[place:])
    return "".join(kept)


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


def is_seen(text: str) -> bool:
    """Whether anything of `text` can be seen."""
    return any(unicodedata.category(char) not in _NO_INK for char in _BLANK.sub("", text))


def closed(text: str) -> str:
    """`text` with an end for every direction mark in it (Unicode Standard Annex 9); idempotent."""
    if text.isascii() or not _MARKS.search(text):
        return text
    open_ends: list[str] = []
    for mark in _MARKS.findall(text):
        if mark in _ENDS:
            open_ends.append(_ENDS[mark])
        elif mark in open_ends:
            while open_ends.pop() != mark:  # an isolate's end ends the embeddings in it
                pass
    return text + "".join(reversed(open_ends))

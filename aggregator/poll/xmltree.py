"""Text -> a small, sound XML tree of a feed, however broken the text is; the door that keeps bombs out.

A document type declaration is cut off before anything reads it, so that no entity is ever expanded and nothing outside
the document is ever named (XML bombs, XXE). Sound documents are parsed once and strictly. Others are repaired (see
`repair`); then cut after their last complete entry; then taken apart, so that the damage in one entry stays in it.
Every repair is noted.

Mistakes in XML that can be undone without guessing at its structure.

Ampersands that stand for themselves, HTML's named entities, references to characters that do not exist, control
characters, stray `<`, prefixes that were never declared. CDATA sections are left as they are. Runs in linear time.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html import escape

from lxml import etree

from aggregator.poll.fields import MAX_ENTRIES, PREFIXES, ROOTS, bound, entries, local_name, slim
from aggregator.text.plain import legal

ROOT = re.compile(
    r"<(?:[\w.-]{1,30}:)?(?:rss|rdf|feed|channel)(?=[\s>/])(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*>", re.IGNORECASE
)
"""The start tag of a feed's root element."""

MAX_PREFIXES = 50
"""Undeclared prefixes that are given a meaning; real feeds forget one or two."""

_STRAY_AMPERSAND = re.compile(r"&(?!(?:#\d{1,8}|#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});)")
_REFERENCE = re.compile(r"&(?:#(\d{1,8})|#[xX]([0-9a-fA-F]{1,8})|([A-Za-z][A-Za-z0-9]{1,31}));")
_STRAY_LESS = re.compile(r"<(?![A-Za-z_/!?])")
_PREFIX = re.compile(r"(?:</?|\s)([A-Za-z_][\w.-]{0,40}):[A-Za-z_]")
_FIELD = re.compile(r"<([A-Za-z_][\w.:-]{0,60})(?:\s[^<>]{0,500})?>\s*\Z")
_ENTRY = re.compile(r"</?(?:[\w.-]{1,30}:)?(?:item|entry)[\s>]", re.IGNORECASE)
_MARK = re.compile(r"<!\[CDATA\[|\]\]>")
_SPLIT = "]]]]><![CDATA[>"
"""How XML writes the end of a section inside one."""

MAX_SEARCHES = 1000
"""Sections of one document whose end is looked for beyond the first `]]>`, so that all of it takes linear time."""

MAX_TAG = 600
"""Characters before a section in which the start tag of its field is looked for."""

MAX_QUOTED = 2 * 2**20
"""Characters of a section in which its field's end is looked for (see bounds.MAX_FIELD)."""

_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})


def repaired(text: str) -> str:
    """`text` with those mistakes undone; what is well-formed already comes back meaning the same."""
    pieces = [piece if cdata else _markup(piece) for piece, cdata in _sections(legal(text))]
    return _with_prefixes("".join(pieces))


def _markup(piece: str) -> str:
    return _STRAY_LESS.sub("&lt;", _REFERENCE.sub(_known, _STRAY_AMPERSAND.sub("&amp;", piece)))


def _sections(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces: (piece, whether it is a CDATA section).

    A section that is all of a field ends where the field does: marks inside it are part of a text that quotes XML.
    """
    position = searches = 0
    while (start := text.find("<![CDATA[", position)) >= 0:
        yield text[position:start], False
        end, field = text.find("]]>", start), _FIELD.search(text, max(0, start - MAX_TAG), start)
        if end >= 0 and field and searches < MAX_SEARCHES:
            closing = re.compile(rf"\]\]>\s*</{re.escape(field[1])}\s*>")
            if not closing.match(text, end):
                searches += 1
                end = _end_of_section(text, start, end, closing)
        if end < 0:
            yield text[start:] + "]]>", True
            return
        yield f"<![CDATA[{text[start + 9 : end].replace(']]>', _SPLIT)}]]>", True
        position = end + 3
    yield text[position:], False


def _end_of_section(text: str, start: int, end: int, closing: re.Pattern[str]) -> int:
    """Where the section at `start` ends: at `end`, the first `]]>`, unless that is part of the text of its field."""
    last = closing.search(text, end, end + MAX_QUOTED)
    if last is None or _ENTRY.search(text, end, last.start()):
        return end
    depth, marks = 0, list(_MARK.finditer(text, start, last.start() + 3))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        depth += 1 if mark[0] != "]]>" else -1
        if depth <= 0:
            if following is None or following[0] != "]]>":
                return mark.start()
            depth = 1
    return last.start()


def _known(match: re.Match[str]) -> str:
    """A reference that XML knows: HTML's names as characters, illegal numbers as nothing, unknown names as text."""
    decimal, hexadecimal, name = match.groups()
    if name in _XML_NAMES:
        return match[0]
    if name:
        character = html.unescape(match[0])
        return "&amp;" + match[0][1:] if character == match[0] or character in "<>&\"'" else character
    number = int(decimal) if decimal else int(hexadecimal, 16)
    if number >= 0x110000:
        return "\ufffd"
    character = legal(chr(number))
    return match[0] if character == chr(number) else character


def _with_prefixes(text: str) -> str:
    """The root's start tag with a declaration for each prefix that is used and declared nowhere."""
    root = ROOT.search(text)
    if root is None:
        return text
    used = dict.fromkeys(match[1] for match in _PREFIX.finditer(text))
    missing = [prefix for prefix in used if prefix not in ("xml", "xmlns") and f"xmlns:{prefix}" not in text]
    declarations = [
        f' xmlns:{prefix}="{PREFIXES.get(prefix.lower(), f"urn:undeclared:{prefix}")}"'
        for prefix in missing[:MAX_PREFIXES]
    ]
    place = root.end() - (2 if root[0].endswith("/>") else 1)
    return text[:place] + "".join(declarations) + text[place:]


PROLOG = 65536
"""Characters before the root element that are looked through for it."""

MAX_DOCTYPES = 3
"""Document type declarations that are cut off; one is legal."""

MAX_BROKEN = 1000
"""Broken entries of one document that are put together field by field; what comes after is left to libxml2."""

MAX_OPENING = 4096
"""Characters of a root's start tag that is repeated for each entry of a broken document."""

CUT_SHORT = "the document is cut short; its complete entries were taken"
BROKEN = "the XML was broken around the entries"
BROKEN_END = "the XML was broken after the entries"
FOLLOWED = "something follows the feed and was ignored"

_DECLARATION = re.compile(r"<\?xml[^>]{0,500}\?>", re.IGNORECASE)
_BLANK = "\ufeff \t\r\n"
_SUBSET_END = re.compile(r"\]\s*>")
_ENTRY_START = re.compile(r"<(?:[\w.-]{1,30}:)?(item|entry)(?=[\s>/])", re.IGNORECASE)
_ENTRY_END = re.compile(r"</(?:[\w.-]{1,30}:)?(?:item|entry)\s*>", re.IGNORECASE)
_FIELD_START = re.compile(r"<([A-Za-z_][\w.:-]{0,60})(?=[\s>/])[^<>]{0,5000}>")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_CHANNEL_START = re.compile(r"<((?:[\w.-]{1,30}:)?channel)[\s>]", re.IGNORECASE)
_CHANNEL_END = re.compile(r"</(?:[\w.-]{1,30}:)?channel\s*>", re.IGNORECASE)


class NotXml(ValueError):
    """The text has no root of a feed. `root` is the name of the element that it has instead, or empty."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.root = root


def read(text: str) -> tuple[etree._Element, list[str]]:
    """The bounded tree of a feed document, and notes on what had to be repaired. Raises NotXml."""
    bare = _without_declaration(text)
    text = _without_doctypes(bare).lstrip(_BLANK)
    root = _strict(text)
    problems: list[str] = []
    if root is None or local_name(root) not in ROOTS:
        root, problems = _broken(text)
    if local_name(root) not in ROOTS:
        raise NotXml(local_name(root))
    etree.strip_tags(root, etree.Comment, etree.PI, etree.Entity)
    if "<!ENTITY" in bare[: len(bare) - len(text)]:
        problems.append("it declares entities of its own; they are not expanded")
    return root, problems + bound(root)


def read_any(text: str) -> etree._Element:
    """The tree of any XML document with the same care, and no bounds. Raises NotXml when there is none."""
    text = _without_doctypes(_without_declaration(text)).lstrip(_BLANK)
    for candidate in (text, repaired(text)):
        if (root := _strict(candidate)) is not None:
            return root
    return _recovered(repaired(text))


def _without_declaration(text: str) -> str:
    """The encoding has been dealt with, and the declaration might contradict it."""
    text = text.lstrip(_BLANK)
    declaration = _DECLARATION.match(text)
    return text[declaration.end() :] if declaration else text


def _without_doctypes(text: str) -> str:
    """Without document type declarations before the root element; their entities are never known to anyone."""
    for _ in range(MAX_DOCTYPES):
        root = ROOT.search(text, 0, PROLOG)
        start = text.find("<!DOCTYPE", 0, root.start() if root else PROLOG)
        if start < 0:
            break
        close = text.find(">", start)
        subset = text.find("[", start)
        if 0 <= subset < close:
            end = _SUBSET_END.search(text, subset)
            close = end.end() - 1 if end else -1
        if close < 0:
            return text[:start]
        text = text[:start] + text[close + 1 :]
    return text


# --- from text to tree -----------------------------------------------------------------------------------------


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )


def _strict(text: str) -> etree._Element | None:
    """The tree of a well-formed document without a document type declaration; None for any other."""
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), _parser(recover=False))
    except etree.XMLSyntaxError:
        return None
    return root if root.getroottree().docinfo.internalDTD is None else None


def _recovered(text: str) -> etree._Element:
    """What libxml2 makes of a document that nothing else could be made of. Raises NotXml."""
    try:
        root: etree._Element | None = etree.fromstring(text.encode("utf-8", "replace"), _parser(recover=True))
    except etree.XMLSyntaxError as error:
        raise NotXml("") from error
    if root is None:
        raise NotXml("")
    for element in root.iter():
        slim(element)
        if isinstance(element.tag, str) and ":" in element.tag and not element.tag.startswith("{"):
            name = element.tag.rpartition(":")[2]
            element.tag = name if _PLAIN_NAME.fullmatch(name) else "undeclared"
        for key in [str(key) for key in element.attrib]:
            if ":" in key and not key.startswith("{"):
                del element.attrib[key]
    return root


# --- broken documents ------------------------------------------------------------------------------------------


def _broken(text: str) -> tuple[etree._Element, list[str]]:
    """The tree of a document that is not well-formed, and notes. Raises NotXml."""
    start = ROOT.search(text, 0, PROLOG)
    if start is None or "<html" in text[: start.start()].lower():
        return _recovered(repaired(text)), ["the XML was broken"]
    junk = ["the text before the feed was ignored"] if text[: start.start()].strip() else []
    text = repaired(text[start.start() :])
    if (root := _strict(text)) is not None:
        return root, junk + ["the XML was not well-formed and has been repaired"] * (not junk)
    start = ROOT.search(text)
    if start is None:
        return _recovered(text), ["the XML was broken"]
    end = _end_of_root(text, start)
    if end is not None and (root := _strict(text[:end])) is not None:
        return root, [*junk, FOLLOWED]
    closed = _closed_after_last_entry(text, start)
    if closed is not None and (root := _strict(closed)) is not None:
        return root, [*junk, CUT_SHORT if end is None else BROKEN_END]
    root, problems = _salvaged(text, start)
    return root, junk + problems


def _closed_after_last_entry(text: str, start: re.Match[str]) -> str | None:
    """The document up to its last complete entry, with what was open around it closed; None when it has none."""
    ends = [match.end() for match in _ENTRY_END.finditer(text, start.end())]
    if not ends:
        return None
    channel = _CHANNEL_START.search(text, start.end(), ends[-1])
    inside = channel is not None and not _CHANNEL_END.search(text, start.end(), ends[-1])
    return text[: ends[-1]] + (f"</{channel[1]}>" if channel and inside else "") + f"</{_name(start)}>"


def _end_of_root(text: str, start: re.Match[str]) -> int | None:
    """Where the root's end tag ends, the last one there is; None when there is none behind the last entry."""
    ends = re.compile(rf"</{re.escape(_name(start))}\s*>", re.IGNORECASE).finditer(text, start.end())
    last = max((match.end() for match in ends), default=None)
    return last if last is not None and not _ENTRY_END.search(text, last) else None


def _name(start: re.Match[str]) -> str:
    return start[0][1:].split(None, 1)[0].rstrip("/>")


def _salvaged(text: str, start: re.Match[str]) -> tuple[etree._Element, list[str]]:
    """Head and entries parsed one by one, leniently where they must be, so that one bad entry harms no other."""
    name = _name(start)
    opening = start[0].removesuffix("/>").removesuffix(">") + ">"
    if len(opening) > MAX_OPENING:
        opening = f"<{name}>"
    first = _ENTRY_START.search(text, start.end())
    root = _recovered(f"{opening}{text[start.end() : first.start() if first else len(text)]}</{name}>")
    bad = incomplete = 0
    for chunk, complete in _chunks(text, first):
        document = f"{opening}{chunk}</{name}>"
        tree = _strict(document) if complete else None
        bad += tree is None and complete
        incomplete += not complete
        if complete:
            if tree is None:
                by_fields = bad <= MAX_BROKEN
                tree = _field_by_field(opening, chunk, f"</{name}>") if by_fields else _recovered(document)
            root.extend(entries(tree)[:1])
    problems = [f"entries with broken XML: {bad}" if bad else BROKEN]
    return root, problems + [CUT_SHORT] * (incomplete > 0)


def _chunks(text: str, first: re.Match[str] | None) -> Iterator[tuple[str, bool]]:
    """The source of each entry, and whether its end tag is there."""
    start = first
    for _ in range(MAX_ENTRIES):
        if start is None:
            return
        following = _ENTRY_START.search(text, start.end())
        limit = following.start() if following else len(text)
        end = _ENTRY_END.search(text, start.end(), limit)
        yield text[start.start() : end.end() if end else limit], end is not None
        start = following


def _field_by_field(opening: str, chunk: str, ending: str) -> etree._Element:
    """A broken entry with each of its fields parsed alone; markup that does not parse becomes the field's text."""
    start = _FIELD_START.match(chunk)
    if start is None:
        return _recovered(opening + chunk + ending)
    fields, position = [], start.end()
    while field := _FIELD_START.search(chunk, position):
        close = f"</{field[1]}>"
        end = chunk.find(close, field.end())
        position = field.end()
        if field[0].endswith("/>"):
            fields.append(field[0])
        elif end >= 0:
            source = chunk[field.start() : end + len(close)]
            sound = _strict(opening + source + ending) is not None
            fields.append(source if sound else f"{field[0]}{escape(chunk[field.end() : end])}{close}")
            position = end + len(close)
    return _recovered(f"{opening}{start[0]}{''.join(fields)}</{start[1]}>{ending}")

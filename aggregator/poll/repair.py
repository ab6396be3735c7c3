"""Mistakes in XML that can be undone without guessing at its structure.

Ampersands that stand for themselves, HTML's named entities, references to characters that do not exist, control
characters, stray `<`, prefixes that were never declared. CDATA sections are left as they are. Runs in linear time.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from aggregator.poll.names import PREFIXES
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
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})


def repaired(text: str) -> str:
    """`text` with those mistakes undone; what is well-formed already comes back meaning the same."""
    pieces = [piece if cdata else _markup(piece) for piece, cdata in _sections(legal(text))]
    return _with_prefixes("".join(pieces))


def _markup(piece: str) -> str:
    return _STRAY_LESS.sub("&lt;", _REFERENCE.sub(_known, _STRAY_AMPERSAND.sub("&amp;", piece)))


def _sections(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces: (piece, whether it is a CDATA section)."""
    position = 0
    while (start := text.find("<![CDATA[", position)) >= 0:
        yield text[position:start], False
        end = text.find("]]>", start)
        if end < 0:
            yield text[start:] + "]]>", True
            return
        yield text[start : end + 3], True
        position = end + 3
    yield text[position:], False


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

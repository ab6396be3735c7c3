"""Bytes -> text, whatever the headers and the document claim about their encoding.

The order is that of RFC 7303 section 3 (byte order mark, HTTP charset, XML declaration), with what practice adds: bytes
that are valid UTF-8 are UTF-8 whoever says otherwise, a legacy label means its Windows superset, and what can not be
decoded strictly is decoded with replacement characters. Never raises. Codecs that are not character sets, or that cost
more than linear time (`idna`, `unicode_escape`, `utf-7` ...), are not used however politely a document asks for them.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
"""How a document that begins with `<` looks without a byte order mark (XML 1.0, appendix F)."""

_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
"""What a label means in practice (WHATWG Encoding, section 4.2), by Python's name of the codec."""

_UNUSABLE = frozenset(
    {"utf-7", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined", "mbcs", "oem", "charmap"}
)
_SEVEN_BIT = ("iso2022", "hz")
"""Encodings whose bytes look like ASCII, and so like UTF-8."""

_LABEL = rb"""["']?\s*([A-Za-z0-9][A-Za-z0-9._:-]{0,40})"""
_CHARSET = re.compile(r"charset\s*=" + _LABEL.decode(), re.IGNORECASE)
_XML_DECLARATION = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*" + _LABEL)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*" + _LABEL, re.IGNORECASE)

HEAD = 2048
"""Bytes within which a document has to name its encoding (HTML, section 4.2.5.4: the first 1024)."""

SAMPLE = 20_000
"""Bytes looked at when the encoding has to be guessed; guessing takes some 10 microseconds a byte."""

MAX_DAMAGE = 0.02
"""Share of replacement characters up to which a text is UTF-8 with a few bad bytes, not another encoding."""


def decode(body: bytes, content_type: str = "") -> tuple[str, str]:
    """The text of `body` and the name of the encoding it was read in (Python's name). Never raises."""
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace"), encoding
    for start, encoding in _UNMARKED:
        if body.startswith(start):
            return body.decode(encoding, "replace"), encoding
    declared = list(dict.fromkeys(_declared(body, content_type)))
    seven_bit = [encoding for encoding in declared if encoding.startswith(_SEVEN_BIT)]
    for encoding in (*seven_bit, "utf-8", *declared) if body.isascii() else ("utf-8", *declared):
        text = _strictly(body, encoding)
        if text is not None:
            return text, encoding
    return _leniently(body, declared)


def _declared(body: bytes, content_type: str) -> Iterator[str]:
    """The usable encodings that the header and the document name, in the order in which they count."""
    head = body[:HEAD]
    header = _CHARSET.search(content_type[:500])
    if header and (encoding := _usable(header[1])):
        yield encoding
    for pattern in (_XML_DECLARATION, _META_CHARSET):
        named = pattern.search(head)
        if named and (encoding := _usable(named[1].decode("ascii"))):
            yield encoding


def _usable(label: str) -> str | None:
    try:
        name = codecs.lookup(label).name
        "".encode(name)  # LookupError for codecs that are not character sets: zlib, hex, rot13 ...
    except (LookupError, ValueError, TypeError):
        return None
    if name in _UNUSABLE or name.startswith(("utf-16", "utf-32")):  # those two would have shown in the first bytes
        return None
    return _SUPERSETS.get(name, name)


def _strictly(body: bytes, encoding: str) -> str | None:
    """`body` in `encoding` without a single error, save for a character cut off at the very end."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(body)
    except (UnicodeError, LookupError):
        return None


def _leniently(body: bytes, declared: list[str]) -> tuple[str, str]:
    """The least bad reading of bytes that no candidate decodes without errors."""
    text = body.decode("utf-8", "replace")
    foreign = sum(1 for character in text[:SAMPLE] if character > "\x7f")
    if text[:SAMPLE].count("\ufffd") <= MAX_DAMAGE * max(foreign, 50):
        return text, "utf-8"
    encoding = declared[0] if declared else _guess(body)
    return body.decode(encoding, "replace"), encoding


def _guess(body: bytes) -> str:
    """An encoding for bytes that nobody has labelled; Windows-1252, as browsers do, when there is no telling."""
    from charset_normalizer import from_bytes  # rarely needed, and its tables are large

    high = next((index for index, byte in enumerate(body) if byte > 0x7F), 0)
    best = from_bytes(body[max(0, high - 200) :][:SAMPLE]).best()
    return (_usable(best.encoding) if best else None) or "cp1252"

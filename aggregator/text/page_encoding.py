"""Bytes of a web page -> text, as a browser would read it.

The order of belief is that of browsers (WHATWG HTML, 13.2.3), with two additions from practice: bytes that are valid
UTF-8 with multi-byte characters in them are UTF-8 whatever the labels say, and UTF-8 inside UTF-8 is decoded twice.
Never raises: what can not be decoded becomes U+FFFD. Nothing is fetched and no entity is resolved here.
"""

from __future__ import annotations

import codecs
import re

from bs4.dammit import UnicodeDammit
from charset_normalizer import from_bytes

LABEL_WINDOW = 4096
"""Bytes in which a `<meta charset>` is looked for; browsers look at 1,024, real pages put it later."""

GUESS_WINDOW = 32_768
"""Bytes that the detector is shown: enough to tell, and its time grows with the size."""

MAX_MENDED = 1_000_000
"""Bytes; mending goes byte by byte, which takes half a second for these."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BROWSER_NAMES = {
    # The WHATWG Encoding standard reads these labels as their supersets.
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "big5": "big5hkscs",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "utf8": "utf-8",
    "unicode": "utf-8",
    # A document can not be UTF-16 and carry an ASCII label inside.
    "utf-16": "utf-8",
    "utf-16le": "utf-8",
    "utf-16be": "utf-8",
}
_CHARSET_HEADER = re.compile(r"(?i)charset\s*=\s*[\"']?\s*([\w.:-]+)")
_CHARSET_META = re.compile(rb"(?i)<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)")
_CONTROLS = re.compile(rb"\xc2[\x80-\x9f]")
"""U+0080 to U+009F in UTF-8."""

_BEYOND_LATIN = re.compile(r"[^\x00-\xff]")
_MULTIBYTE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")


def decode(page: bytes, content_type: str = "") -> str:
    """The text of `page`. `content_type` is the HTTP header's value, or empty."""
    for mark, encoding in _BOMS:
        if page.startswith(mark):
            return page[len(mark) :].decode(encoding, "replace")
    if (text := _strict(page, "utf-8")) is not None:
        return _decoded_again(text) if _CONTROLS.search(page) else text
    for label in _labels(page, content_type):
        codec = _codec(label)
        if codec and codec != "utf-8" and (text := _strict(page, codec)):
            return text
    return _mostly_utf8(page) or _guessed(page)


def _decoded_again(text: str) -> str:
    """What was encoded twice (read as Latin-1, then written as UTF-8), decoded once more.

    Only whole documents with control characters of Latin-1 in them, which nobody writes: a page that quotes "Ã©" stays.
    """
    if _BEYOND_LATIN.search(text):
        return text
    return _strict(text.encode("latin-1"), "utf-8") or text


def _strict(page: bytes, encoding: str) -> str | None:
    try:
        return page.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _labels(page: bytes, content_type: str) -> list[str]:
    labels = [match[1] for match in [_CHARSET_HEADER.search(content_type)] if match]
    labels += [match[1].decode("ascii", "ignore") for match in _CHARSET_META.finditer(page[:LABEL_WINDOW])]
    return labels


def _codec(label: str) -> str | None:
    name = label.strip().lower()
    name = _BROWSER_NAMES.get(name, name)
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    # `rot13`, `zip` and the like are codecs too, but not of text.
    return info.name if info._is_text_encoding else None


def _mostly_utf8(page: bytes) -> str | None:
    """UTF-8 with a few broken bytes (cut in the middle, or pasted from a Windows program, which are mended): far more
    common than a wrong guess.
    """
    mended = UnicodeDammit.detwingle(page) if len(page) <= MAX_MENDED else page
    text = mended.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return text if len(_MULTIBYTE.findall(page)) > 2 * broken else None


def _guessed(page: bytes) -> str:
    best = from_bytes(page[:GUESS_WINDOW]).best()
    encoding = best.encoding if best else "cp1252"
    return page.decode(encoding, "replace")

"""Bytes of a feed or a page -> text, whatever the headers and the document claim about their encoding.

The order is that of RFC 7303 section 3 for feeds, of WHATWG HTML (13.2.3) for pages, with what practice adds: bytes
that are valid UTF-8 are UTF-8 whatever label they have; bytes of Windows-1252 pasted into UTF-8 are mended, and UTF-8
inside UTF-8 is decoded twice; a label means what the WHATWG Encoding standard says; a feed's own declaration is
believed before the ISO-8859-1 that servers add to everything. What no label fits is guessed. Never raises: what cannot
be decoded becomes U+FFFD. Codecs that are not character sets, or cost more than linear time, are never used.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence

import webencodings

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = (
    (re.compile(rb"[<{\s]\x00{3}"), "utf-32-le"),
    (re.compile(rb"\x00{3}[<{\s]"), "utf-32-be"),
    (re.compile(rb"[<{\s]\x00"), "utf-16-le"),
    (re.compile(rb"\x00[<{\s]"), "utf-16-be"),
)
"""How a document that begins with `<` or `{` looks without a byte order mark (XML 1.0, appendix F)."""

_CHARACTER_SETS = re.compile(
    r"(?:cp\d|iso|mac-|koi8|hz|euc|big5|gb|shift|johab|ptcp154|kz1048|tis-620|utf-8$)", re.IGNORECASE
)
"""Python's names of codecs that are used for labels which the standard does not know: no `idna`, `utf-7`, `zlib` ..."""

_SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030"}
_SEVEN_BIT = ("iso2022", "hz")
"""Encodings whose bytes look like ASCII, and so like UTF-8."""

_LABEL = r"""["']?\s*([A-Za-z0-9][A-Za-z0-9._:+-]{0,40})"""
_IN_HEADER = re.compile(r"charset\s*=\s*" + _LABEL, re.IGNORECASE)
_IN_DOCUMENT = re.compile(rb"(?i)<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*" + _LABEL.encode())
_CODE_PAGE = re.compile(r"(?:windows|cp|win|dos)[-_ ]?(\d{3,4})", re.IGNORECASE)

HEAD = 4096
"""Bytes in which a document may name its encoding; browsers look at 1,024, real pages put it later."""

SAMPLE = 20_000
"""Bytes that the detector is shown: words with letters beyond ASCII, which alone tell."""

MAX_DAMAGE = 0.02
"""Share of characters beyond ASCII that may be undecodable in a text whose label is believed."""

CERTAIN = 4
"""Times as many sound characters of UTF-8 as bad bytes: then it is UTF-8 whatever a label says. Other encodings hardly
ever have such sequences by chance."""

_ALPHABETS = (
    ("cp1252", "àâæçéèêëîïôœùûüÿ äöüß áéíóúüñ¿¡ áâãàçéêíóôõú àèéìíòóù åäöé æøåéé áðéíóúýþæö éëïóöèê àçèéíïòóúü"),
    ("cp1250", "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîşţ čćđšž ëç"),
    ("iso8859-2", "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîşţ čćđšž"),
    ("cp1254", "çğıiöşüâî"),
    ("cp1257", "ąčęėįšųūž āčēģīķļņšūž äõöüšž"),
)
"""The letters beyond ASCII of the languages that an encoding is used for; where two fit alike, the first does."""

_MARKS = frozenset("“”„‘’‚–—…•«»€£©®™°·×½¼§ \xa0")
"""Marks that stand in texts of every language."""


def _rows(encoding: str, first: int, last: int) -> str:
    """The characters of some rows of a double-byte set: its first ones hold what is common."""
    rows = (bytes((lead, trail)) for lead in range(first, last + 1) for trail in range(0x40, 0xFF))
    return "".join(pair.decode(encoding, "ignore") for pair in rows)


_COMMON = {
    **dict.fromkeys(("cp1251", "koi8_r", "koi8_u", "iso8859_5"), "оеаинтсрвліья"),
    "cp1253": "αοιετσνηυρκ",
    "cp1255": "יוהלאתרמבשנ",
    "cp1256": "اليمونتربةد",
    "cp874": "านรอกเงมย่้",
    **dict.fromkeys(("cp932", "euc_jp"), "".join(map(chr, range(0x3041, 0x30FD)))),
    "cp949": _rows("euc_kr", 0xB0, 0xC8),
    "gb18030": _rows("gb2312", 0xB0, 0xD7),
    "big5hkscs": _rows("big5", 0xA4, 0xC6),
}
"""What is guessed for words that have few Latin letters, with the commonest characters of what is written in it."""

_DOUBLE_BYTE = {"cp949": 0.95, "cp932": 0.25, "euc_jp": 0.25, "gb18030": 0.8, "big5hkscs": 0.8}
"""Share of the common characters (of kana, in Japanese) in a text that is in this encoding. The first that is
counts: a short Korean text may be Chinese as well, and not the other way round."""

MANY = 8
"""Chinese, Japanese or Korean characters from which on a text is taken for one that says to be Windows-1252."""

FOREIGN = 2
"""Bytes beyond ASCII to one Latin letter, in words that have any: above, the words are in another script."""

AS_CLEAN = 0.05
"""Difference in the detector's measure of disorder below which two readings look alike."""

_LANGUAGE = re.compile(rb"<language>\s*([a-z]{2})\b|\blang=[\"']?([a-z]{2})\b", re.IGNORECASE)
_LATIN_OF = {
    **dict.fromkeys(("pl", "cs", "sk", "hu", "ro", "hr", "sl", "bs", "sq", "sr"), ("cp1250", "iso8859-2")),
    **dict.fromkeys(("lt", "lv", "et"), ("cp1257",)),
    **dict.fromkeys(("tr", "az"), ("cp1254",)),
}
"""Where a document names its language, the encodings that its words are looked for in; all others: Windows-1252."""

_TWICE = re.compile(rb"\xc2[\x80-\x9f]|\xc3[\x82-\xb4](?:\xc2|\xe2|\xc5|\xc6|\xcb)")
"""U+0080 to U+009F in UTF-8, which no text has, or what the first byte of UTF-8 looks like before a second one."""

OFTEN = 3
"""Characters in a document that were encoded twice by way of Windows-1252, for it not to be a quotation of such."""

_SURROGATES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
"""One character beyond U+FFFF as its two halves of UTF-16, each in UTF-8 (CESU-8): what Java and MySQL write."""

_SURROGATES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
_BEYOND_LATIN = re.compile(r"[^\x00-\xff]")
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_REST_OF_WORD = re.compile(rb"[\x80-\xff][^\s<>&;]{0,60}")
_START_OF_WORD = re.compile(rb"[^\s<>&;]*\Z")


def decode(body: bytes, content_type: str = "", *, page: bool = False) -> str:
    """The text of `body`. `content_type` is the HTTP header; `page`: HTML, in which that goes before the document."""
    marked = body.startswith(codecs.BOM_UTF8)
    for mark, encoding in () if marked else _BOMS:
        if body.startswith(mark):
            return body.removeprefix(mark).decode(encoding, "replace")
    for start, encoding in () if marked else _UNMARKED:
        if start.match(body):
            return body.decode(encoding, "replace")
    body = body.removeprefix(codecs.BOM_UTF8)
    labels = ["utf-8"] if marked else list(_declared(body, content_type, page=page))
    if body.isascii():
        return body.decode(next((label for label in labels if label.startswith(_SEVEN_BIT)), "utf-8"), "replace")
    body = _SURROGATES.sub(_one_character, body)
    if (text := _strictly(body, "utf-8")) is not None:
        return _decoded_again(text) if _TWICE.search(body) else text
    return _not_utf8(body, labels)


def _not_utf8(body: bytes, labels: Sequence[str]) -> str:
    """The text of bytes that are not all UTF-8, whether or not a label says so."""
    sound = len(_MULTIBYTE.findall(body))
    alone = _MULTIBYTE.sub(b"", body)
    # Below A0 Windows-1252 has marks, which are what is pasted; letters speak for another encoding of the whole.
    bad = len(re.findall(rb"[\xa0-\xff]", alone)) + len(re.findall(rb"[\x80-\x9f]", alone)) / 2
    if sound > CERTAIN * bad:
        return _mended(body)
    legacy = [label for label in labels if label != "utf-8"]
    if legacy in ([], ["cp1252"]) and (text := _in_double_bytes(body)):  # labels that are put on everything
        return text
    if text := next((text for label in legacy if (text := _strictly(body, label)) is not None), None):
        return text
    return _mended(body) if sound > bad or (sound == bad and "utf-8" in labels) else _leniently(body, legacy)


def _declared(body: bytes, content_type: str, *, page: bool) -> Iterator[str]:
    """The usable encodings that the header and the document name, in the order in which they count."""
    header = _IN_HEADER.search(content_type[:500])
    from_header = [found] if header and (found := _usable(header[1])) else []
    from_document = [found for label in _IN_DOCUMENT.findall(body[:HEAD]) if (found := _usable(label.decode("ascii")))]
    if not page and from_header == ["cp1252"]:
        from_header, from_document = from_document, from_header
    yield from dict.fromkeys([*from_header, *from_document])


def _usable(label: str) -> str | None:
    """Python's name of the codec that a label means; None for what is unknown, or no character set."""
    number = _CODE_PAGE.fullmatch(label)
    spellings = (label, label.replace("_", "-"), *((f"windows-{number[1]}", f"ibm{number[1]}") if number else ()))
    known = next(filter(None, map(webencodings.lookup, spellings)), None)
    if known and known.name in ("utf-16le", "utf-16be"):  # a document cannot be UTF-16 and carry an ASCII label inside
        return "utf-8"
    if known and known.name == "x-user-defined":
        return "cp1252"
    if known and known.name != "replacement":
        name = known.codec_info.name
    else:
        try:
            name = codecs.lookup(label).name
            "".encode(name)  # LookupError for codecs that are not character sets: zlib, hex, rot13 ...
        except (LookupError, ValueError, TypeError):
            return None
    return _SUPERSETS.get(name, name) if _CHARACTER_SETS.match(name) else None


def _strictly(body: bytes, encoding: str) -> str | None:
    """`body` in `encoding` without a single error, save for a character cut off at the very end."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(body)
    except (UnicodeError, LookupError):
        return None


def _decoded_again(text: str) -> str:
    """What was encoded twice (read as Latin-1 or Windows-1252, then written as UTF-8), decoded once more.

    Only whole documents, all of whose characters beyond ASCII come out of it: a page that quotes "Ã©" stays.
    """
    if not _BEYOND_LATIN.search(text) and re.search("[\x80-\x9f]", text):
        return _strictly(text.encode("latin-1"), "utf-8") or text
    try:
        body = text.encode("cp1252", "as_control")
    except UnicodeError:
        return text
    return (_strictly(body, "utf-8") or text) if len(_MULTIBYTE.findall(body)) >= OFTEN else text


def _as_control(error: UnicodeError) -> tuple[bytes, int]:
    """An error handler (codecs.register_error): the five bytes that Windows-1252 leaves undefined, as themselves."""
    assert isinstance(error, UnicodeEncodeError)
    return error.object[error.start : error.end].encode("latin-1"), error.end


codecs.register_error("as_control", _as_control)


def _one_character(match: re.Match[bytes]) -> bytes:
    halves = match[0].decode("utf-8", "surrogatepass")
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le").encode()


def _mended(body: bytes) -> str:
    """UTF-8 with bytes pasted from a Windows program among it; a character cut off at the end is dropped."""
    return codecs.getincrementaldecoder("utf-8")("pasted").decode(body)


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """An error handler (codecs.register_error): the bytes that are no UTF-8, in Windows-1252.

    Two surrogates in three bytes each (CESU-8, as some databases write) are the character that they stand for.
    """
    assert isinstance(error, UnicodeDecodeError)
    if pair := _SURROGATES.match(error.object, error.start):
        return pair[0].decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16"), pair.end()
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("pasted", _as_windows_1252)


def _leniently(body: bytes, legacy: Sequence[str]) -> str:
    """The least bad reading of bytes that no candidate decodes without errors."""
    foreign = len(re.findall(rb"[\x80-\xff]", body))
    for label in legacy:
        text = body.decode(label, "replace")
        if text.count("\ufffd") <= MAX_DAMAGE * max(foreign, 50):
            return text
    return _in_double_bytes(body) or body.decode(_guess(body), "replace")


def _in_double_bytes(body: bytes) -> str | None:
    """The text of bytes that are Chinese, Japanese or Korean without a single error, in characters that are common."""
    high = len(re.findall(rb"[\x80-\xff]", body))  # one byte a character where it is "Äpfel", nearly two in Chinese
    for encoding, needed in _DOUBLE_BYTE.items():
        text = _strictly(body, encoding)
        foreign = [character for character in text or "" if character > "\u2fff"]
        beyond_ascii = sum(character > "\x7f" for character in text or "")
        if text and len(foreign) >= MANY and beyond_ascii <= 1.5 * len(foreign) and high > 1.2 * len(foreign):
            common = sum(character in _COMMON[encoding] for character in foreign) / len(foreign)
            if common >= needed:
                return text
    return None


def _guess(body: bytes) -> str:
    """The encoding of unlabelled bytes; Windows-1252, as browsers do, when there is no telling."""
    sample = _foreign_words(body)
    if len(re.findall(rb"[\x80-\xff]", sample)) <= FOREIGN * len(re.findall(rb"[A-Za-z]", sample)):
        named = _LANGUAGE.search(body, 0, HEAD)
        usual = _LATIN_OF.get((named[1] or named[2]).decode("ascii").lower(), ()) if named else ()
        candidates = [one for one in _ALPHABETS if one[0] in usual] or _ALPHABETS
        return max(candidates, key=lambda one: _fit(sample.decode(one[0], "replace"), one[1]))[0]
    from charset_normalizer import from_bytes  # rarely needed, and its tables are large

    found = list(from_bytes(sample, cp_isolation=list(_COMMON), enable_fallback=False))
    likely = [one.encoding for one in found if one.chaos <= min(one.chaos for one in found) + AS_CLEAN]
    return max(likely, key=lambda name: _common(sample.decode(name, "replace"), name), default="cp1252")


def _foreign_words(body: bytes) -> bytes:
    """The words that have bytes beyond ASCII, as far as SAMPLE."""
    words, size = [], 0
    for match in _REST_OF_WORD.finditer(body):
        start = _START_OF_WORD.search(body, max(0, match.start() - 60), match.start())
        words.append(body[start.start() if start else match.start() : match.end()])
        size += len(words[-1])
        if size > SAMPLE:
            break
    return b" ".join(words)


def _common(text: str, encoding: str) -> int:
    return sum(character in _COMMON[encoding] for character in text.lower())


def _fit(text: str, alphabets: str) -> float:
    """How well the letters beyond ASCII in `text` are those of one of the alphabets; 1 at best."""
    foreign = [character for character in text if character > "\x7f" and character not in _MARKS]
    amiss = sum(
        1 for mark in re.findall(r"(?<=[^\W\d_])[^\w\s](?=[^\W\d_])", text) if mark > "\x7f" and mark not in "’·"
    )
    fitting = max(sum(letter.lower() in letters for letter in foreign) for letters in alphabets.split())
    return (fitting - amiss - text.count("\ufffd")) / max(len(foreign), 1)

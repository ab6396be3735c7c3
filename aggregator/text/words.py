"""Text as words, in any script: the same everywhere, forever, since fingerprints and stories are stored.

Scripts that put no space between words (Chinese, Japanese, Thai and their neighbours) give overlapping pairs of
characters. Numbers keep their inner points (`1.2.3`), identifiers their hyphens (`CVE-2026-1234`). Nothing depends on
a locale, a model or a dictionary.

How long a text is, and how much of one text is in another, by runs of three words. Punctuation, case and line breaks
do not count. Text without spaces between words is measured, and compared, by its characters.
"""

from __future__ import annotations

import re
import unicodedata

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00020000-\U0003ffff"  # Han, further planes
)
_TOKEN = re.compile(rf"[{_UNSPACED}]+|[^\W{_UNSPACED}]+(?:['’.\-][^\W{_UNSPACED}]+)*")
_TOKENS_APART = re.compile(f"({_TOKEN.pattern})")
_ASCII_TOKENS_APART = re.compile(r"(\w+(?:['.\-]\w+)*)", re.ASCII)
_PART = re.compile(rf"[{_UNSPACED}]+|[^\W{_UNSPACED}]+")
_FIRST_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_BETWEEN_WORDS = bytes(ord(" ") if re.match(r"\W", chr(code), re.ASCII) else code for code in range(128)) + bytes(128)
"""Every ASCII character that is in no word as a blank."""
_DIGIT = re.compile(r"\d")
_SOFT = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def normal(text: str) -> str:
    """Compatibility forms folded (NFKC), invisible characters gone; case and punctuation stay."""
    return _SOFT.sub("", unicodedata.normalize("NFKC", text)) if not text.isascii() else text


def has_digit(text: str) -> bool:
    """Whether a digit of any script stands in `text`."""
    if not text.isascii():
        return _DIGIT.search(text) is not None
    for digit in "0123456789":  # noqa: SIM110 - a generator would cost more than the searches
        if digit in text:
            return True
    return False


def words(text: str) -> list[str]:
    """The words of `text`, case-folded, split at every joint, in order: what fingerprints are made of.

    >>> words("The CVE-2026-1234 flaw isn't fixed")
    ['the', 'cve', '2026', '1234', 'flaw', 'isn', 't', 'fixed']
    """
    folded = normal(text.casefold())
    if folded.isascii():
        return folded.encode("ascii").translate(_BETWEEN_WORDS).decode("ascii").split()
    found = _PART.findall(folded)
    if not _FIRST_UNSPACED.search(folded):
        return found
    return [word for part in found for word in (pairs(part) if _FIRST_UNSPACED.match(part) else (part,))]


def raw_tokens(text: str) -> list[str]:
    """Runs of letters and digits with their joints (`CVE-2026-1234`, `O'Brien`), case kept; unspaced runs whole."""
    return _TOKEN.findall(normal(text))


def tokens_apart(text: str, limit: int = 0) -> tuple[list[str], list[str]]:
    """The raw tokens of a normal text, and what stands between each and the one before (or the beginning).

    `limit`: so many tokens at most; 0 is all.
    """
    parts = (_ASCII_TOKENS_APART if text.isascii() else _TOKENS_APART).split(text, maxsplit=limit)
    return parts[1::2], parts[:-1:2]


def pairs(run: str) -> list[str]:
    """The overlapping pairs of a run of unspaced characters; a single one stands for itself."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def is_unspaced(token: str) -> bool:
    """Whether a token comes from a script without spaces."""
    return _FIRST_UNSPACED.match(token) is not None


RUN = 3
"""Words in a row: two meet by chance, four miss what was edited."""

CHARACTERS_PER_WORD = 2
"""Characters of a script without spaces that count as a word: Chinese words have 1.6 in the mean, Japanese and Thai
more."""

_SPACELESS = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u31f0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, Chinese and Japanese letters. Korean puts spaces between words."""

_LETTERS = re.compile(f"[{_SPACELESS}]")
_WORD = re.compile(f"[{_SPACELESS}]|[^\\W{_SPACELESS}]+")
Shingles = frozenset[tuple[str, ...]]


def count_words(text: str) -> int:
    """How many words `text` has: those between spaces, and CHARACTERS_PER_WORD letters of a script without spaces."""
    if text.isascii():
        return len(text.split())
    rest, letters = _LETTERS.subn(" ", text)
    return (
        len(text.split()) if not letters else sum(map(_has_letter, rest.split())) + -(-letters // CHARACTERS_PER_WORD)
    )


def _has_letter(word: str) -> bool:
    return any(map(str.isalnum, word))


def words_of(text: str) -> list[str]:
    """The words of `text`, in lower case; each letter of a script without spaces is one."""
    return _WORD.findall(text.casefold())


def shingles(text: str) -> Shingles:
    """All runs of one to RUN words in `text`."""
    words = words_of(text)
    return frozenset(
        tuple(words[start : start + size]) for size in range(1, RUN + 1) for start in range(len(words) - size + 1)
    )


def coverage(text: str, known: Shingles) -> float:
    """The share of `text`'s runs of RUN words (of all of it, when it is shorter) that are among `known`: 0 to 1."""
    words = words_of(text)
    size = min(RUN, len(words))
    if not size:
        return 0.0
    runs = [tuple(words[start : start + size]) for start in range(len(words) - size + 1)]
    return sum(run in known for run in runs) / len(runs)

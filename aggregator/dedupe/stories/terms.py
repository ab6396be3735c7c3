"""What of an article tells which event it is about: identifiers, names, numbers and words, weighed by place.

Nothing is looked up and no model is asked. Names are told by their shape (a capital within a sentence, letters and
digits mixed), so that the malware of tomorrow needs no list. What is rare is not known here (see `weights`).

Words that tell nothing of an event are data (`words.toml`), for the languages that the sources use.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from aggregator.dedupe.stories.values import Features, StoryItem
from aggregator.text.word_lists import word_list
from aggregator.text.words import has_digit, is_unspaced, normal, pairs, tokens_apart

_WORDS = word_list("aggregator.dedupe.stories", "words")

STOP: Final = frozenset(" ".join(_WORDS["stop"].values()).split())
"""Words that are never a feature."""

COMMON: Final = frozenset(" ".join(_WORDS["common"].values()).split())
"""The security press's own furniture: features that count as if every fourth article held them."""

TITLE = 3.0
"""What an occurrence in the title counts."""

PLACES = ((20, 2.0), (50, 1.5), (100, 1.0))
"""What one in the text counts, up to which word: news tells what happened in its first sentence, and how in a few."""

BACKGROUND = 0.2
"""What one counts further down, where stories are retold and outlets speak of themselves; what matters is repeated."""

MAX_WORDS = 800
"""Words of the text that are looked at; what comes later is background of the background."""

LETTERS = 12
"""Characters that a word takes at most, on average, with what stands around it."""

MAX_TERMS = 120
"""Terms kept of an article, strongest first."""

DIGITS = 4
ROUNDED = 2 * 10**-DIGITS
"""Digits of a weight that are kept; weights that are less than `ROUNDED` apart may be equal then."""

LONGEST = 64
"""Characters of a term; a SHA-256 has so many, what is longer is encoded data."""

STEM = 6
"""Letters of a plain word that are kept: `vulnerability` and `vulnerabilities`, `Schwachstelle` and `-stellen` meet."""

_SENTENCE_END = re.compile(r"[.!?:;\n“”\"«»„|•—–]")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[,.\u00a0\u202f]\d{3}){1,5}(?![.,]?\d)")
_YEAR = re.compile(r"(19[89]|20[0-3])\d")
_IDENTIFIER = re.compile(r"(?i)[a-z]{2,}(?:-[a-z]{2,})*-\d[\w-]*\d|[a-z]{1,8}\d{3,}[a-z0-9]*|[a-z]{2,}\d{2}-\d{2,}")
_HOST = re.compile(r"(?i)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|io|gov|info|biz|ru|cn|top|xyz|onion|de|uk|fr)")
_POSSESSIVE = re.compile(r"['’]s?$")
_SHAPED = re.compile(r"[a-z][A-Z]|^[A-Z]{3,}$|[A-Za-z]\d|\d[A-Za-z]")
"""CamelCase, capitals throughout, letters with digits: names wherever they stand."""


REMEMBERED = 1 << 14
"""Tokens of which it is remembered what they give, in any article: a language's common words, at some 5 MB."""


@dataclass(frozen=True, slots=True)
class _Words:
    """Tokens as they stand, and the places of those that begin a sentence, where a capital says nothing."""

    tokens: list[str]
    begins: frozenset[int]


def features(item: StoryItem) -> Features:
    """The terms of an article, at most `MAX_TERMS`, strongest first (of equals in alphabetical order)."""
    title, text = _words(item.title), _words(item.text[: MAX_WORDS * LETTERS], MAX_WORDS)
    tokens = {*title.tokens, *text.tokens}
    names = _names(title, text, tokens)
    weights: dict[str, float] = defaultdict(float)
    for token in title.tokens:
        for term in _GIVEN[token in names][token]:
            weights[term] += TITLE
    place = 0
    further = iter(text.tokens)
    for token in further:
        terms = _GIVEN[token in names][token]
        for term in terms:
            weights[term] += _WORTH[place]
        place += 1 if len(terms) < 3 else len(terms) // 2
        if place >= len(_WORTH):
            break
    for token, times in Counter(further).items():
        for term in _GIVEN[token in names][token]:
            weights[term] += BACKGROUND * times
    return Features(item.id, item.published, _strongest(weights))


@dataclass(frozen=True, slots=True)
class Written:
    """The terms of an article as they are stored (JSON: an object of term and weight, strongest first).

    `said` tells of which title and text they are (see `said`).
    """

    terms: str
    said: bytes


def written(item: StoryItem) -> Written:
    """The terms of an article, to be stored."""
    return Written(json.dumps(dict(features(item).terms), ensure_ascii=False), said(item))


def said(item: StoryItem) -> bytes:
    """A hash of an article's title and text."""
    return blake2b(f"{item.title}\0{item.text}".encode("utf-8", "replace"), digest_size=16).digest()


_WORTH = tuple(next(worth for end, worth in PLACES if place < end) for place in range(PLACES[-1][0]))
"""What an occurrence in the text counts, by its place."""


def _strongest(weights: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """At most `MAX_TERMS`, strongest first; of equals, what is no plain word first, and then in alphabetical order."""
    least = 0.0
    if len(weights) > MAX_TERMS:
        least = sorted(weights.values(), reverse=True)[MAX_TERMS - 1] - ROUNDED
    some = {term: weight for term, weight in weights.items() if weight >= least}
    damped = {weight: round(_damped(weight), DIGITS) for weight in set(some.values())}
    ranked = sorted((-damped[weight], term.startswith("word:"), term) for term, weight in some.items())
    return tuple((term, -weight) for weight, _, term in ranked[:MAX_TERMS])


def _damped(weight: float) -> float:
    """The second occurrence tells less than the first."""
    return 1 + math.log(weight) if weight > 1 else weight


def _words(text: str, limit: int = 0) -> _Words:
    joined = _in_one(normal(text))
    tokens, gaps = tokens_apart(joined, limit)
    begins = {place for place, gap in enumerate(gaps) if gap != " " and _SENTENCE_END.search(gap)}
    if tokens and not joined.startswith(" " + tokens[0]):
        begins.add(0)
    return _Words(tokens, frozenset(begins))


def _in_one(text: str) -> str:
    """A normal text with its large numbers in one piece: `450,000` as `450000`."""
    if not has_digit(text):
        return text
    return _THOUSANDS.sub(lambda match: re.sub(r"\D", "", match[0]), text)


def _names(title: _Words, text: _Words, tokens: set[str]) -> set[str]:
    """What is a name here: capitalised where nothing but being a name explains it, and nowhere in lower case.

    A title tells only when it is not in Title Case.
    """
    odd = {token for token in tokens if not (token.islower() and token.isalpha())}
    if not odd:
        return set()
    told = _within(text, odd)
    inner = [token for place, token in enumerate(title.tokens) if place not in title.begins]
    if any(token[0].islower() and token.casefold() not in STOP for token in inner):
        told.update(inner)
    found = {token for token in odd if (token[0].isupper() and token in told) or _SHAPED.search(token)}
    return {token for token in found if not _written_small(_POSSESSIVE.sub("", token).lower(), tokens)}


def _within(text: _Words, asked: Set[str]) -> set[str]:
    """Those of the tokens asked for that stand within a sentence somewhere, not only where one begins."""
    first = Counter(token for place in text.begins if (token := text.tokens[place]) in asked)
    every = Counter(token for token in text.tokens if token in asked)
    return {token for token, times in every.items() if times > first[token]}


def _written_small(token: str, tokens: Set[str]) -> bool:
    return token in tokens and token[0].islower()


def _terms(token: str, named: bool) -> tuple[str, ...]:
    """The terms of one token: a name is one as a name and as a word, so that it meets those who wrote it small."""
    if is_unspaced(token):
        return tuple(f"word:{pair}" for pair in pairs(token))
    low = bare(token)
    if low in STOP or not 2 <= len(low) <= LONGEST or _YEAR.fullmatch(low):
        return ()
    if any(map(str.isdigit, low)):
        return (_numeric(low),)
    word = f"word:{low[:STEM]}"
    return (f"name:{low}", word) if named or _HOST.fullmatch(low) else (word,)


def bare(token: str) -> str:
    """A token as terms have it: small, without a possessive."""
    return _POSSESSIVE.sub("", token.casefold())


class _Given(dict[str, tuple[str, ...]]):
    """The terms of tokens that are names, or that are not; found out when first asked for."""

    def __init__(self, *, named: bool) -> None:
        super().__init__()
        self._named = named

    def __missing__(self, token: str) -> tuple[str, ...]:
        terms = _terms(token, self._named)
        if len(token) <= LONGEST:
            if len(self) >= REMEMBERED:
                self.clear()
            self[token] = terms
        return terms


_GIVEN = (_Given(named=False), _Given(named=True))
"""By whether a token is a name."""


def _numeric(low: str) -> str:
    if _IDENTIFIER.fullmatch(low):
        return f"id:{low.upper()}"
    return f"num:{low}" if low[0].isdigit() else f"name:{low}"

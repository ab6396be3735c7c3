"""What of an article tells which event it is about: identifiers, names, numbers and words, weighed by place.

Nothing is looked up and no model is asked. Names are told by their shape (a capital within a sentence, letters and
digits mixed), so that the malware of tomorrow needs no list. What is rare is not known here (see `weights`).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from functools import lru_cache

from aggregator.dedupe.stories.values import Features, Item
from aggregator.dedupe.stories.vocabulary import STOP
from aggregator.text.words import is_unspaced, normal, pairs, tokens_between

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


_Words = list[tuple[str, bool]]
"""Tokens as they stand, each with whether it begins a sentence, where a capital says nothing."""


def features(item: Item) -> Features:
    """The terms of an article, at most `MAX_TERMS`, strongest first (of equals in alphabetical order)."""
    title, text = _words(item.title), _words(item.text[: MAX_WORDS * LETTERS], MAX_WORDS)
    tokens = {token for token, _ in title + text}
    names = _names(title, text, tokens)
    known = {token: (_given if len(token) <= LONGEST else _terms)(token, token in names) for token in tokens}
    weights: dict[str, float] = defaultdict(float)
    for token, _ in title:
        for term in known[token]:
            weights[term] += TITLE
    place = 0
    for token, _ in text:
        worth = _WORTH[place] if place < len(_WORTH) else BACKGROUND
        terms = known[token]
        for term in terms:
            weights[term] += worth
        place += 1 if len(terms) < 3 else len(terms) // 2
    damped = {weight: round(_damped(weight), 4) for weight in set(weights.values())}
    ranked = sorted((-damped[weight], term.startswith("word:"), term) for term, weight in weights.items())
    return Features(item.id, item.published, tuple((term, -weight) for weight, _, term in ranked[:MAX_TERMS]))


_WORTH = tuple(next(worth for end, worth in PLACES if place < end) for place in range(PLACES[-1][0]))
"""What an occurrence in the text counts, by its place."""


def _damped(weight: float) -> float:
    """The second occurrence tells less than the first."""
    return 1 + math.log(weight) if weight > 1 else weight


def _words(text: str, limit: int = 0) -> _Words:
    joined = _THOUSANDS.sub(lambda match: re.sub(r"\D", "", match[0]), normal(text))
    found = [
        (token, gap != " " and _SENTENCE_END.search(gap) is not None) for token, gap in tokens_between(joined, limit)
    ]
    if found and not joined.startswith(" " + found[0][0]):
        found[0] = (found[0][0], True)
    return found


def _names(title: _Words, text: _Words, tokens: set[str]) -> set[str]:
    """What is a name here: capitalised where nothing but being a name explains it, and nowhere in lower case.

    A title tells only when it is not in Title Case.
    """
    plain = {token for token in tokens if token[0].islower()}
    told = {token for token, begins in text if not begins}
    inner = [token for token, begins in title if not begins]
    if any(token[0].islower() and token.casefold() not in STOP for token in inner):
        told.update(inner)
    capitals = {token for token in told if token[0].isupper()}
    shaped = {token for token in tokens if not (token.islower() and token.isalpha()) and _SHAPED.search(token)}
    return {token for token in capitals | shaped if _POSSESSIVE.sub("", token).lower() not in plain}


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


_given = lru_cache(REMEMBERED)(_terms)


def _numeric(low: str) -> str:
    if _IDENTIFIER.fullmatch(low):
        return f"id:{low.upper()}"
    return f"num:{low}" if low[0].isdigit() else f"name:{low}"

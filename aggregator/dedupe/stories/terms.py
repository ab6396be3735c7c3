"""What of an article tells which event it is about: identifiers, names, numbers and words, weighed by place.

Nothing is looked up and no model is asked. Names are told by their shape (a capital within a sentence, letters and
digits mixed), so that the malware of tomorrow needs no list. What is rare is not known here (see `weights`).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from aggregator.dedupe.stories.values import Features, Item
from aggregator.dedupe.stories.vocabulary import STOP
from aggregator.dedupe.words import is_unspaced, normal, pairs, tokens_between

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


@dataclass(slots=True)
class _Word:
    """A token as it stands; `begins` a sentence, where a capital says nothing."""

    token: str
    begins: bool


def features(item: Item) -> Features:
    """The terms of an article, at most `MAX_TERMS`, strongest first (of equals in alphabetical order)."""
    title, text = _words(item.title), _words(item.text[: MAX_WORDS * LETTERS])[:MAX_WORDS]
    names = _names(title, text)
    known = {token: tuple(_terms(token, names)) for token in {word.token for word in (*title, *text)}}
    weights: dict[str, float] = defaultdict(float)
    for word in title:
        for term in known[word.token]:
            weights[term] += TITLE
    place = 0
    for word in text:
        worth = _worth(place)
        terms = known[word.token]
        for term in terms:
            weights[term] += worth
        place += 1 if len(terms) < 3 else len(terms) // 2
    damped = sorted(((term, round(_damped(weight), 4)) for term, weight in weights.items()), key=_strongest)
    return Features(item.id, item.published, tuple(damped[:MAX_TERMS]))


def _worth(place: int) -> float:
    return next((worth for end, worth in PLACES if place < end), BACKGROUND)


def _damped(weight: float) -> float:
    """The second occurrence tells less than the first."""
    return 1 + math.log(weight) if weight > 1 else weight


def _strongest(pair: tuple[str, float]) -> tuple[float, bool, str]:
    term, weight = pair
    return -weight, term.startswith("word:"), term


def _words(text: str) -> list[_Word]:
    found: list[_Word] = []
    joined = _THOUSANDS.sub(lambda match: re.sub(r"\D", "", match[0]), normal(text))
    for token, gap in tokens_between(joined):
        begins = gap != " " and (not found or _SENTENCE_END.search(gap) is not None)
        found.append(_Word(token, begins))
    return found


def _names(title: list[_Word], text: list[_Word]) -> set[str]:
    """What is a name here: capitalised where nothing but being a name explains it, and nowhere in lower case.

    A title tells only when it is not in Title Case.
    """
    plain = {word.token for word in (*title, *text) if word.token[0].islower()}
    told = [word for word in text if not word.begins]
    inner = [word.token for word in title if not word.begins and word.token.casefold() not in STOP]
    if any(token[0].islower() for token in inner):
        told += [word for word in title if not word.begins]
    capitals = {word.token for word in told if word.token[0].isupper()}
    shaped = {word.token for word in (*title, *text) if _SHAPED.search(word.token)}
    return {token for token in capitals | shaped if _POSSESSIVE.sub("", token).lower() not in plain}


def _terms(token: str, names: set[str]) -> Iterator[str]:
    """The terms of one token: a name is one as a name and as a word, so that it meets those who wrote it small."""
    if is_unspaced(token):
        yield from (f"word:{pair}" for pair in pairs(token))
        return
    low = _POSSESSIVE.sub("", token.casefold())
    if low in STOP or not 2 <= len(low) <= LONGEST or _YEAR.fullmatch(low):
        return
    if any(map(str.isdigit, low)):
        yield _numeric(low)
        return
    if token in names or _HOST.fullmatch(low):
        yield f"name:{low}"
    yield f"word:{low[:STEM]}"


def _numeric(low: str) -> str:
    if _IDENTIFIER.fullmatch(low):
        return f"id:{low.upper()}"
    return f"num:{low}" if low[0].isdigit() else f"name:{low}"

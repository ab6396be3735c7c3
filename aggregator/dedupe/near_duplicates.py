"""Whether a new article is one that we hold: the same text, or nearly, whatever stands above and around it.

Articles that only share an event, a template or a quotation are not the same. What is compared is how much of each
text's words stands in runs that the other has too, and whether the names and numbers agree: a template with other
names in it is another article. Fingerprints sort out the hopeless; what remains is compared word by word.

An article as numbers, to find and to compare by: the same in every process, on every Python, forever.

Shingles of three words, hashed to 63 bits; the smallest of them are the sketch. The smallest `k` of two sets tell
their resemblance (bottom-k sketches: Broder 1997; Thorup 2013), and the smallest few make a finer net than bands of
rows would: two texts with Jaccard 0.35 share two of their sixteen in 99 of 100 cases, unrelated ones hardly ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from heapq import nsmallest

from aggregator.models import Candidate, Fingerprint, Likeness
from aggregator.text.words import raw_tokens, words

SHINGLE = 3
"""Words. Two are shared by chance, four break too easily (a typo breaks as many shingles as the shingle has words)."""

SKETCH = 64
"""Hashes kept for estimating: standard error of the Jaccard estimate 0.06 at most."""

BANDS = 16
"""Of these, how many the store indexes. Ask for articles that share two or more, most shared first."""

SHARED_BANDS = 2
"""How many of them two articles share before their texts are compared."""

SHORT = 12
"""Words. A text below this (a headline, a caption) is fingerprinted together with its title."""

_MASK = (1 << 63) - 1
_FIRST, _SECOND, _THIRD = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
"""Odd 64-bit constants (the golden ratio's; xxHash's second and fifth prime)."""


def fingerprint(title: str, text: str) -> Fingerprint:
    """The fingerprint of an article (plain text). Every hash is in [0, 2**63), so that SQLite can hold it."""
    tokens = compared_words(title, text)
    sketch = tuple(nsmallest(SKETCH, set(shingles(tokens))))
    exact = blake2b(" ".join(tokens).encode("utf-8", "replace"), digest_size=16).hexdigest()
    return Fingerprint(exact, sketch, sketch[:BANDS], len(tokens))


def compared_words(title: str, text: str) -> list[str]:
    """The words that two articles are compared by: the text's, and the title's when there is hardly any text."""
    tokens = words(text)
    return tokens if len(tokens) >= SHORT else words(title) + tokens


def shingles(tokens: list[str]) -> list[int]:
    """The hash of each run of three words, by where it begins; one for the whole when there are fewer."""
    known = {word: _hash(word) for word in set(tokens)}
    hashes = [known[word] for word in tokens]
    if len(hashes) < SHINGLE:
        return [sum(hashes) & _MASK] if hashes else []
    return [
        (a * _FIRST + b * _SECOND + c * _THIRD) & _MASK for a, b, c in zip(hashes, hashes[1:], hashes[2:], strict=False)
    ]


def resemblance(a: Fingerprint, b: Fingerprint) -> float:
    """The estimated Jaccard similarity (0 to 1) of two articles' shingles."""
    if not a.minhash or not b.minhash:
        return 0.0
    size = min(SKETCH, max(len(a.minhash), len(b.minhash)))
    union = nsmallest(size, {*a.minhash, *b.minhash})
    both = set(a.minhash) & set(b.minhash)
    return sum(value in both for value in union) / len(union)


@lru_cache(maxsize=1 << 16)
def _hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "big")


HOPELESS = 0.12
"""Estimated Jaccard below which texts are not compared; a copy cut to 60 % with edits and a frame has 0.3."""

MOSTLY = 0.70
"""The part of the shorter text's words that must stand in the other (a tenth of all words changed leaves 0.87)."""

BULK = 0.62
"""The part of the longer text that must be shared; below it, the longer one must begin with the shared part."""

CUT = 0.30
"""The least part of the longer text that a copy cut short may be."""

BEGINNING = 0.75
"""How much of the longer text's beginning (as long as the shorter text) a copy cut short holds; quotations do not."""

SLIGHT = 40
"""Words. Texts below this are teasers as often as articles, and many posts share a teaser: their titles must agree."""

SAYING = 10
"""Different words that title and text of such a post have in all, at least, to be known for another's copy: "Service
degraded. We are looking into it." and "Weekly roundup" are everybody's words."""

ALIKE = 0.75
"""How many of the words of two such titles must be the same (the outlet's name at their end is no evidence)."""

OPENING = 50
"""Words. Two articles of one publisher end alike (who we are, how to reach us); copies begin alike."""

BEGUN = 0.5
"""How much of at least one text's opening the other holds; a copy may have a frame above or a sentence less."""

WHOLE = 0.85
"""Texts of lengths so near to each other are told as edited, others as cut or framed."""

AGAIN = timedelta(hours=1)
"""From one posting of a text to the next in the same feed; double postings follow within minutes."""

DAY = timedelta(hours=20)
"""From a notice of one day to that of the next, at least."""

SLOT = 6
"""Words. What differs between two shared runs, no longer than this, may be a slot of a template."""

FILLED = 0.34
"""The part of the names and numbers of the shared text that may stand in slots: typos and edits hit few of them."""

FEW = 4
"""Names and numbers in slots that prove nothing yet."""

_IDENTIFIER = re.compile(r"(?i)\b[a-z]{2,5}-\d{2,4}-[\w-]{0,20}\d{3,}|\b[a-z]{2}\d{6,}")
"""CVE-2026-1234, ICSA-24-030-01, SB-2026-11, KB5034441."""

_GAP = re.compile(rb"(?<!\0)\0{1,%d}(?!\0)" % SLOT)


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much of each text (0 to 1, of its words) the other holds.

    `opening`: of the first words of that text of which more is shared. `beginning`: of as many words of the longer one
    as the shorter one has. `ratio`: of the lengths. `filled`: of the shorter one's names and numbers, those in slots,
    where the other one has other words in their place.
    """

    shorter: float
    longer: float
    opening: float
    beginning: float
    ratio: float
    filled: float

    @property
    def similarity(self) -> float:
        """The shared part of both texts' words together."""
        return (self.shorter * self.ratio + self.longer) / (1 + self.ratio)


def same(
    title: str,
    text: str,
    published: datetime | None,  # noqa: ARG001 - texts alone decide; the store has chosen the window
    fingerprint: Fingerprint,
    candidates: Iterable[Candidate],
) -> Likeness | None:
    """The candidate that the article is a copy of (the most alike; of equals the first published), or None."""
    tokens = compared_words(title, text)
    found: list[tuple[float, datetime, int, str]] = []
    for candidate in candidates:
        alike = _compare(title, text, tokens, fingerprint, candidate)
        if alike:
            found.append((-alike[0], candidate.published, candidate.article_id, alike[1]))
    if not found:
        return None
    similarity, _, article_id, reason = min(found)
    return Likeness(article_id, round(-similarity, 3), reason)


def another_notice(published: datetime, fingerprint: Fingerprint, candidate: Candidate) -> bool:
    """Whether the same words are said once more, and not copied.

    A copy is another outlet's: what a feed brings under a guid of its own, hours later, it means to say. A few words
    (a teaser, an alarm) are said again by others, too.
    """
    apart = abs(published - candidate.published)
    few = min(fingerprint.words, candidate.fingerprint.words) < SLIGHT
    return apart >= (AGAIN if candidate.same_feed else DAY if few else timedelta.max)


def _compare(
    title: str, text: str, tokens: list[str], fingerprint: Fingerprint, candidate: Candidate
) -> tuple[float, str] | None:
    if not fingerprint.words or not candidate.fingerprint.words:
        return None
    if min(fingerprint.words, candidate.fingerprint.words) < SLIGHT and not _same_post(title, text, candidate):
        return None
    if fingerprint.exact == candidate.fingerprint.exact:
        return 1.0, "the text is the same, word for word"
    if resemblance(fingerprint, candidate.fingerprint) < HOPELESS or _name_others(text, candidate.text):
        return None
    others = compared_words(candidate.title, candidate.text)
    marked = _marked(title, text) if len(tokens) <= len(others) else _marked(candidate.title, candidate.text)
    overlap = overlapping(tokens, others, marked)
    if not _is_copy(overlap):
        return None
    return overlap.similarity, _reason(overlap)


def overlapping(a: Sequence[str], b: Sequence[str], marked: AbstractSet[str] = frozenset()) -> Overlap:
    """The overlap of two texts' words; neither may be empty. `marked` are the shorter one's names and numbers."""
    first, second = (list(a), list(b)) if len(a) <= len(b) else (list(b), list(a))
    one, two = shingles(first), shingles(second)
    shared = set(one) & set(two)
    covered, covering = _covered(one, shared, len(first)), _covered(two, shared, len(second))
    beginning = covering[: len(first)]
    return Overlap(
        shorter=sum(covered) / len(covered),
        longer=sum(covering) / len(covering),
        opening=max(sum(part[:OPENING]) / len(part[:OPENING]) for part in (covered, covering)),
        beginning=sum(beginning) / len(beginning),
        ratio=len(first) / len(second),
        filled=_filled(first, covered, marked),
    )


def _covered(hashes: list[int], shared: set[int], length: int) -> bytearray:
    """For each word, whether it stands in a shingle that is shared."""
    marks = bytearray(length)
    for place, value in enumerate(hashes):
        if value in shared:
            marks[place : place + SHINGLE] = b"\1" * min(SHINGLE, length - place)
    return marks


def _is_copy(overlap: Overlap) -> bool:
    high, low = max(overlap.shorter, overlap.longer), min(overlap.shorter, overlap.longer)
    if high < MOSTLY or overlap.filled > FILLED or overlap.opening < BEGUN:
        return False
    return low >= BULK or (low >= CUT and overlap.beginning >= BEGINNING)


def _same_post(title: str, text: str, candidate: Candidate) -> bool:
    """Whether two slight articles have titles of mostly the same words, and not each a number that the other lacks.

    Of two outlets, they have to say something that not everybody says.
    """
    one, other = set(words(title)), set(words(candidate.title))
    if len(one & other) < ALIKE * max(len(one), len(other)):
        return False
    if not candidate.same_feed and len(one | set(words(text))) < SAYING:
        return False
    numbers = {word for word in words(f"{title} {text}") if word.isdigit()}
    others = {word for word in words(f"{candidate.title} {candidate.text}") if word.isdigit()}
    return not (numbers - others and others - numbers)


def _name_others(text: str, other: str) -> bool:
    """Whether both texts name identifiers, and none is the same: notices of two things, in the same words."""
    first, second = _identifiers(text), _identifiers(other)
    return bool(first and second) and not first & second


def _identifiers(text: str) -> frozenset[str]:
    return frozenset(match.upper() for match in _IDENTIFIER.findall(text))


def _filled(tokens: Sequence[str], covered: bytearray, marked: AbstractSet[str]) -> float:
    """The part of the marked words between the first and the last shared run that stand in slots."""
    kept = sum(covered[place] and token in marked for place, token in enumerate(tokens))
    slots = [
        token in marked
        for match in _GAP.finditer(covered)
        if match.start() and match.end() < len(covered)
        for token in tokens[match.start() : match.end()]
    ]
    filled = sum(slots)
    return filled / (filled + kept) if filled > FEW else 0.0


def _marked(title: str, text: str) -> frozenset[str]:
    """The words of a text that have a digit, and those that it writes with a capital, and never without."""
    tokens = raw_tokens(f"{title}\n{text}")
    small = {token for token in tokens if token[0].islower()}
    capital = (token for token in tokens if token[0].isupper() and token.lower() not in small)
    digits = (token for token in tokens if any(map(str.isdigit, token)))
    return frozenset(word for token in (*capital, *digits) for word in words(token))


def _reason(overlap: Overlap) -> str:
    shared, longer = round(100 * overlap.shorter), round(100 * overlap.longer)
    if overlap.ratio >= WHOLE:
        return f"the text is the same but for {max(1, round(100 * (1 - overlap.similarity)))} %"
    if overlap.beginning >= BEGINNING:
        return f"the shorter text is the other one cut to {round(100 * overlap.ratio)} %, {shared} % of it the same"
    return f"{shared} % of the shorter text is in the longer one, and makes {longer} % of it"

"""Whether a new article is one that we hold: the same text, or nearly, whatever stands above and around it.

Articles that only share an event, a template or a quotation are not the same. What is compared is how much of each
text's words stands in runs that the other has too, and whether the names and numbers agree: a template with other
names in it is another article. Fingerprints sort out the hopeless; what remains is compared word by word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.dedupe.fingerprints import SHINGLE, compared_words, resemblance, shingles
from aggregator.dedupe.words import is_unspaced, raw_tokens
from aggregator.models import Candidate, Fingerprint, Likeness

HOPELESS = 0.12
"""Estimated Jaccard below which texts are not compared; a copy cut to 60 % with edits and a frame has 0.3."""

MOSTLY = 0.75
"""The part of the shorter text's words that must stand in the other (a tenth of all words changed leaves 0.87)."""

BULK = 0.62
"""The part of the longer text that must be shared; below it, the longer one must begin with the shared part."""

CUT = 0.30
"""The least part of the longer text that a copy cut short may be."""

OPENING = 60
"""Words at the beginning of the longer text by which a copy cut short is told from a text that quotes."""

AGREEING = 0.66
"""The part of the one text's names and numbers that the other must know."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much of each text (0 to 1, of its words) the other holds; `opening`: of the longer one's first words."""

    shorter: float
    longer: float
    opening: float
    ratio: float


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


def _compare(
    title: str, text: str, tokens: list[str], fingerprint: Fingerprint, candidate: Candidate
) -> tuple[float, str] | None:
    if not fingerprint.words or not candidate.fingerprint.words:
        return None
    if fingerprint.exact == candidate.fingerprint.exact:
        return 1.0, "the text is the same, word for word"
    if resemblance(fingerprint, candidate.fingerprint) < HOPELESS:
        return None
    others = compared_words(candidate.title, candidate.text)
    overlap = overlapping(tokens, others)
    if not _is_copy(overlap) or not _agree(f"{title}\n{text}", f"{candidate.title}\n{candidate.text}"):
        return None
    return overlap.shorter, _reason(overlap)


def overlapping(a: Sequence[str], b: Sequence[str]) -> Overlap:
    """The overlap of two texts' words; neither may be empty."""
    first, second = (list(a), list(b)) if len(a) <= len(b) else (list(b), list(a))
    one, two = shingles(first), shingles(second)
    shared = set(one) & set(two)
    covered, covering = _covered(one, shared, len(first)), _covered(two, shared, len(second))
    opening = covering[: min(OPENING, len(first))]
    return Overlap(
        shorter=sum(covered) / len(covered),
        longer=sum(covering) / len(covering),
        opening=sum(opening) / len(opening),
        ratio=len(first) / len(second),
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
    if high < MOSTLY:
        return False
    return low >= BULK or (low >= CUT and overlap.opening >= MOSTLY)


def _agree(one: str, other: str) -> bool:
    """Whether the names and numbers of the text with fewer of them are mostly known to the other."""
    first, second = _names(one), _names(other)
    fewer, more = (first, second) if len(first) <= len(second) else (second, first)
    return len(fewer) < 4 or len(fewer & more) >= AGREEING * len(fewer)


def _names(text: str) -> set[str]:
    """Words with a digit, and capitalised words that do not only begin a sentence."""
    tokens = raw_tokens(text)
    lower = {token for token in tokens if token[:1].islower()}
    return {
        token.casefold()
        for token in tokens
        if not is_unspaced(token)
        and (any(map(str.isdigit, token)) or (token[0].isupper() and token.casefold() not in lower))
    }


def _reason(overlap: Overlap) -> str:
    changed = round(100 * (1 - overlap.shorter))
    if overlap.longer >= BULK and overlap.ratio >= 0.8:
        return f"the text is the same but for {max(changed, 1)} %"
    share = round(100 * overlap.ratio)
    if overlap.opening >= MOSTLY:
        return f"the shorter text is the other one cut to {share} %, the same but for {changed} %"
    return (
        f"{100 - changed} % of the shorter text is in the longer one, and makes {round(100 * overlap.longer)} % of it"
    )

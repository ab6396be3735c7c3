"""Whether the pages of a feed still give articles: judged by what the last ones gave. Pure.

A changed template makes every page yield the cookie notice or the newsletter box: texts become short, and all alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

RECENT = 5
"""The newest articles that are judged. `python -m bench.watch`: with four, 2 of 24 real feeds get a false flag, with
five none; a feed of teasers is found one article later."""

REPEATING = 3
"""Of these, how many have to repeat one another."""

USUAL = 25
LEAST = 6
"""Articles before them that say what is usual: at most, and at least."""

SHRUNK = 0.25
"""Part of the usual words that all of the newest are below; a feed that mixes notes and articles does not get there."""

SOUND = 3
"""Articles in a row that must be good before the flag goes, so that it does not flap."""

RECOVERED = 0.25
"""Part of the usual words from which an article is good again; from a half on, feeds that mix notes and articles wait
for up to twenty (`bench.watch`)."""

ACCEPTED = 20
"""Short articles in a row that repeat nothing: that is how the feed is now."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one page gave: words (none: it was a wall), and whether they are no article of its own."""

    words: int
    repeats: bool


def usual_words(samples: Sequence[Sample]) -> int:
    """The usual length of a feed's articles, newest sample first; 0 when too few are known to tell."""
    before = [sample.words for sample in samples[RECENT : RECENT + USUAL] if not sample.repeats]
    return round(median(before)) if len(before) >= LEAST else 0


def trouble(samples: Sequence[Sample]) -> str | None:
    """Why a feed is to be flagged, in a sentence, or None. `samples`: newest first."""
    recent = samples[:RECENT]
    repeating = sum(sample.repeats for sample in recent)
    walls = sum(sample.repeats and not sample.words for sample in recent)
    if walls >= REPEATING:
        return f"{walls} of the last {len(recent)} pages show a wall or nothing in place of an article"
    if repeating >= REPEATING:
        return f"{repeating} of the last {len(recent)} articles repeat one another"
    usual = usual_words(samples)
    if len(recent) == RECENT and usual and all(sample.words < SHRUNK * usual for sample in recent):
        less = 100 - round(100 * median(sample.words for sample in recent) / usual)
        return f"the last {RECENT} articles are {less} % shorter than usual ({usual} words)"
    return None


def recovered(samples: Sequence[Sample], usual: int) -> bool:
    """Whether a flagged feed is good again: its newest articles are, or short ones are what it has now."""
    newest = samples[:SOUND]
    if len(newest) == SOUND and all(not one.repeats and one.words >= RECOVERED * usual for one in newest):
        return True
    accepted = samples[:ACCEPTED]
    return len(accepted) == ACCEPTED and not any(one.repeats for one in accepted)

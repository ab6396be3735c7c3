"""When a feed's pages have stopped giving articles, and when they give them again."""

from __future__ import annotations

from aggregator.store.quality import ACCEPTED, RECENT, SOUND, QualitySample, recovered, trouble

GOOD = [QualitySample(words, repeats=False) for words in (420, 380, 900, 250, 510, 330, 470, 610)]
NOTICE = QualitySample(60, repeats=True)
SHORT = QualitySample(60, repeats=False)


def test_good_feeds() -> None:
    """Long and short articles in turn are nothing to note, nor is one bad page."""
    assert trouble(GOOD) is None
    assert trouble([NOTICE, *GOOD]) is None
    assert trouble([SHORT, SHORT, QualitySample(400, repeats=False), SHORT, *GOOD]) is None
    assert trouble([]) is None


def test_repeating() -> None:
    """Three of four that are one text."""
    assert trouble([NOTICE] * 3) == "3 of the last 3 articles repeat one another"
    assert trouble([NOTICE, GOOD[0], NOTICE, NOTICE, *GOOD]) is not None


def test_shrinking() -> None:
    """All of the newest far below what is usual; a feed that is new has no usual length."""
    assert trouble([SHORT] * RECENT + GOOD) == "the last 5 articles are 87 % shorter than usual (445 words)"
    assert trouble([SHORT] * RECENT + GOOD[:3]) is None


def test_no_flapping() -> None:
    """One good article is no recovery; three are; short ones alone are accepted in the end."""
    assert not recovered([GOOD[0], NOTICE, NOTICE], 445)
    assert recovered(GOOD[:SOUND], 445)
    assert not recovered([SHORT] * (ACCEPTED - 1), 445)
    assert recovered([SHORT] * ACCEPTED, 445)
    assert not recovered([NOTICE] * ACCEPTED, 445)

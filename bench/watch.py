"""How well trouble with the pages of a feed is told from its ordinary ups and downs, and an edit from a loss.

    python -m bench.watch

Feeds: the entries of the corpus' real feeds, oldest first, as if each were what a page gave; and in 50
random orders. A false flag is one without breakage. Then the newer half is broken: every page gives one notice, or the
first 30 words of its article; and it is mended. Delays are in articles. Texts: the articles of the extraction corpus,
with paragraphs taken out as an outlet may do it, and cut to teasers as walls do it; and pairs of different articles.
Feeds and texts with even places are tuned on, odd ones only looked at.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from aggregator import dedupe, poll, scrape
from aggregator.models import Candidate
from aggregator.models.errors import StageError
from aggregator.store import quality
from aggregator.store.quality import QualitySample, recovered, trouble, usual_words
from aggregator.text.words import words

ROOT = Path(__file__).parents[1]
CORPORA = Path(os.environ.get("AGGREGATOR_CORPORA", ROOT.parent / "shared" / "corpora"))
ORDERS = 50
TEASER_WORDS = 30
WHEN = datetime(2026, 3, 1, tzinfo=UTC)
FULL_TEXT = 120
"""Words in the median from which a feed counts as one with articles; most of the others give teasers alone."""

SAME_POSTS = {"DaringFireball.json", "allthis.json", "large_rss.xml", "scriptingNews.rss"}
"""The posts of another file of the corpus in another format."""

Feed = tuple[str, list[QualitySample]]


def feeds() -> tuple[list[Feed], int, int]:
    """Each feed's articles, oldest first; pairs of entries in all, and those that pass for one text twice."""
    found, pairs, twins = [], 0, 0
    for path in sorted((CORPORA / "feeds").iterdir()):
        if path.name in SAME_POSTS:
            continue
        try:
            entries = poll.parse(path.read_bytes(), f"https://feeds.example/{path.name}", "").entries
        except StageError:
            continue
        texts = [(entry.title, scrape.to_text(entry.html or entry.summary)) for entry in reversed(entries)]
        repeated = set()
        prints = [dedupe.fingerprint(title, text) for title, text in texts]
        for (one, (title, text)), (other, (other_title, other_text)) in itertools.combinations(enumerate(texts), 2):
            pairs += 1
            known = Candidate(1, other_title, other_text, WHEN, prints[other])
            if title.casefold() != other_title.casefold() and dedupe.same(title, text, WHEN, prints[one], (known,)):
                repeated |= {one, other}
                twins += 1
        found.append(
            (path.name, [QualitySample(len(text.split()), n in repeated) for n, (_, text) in enumerate(texts)])
        )
    return found, pairs, twins


def walk(samples: Sequence[QualitySample]) -> list[bool]:
    """Whether the feed is in trouble after each article, oldest first."""
    return [trouble(list(reversed(samples[: n + 1]))) is not None for n in range(len(samples))]


def orders(samples: list[QualitySample]) -> Iterable[list[QualitySample]]:
    chance = random.Random(1)
    for _ in range(ORDERS):
        yield chance.sample(samples, len(samples))


def false_flags(chosen: list[Feed]) -> str:
    as_they_came = [walk(samples) for _, samples in chosen]
    mixed = [walk(order) for _, samples in chosen for order in orders(samples)]
    return " | ".join(
        f"{sum(map(any, walks))}/{len(walks)} feeds, {sum(map(sum, walks))}/{sum(map(len, walks))} articles"
        for walks in (as_they_came, mixed)
    )


def delays(
    chosen: list[Feed], broken: Callable[[int, QualitySample], QualitySample]
) -> tuple[list[int], list[int], int, int]:
    """Articles until a broken feed is flagged, and until a mended one is not; runs never flagged, never cleared."""
    flagged, cleared, missed, stuck = [], [], 0, 0
    for _, samples in chosen:
        for order in orders(samples):
            half = len(order) // 2
            good, rest = order[:half], order[half:]
            bad = [broken(n, sample) for n, sample in enumerate(rest)]
            found = next((n + 1 for n in range(len(bad)) if _trouble(good + bad[: n + 1])), None)
            if found is None:
                missed += 1
                continue
            flagged.append(found)
            usual = usual_words(_newest(good + bad[:found]))
            mended = good + bad[:found]
            back = next((n + 1 for n in range(len(good)) if recovered(_newest(mended + good[: n + 1]), usual)), None)
            stuck += back is None
            cleared += [] if back is None else [back]
    return flagged, cleared, missed, stuck


def _newest(samples: list[QualitySample]) -> list[QualitySample]:
    return samples[::-1]


def _trouble(samples: list[QualitySample]) -> bool:
    return trouble(_newest(samples)) is not None


def notice(place: int, _: QualitySample) -> QualitySample:
    """One text in place of all: that it is one is seen from the second on, and then of the first too."""
    return QualitySample(60, repeats=place > 0)


def teaser(_: int, sample: QualitySample) -> QualitySample:
    return QualitySample(min(TEASER_WORDS, sample.words), repeats=False)


def told(found: tuple[list[int], list[int], int, int]) -> str:
    flagged, cleared, missed, stuck = found
    late = f"{median(flagged):.0f} (at most {max(flagged)})" if flagged else "–"
    back = f"{median(cleared):.0f} (at most {max(cleared)})" if cleared else "–"
    return f"flagged after {late}, missed {missed}; cleared after {back}, not within the half {stuck}"


# --- edits -----------------------------------------------------------------------------------------------------------


def texts() -> list[list[str]]:
    """The paragraphs of each article of the corpus that is long enough to lose some."""
    rows = (CORPORA / "extraction" / "truth.jsonl").read_text("utf-8").splitlines()
    split = ([part for part in json.loads(row)["text"].split("\n") if part.strip()] for row in rows)
    return [parts for parts in split if len(parts) >= 8 and len(words(" ".join(parts))) >= 150]


def left(parts: list[str], share: float) -> float:
    """The words that are left when an outlet takes out `share` of the paragraphs."""
    chance = random.Random(len(parts))
    kept = chance.sample(parts, max(1, round(len(parts) * (1 - share))))
    return len(words(" ".join(kept))) / len(words(" ".join(parts)))


def lead(parts: list[str], most: int) -> float:
    """The words that a wall leaves: those of the first paragraphs, `most` at most."""
    count = len(words(" ".join(parts)))
    return min(most, count) / count


def runs_shared(one: list[str], other: list[str]) -> float:
    old, new = (set(itertools.pairwise(words(" ".join(parts)))) for parts in (one, other))
    return len(old & new) / len(old)


def edits(chosen: list[list[str]]) -> None:
    for cut in (0.3, 0.4, 0.5):
        lost = [f"{share:.0%}: {_share(left(one, share) < cut for one in chosen)}" for share in (0.1, 0.25, 0.4, 0.5)]
        kept = [f"{most} words: {_share(lead(one, most) >= cut for one in chosen)}" for most in (60, 120, 200)]
        print(f"  CUT {cut}: edits taken for losses, {', '.join(lost)}; teasers for edits, {', '.join(kept)}")
    other = chosen[1:] + chosen[:1]
    shared = sorted(runs_shared(a, b) for a, b in zip(chosen, other, strict=True))
    rest = sorted(runs_shared(one, one[len(one) // 2 :]) for one in chosen)
    print(f"  FOREIGN: pairs shared by different articles, median {median(shared):.3f}, most {shared[-1]:.3f}")
    print(f"           by an article and its second half, median {median(rest):.3f}, least {rest[0]:.3f}")


def _share(found: Iterable[bool]) -> str:
    results = list(found)
    return f"{sum(results) / len(results):.1%}"


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter).parse_args()
    found, pairs, twins = feeds()
    print(
        f"{len(found)} feeds, {sum(len(one) for _, one in found)} entries; {twins} of {pairs} pairs of entries are one"
    )
    print("text under two titles")
    shrunk, recent = quality.SHRUNK, quality.RECENT
    for half in (0, 1):
        chosen = found[half::2]
        print(
            f"\n{'odd' if half else 'even'}: {len(chosen)} feeds. False flags, as they came | in {ORDERS} random orders"
        )
        for quality.RECENT, quality.SHRUNK in ((3, 0.25), (4, 0.15), (4, 0.25), (4, 0.35), (4, 0.5), (5, 0.25)):
            print(f"  last {quality.RECENT} below {quality.SHRUNK}: {false_flags(chosen)}")
        quality.RECENT, quality.SHRUNK = recent, shrunk
        long = [one for one in chosen if median(sample.words for sample in one[1]) >= FULL_TEXT and len(one[1]) > 11]
        print(f"Broken: {len(long)} feeds with articles of {FULL_TEXT} words and more, {ORDERS} orders each")
        known = quality.RECOVERED
        for quality.RECOVERED in (0.25, 0.35, 0.5):
            print(f"  good from {quality.RECOVERED}. One notice: {told(delays(long, notice))}")
            print(f"           Teasers: {told(delays(long, teaser))}")
        quality.RECOVERED = known
    for half in (0, 1):
        chosen_texts = texts()[half::2]
        print(f"\n{'odd' if half else 'even'}: {len(chosen_texts)} articles")
        edits(chosen_texts)


if __name__ == "__main__":
    main()

"""How well and how fast stories are made: `python -m bench.stories [--labelled FILE] [--speed ARTICLES] [--tune]`.

Scores are pairwise and B-cubed F1. What is reported is the half that nothing was tuned on: the odd topics of the ECB+
texts (a topic holds two like events), and the labelled security news marked `report`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aggregator.dedupe.stories.clusterer import Clusterer, group
from aggregator.dedupe.stories.index import Index
from aggregator.dedupe.stories.scoring import Stats, vector
from aggregator.dedupe.stories.values import Features, Grouped, StoryItem
from aggregator.pipeline.stories import StoryFinder
from aggregator.store import Store

ROOT = Path(__file__).parents[1]
CORPORA = Path(os.environ.get("AGGREGATOR_CORPORA", ROOT.parent / "shared" / "corpora"))
LABELLED = ROOT / "tests" / "dedupe" / "labelled.jsonl"

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Quality:
    """Precision, recall and F1, of pairs and B-cubed (Bagga and Baldwin 1998); `wrong` pairs were put together."""

    pairs: tuple[float, float, float]
    b_cubed: tuple[float, float, float]
    wrong: int

    def __str__(self) -> str:
        shown = (" ".join(f"{value:.3f}" for value in three) for three in (self.pairs, self.b_cubed))
        return "pairs P R F1 {}   B-cubed P R F1 {}   wrong links {}".format(*shown, self.wrong)


def quality(truth: Mapping[str, str], found: Mapping[str, str]) -> Quality:
    """How a partition compares with the true one; only the ids of `truth` count."""
    both = Counter((story, found[item]) for item, story in truth.items())
    true, made = Counter(truth.values()), Counter(found[item] for item in truth)
    right, meant, drawn = _pairs(both), _pairs(true), _pairs(made)
    precision = sum(count * count / made[cluster] for (_, cluster), count in both.items()) / len(truth)
    recall = sum(count * count / true[story] for (story, _), count in both.items()) / len(truth)
    return Quality(_three(right / (drawn or 1), right / (meant or 1)), _three(precision, recall), drawn - right)


def _pairs(counts: Counter[Any]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())


def _three(precision: float, recall: float) -> tuple[float, float, float]:
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def read(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def ecb(*, odd: bool) -> list[Line]:
    """The ECB+ texts of the odd topics (the reported half), or of the even ones."""
    lines = read(CORPORA / "stories" / "ecbplus-train-dev.jsonl")
    return [line for line in lines if int(line["topic"]) % 2 == int(odd)]


def headlines(limit: int) -> list[Line]:
    """The first of the UCI headlines, which have nothing but a headline, a moment and a machine's story."""
    return read(CORPORA / "stories" / "uci-headlines.jsonl")[:limit]


def item(line: Line) -> StoryItem:
    published = None
    if line.get("published"):
        published = datetime.fromisoformat(line["published"])
    elif line.get("timestamp_ms"):
        published = datetime.fromtimestamp(line["timestamp_ms"] / 1000, UTC)
    return StoryItem(line["id"], line.get("title", ""), line.get("text", ""), published, line.get("source", ""))


def grouped(lines: Iterable[Line]) -> dict[str, str]:
    return {one.id: one.story for one in group(map(item, lines))}


def truth(lines: Iterable[Line], half: str | None = None) -> dict[str, str]:
    return {line["id"]: line["story"] for line in lines if half in (None, line.get("half"))}


def wrong_look_alikes(lines: list[Line], found: Mapping[str, str], half: str | None = None) -> tuple[int, int]:
    """Of the pairs of different stories of one topic: how many were put together, of how many."""
    chosen = [line for line in lines if half in (None, line["half"])]
    pairs = [
        (one["id"], other["id"])
        for place, one in enumerate(chosen)
        for other in chosen[:place]
        if one["topic"] == other["topic"] and one["story"] != other["story"]
    ]
    return sum(found[one] == found[other] for one, other in pairs), len(pairs)


def crude(lines: list[Line], threshold: float = 0.1, days: int = 10) -> dict[str, str]:
    """What a plain tf-idf makes of it (cosine of title and text, average link, a window of days), to compare with."""
    bags = {
        line["id"]: Counter(re.findall(r"\w+", f"{line.get('title', '')} {line['text']}".lower())) for line in lines
    }
    spread = Counter(word for bag in bags.values() for word in bag)
    when = {line["id"]: item(line).published for line in lines}
    vectors = {name: _unit(bag, spread, len(lines)) for name, bag in bags.items()}

    def alike(one: str, other: str) -> float:
        first, second = when[one], when[other]
        if first and second and abs(first - second) > timedelta(days=days):
            return 0.0
        return sum(value * vectors[other].get(word, 0.0) for word, value in vectors[one].items())

    scores = {one: {other: alike(one, other) for other in bags if other != one} for one in bags}
    groups = {name: [name] for name in bags}
    sums = {one: dict(row) for one, row in scores.items()}
    while True:
        best, one, other = max(
            (total / (len(groups[one]) * len(groups[other])), one, other)
            for one, row in sums.items()
            for other, total in row.items()
        )
        if best < threshold:
            return {name: group for group, names in groups.items() for name in names}
        groups[one] += groups.pop(other)
        gone = sums.pop(other)
        for name, row in sums.items():
            row.pop(other)
            if name != one:
                row[one] += gone[name]
                sums[one][name] += gone[name]


def _unit(bag: Counter[str], spread: Counter[str], size: int) -> dict[str, float]:
    raw = {word: (1 + math.log(count)) * math.log((size + 1) / (spread[word] + 0.5)) for word, count in bag.items()}
    length = math.sqrt(sum(value * value for value in raw.values()))
    return {word: value / length for word, value in raw.items()}


def orders(lines: list[Line], count: int) -> float:
    """The least B-cubed F1 between the stories of the given order and those of shuffled ones."""
    first = grouped(lines)
    least = 1.0
    for seed in range(count):
        shuffled = random.Random(seed).sample(lines, len(lines))
        least = min(least, quality(first, grouped(shuffled)).b_cubed[2])
    return least


def copies(lines: list[Line], found: Iterable[Grouped]) -> tuple[float, float, float]:
    """Precision, recall and F1 of `duplicate_of` (whether an article is a copy, of an article of the same text)."""
    meant = {line["id"]: line["duplicate_of"] for line in lines if line.get("duplicate_of")}
    made = {one.id: one.duplicate_of for one in found if one.duplicate_of}
    right = sum(made[one] == leader for one, leader in meant.items() if one in made)
    return _three(right / (len(made) or 1), right / (len(meant) or 1))


# --- speed -----------------------------------------------------------------------------------------------------


class Press:
    """Invents articles' features: common words, rare words, and events that a few articles share."""

    def __init__(self, days: int = 30) -> None:
        self.random = random.Random(11)
        self.days = days

    def features(self, number: int) -> Features:
        choose = self.random
        event = max(0, number // 4 - choose.randrange(20))
        terms = {f"name:event{event}x{choose.randrange(12)}": 2.5 for _ in range(6)}
        terms |= {f"word:{int(choose.paretovariate(0.6)) % 200_000}": 1.0 + choose.random() for _ in range(70)}
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=self.days * choose.random())
        return Features(str(number), moment, tuple(sorted(terms.items(), key=lambda pair: -pair[1])))


def speed(articles: int) -> tuple[float, float]:
    """Milliseconds to find the candidates of a new article among so many: the median and the 99th percentile."""
    press, stats, index = Press(), Stats(), Index()
    stored = [press.features(number) for number in range(articles)]
    for one in stored:
        stats.add(stats.numbered(one))
    for one in stored:
        index.add(one.id, vector(one, stats))
    del stored
    taken = []
    for number in range(300):
        asked = vector(press.features(articles + number), stats)
        begin = time.process_time()
        index.near(asked, 60)
        taken.append(1000 * (time.process_time() - begin))
    return statistics.median(taken), sorted(taken)[int(0.99 * len(taken))]


def adding(articles: int) -> float:
    """Milliseconds to place an article, with everything, averaged over so many."""
    press, clusterer = Press(), Clusterer()
    made = [press.features(number) for number in range(articles)]
    begin = time.process_time()
    for one in made:
        clusterer.add(one)
    return 1000 * (time.process_time() - begin) / articles


def stored(articles: int) -> tuple[float, float]:
    """Milliseconds of processor time for one new article, with the database and a window of so many: once
    the window is in memory, and the first time after a start.
    """
    from bench import archive

    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "stories.db") as store:
        with contextlib.redirect_stdout(None):
            archive.fill(store, articles)
        StoryFinder(store).place(archive.NOW)
        storylines, taken = StoryFinder(store), []
        for _ in range(20):
            archive.one_more(store, archive.Press())
            begin = time.process_time()
            storylines.place(archive.NOW)
            taken.append(1000 * (time.process_time() - begin))
    return statistics.median(taken[1:]), taken[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labelled", type=Path, default=LABELLED, help="labelled security news (JSON Lines)")
    parser.add_argument("--speed", type=int, default=100_000, help="articles to find candidates among; 0: none")
    parser.add_argument("--tune", action="store_true", help="show the halves that may be tuned on, too")
    options = parser.parse_args()
    if options.tune:
        _show("ECB+, even topics (tuned on)", ecb(odd=False))
    _show("ECB+, odd topics", ecb(odd=True))
    news = read(options.labelled)
    for half in ("tune", "report") if options.tune else ("report",):
        _show(f"security news, {half}", news, half)
    ours, theirs = (wrong_look_alikes(news, found) for found in (grouped(news), crude(news)))
    print(f"{'look-alike pairs put together':34} {ours[0]} of {ours[1]} (tf-idf: {theirs[0]})")
    print(f"{'tf-idf on the security news':34} {quality(truth(news), crude(news))}")
    print(f"{'copies among the security news':34} P R F1 ", *copies(news, group(map(item, news))))
    _show("UCI headlines (2,000)", headlines(2000))
    print(f"{'order of arrival, worst of 3':34} B-cubed F1 {orders(news, 3):.3f} {orders(ecb(odd=True), 3):.3f}")
    if options.speed:
        middle, worst = speed(options.speed)
        print(f"{'candidates among ' + format(options.speed, ','):34} {middle:.1f} ms (99 %: {worst:.1f} ms)")
        print(f"{'placing an article (of 3,000)':34} {adding(3000):.1f} ms")
        middle, first = stored(3000)
        print(f"{'the same with the database':34} {middle:.1f} ms (the first after a start: {first:.0f} ms)")


def _show(name: str, lines: list[Line], half: str | None = None) -> None:
    begin = time.process_time()
    found = grouped(lines)
    spent = time.process_time() - begin
    print(f"{name:34} {quality(truth(lines, half), found)}   {len(lines)} in {spent:.1f} s")


if __name__ == "__main__":
    main()

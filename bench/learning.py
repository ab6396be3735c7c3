"""The judge's weights, learned: which blocks of labelled pages are in the truth, and what evidence tells them apart.

A block of seven words or more is in the truth when most of its runs of four words are; a shorter one when it stands
there as a line, or in the midst of text, close to a longer block that is. The weights are those of a logistic
regression with a quadratic penalty, found by gradient descent with step sizes of its own for each weight (AdaGrad).
"""

from __future__ import annotations

import bisect
import json
import math
import random
from pathlib import Path

from aggregator.scrape.blocks import Block, blocks
from aggregator.scrape.content import classify
from aggregator.scrape.content.features import evidence, page_areas
from aggregator.scrape.dom import parse
from aggregator.scrape.metadata.titles import find_title
from aggregator.scrape.structured import claims
from aggregator.text.encoding import decode
from aggregator.text.words import words_of

ROUNDS = 12
STEP = 0.15
PENALTY = 2000.0
"""Strength of the pull towards zero; less of it fits the even half better and every other page worse."""

LONG = 7
"""Words from which a block's own words decide; shorter ones stand in menus as well."""

Example = tuple[list[tuple[str, float]], bool, float]


def learn(pages: list[tuple[bytes, str, str]]) -> None:
    """Write weights.json from `pages`: each a page, its URL, and the text of its article."""
    examples = [example for page, url, text in pages for example in _examples(page, url, text)]
    scale = len(examples) / sum(weight for _, _, weight in examples)
    weights = _fit([(items, label, weight * scale) for items, label, weight in examples])
    kept = {name: round(weight, 3) for name, weight in sorted(weights.items()) if abs(weight) >= 0.001}
    path = Path(classify.__file__).with_name("weights.json")
    path.write_text(json.dumps({"weights": kept}, indent=0) + "\n", "utf-8")
    classify._weights.cache_clear()


def _examples(page: bytes, url: str, text: str) -> list[Example]:
    tree = parse(decode(page, "text/html", page=True))
    if tree is None:
        return []
    found = blocks(tree)
    items = evidence(page_areas(found), find_title(tree, claims(tree), url) or "")
    labels = label(found, text)
    # A page counts by the root of its words, a block by its words up to 40: long pages are not to drown short ones.
    size = math.sqrt(sum(block.words for block in found))
    return [
        (list(item.items()), wanted, min(block.words, 40) / size)
        for block, item, wanted in zip(found, items, labels, strict=True)
    ]


def label(found: list[Block], truth: str) -> list[bool]:
    """Whether each block is in `truth`."""
    runs = _runs(words_of(truth))
    lines = {" ".join(words_of(line)) for line in truth.splitlines()}
    flat = f" {' '.join(words_of(truth))} "
    words = [words_of(block.text) for block in found]
    sure = [len(each) >= LONG and _share(each, runs) >= 0.6 for each in words]
    places = [index for index, yes in enumerate(sure) if yes]
    return [
        yes or (len(each) < LONG and _near(index, each, places, lines, flat))
        for index, (each, yes) in enumerate(zip(words, sure, strict=True))
    ]


def _near(index: int, words: list[str], places: list[int], lines: set[str], flat: str) -> bool:
    at = bisect.bisect(places, index)
    distance = min((abs(index - place) for place in places[max(0, at - 1) : at + 1]), default=1 << 20)
    line = " ".join(words)
    if not line:
        return False
    if line in lines:
        return distance <= (8 if len(words) < 4 else 20)
    return f" {line} " in flat and distance <= (2 if len(words) < 3 else 4)


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + 4]) for start in range(len(words) - 3)}


def _share(words: list[str], runs: set[tuple[str, ...]]) -> float:
    own = [tuple(words[start : start + 4]) for start in range(len(words) - 3)]
    return sum(run in runs for run in own) / len(own)


def _fit(examples: list[Example]) -> dict[str, float]:
    weights: dict[str, float] = {}
    squares: dict[str, float] = {}
    order = list(range(len(examples)))
    shuffle = random.Random(1).shuffle
    for turn in range(ROUNDS):
        shuffle(order)
        step = STEP / (1 + turn / 10)
        for index in order:
            items, wanted, weight = examples[index]
            logit = sum([weights.get(name, 0.0) * value for name, value in items])
            error = weight * (1 / (1 + math.exp(-max(-30.0, min(30.0, logit)))) - wanted)
            if abs(error) < 1e-4:
                continue
            for name, value in items:
                slope = error * value
                square = squares[name] = squares.get(name, 1.0) + slope * slope
                weights[name] = weights.get(name, 0.0) - step * slope / math.sqrt(square)
        shrink = PENALTY * step / len(examples) * 30
        for name in weights:
            if name != "bias":
                weights[name] *= 1 - min(0.5, shrink)
    return weights

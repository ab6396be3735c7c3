"""The judge's model, learned: which blocks of labelled pages are in the truth, and what evidence tells them apart.

A block of seven words or more is in the truth when most of its runs of four words are; a shorter one when it stands
there as a line, or in the midst of text, close to a longer block that is. What is learned are boosted decision trees
(LightGBM, an extra of its own: the program reads them without it). Same pages, same bytes: one seed, one thread order.
"""

from __future__ import annotations

import bisect
import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

from aggregator.scrape.article import DESCRIPTIONS
from aggregator.scrape.blocks import Block
from aggregator.scrape.clean.simplify import simplify
from aggregator.scrape.content.areas import page_areas
from aggregator.scrape.content.features import evidence
from aggregator.scrape.content.surroundings import MENU
from aggregator.scrape.dom import parse, to_text
from aggregator.scrape.metadata.titles import find_title, site_names
from aggregator.scrape.neighbours.choose import find_with_blocks
from aggregator.scrape.page_source import PageSource
from aggregator.scrape.rendering import render
from aggregator.scrape.several import other_parts
from aggregator.text.encoding import decode
from aggregator.text.words import words_of

TREES = 80
SETTINGS = {
    "objective": "binary",
    "learning_rate": 0.2,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.3,
    "lambda_l2": 10.0,
    "max_bin": 63,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
"""More and smaller steps (250 trees of 24 leaves at 0.08) read 0.002 better and cost three times as much to ask."""

FOLDS = 5
"""Parts into which sites are divided, to measure each where it was not learned."""

LONG = 7
"""Words from which a block's own words decide; shorter ones stand in menus as well."""

LISTING = 0.05
"""What a listing that the truth leaves out counts against listings: most truths leave out all code."""

_SUFFIXES = PublicSuffixList()


@dataclass(frozen=True)
class Lesson:
    """One labelled page, as what is learned from it: for each block its evidence, whether it is in the truth, and its
    weight.
    """

    items: list[dict[str, float]]
    labels: list[bool]
    weights: list[float]


def site_of(url: str) -> str:
    """The registered domain of a page, which all of its site's pages share."""
    host = urlsplit(url).hostname or url
    return _SUFFIXES.privatesuffix(host) or host


def fold_of(site: str) -> int:
    """In which of the parts a site is, the same forever."""
    return int(hashlib.sha1(site.encode(), usedforsecurity=False).hexdigest(), 16) % FOLDS


def lesson(page: bytes, url: str, truth: str, weight: float = 1.0) -> Lesson:
    """What there is to learn from a page whose article's text is `truth`."""
    tree = parse(decode(page, "text/html", page=True))
    if tree is None:
        return Lesson([], [], [])
    render(tree, url)
    simplify(tree)
    source = PageSource.of(tree, url)
    body = source.said.article.get("articleBody")
    stated = to_text(body) if isinstance(body, str) else ""
    about = source.said.first(*DESCRIPTIONS) or ""
    title = find_title(source, site_names(source)) or ""
    others = [*find_with_blocks(tree, url)[1], *other_parts(tree, url, None, (title,))]
    apart = {node for other in others for node in other.iter()}
    found = [block for block in source.blocks if block.element not in apart]
    items = evidence(page_areas(found, urlsplit(url).hostname or ""), title, stated, about)
    labels = label(found, truth)
    # A page counts by the root of its words, a block by its words up to 40: long pages are not to drown short ones.
    size = math.sqrt(sum(block.words for block in found) or 1)
    weights = [
        0.0
        if MENU in item
        else weight
        * min(block.words, 40)
        / size
        * (LISTING if not wanted and block.element.tag in ("pre", "code") else 1.0)
        for block, item, wanted in zip(found, items, labels, strict=True)
    ]
    return Lesson(items, labels, weights)


def learn(lessons: Iterable[Lesson]) -> str:
    """The model that `lessons` teach, as the text of its file."""
    import lightgbm
    import numpy as np

    taken = [each for each in lessons if each.items]
    names = sorted({name for each in taken for item in each.items for name in item})
    places = {name: place for place, name in enumerate(names)}
    rows = sum(len(each.items) for each in taken)
    table = np.zeros((rows, len(names)), dtype=np.float32)
    row = 0
    for each in taken:
        for item in each.items:
            for name, value in item.items():
                table[row, places[name]] = value
            row += 1
    labels = np.array([wanted for each in taken for wanted in each.labels], dtype=np.float32)
    weights = np.array([weight for each in taken for weight in each.weights])
    weights *= rows / weights.sum()
    model = lightgbm.train(SETTINGS, lightgbm.Dataset(table, labels, weight=weights), TREES)
    return _written(model.dump_model()["tree_info"], names)


def _written(trees: list[dict[str, object]], names: list[str]) -> str:
    used: dict[str, int] = {}

    def walk(node: dict[str, object], nodes: list[list[float]]) -> int:
        place = len(nodes)
        nodes.append([])
        if "split_feature" not in node:
            nodes[place] = [round(float(str(node["leaf_value"])), 4)]
            return place
        feature = used.setdefault(names[int(str(node["split_feature"]))], len(used))
        left = walk(node["left_child"], nodes)  # type: ignore[arg-type]
        right = walk(node["right_child"], nodes)  # type: ignore[arg-type]
        nodes[place] = [feature, float(f"{float(str(node['threshold'])):.6g}"), left, right]
        return place

    written: list[list[list[float]]] = []
    for tree in trees:
        nodes: list[list[float]] = []
        walk(tree["tree_structure"], nodes)  # type: ignore[arg-type]
        written.append(nodes)
    lines = ",\n".join(json.dumps(nodes, separators=(",", ":")) for nodes in written)
    return f'{{"features": {json.dumps(list(used))},\n"trees": [\n{lines}\n]}}\n'


def label(found: Sequence[Block], truth: str) -> list[bool]:
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

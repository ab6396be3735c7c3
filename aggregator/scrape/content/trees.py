"""Boosted decision trees from a plain file: evidence in, chances out.

The file is JSON: `features`, the names of the evidence that is asked about; `trees`, each a list of nodes, the root
first. A node is `[feature, threshold, left, right]` (evidence up to the threshold goes left; both sides are indexes) or
`[value]`, a leaf. The sum of one leaf a tree is the logit. `python -m bench.extraction --learn` writes it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from aggregator.scrape.content.surroundings import MENU

SETTLED_AFTER = 16
"""Trees after which a block that they agree on is not asked about further: most blocks of a page are menus."""

SETTLED = 2.5
"""The logit, either way, from which they agree: of 162,000 labelled blocks the others turn 0.1 %."""

MENU_CHANCE = 0.005
"""Of an entry of a menu: nothing was learned about them."""

_Node = tuple[Any, ...]


class Trees:
    """A model: the chance of each block, by its evidence."""

    def __init__(self, text: str) -> None:
        read = json.loads(text)
        nested = [_nested(nodes, 0, read["features"]) for nodes in read["trees"]]
        self._first, self._others = nested[:SETTLED_AFTER], nested[SETTLED_AFTER:]

    def chances(self, items: Sequence[Mapping[str, float]]) -> list[float]:
        """The chance, 0 to 1, of each of `items`: evidence by its name, what is missing counting 0."""
        found = []
        for item in items:
            if MENU in item:
                found.append(MENU_CHANCE)
                continue
            logit = _sum(self._first, item)
            if -SETTLED < logit < SETTLED:
                logit += _sum(self._others, item)
            found.append(1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit)))))
        return found


def _sum(trees: list[_Node], item: Mapping[str, float]) -> float:
    get = item.get
    logit = 0.0
    for node in trees:
        name, split, left, right = node
        while name is not None:
            name, split, left, right = left if get(name, 0.0) <= split else right
        logit += split
    return logit


def _nested(nodes: list[list[float]], index: int, names: list[str]) -> _Node:
    node = nodes[index]
    if len(node) == 1:
        return (None, node[0], None, None)
    feature, threshold, left, right = node
    return (names[int(feature)], threshold, _nested(nodes, int(left), names), _nested(nodes, int(right), names))


@cache
def trees() -> Trees:
    """The model that comes with the program."""
    return Trees(files("aggregator.scrape.content").joinpath("trees.json").read_text("utf-8"))


def read(path: Path) -> Trees:
    """The model in a file."""
    return Trees(path.read_text("utf-8"))

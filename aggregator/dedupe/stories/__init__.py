"""One story for one event, however many outlets cover it: pure functions and values, no model, no service.

Item -> features -> Clusterer.add -> StoryDecision        article by article
Items -> group -> Grouped                                 a whole file at once
"""

from aggregator.dedupe.stories.clusterer import Clusterer, group
from aggregator.dedupe.stories.cohesion import ALONE
from aggregator.dedupe.stories.index import Index
from aggregator.dedupe.stories.scoring import Stats, counted, reread, score, spelled, told, written
from aggregator.dedupe.stories.terms import features
from aggregator.dedupe.stories.values import (
    Evidence,
    Features,
    Grouped,
    Match,
    Move,
    Placement,
    Rulings,
    StoryDecision,
    StoryItem,
    StoryLink,
    merging,
    splitting,
)

__all__ = [
    "ALONE",
    "Clusterer",
    "Evidence",
    "Features",
    "Grouped",
    "Index",
    "Match",
    "Move",
    "Placement",
    "Rulings",
    "Stats",
    "StoryDecision",
    "StoryItem",
    "StoryLink",
    "counted",
    "features",
    "group",
    "merging",
    "reread",
    "score",
    "spelled",
    "splitting",
    "told",
    "written",
]

"""How well articles are taken from real pages must not fall, and how well it must be may not be lowered unseen.

Every eighth page of the corpus; the whole is measured by `python -m bench.extraction`.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = json.loads((ROOT / "bench" / "floors.json").read_text("utf-8"))["extraction"]["sample"]
LEAST = {
    "f1": 0.961,
    "must": 0.92,
    "must_plain": 0.975,
    "title": 0.89,
    "author": 0.86,
    "date": 0.88,
    "date_or_change": 0.93,
}
MOST = {"must_not": 0.038}

pytestmark = pytest.mark.corpora


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT))
    try:
        import bench.extraction

        yield bench.extraction
    finally:
        sys.path.remove(str(ROOT))


def test_floors_are_not_lowered() -> None:
    """Whoever lowers a floor has to say so here too."""
    assert all(FLOORS[measure] >= floor for measure, floor in LEAST.items())
    assert all(FLOORS[measure] <= ceiling for measure, ceiling in MOST.items())


def test_a_sample_of_real_pages_keeps_to_the_floors(bench: ModuleType, corpora: Path) -> None:
    """Word F1, sentences kept and left out, title, author and date on 50 pages that cover both halves."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scores = [bench.score(case, bench.ours) for case in bench.cases(corpora)[:: bench.SAMPLE]]
    finally:
        logging.disable(level)
    measured = {measure: round(bench.mean(scores, measure), 4) for measure in FLOORS}
    below = {
        measure: value
        for measure, value in measured.items()
        if (value > FLOORS[measure] if measure in MOST else value < FLOORS[measure])
    }
    assert not below, measured
    assert not [each.id for each in scores if each.f1 < 0.3]

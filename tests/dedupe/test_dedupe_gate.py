"""How well copies and stories are told must not fall, and how well it must be may not be lowered unseen."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from aggregator.dedupe.stories.index import Index
from aggregator.dedupe.stories.scoring import Vector

ROOT = Path(__file__).parents[2]
FLOORS = json.loads((ROOT / "bench" / "floors.json").read_text("utf-8"))
GOALS = {
    ("stories", "ecb", "pairs"): 0.85,
    ("stories", "ecb", "b_cubed"): 0.88,
    ("stories", "news", "pairs"): 0.90,
    ("stories", "news", "b_cubed"): 0.92,
    ("stories", "order"): 0.95,
    ("duplicates", "f1"): 0.98,
    ("duplicates", "precision"): 1.0,
}
"""What the project promised; a floor below it is a broken promise."""


def bench(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{name}", ROOT / "bench" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def stories() -> ModuleType:
    return bench("stories")


@pytest.mark.parametrize("goal", GOALS, ids="/".join)
def test_floors_are_not_below_the_goals(goal: tuple[str, ...]) -> None:
    """Whoever lowers a floor below the goal has to change the goal here too."""
    floor = FLOORS
    for key in goal:
        floor = floor[key]
    assert floor >= GOALS[goal]


def test_limits_are_not_above_the_goals() -> None:
    """Twenty milliseconds for finding candidates; half of the look-alike pairs that tf-idf takes for one."""
    assert FLOORS["stories"]["candidates_ms"] <= 20
    assert FLOORS["stories"]["look-alikes"] <= 0.05


@pytest.mark.corpora
def test_events_of_the_held_out_topics(stories: ModuleType, corpora: Path) -> None:
    """Stories of news texts that nothing was tuned on."""
    lines = stories.ecb(odd=True)
    found = stories.quality(stories.truth(lines), stories.grouped(lines))
    assert found.pairs[2] >= FLOORS["stories"]["ecb"]["pairs"]
    assert found.b_cubed[2] >= FLOORS["stories"]["ecb"]["b_cubed"]


@pytest.mark.parametrize("half", ["tune", "report"])
def test_stories_of_the_security_news(stories: ModuleType, half: str) -> None:
    """Stories of the labelled news, the half that was tuned on and the other."""
    lines = stories.read(stories.LABELLED)
    found = stories.quality(stories.truth(lines, half), stories.grouped(lines))
    assert found.pairs[2] >= FLOORS["stories"]["news"]["pairs"]
    assert found.b_cubed[2] >= FLOORS["stories"]["news"]["b_cubed"]


def test_look_alikes_are_kept_apart(stories: ModuleType) -> None:
    """Far fewer pairs of like events are put together than by tf-idf, which is beaten in F1, too."""
    lines = stories.read(stories.LABELLED)
    found, crude = stories.grouped(lines), stories.crude(lines)
    wrong, pairs = stories.wrong_look_alikes(lines, found)
    assert wrong <= FLOORS["stories"]["look-alikes"] * pairs
    assert 2 * wrong <= stories.wrong_look_alikes(lines, crude)[0]
    assert stories.quality(stories.truth(lines), found).pairs[2] > stories.quality(stories.truth(lines), crude).pairs[2]


@pytest.mark.corpora
def test_any_order_of_the_held_out_topics(stories: ModuleType, corpora: Path) -> None:
    """Shuffled texts give nearly the same stories."""
    assert stories.orders(stories.ecb(odd=True), 2) >= FLOORS["stories"]["order"]


@pytest.mark.corpora
def test_bare_headlines_are_no_mess(stories: ModuleType, corpora: Path) -> None:
    """Hundreds of headlines without a text: few of those put together do not belong together."""
    lines = stories.headlines(600)
    found = stories.quality(stories.truth(lines), stories.grouped(lines))
    assert found.pairs[0] >= 0.85


def test_candidates_among_a_hundred_thousand() -> None:
    """Finding what may be about the same event takes a few milliseconds, however many articles there are."""
    choose, index = random.Random(3), Index()
    weights = np.array([0.4] * 4 + [0.2] * 12, np.float32)

    def article(number: int) -> Vector:
        own = [60_000 + 6 * (number // 4) + choose.randrange(6) for _ in range(4)]
        common = [1 + int(choose.paretovariate(0.7)) % 60_000 for _ in range(12)]
        return Vector(np.array(own + common, np.int32), weights)

    stored = [article(number) for number in range(100_000)]
    for number, one in enumerate(stored):
        index.add(str(number), one)
    taken = []
    for number in random.Random(4).sample(range(100_000), 40):
        begin = time.process_time()
        near = index.near(stored[number], 60)
        taken.append(1000 * (time.process_time() - begin))
        found = [index.name(place) for place in near]
        assert str(number) in found[:4]
        assert len({str(number // 4 * 4 + other) for other in range(4)} & set(found[:9])) >= 2
    assert sorted(taken)[len(taken) // 2] < FLOORS["stories"]["candidates_ms"]


@pytest.mark.corpora
def test_copies_of_real_texts(corpora: Path) -> None:
    """Perturbed copies are found, and nothing that a person would call another article is taken for one."""
    duplicates = bench("duplicates")
    result = duplicates.measure(duplicates.collection(20))
    assert result.f1 >= FLOORS["duplicates"]["f1"]
    assert result.precision >= FLOORS["duplicates"]["precision"], result.failures

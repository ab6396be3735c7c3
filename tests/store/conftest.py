"""A store in a file, and small builders of what goes into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from store_builders import Newsroom

from aggregator.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "aggregator.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened


@pytest.fixture
def newsroom(store: Store) -> Newsroom:
    """A store with one feed, `Alpha`, and short words for what happens to it."""
    return Newsroom(store)

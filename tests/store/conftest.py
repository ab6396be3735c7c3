"""A store in a file, and small builders of what goes into it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.store_builders import Newsroom

from aggregator.store import Store


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with nothing in it, made once: making one waits for the disk several times."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    Store.open(path).close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be made."""
    return tmp_path / "aggregator.db"


@pytest.fixture
def store(path: Path, empty_database: Path) -> Iterator[Store]:
    shutil.copy(empty_database, path)
    with Store.open(path) as opened:
        yield opened


@pytest.fixture
def newsroom(store: Store) -> Newsroom:
    """A store with one feed, `Alpha`, and short words for what happens to it."""
    return Newsroom(store)


@pytest.fixture
def two(store: Store) -> Newsroom:
    """A store with two feeds, `Alpha` and `Beta`."""
    return Newsroom(store, "Alpha", "Beta")

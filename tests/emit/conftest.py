"""Fixtures of the emit tests; the archive in memory stands in emit_shelf."""

from __future__ import annotations

import pytest
from support.emit_shelf import Shelf, filled

from aggregator.config.settings import Site


@pytest.fixture
def shelf() -> Shelf:
    """Thirty posts of three sources, each linked to its neighbours of the same source."""
    return filled(30)


@pytest.fixture
def site() -> Site:
    return Site(title="Security news", base_url="https://news.example/", page_size=10)

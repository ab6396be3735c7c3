"""Golden pairs: a document beside the values that it must give. Dropping in a pair adds a case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from poll_golden import URL, as_json, documents

from aggregator import poll


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_golden(path: Path) -> None:
    """The document gives exactly the expected feed."""
    expected = json.loads(path.with_name(f"{path.name}.expected.json").read_text(encoding="utf-8"))
    assert as_json(poll.parse(path.read_bytes(), URL)) == expected


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_parsing_twice_gives_the_same(path: Path) -> None:
    """Identities and everything else depend on the bytes alone."""
    assert poll.parse(path.read_bytes(), URL) == poll.parse(path.read_bytes(), URL)


def test_there_are_enough_pairs() -> None:
    """The folder is found, and no expectation has lost its document."""
    assert len(documents()) >= 30

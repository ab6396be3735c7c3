"""What every test may use: the corpora (when they are there), and a fixed now."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A shell that starts the tests in the background lets them ignore Ctrl-C, and what they start would ignore it, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes tells of the machine and what else it does; tests of speed measure it themselves.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

CORPORA = Path(os.environ.get("AGGREGATOR_CORPORA", Path(__file__).parents[2] / "shared" / "corpora"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that nobody waits for one at the end."""
    items.sort(key=lambda item: "slow" not in item.keywords)


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real data; without it the test is skipped, and says so."""
    if not CORPORA.is_dir():
        pytest.skip(f"no corpora at {CORPORA}: set AGGREGATOR_CORPORA")
    return CORPORA


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test's configuration calls a secret is none in the next."""
    monkeypatch.setattr("aggregator.text.urls._secrets", set())
    monkeypatch.setattr("aggregator.text.urls._distinctive", set())
    monkeypatch.setattr("aggregator.text.urls._placed", {})

"""The wait after a failure: doubled, bounded, and never a number that no date can hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.text.backoff import backoff

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("failures", "wait"), [(0, MINUTE), (1, 2 * MINUTE), (5, 32 * MINUTE), (10, 1024 * MINUTE), (11, DAY), (10**9, DAY)]
)
def test_each_failure_doubles_the_wait_up_to_the_last(failures: int, wait: timedelta) -> None:
    """The first wait after the first failure."""
    assert backoff(failures, MINUTE, DAY) == wait


def test_without_a_last_wait_it_still_ends_in_a_date() -> None:
    """A counter that ran for years is no error."""
    assert datetime(2026, 1, 1, tzinfo=UTC) + backoff(10**9, MINUTE)
    assert backoff(-1, MINUTE) == MINUTE

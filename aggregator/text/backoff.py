"""How long to wait after a failure: the one formula for feeds, pages, images, lists, hubs, messages and hosts.

A module of its own, since stages that may not import each other share it.
"""

from __future__ import annotations

from datetime import timedelta

MAX_DOUBLINGS = 20
"""A million times the first wait: enough for any of them, and no number that a date cannot hold."""


def backoff(failures: int, first: timedelta, last: timedelta | None = None) -> timedelta:
    """The wait after one failure more than `failures`: `first`, doubled by each earlier one, at most `last`."""
    wait = first * (1 << min(max(failures, 0), MAX_DOUBLINGS))
    return wait if last is None else min(wait, last)

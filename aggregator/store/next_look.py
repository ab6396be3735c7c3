"""When a page is fetched again to see whether it was edited: less and less often, and then no more. Pure.

Outlets correct within hours, add to a story within days, and hardly ever touch what is older than a week. Nothing is
remembered but the time of the last look: whoever was down for a month looks once, and goes on from there.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

OFFSETS = (
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=10),
)
"""After publication. Five looks at most, nearly all of which cost the origin a 304."""

GAP = 0.25
"""Of an offset: how long after the last look the next one is to be at least, or it is left out."""

JITTER = 0.2
"""Of an offset: at most so much later, so that what was published together is not fetched together."""


def next_look(published: datetime, last: datetime, salt: str) -> datetime | None:
    """The time of the look after the one at `last`; None: no more. The same answer for the same arguments, always.

    `salt` tells articles apart (any text that is an article's own).
    """
    for offset in OFFSETS:
        at = published + offset * (1 + JITTER * _chance(salt, offset))
        if at >= last + offset * GAP:
            return at.replace(microsecond=0)
    return None


def _chance(salt: str, offset: timedelta) -> float:
    """A number in [0, 1) that looks like chance and is not."""
    digest = sha256(f"{salt}\n{offset.total_seconds()}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:4], "big") / 2**32

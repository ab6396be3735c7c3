"""The network itself seems to be down: the event that tells when it begins and when it ends, and the words meanwhile.

Whether it is, `fetch` judges (see `aggregator.fetch.hosts`); what could not be reached is asked again soon, and no
feed, page or host is held to have failed for it. Nothing is fetched or stored here.
"""

from __future__ import annotations

from datetime import datetime

from aggregator.models import FeedEvent
from aggregator.text.wording import duration

BEGINS = "The network seems to be down"

NOTHING_FAILED = (
    "Nearly no host can be reached. No feed is held to have failed for it; each is asked again within minutes."
)


def network_event(since: datetime | None, *, offline: int, answered: int, now: datetime) -> FeedEvent | None:
    """The event that a round of polls shows, if any: the network goes down, or comes back.

    `since`: when it went down, None while it is up; `offline`: how many feeds were out of reach for it; `answered`: how
    many were polled well.
    """
    if offline and since is None:
        return FeedEvent(now, "offline", BEGINS, NOTHING_FAILED)
    if answered and not offline and since is not None:
        words = f"It seemed to be down for {duration(now - since)}, since {since:%Y-%m-%d %H:%M} UTC."
        return FeedEvent(now, "online", "The network is back", words)
    return None


def network_text(since: datetime | None, now: datetime) -> str | None:
    """What is to be said of it as long as it lasts; None: all is well."""
    return f"{BEGINS} (for {duration(now - since)}). {NOTHING_FAILED}" if since else None

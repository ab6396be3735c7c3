"""The network itself seems to be down: said once when it begins and once when it ends, in the log and as an event.

Whether it is, `fetch` judges (see `aggregator.fetch.reach`); what could not be reached is asked again soon, and no
feed, page or host is held to have failed for it. Nothing is fetched here.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from aggregator.models import FeedEvent
from aggregator.poll.wording import duration

if TYPE_CHECKING:
    from aggregator.store import Store

BEGINS = "The network seems to be down"

WORDS = "Nearly no host can be reached. No feed is held to have failed for it; each is asked again within minutes."

log = structlog.get_logger()


def note(store: Store, *, offline: int, answered: int, now: datetime) -> None:
    """Say what a round of polls shows: how many feeds were out of reach for it, and how many were polled well."""
    since = store.desk.offline_since()
    if offline and since is None:
        log.warning("the network seems to be down: nearly no host can be reached", feeds=offline)
        store.note(FeedEvent(now, "offline", BEGINS, WORDS))
    elif answered and not offline and since is not None:
        lasted = duration(now - since)
        log.warning("the network is back", after=lasted)
        words = f"It seemed to be down for {lasted}, since {since:%Y-%m-%d %H:%M} UTC."
        store.note(FeedEvent(now, "online", "The network is back", words))


def words(since: datetime | None, now: datetime) -> str | None:
    """What is to be said of it as long as it lasts; None: all is well."""
    return f"{BEGINS} (for {duration(now - since)}). {WORDS}" if since else None

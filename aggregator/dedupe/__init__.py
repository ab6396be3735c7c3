"""One article once, however many feeds carry it; one story for one event, however many outlets cover it.

Pure functions over values: nothing here reads a file, a clock, the network or the database.
"""

from aggregator.dedupe import stories
from aggregator.dedupe.canonical import canonical_url, normal_guid
from aggregator.dedupe.changes import change
from aggregator.dedupe.decide import content_hash, decide, lookup_guids
from aggregator.dedupe.near_duplicates import fingerprint, resemblance, same
from aggregator.text.urls import registrable, same_site

__all__ = [
    "canonical_url",
    "change",
    "content_hash",
    "decide",
    "fingerprint",
    "lookup_guids",
    "normal_guid",
    "registrable",
    "resemblance",
    "same",
    "same_site",
    "stories",
]

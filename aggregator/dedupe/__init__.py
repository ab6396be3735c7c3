"""One article once, however many feeds carry it; one story for one event, however many outlets cover it.

Pure functions over values: nothing here reads a file, a clock, the network or the database.
"""

from aggregator.dedupe import stories
from aggregator.dedupe.canonical import canonical_url, normal_guid
from aggregator.dedupe.changes import change
from aggregator.dedupe.decide import Document, content_hash, decide, lookup_guids
from aggregator.dedupe.near_duplicates import another_notice, fingerprint, resemblance, same
from aggregator.text.urls import at_home, of_another_author, registrable, same_site

__all__ = [
    "Document",
    "another_notice",
    "at_home",
    "canonical_url",
    "change",
    "content_hash",
    "decide",
    "fingerprint",
    "lookup_guids",
    "normal_guid",
    "of_another_author",
    "registrable",
    "resemblance",
    "same",
    "same_site",
    "stories",
]

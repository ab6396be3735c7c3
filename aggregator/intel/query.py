"""A search that is a value: `evil[.]top`, `hxxps://…`, a hash, `CVE 2026 1234` mean the fact, however spelled.

Fewer than 60 lines, since `facts` reads whole articles and knows no searches.
"""

from __future__ import annotations

from aggregator.intel.identifiers import identifiers
from aggregator.intel.spelling import spelled
from aggregator.intel.values import values

LAST_YEAR = 2999


def facts_of_query(query: str) -> tuple[tuple[str, str], ...]:
    """(kind, value) of the one fact that a query is, in every form that an article may hold it in; else nothing."""
    text = spelled(query.strip().strip("\"'"))
    if not text.text or len(text.text) > 2048:
        return ()
    for found in identifiers(text.text, text.lower, LAST_YEAR):
        if (found.start, found.end) == (0, len(text.text)):
            return ((found.kind, found.value),)
    for value in values(text.text):
        if (value.start, value.end) == (0, len(text.text)):
            if value.kind != "url":
                return ((value.kind, value.value),)
            rest = value.value.partition("://")[2].rstrip("/")
            spellings = {f"{scheme}://{rest}{slash}" for scheme in ("http", "https") for slash in ("", "/")}
            return tuple(("url", one) for one in sorted({value.value, *spellings}))
    return ()

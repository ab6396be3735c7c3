"""Page -> Article: the text, what the page says of itself, its neighbours, and clean HTML of it all.

Pure: bytes in, values out. It fetches nothing, stores nothing and reads no clock; it runs in a worker process that may
be killed. `article` reads whole pages, `clean` and `clean_entry` make a feed's own HTML safe and readable.
"""

from __future__ import annotations

from aggregator.scrape.archiving import forbidden_by_header
from aggregator.scrape.article import Hint, article
from aggregator.scrape.clean import clean, clean_entry, plain
from aggregator.scrape.joining import is_real, made_whole, with_next
from aggregator.scrape.pagination import is_numbered
from aggregator.scrape.text import to_text

__all__ = [
    "Hint",
    "article",
    "clean",
    "clean_entry",
    "forbidden_by_header",
    "is_numbered",
    "is_real",
    "made_whole",
    "plain",
    "to_text",
    "with_next",
]

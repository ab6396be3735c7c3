"""Entries to documents: feeds that every reader takes, and a mirror that a person reads.

`build` brings an output folder up to date with an archive; `opml` lists the sources; `answer` spells what a search
finds, `health` what befell the feeds. None fetches anything, opens the database or reads the clock. What each document
contains, and why, is in docs/outputs.md.
"""

from aggregator.emit.build import build
from aggregator.emit.folder import notes_of
from aggregator.emit.health_feed import HEALTH_EVENTS, health, write_health
from aggregator.emit.opml import opml
from aggregator.emit.outputs import answer, hubs, is_topic, topic
from aggregator.emit.state import Published, published

__all__ = [
    "HEALTH_EVENTS",
    "Published",
    "answer",
    "build",
    "health",
    "hubs",
    "is_topic",
    "notes_of",
    "opml",
    "published",
    "topic",
    "write_health",
]

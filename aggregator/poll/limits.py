"""How much one feed may add: in one poll, and in all. Pure; what is left out, and why, is said in words.

A stranger decides how long a feed is. What it may cost is decided here: each new entry is a page on the mirror and a
row in the database, and its text stands there several times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.models import Decision, FeedState, Verdict

if TYPE_CHECKING:
    from aggregator.config.settings import FeedOptions

MOST_NEW = 5_000
"""New entries taken of one poll; the next polls take the rest. The longest feed of a thousand real ones has 12,000."""

MB = 2**20

MOVE_AFTER = 3
"""Good polls through the same permanent redirect after which its target is polled directly (F12)."""

CUT_SHORT = "the document was cut short"
"""What is noted of a poll that brought a part of the document only."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken of a document. `note`: which limit was met ("": none). `more`: the next poll reads it again."""

    decisions: tuple[Decision, ...]
    note: str = ""
    more: bool = False


def within(decisions: Sequence[Decision], state: FeedState, options: FeedOptions) -> Taken:
    """The decisions without the new entries that are too many: those that stand first in the document are taken.

    Edits count by their texts, since what an article said before is kept too.
    """
    kept: list[Decision] = []
    new, room, size = 0, options.max_entries - state.entries, options.max_text_mb * MB - state.text_bytes
    note = ""
    for decision in decisions:
        length = text_bytes(decision)
        is_new = decision.verdict is Verdict.NEW
        if decision.verdict is Verdict.UNCHANGED:
            kept.append(decision)
        elif is_new and new >= room:
            note = f"it has {options.max_entries:,} entries (`max_entries`): new ones are left out"
        elif length > size:
            note = f"its texts take {options.max_text_mb:,} MB (`max_text_mb`): new entries and edits are left out"
        elif is_new and new >= MOST_NEW:
            note = note or f"more than {MOST_NEW:,} new entries in one poll: the next polls take the rest"
        else:
            kept.append(decision)
            new, size = new + is_new, size - length
    left = len(decisions) - len(kept)
    return Taken(tuple(kept), f"{note} ({left:,} this time)" if left else "", more=left > 0 and new >= MOST_NEW)


def text_bytes(decision: Decision) -> int:
    """The size of an entry's texts, in bytes of UTF-8."""
    return sum(len(text.encode("utf-8", "replace")) for text in (decision.entry.html, decision.entry.summary))

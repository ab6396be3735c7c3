"""How a feed stands, in words that a person understands: what `status` and the page /status say of it.

Pure: a stored state in, words out. What went wrong was put into words where it happened; here it is said what follows.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from aggregator.models import FeedState, FeedStatus
from aggregator.poll import CUT_SHORT, MOVE_AFTER
from aggregator.text.urls import redact


@dataclass(frozen=True, slots=True)
class Standing:
    """`label` is a word or two, for a narrow column; `words` says why it is so, and what comes next."""

    label: str
    words: str


def standing(state: FeedState, disallowed: int = 0) -> Standing:
    """How `state` stands; `disallowed` are the pages of its articles that robots.txt keeps from us."""
    label, words = _now(state)
    notes = [words, *_moves(state), *_pages(disallowed)]
    return Standing(label, "; ".join(note for note in notes if note))


def _now(state: FeedState) -> tuple[str, str]:
    name = shlex.quote(state.name)
    match state.status:
        case FeedStatus.PAUSED:
            return "paused", "paused in feeds.yaml: not polled, and what is stored stays"
        case FeedStatus.GONE:
            return "gone (410)", (
                "the server says that this feed is gone for good (410): not polled any more, and what is stored stays; "
                f"`aggregator poll --feed {name}` asks once more, `aggregator remove {name}` takes it out"
            )
        case FeedStatus.BACKING_OFF:
            return f"failed {state.failures}×", f"{state.last_error or 'no answer'}; {state.next_poll_reason}"
    if state.last_poll is None:
        return "new", state.next_poll_reason or "not polled yet; the next round does"
    if state.last_error == CUT_SHORT:
        return "cut short", f"what was whole of it is stored; {state.next_poll_reason}"
    return "ok", state.next_poll_reason


def _moves(state: FeedState) -> list[str]:
    notes = []
    if state.polled_url != state.url:
        notes.append(f"it has moved for good and is polled at {redact(state.polled_url)} (feeds.yaml may say so)")
    if state.moving_to and state.moving_polls:
        notes.append(
            f"it says that it has moved for good to {redact(state.moving_to)}: "
            f"seen {state.moving_polls} of {MOVE_AFTER} times before that is believed"
        )
    elif state.moving_to:
        notes.append(f"it is redirected to {redact(state.moving_to)} for the time being")
    return notes


def _pages(disallowed: int) -> list[str]:
    if not disallowed:
        return []
    pages = "1 page is" if disallowed == 1 else f"{disallowed:,} pages are"
    return [f"{pages} not fetched because robots.txt does not allow it: the feed's own text stands"]

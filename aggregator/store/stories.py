"""The stories that articles tell, as far as finding them goes.

What makes two articles one story is decided elsewhere; here it is kept, with the evidence, so that the next run goes on
from it: what new articles meet (`story_window`), what came of it (`story_changes`), what an operator asks of two
articles (`story_subjects`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from aggregator.store import story_changes, story_subjects, story_window
from aggregator.store.connection import Session
from aggregator.store.story_changes import StoryChanges
from aggregator.store.story_subjects import Subject
from aggregator.store.story_window import Ruling, StoryMark, StoryWindow, Tie, Unplaced


class StoredStories:
    """What is asked and kept of stories. Every method is one transaction, or one read."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def unplaced(self, limit: int, overdue: datetime = story_window.NEVER) -> tuple[Unplaced, ...]:
        """At most `limit` articles that have their text and no story yet, by publication. Copies never have one.

        One first seen before `overdue` is taken with its feed's text, whatever may come of its page.
        """
        with self._session.read() as sql:
            return story_window.unplaced(sql, limit, overdue)

    def mark(self, now: datetime) -> StoryMark:
        """What tells whether stories were changed by anybody since."""
        with self._session.read() as sql:
            return story_window.mark(sql, now)

    def window(
        self, first: datetime, last: datetime, *, also: Iterable[str] = (), new: Iterable[int] = ()
    ) -> StoryWindow:
        """What new articles are compared with: the stories that reach into [first, last], those named in `also`, and
        those that an operator has put articles of `new` into.
        """
        with self._session.read() as sql:
            return story_window.window(sql, first, last, also, new)

    def save(
        self, changes: StoryChanges, now: datetime, *, rulings: Iterable[Ruling] = (), settle: timedelta | None = None
    ) -> None:
        """Write what came of comparing or of an operator's word; `settle`: the age at which articles are settled."""
        with self._session.write() as sql:
            story_changes.rule(sql, rulings, now)
            story_changes.save(sql, changes, now)
            if settle is not None:
                story_changes.settle(sql, settle)

    def compared(self, one: int, other: int) -> Tie | None:
        """How two articles were compared, with the evidence; None: they were not, or shared next to nothing."""
        with self._session.read() as sql:
            return story_subjects.between(sql, one, other)

    def subject(self, reference: str, canonical: str) -> Subject | None:
        """The article that an operator names by number, page on the mirror, or URL (`canonical`: in that form)."""
        with self._session.read() as sql:
            return story_subjects.subject(sql, reference, canonical)

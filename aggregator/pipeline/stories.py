"""From stored articles to stored stories: joins `dedupe.stories`, which decides, with the store, which remembers.

New articles are compared with those published around them, as they stand in the database: with their stories, the
scores of their pairs and the operator's rulings. What has changed is written down at once, so a restart loses nothing,
and memory holds a few weeks, however large the archive is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.dedupe.stories.values import WINDOW, Features, Rulings, StoryItem, StoryLink
from aggregator.models.errors import StoreError
from aggregator.store.stories import (
    NEVER,
    Placed,
    Remembered,
    Ruling,
    StoryChanges,
    StoryMark,
    StorySubject,
    StoryWindow,
    Tie,
    Unplaced,
    read_terms,
)

if TYPE_CHECKING:
    from aggregator.dedupe.stories.terms import Written
    from aggregator.store import Store

BATCH = 500
"""Articles placed in one transaction."""

SPAN = timedelta(days=7)
"""Articles of one batch are published within so many days, so that what they are compared with stays bounded."""

SETTLED = 2 * WINDOW
"""Articles this much older than the newest are out of every window but that of a late arrival."""


PATIENCE = timedelta(days=1)
"""How long an article waits for its page (its host rests, robots.txt cannot be had) until its feed's text must do."""

LEEWAY = timedelta(days=2)
"""An article may be so much older than the window that is in memory was made for: what it misses counts for little."""

GROWTH = 1.25
"""A window that has grown by so much is weighed again: what is rare is judged by the articles that it had then."""


REMEMBERED = 10_000
"""Articles whose terms are kept from their reading to their placing: 3 KB for each."""


class _Arrived:
    """Articles with their stories, each made when its turn comes: all at once would be most of a round's memory."""

    def __init__(self, placed: tuple[Remembered, ...]) -> None:
        self._placed = placed

    def __iter__(self) -> Iterator[tuple[Features, str]]:
        return ((Features(one.key, one.published, one.terms), one.story) for one in self._placed)


class LoadedWindow:
    """The stories of a window, taken up where they were left; articles go by number outside, by key among stories.

    `since`: publication from which on no article is missing.
    """

    def __init__(self, window: StoryWindow, new: Iterable[Unplaced] = (), since: datetime = NEVER) -> None:
        from aggregator.dedupe.stories.clusterer import Clusterer

        self.since = since
        self.size = len(window.placed)
        self._before = {one.id: one.story for one in window.placed}
        self._keys = {one.id: one.key for one in window.placed} | {one.id: one.key for one in new}
        self._ids = {key: number for number, key in self._keys.items()}
        self._clusterer = Clusterer(rulings=self._said(window.rulings))
        self._clusterer.restore(
            _Arrived(window.placed),
            ((self._keys[tie.a], self._keys[tie.b], tie.score) for tie in window.ties),
            window.names,
        )

    def add(self, article: Unplaced, written: str) -> tuple[Tie, ...]:
        """Place an article whose terms are `written`; how it was compared with others."""
        copy = self._keys.get(article.copied_by) if article.copied_by is not None else None
        decision = self._clusterer.add(Features(article.key, article.published, read_terms(written)), copy)
        return tuple(self._tie(link) for link in decision.links)

    def go_on(self, new: Iterable[Unplaced], since: datetime) -> None:
        """What was found has been saved: take up more articles, and let go of stories that ended before `since`.

        Where so many have come that other terms are rare now, all are weighed again.
        """
        outgrown = len(self._clusterer) > self.size * GROWTH
        self._before = {number: self.story(number) for number in self._ids.values()}
        if since > self.since:
            self.since = since
            self._clusterer.forget(since)
            self._before = {number: story for number, story in self._before.items() if self._holds(number)}
        if outgrown:
            self._clusterer.weigh()
            self.size = len(self._clusterer)
        self._keys = {number: self._keys[number] for number in self._before} | {one.id: one.key for one in new}
        self._ids = {key: number for number, key in self._keys.items()}

    def _holds(self, number: int) -> bool:
        return self._keys[number] in self._clusterer

    def rule(self, rulings: Iterable[Ruling]) -> None:
        """Take all that an operator has said."""
        self._clusterer.rule(self._said(rulings))

    def story(self, article_id: int) -> str:
        """The story of an article of the window now."""
        return self._clusterer.story(self._keys[article_id])

    def moved(self) -> dict[int, str]:
        """The articles that were in another story when the window was taken up."""
        now = {number: self.story(number) for number in self._before}
        return {number: story for number, story in now.items() if story != self._before[number]}

    def merged(self) -> dict[str, str]:
        """The stories that nobody tells any more, each with the one that most of its articles went to."""
        alive = {self.story(number) for number in self._before}
        went: dict[str, Counter[str]] = {}
        for number, story in self._before.items():
            if story not in alive:
                went.setdefault(story, Counter())[self.story(number)] += 1
        return {story: max(counts, key=lambda to: (counts[to], to)) for story, counts in went.items()}

    def _said(self, rulings: Iterable[Ruling]) -> Rulings:
        known = [one for one in rulings if one.a in self._keys and one.b in self._keys]
        pairs = [((self._keys[one.a], self._keys[one.b]), one.together) for one in known]
        said = Rulings().joined(pair for pair, together in pairs if together)
        return said.parted(pair for pair, together in pairs if not together)

    def _tie(self, link: StoryLink) -> Tie:
        evidence = tuple((one.term, one.weight) for one in link.evidence)
        return Tie(self._ids[link.a], self._ids[link.b], link.score, evidence)


class StoryFinder:
    """Gives articles their stories.

    The window of the newest articles is kept from one call to the next, since taking it up costs seconds where much is
    published. It is taken up again when anything makes it doubtful: a failure, a late arrival, somebody else's change.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: LoadedWindow | None = None
        self._mark: StoryMark | None = None
        self._remembered: dict[int, Written] = {}

    def remember(self, article_id: int, written: Written) -> None:
        """Keep the terms of an article that has just been saved until it is placed (see `terms.written`)."""
        if len(self._remembered) >= REMEMBERED:
            self._remembered.clear()
        self._remembered[article_id] = written

    def _terms(self, article: Unplaced) -> str:
        """The terms of an article: as they were found when it was read, else found now, of its text."""
        from aggregator.dedupe.stories import terms  # words and all, which a round without news does without

        known, item = self._remembered.pop(article.id, None), _item(article)
        return known.terms if known and known.said == terms.said(item) else terms.written(item).terms

    def place(self, now: datetime, stopped: Callable[[], bool] = lambda: False) -> int:
        """Give every article that waits for it its story, oldest first; how many there were."""
        count = 0
        while not stopped() and (batch := _within_span(self._store.stories.unplaced(BATCH, now - PATIENCE))):
            resumed = self._window(batch, now)
            self._kept = None
            found = {one.id: self._terms(one) for one in batch}
            ties = [tie for one in batch for tie in resumed.add(one, found[one.id])]
            self._store.stories.save(_changes(batch, resumed, found, ties), now, settle=SETTLED)
            self._keep(resumed, batch[-1].published + WINDOW, now)
            count += len(batch)
        return count

    def _window(self, batch: tuple[Unplaced, ...], now: datetime) -> LoadedWindow:
        """What a batch is compared with: what is kept where that will do, else what the database has."""
        first, last = batch[0].published - WINDOW, batch[-1].published + WINDOW
        ruled = any(one.ruled for one in batch)
        unchanged = self._kept is not None and self._mark == self._store.stories.mark(now)
        if self._kept and unchanged and not ruled and self._kept.since <= first + LEEWAY:
            self._kept.go_on(batch, first)
            return self._kept
        self._kept = None  # before the other is made: there is room for one
        return LoadedWindow(self._store.stories.window(first, last, new=[one.id for one in batch]), batch, first)

    def _keep(self, resumed: LoadedWindow, until: datetime, now: datetime) -> None:
        """Keep a window that reaches to the newest article."""
        self._mark = self._store.stories.mark(now)
        if self._mark.newest is None or self._mark.newest <= until:
            self._kept = resumed


def features(article: Unplaced | StorySubject) -> Features:
    """What of an article is compared."""
    from aggregator.dedupe.stories.terms import features as found

    return found(_item(article))


def _item(article: Unplaced | StorySubject) -> StoryItem:
    return StoryItem(article.key, article.title, article.text, article.published, article.source, article.url)


@dataclass(frozen=True, slots=True)
class StoryReason:
    """Why two articles are, or are not, in one story. `ruled`: what an operator said; `stored`: the score is the one
    that was kept when they were compared, else it was computed now. `spelled` gives the terms of the evidence in whole
    words, `members` the articles of either story, without copies.
    """

    score: float
    evidence: tuple[tuple[str, float], ...]
    together: bool
    ruled: bool | None
    stored: bool
    spelled: Mapping[str, str]
    members: tuple[int, int]


def why(store: Store, one: StorySubject, other: StorySubject) -> StoryReason:
    """What two articles share, as it was kept when they were compared, else as it is now."""
    from aggregator.dedupe.stories.scoring import counted, score, spelled

    window = _around(store, one, other)
    ruled = {frozenset((ruling.a, ruling.b)): ruling.together for ruling in window.rulings}
    tie = store.stories.compared(one.leader, other.leader)
    stored = tie is not None and bool(tie.evidence)
    if tie is None or not tie.evidence:
        stats = counted(Features(row.key, row.published, row.terms) for row in window.placed)
        match = score(features(one), features(other), stats)
        kept = tie.score if tie is not None else match.score
        tie = Tie(one.id, other.id, kept, tuple((part.term, part.weight) for part in match.evidence))
    together = one.story is not None and one.story == other.story
    return StoryReason(
        tie.score,
        tie.evidence,
        together,
        ruled.get(frozenset((one.leader, other.leader))),
        stored,
        spelled((term for term, _ in tie.evidence), (f"{each.title} {each.text}" for each in (one, other))),
        (len(_members(window, one)), len(_members(window, other))),
    )


def merge(store: Store, one: StorySubject, other: StorySubject, now: datetime) -> str:
    """Keep an operator's word that two articles tell one story: all of both stories. The id of what they are now.

    Former words that keep any two of them apart are taken back.
    """
    window = _around(store, one, other)
    here, there = _members(window, one), _members(window, other)
    across = {
        (ruling.a, ruling.b)
        for ruling in window.rulings
        if {ruling.a in here, ruling.b in here} == {True, False} and {ruling.a, ruling.b} <= {*here, *there}
    }
    first, *rest = (*here, *there)
    said = {(first, item) for item in rest if item != first} | across
    if one.leader != other.leader:
        said.add((one.leader, other.leader))
    return _overrule(store, window, tuple(Ruling(a, b, together=True) for a, b in sorted(said)), one, now)


def split(store: Store, one: StorySubject, now: datetime) -> str:
    """Keep an operator's word that an article does not belong to the others of its story. The id of its own.

    Raises StoreError where there are no others.
    """
    window = _around(store, one, one)
    others = [item for item in _members(window, one) if item != one.leader]
    if not others:
        raise StoreError(f"{one.title!r} is alone in its story: there is nothing to split it from")
    return _overrule(store, window, tuple(Ruling(one.leader, item, together=False) for item in others), one, now)


def _around(store: Store, one: StorySubject, other: StorySubject) -> StoryWindow:
    """The articles that two are compared among, and the whole of their stories."""
    first, last = sorted((one.published, other.published))
    near = last - first <= WINDOW
    also = [story for story in (one.story, other.story) if story is not None]
    return store.stories.window(first - WINDOW, (last if near else first) + WINDOW, also=also)


def _members(window: StoryWindow, subject: StorySubject) -> tuple[int, ...]:
    return tuple(row.id for row in window.placed if row.story == subject.story)


def _overrule(store: Store, window: StoryWindow, said: tuple[Ruling, ...], one: StorySubject, now: datetime) -> str:
    resumed = LoadedWindow(window)
    new = {frozenset((ruling.a, ruling.b)) for ruling in said}
    former = (ruling for ruling in window.rulings if frozenset((ruling.a, ruling.b)) not in new)
    resumed.rule((*former, *said))
    store.stories.save(StoryChanges(moved=resumed.moved(), merged=resumed.merged()), now, rulings=said)
    return resumed.story(one.leader)


def _within_span(waiting: tuple[Unplaced, ...]) -> tuple[Unplaced, ...]:
    return tuple(one for one in waiting if one.published - waiting[0].published <= SPAN)


def _changes(
    batch: Iterable[Unplaced], resumed: LoadedWindow, written: Mapping[int, str], ties: Iterable[Tie]
) -> StoryChanges:
    placed = tuple(Placed(one.id, one.key, one.published, written[one.id], resumed.story(one.id)) for one in batch)
    return StoryChanges(placed, resumed.moved(), resumed.merged(), tuple(ties))

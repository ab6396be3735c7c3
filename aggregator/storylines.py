"""From stored articles to stored stories: joins `dedupe.stories`, which decides, with the store, which remembers.

Nothing is kept between two calls. Each takes up the articles published around the new ones, with their stories, the
scores of their pairs and the operator's rulings, and writes down what has changed: so a restart makes no difference,
and memory holds a few weeks, however large the archive is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from aggregator.dedupe import stories
from aggregator.dedupe.stories.scoring import WINDOW
from aggregator.store import Store
from aggregator.store.stories import Placed, Ruling, StoryChanges, StoryWindow, Tie, Unplaced

BATCH = 500
"""Articles placed in one transaction."""

SPAN = timedelta(days=7)
"""Articles of one batch are published within so many days, so that what they are compared with stays bounded."""

SETTLED = 2 * WINDOW
"""Articles this much older than the newest are out of every window but that of a late arrival."""


class Resumed:
    """The stories of a window, taken up where they were left; articles go by number outside, by key among stories."""

    def __init__(self, window: StoryWindow, new: Iterable[Unplaced] = ()) -> None:
        self._before = {one.id: one.story for one in window.placed}
        self._keys = {one.id: one.key for one in window.placed} | {one.id: one.key for one in new}
        self._ids = {key: number for number, key in self._keys.items()}
        self._clusterer = stories.Clusterer(rulings=self._said(window.rulings))
        self._clusterer.restore(
            ((stories.Features(one.key, one.published, one.terms), one.story) for one in window.placed),
            ((self._keys[tie.a], self._keys[tie.b], tie.score) for tie in window.ties),
        )

    def add(self, article: Unplaced) -> tuple[tuple[tuple[str, float], ...], tuple[Tie, ...]]:
        """Place an article; its terms, and how it was compared with others."""
        described = features(article)
        copy = self._keys.get(article.copied_by) if article.copied_by is not None else None
        decision = self._clusterer.add(described, copy)
        return described.terms, tuple(self._tie(link) for link in decision.links)

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

    def _said(self, rulings: Iterable[Ruling]) -> stories.Rulings:
        known = [one for one in rulings if one.a in self._keys and one.b in self._keys]
        pairs = [((self._keys[one.a], self._keys[one.b]), one.together) for one in known]
        said = stories.Rulings().joined(pair for pair, together in pairs if together)
        return said.parted(pair for pair, together in pairs if not together)

    def _tie(self, link: stories.Link) -> Tie:
        evidence = tuple((one.term, one.weight) for one in link.evidence)
        return Tie(self._ids[link.a], self._ids[link.b], link.score, evidence)


def place(store: Store, now: datetime, stopped: Callable[[], bool] = lambda: False) -> int:
    """Give every article that waits for it its story, oldest first; how many there were."""
    count = 0
    while not stopped() and (batch := _within_span(store.unplaced(BATCH))):
        window = store.story_window(batch[0].published - WINDOW, batch[-1].published + WINDOW)
        resumed = Resumed(window, batch)
        compared = {one.id: resumed.add(one) for one in batch}
        store.save_stories(_changes(batch, resumed, compared), now, settle=SETTLED)
        count += len(batch)
    return count


def features(article: Unplaced) -> stories.Features:
    """What of an article is compared."""
    return stories.features(
        stories.Item(article.key, article.title, article.text, article.published, article.source, article.url)
    )


def _within_span(waiting: tuple[Unplaced, ...]) -> tuple[Unplaced, ...]:
    return tuple(one for one in waiting if one.published - waiting[0].published <= SPAN)


def _changes(
    batch: Iterable[Unplaced],
    resumed: Resumed,
    compared: Mapping[int, tuple[tuple[tuple[str, float], ...], tuple[Tie, ...]]],
) -> StoryChanges:
    placed = tuple(Placed(one.id, one.key, one.published, compared[one.id][0], resumed.story(one.id)) for one in batch)
    ties = tuple(tie for _, found in compared.values() for tie in found)
    return StoryChanges(placed, resumed.moved(), resumed.merged(), ties)

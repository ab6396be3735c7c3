"""Of the page, the page's own data and the feed: whose text is kept. The one place where that is decided.

Nothing that was read is lost: a text is only passed over for one that has more of the article. A label (a paywall, a
consent page) never makes a text shorter; it only says whose text the page's is.
"""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.models import PageKind
from aggregator.text.words import count_words, coverage, shingles

MORE = 1.2
"""Times the words that a text has to have for it to be more of the article than another, and not a wording of it."""

CONTAINED = 0.6
"""Share of one text that stands in another which has all of it: captions, boxes and edits aside."""

FAR_MORE = 2.0
"""Times the words from which a text is preferred to one that has nothing to do with it."""

STRANGE = 0.2
"""Share of the feed's text below which a page that does not have its title either shows something else."""

TELLING = 250
"""Words of the feed's text from which it is the article itself; a shorter one may be a summary in words of its own."""

OF_ARTICLE = frozenset({PageKind.ARTICLE, PageKind.PAYWALL})
"""Kinds of page whose text is the article's, or its beginning; the text of the others is that of a wall."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text that may be the article's: clean HTML, the same as plain text, who found it, how surely (0 to 1)."""

    html: str = ""
    text: str = ""
    engine: str = ""
    quality: float = 0.0

    @property
    def words(self) -> int:
        return count_words(self.text)


def best(kind: PageKind, page: Text, data: Text, feed: Text, *, named: bool) -> Text:
    """Whose text is to stand for the article. `kind` is what the page turned out to be, `named` whether it has the
    title that its feed announces.
    """
    ours = kind in OF_ARTICLE or named or _is_of(page, feed)
    chosen = page if ours and page.words else Text()
    if _has_more(data, chosen):
        chosen = data
    if _has_more(feed, chosen) or (not named and _is_another(chosen, feed)):
        chosen = feed
    return chosen


def _is_of(page: Text, feed: Text) -> bool:
    """Whether the page has what its feed says of the article."""
    return bool(feed.words and page.words) and coverage(feed.text, shingles(page.text)) >= CONTAINED


def _has_more(one: Text, other: Text) -> bool:
    """Whether `one` has more of the article than `other`."""
    words, others = one.words, other.words
    if not words or words < MORE * others:
        return False
    return words >= FAR_MORE * others or coverage(other.text, shingles(one.text)) >= CONTAINED


def _is_another(page: Text, feed: Text) -> bool:
    """Whether the page tells of something else than the feed, which says enough to know that."""
    return feed.words >= TELLING and coverage(feed.text, shingles(page.text)) < STRANGE

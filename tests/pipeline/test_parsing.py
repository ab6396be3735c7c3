"""What a worker makes of an article, beside the article itself."""

from aggregator.dedupe.stories.terms import said, written
from aggregator.dedupe.stories.values import StoryItem
from aggregator.pipeline.parsing import PageInput, read_page
from aggregator.scrape import Hint


def test_the_terms_that_stories_compare_come_with_the_article() -> None:
    """They are found in the worker, of the very title and text that are stored, so that nobody looks for them again."""
    hint = Hint("LockBit hits a port", "<p>The port of Rotterdam was hit by LockBit on Monday.</p>", None, "en")
    read = read_page(PageInput(None, "https://example.org/1", "", hint))
    item = StoryItem("1", "LockBit hits a port", read.article.text)
    assert read.terms == written(item)
    assert read.terms.said == said(item)

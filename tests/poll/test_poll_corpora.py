"""Real feeds as saved: none may fail, and every entry must be usable."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator import poll
from aggregator.models import ParsedFeed
from aggregator.models.errors import ParseError

URL = "https://feeds.example.org/feed"
PAGES = {"sixcolors.html"}
"""Not a feed: the page of a site, there for discovery."""


@pytest.fixture(scope="module")
def feeds(corpora: Path) -> dict[str, ParsedFeed]:
    return {
        path.name: poll.parse(path.read_bytes(), URL)
        for path in sorted((corpora / "feeds").iterdir())
        if path.name not in PAGES
    }


def test_every_entry_is_usable(feeds: dict[str, ParsedFeed]) -> None:
    """Each entry has a guid of its own, a title or text, and an absolute link."""
    assert len(feeds) >= 28
    for name, feed in feeds.items():
        assert feed.title, name
        assert feed.entries, name
        assert len({entry.guid for entry in feed.entries}) == len(feed.entries), name
        for entry in feed.entries:
            assert entry.guid, name
            assert entry.title or entry.html, (name, entry.guid)
            assert entry.url, (name, entry.guid)
            assert entry.url.startswith(("http://", "https://")), (name, entry.url)


def test_dates_make_sense(feeds: dict[str, ParsedFeed]) -> None:
    """Every entry of a feed that dates its entries has a date between then and when the feeds were saved."""
    for name, feed in feeds.items():
        if name != "rdf_UTF8.xml":  # RSS 0.90 has no dates
            for entry in feed.entries:
                assert entry.published is not None, (name, entry.guid)
                assert datetime(2000, 1, 1, tzinfo=UTC) < entry.published < datetime(2026, 1, 1, tzinfo=UTC), name


def test_one_feed_in_two_formats_agrees(feeds: dict[str, ParsedFeed]) -> None:
    """RSS and RSS in JSON of one site give the same entries."""
    rss, json = feeds["scriptingNews.rss"], feeds["ScriptingNews.json"]
    assert [entry.url for entry in rss.entries] == [entry.url for entry in json.entries]
    assert [entry.published for entry in rss.entries] == [entry.published for entry in json.entries]


@pytest.mark.parametrize(
    ("name", "words"),
    [("encoding_ISO-8859-1.xml", "für"), ("encoding_WINDOWS-1251.xml", "на"), ("urdu_UTF8.xml", "کے")],
)
def test_f28_encodings_are_read(feeds: dict[str, ParsedFeed], name: str, words: str) -> None:
    """Text in other encodings is readable, without replacement characters."""
    text = " ".join(entry.title + entry.html for entry in feeds[name].entries)
    assert words in text
    assert "\ufffd" not in text


def test_a_saved_page_is_no_feed_but_names_one(corpora: Path) -> None:
    """A site's page is refused with the address of its feed."""
    page = (corpora / "feeds" / "sixcolors.html").read_bytes()
    with pytest.raises(ParseError, match=r"web page, not a feed; it names a feed at http://feedpress\.me/sixcolors"):
        poll.parse(page, URL)
    assert poll.discover(page, "https://sixcolors.com/")[0].url == "http://feedpress.me/sixcolors"

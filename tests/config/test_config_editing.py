"""Adding and removing feeds keeps the rest of feeds.yaml as its owner wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.config import add_feeds, load, remove_feed
from aggregator.config.settings import Feed
from aggregator.models.errors import ConfigError

TEXT = """\
# My feeds.
site:
  title: "Mine"   # quoted on purpose
feeds:
  # the first
  - url: https://a.example/feed
    name: A
    tags: [news]
  - {url: "https://b.example/feed?key=${KEY}", name: B}
"""
ENVIRON = {"KEY": "secret"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "feeds.yaml"
    path.write_text(TEXT, "utf-8")
    return path


def test_an_added_feed_stands_at_the_end_and_comments_stay(path: Path) -> None:
    """Only the new feed's lines are new; `${KEY}` is not written out."""
    add_feeds(path, [Feed(url="https://c.example/feed", name="C", tags=("x", "y"))], ENVIRON)
    text = path.read_text("utf-8")
    assert text.startswith(TEXT)
    assert text.removeprefix(TEXT) == "  - url: https://c.example/feed\n    name: C\n    tags: [x, y]\n"
    assert [feed.name for feed in load(path, ENVIRON).feeds] == ["A", "B", "C"]


def test_adding_a_known_feed_is_refused_and_changes_nothing(path: Path) -> None:
    """A URL that stands there already is a mistake that names the place; the file stays as it was."""
    with pytest.raises(ConfigError, match="which line 6 has already") as caught:
        add_feeds(path, [Feed(url="https://a.example/feed", name="again")], ENVIRON)
    assert str(path) in str(caught.value)
    assert path.read_text("utf-8") == TEXT
    assert [child.name for child in path.parent.iterdir()] == ["feeds.yaml"]


def test_a_removed_feed_goes_and_the_rest_stays(path: Path) -> None:
    """By name, whatever its case."""
    assert remove_feed(path, "b", ENVIRON) == "https://b.example/feed?key=secret"
    assert path.read_text("utf-8") == TEXT[: TEXT.index("  - {url")]


def test_removing_what_is_not_there_is_a_mistake(path: Path) -> None:
    """The name is said again."""
    with pytest.raises(ConfigError, match="no feed is called `Z`"):
        remove_feed(path, "Z", ENVIRON)


def test_a_first_feed_makes_the_file(tmp_path: Path) -> None:
    """Without a file, adding writes one."""
    add_feeds(tmp_path / "new.yaml", [Feed(url="https://a.example/feed")], {})
    assert load(tmp_path / "new.yaml").feeds[0].url == "https://a.example/feed"


def test_a_link_to_the_file_stays_a_link(path: Path) -> None:
    """Who keeps feeds.yaml elsewhere and links to it has it changed there."""
    link = path.parent / "link.yaml"
    link.symlink_to(path)
    remove_feed(link, "b", ENVIRON)
    assert link.is_symlink()
    assert "name: B" not in path.read_text("utf-8")


def test_a_file_that_can_not_be_written_is_a_mistake_and_no_crash(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(ConfigError, match="cannot be written"):
        add_feeds(tmp_path / "none" / "feeds.yaml", [Feed(url="https://a.example/feed")], {})

"""The feeds.yaml that the project ships is one that it accepts."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from aggregator.config.settings import Config
from aggregator.text.urls import http_url

FEEDS = Path(__file__).parents[2] / "feeds.yaml"
GROUPS = {"news", "blogs", "research", "vendor", "advisories", "lists", "german", "archive"}


@pytest.fixture(scope="module")
def config() -> Config:
    return Config.model_validate(YAML(typ="safe").load(FEEDS.read_text("utf-8")))


def test_there_is_enough_to_read(config: Config) -> None:
    """Some three dozen feeds or more, each with a name and a URL of its own."""
    assert 35 <= len(config.feeds) <= 60
    assert len({feed.name for feed in config.feeds}) == len({feed.url for feed in config.feeds}) == len(config.feeds)
    assert all(feed.name for feed in config.feeds)


def test_every_feed_is_in_a_known_group(config: Config) -> None:
    """A slip in a tag would make a group of one."""
    for feed in config.feeds:
        assert feed.tags
        assert set(feed.tags) <= GROUPS


def test_every_address_is_safe_and_exact(config: Config) -> None:
    """https only, without credentials, tracking or a fragment, written as the program itself writes it."""
    for feed in config.feeds:
        parts = urlsplit(feed.url)
        assert parts.scheme == "https"
        assert (parts.username, parts.fragment) == (None, "")
        assert "utm_" not in parts.query
        assert http_url(feed.url) == feed.url


def test_the_mission_example_is_there(config: Config) -> None:
    """Threatpost is followed, rarely, since it is an archive."""
    threatpost = next(feed for feed in config.feeds if feed.name == "Threatpost")
    options = config.options(threatpost)
    assert str(options.interval) == "7 days, 0:00:00"
    assert options.max_interval == options.interval


def test_no_host_is_asked_too_often(config: Config) -> None:
    """The shipped list is polite: never more than every fifteen minutes, private networks closed."""
    assert config.network.allow == ()
    assert config.network.per_host_interval_s >= 1
    assert all(config.options(feed).min_interval.total_seconds() >= 900 for feed in config.feeds)

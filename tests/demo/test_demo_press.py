"""The imaginary press: what its feeds, pages and servers say, and that it is what the press calls true."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import feedparser
import pytest
import requests

from aggregator.demo import Press

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def press() -> Iterator[Press]:
    with Press(NOW, slow_s=0.02) as opened:
        yield opened


def test_rounds_only_ever_add_posts(press: Press) -> None:
    """Every round brings something new, and takes nothing back."""
    seen: set[tuple[str, str]] = set()
    for round_ in range(1, press.rounds + 1):
        new = press.publish(round_)
        now_out = {(post.outlet, post.guid) for post in press.expected()}
        assert new
        assert seen < now_out
        seen = now_out


def test_a_page_names_its_neighbours_as_soon_as_they_are_out(press: Press) -> None:
    """The newest post of round 1 has no next post; in round 2 its page links to one, with its title."""
    newest = [post for post in press.expected() if post.outlet == "Threat Lantern"][-1]
    assert newest.next is None
    assert 'rel="next"' not in requests.get(newest.url, timeout=5).text
    press.advance()
    again = next(post for post in press.expected() if post.url == newest.url)
    assert again.next is not None
    page = requests.get(newest.url, timeout=5).text
    assert again.next.url in page
    assert again.next.title in page


def test_validators_are_answered_with_304(press: Press) -> None:
    """The same feed asked for again with its ETag costs no body; after a round it does."""
    listed = press.outlets[0]
    first = requests.get(listed.feed_url, timeout=5)
    headers = {"If-None-Match": first.headers["ETag"]}
    assert first.headers["Content-Encoding"] == "gzip"
    assert requests.get(listed.feed_url, headers=headers, timeout=5).status_code == 304
    press.advance()
    assert requests.get(listed.feed_url, headers=headers, timeout=5).status_code == 200


def test_the_feed_lists_what_is_expected(press: Press) -> None:
    """An Atom reader finds the posts that the press says are out."""
    listed = next(outlet for outlet in press.outlets if outlet.key == "basalt")
    parsed = feedparser.parse(requests.get(listed.feed_url, timeout=5).content)
    assert not parsed.bozo
    assert [entry.title for entry in reversed(parsed.entries)] == [
        post.title for post in press.expected() if post.outlet == listed.name
    ]

"""Feeds of well-known sites, from the address alone."""

from __future__ import annotations

import pytest

from aggregator.poll.discovery import known_feed


@pytest.mark.parametrize(
    ("url", "feed"),
    [
        (
            "https://www.youtube.com/channel/UC_x5XG1OV2P6uZZ5FSM9Ttw",
            "https://www.youtube.com/feeds/videos.xml?channel_id=UC_x5XG1OV2P6uZZ5FSM9Ttw",
        ),
        (
            "https://m.youtube.com/channel/UC_x5XG1OV2P6uZZ5FSM9Ttw/videos",
            "https://www.youtube.com/feeds/videos.xml?channel_id=UC_x5XG1OV2P6uZZ5FSM9Ttw",
        ),
        (
            "https://www.youtube.com/playlist?list=PL590L5WQmH8f",
            "https://www.youtube.com/feeds/videos.xml?playlist_id=PL590L5WQmH8f",
        ),
        ("https://old.reddit.com/r/netsec/", "https://www.reddit.com/r/netsec/.rss"),
        ("https://www.reddit.com/r/netsec/new", "https://www.reddit.com/r/netsec/new/.rss"),
        ("https://github.com/psf/requests", "https://github.com/psf/requests/releases.atom"),
        ("https://github.com/psf/requests/releases", "https://github.com/psf/requests/releases.atom"),
        ("https://github.com/psf/requests/commits/main", "https://github.com/psf/requests/commits/main.atom"),
        ("https://github.com/psf", "https://github.com/psf.atom"),
        ("https://gitlab.com/group/sub/project", "https://gitlab.com/group/sub/project/-/tags?format=atom"),
        ("https://pypi.org/project/requests/", "https://pypi.org/rss/project/requests/releases.xml"),
        ("https://medium.com/@someone", "https://medium.com/feed/@someone"),
        ("https://someone.substack.com/", "https://someone.substack.com/feed"),
        ("https://infosec.exchange/@someone", "https://infosec.exchange/@someone.rss"),
        ("https://arxiv.org/list/cs.CR/recent", "https://rss.arxiv.org/rss/cs.CR"),
        ("https://security.stackexchange.com/questions/tagged/tls", "https://security.stackexchange.com/feeds/tag/tls"),
        ("https://github.com/login", None),
        ("https://github.com/psf.atom", None),
        ("https://github.com/", None),
        ("https://www.youtube.com/watch?v=x", None),
        ("https://www.youtube.com/playlist?list=a%26b", None),
        ("https://example.org/r/netsec", None),
        ("https://github.com.example.org/psf/requests", None),
    ],
)
def test_an_address_tells_where_its_feed_is(url: str, feed: str | None) -> None:
    """What is not known is not guessed; a host that only looks like one is none."""
    assert known_feed(url) == feed

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
        (
            "https://github.com/psf/requests/security/advisories",
            "https://github.com/psf/requests/security/advisories.atom",
        ),
        ("https://github.com/advisories", "https://github.com/security-advisories.atom"),
        ("https://github.com/psf/requests/commits", "https://github.com/psf/requests/commits.atom"),
        ("https://github.com/psf/requests/releases/tag/v1", "https://github.com/psf/requests/releases.atom"),
        ("https://www.youtube.com/user/someone", "https://www.youtube.com/feeds/videos.xml?user=someone"),
        ("https://www.youtube.com/@someone", None),
        ("https://www.reddit.com/u/someone", "https://www.reddit.com/user/someone/.rss"),
        ("https://social.example.org/@some.one", "https://social.example.org/@some.one.rss"),
        ("https://mastodon.social/@someone@ioc.exchange", "https://ioc.exchange/@someone.rss"),
        ("https://medium.com/@someone/a-post-1a2b", "https://medium.com/feed/@someone"),
        ("https://medium.com/tag/security", "https://medium.com/feed/tag/security"),
        ("https://someone.substack.com/p/a-post", "https://someone.substack.com/feed"),
        ("https://talk.example.org/c/news/5", "https://talk.example.org/c/news/5.rss"),
        ("https://bsky.app/profile/some.one", "https://bsky.app/profile/some.one/rss"),
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

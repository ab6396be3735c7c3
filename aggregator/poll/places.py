"""Feeds of well-known sites, told from the address alone: what they document, or what their pages have named for years.

Nothing is fetched here; whoever asks has to try what is found.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

_RULES: tuple[tuple[str, str, str], ...] = (
    # host, path, feed
    (
        r"(?:www\.|m\.)?youtube\.com",
        r"/channel/(UC[\w-]{22})(?:/.*)?",
        "https://www.youtube.com/feeds/videos.xml?channel_id={0}",
    ),
    (r"(?:www\.|old\.|new\.)?reddit\.com", r"/((?:r|user)/[\w-]+)/?", "https://www.reddit.com/{0}/.rss"),
    (r"(?:www\.|old\.|new\.)?reddit\.com", r"/(r/[\w-]+/(?:new|top|rising))/?", "https://www.reddit.com/{0}/.rss"),
    (r"github\.com", r"/([\w.-]+/[\w.-]+)(?:/releases)?/?", "https://github.com/{0}/releases.atom"),
    (r"github\.com", r"/([\w.-]+/[\w.-]+/(?:tags|commits/[\w./-]+?))/?", "https://github.com/{0}.atom"),
    (r"github\.com", r"/([\w-]+)/?", "https://github.com/{0}.atom"),
    (r"gitlab\.com", r"/([\w.-]+(?:/[\w.-]+)+?)(?:/-/tags)?/?", "https://gitlab.com/{0}/-/tags?format=atom"),
    (r"pypi\.org", r"/project/([\w.-]+)/?", "https://pypi.org/rss/project/{0}/releases.xml"),
    (r"medium\.com", r"/(@?[\w.-]+)/?", "https://medium.com/feed/{0}"),
    (r"([\w-]+\.medium\.com|[\w-]+\.substack\.com)", r"/?", "https://{host}/feed"),
    (r"([\w-]+\.tumblr\.com)", r"/?", "https://{host}/rss"),
    (r"bsky\.app", r"/(profile/[\w.:-]+)/?", "https://bsky.app/{0}/rss"),
    (
        r"(?:infosec\.exchange|mastodon\.social|ioc\.exchange|hachyderm\.io|fosstodon\.org)",
        r"/(@\w+)/?",
        "https://{host}/{0}.rss",
    ),
    (r"(?:export\.)?arxiv\.org", r"/list/([a-z-]+(?:\.[A-Z-]+)?)(?:/.*)?", "https://rss.arxiv.org/rss/{0}"),
    (r"news\.ycombinator\.com", r"/?(?:news)?", "https://news.ycombinator.com/rss"),
    (r"lobste\.rs", r"/(t/[\w,-]+)/?", "https://lobste.rs/{0}.rss"),
    (
        r"(?:stackoverflow|superuser|serverfault|[\w-]+\.stackexchange)\.com",
        r"/questions/tagged/([\w.+-]+)/?",
        "https://{host}/feeds/tag/{0}",
    ),
)

_PLACES = tuple((re.compile(host), re.compile(path), feed) for host, path, feed in _RULES)

_NOT_PEOPLE = frozenset(
    ["about", "login", "features", "topics", "search", "marketplace", "sponsors", "settings", "explore", "m", "tag"]
)
"""First parts of paths at GitHub and Medium that are no one's."""


def known_feed(url: str) -> str | None:
    """The feed behind an address of a site whose feeds are where everybody knows; None: it is none of these.

    >>> known_feed("https://github.com/psf/requests")
    'https://github.com/psf/requests/releases.atom'
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host.removeprefix("www.").removeprefix("m.") == "youtube.com" and parts.path == "/playlist":
        named = parse_qs(parts.query).get("list", [""])[0]
        return (
            f"https://www.youtube.com/feeds/videos.xml?playlist_id={named}" if re.fullmatch(r"[\w-]+", named) else None
        )
    if (
        parts.query
        or parts.path.strip("/").split("/")[0] in _NOT_PEOPLE
        or parts.path.endswith((".atom", ".rss", ".xml"))
    ):
        return None
    for place, path, feed in _PLACES:
        if place.fullmatch(host) and (match := path.fullmatch(parts.path)):
            return feed.format(*match.groups(), host=host)
    return None

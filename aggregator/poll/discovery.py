"""The feeds behind a site's page: those that it names, those that it links to, and where feeds usually are.

Nothing is fetched here; what is only guessed is marked as such, and whoever asks has to try it.

Feeds of well-known sites, told from the address alone: what they document, or what their pages have named for years.

Nothing is fetched here; whoever asks has to try what is found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from aggregator.text.encoding import decode
from aggregator.text.plain import plain
from aggregator.text.urls import http_url

MAX_PAGE = 2 * 2**20
"""Bytes of a page that are looked through; `<link>` stands in its head."""

MAX_LINKS = 50

_TYPES = {
    "application/rss+xml": "RSS",
    "application/atom+xml": "Atom",
    "application/feed+json": "JSON Feed",
    "application/json": "JSON Feed",
    "application/rdf+xml": "RSS",
    "application/x-rss+xml": "RSS",
    "application/xml": "",
    "text/xml": "",
}
_LIKE_A_FEED = re.compile(
    r"/(?:feed|rss|atom)/?(?:\?|$)|\.(?:rss|atom|rdf)(?:\?|$)|/(?:feed|rss|atom|index|rss2)\.(?:xml|json)(?:\?|$)"
    r"|/feeds/posts/default|feeds\.feedburner\.com/.",
    re.IGNORECASE,
)
_COMMON = ("/feed/", "/rss.xml", "/atom.xml", "/feed.xml", "/index.xml", "/rss/", "/feed.json", "/feeds/posts/default")
"""Where WordPress, Ghost, Jekyll, Hugo, Drupal, Blogger and the rest put their feeds."""

_FEED_START = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<\?xml-[^>]*>\s*|<!--.{0,2000}?-->\s*|<!DOCTYPE[^>\[]*>\s*)*"
    r"<(?:rss|feed|(?:rdf:)?RDF)[\s>]|\s*\{[^\0]{0,2000}?jsonfeed\.org",
    re.DOTALL,
)
_COMMENTS = re.compile(r"comments?\b|/comments/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that may be behind a page. `stated`: the page names it (or is it); otherwise it is only likely."""

    url: str
    title: str = ""
    format: str = ""
    stated: bool = True


def discover(body: bytes, url: str, content_type: str = "") -> tuple[FeedLink, ...]:
    """Feeds behind the page `body` fetched from `url`, best first: stated, linked to, usual places. Never raises."""
    text = decode(body[:MAX_PAGE], content_type, page=True)
    if _FEED_START.match(text):
        return (FeedLink(url),)
    tree = _tree(text)
    stated = _stated(tree, url) if tree is not None else []
    linked = _linked(tree, url) if tree is not None else []
    usual = [FeedLink(found, stated=False) for path in _COMMON if (found := http_url(path, url))]
    unique: dict[str, FeedLink] = {}
    for link in stated + linked + usual:
        unique.setdefault(link.url, link)
    return tuple(unique.values())[:MAX_LINKS]


def _tree(text: str) -> etree._Element | None:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root: etree._Element | None = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root


def _base(tree: etree._Element, url: str) -> str:
    for element in tree.iter("base"):
        return http_url(element.get("href"), url) or url
    return url


def _stated(tree: etree._Element, url: str) -> list[FeedLink]:
    """`<link rel="alternate" type="application/rss+xml" href>`; feeds of comments come last."""
    base, found = _base(tree, url), []
    for element in tree.iter("link"):
        relations = (element.get("rel") or "").lower().split()
        kind = (element.get("type") or "").lower().partition(";")[0].strip()
        feed = "feed" in relations or ("alternate" in relations and kind in _TYPES and "hreflang" not in element.attrib)
        target = http_url(element.get("href"), base) if feed else None
        if target:
            found.append(FeedLink(target, plain(element.get("title"), limit=200), _TYPES.get(kind, "")))
    return sorted(found, key=lambda link: bool(_COMMENTS.search(link.title) or _COMMENTS.search(link.url)))


def _linked(tree: etree._Element, url: str) -> list[FeedLink]:
    base, found = _base(tree, url), []
    for element in tree.iter("a"):
        href = element.get("href") or ""
        if len(href) < 2000 and _LIKE_A_FEED.search(href) and (target := http_url(href, base)):
            label = "".join(str(text) for text in element.itertext())[:500]
            found.append(FeedLink(target, plain(label, limit=200), stated=False))
    return found


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

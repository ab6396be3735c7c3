"""The feeds behind a site's page: those that it names, those that it links to, and where feeds usually are.

Nothing is fetched here; what is only guessed is marked as such, and has to be tried. Feeds of comments come last,
whatever language the site speaks.

Feeds of well-known sites, told from the address alone: what they document, or what their pages have named for years.

Nothing is fetched here; whoever asks has to try what is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from aggregator.text.encoding import decode
from aggregator.text.plain import plain
from aggregator.text.urls import http_url
from aggregator.text.word_lists import word_list

MAX_PAGE = 2 * 2**20
"""Bytes of a page that are looked through; `<link>` stands in its head."""

MAX_LINKS = 50
MAX_HEADER = 20_000
"""Characters of a Link header that are looked through."""

_TYPES = {
    "application/rss+xml": "RSS",
    "application/atom+xml": "Atom",
    "application/feed+json": "JSON Feed",
    "application/rdf+xml": "RSS",
    "application/x-rss+xml": "RSS",
    "text/rss+xml": "RSS",
    "application/json": "JSON Feed",
    "application/xml": "",
    "text/xml": "",
}
_ANYTHING = frozenset({"application/json", "application/xml", "text/xml"})
"""Types that say little: a feed, an interface (WordPress names one on every page), a map of the site."""

_LIKE_A_FEED = re.compile(
    r"/(?:feed|rss|atom)/?(?:\?|$)|\.(?:rss|atom|rdf)(?:\?|$)|/(?:feed|rss|atom|index|rss2)\.(?:xml|json|php)(?:\?|$)"
    r"|/feeds?/[^/?#]+\.xml|[?&](?:feed|format|type)=(?:rss2?|atom|feed)\b|/feeds/posts/default|feeds\.feedburner\.com/.",
    re.IGNORECASE,
)
_SAYS_FEED = re.compile(
    r"\b(?:rss|atom|json|news|web|site|full|main)?[ -]?feeds?\b|\brss\b|\batom\b|フィード|订阅", re.IGNORECASE
)
_NO_FEED = re.compile(r"/wp-json(?:/|$)|oembed|/xmlrpc|sitemap|opensearch|/api/|manifest\.json", re.IGNORECASE)

_COMMON = ("feed/", "feed.xml", "rss.xml", "atom.xml", "index.xml", "rss/", "feed.json", "feeds/posts/default")
"""Where WordPress, Ghost, Jekyll, Hugo, Drupal, Blogger and the rest put their feeds."""

MAX_LEVELS = 2
"""Folders of the given address below the site's root that are tried, the deepest first."""

_FEED_START = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<\?xml-[^>]*>\s*|<!--.{0,2000}?-->\s*|<!DOCTYPE[^>\[]*>\s*)*"
    r"<(?:rss|feed|(?:rdf:)?RDF)[\s>]|\s*\{[^\0]{0,2000}?jsonfeed\.org",
    re.DOTALL,
)
_COMMENTS = re.compile(
    r"com+ents?\b|commentaire|comentari|comentári|commenti\b|kommenta|kommentt|komenta|komentá|reactie|reacties\b"
    r"|opmerking|hozzászólás|yorum|bình.luận|коммент|комент|σχόλι|評論|评论|留言|コメント|댓글|덧글|تعليق|نظرات|תגובות"
    r"|ความคิดเห็น|टिप्पणि|respuestas|réponses|antworten|replies|/posts\.rss$",
    re.IGNORECASE,
)
"""Words for comments and replies, as they stand in titles and addresses; `/posts.rss` is Discourse's."""

_LINK = re.compile(r"<([^<>]{1,2000})>((?:\s*;\s*[\w!#$&+^`|~*'.-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s;,\"]*))?)*)")
_PARAMETER = re.compile(r";\s*([\w*-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]*))")


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that may be behind a page. `stated`: the page names it (or is it); otherwise it is only likely."""

    url: str
    title: str = ""
    format: str = ""
    stated: bool = True


def discover(body: bytes, url: str, content_type: str = "", link: str = "") -> tuple[FeedLink, ...]:
    """Feeds behind the page `body` fetched from `url`, best first: stated, linked to, usual places. Never raises.

    `link` is the answer's Link header (RFC 8288).
    """
    text = decode(body[:MAX_PAGE], content_type, page=True)
    if _FEED_START.match(text):
        return (FeedLink(url),)
    tree = _tree(text)
    found = [*_in_header(link, url), *_in_head(tree, url)]
    stated = [FeedLink(target, title, _TYPES.get(kind, "")) for target, title, kind in sorted(found, key=_rank)]
    linked = [FeedLink(target, title, stated=False) for target, title, kind in sorted(_in_text(tree, url), key=_rank)]
    usual = [FeedLink(target, stated=False) for target in _usual_places(url)]
    unique: dict[str, FeedLink] = {}
    for one in (*stated, *linked, *usual):
        unique.setdefault(one.url, one)
    return tuple(unique.values())[:MAX_LINKS]


def is_about_comments(title: str, url: str) -> bool:
    """Whether a feed is one of comments, by its title and its address."""
    return bool(_COMMENTS.search(title) or _COMMENTS.search(url))


_Candidate = tuple[str, str, str]
"""Address, title, type."""


def _rank(candidate: _Candidate) -> tuple[bool, bool]:
    url, title, kind = candidate
    return is_about_comments(title, url), kind in _ANYTHING


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


def _in_header(link: str, url: str) -> Iterator[_Candidate]:
    """`Link: </feed>; rel="alternate"; type="application/rss+xml"`."""
    for match in _LINK.finditer(link[:MAX_HEADER]):
        values = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(match[2])}
        kind = _kind(values.get("type", ""))
        target = http_url(match[1], url)
        if target and _names_a_feed(values.get("rel", ""), kind, target):
            yield target, plain(values.get("title", ""), limit=200), kind


def _in_head(tree: etree._Element | None, url: str) -> Iterator[_Candidate]:
    """`<link rel="alternate" type="application/rss+xml" href>`, and anchors that say as much."""
    if tree is None:
        return
    base = _base(tree, url)
    for element in tree.iter("link", "a"):
        kind = _kind(element.get("type") or "")
        if element.tag == "a" and kind not in _TYPES:
            continue
        target = http_url(element.get("href"), base)
        relation = element.get("rel") or ("alternate" if element.tag == "a" else "")
        if target and "hreflang" not in element.attrib and _names_a_feed(relation, kind, target):
            yield target, _label(element), kind


def _kind(value: str) -> str:
    return value.lower().partition(";")[0].strip()


def _names_a_feed(relation: str, kind: str, target: str) -> bool:
    relations = relation.lower().split()
    if kind in _ANYTHING and _NO_FEED.search(target):
        return False
    return "feed" in relations or ("alternate" in relations and kind in _TYPES)


def _in_text(tree: etree._Element | None, url: str) -> Iterator[_Candidate]:
    """Anchors whose address, text, title or picture says that they lead to a feed."""
    if tree is None:
        return
    base = _base(tree, url)
    said: list[_Candidate] = []
    for element in tree.iter("a"):
        href = element.get("href") or ""
        target = http_url(href, base) if 0 < len(href) < 2000 and not href.startswith("#") else None
        if target is None or _NO_FEED.search(target):
            continue
        if _LIKE_A_FEED.search(href):
            yield target, _label(element), ""
        elif (label := _label(element)) and len(label) < 60 and _SAYS_FEED.search(label):
            said.append((target, label, ""))
    yield from said


def _label(element: etree._Element) -> str:
    """What an element says of itself: its text, its title, the text in place of its pictures."""
    texts = ["".join(str(text) for text in element.itertext())[:500]]
    texts += [element.get(name) or "" for name in ("title", "aria-label")]
    texts += [image.get("alt") or "" for image in element.iter("img")]
    return plain(" ".join(text for text in texts if text.strip()), limit=200)


def _usual_places(url: str) -> Iterator[str]:
    """Where feeds usually are: below the given address, above it, and at the root."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return
    last = path.rpartition("/")[2]
    folders = [part for part in path.split("/") if part]
    if "." in last and not path.endswith("/"):
        folders = folders[:-1]  # a page, no folder
    levels = [folders[:length] for length in range(len(folders), 0, -1)][:MAX_LEVELS]
    for level in (*levels, []):
        for place in _COMMON:
            if found := http_url("/".join(["", *level, place]), url):
                yield found


_HOST = r"[\w-]+(?:\.[\w-]+)+"

_PLACES = tuple(
    (
        re.compile(site["host"].replace("HOST", _HOST)),
        re.compile(site["path"].replace("HOST", _HOST)),
        str(site["feed"]),
    )
    for site in word_list("aggregator.poll", "known_sites")["site"]
)
"""Of several that fit, the first counts. Where nobody answers as expected, the page is asked for its feeds."""

_NOT_PEOPLE = frozenset(
    ["about", "login", "features", "topics", "search", "marketplace", "sponsors", "settings", "explore", "m", "tag"]
)
"""First parts of paths at GitHub, Medium and dev.to that are no one's."""

_WITH_PEOPLE = frozenset({"github.com", "medium.com", "dev.to"})


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
    if host in ("youtu.be", "youtube.com", "www.youtube.com", "m.youtube.com") and parts.path.startswith("/@"):
        return None  # what a handle stands for is only on its page
    if (
        parts.query
        or (parts.path.strip("/").split("/")[0] in _NOT_PEOPLE and host in _WITH_PEOPLE and "tag/" not in parts.path)
        or parts.path.endswith((".atom", ".rss", ".xml"))
    ):
        return None
    for place, path, feed in _PLACES:
        if place.fullmatch(host) and (match := path.fullmatch(parts.path)):
            return feed.format(*match.groups(), host=host)
    return None

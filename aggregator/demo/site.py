"""One outlet's web site in one round: its posts with their addresses and dates, and the answer to every path.

Everything is computed from the round and the path, so a server's thread needs no lock. Nothing here knows about
sockets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from aggregator.demo import feeds, markup, pages
from aggregator.demo.outlets import Outlet
from aggregator.demo.posts import Credit, DemoPost, Edition, Printed
from aggregator.demo.server import Reply

_FIRST_NUMBER, _NUMBER_STEP = 4103, 7
"""Post numbers as a WordPress counts them: drafts and images take the ones between."""
_HTML = "text/html; charset=utf-8"
_TRUNCATED_PART = 0.7


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything in the press is: outlets by key (name, home page), posts by `outlet/slug`."""

    outlets: Mapping[str, tuple[str, str]]
    posts: Mapping[str, str]


def permalinks(outlet: Outlet, origin: str, posts: tuple[DemoPost, ...], now: datetime) -> dict[str, str]:
    """The page's URL of every post of an outlet, by the post's key. Posts without pages are left out."""
    if not outlet.permalink:
        return {}
    return {
        post.key: origin
        + outlet.permalink.format(
            slug=post.slug,
            number=_FIRST_NUMBER + _NUMBER_STEP * index,
            section=post.section,
            date=now - post.ago,
        )
        for index, post in enumerate(posts)
    }


class PressSite:
    """An outlet, set up at an origin. `edition` and `reply` take the round, and keep nothing."""

    def __init__(
        self, outlet: Outlet, origin: str, posts: tuple[DemoPost, ...], now: datetime, addresses: Addresses
    ) -> None:
        self.outlet = outlet
        self.origin = origin
        self._posts = posts
        self._now = now.replace(microsecond=0)
        self._addresses = addresses

    @property
    def home_url(self) -> str:
        return self.origin + "/"

    @property
    def feed_url(self) -> str:
        return self.origin + self.outlet.feed_path

    def edition(self, round_: int) -> Edition:
        """What is out in a round, oldest first."""
        printed = tuple(self._print(post, round_) for post in self._posts if post.round <= round_)
        return Edition(self.outlet, self.home_url, self.feed_url, printed)

    def _print(self, post: DemoPost, round_: int) -> Printed:
        published = self._now - post.ago
        url = self._addresses.posts.get(post.key)
        blocks = post.text(round_)
        return Printed(
            post=post,
            url=url,
            guid=feeds.guid(self.outlet, post, self._posts.index(post), self.origin, url),
            published=published,
            updated=self._now - post.update_ago if post.updated_in(round_) else published,
            blocks=blocks,
            html=markup.to_html(blocks, self._resolve),
            image=f"/img/{post.slug}.png",
            credit=self._credit(post),
        )

    def _resolve(self, target: str) -> str:
        """`post:outlet/slug` is that post's page; every other target stands as it was written."""
        scheme, _, key = target.partition(":")
        return self._addresses.posts[key] if scheme == "post" else target

    def _credit(self, post: DemoPost) -> Credit | None:
        if not post.copy_of:
            return None
        name, home_url = self._addresses.outlets[post.copy_of.split("/")[0]]
        return Credit(name, home_url, self._addresses.posts[post.copy_of])

    def reply(self, path: str, round_: int) -> Reply:
        """The answer to a GET for a path (a query is ignored, as most sites do)."""
        path = urlsplit(path).path
        trouble = self.outlet.trouble_in(round_)
        if trouble == "gone":
            return Reply(410, b"Gone: this paper has closed. Thank you for reading.\n", "text/plain; charset=utf-8")
        if path == "/robots.txt":
            return Reply(200, self._robots(), "text/plain; charset=utf-8")
        if path.startswith("/img/"):
            return _picture(path)
        edition = self.edition(round_)
        if path == self.outlet.feed_path:
            return self._feed(edition, trouble)
        return self._page(edition, path)

    def _robots(self) -> bytes:
        rule = f"Disallow: {self.outlet.disallow}" if self.outlet.disallow else "Disallow:"
        return f"User-agent: *\n{rule}\n".encode()

    def _feed(self, edition: Edition, trouble: str | None) -> Reply:
        if trouble == "error":
            return Reply(500, b"Internal Server Error\n", "text/plain; charset=utf-8")
        if trouble == "html":
            return Reply(200, pages.maintenance(edition).encode(), _HTML)
        body, content_type = feeds.write(edition)
        if trouble == "truncated":
            body = body[: int(len(body) * _TRUNCATED_PART)]
        return Reply(200, body, content_type, edition.updated, self.outlet.validators)

    def _page(self, edition: Edition, path: str) -> Reply:
        if path == "/":
            return Reply(200, pages.front(edition).encode(), _HTML, edition.updated, self.outlet.validators)
        for printed in edition.posts:
            if printed.url and urlsplit(printed.url).path == path:
                page = pages.article(edition, printed)
                return Reply(200, page.encode(), _HTML, edition.updated, self.outlet.validators)
        return Reply(404, pages.missing(edition).encode(), _HTML)

    def moved(self, path: str) -> Reply:
        """What the outlet's former address answers."""
        return Reply(301, b"", _HTML, location=urljoin(self.origin, path))


def _picture(path: str) -> Reply:
    name, _, kind = path.rpartition("/")[2].rpartition(".")
    if kind == "png":
        return Reply(200, pages.png(name), "image/png")
    if kind == "svg":
        return Reply(200, pages.svg(name), "image/svg+xml")
    return Reply(404, b"", "text/plain; charset=utf-8")

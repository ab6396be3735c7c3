"""What a newsroom hands to its printers (feeds and pages): a post with its address and dates, and an edition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin

from aggregator.demo import markup
from aggregator.demo.outlets import Outlet
from aggregator.demo.posts import Post


@dataclass(frozen=True, slots=True)
class Credit:
    """Whose text a post carries: the outlet's name and home page, and the original's page."""

    name: str
    home_url: str
    url: str


@dataclass(frozen=True, slots=True)
class Printed:
    """One post as it stands on its site. `html` and `image` may hold root-relative addresses; times are UTC."""

    post: Post
    url: str | None
    guid: str
    published: datetime
    updated: datetime
    blocks: tuple[markup.Block, ...]
    html: str
    image: str
    credit: Credit | None

    @property
    def title(self) -> str:
        return self.post.title

    @property
    def teaser(self) -> str:
        return self.post.teaser


@dataclass(frozen=True, slots=True)
class Edition:
    """Everything that an outlet has out in a round, oldest first."""

    outlet: Outlet
    home_url: str
    feed_url: str
    posts: tuple[Printed, ...]

    @property
    def updated(self) -> datetime:
        """When the newest change was made."""
        return max(printed.updated for printed in self.posts)

    @property
    def feed_posts(self) -> tuple[Printed, ...]:
        """What the feed holds, newest first."""
        return tuple(reversed(self.posts[-self.outlet.window :]))

    def next(self, printed: Printed) -> Printed | None:
        """The newer neighbour."""
        return self._at(self.posts.index(printed) + 1)

    def previous(self, printed: Printed) -> Printed | None:
        """The older neighbour."""
        return self._at(self.posts.index(printed) - 1)

    def _at(self, index: int) -> Printed | None:
        return self.posts[index] if 0 <= index < len(self.posts) else None

    def absolute(self, printed: Printed) -> Callable[[str], str]:
        """Makes a post's root-relative addresses absolute."""
        return lambda target: urljoin(printed.url or self.home_url, target)

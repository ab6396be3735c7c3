"""The posts, read from `content/OUTLET/*.txt`: a few `Name: value` lines, a line `---`, and the text (see markup).

A post that carries another outlet's text says `Copy-Of: OUTLET/SLUG` and has `[copy]` (all of it) or `[copy 1-4]`
(those blocks) where the text goes; `Swap: old => new` are its editor's small changes. `Ago` is how long before `now`
it was published, `Round` the first round in which it is out. Everything is checked on reading: a slip in a file is a
ValueError that names it.

What a newsroom hands to its printers (feeds and pages): a post with its address and dates, and an edition.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from urllib.parse import urljoin

from aggregator.demo import markup
from aggregator.demo.outlets import Outlet

_UNITS = {"d": 86400, "h": 3600, "m": 60}
_NAMES = frozenset(
    [
        "title",
        "author",
        "round",
        "ago",
        "teaser",
        "tags",
        "event",
        "section",
        "copy-of",
        "update",
        "update-round",
        "update-ago",
    ]
)
_COPY = re.compile(r"^\[copy(?: (\d+)-(\d+))?\]$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DemoPost:
    """One post as its newsroom wrote it; where and when it stands is for the site to say.

    `event` is the story it belongs to; `copy_of` is `outlet/slug` of the text it carries. `update` is a note that is
    added on top of the text from `update_round` on, and `update_ago` the time before `now` at which that happened.
    """

    outlet: str
    slug: str
    title: str
    round: int
    ago: timedelta
    blocks: tuple[markup.MarkupBlock, ...]
    author: str | None = None
    teaser: str = ""
    tags: tuple[str, ...] = ()
    event: str | None = None
    copy_of: str | None = None
    section: str = "news"
    update: str | None = None
    update_round: int = 0
    update_ago: timedelta = timedelta(0)

    @property
    def key(self) -> str:
        return f"{self.outlet}/{self.slug}"

    def updated_in(self, round_: int) -> bool:
        return self.update is not None and round_ >= self.update_round

    def text(self, round_: int) -> tuple[markup.MarkupBlock, ...]:
        """The blocks as they stand in a round."""
        note = (markup.MarkupBlock("p", (f"**Update:** {self.update}",)),) if self.updated_in(round_) else ()
        return note + self.blocks


@cache
def all_posts() -> tuple[DemoPost, ...]:
    """Every post of every outlet, oldest first."""
    files = {
        f"{folder.name}/{entry.name.removesuffix('.txt')}": entry
        for folder in (resources.files("aggregator.demo") / "content").iterdir()
        if folder.is_dir()
        for entry in folder.iterdir()
        if entry.name.endswith(".txt")
    }
    return tuple(sorted((_read(key, files) for key in files), key=lambda post: (-post.ago, post.key)))


def _read(key: str, files: dict[str, Traversable]) -> DemoPost:
    try:
        return _post(key, files)
    except (ValueError, KeyError) as error:
        raise ValueError(f"content/{key}.txt: {error}") from error


def _post(key: str, files: dict[str, Traversable]) -> DemoPost:
    outlet, slug = key.split("/")
    header, swaps, body = _split(files[key].read_text(encoding="utf-8"))
    copy_of = header.get("copy-of")
    if copy_of:
        body = _copied(body, _split(files[copy_of].read_text(encoding="utf-8"))[2], swaps)
    blocks = markup.parse(body)
    return DemoPost(
        outlet=outlet,
        slug=slug,
        title=header["title"],
        author=header.get("author"),
        round=int(header["round"]),
        ago=_duration(header["ago"]),
        teaser=header.get("teaser") or next(markup.plain(block.lines[0]) for block in blocks if block.kind == "p"),
        tags=tuple(tag.strip() for tag in header.get("tags", "").split(",") if tag.strip()),
        event=header.get("event"),
        copy_of=copy_of,
        section=header.get("section", "news"),
        update=header.get("update"),
        update_round=int(header.get("update-round", 0)),
        update_ago=_duration(header["update-ago"]) if "update-ago" in header else timedelta(0),
        blocks=blocks,
    )


def _split(text: str) -> tuple[dict[str, str], list[tuple[str, str]], str]:
    """A file's header, its swaps, and its text."""
    head, separator, body = text.partition("\n---\n")
    header: dict[str, str] = {}
    swaps: list[tuple[str, str]] = []
    for line in head.splitlines():
        name, _, value = line.partition(": ")
        if name == "Swap":
            old, _, new = value.partition(" => ")
            swaps.append((old, new))
        elif name.lower() in _NAMES:
            header[name.lower()] = value.strip()
        else:
            raise ValueError(f"unknown header line {line!r}")
    if not separator or not {"title", "round", "ago"} <= header.keys():
        raise ValueError("needs Title, Round, Ago and a line ---")
    return header, swaps, body.strip()


def _copied(body: str, original: str, swaps: list[tuple[str, str]]) -> str:
    for old, new in swaps:
        if old not in original:
            raise ValueError(f"the original has no {old!r} to swap")
        original = original.replace(old, new)
    chunks = re.split(r"\n\s*\n", original)

    def part(mark: re.Match[str]) -> str:
        first, last = (int(mark[1]), int(mark[2])) if mark[1] else (1, len(chunks))
        return "\n\n".join(chunks[first - 1 : last])

    copied = _COPY.sub(part, body)
    if "[copy" in copied:
        raise ValueError("[copy] stands on a line of its own")
    return copied


def _duration(text: str) -> timedelta:
    """`3d 4h` -> timedelta."""
    parts = re.findall(r"(\d+)([dhm])", text)
    if not parts:
        raise ValueError(f"{text!r} is not a time such as 3d 4h")
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))


@dataclass(frozen=True, slots=True)
class Credit:
    """Whose text a post carries: the outlet's name and home page, and the original's page."""

    name: str
    home_url: str
    url: str


@dataclass(frozen=True, slots=True)
class Printed:
    """One post as it stands on its site. `html` and `image` may hold root-relative addresses; times are UTC."""

    post: DemoPost
    url: str | None
    guid: str
    published: datetime
    updated: datetime
    blocks: tuple[markup.MarkupBlock, ...]
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

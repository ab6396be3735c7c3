"""Whose part of a host an address lies in, where many authors share one host: pure, by the shape of the address.

`alice.substack.com` and `bob.substack.com`, `medium.com/@alice` and `medium.com/@bob` are as many sites as two domains
are: a page of one must not speak for the other. The services are listed by hand; on any other host an author shows in
the path (`/@alice/`, `/~alice/`, `/users/alice/`). An address on a service that shows no author has none, and speaks
for itself alone (`is_nobodys`). Nothing is looked up.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote, urlsplit

_BY_LABEL = """
    beehiiv.com blog.hu blog.ir blogfa.com blogger.com bloggi.co blogs.sapo.pt buttondown.email canalblog.com
    cnblogs.com dreamwidth.org exblog.jp fc2.com ghost.io hashnode.dev home.blog itch.io jimdo.com jimdofree.com
    kinja.com libsyn.com listed.to livejournal.com mataroa.blog medium.com micro.blog naver.com neocities.org
    over-blog.com pika.page podbean.com posthaven.com prose.sh seesaa.net silvrback.com skyrock.com squarespace.com
    strikingly.com substack.com svbtle.com tistory.com tumblr.com typepad.com weebly.com wordpress.com wpengine.com
    write.as
"""

BY_LABEL: Final = frozenset(_BY_LABEL.split())
"""Services that give each author a host below theirs. (More of them are public suffixes, and sites by themselves.)"""

BY_FOLDER: Final = {
    "bsky.app": ("profile",),
    "ameblo.jp": ("",),
    "blog.csdn.net": ("",),
    "buttondown.com": ("",),
    "buttondown.email": ("",),
    "cnblogs.com": ("",),
    "codeberg.org": ("",),
    "d.hatena.ne.jp": ("",),
    "dev.to": ("",),
    "facebook.com": ("",),
    "github.com": ("",),
    "gitlab.com": ("",),
    "habr.com": ("users", "ru/users", "en/users", "rss/users", "ru/rss/users", "en/rss/users"),
    "hackernoon.com": ("u",),
    "hackmd.io": ("",),
    "hashnode.com": ("",),
    "linkedin.com": ("in", "company", "newsletters"),
    "livejournal.com": ("users", ""),
    "medium.com": ("",),
    "mirror.xyz": ("",),
    "naver.com": ("",),
    "note.com": ("",),
    "patreon.com": ("c", ""),
    "prose.sh": ("",),
    "qiita.com": ("",),
    "reddit.com": ("r", "user", "u"),
    "sites.google.com": ("view", "site", "a"),
    "substack.com": ("pub",),
    "t.me": ("s", ""),
    "telegra.ph": (),
    "tumblr.com": ("", "blog/view"),
    "twitter.com": ("",),
    "write.as": ("",),
    "x.com": ("",),
    "youtube.com": ("channel", "user", "c"),
    "zenn.dev": ("",),
}
"""Services with authors in the path: the folders below which the author's name stands ("": at the beginning; nowhere:
the address does not tell)."""

_BLOGSPOT = re.compile(r"(?:^|\.)(blogspot\.(?:com?\.)?[a-z]{2,3})$")
"""A service with a domain in each country, of which the list of public suffixes has one."""

_NO_AUTHOR = frozenset(
    {"feed", "feeds", "home", "i", "m", "p", "posts", "s", "search", "tag", "tagged", "tags", "topic", "topics"}
)
"""Folders of such services that belong to no author."""

_SHARED_LABELS = frozenset({"", "www", "m", "mobile", "open", "users", "old", "new", "blog", "community", "syndicate"})
_FILE = re.compile(r"\.(rss|atom|rdf|xml|json)$")
"""How a feed's address ends, of which the rest is its author's name: `/@alice.rss`."""
_USERS = frozenset({"user", "users", "u"})
_PEOPLE = frozenset({"author", "authors", "member", "members", "people", "profile", "profiles"})
"""Folders with authors, where something stands below the name; else they may be a section of a site."""

_MARKED_WITHIN = 3
"""Folders among which one may be marked as an author's: `/en/@alice/`, `/blogs/~alice/`."""
_FEEDS = frozenset({"feed", "feeds", "rss", "atom"})


def service_of(host: str) -> str | None:
    """The service that a host belongs to, where authors share it: `alice.substack.com` -> `substack.com`."""
    name = host.rstrip(".").lower()
    if match := _BLOGSPOT.search(name):
        return match[1]
    while name:
        if name in BY_LABEL or name in BY_FOLDER:
            return name
        name = name.partition(".")[2]
    return None


def author_of(url: str) -> str | None:
    """The name of the author whose part of the host `url` lies in, in lower case; None: no particular author's."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").lower()
    service = service_of(host)
    label = host.removesuffix(service or "").rstrip(".").rpartition(".")[2] if service else ""
    if (service in BY_LABEL or service not in BY_FOLDER) and label not in _SHARED_LABELS:
        return label
    folders = [_FILE.sub("", unquote(folder).lower()) for folder in parts.path.split("/") if folder]
    if folders and folders[0] in _FEEDS:
        folders = folders[1:]
    if not folders:
        return None
    for folder in folders[:_MARKED_WITHIN]:
        if folder.startswith(("@", "~")) and (name := folder[1:].partition("@")[0]):
            return name
    if service is not None:
        return _below(folders, BY_FOLDER.get(service, ()))
    if len(folders) > (1 if folders[0] in _USERS else 2) and folders[0] in _USERS | _PEOPLE:
        return folders[1].lstrip("@~") or None
    return None


def is_nobodys(url: str) -> bool:
    """Whether `url` is on a service that authors share, and does not show whose it is: `telegra.ph/Title-12-01`."""
    return service_of(urlsplit(url).hostname or "") is not None and author_of(url) is None


def _below(folders: list[str], places: tuple[str, ...]) -> str | None:
    """The folder that stands for the author below one of these places."""
    for place in sorted(places, key=len, reverse=True):
        above = place.split("/") if place else []
        if folders[: len(above)] == above and len(folders) > len(above):
            name = folders[len(above)]
            return None if not above and name in _NO_AUTHOR else name.lstrip("@~") or None
    return None

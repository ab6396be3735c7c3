"""The table `article_urls`: one article, however many addresses lead to it.

What a canonical form is, is not decided here: whoever opens the store hands in the function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from aggregator.store.connection import Sql
from aggregator.text.urls import host_of, http_url

Canonical = Callable[[str], str]
"""URL -> its form for comparing."""

SameSite = Callable[[str, str], bool]
"""Whether two URLs belong to one site."""


def plain_form(url: str) -> str:
    """The `Canonical` of those who give none: the URL without its fragment."""
    return (http_url(url) or url).partition("#")[0]


def same_host(a: str, b: str) -> bool:
    """The `SameSite` of those who give none."""
    return bool(host_of(a)) and host_of(a) == host_of(b)


@dataclass(frozen=True, slots=True)
class Links:
    """How links are compared."""

    canonical: Canonical
    same_site: SameSite


def held(sql: Sql, url: str) -> int | None:
    """The article that was seen under this canonical URL."""
    found = sql.value("SELECT article_id FROM article_urls WHERE url = ?", (url,))
    return None if found is None else int(found)


def register(sql: Sql, article_id: int, urls: Iterable[str]) -> None:
    """Remember addresses of an article; one that belongs to another article stays with that."""
    sql.many("INSERT OR IGNORE INTO article_urls (url, article_id) VALUES (?, ?)", [(url, article_id) for url in urls])


def identifying(urls: Iterable[str]) -> tuple[str, ...]:
    """Those that can mean one article: a site's front page can not, though many a dead link is redirected to it."""
    return tuple(dict.fromkeys(url for url in urls if url and not _is_front_page(url)))


def _is_front_page(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query and not parts.fragment


def resolve(sql: Sql, article_id: int) -> int | None:
    """The article that now has this number: itself, the one it was merged into, or None when there is none."""
    if sql.one("SELECT 1 FROM articles WHERE id = ?", (article_id,)):
        return article_id
    found = sql.value("SELECT article_id FROM article_aliases WHERE old_id = ?", (article_id,))
    return None if found is None else int(found)

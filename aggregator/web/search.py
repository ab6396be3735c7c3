"""What a request asks of the archive: words, filters, order and place, read from its query string.

A day that is none makes the search one that cannot be answered as asked (`Asked.mistakes`); whatever else cannot
be understood is left out.

Search: a page for people, and the same as a feed, so that any search can be subscribed to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from aggregator.config.settings import Site
from aggregator.emit import answer
from aggregator.emit.formats import EXTENSIONS
from aggregator.emit.mirror import FEED_NAMES, MEDIA_TYPES
from aggregator.intel.query import facts_of_query
from aggregator.models.errors import TooCostly
from aggregator.store import Store
from aggregator.store.queries import Results
from aggregator.store.search import Order, SearchFilter
from aggregator.text import wording
from aggregator.web.files import FRESH_S, TYPES, is_fresh
from aggregator.web.rendering import Templates

MAX_QUERY = 300
"""Characters of a search; longer ones are cut."""

TOO_LONG = "This search takes too long. Longer beginnings before the * may help."

MAX_NAME = 200
"""Characters of a source's or a tag's name, as in feeds.yaml."""

HITS = 20
"""Results on a page."""

MAX_PAGE = 250
"""The last page: what is ranked ends there (store.search.WINDOW)."""


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search as asked for. `since` and `until` are days, both included. `problems` are for a person to read.

    With `mistakes`, also for a person, nothing is looked for: the answer would be one to another question.
    """

    text: str = ""
    source: str | None = None
    tag: str | None = None
    language: str | None = None
    since: date | None = None
    until: date | None = None
    order: Order = "relevance"
    copies: bool = False
    page: int = 1
    cve: str | None = None
    actor: str | None = None
    software: str | None = None
    vendor: str | None = None
    exploited: bool = False
    indicators: bool = False
    problems: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()

    @classmethod
    def read(cls, values: Mapping[str, str]) -> SearchQuery:
        """The search that a query string asks for."""
        problems: list[str] = []
        mistakes: list[str] = []
        text = values.get("q", "").strip()
        if len(text) > MAX_QUERY:
            problems.append(f"Only the first {MAX_QUERY} characters were looked at.")
        since, until = _day(values, "since", "From", mistakes), _day(values, "until", "To", mistakes)
        if since and until and since > until:
            mistakes.append("From is later than To.")
        return cls(
            text=text[:MAX_QUERY].strip(),
            source=_name(values, "source"),
            tag=_name(values, "tag"),
            language=_name(values, "language"),
            since=since,
            until=until,
            order="date" if values.get("sort") == "date" or not text else "relevance",
            copies=values.get("copies") in ("1", "true", "on", "yes"),
            page=_page(values),
            **_named(values),
            problems=tuple(problems),
            mistakes=tuple(mistakes),
        )

    def where(self, before: int | None = None) -> SearchFilter:
        """The filter for the store (`before`: as there). Of one source copies are listed too, as in its own feed."""
        return SearchFilter(
            source=self.source,
            tag=self.tag,
            since=_start(self.since),
            until=_start(self.until + timedelta(days=1)) if self.until else None,
            language=self.language,
            copies=self.copies or self.source is not None,
            waiting=False,
            before=before,
            named=facts_of_query(self.text) if self.text else (),
            cve=self.cve,
            actor=self.actor,
            software=self.software,
            vendor=self.vendor,
            exploited=self.exploited,
            indicators=self.indicators,
        )

    @property
    def offset(self) -> int:
        return (self.page - 1) * HITS

    @property
    def filtered(self) -> bool:
        """Whether anything but words is asked for."""
        named = (self.cve, self.actor, self.software, self.vendor, self.exploited, self.indicators)
        return any((self.source, self.tag, self.language, self.since, self.until, self.copies, *named))

    def query(self, *, page: int = 1, feed: bool = False) -> str:
        """The query string in one fixed spelling; for a feed without order and page, which it does not have."""
        values = {
            "q": self.text,
            "source": self.source,
            "tag": self.tag,
            "language": self.language,
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
            "copies": "1" if self.copies else "",
            "cve": self.cve,
            "actor": self.actor,
            "software": self.software,
            "vendor": self.vendor,
            "exploited": "1" if self.exploited else "",
            "indicators": "1" if self.indicators else "",
            "sort": "date" if self.order == "date" and self.text and not feed else "",
            "page": str(page) if page > 1 and not feed else "",
        }
        return urlencode({name: value for name, value in values.items() if value}, quote_via=quote, errors="replace")

    def words(self) -> str:
        """The search as a person would say it: `"worm", of Threatpost, since 1 March 2026`."""
        parts = [
            f"“{self.text}”" if self.text else "everything",
            f"of {self.source}" if self.source else "",
            f"tagged {self.tag}" if self.tag else "",
            f"in {self.language}" if self.language else "",
            *(f"about {name}" for name in (self.cve, self.actor, self.software, self.vendor) if name),
            "exploited now" if self.exploited else "",
            "with indicators" if self.indicators else "",
            f"since {wording.day(self.since)}" if self.since else "",
            f"until {wording.day(self.until)}" if self.until else "",
        ]
        return ", ".join(part for part in parts if part)

    def at(self, page: int) -> SearchQuery:
        return replace(self, page=page)


def _named(values: Mapping[str, str]) -> dict[str, Any]:
    """The part of a search that is about what articles name."""
    flags = {key: values.get(key) in ("1", "true", "on", "yes") for key in ("exploited", "indicators")}
    return {**{key: _name(values, key) for key in ("cve", "actor", "software", "vendor")}, **flags}


def _name(values: Mapping[str, str], key: str) -> str | None:
    return values.get(key, "").strip()[:MAX_NAME] or None


def _day(values: Mapping[str, str], key: str, label: str, mistakes: list[str]) -> date | None:
    given = values.get(key, "").strip()
    if not given:
        return None
    try:
        day = date.fromisoformat(given[:10])
    except ValueError:
        day = None
    if day is None or not date(1970, 1, 1) <= day <= date(9000, 1, 1):
        mistakes.append(f"{label}: “{given[:40]}” is not a date. Write it as 2026-03-31.")
        return None
    return day


def _page(values: Mapping[str, str]) -> int:
    given = values.get("page", "1")
    return min(max(int(given), 1), MAX_PAGE) if given.isascii() and given.isdigit() and len(given) < 9 else 1


def _start(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


class Searching:
    """The page and the feeds of searches; each request opens its own read-only connection."""

    def __init__(self, site: Site, database: Path, templates: Templates) -> None:
        self._site = site
        self._database = database
        self._templates = templates

    def page(self, request: Request) -> Response:
        """`/search`: the form, and what was found; 400 and the form as it was filled in where that cannot be."""
        asked, results = SearchQuery.read(request.query_params), Results()
        with Store.read(self._database) as store:
            sources, tags, languages = store.queries.sources(), store.queries.tags(), store.queries.languages()
            try:
                if not asked.mistakes:
                    results = store.queries.find(
                        asked.text, asked.where(), limit=HITS, offset=asked.offset, order=asked.order
                    )
            except TooCostly:
                asked = replace(asked, mistakes=(TOO_LONG,))
        if not results.hits and not asked.mistakes:
            known = {name.casefold() for source in sources for name in source}, {tag.casefold() for tag, _ in tags}
            asked = replace(asked, problems=(*asked.problems, *_unknown(asked, *known)))
        return self._templates.page(
            "search.html",
            request,
            status=400 if asked.mistakes else 200,
            asked=asked,
            results=results,
            sources=sources,
            tags=[tag for tag, _ in tags],
            languages=languages,
            last_page=MAX_PAGE,
            feeds=[(FEED_NAMES[name], MEDIA_TYPES[name], f"search.{name}") for name in EXTENSIONS],
        )

    def feed(self, request: Request) -> Response:
        """`/search.atom`, `.rss`, `.json`: what was found, newest first, with validators of its own; or a 400."""
        asked = SearchQuery.read(request.query_params)
        if asked.mistakes:
            return PlainTextResponse(" ".join(asked.mistakes) + "\n", 400, headers={"cache-control": "no-store"})
        extension = request.scope["path"].rpartition(".")[2]
        with Store.read(self._database) as store:
            results = store.queries.find(
                asked.text, asked.where(), limit=self._site.page_size, order="date", whole=True
            )
        posts = (hit.post for hit in results.hits)
        body = answer(self._site, posts, query=asked.query(feed=True), words=asked.words(), extension=extension)
        return document(request, body, TYPES[f".{extension}"])


def _unknown(asked: SearchQuery, sources: Collection[str], tags: Collection[str]) -> Iterator[str]:
    """Names of which nothing can be found: an empty list alone would not tell them from a quiet source."""
    if asked.source and asked.source.casefold() not in sources:
        yield f"There is no source “{asked.source}”."
    if asked.tag and asked.tag.casefold() not in tags:
        yield f"No source has the tag “{asked.tag}”."


def document(request: Request, body: bytes, media_type: str) -> Response:
    """A document made at the request, with a validator made of its bytes; or a 304."""
    headers = {
        "etag": f'W/"{hashlib.sha256(body).hexdigest()[:32]}"',
        "cache-control": f"public, max-age={FRESH_S}",
    }
    if is_fresh(request.headers, headers):
        return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "content-type": media_type})

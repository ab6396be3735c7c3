"""Search: a page for people, and the same as a feed, so that any search can be subscribed to."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from aggregator.config.settings import Site
from aggregator.emit import answer
from aggregator.emit.formats import EXTENSIONS
from aggregator.emit.mirror import FEED_NAMES, MEDIA_TYPES
from aggregator.models.errors import TooCostly
from aggregator.store import Store
from aggregator.store.queries import Results
from aggregator.web.asked import HITS, MAX_PAGE, TOO_LONG, Asked
from aggregator.web.files import FRESH_S, TYPES, is_fresh
from aggregator.web.rendering import Templates


class Searching:
    """The page and the feeds of searches; each request opens its own read-only connection."""

    def __init__(self, site: Site, database: Path, templates: Templates) -> None:
        self._site = site
        self._database = database
        self._templates = templates

    def page(self, request: Request) -> Response:
        """`/search`: the form, and what was found; 400 and the form as it was filled in where that can not be."""
        asked, results = Asked.read(request.query_params), Results()
        with Store.read(self._database) as store:
            sources, tags, languages = store.desk.sources(), store.desk.tags(), store.desk.languages()
            try:
                if not asked.mistakes:
                    results = store.desk.find(
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
        asked = Asked.read(request.query_params)
        if asked.mistakes:
            return PlainTextResponse(" ".join(asked.mistakes) + "\n", 400, headers={"cache-control": "no-store"})
        extension = request.scope["path"].rpartition(".")[2]
        with Store.read(self._database) as store:
            results = store.desk.find(asked.text, asked.where(), limit=self._site.page_size, order="date", whole=True)
        posts = (hit.post for hit in results.hits)
        body = answer(self._site, posts, query=asked.query(feed=True), words=asked.words(), extension=extension)
        return document(request, body, TYPES[f".{extension}"])


def _unknown(asked: Asked, sources: Collection[str], tags: Collection[str]) -> Iterator[str]:
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

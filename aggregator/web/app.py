"""The ASGI application: routes, and the headers that every response carries, errors too."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.errors import StoreError
from aggregator.models import FeedState, SearchHit
from aggregator.settings import Site
from aggregator.store import Store
from aggregator.web.files import TYPES, respond

POLICY = (
    "default-src 'none'; img-src 'self' https: http: data:; media-src https: http:; style-src 'self'; "
    "script-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}

MAX_QUERY = 300
"""Characters of a search; longer ones are cut."""

HITS = 50

STATIC = Path(__file__).parent / "static"


def application(site: Site, database: Path, public: Path, clock: Callable[[], datetime]) -> Starlette:
    """The web application over one data folder; each request opens its own read-only connection."""
    pages = _Pages(site, database, clock)
    routes = [
        Route("/health", pages.health),
        Route("/search", pages.search),
        Route("/status", pages.status),
        Route("/desk.css", lambda _: FileResponse(STATIC / "desk.css", media_type=TYPES[".css"])),
        Route("/{path:path}", lambda request: respond(public, request)),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(_SafeHeaders), Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)],
        exception_handlers={HTTPException: pages.http_error, StoreError: pages.store_error, Exception: pages.bug},
    )


class _SafeHeaders:
    """Adds the headers of HEADERS to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, guarded)


class _Pages:
    """The pages that are made at the request: search, status, errors."""

    def __init__(self, site: Site, database: Path, clock: Callable[[], datetime]) -> None:
        self._site = site
        self._database = database
        self._clock = clock
        self._templates = Environment(
            loader=PackageLoader("aggregator.web"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["marked"] = marked

    def health(self, _: Request) -> Response:
        """200 while the database can be read."""
        with Store.read(self._database) as store:
            store.feeds()
        return JSONResponse({"status": "ok"}, headers={"cache-control": "no-store"})

    def search(self, request: Request) -> Response:
        query = request.query_params.get("q", "").strip()[:MAX_QUERY]
        hits: tuple[SearchHit, ...] = ()
        if query:
            with Store.read(self._database) as store:
                hits = store.search(query, limit=HITS)
        return self._page("search.html", path="/search", query=query, hits=hits, limit=HITS)

    def status(self, _: Request) -> Response:
        feeds: tuple[FeedState, ...] = ()
        if self._database.exists():
            with Store.read(self._database) as store:
                feeds = store.feeds()
        return self._page("status.html", path="/status", feeds=feeds, now=self._clock())

    async def http_error(self, _: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        words = {404: "There is nothing here.", 405: "This can not be done here."}
        return self._page("error.html", status=status, message=words.get(status, "This did not work."))

    async def store_error(self, _: Request, error: Exception) -> Response:
        return self._page("error.html", status=503, message=f"The database can not be read: {error}")

    async def bug(self, _: Request, __: Exception) -> Response:
        return self._page("error.html", status=500, message="This did not work; the log says why.")

    def _page(self, name: str, *, status: int = 200, **values: Any) -> Response:
        html = self._templates.get_template(name).render(**{"site": self._site, "status": status, "path": "", **values})
        return HTMLResponse(html, status, headers={"cache-control": "no-cache"})


def marked(snippet: str) -> Markup:
    """A search snippet as HTML: everything escaped, the hits between U+E000 and U+E001 in <mark>."""
    safe = str(escape(snippet))
    return Markup(re.sub("\ue000(.*?)\ue001", r"<mark>\1</mark>", safe, flags=re.DOTALL))  # noqa: S704 - escaped above

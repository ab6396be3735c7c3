"""The ASGI application: routes, and the headers that every response carries, errors too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.emit.formats import EXTENSIONS
from aggregator.errors import StoreError
from aggregator.models import FeedState
from aggregator.settings import Site
from aggregator.standing import Standing, standing
from aggregator.store import Store
from aggregator.web.api import Api, problem
from aggregator.web.files import TYPES, respond
from aggregator.web.rendering import Templates
from aggregator.web.searching import Searching

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

STATIC = Path(__file__).parent / "static"


def application(site: Site, database: Path, public: Path, clock: Callable[[], datetime]) -> Starlette:
    """The web application over one data folder; each request opens its own read-only connection."""
    templates = Templates(site)
    pages = _Pages(database, clock, templates)
    searching = Searching(site, database, templates)
    api = Api(site, database, clock, templates)
    routes = [
        Route("/health", pages.health),
        Route("/search", searching.page),
        *(Route(f"/search.{extension}", searching.feed) for extension in EXTENSIONS),
        *api.routes(),
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
    """The pages that are made at the request: status, errors."""

    def __init__(self, database: Path, clock: Callable[[], datetime], templates: Templates) -> None:
        self._database = database
        self._clock = clock
        self._templates = templates

    def health(self, _: Request) -> Response:
        """200 while the database can be read."""
        with Store.read(self._database) as store:
            store.feeds()
        return JSONResponse({"status": "ok"}, headers={"cache-control": "no-store"})

    def status(self, request: Request) -> Response:
        feeds: list[tuple[FeedState, Standing]] = []
        if self._database.exists():
            with Store.read(self._database) as store:
                disallowed = store.disallowed()
                feeds = [(state, standing(state, disallowed.get(state.id, 0))) for state in store.feeds()]
        return self._templates.page("status.html", request, feeds=feeds, now=self._clock())

    async def http_error(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        words = {404: "There is nothing here.", 405: "This can not be done here."}
        answer = self._error(request, status, words.get(status, "This did not work."))
        answer.headers.update(getattr(error, "headers", None) or {})
        return answer

    async def store_error(self, request: Request, _: Exception) -> Response:
        return self._error(request, 503, "The database can not be read just now.")

    async def bug(self, request: Request, _: Exception) -> Response:
        return self._error(request, 500, "This did not work; the log says why.")

    def _error(self, request: Request, status: int, message: str) -> Response:
        if request.url.path.startswith("/api/"):
            return problem(status, message)
        return self._templates.page("error.html", request, status=status, message=message)

"""The ASGI application: routes, and the headers that every response carries, errors too."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.config.settings import Config, Server, Site
from aggregator.emit import paths
from aggregator.emit.formats import EXTENSIONS
from aggregator.emit.mirror import FAVICON, TEMPLATES
from aggregator.models.errors import StoreError, TooCostly
from aggregator.pipeline.websub import Subscriber
from aggregator.web.access import AccessControl
from aggregator.web.api import Api, problem
from aggregator.web.cross_origin import CrossOrigin
from aggregator.web.files import TYPES, locate, respond, takes_gzip
from aggregator.web.metrics import Counting, Metrics, Probes
from aggregator.web.rendering import Templates
from aggregator.web.search import TOO_LONG, Searching, document
from aggregator.web.status import Status
from aggregator.web.websub import Callbacks

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}

DEEPEST = 20
"""Folders in a path below which an error is told in plain text: the way back to the top stands in a page many times."""

ASKING = 8
"""Threads that may ask the database at once. AnyIO has 40: however many searches wait, files go out meanwhile."""

SHORT = {
    "/feed": "feed.html", "/feed/": "../feed.html", "/feeds": "feed.html", "/exploited": "exploited.html",
    "/sources": "sources.html", "/sources/": "../sources.html", "/tags": "sources.html#tags",
    "/tags/": "../sources.html#tags", "/outputs": "feed.html", "/outputs/": "../feed.html",
    "/archive": "archive/", "/stories": "stories/",
}  # fmt: skip
"""What people type, and where it leads. `tags/` and the like are folders of pages without a page of their own."""

_XML_FEEDS = ("application/atom+xml", "application/rss+xml")

STATIC = Path(__file__).parent / "static"


def of_folder(
    config: Config, data: Path, clock: Callable[[], datetime], subscriber: Subscriber | None = None
) -> ASGIApp:
    """The web application over a data folder, as the configuration says."""
    return application(
        config.site,
        data / "aggregator.db",
        data / "public",
        clock,
        server=config.server,
        images_leave=config.images_leave(),
        subscriber=subscriber,
    )


def application(
    site: Site,
    database: Path,
    public: Path,
    clock: Callable[[], datetime],
    *,
    server: Server = Server(),  # noqa: B008 - frozen
    images_leave: bool = True,
    subscriber: Subscriber | None = None,
) -> ASGIApp:
    """The web application over one data folder; each request opens its own read-only connection.

    `images_leave`: whether pages may show images of other hosts (see settings.Config.images_leave).
    `subscriber`: whom hubs call; without one (a server that does not poll) they find nothing.
    """
    templates = Templates(site)
    errors = _Errors(templates)
    probes, metrics = Probes(database, public, clock), Metrics(database, public, clock)
    searching = Searching(site, database, templates)
    api = Api(site, database, clock, templates, closed=bool(server.token or server.password))
    status = Status(site, database, clock, templates)
    apart = in_threads(ASKING)
    routes = [
        Route("/health", probes.health),
        Route("/ready", probes.ready),
        Route("/metrics", metrics.page),
        *(Callbacks(subscriber).routes() if subscriber else ()),
        Route("/robots.txt", robots(site)),
        Route("/favicon.ico", favicon),
        Route("/search", apart(searching.page)),
        *(Route(f"/search.{extension}", apart(searching.feed)) for extension in EXTENSIONS),
        *api.routes(apart),
        Route("/status", apart(status.page)),
        *(Route(f"/health.{extension}", status.feed) for extension in EXTENSIONS),
        Route("/desk.css", style),
        *(Route(path, partial(_to, public, site, page)) for path, page in SHORT.items()),
        Route("/{path:path}", lambda request: respond(public, request, site)),
    ]
    made = Starlette(
        routes=routes,
        middleware=[Middleware(_Compressing, minimum_size=1000, compresslevel=5)],
        exception_handlers={HTTPException: errors.http_error, StoreError: errors.store_error, Exception: errors.bug},
    )
    # Around Starlette, not inside: it answers what nothing else could handle outside of its own middleware.
    headers = {**HEADERS, "content-security-policy": policy(images_leave=images_leave)}
    guarded = CrossOrigin(AccessControl(made, server), public=not (server.token or server.password))
    return _Mounted(Counting(_SafeHeaders(guarded, headers), metrics, time.perf_counter), prefix(site), public)


def prefix(site: Site) -> str:
    """The path of `site.base_url` without its last slash: `/news`; empty where the site has a host of its own."""
    return urlsplit(paths.base(site.base_url)).path.rstrip("/")


class _Mounted:
    """A site below a path, `/news/`: answers with that path before every other one, and without.

    A proxy may take the path away or leave it. Where ours could mean both, a file of that name goes first.
    """

    def __init__(self, app: ASGIApp, path: str, public: Path) -> None:
        self._app = app
        self._path = path
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if not self._path or scope["type"] != "http" or locate(self._public, path.removeprefix("/")):
            await self._app(scope, receive, send)
        elif path == self._path:
            await RedirectResponse(self._path.rpartition("/")[2] + "/", 308)(scope, receive, send)
        elif path.startswith(self._path + "/"):
            raw = scope.get("raw_path") or quote(path).encode()
            below = {
                "path": path.removeprefix(self._path),
                "raw_path": b"/" + raw.split(b"/", self._path.count("/") + 1)[-1],
            }
            await self._app({**scope, **below}, receive, send)
        else:
            await self._app(scope, receive, send)


def in_threads(number: int) -> Callable[[Callable[[Request], Response]], Callable[[Request], Awaitable[Response]]]:
    """What lets endpoints answer in `number` threads of their own at most, all of them together."""
    limiters: list[anyio.CapacityLimiter] = []

    def apart(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def answering(request: Request) -> Response:
            if not limiters:  # it belongs to the event loop, which does not run before
                limiters.append(anyio.CapacityLimiter(number))
            return await anyio.to_thread.run_sync(answer, request, limiter=limiters[0])

        return answering

    return apart


def policy(*, images_leave: bool) -> str:
    """The content security policy: nothing but our own files; images of others only where the mirror shows them."""
    others = " https: http:" if images_leave else ""
    return (
        f"default-src 'none'; img-src 'self'{others} data:; media-src 'self'{others}; style-src 'self'; "
        "script-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def robots(site: Site) -> Callable[[Request], Response]:
    """/robots.txt: search engines come in only where `site.index` says so; searches and the API are never for them."""
    roots = dict.fromkeys(("", prefix(site)))
    closed = [root + path for root in roots for path in ("/search", "/status", "/api", "/metrics")]
    text = "User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in (closed if site.index else ("/",)))
    return lambda request: document(request, text.encode(), TYPES[".txt"])


def style(request: Request) -> Response:
    """What the desk's own pages look like."""
    return document(request, (STATIC / "desk.css").read_bytes(), TYPES[".css"])


def _to(public: Path, site: Site, page: str, request: Request) -> Response:
    """Redirect to `page`; not where the folder has an index of its own: a source may be called Index."""
    path = request.path_params["path"] = request.scope["path"][1:]
    if path.endswith("/") and locate(public, path):
        return respond(public, request, site)
    return RedirectResponse(page, 308)


def favicon(_: Request) -> Response:
    """Browsers and feed readers ask for it whatever a page says, and before anything was built."""
    return FileResponse(TEMPLATES / FAVICON, media_type=TYPES[".ico"])


class _Compressing(GZipMiddleware):
    """Compresses for those who take it: to Starlette, `gzip;q=0` is a yes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not takes_gzip(Headers(scope=scope).get("accept-encoding", "")):
            kept = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
            scope = {**scope, "headers": kept}
        await super().__call__(scope, receive, send)


class _SafeHeaders:
    """Adds `headers` to every response, and `Vary` where it may be compressed.

    After a request with both lengths the connection ends, so that nothing behind it is taken for a request of its own
    (RFC 9112 section 6.1).
    A feed opened in a browser goes out as XML: by a feed's own type browsers show no stylesheet, or download it.
    (`Sec-Fetch-Dest: document` says that a person has asked; feed readers send no such header.)
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lengths = {name for name, _ in scope.get("headers", ())} & {b"content-length", b"transfer-encoding"}

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("vary", "Accept-Encoding")
                if len(lengths) == 2:
                    headers["connection"] = "close"
                if headers.get("content-type", "").startswith(_XML_FEEDS):
                    headers.add_vary_header("Sec-Fetch-Dest")
                    if Headers(scope=scope).get("sec-fetch-dest") == "document":
                        headers["content-type"] = TYPES[".xml"]
            await send(message)

        await self._app(scope, receive, guarded)


class _Errors:
    """Errors, as pages and for the API."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates

    async def http_error(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        words = {404: "Page not found.", 405: "This cannot be done here."}
        answer = self._error(request, status, words.get(status, "This did not work."))
        answer.headers.update(getattr(error, "headers", None) or {})
        return answer

    async def store_error(self, request: Request, error: Exception) -> Response:
        if isinstance(error, TooCostly):
            return self._error(request, 400, TOO_LONG)
        return self._error(request, 503, "The database cannot be read just now.")

    async def bug(self, request: Request, _: Exception) -> Response:
        return self._error(request, 500, "This did not work; the log says why.")

    def _error(self, request: Request, status: int, message: str) -> Response:
        path = request.scope["path"]  # not request.url: that is made of the Host header, too
        if path.startswith("/api/"):
            return problem(status, message)
        if path.count("/") > DEEPEST:
            return PlainTextResponse(message, status, headers={"cache-control": "no-cache"})
        return self._templates.page("error.html", request, status=status, message=message)

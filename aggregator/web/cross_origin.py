"""Who may read what in a browser: web readers and dashboards elsewhere, where no password is asked for; and OPTIONS.

Feeds, searches, the API and the list of sources carry `Access-Control-Allow-Origin: *` (Fetch standard, CORS protocol):
a page of any site may read them, without cookies or passwords. Where a token or a password is asked for nothing carries
it, so that no page can read with what a browser remembers. OPTIONS is answered for every path, and changes nothing.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SHARED = (".atom", ".rss", ".json", "/opml.xml")
"""How the paths end that pages of other sites may read, beside the API."""

METHODS = "GET, HEAD, OPTIONS"
EXPOSED = "ETag, Last-Modified, Link"
"""Headers of an answer that such a page may see besides those that every page may."""

PREFLIGHT_S = 86_400
"""Seconds that a browser may remember what it was allowed: it does not change while the program runs."""


class CrossOrigin:
    """Answers OPTIONS, and lets other sites' pages read what is `public`."""

    def __init__(self, app: ASGIApp, *, public: bool) -> None:
        self._app = app
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        shared = {"access-control-allow-origin": "*", "access-control-expose-headers": EXPOSED}
        headers = shared if self._public and _is_shared(scope["path"]) else {}
        if scope["method"] == "OPTIONS":
            await _options(Headers(scope=scope), headers)(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, sending)


def _is_shared(path: str) -> bool:
    return path.endswith(SHARED) or path.startswith("/api/")


def _options(asked: Headers, headers: dict[str, str]) -> Response:
    """What may be asked of a path; of a shared one also what a browser wants to know before it asks (a preflight)."""
    allowed = {"allow": METHODS, "cache-control": "no-store"}
    if headers and "access-control-request-method" in asked:
        allowed |= {
            "access-control-allow-methods": METHODS,
            "access-control-allow-headers": asked.get("access-control-request-headers", "*"),
            "access-control-max-age": str(PREFLIGHT_S),
            "vary": "Access-Control-Request-Headers",
        }
    return Response(status_code=204, headers={**headers, **allowed})

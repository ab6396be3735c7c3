"""Who may ask, and how often: token or password for everything but `/health`, and a limit for each client.

Secrets are compared in constant time and never taken from an address: those stand in logs and in Referer headers. Feed
readers that know nothing but `https://user:password@host/feed.atom` send them as Basic authentication (RFC 7617).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import math
import time
from collections import Counter
from collections.abc import Iterable

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.config.settings import Server

OPEN = frozenset({"/health"})
"""What anybody may ask: that the program is alive, and nothing else, for watchdogs that know no password."""

CALLBACKS = "/websub/"
"""Hubs know no password; the token in the address is one, and what they say has to be signed."""

MAX_UNDER_WAY = 200
"""Requests answered at the same time; further ones are told to come again. 40 threads work on them."""

MAX_OF_ONE = MAX_UNDER_WAY // 4
"""Of these, those of one client: who takes answers slowly on many connections does not keep others out."""

IPV6_PREFIX = 64
"""What one subscriber has of IPv6 (RFC 6177): addresses below it are one client."""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{status}</title>
</head>
<body>
<main>
<h1>{words}</h1>
<p>{status} · <a href="">Try again</a></p>
</main>
</body>
</html>
"""


class AccessControl:
    """Answers 401, 429 or 503 itself, and lets the rest through."""

    def __init__(self, app: ASGIApp, server: Server) -> None:
        self._app = app
        self._accepted = [_digest(secret) for secret in _secrets(server)]
        self._limit = RateLimitItemPerMinute(server.requests_per_minute) if server.requests_per_minute else None
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage()) if self._limit else None
        self._proxies = tuple(ipaddress.ip_network(proxy, strict=False) for proxy in server.trusted_proxies)
        self._under_way: Counter[str | None] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        client = client_of(scope, Headers(scope=scope), self._proxies)
        refusal = self._refusal(scope, client)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        self._under_way[client] += 1
        try:
            await self._app(scope, receive, self._private(send) if self._accepted else send)
        finally:
            self._under_way[client] -= 1
            if not self._under_way[client]:
                del self._under_way[client]

    def _refusal(self, scope: Scope, client: str | None) -> Response | None:
        path = scope["path"]
        if wait := self._wait(client):
            words = f"Too many requests; please come again in {wait} s."
            return _refused(scope, 429, words, {"retry-after": str(wait)})
        asked = bool(self._accepted) and not path.startswith(CALLBACKS)
        if asked and not self._is_known(Headers(scope=scope).get("authorization", "")):
            challenge = {"www-authenticate": 'Basic realm="aggregator", charset="UTF-8"'}
            return _refused(scope, 401, "This needs a password.", challenge)
        own = client is not None and self._under_way[client] >= MAX_OF_ONE
        if own or self._under_way.total() >= MAX_UNDER_WAY:
            return _refused(scope, 503, "Too busy; please come again.", {"retry-after": "5"})
        return None

    def _wait(self, client: str | None) -> int:
        """Seconds that a client is asked to wait; 0: none. Ourselves and a proxy (None) are not counted."""
        if client is None or self._limit is None or self._limiter is None or self._limiter.hit(self._limit, client):
            return 0
        return max(math.ceil(self._limiter.get_window_stats(self._limit, client).reset_time - time.time()), 1)

    def _is_known(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "bearer":
            candidates = [b"bearer " + given.strip().encode("utf-8", "replace")]
        elif scheme.lower() == "basic":
            try:
                decoded = base64.b64decode(given.strip(), validate=True)
            except (binascii.Error, ValueError):
                return False
            candidates = [b"basic " + decoded, b"bearer " + decoded.partition(b":")[2]]
        else:
            return False
        digests = [_digest(candidate) for candidate in candidates]
        return any([hmac.compare_digest(digest, known) for digest in digests for known in self._accepted])  # noqa: C419

    @staticmethod
    def _private(send: Send) -> Send:
        """No shared cache keeps what is behind a password."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["cache-control"] = headers.get("cache-control", "no-cache").replace("public", "private")
            await send(message)

        return sending


def client_of(
    scope: Scope, headers: Headers, proxies: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> str | None:
    """Whom to count: the address that is connected, or, from a trusted proxy, the last one that it names which is none.

    IPv6 clients are counted by their /64. None: a trusted address itself, with no client behind it.
    """
    chain = [part.strip() for part in ",".join(headers.getlist("x-forwarded-for")).split(",")]  # HAProxy adds a line
    chain.append(scope["client"][0] if scope.get("client") else "")
    for given in reversed(chain):
        try:
            address = ipaddress.ip_address(_without_port(given))
        except ValueError:
            return None if not given else "unreadable"
        address = getattr(address, "ipv4_mapped", None) or address
        if any(address.version == proxy.version and address in proxy for proxy in proxies):
            continue
        if address.version == 6:
            return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
        return str(address)
    return None


def _without_port(given: str) -> str:
    """`1.2.3.4:5678` and `[2001:db8::1]:5678`, as some proxies write them, without the port."""
    if given.startswith("["):
        return given[1:].partition("]")[0]
    return given.partition(":")[0] if given.count(":") == 1 else given


def _secrets(server: Server) -> list[bytes]:
    found = []
    if server.token:
        found.append(b"bearer " + server.token.encode())
    if server.password:
        found.append(f"basic {server.user or ''}:{server.password}".encode())
    return found


def _digest(secret: bytes) -> bytes:
    """Of one length, so that comparing tells nothing of the secret's."""
    return hashlib.sha256(secret).digest()


def _refused(scope: Scope, status: int, words: str, headers: dict[str, str]) -> Response:
    """In words; for the API as its own errors are, for a browser as a page without other files (refused as well)."""
    headers = {"cache-control": "no-store", **headers}
    if scope["path"].startswith("/api/"):
        return JSONResponse({"error": words}, status, headers=headers)
    if "text/html" in Headers(scope=scope).get("accept", ""):
        return HTMLResponse(_PAGE.format(status=status, words=words), status, headers=headers)
    return PlainTextResponse(words + "\n", status, headers=headers)

"""Where hubs call us (WebSub sections 5.3 and 7): they confirm what we have asked for, and say that there is news.

What they send is read to check its signature, and dropped; the daemon polls the feed itself. What is not signed is
answered like what is, and changes nothing.
"""

from __future__ import annotations

import re

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from aggregator.pipeline.websub import Subscriber

PREFIX = "/websub/"
MAX_CONTENT = 32 * 2**20
"""Bytes of a call: as much as a feed may have. None of them is kept."""

_CHALLENGE = re.compile(r"[\x21-\x7e]{1,1024}")
_HEADERS = {"cache-control": "no-store"}


class Callbacks:
    """The addresses that hubs are given, `/websub/TOKEN`."""

    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber

    def routes(self) -> list[Route]:
        return [
            Route(PREFIX + "{token}", self.confirm, methods=["GET"]),
            Route(PREFIX + "{token}", self.called, methods=["POST"]),
        ]

    def confirm(self, request: Request) -> Response:
        """A hub asks whether we meant it, or says that it will not."""
        asked, token = request.query_params, request.path_params["token"]
        mode, topic, challenge = (asked.get(f"hub.{name}", "") for name in ("mode", "topic", "challenge"))
        if mode == "denied":
            known = self._subscriber.deny(token, topic, asked.get("hub.reason", "")[:500])
            return Response(status_code=200 if known else 404, headers=_HEADERS)
        lease = asked.get("hub.lease_seconds", "")
        lease_s = int(lease) if lease.isascii() and lease.isdigit() and len(lease) < 10 else 0
        if not _CHALLENGE.fullmatch(challenge) or not self._subscriber.verify(token, mode, topic, lease_s):
            raise HTTPException(404)
        return PlainTextResponse(challenge, headers=_HEADERS)

    async def called(self, request: Request) -> Response:
        """A hub has something new."""
        token = request.path_params["token"]
        signature = request.headers.get("x-hub-signature", "")
        check = await run_in_threadpool(self._subscriber.check, token, signature)
        if check is None:
            raise HTTPException(410)  # the hub may forget us
        length = 0
        async for part in request.stream():
            length += len(part)
            if length > MAX_CONTENT:
                raise HTTPException(413)
            check.update(part)
        if check.good:
            await run_in_threadpool(self._subscriber.called, token)
        return Response(status_code=202, headers=_HEADERS)

"""What WebSub subscribers say and check (W3C Recommendation, 23 January 2018): pure values, no input or output."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import replace

from aggregator.models import ParsedFeed, Response
from aggregator.text.urls import http_url

LEASE_S = 10 * 86_400
"""Seconds that we ask for; the hub says what it grants (section 5.1)."""

METHODS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
"""Of X-Hub-Signature (section 8). SHA-1 is still what most hubs send; as an HMAC it is not broken."""

_LINK = re.compile(r"<([^<>]{1,4096})>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s\",;]+))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]+))", re.IGNORECASE)


class Signature:
    """A check of signed content as it comes in: `update` with each part of it, then ask `good`."""

    def __init__(self, header: str, secret: str) -> None:
        method, _, self._given = header.strip().partition("=")
        known = METHODS.get(method.lower())
        self._mac = hmac.new(secret.encode(), digestmod=known) if known else None

    def update(self, part: bytes) -> None:
        if self._mac is not None:
            self._mac.update(part)

    @property
    def good(self) -> bool:
        """Whether the content is what somebody who knows the secret has signed; compared in constant time."""
        given = self._given.lower().encode("utf-8", "replace")
        return self._mac is not None and hmac.compare_digest(self._mac.hexdigest().encode(), given)


def linked(feed: ParsedFeed, response: Response) -> ParsedFeed:
    """The feed with the hubs and the topic that its HTTP header names, which go before its own (section 4)."""
    found: dict[str, list[str]] = {"hub": [], "self": []}
    for target, parameters in _LINK.findall(response.headers.get("link", "")):
        rel = _REL.search(parameters)
        url = http_url(target, response.url)
        for name in (rel[1] or rel[2] or "").lower().split() if rel and url else ():
            if name in found and url:
                found[name].append(url)
    if not found["hub"]:
        return feed
    return replace(feed, hubs=tuple(dict.fromkeys(found["hub"])), self_url=next(iter(found["self"]), feed.self_url))


def request_form(mode: str, topic: str, callback: str, secret: str) -> tuple[tuple[str, str], ...]:
    """What a hub is asked with; `mode` is subscribe or unsubscribe (section 5.1)."""
    fields = (("hub.callback", callback), ("hub.mode", mode), ("hub.topic", topic))
    if mode == "unsubscribe":
        return fields
    return (*fields, ("hub.lease_seconds", str(LEASE_S)), ("hub.secret", secret))

"""Who refuses, when a server does: a check for bots, a login, a firewall. Told from the answer's head and its page.

(A module of its own since it knows products by their marks, and changes when they do.) Nothing is fetched here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from aggregator.models.errors import Barrier
from aggregator.text.barriers import CHALLENGE

REFUSALS = frozenset({202, 401, 402, 403, 405, 406, 407, 418, 429, 451, 503, 520, 521, 999})
"""Statuses with which documents are refused to programs."""

_CHALLENGE_FIELDS = {
    "cf-mitigated": re.compile(r"challenge", re.IGNORECASE),
    "x-amzn-waf-action": re.compile(r"challenge|captcha", re.IGNORECASE),
    "x-datadome": re.compile(r"."),
    "x-dd-b": re.compile(r"."),
    "x-vercel-mitigated": re.compile(r"challenge", re.IGNORECASE),
    "sg-captcha": re.compile(r"challenge", re.IGNORECASE),
}
"""Cloudflare, AWS, DataDome, Vercel, SiteGround."""

_FIREWALL_FIELDS = ("x-sucuri-block", "x-iinfo", "x-wix-blocked")
"""Sucuri, Imperva."""

_BLOCKED = re.compile(
    rb"attention required! \| cloudflare|sorry, you have been blocked|access denied|request blocked"
    rb"|web application firewall|mod_security|wordfence|sucuri website firewall|akamai|not acceptable!|bot traffic"
    rb"|automated (?:access|requests)",
    re.IGNORECASE,
)


def barrier_of(status: int, headers: Mapping[str, str], page: bytes) -> Barrier | None:
    """What stands between us and the document; None where the answer does not say. `page` is the body's beginning."""
    if any(pattern.search(headers.get(name, "")) for name, pattern in _CHALLENGE_FIELDS.items()):
        return Barrier.CHALLENGE
    if status in (401, 407) or "www-authenticate" in headers:
        return Barrier.LOGIN
    if CHALLENGE.search(page):
        return Barrier.CHALLENGE
    if any(name in headers for name in _FIREWALL_FIELDS) or (status in (403, 406) and _BLOCKED.search(page)):
        return Barrier.BLOCKED
    return None

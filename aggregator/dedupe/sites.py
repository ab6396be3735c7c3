"""Which hosts belong to one site: the registrable domain, after the Public Suffix List.

Private suffixes count (`alice.github.io` and `bob.github.io` are two sites), since what rests on this is whom a page
may speak for. The list is the one that `publicsuffixlist` carries; nothing is downloaded.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

from aggregator.urls import host_of


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=4096)
def registrable(host: str) -> str | None:
    """`news.example.co.uk` -> `example.co.uk`; None for addresses, public suffixes and bare names."""
    name = host.rstrip(".").lower()
    if not name or _is_address(name):
        return None
    domain: str | None = _suffixes().privatesuffix(name)
    return domain if domain and "." in domain else None


def same_site(a: str, b: str) -> bool:
    """Whether two URLs belong to one site, so that one's page may name the other as its `rel=canonical`.

    Hosts without a registrable domain (addresses, `localhost`) are one site only when they are equal.
    """
    first, second = host_of(a).rstrip("."), host_of(b).rstrip(".")
    if not first or not second:
        return False
    domain = registrable(first)
    return first == second or (domain is not None and domain == registrable(second))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True

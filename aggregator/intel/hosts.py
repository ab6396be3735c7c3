"""Host names and addresses: which strings are ones, whose they are, which nobody can own.

A name is one when it ends in a name of the public suffix list and has a label before it.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

import idna
from publicsuffixlist import PublicSuffixList

from aggregator.intel.checksums import onion

MAX_HOST = 253
"""Characters (RFC 1035, 2.3.4)."""

RESERVED_ENDINGS = frozenset(
    {"example", "test", "local", "localhost", "invalid", "internal", "arpa", "localdomain", "lan"}
)
"""Top-level names that are nobody's (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`), and two of home routers."""

RESERVED_NAMES = frozenset({"example.com", "example.net", "example.org", "example.edu"})

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_ONION = re.compile(r"(?:[a-z2-7]{16}|[a-z2-7]{56})")


@lru_cache(1)
def _icann() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)


@lru_cache(1)
def _whole() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


@lru_cache(65536)
def host_name(labels: str) -> str | None:
    """The canonical name (lower case, IDN as `xn--`), or None for what is no public or reserved name."""
    name = labels.lower().strip(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    if len(name) > MAX_HOST or "." not in name or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        return None
    first, _, ending = name.rpartition(".")
    if ending == "onion":
        key = first.rpartition(".")[2]
        return name if _ONION.fullmatch(key) and (len(key) == 16 or onion(key)) else None
    if ending in RESERVED_ENDINGS:
        return name
    return name if _icann().privatesuffix(name) else None


@lru_cache(8192)
def registrable(host: str) -> str:
    """The domain that somebody registered (`a.b.example.co.uk`: `example.co.uk`), by ICANN's part of the list."""
    return _icann().privatesuffix(host) or host


@lru_cache(8192)
def shared_suffix(host: str) -> str | None:
    """The suffix below which strangers get names (`x.github.io`: `github.io`), from the list's private part."""
    suffix = _whole().publicsuffix(host)
    return suffix if suffix and _icann().privatesuffix(suffix) else None


def is_reserved_name(host: str) -> bool:
    """A name that nobody can own, or that stands for any (RFC 2606, RFC 6761)."""
    if host.rpartition(".")[2] in RESERVED_ENDINGS:
        return True
    return ".".join(host.rsplit(".", 2)[-2:]) in RESERVED_NAMES


def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, or None; octets with zeros in front are refused, since programs disagree on what they mean."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def is_reserved_address(text: str) -> bool:
    """Private, documentation, multicast, loopback and the like: nothing on the internet answers there."""
    value = ipaddress.ip_network(text, strict=False)
    return not value.is_global or value.is_multicast

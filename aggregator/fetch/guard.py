"""May we connect there? One answer for every request, asked of the address that is then connected to.

Only public unicast addresses may be reached, except for what `network.allow` names: a network, an address or a host.
The guard resolves nothing and opens nothing; it refuses names that are numbers in disguise, schemes that are not
http(s), and ports that belong to other services. It trusts no flag of the `ipaddress` module alone: several special
networks count as global there.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from aggregator.models.errors import Refusal, Refused
from aggregator.text.urls import ascii_host, http_url, redact

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SPECIAL_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network (RFC 791)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # carrier-grade NAT (RFC 6598)
        "127.0.0.0/8",  # loopback (RFC 1122)
        "168.63.129.16/32",  # the host agent of Azure, seen from inside every virtual machine there
        "169.254.0.0/16",  # link-local, and the metadata service of most clouds (RFC 3927)
        "172.16.0.0/12",  # private (RFC 1918)
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "192.168.0.0/16",  # private (RFC 1918)
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "198.51.100.0/24",  # documentation (RFC 5737)
        "203.0.113.0/24",  # documentation (RFC 5737)
        "224.0.0.0/4",  # multicast (RFC 5771)
        "240.0.0.0/4",  # reserved, and the broadcast address (RFC 1112)
    )
)
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
"""The only part of IPv6 that is given out as global unicast (RFC 4291); mapped, NAT64, ULA, fec0::/10 are outside."""

_SPECIAL_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks (RFC 2928)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4: carries an IPv4 address (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_LOCAL_NAMES = frozenset(
    {"alt", "example", "home", "internal", "invalid", "lan", "local", "localdomain", "localhost", "onion", "test"}
    | {"corp", "arpa"}
)
"""Last labels of names that no public server has (RFC 6761, 6762, 8375, 9476, and ICANN's for private use)."""

_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
"""A last label like this makes the whole host an IPv4 address for a system resolver (WHATWG URL, 3.5)."""

# fmt: off
_FOREIGN_PORTS = frozenset({
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 79, 109, 110, 111, 113, 119, 123, 135, 137,
    139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 540, 548, 554, 563, 587, 631, 636, 873, 989, 990, 993, 995,
    1719, 1720, 1723, 2049, 3659, 4045, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6697,
})
# fmt: on
"""Ports of line-based and other services that an HTTP request could be used to talk to (Fetch standard, bad ports)."""


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """What may be reached: `networks` and `hosts` (lower-case names) besides everything public."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def allowing(cls, targets: Iterable[str]) -> AddressGuard:
        """A guard with the exceptions of `network.allow`: CIDR networks, addresses and host names."""
        networks: list[Network] = []
        hosts: set[str] = set()
        for target in targets:
            try:
                networks.append(ipaddress.ip_network(target, strict=False))
            except ValueError:
                hosts.add(_bare(ascii_host(target) or target.lower()))
        return cls(tuple(networks), frozenset(hosts))

    def url(self, url: str) -> str:
        """`url` in its one normal form (see urls.http_url), or Refused because of its scheme, host or port."""
        normal = http_url(url, userinfo=True)
        if normal is None:
            raise Refused(redact(url), "not an http:// or https:// URL that can be fetched")
        parts = urlsplit(normal)
        host = _bare(parts.hostname or "")
        if disguised(parts.hostname or ""):
            raise Refused(redact(url), f"{host} is a number written to look like a host name")
        if parts.port in _FOREIGN_PORTS and host not in self.hosts:
            raise Refused(redact(url), f"port {parts.port} is blocked: only web ports are fetched")
        return normal

    def through_proxy(self, url: str) -> None:
        """Refused where `url` may not be asked of a proxy.

        The proxy looks names up, so that what they lead to is not known here: all that can be promised is that no
        private address and no name of a private network is asked for by name.
        """
        host = urlsplit(url).hostname or ""
        try:
            allowed = self.permits(host, ipaddress.ip_address(host))
        except ValueError:
            allowed = _bare(host) in self.hosts or public_name(host)
        if not allowed:
            raise Refused(redact(url), f"{_bare(host)} is not a public address (see network.allow)", Refusal.ADDRESS)

    def permits(self, host: str, address: Address) -> bool:
        """Whether `address`, which `host` resolved to, may be connected to."""
        if _bare(host) in self.hosts:
            return True
        if any(address.version == network.version and address in network for network in self.networks):
            inner = _translated(address)
            return inner is None or self.permits(host, inner)
        return is_public(address)


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could reach `address` (IANA special-purpose registries, RFC 6890)."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not any(address in network for network in _SPECIAL_V4)
    return (
        address in _UNICAST_V6
        and address.is_global
        and address.scope_id is None
        and not any(address in network for network in _SPECIAL_V6)
    )


def public_name(host: str) -> bool:
    """Whether the host of an address of ours may be one that others reach: nothing is resolved."""
    try:
        return is_public(ipaddress.ip_address(_bare(host)))
    except ValueError:
        name = _bare(host)
        return "." in name and not disguised(name) and name.rpartition(".")[2] not in _LOCAL_NAMES


def disguised(host: str) -> bool:
    """Whether `host` is a number that resolvers take for an address, but not a plain dotted one (`127.1`, `0x7f.1`)."""
    if ":" in host or not _NUMBER.fullmatch(_bare(host).rpartition(".")[2]):
        return False
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return True
    return False


def _translated(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a NAT64 gateway would connect to (RFC 6052)."""
    if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _bare(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()

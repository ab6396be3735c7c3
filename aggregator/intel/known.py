"""What nobody means to block: our own short list (`known.toml`) and the warning lists, asked by value.

A list's own type decides whether its entries match exactly, with what is below them, or as networks; what the list is
for decides whether a URL on such a host may still be an indicator. Nothing here knows an article.
"""

from __future__ import annotations

import ipaddress
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from aggregator.intel.hosts import host_name, shared_suffix
from aggregator.models.intel import WarningList
from aggregator.text.word_lists import word_list

SHARED_LISTS = frozenset({"lots-project", "url-shortener"})
"""Lists of hosts where strangers put what they like: URLs there are judged, the bare host is not."""

SERVICE_LISTS = frozenset(
    {"whats-my-ip", "crl-hostname", "captive-portals", "security-provider-blogpost", "automated-malware-analysis"}
)
"""Lists of hosts where nobody but their owner puts anything: their URLs are mentions, too."""

MAIL_LISTS = frozenset({"disposable-email", "common-contact-emails"})

_OWN = "our list of known hosts"


@dataclass(frozen=True, slots=True)
class KnownMatch:
    """A value on a list: the list's name, the entry, and whether URLs there and names below it may be indicators."""

    name: str
    entry: str
    shared: bool = False
    service: bool = False


@dataclass(frozen=True)
class KnownValues:
    """All lists, ready to be asked."""

    exact: Mapping[str, KnownMatch] = field(default_factory=dict)
    below: Mapping[str, KnownMatch] = field(default_factory=dict)
    """Hosts that stand for themselves and for every name below them."""
    networks: tuple[tuple[tuple[int, int, str], ...], tuple[tuple[int, int, str], ...]] = ((), ())
    """(first, last, list), ascending, without overlaps: of IPv4 and of IPv6."""
    hashes: Mapping[str, str] = field(default_factory=dict)
    mails: tuple[tuple[re.Pattern[str], str], ...] = ()
    disposable: frozenset[str] = frozenset()

    def host(self, host: str) -> KnownMatch | None:
        """The entry that a host matches: the longest name first, its own, then those above it."""
        suffix = shared_suffix(host) or ""
        name = host
        while "." in name:
            if len(name) <= len(suffix):
                return KnownMatch("shared hosting on the public suffix list", suffix, shared=True)
            match = self.below.get(name) or (self.exact.get(name) if name == host else None)
            if match:
                return self._weighed(match, suffix)
            name = name.partition(".")[2]
        return None

    def _weighed(self, match: KnownMatch, suffix: str) -> KnownMatch:
        """A list's host that stands on shared hosting (`gist.…`, `www.` before it) is shared hosting itself."""
        if match.shared or match.name == _OWN:
            return match
        name = match.entry
        while "." in name:
            above = self.below.get(name)
            if (above and above.shared) or name == suffix:
                return KnownMatch(match.name, match.entry, shared=True)
            name = name.partition(".")[2]
        return match

    def address(self, value: str) -> str | None:
        """The list that an address or a network lies in."""
        network = ipaddress.ip_network(value, strict=False)
        first, last = int(network.network_address), int(network.broadcast_address)
        ranges = self.networks[0 if network.version == 4 else 1]
        index = bisect_right(ranges, (first, 1 << 130, "")) - 1
        return ranges[index][2] if index >= 0 and ranges[index][1] >= last else None

    def mail(self, address: str) -> str | None:
        """The list that says that a mail address is everybody's (`abuse@…`)."""
        return next((name for pattern, name in self.mails if pattern.search(address)), None)


@lru_cache(1)
def own() -> KnownValues:
    """Our own short list alone."""
    return known(())


def known(lists: Iterable[WarningList]) -> KnownValues:
    """Our own list and these, compiled. Entries that cannot be read are left out: a list is a stranger's."""
    exact: dict[str, KnownMatch] = {}
    below: dict[str, KnownMatch] = {}
    networks: list[tuple[str, str]] = []
    hashes: dict[str, str] = {}
    mails: list[tuple[re.Pattern[str], str]] = []
    disposable: set[str] = set()
    for one in lists:
        if one.name in MAIL_LISTS:
            _mail_list(one, mails, disposable)
        elif one.kind == "cidr":
            networks.extend((entry, one.name) for entry in one.entries)
        elif "hash" in one.name or "ioc-false" in one.name:
            hashes.update((entry.lower(), one.name) for entry in one.entries)
        elif one.kind in {"string", "hostname", "substring"}:
            _hosts(one, exact, below)
    ours = word_list("aggregator.intel", "known")
    networks.extend((entry, _OWN) for entry in ours["addresses"])
    hashes.update((entry, "the hash of nothing") for entry in ours["hashes"])
    for key in ("hosts", "services", "shared"):
        for host in ours[key]:
            if key == "shared" or not (host in below and below[host].shared):
                below[host] = KnownMatch(_OWN, host, shared=key == "shared", service=key == "services")
    return KnownValues(exact, below, _ranges(networks), hashes, tuple(mails), frozenset(disposable))


def _hosts(one: WarningList, exact: dict[str, KnownMatch], below: dict[str, KnownMatch]) -> None:
    shared, service = one.name in SHARED_LISTS, one.name in SERVICE_LISTS
    for entry in one.entries:
        name = host_name(entry.strip("."))
        if name is None or ("/" in entry):
            continue
        match = KnownMatch(f"warning list {one.name}", name, shared, service)
        whole = one.kind in {"hostname", "substring"} or entry.startswith((".", "*.")) or shared
        table = below if whole else exact
        if name not in table or (shared and not table[name].shared):
            table[name] = match


def _mail_list(one: WarningList, mails: list[tuple[re.Pattern[str], str]], disposable: set[str]) -> None:
    if one.kind != "regex":
        disposable.update(entry.lower() for entry in one.entries)
        return
    if one.name == "common-contact-emails":  # a stranger's pattern could run forever: its meaning is written here
        mails.append((re.compile(r"^(?:security|noc|soc|abuse|cert|csirt|psirt|info|press|contact)@"), one.name))


def _ranges(
    networks: Iterable[tuple[str, str]],
) -> tuple[tuple[tuple[int, int, str], ...], tuple[tuple[int, int, str], ...]]:
    spans: tuple[list[tuple[int, int, str]], list[tuple[int, int, str]]] = ([], [])
    for entry, name in networks:
        try:
            network = ipaddress.ip_network(entry.strip(), strict=False)
        except ValueError:
            continue
        span = (int(network.network_address), int(network.broadcast_address), name)
        spans[0 if network.version == 4 else 1].append(span)
    return _merged(sorted(spans[0])), _merged(sorted(spans[1]))


def _merged(spans: list[tuple[int, int, str]]) -> tuple[tuple[int, int, str], ...]:
    merged: list[tuple[int, int, str]] = []
    for first, last, name in spans:
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]), merged[-1][2])
        else:
            merged.append((first, last, name))
    return tuple(merged)

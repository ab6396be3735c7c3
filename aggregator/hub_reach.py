"""May a hub be expected to reach us? Without an answer of yes nobody is told of us, and nothing is subscribed to."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aggregator.config.settings import Config
from aggregator.fetch import public_name
from aggregator.text.urls import host_of


def may_reach_us(config: Config, hub: str) -> bool:
    """Whether a hub could fetch from us, or call us: our address is public, or the operator named the hub's."""
    if public_name(urlsplit(config.site.base_url).hostname or ""):
        return True
    host = host_of(hub)
    return any(_is_in(host, target) for target in config.network.allow)


def _is_in(host: str, target: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")) in ipaddress.ip_network(target, strict=False)
    except ValueError:
        return host == target.lower()

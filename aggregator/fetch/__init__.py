"""The only code that talks to the network: guarded, capped, with a deadline, polite to every host.

It fetches bytes and parses none of them (robots.txt apart); what to fetch, and when, is decided elsewhere.
"""

from aggregator.fetch.client import Explanation, Fetcher, HopReport
from aggregator.fetch.guard import public_name
from aggregator.fetch.robots import origin, product_token

__all__ = ["Explanation", "Fetcher", "HopReport", "origin", "product_token", "public_name"]

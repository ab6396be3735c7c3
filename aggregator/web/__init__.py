"""The web server: what emit built, a search, and the state of the feeds. Reads; fetches nothing, changes nothing."""

from aggregator.web.app import application
from aggregator.web.server import Server

__all__ = ["Server", "application"]

"""The web server: what emit built, searches, an API, and the feeds' health. Reads; fetches nothing, changes nothing."""

from aggregator.web.app import application, of_folder
from aggregator.web.server import WebServer

__all__ = ["WebServer", "application", "of_folder"]

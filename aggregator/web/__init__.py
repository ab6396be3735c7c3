"""The web server: what emit built, searches, an API, and the feeds' health. Reads; fetches nothing, changes nothing."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

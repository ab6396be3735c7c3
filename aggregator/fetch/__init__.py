"""The only code that talks to the network: guarded, capped, with a deadline, polite to every host.

It fetches bytes and parses none of them (robots.txt apart); what to fetch, and when, is decided elsewhere.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

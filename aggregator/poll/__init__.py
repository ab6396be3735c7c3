"""The poll stage: bytes -> ParsedFeed, and when the feed is to be asked again. It fetches nothing and stores nothing.

`parse`, `discover` and `read_opml` look at hostile bytes and belong into a worker process (`pipeline.workers`);
what they need is imported when they are called. `succeeded`, `failed` and `body_hash` are pure and cheap.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

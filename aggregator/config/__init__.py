"""feeds.yaml and the environment -> a frozen Config; the only reader of either.

`load` reports every mistake at once. `create` writes a new file; `add_feeds` and
`remove_feed` change the file and keep its comments. `schema` and
`reference` are generated from the types in `aggregator.config.settings`, so that they cannot drift.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

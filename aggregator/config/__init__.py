"""feeds.yaml and the environment -> a frozen Config; the only reader of either.

`load` reports every mistake at once. `create` writes a new file; `add_feeds` and
`remove_feed` change the file and keep its comments. `schema` and
`reference` are generated from the types in `aggregator.config.settings`, so that they can not drift.
"""

from aggregator.config.document import literal
from aggregator.config.edit import add_feeds, as_yaml, create, remove_feed
from aggregator.config.load import feed_name, load
from aggregator.config.reference import reference, schema

__all__ = ["add_feeds", "as_yaml", "create", "feed_name", "literal", "load", "reference", "remove_feed", "schema"]

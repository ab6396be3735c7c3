"""feeds.yaml and the environment -> a frozen Config; the only reader of either.

`load` reports every mistake at once. `add_feed` and `remove_feed` change the file and keep its comments. `schema` and
`reference` are generated from the types in `aggregator.settings`, so that they can not drift.
"""

from aggregator.config.editing import add_feeds, remove_feed
from aggregator.config.reading import feed_name, load
from aggregator.config.reference import reference, schema

__all__ = ["add_feeds", "feed_name", "load", "reference", "remove_feed", "schema"]

"""Everything in one SQLite file that is pleasant to open and query; the only importer of sqlite_utils."""

from aggregator.store.connection import wal_reset_bug
from aggregator.store.database import Store
from aggregator.store.feed_config import ListedFeed, ListState
from aggregator.store.maintenance import backups_of, restored
from aggregator.store.retention import Limit
from aggregator.store.websub import Ping, Subscription

__all__ = [
    "Limit",
    "ListState",
    "ListedFeed",
    "Ping",
    "Store",
    "Subscription",
    "backups_of",
    "restored",
    "wal_reset_bug",
]

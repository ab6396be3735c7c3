"""Everything in one SQLite file that is pleasant to open and query; the only importer of sqlite_utils."""

from aggregator.store.database import Store
from aggregator.store.hub_pings import Ping
from aggregator.store.lists import ListedFeed, ListState
from aggregator.store.opening import wal_reset_bug
from aggregator.store.restoring import restored
from aggregator.store.retention import Limit
from aggregator.store.subscriptions import Subscription
from aggregator.store.upkeep import backups_of

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

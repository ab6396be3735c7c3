"""Everything in one SQLite file that is pleasant to open and query; the only importer of sqlite_utils."""

from aggregator.store.database import Store

__all__ = ["Store"]

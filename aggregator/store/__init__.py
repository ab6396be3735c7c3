"""Everything in one SQLite file that is pleasant to open and query; the only importer of sqlite_utils."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""One article once, however many feeds carry it; one story for one event, however many outlets cover it.

Pure functions over values: nothing here reads a file, a clock, the network or the database.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

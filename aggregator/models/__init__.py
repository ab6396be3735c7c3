"""Every value that crosses a boundary between two parts of the program.

Frozen, slotted, comparable; tuples instead of lists; every time is an aware UTC datetime. Nothing here does
anything, reads a clock, or knows where it came from or goes to. The order is that of the pipeline.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Page -> Article: the text, what the page says of itself, its neighbours, and clean HTML of it all.

Pure: bytes in, values out. It fetches nothing, stores nothing and reads no clock; it runs in a worker process that may
be killed. `read_article` reads whole pages, `clean_html` and `clean_entry` make a feed's own HTML safe and readable.
What they need takes long to load, and is imported when they are called: a round that brings nothing does without.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Entries to documents: feeds that every reader takes, and a mirror that a person reads.

`build` brings an output folder up to date with an archive; `opml` lists the sources; `answer` spells what a search
finds, `health` what happened to the feeds. None fetches anything, opens the database or reads the
clock. What each document contains, and why, is in docs/outputs.md.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

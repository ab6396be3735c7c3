"""The tables of what comes with an entry beside its text: files, pictures, what a podcast says of an episode.

Comments as in `tables_feeds`, which has the first form of `enclosures`.
"""

from __future__ import annotations

ENCLOSURES = """
CREATE TABLE enclosures (
    -- Files that come with entries: podcasts, images, reports.
    entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE, -- entry
    position INTEGER NOT NULL, -- place among the entry's files, from 0
    url TEXT NOT NULL, -- address
    type TEXT NOT NULL DEFAULT '', -- media type
    length INTEGER, -- bytes, where the feed said
    duration_s INTEGER, -- seconds that it plays, where the feed said
    title TEXT NOT NULL DEFAULT '', -- title of the file, plain text
    PRIMARY KEY (entry_id, position)
) STRICT, WITHOUT ROWID;
"""

ENTRY_IMAGES = """
CREATE TABLE entry_images (
    -- Pictures that feeds give for entries beside their text (Media RSS, JSON Feed image, itunes:image).
    entry_id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE, -- entry
    position INTEGER NOT NULL, -- 0: the main picture
    url TEXT NOT NULL, -- address
    alt TEXT NOT NULL DEFAULT '', -- description, plain text
    PRIMARY KEY (entry_id, position)
) STRICT, WITHOUT ROWID;
"""

EPISODES = """
CREATE TABLE episodes (
    -- What podcast feeds say of their episodes (itunes:*); one row for each entry that is one.
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE, -- entry
    season INTEGER, -- number of the season
    number INTEGER, -- number of the episode
    kind TEXT NOT NULL DEFAULT '', -- full, trailer or bonus; empty: not given
    explicit INTEGER, -- 1: for adults, 0: not; NULL: not given
    duration_s INTEGER, -- seconds
    subtitle TEXT NOT NULL DEFAULT '' -- subtitle, plain text
) STRICT;
"""

TO_NEW_FORM = "ALTER TABLE enclosures RENAME TO former_enclosures;"
FROM_FORMER = """
INSERT INTO enclosures (entry_id, position, url, type, length)
    SELECT entry_id, position, url, type, length FROM former_enclosures;
DROP TABLE former_enclosures;
"""

TABLES = (ENCLOSURES, ENTRY_IMAGES, EPISODES)
"""In the order of docs/database.md."""

"""The tables of lists that somebody else keeps: what the next look at each needs, and the feeds that it last named.

Comments as in `tables_feeds`.
"""

from __future__ import annotations

LISTS = """
CREATE TABLE lists (
    -- OPML lists of feeds.yaml whose feeds are followed as if they stood there.
    url TEXT PRIMARY KEY, -- address as in feeds.yaml; may hold a secret
    etag TEXT, -- ETag of the last good answer, byte for byte
    last_modified TEXT, -- Last-Modified of the last good answer, byte for byte
    last_try TEXT NOT NULL, -- time when it was last asked for
    last_success TEXT, -- time when that last went well
    next_try TEXT NOT NULL, -- not asked for before this time
    failures INTEGER NOT NULL DEFAULT 0, -- failures in a row; the feeds of the last good answer stay
    error TEXT, -- why the last try failed; NULL: it did not
    left_out INTEGER NOT NULL DEFAULT 0 -- feeds of the list beyond those that one may bring
) STRICT, WITHOUT ROWID;
"""

LISTED_FEEDS = """
CREATE TABLE listed_feeds (
    -- The feeds that each list named when it was last read.
    list_url TEXT NOT NULL REFERENCES lists (url) ON DELETE CASCADE, -- list
    position INTEGER NOT NULL, -- place in the list, from 0
    url TEXT NOT NULL, -- address of the feed; may hold a secret
    title TEXT NOT NULL, -- how the list calls it; may be empty
    tags TEXT NOT NULL, -- its folders and categories there (JSON array)
    PRIMARY KEY (list_url, position)
) STRICT, WITHOUT ROWID;
"""

TABLES = (LISTS, LISTED_FEEDS)
"""In the order of docs/database.md."""

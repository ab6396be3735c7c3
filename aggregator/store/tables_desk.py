"""What the desk needs beyond the tables of the stages: what befell the feeds, and an index to list by.

Comments as in `tables_feeds`.
"""

from __future__ import annotations

FEED_EVENTS = """
CREATE TABLE feed_events (
    -- What befell the feeds, for the feed of their health: the last 1000. Noted in the poll that shows it.
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- number of the event
    feed_id INTEGER REFERENCES feeds (id) ON DELETE CASCADE, -- feed; NULL: all of them
    at TEXT NOT NULL, -- time of the poll that shows it; seconds later where two would share one
    kind TEXT NOT NULL, -- broke, gone, back, moved, silent, posting; of all: idle (for hours), offline, online
    title TEXT NOT NULL, -- what happened, in a line
    words TEXT NOT NULL -- what happened, in a sentence
) STRICT;
CREATE INDEX idx_feed_events_feed ON feed_events (feed_id, id);
"""

LANGUAGES = "CREATE INDEX idx_articles_language ON articles (language);"

TABLES = (FEED_EVENTS,)
"""In the order of docs/database.md."""

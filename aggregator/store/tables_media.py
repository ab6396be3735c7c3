"""The tables of the images that are mirrored, and the triggers that say which articles are to be looked through.

Comments as in `tables_feeds`.
"""

from __future__ import annotations

MEDIA = """
CREATE TABLE media (
    -- Images of articles whose feed has `media: mirror`, each address once. Equal files are stored once: see hash.
    id INTEGER PRIMARY KEY, -- number of the image
    url TEXT NOT NULL UNIQUE, -- address at its origin
    host TEXT NOT NULL, -- host of that address
    state TEXT NOT NULL DEFAULT 'waiting', -- waiting; kept: there is a copy; tracker: shows nothing; refused: given up
    hash TEXT, -- SHA-256 of the copy's bytes, and its name: public/media/ab/abcd....jpg
    type TEXT, -- media type by content
    bytes INTEGER, -- size of the copy
    width INTEGER, -- pixels
    height INTEGER, -- pixels
    attempts INTEGER NOT NULL DEFAULT 0, -- times that it was asked for
    next_attempt TEXT, -- not asked for before this time; NULL: no more
    fetched_at TEXT, -- time when it was fetched
    error TEXT, -- why the last try failed
    CHECK (state IN ('waiting', 'kept', 'tracker', 'refused'))
) STRICT;
CREATE INDEX idx_media_next_attempt ON media (next_attempt) WHERE next_attempt IS NOT NULL;
CREATE INDEX idx_media_hash ON media (hash) WHERE hash IS NOT NULL;
"""

ARTICLE_MEDIA = """
CREATE TABLE article_media (
    -- Which articles show an image, or have shown it: former texts and archive documents still do.
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    media_id INTEGER NOT NULL REFERENCES media (id) ON DELETE CASCADE, -- image
    PRIMARY KEY (article_id, media_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_article_media_media ON article_media (media_id);
"""

MEDIA_QUEUE = """
CREATE TABLE media_queue (
    -- Articles to be looked through for images, because their text is new or has changed.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE -- article
) STRICT;
"""

TABLES = (MEDIA, ARTICLE_MEDIA, MEDIA_QUEUE)

TRIGGERS = (
    """
    CREATE TRIGGER media_article_new AFTER INSERT ON articles
    WHEN (SELECT json_extract(options, '$.media') FROM feeds WHERE id = new.feed_id) = 'mirror' BEGIN
        INSERT OR IGNORE INTO media_queue (article_id) VALUES (new.id);
    END
    """,
    """
    CREATE TRIGGER media_article_changed AFTER UPDATE OF html, lead_image ON articles
    WHEN (SELECT json_extract(options, '$.media') FROM feeds WHERE id = new.feed_id) = 'mirror' BEGIN
        INSERT OR IGNORE INTO media_queue (article_id) VALUES (new.id);
    END
    """,
    """
    CREATE TRIGGER media_entry_changed AFTER UPDATE OF html, summary, article_id ON entries
    WHEN (SELECT json_extract(options, '$.media') FROM feeds WHERE id = new.feed_id) = 'mirror' BEGIN
        INSERT OR IGNORE INTO media_queue (article_id) VALUES (new.article_id);
    END
    """,
)
"""Only articles of feeds with `media: mirror` are queued; those of a feed that gets it later are by `media.enqueue`."""

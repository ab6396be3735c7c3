"""The tables of stories: events, the articles that tell of each, why, and what an operator said of it.

Comments as in `tables_feeds`.
"""

from __future__ import annotations

STORIES = """
CREATE TABLE stories (
    -- Events. Most are told by one article only, and are not shown; one that others join keeps its id and first date.
    id TEXT PRIMARY KEY, -- id in the output, and name of its page; made from the article that it was founded with
    first_published TEXT NOT NULL, -- publication of that article
    merged_into TEXT REFERENCES stories (id), -- story that it turned out to be part of; NULL: it stands for itself
    at TEXT NOT NULL -- time when it was founded, or merged
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_stories_merged_into ON stories (merged_into) WHERE merged_into IS NOT NULL;
"""

STORY_ARTICLES = """
CREATE TABLE story_articles (
    -- The story of each article. Copies have none of their own: they follow the first publication.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- article
    story_id TEXT NOT NULL REFERENCES stories (id), -- story that it belongs to
    arrival INTEGER NOT NULL UNIQUE, -- place in the order in which articles were compared
    published TEXT NOT NULL, -- publication, as in articles when it was compared
    terms TEXT NOT NULL, -- what is compared: names, numbers, words with their weights (JSON object)
    settled INTEGER NOT NULL DEFAULT 0, -- whether it is too old to be compared with new ones
    at TEXT NOT NULL -- time when it came into this story
) STRICT;
CREATE INDEX idx_story_articles_story ON story_articles (story_id);
CREATE INDEX idx_story_articles_published ON story_articles (published);
CREATE INDEX idx_story_articles_unsettled ON story_articles (published) WHERE settled = 0;
"""

STORY_LINKS = """
CREATE TABLE story_links (
    -- How much two articles tell of one event. Of articles that are settled, only those within a story.
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article that was compared
    other_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article that it was compared with
    score REAL NOT NULL, -- 0 to 1
    evidence TEXT NOT NULL DEFAULT '[]', -- what they share, and its part of the score (JSON: [[term, part] ...])
    PRIMARY KEY (article_id, other_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_story_links_other ON story_links (other_id);
"""

STORY_RULINGS = """
CREATE TABLE story_rulings (
    -- What an operator said with `aggregator merge` and `split`; it outweighs every score, and is never undone by one.
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article with the lower number
    other_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article with the higher number
    together INTEGER NOT NULL, -- whether the two belong together, or do not
    at TEXT NOT NULL, -- time when it was said
    PRIMARY KEY (article_id, other_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_story_rulings_other ON story_rulings (other_id);
"""

STORY_WAITING = """
CREATE TABLE story_waiting (
    -- Articles that have no story yet: new ones, until they have been compared. Kept by triggers.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE -- article
) STRICT;
"""

WAITING = (
    STORY_WAITING,
    """
    INSERT INTO story_waiting (article_id) SELECT id FROM articles
        WHERE duplicate_of IS NULL AND id NOT IN (SELECT article_id FROM story_articles)
    """,
    """
    CREATE TRIGGER story_waiting_new AFTER INSERT ON articles WHEN new.duplicate_of IS NULL BEGIN
        INSERT INTO story_waiting (article_id) VALUES (new.id);
    END
    """,
    """
    CREATE TRIGGER story_waiting_copy AFTER UPDATE OF duplicate_of ON articles BEGIN
        DELETE FROM story_waiting WHERE article_id = new.id;
        INSERT INTO story_waiting (article_id) SELECT new.id
            WHERE new.duplicate_of IS NULL AND NOT EXISTS (SELECT 1 FROM story_articles WHERE article_id = new.id);
    END
    """,
    """
    CREATE TRIGGER story_waiting_placed AFTER INSERT ON story_articles BEGIN
        DELETE FROM story_waiting WHERE article_id = new.article_id;
    END
    """,
    """
    CREATE TRIGGER story_waiting_again AFTER DELETE ON story_articles BEGIN
        INSERT OR IGNORE INTO story_waiting (article_id)
            SELECT id FROM articles WHERE id = old.article_id AND duplicate_of IS NULL;
    END
    """,
)
"""The queue of articles to compare: looking through all articles for those without a story would cost too much."""

TABLES = (STORIES, STORY_ARTICLES, STORY_LINKS, STORY_RULINGS)
"""In the order of docs/database.md."""

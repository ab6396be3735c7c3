"""The tables of the outputs that the operator defines: what stands in each, in which order, since when.

Comments as in `tables_feeds`.
"""

from __future__ import annotations

OUTPUTS = """
CREATE TABLE outputs (
    -- The outputs of feeds.yaml.
    name TEXT PRIMARY KEY, -- name, as in feeds.yaml
    filter TEXT NOT NULL, -- conditions and grouping in force (JSON); when they change, all posts are looked at again
    seen INTEGER NOT NULL -- change number (posts.change) up to which posts were looked at
) STRICT, WITHOUT ROWID;
"""

OUTPUT_ENTRIES = """
CREATE TABLE output_entries (
    -- The entries of each output. One that has come in keeps its place and stamp; what ended may begin again.
    output TEXT NOT NULL REFERENCES outputs (name) ON DELETE CASCADE, -- output
    place INTEGER NOT NULL, -- order of coming in: 1, 2, 3 ...
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article; of a story: the first that came
    stamp TEXT NOT NULL, -- time shown: that of its post, or later, where it came in after newer ones; rises with place
    holds INTEGER NOT NULL DEFAULT 1, -- whether the conditions still hold
    told TEXT NOT NULL DEFAULT '[]', -- group: story: articles that the entry has shown (JSON)
    grown TEXT, -- group: story: time when it was last joined by an article
    ended TEXT, -- group: story: time when its story turned out to be that of an earlier entry
    PRIMARY KEY (output, place),
    UNIQUE (output, article_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_output_entries_article ON output_entries (article_id);
"""

TIMES_SHOWN = """
UPDATE posts SET revised = substr(revised, 1, 19) || printf('.%06dZ', sequence % 1000000)
    WHERE revised IS NOT NULL AND sequence % 1000000 > 0;
UPDATE output_entries SET grown = substr(grown, 1, 19) || printf('.%06dZ',
        (SELECT sequence FROM posts WHERE posts.article_id = output_entries.article_id) % 1000000)
    WHERE grown IS NOT NULL AND (SELECT sequence FROM posts WHERE posts.article_id = output_entries.article_id) > 0;
INSERT INTO numbers (name, value)
    SELECT 'last_time', unixepoch(max(time)) + 1 FROM (
        SELECT max(stamp) AS time FROM posts
        UNION SELECT max(revised) FROM posts UNION SELECT max(at) FROM withdrawals)
    HAVING max(time) IS NOT NULL;
INSERT INTO numbers (name, value)
    SELECT 'last_time of ' || outputs.name, unixepoch((SELECT max(time) FROM (
        SELECT max(stamp) AS time FROM output_entries WHERE output = outputs.name
        UNION SELECT max(grown) FROM output_entries WHERE output = outputs.name
        UNION SELECT max(ended) FROM output_entries WHERE output = outputs.name
        UNION SELECT max(revised) FROM posts UNION SELECT max(at) FROM withdrawals))) + 1
    FROM outputs WHERE EXISTS (SELECT 1 FROM output_entries WHERE output = outputs.name);
"""
"""Times as the documents have shown them so far: a revision carried its post's sequence as microseconds."""

ENDED = "CREATE INDEX idx_output_entries_ended ON output_entries (output, ended) WHERE ended IS NOT NULL;"

TABLES = (OUTPUTS, OUTPUT_ENTRIES)
"""In the order of docs/database.md."""

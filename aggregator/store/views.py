"""The views: questions that people ask, answered by name. Comments as in `tables_feeds`."""

from __future__ import annotations

LATEST_ARTICLES = """
CREATE VIEW latest_articles AS SELECT
    -- What has been put out, newest first, without duplicates.
    articles.id AS id, -- number of the article
    articles.published AS published, -- publication
    articles.title AS title, -- title
    feeds.name AS source, -- feed that brought it first
    articles.author AS author, -- author
    articles.url AS url, -- link to the original
    articles.teaser AS teaser, -- beginning of the text
    articles.word_count AS words, -- words in the text
    articles.state AS state, -- scraped: the page's text; others: the feed's
    (SELECT count(*) FROM articles AS copy WHERE copy.duplicate_of = articles.id) AS copies, -- duplicates linked to it
    (SELECT count(*) FROM revisions AS r WHERE r.article_id = articles.id AND r.kind = 'edited') AS edits, -- revisions
    posts.sequence AS sequence, -- place in the output
    posts.path AS path -- page on the mirror
FROM posts
JOIN articles ON articles.id = posts.article_id
JOIN feeds ON feeds.id = articles.feed_id
WHERE posts.sequence IS NOT NULL AND posts.hidden = 0
ORDER BY posts.sequence DESC
"""

FEED_HEALTH = """
CREATE VIEW feed_health AS SELECT
    -- How each configured feed does, the ones in trouble first.
    f.name AS name, -- name
    CASE WHEN f.paused THEN 'paused' ELSE f.status END AS state, -- ok, backing_off, gone or paused
    f.last_success AS last_success, -- last poll that went well
    f.last_poll AS last_poll, -- last poll
    f.next_poll AS next_poll, -- next poll, not before
    f.next_poll_reason AS why_then, -- why then
    f.failures AS failures_in_a_row, -- failed polls since the last good one
    f.last_error AS last_error, -- what the last failed poll said
    (SELECT count(*) FROM entries AS e WHERE e.feed_id = f.id) AS entries, -- entries held
    (SELECT count(*) FROM chain AS c WHERE c.feed_id = f.id AND c.state = 'found') AS found_by_chain, -- as in chain
    (SELECT max(e.published_at) FROM entries AS e WHERE e.feed_id = f.id) AS newest_entry, -- when its newest came out
    (SELECT count(*) FROM articles AS a WHERE a.feed_id = f.id AND a.state = 'pending') AS pages_waiting, -- not fetched
    (SELECT count(*) FROM articles AS a WHERE a.feed_id = f.id AND a.state = 'failed') AS pages_failed, -- not scraped
    f.interval_s / 60 AS minutes_between_polls, -- present interval
    f.url AS url -- address as in feeds.yaml; may hold a secret
FROM feeds AS f
WHERE f.configured
ORDER BY f.status = 'ok', f.failures DESC, f.name
"""

DUPLICATES = """
CREATE VIEW duplicates_view AS SELECT
    -- Every duplicate beside the article that it is a copy of.
    copy.id AS id, -- number of the copy
    copy.title AS title, -- its title
    copy_feed.name AS source, -- its feed
    copy.published AS published, -- its publication
    copy.url AS url, -- link to it
    copy.similarity AS similarity, -- how alike the two are, 0 to 1
    copy.duplicate_reason AS reason, -- why they are taken for the same
    original.id AS original_id, -- number of the first publication
    original.title AS original_title, -- its title
    original_feed.name AS original_source, -- its feed
    original.published AS original_published, -- its publication
    original.url AS original_url -- link to it
FROM articles AS copy
JOIN articles AS original ON original.id = copy.duplicate_of
JOIN feeds AS copy_feed ON copy_feed.id = copy.feed_id
JOIN feeds AS original_feed ON original_feed.id = original.feed_id
"""

SETTLED_NEIGHBOURS = """
CREATE VIEW settled_neighbours AS SELECT
    -- What pages say of their next and previous posts, put right: dates tell which of two posts is the next.
    stated.article_id AS id, -- number of the article whose page says so
    stated.direction AS said, -- next or previous, as the page says
    CASE WHEN held.published > own.published THEN 'next' WHEN held.published < own.published THEN 'previous'
        WHEN feeds.links_reversed AND held.id IS NULL
        THEN CASE stated.direction WHEN 'next' THEN 'previous' ELSE 'next' END
        ELSE stated.direction
    END AS direction, -- next: the newer post, previous: the older one, whatever the page calls it
    stated.url AS url, -- link to the neighbour
    stated.canonical_url AS canonical_url, -- the same for comparing
    stated.title AS title, -- title that the page shows for it
    stated.teaser AS teaser, -- teaser that the page shows for it
    stated.found_at AS found_at, -- time when it was found
    held.id AS held_id -- number of the neighbour, where it is held
FROM neighbours AS stated
JOIN articles AS own ON own.id = stated.article_id
JOIN feeds ON feeds.id = own.feed_id
LEFT JOIN article_urls ON article_urls.url = stated.canonical_url
LEFT JOIN articles AS held ON held.id = article_urls.article_id
"""

NEXT_POSTS = """
CREATE VIEW next_posts AS SELECT
    -- The next post of each article whose page states one, or whom another page names as its previous post.
    chain.article_id AS id, -- number of the article
    articles.title AS title, -- its title
    chain.stated_by AS stated_by, -- page: its own page; next page: the next post's page
    chain.url AS next_url, -- link to the next post
    coalesce(nullif(held.title, ''), chain.title) AS next_title, -- title of the next post
    coalesce(nullif(held.teaser, ''), chain.teaser) AS next_teaser, -- teaser of the next post
    held.id AS next_id -- number of the next post, where it is held
FROM (
    SELECT id AS article_id, 'page' AS stated_by, url, title, teaser, held_id
    FROM settled_neighbours WHERE direction = 'next'
    UNION ALL
    SELECT stated.held_id, 'next page', later.url, later.title, later.teaser, later.id
    FROM settled_neighbours AS stated
    JOIN articles AS later ON later.id = stated.id
    WHERE stated.direction = 'previous' AND stated.held_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM settled_neighbours AS own WHERE own.id = stated.held_id AND own.direction = 'next'
    )
) AS chain
JOIN articles ON articles.id = chain.article_id
LEFT JOIN articles AS held ON held.id = chain.held_id
"""

GAPS = """
CREATE VIEW gaps AS SELECT
    -- Previous posts that pages name and that no poll ever saw: they fell out of the feed between two polls.
    articles.id AS id, -- number of the article whose page names it
    articles.title AS title, -- its title
    feeds.name AS source, -- its feed
    stated.url AS missing_url, -- link to the post that is missing
    stated.title AS missing_title, -- title that the page shows for it
    stated.found_at AS found_at, -- time when the link was found
    coalesce(chain.reason, chain.state) AS outcome -- what came of following it so far; NULL: not yet followed
FROM entries
JOIN articles ON articles.id = entries.article_id
JOIN feeds ON feeds.id = entries.feed_id
JOIN settled_neighbours AS stated ON stated.id = articles.id AND stated.direction = 'previous'
LEFT JOIN chain ON chain.canonical_url = stated.canonical_url
WHERE entries.missed_since IS NOT NULL AND julianday(articles.published) > julianday(entries.missed_since) - 1
    AND NOT EXISTS (
        SELECT 1 FROM article_urls JOIN entries AS held ON held.article_id = article_urls.article_id
        WHERE article_urls.url = stated.canonical_url
    )
"""

VIEWS = (LATEST_ARTICLES, FEED_HEALTH, DUPLICATES, SETTLED_NEIGHBOURS, NEXT_POSTS, GAPS)
"""In the order of docs/database.md."""

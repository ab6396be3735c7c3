"""The views of the usual questions that came later, and those of `views` in the form that answers quickly.

Comments as in `tables_feeds`. A view is for people: whoever asks for one article, one feed or the newest must not wait
for all of them.
"""

from __future__ import annotations

# In GAPS the order of the joins is given: what is held falls out before rows of articles, which are large, are read.
# Its CASE is that of settled_neighbours.

DUPLICATES = """
CREATE VIEW duplicates AS SELECT
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
    SELECT own.id, 'next page', later.url, later.title, later.teaser, later.id
    FROM article_urls
    JOIN articles AS own ON own.id = article_urls.article_id
    JOIN neighbours AS stated ON stated.canonical_url = article_urls.url
    JOIN articles AS later ON later.id = stated.article_id
    WHERE CASE WHEN own.published > later.published THEN 'next' WHEN own.published < later.published THEN 'previous'
            ELSE stated.direction END = 'previous'
        AND NOT EXISTS (SELECT 1 FROM settled_neighbours AS said WHERE said.id = own.id AND said.direction = 'next')
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
CROSS JOIN neighbours AS stated ON stated.article_id = entries.article_id
CROSS JOIN articles ON articles.id = entries.article_id
CROSS JOIN feeds ON feeds.id = entries.feed_id
CROSS JOIN feeds AS owner ON owner.id = articles.feed_id
LEFT JOIN article_urls ON article_urls.url = stated.canonical_url
LEFT JOIN articles AS held ON held.id = article_urls.article_id
LEFT JOIN chain ON chain.canonical_url = stated.canonical_url
WHERE entries.missed_since IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM article_urls JOIN entries AS held ON held.article_id = article_urls.article_id
        WHERE article_urls.url = stated.canonical_url
    )
    AND julianday(articles.published) > julianday(entries.missed_since) - 1
    AND CASE WHEN held.published > articles.published THEN 'next' WHEN held.published < articles.published
        THEN 'previous' WHEN owner.links_reversed AND held.id IS NULL
        THEN CASE stated.direction WHEN 'next' THEN 'previous' ELSE 'next' END ELSE stated.direction
        END = 'previous'
"""

SILENT_FEEDS = """
CREATE VIEW silent_feeds AS SELECT
    -- Feeds that are polled well and have not posted for unusually long, each by its own rhythm (its last 50 posts).
    feeds.name AS name, -- name
    rhythm.newest AS newest_entry, -- when its newest came out
    round(julianday('now') - julianday(rhythm.newest), 1) AS silent_days, -- days since then
    round(rhythm.usual, 1) AS usual_days, -- days from one post to the next, on average
    round(rhythm.longest, 1) AS longest_days, -- the longest that it had been silent before
    feeds.home_page_url AS home_page_url -- its site
FROM feeds
JOIN (
    SELECT feed_id, max(at) AS newest, max(gap) AS longest,
        (julianday(max(at)) - julianday(min(at))) / (count(*) - 1) AS usual
    FROM (
        SELECT feed_id, at, julianday(at) - julianday(lag(at) OVER (PARTITION BY feed_id ORDER BY at)) AS gap
        FROM (
            SELECT DISTINCT of.id AS feed_id, entries.published_at AS at
            FROM feeds AS of JOIN entries ON entries.id IN (
                SELECT id FROM entries AS own WHERE own.feed_id = of.id ORDER BY own.published_at DESC LIMIT 50
            )
        )
    )
    GROUP BY feed_id HAVING count(*) >= 8
) AS rhythm ON rhythm.feed_id = feeds.id
WHERE feeds.configured AND NOT feeds.paused AND feeds.status <> 'gone' AND feeds.failures = 0
    AND julianday('now') - julianday(rhythm.newest) > max(1.5 * rhythm.longest, 5 * rhythm.usual, 1)
ORDER BY rhythm.newest
"""

LATEST_STORIES = """
CREATE VIEW latest_stories AS SELECT
    -- Events that more than one article tells of, the one with the newest article first. Copies do not count.
    told.story_id AS id, -- number of the story, as in stories
    articles.title AS title, -- title of the article that was published first
    feeds.name AS source, -- its feed
    told.articles AS articles, -- articles that tell of it
    told.outlets AS outlets, -- feeds that brought them
    told.first AS first_published, -- publication of the first of them
    told.last AS last_published -- publication of the last
FROM (
    SELECT story.story_id, count(*) AS articles, count(DISTINCT member.feed_id) AS outlets,
        min(story.published) AS first, max(story.published) AS last
    FROM story_articles AS story JOIN articles AS member ON member.id = story.article_id
    GROUP BY story.story_id HAVING count(*) > 1
) AS told
JOIN articles ON articles.id = (
    SELECT article_id FROM story_articles WHERE story_id = told.story_id ORDER BY published, article_id LIMIT 1
)
JOIN feeds ON feeds.id = articles.feed_id
ORDER BY told.last DESC
"""

RELATED = """
CREATE VIEW related AS SELECT
    -- What hangs together with each article: copies, those that tell of the same event, next and previous post.
    found.id AS id, -- number of the article
    found.relation AS relation, -- what the other is to it: original, copy, story, next or previous
    other.id AS other_id, -- number of the other; NULL: it is not held
    coalesce(nullif(other.title, ''), found.title) AS title, -- title of the other
    feeds.name AS source, -- its feed
    other.published AS published, -- its publication
    coalesce(other.url, found.url) AS url, -- link to it
    found.why AS why -- why the two belong together
FROM (
    SELECT id, 'original' AS relation, duplicate_of AS other_id, NULL AS title, NULL AS url,
        duplicate_reason || ' (' || round(similarity, 2) || ')' AS why
    FROM articles WHERE duplicate_of IS NOT NULL
    UNION ALL
    SELECT duplicate_of, 'copy', id, NULL, NULL, duplicate_reason || ' (' || round(similarity, 2) || ')'
    FROM articles WHERE duplicate_of IS NOT NULL
    UNION ALL
    SELECT own.article_id, 'story', member.article_id, NULL, NULL, 'story ' || own.story_id || coalesce(
        ', score ' || (SELECT round(max(score), 2) FROM story_links AS link
            WHERE link.article_id = own.article_id AND link.other_id = member.article_id
                OR link.article_id = member.article_id AND link.other_id = own.article_id),
        ', through others')
    FROM story_articles AS own
    JOIN story_articles AS member ON member.story_id = own.story_id AND member.article_id <> own.article_id
    UNION ALL
    SELECT id, 'next', next_id, next_title, next_url, 'stated by the ' || stated_by FROM next_posts
    UNION ALL
    SELECT id, 'previous', held_id, title, url, 'stated by the page' FROM settled_neighbours
    WHERE direction = 'previous'
) AS found
LEFT JOIN articles AS other ON other.id = found.other_id
LEFT JOIN feeds ON feeds.id = other.feed_id
"""

FORMER = ("duplicates_view", "next_posts", "gaps")
"""The views that these take the place of."""

TABLES = (DUPLICATES, NEXT_POSTS, GAPS, SILENT_FEEDS, LATEST_STORIES, RELATED)
"""In the order of docs/database.md."""

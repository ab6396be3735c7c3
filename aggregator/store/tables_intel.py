"""The tables of what articles name: facts, flaws, hits of watchlists. Comments as in `tables_feeds`."""

from __future__ import annotations

FACTS = """
CREATE TABLE facts (
    -- What an article names: one row for each kind and value. A copy's facts are those of its original.
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    kind TEXT NOT NULL, -- cve, actor, software, vendor, product, domain, url, ipv4, sha256 ...
    value TEXT NOT NULL, -- canonical, refanged
    shown TEXT NOT NULL, -- as it stands in the article first
    name TEXT, -- name of a technique, group or tool
    attack_id TEXT, -- its number in ATT&CK
    indicator INTEGER NOT NULL, -- 1: an indicator; 0: a mention, or of a kind that is not judged
    why TEXT NOT NULL, -- reason for that; empty where nothing is judged
    confidence INTEGER, -- of an indicator: 80 defanged or listed, 50 in a sentence
    port INTEGER, -- port beside an address or a name
    count INTEGER NOT NULL, -- times that it stands in the article
    places TEXT NOT NULL, -- JSON: [[field, start, end], ...] in characters of title or text
    recogniser INTEGER NOT NULL, -- version of the recogniser
    PRIMARY KEY (article_id, kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_facts_value ON facts (kind, value);
"""

FACTS_WAITING = """
CREATE TABLE facts_waiting (
    -- Articles whose text has yet to be read for what it names. Kept by triggers.
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE -- article
) STRICT;
"""

VULNERABILITIES = """
CREATE TABLE vulnerabilities (
    -- The flaws that articles name, with what the data files know of them.
    cve TEXT PRIMARY KEY, -- CVE number
    state TEXT, -- published, rejected; NULL: no record
    title TEXT, -- title
    products TEXT NOT NULL DEFAULT '[]', -- JSON: what the record calls affected
    cvss REAL, -- CVSS base score
    cvss_version TEXT, -- version of CVSS
    severity TEXT, -- severity in words
    vector TEXT, -- CVSS vector
    cwes TEXT NOT NULL DEFAULT '[]', -- JSON: weaknesses
    epss REAL, -- chance of being exploited in the next 30 days, by EPSS
    epss_percentile REAL, -- share of flaws with a lower one
    epss_date TEXT, -- date of the EPSS file
    epss_model TEXT, -- model of the EPSS file
    kev_added TEXT, -- day on which KEV took it in
    kev_due TEXT, -- day by which US agencies have to act
    kev_ransomware INTEGER, -- 1: known to be used by ransomware
    ssvc TEXT, -- exploitation as CISA states it: none, poc, active
    exploited INTEGER NOT NULL DEFAULT 0, -- 1: exploited now
    exploited_by TEXT, -- who says so: kev or ssvc
    exploited_since TEXT, -- time when we learnt it
    published TEXT, -- time when the record was published
    first_named TEXT, -- publication of the first article that names it
    articles INTEGER NOT NULL DEFAULT 0, -- articles that name it
    changed_at TEXT -- time when its state changed last
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_vulnerabilities_exploited ON vulnerabilities (exploited_since) WHERE exploited;
"""

WATCH_HITS = """
CREATE TABLE watch_hits (
    -- Articles that concern a watchlist.
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- article
    watch TEXT NOT NULL, -- name of the watchlist
    why TEXT NOT NULL, -- reason
    certain INTEGER NOT NULL, -- 1: by a CVE record; 0: by name
    exploited INTEGER NOT NULL DEFAULT 0, -- 1: a flaw of it is exploited
    at TEXT NOT NULL, -- time when that was found
    told_at TEXT, -- time of the message; NULL: none
    told_exploited INTEGER NOT NULL DEFAULT 0, -- 1: the message said that a flaw of it is exploited
    PRIMARY KEY (article_id, watch)
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_watch_hits_watch ON watch_hits (watch, at);
"""

SUBJECTS_CHANGED = """
CREATE TABLE fact_pages_changed (
    -- Pages of flaws, groups, software, vendors and products that have to be written again.
    kind TEXT NOT NULL, -- cve, actor, software, vendor or product
    value TEXT NOT NULL, -- as in facts
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;
"""

TRIGGERS = (
    """
    INSERT INTO facts_waiting (article_id)
        SELECT id FROM articles WHERE (text <> '' OR title <> '') AND duplicate_of IS NULL
    """,
    """
    CREATE TRIGGER facts_waiting_new AFTER INSERT ON articles BEGIN
        INSERT OR IGNORE INTO facts_waiting (article_id) VALUES (new.id);
    END
    """,
    """
    CREATE TRIGGER facts_waiting_changed AFTER UPDATE OF title, text ON articles
        WHEN old.title IS NOT new.title OR old.text IS NOT new.text BEGIN
        INSERT OR IGNORE INTO facts_waiting (article_id) VALUES (new.id);
    END
    """,
)

EXPLOITED_NOW = """
CREATE VIEW exploited_now AS SELECT
    -- Flaws that articles name and that are exploited now, those learnt last first.
    cve, -- CVE number
    title, -- title
    exploited_since, -- time when we learnt it
    exploited_by, -- kev or ssvc
    kev_added, -- day on which KEV took it in
    kev_due, -- day by which US agencies have to act
    kev_ransomware, -- 1: known to be used by ransomware
    cvss, -- CVSS base score
    epss, -- EPSS score
    first_named, -- publication of the first article that names it
    articles -- articles that name it
FROM vulnerabilities WHERE exploited ORDER BY exploited_since DESC, cve DESC
"""

LATEST_VULNERABILITIES = """
CREATE VIEW latest_vulnerabilities AS SELECT
    -- Flaws that articles name, those first named last first.
    cve, -- CVE number
    title, -- title
    first_named, -- publication of the first article that names it
    articles, -- articles that name it
    exploited, -- 1: exploited now
    cvss, -- CVSS base score
    severity, -- severity in words
    epss -- EPSS score
FROM vulnerabilities ORDER BY first_named DESC, cve DESC
"""

INDICATORS = """
CREATE VIEW indicators AS SELECT
    -- Every indicator, with where it was seen.
    facts.value AS value, -- value
    facts.kind AS kind, -- kind
    min(articles.published) AS first_seen, -- publication of the first article that names it
    max(articles.published) AS last_seen, -- publication of the last one
    count(*) AS articles, -- articles that name it
    count(DISTINCT articles.feed_id) AS outlets, -- feeds that they came from
    min(facts.why) AS why -- reason
FROM facts JOIN articles ON articles.id = facts.article_id
WHERE facts.indicator GROUP BY facts.kind, facts.value
"""

LATEST_ACTORS = """
CREATE VIEW latest_actors AS SELECT
    -- Groups that articles name, those named last first.
    facts.value AS actor, -- name
    facts.attack_id AS attack_id, -- number in ATT&CK
    max(articles.published) AS last_named, -- publication of the last article that names it
    min(articles.published) AS first_named, -- publication of the first one
    count(*) AS articles -- articles that name it
FROM facts JOIN articles ON articles.id = facts.article_id
WHERE facts.kind = 'actor' GROUP BY facts.value, facts.attack_id ORDER BY last_named DESC
"""

MY_PRODUCTS = """
CREATE VIEW my_products AS SELECT
    -- Hits of the watchlists, newest first.
    watch_hits.watch AS watch, -- name of the watchlist
    watch_hits.at AS at, -- time when it was found
    watch_hits.why AS why, -- reason
    watch_hits.certain AS certain, -- 1: by a CVE record; 0: by name
    watch_hits.exploited AS exploited, -- 1: a flaw of it is exploited
    articles.title AS title, -- title of the article
    articles.url AS url, -- link to it
    articles.id AS article_id -- article
FROM watch_hits JOIN articles ON articles.id = watch_hits.article_id ORDER BY watch_hits.at DESC
"""

TABLES = (FACTS, FACTS_WAITING, VULNERABILITIES, WATCH_HITS, SUBJECTS_CHANGED)
VIEWS = (EXPLOITED_NOW, LATEST_VULNERABILITIES, INDICATORS, LATEST_ACTORS, MY_PRODUCTS)

"""The tables of WebSub: what hubs have been told of our documents, and what we subscribe to at the hubs of others.

Comments as in `tables_feeds`.
"""

from __future__ import annotations

HUB_PINGS = """
CREATE TABLE hub_pings (
    -- What each hub of site.hubs knows of each feed document: a ping that failed is not forgotten by a restart.
    hub TEXT NOT NULL, -- address of the hub
    topic TEXT NOT NULL, -- address of the document
    hash TEXT NOT NULL, -- hash (SHA-256) of the document as it is now
    due TEXT, -- the hub is to be told at this time; NULL: it knows
    failures INTEGER NOT NULL DEFAULT 0, -- failed tries in a row
    error TEXT, -- why the last try failed; NULL: it did not
    PRIMARY KEY (hub, topic)
) STRICT, WITHOUT ROWID;
"""

SUBSCRIPTIONS = """
CREATE TABLE subscriptions (
    -- Our subscriptions at the hubs that feeds name: a hub calls when its feed has something new.
    id INTEGER PRIMARY KEY, -- number of the subscription
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE, -- feed that is polled when the hub calls
    hub TEXT NOT NULL, -- address of the hub
    topic TEXT NOT NULL, -- address by which the hub knows the feed
    token TEXT NOT NULL UNIQUE, -- last part of the address that the hub calls: a secret between it and us
    secret TEXT NOT NULL, -- key with which the hub signs its calls
    state TEXT NOT NULL DEFAULT 'wanted', -- wanted, active, denied, or leaving: to be ended
    asked_at TEXT, -- time when the hub last took our request; NULL: never
    expires_at TEXT, -- end of the lease; NULL: not confirmed yet
    next_try TEXT, -- when the hub is to be asked (again); NULL: now
    failures INTEGER NOT NULL DEFAULT 0, -- requests in a row that failed or were not confirmed
    error TEXT, -- what went wrong last; NULL: nothing
    works INTEGER NOT NULL DEFAULT 0, -- whether it called for all that came lately: then the feed is polled less often
    calls INTEGER NOT NULL DEFAULT 0, -- signed calls so far
    polled_calls INTEGER NOT NULL DEFAULT 0, -- of these, those that a poll has followed
    called_at TEXT -- time of the last signed call
) STRICT;
CREATE UNIQUE INDEX idx_subscriptions_feed ON subscriptions (feed_id) WHERE state <> 'leaving';
"""

TABLES = (HUB_PINGS, SUBSCRIPTIONS)
"""In the order of docs/database.md."""

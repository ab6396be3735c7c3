"""What an output's filter is asked about: for each post its outlets, tags, words, facts and what it is."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aggregator.models.filters import PostTraits
from aggregator.store import times
from aggregator.store.feeds import STANDING
from aggregator.text.urls import default_name, title_as_name

if TYPE_CHECKING:
    from aggregator.store.connection import Sql
from aggregator.store.identity import OWN_ENTRY

FEW = 200
"""Posts that are looked up in the search index one by one; for more, all matches of an expression are listed."""


def newest_date(sql: Sql) -> datetime:
    """The stamp of the newest post: what ages are counted from, so that no clock is needed."""
    stamp = sql.value("SELECT stamp FROM posts WHERE sequence = (SELECT max(sequence) FROM posts)")
    return times.read(stamp) or datetime.min.replace(tzinfo=UTC)


_POSTS = f"""
    SELECT posts.article_id, posts.sequence, posts.stamp, posts.published,
        coalesce(articles.language, entries.language, feeds.language) AS language,
        coalesce(story.story_id, '') AS story_id
    FROM posts
    JOIN articles ON articles.id = posts.article_id
    JOIN feeds ON feeds.id = articles.feed_id
    LEFT JOIN story_articles AS story ON story.article_id = articles.id
    LEFT JOIN entries ON entries.id = {OWN_ENTRY}
    WHERE posts.sequence IS NOT NULL AND {{listed}} AND {STANDING} AND {{posts}}
    ORDER BY posts.sequence
"""  # noqa: S608 - our own words


_CARRIERS = """
    SELECT entries.article_id AS id, entries.feed_id FROM entries
    WHERE {entries}
    UNION
    SELECT articles.duplicate_of, entries.feed_id FROM articles JOIN entries ON entries.article_id = articles.id
    WHERE articles.duplicate_of IS NOT NULL AND {copies}
"""


_ONLY_THESE = {
    "posts": "posts.article_id IN (SELECT value FROM json_each(:ids))",
    "entries": "entries.article_id IN (SELECT value FROM json_each(:ids))",
    "copies": "articles.duplicate_of IN (SELECT value FROM json_each(:ids))",
    "listed": "NOT posts.hidden",
}
"""What limits the statements to a few posts. Not "all of them, or these": SQLite would go through all for that."""


_NAMES = """
    SELECT feeds.id, feeds.name, feeds.title, feeds.url, feed_tags.tag
    FROM feeds LEFT JOIN feed_tags ON feed_tags.feed_id = feeds.id
"""


@dataclass(frozen=True, slots=True)
class FilterFacts:
    """A post that has been put out and is no copy, as outputs see it. `story` names it alone where it has none."""

    article_id: int
    sequence: int
    stamp: datetime
    story: str
    facts: PostTraits


_OR_MUTED = "articles.duplicate_of IS NULL"


def gather(
    sql: Sql, expressions: Iterable[str], ids: Collection[int] | None = None, *, muted: bool = False
) -> list[FilterFacts]:
    """The posts of these articles (None: of all) in the order of going out; `expressions` are looked for in them.

    `muted`: also posts that the rules of the combined feed kept out of it.
    """
    wanted = {} if ids is None else {"ids": json.dumps(sorted(ids))}
    only = dict.fromkeys(_ONLY_THESE, "TRUE") if ids is None else dict(_ONLY_THESE)
    only["listed"] = _OR_MUTED if muted else _ONLY_THESE["listed"]
    rows = sql.all(_POSTS.format(**only), wanted)
    tags, names = _names(sql)
    carriers: defaultdict[int, list[int]] = defaultdict(list)
    for row in sql.all(_CARRIERS.format(**only), wanted):
        carriers[row["id"]].append(row["feed_id"])
    matched = _matched(sql, expressions, None if ids is None else [row["article_id"] for row in rows])
    newest = newest_date(sql)
    named = _named(sql, only["posts"].replace("posts.article_id", "facts.article_id"), wanted)
    return [
        FilterFacts(
            row["article_id"],
            row["sequence"],
            times.must_read(row["stamp"]),
            row["story_id"] or f"article {row['article_id']}",
            PostTraits(
                date=times.must_read(row["published"]),
                newest=newest,
                tags={tag for feed in carriers[row["article_id"]] for tag in tags[feed]},
                sources={name for feed in carriers[row["article_id"]] for name in names[feed]},
                language=row["language"],
                matched=matched[row["article_id"]],
                **named.get(row["article_id"], {}),
            ),
        )
        for row in rows
    ]


_FACTS = """
    SELECT facts.article_id, facts.kind, facts.value, facts.attack_id, facts.indicator, v.exploited, v.cvss, v.epss
    FROM facts LEFT JOIN vulnerabilities AS v ON facts.kind = 'cve' AND v.cve = facts.value
    WHERE (facts.indicator OR facts.kind IN ('cve', 'vendor', 'product', 'actor', 'software', 'technique')) AND {facts}
"""


_HITS = "SELECT article_id, watch FROM watch_hits WHERE {facts}"


_PLURALS = {
    "cve": "cves",
    "vendor": "vendors",
    "product": "products",
    "actor": "actors",
    "software": "software",
    "technique": "techniques",
}


def _named(sql: Sql, only: str, wanted: dict[str, str]) -> dict[int, dict[str, Any]]:
    """What each article names, as filters look at it."""
    found: dict[int, dict[str, Any]] = {}

    def of(article: int) -> dict[str, Any]:
        empty = {"named": defaultdict(set), "exploited": False, "cvss": None, "epss": None, "indicators": False}
        return found.setdefault(article, empty)

    for row in sql.all(_FACTS.format(facts=only), wanted):
        one = of(row["article_id"])
        one["indicators"] |= bool(row["indicator"])
        one["exploited"] |= bool(row["exploited"])
        for name in ("cvss", "epss"):
            if row[name] is not None:
                one[name] = max(one[name] or 0.0, row[name])
        if row["kind"] in _PLURALS:
            one["named"][_PLURALS[row["kind"]]].update({row["value"], row["attack_id"]} - {None})
    for row in sql.all(_HITS.format(facts=only.replace("facts.article_id", "article_id")), wanted):
        of(row["article_id"])["named"]["watch"].add(row["watch"])
    return found


def _names(sql: Sql) -> tuple[defaultdict[int, list[str]], dict[int, set[str]]]:
    """The tags of each feed, and what an output may call it by: its name; its host where its title is its name."""
    tags: defaultdict[int, list[str]] = defaultdict(list)
    names: dict[int, set[str]] = {}
    for row in sql.all(_NAMES):
        title = title_as_name(row["title"])
        names[row["id"]] = {row["name"]} | (
            {default_name(row["url"])} if title and row["name"].startswith(title) else set()
        )
        if row["tag"] is not None:
            tags[row["id"]].append(row["tag"])
    return tags, names


def _matched(sql: Sql, expressions: Iterable[str], ids: list[int] | None) -> defaultdict[int, set[str]]:
    """The expressions that each article matches. A rowid that is given lets the index skip all others."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    every = "SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?"
    for expression in expressions:
        if ids is None or len(ids) > FEW:
            for row in sql.all(every, (expression,)):
                found[row["rowid"]].add(expression)
        else:
            for number in ids:
                if sql.one(every + " AND rowid = ?", (expression, number)):
                    found[number].add(expression)
    return found

"""Who tells a story, as the output shows it: read from the tables of stories, for many posts at once.

A story shows the articles that have been put out, copies left out. It changes no table.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aggregator.models import Source, StoryMember
from aggregator.store import republishing, times
from aggregator.store.connection import Sql
from aggregator.store.republishing import STANDING
from aggregator.text.storable import TEASER_CHARS, plain, shortened
from aggregator.text.urls import redact

_STORIES = """
    SELECT articles.id, own.story_id
    FROM json_each(?) AS wanted
    JOIN articles ON articles.id = wanted.value
    JOIN story_articles AS own ON own.article_id = coalesce(articles.duplicate_of, articles.id)
"""
_MEMBERS = f"""
    SELECT own.story_id, articles.id, articles.feed_id, articles.url, articles.title, articles.teaser,
        iif(articles.teaser = '', articles.text, '') AS text,
        articles.language, posts.path, posts.published, coalesce(entries.summary, '') AS summary,
        (SELECT json_group_array(DISTINCT feeds.name) FROM articles AS copy
         JOIN posts AS shown ON shown.article_id = copy.id AND shown.sequence IS NOT NULL
         JOIN feeds ON feeds.id = copy.feed_id
         WHERE copy.duplicate_of = articles.id AND copy.feed_id <> articles.feed_id) AS also_in
    FROM json_each(?) AS wanted
    JOIN story_articles AS own ON own.story_id = wanted.value
    JOIN articles ON articles.id = own.article_id AND articles.duplicate_of IS NULL
    JOIN posts ON posts.article_id = articles.id AND posts.sequence IS NOT NULL AND {STANDING}
    LEFT JOIN entries ON entries.id =
        (SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = articles.feed_id)
    ORDER BY own.story_id, posts.published, posts.sequence
"""  # noqa: S608 - our own words
_FORMER = """
    SELECT stories.id, stories.merged_into FROM json_each(?) AS wanted
    JOIN stories ON stories.merged_into = wanted.value ORDER BY stories.id
"""
_BESIDE = """
    WITH concerned (story_id) AS (
        SELECT DISTINCT own.story_id
        FROM json_each(?) AS wanted
        JOIN articles ON articles.id = wanted.value
        JOIN story_articles AS own ON own.article_id = coalesce(articles.duplicate_of, articles.id)
    ), members (id) AS (
        SELECT article_id FROM story_articles WHERE story_id IN (SELECT story_id FROM concerned)
    )
    SELECT id FROM members
    UNION
    SELECT articles.id FROM members JOIN articles ON articles.duplicate_of = members.id
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A story as posts show it: its id, who tells it (in order of publication), the stories that it took in.

    One that a single article tells is none for readers: then `id` is None, and `former` holds it.
    """

    id: str | None
    members: tuple[StoryMember, ...] = ()
    former: tuple[str, ...] = ()


def of(sql: Sql, ids: Iterable[int], sources: Mapping[int, Source]) -> dict[int, Told]:
    """The story of each of these articles, where it has one."""
    stories = {row["id"]: row["story_id"] for row in sql.all(_STORIES, (json.dumps(list(ids)),))}
    wanted = json.dumps(sorted(set(stories.values())))
    members: defaultdict[str, list[StoryMember]] = defaultdict(list)
    rows = sql.all(_MEMBERS, (wanted,))
    silent = republishing.silent(sql, {row["id"] for row in rows})
    for row in rows:
        members[row["story_id"]].append(_member(row, sources[row["feed_id"]], quiet=row["id"] in silent))
    former: defaultdict[str, list[str]] = defaultdict(list)
    for row in sql.all(_FORMER, (wanted,)):
        former[row["merged_into"]].append(row["id"])
    told = {
        story: Told(story, tuple(members[story]), tuple(former[story]))
        if len(members[story]) > 1
        else Told(None, (), (story, *former[story]))
        for story in set(stories.values())
    }
    return {article_id: told[story] for article_id, story in stories.items()}


def beside(sql: Sql, ids: Iterable[int]) -> set[int]:
    """Every article whose post shows one of these as telling the same story."""
    return {row["id"] for row in sql.all(_BESIDE, (json.dumps(sorted(ids)),))}


def _member(row: sqlite3.Row, source: Source, *, quiet: bool) -> StoryMember:
    teaser = row["teaser"] or shortened(plain(row["summary"]) or row["text"], TEASER_CHARS)
    return StoryMember(
        name=source.name,
        slug=source.slug,
        url=redact(row["url"]) if row["url"] else None,
        path=row["path"],
        title=row["title"] or teaser,
        published=times.must_read(row["published"]),
        teaser="" if quiet else teaser,
        language=row["language"],
        also_in=tuple(sorted(json.loads(row["also_in"]))),
    )

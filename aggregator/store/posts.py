"""Rows to `models.Post`: everything that the output shows of an article, gathered for many articles at once.

A handful of statements whatever the number of posts. Every address that leaves here is without secrets.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aggregator.models import (
    AlsoIn,
    Attribution,
    Enclosure,
    Picture,
    Post,
    PostLink,
    Republish,
    Revision,
    Source,
    Withdrawal,
)
from aggregator.store import feeds, links, media, neighbours, republishing, revisions, story_members, times
from aggregator.store.connection import Sql
from aggregator.store.story_members import Told
from aggregator.text.storable import SUMMARY_CHARS, plain, shortened
from aggregator.text.urls import redact

UNTITLED = "Untitled"
WITHDRAWN = "This post was withdrawn"
TITLE_CHARS = 80
"""Of the text, where an article has no title."""

SAME_ARTICLE = "the same article"

_POSTS = """
    SELECT articles.id, articles.uid, articles.url, articles.title,
        coalesce(articles.author, entries.author, feeds.author) AS author,
        articles.feed_id, articles.text, articles.html, articles.lead_image, articles.word_count, articles.source_name,
        articles.source_url, articles.noarchive, articles.duplicate_of, articles.similarity, articles.duplicate_reason,
        coalesce(articles.language, entries.language, feeds.language) AS language,
        coalesce(json_extract(feeds.options, '$.media'), 'link') AS media,
        posts.sequence, posts.stamp, posts.path, posts.published, posts.revised, posts.hidden,
        entries.id AS entry_id, entries.html AS feed_html, entries.summary AS feed_summary
    FROM json_each(:ids) AS wanted
    JOIN posts ON posts.article_id = wanted.value
    JOIN articles ON articles.id = posts.article_id
    JOIN feeds ON feeds.id = articles.feed_id
    LEFT JOIN entries ON entries.id =
        (SELECT min(id) FROM entries WHERE article_id = articles.id AND feed_id = articles.feed_id)
    ORDER BY posts.sequence DESC
"""
_CARRIERS = """
    SELECT article_id, feed_id, url FROM entries WHERE article_id IN (SELECT value FROM json_each(:ids)) ORDER BY id
"""
_ENCLOSURES = """
    SELECT entry_id, url, type, length FROM enclosures
    WHERE entry_id IN (SELECT value FROM json_each(:ids)) ORDER BY entry_id, position
"""
_GROUPS = """
    WITH leaders (id) AS (
        SELECT DISTINCT coalesce(duplicate_of, id) FROM articles WHERE id IN (SELECT value FROM json_each(:ids))
    ), members (leader, id) AS (
        SELECT id, id FROM leaders
        UNION ALL
        SELECT leaders.id, articles.id FROM leaders JOIN articles ON articles.duplicate_of = leaders.id
    )
    SELECT members.leader, articles.id, articles.feed_id, articles.url, articles.similarity, articles.duplicate_reason,
        posts.path, posts.published
    FROM members
    JOIN articles ON articles.id = members.id
    JOIN posts ON posts.article_id = members.id
    WHERE NOT EXISTS (SELECT 1 FROM withdrawals WHERE withdrawals.article_id = members.id)
    ORDER BY members.leader, articles.published, articles.id
"""


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What is shown of posts beside their own rows: by article, enclosures by entry, sources by feed."""

    sources: Mapping[int, Source]
    carriers: Mapping[int, list[tuple[int, str | None]]]
    enclosures: Mapping[int, tuple[Enclosure, ...]]
    groups: Mapping[int, list[sqlite3.Row]]
    stories: Mapping[int, Told]
    neighbours: Mapping[tuple[int, str], PostLink]
    pictures: Mapping[int, tuple[Picture, ...]]
    revisions: Mapping[int, tuple[Revision, ...]]

    def carriers_of(self, row: sqlite3.Row) -> list[tuple[int, str | None]]:
        """The feeds that carry an article, with the address that each gives it."""
        return self.carriers.get(row["id"], [])


def assemble(sql: Sql, ids: Sequence[int], *, listed: bool = False) -> tuple[Post, ...]:
    """The posts of these articles, newest sequence first. Those not yet put out are left out.

    `listed`: for a list, which shows no neighbours, pictures and revisions: these are not looked up.
    """
    if not ids:
        return ()
    wanted = {"ids": json.dumps(list(ids))}
    rows = [row for row in sql.all(_POSTS, wanted) if row["sequence"] is not None]
    found = _gather(sql, ids, [row["entry_id"] for row in rows], listed=listed)
    rules, withdrawn = republishing.rules(sql), republishing.withdrawn(sql, ids)
    return tuple(
        _cut(
            _post(row, found),
            rules.of({row["feed_id"], *(feed for feed, _ in found.carriers_of(row))}, noarchive=row["noarchive"]),
            withdrawn.get(row["id"]),
        )
        for row in rows
    )


def _gather(sql: Sql, ids: Sequence[int], entry_ids: list[int | None], *, listed: bool) -> _Gathered:
    wanted = {"ids": json.dumps(list(ids))}
    sources = feeds.sources(sql)
    return _Gathered(
        sources,
        _carriers(sql, wanted),
        _enclosures(sql, entry_ids),
        _groups(sql, wanted),
        story_members.of(sql, ids, sources),
        {} if listed else links.of(sql, wanted),
        {} if listed else media.of(sql, wanted),
        {} if listed else revisions.all_of(sql, ids),
    )


def _cut(post: Post, republish: Republish, withdrawal: Withdrawal | None) -> Post:
    """The post with no more in it than may go out."""
    if withdrawal is not None:
        return replace(
            post, title=WITHDRAWN, author=None, html="", summary="", tags=post.source.tags, lead_image=None,
            word_count=0, enclosures=(), attribution=None, next=None, previous=None, also_in=(), leader=None,
            pictures=(), revisions=(), revised=None, republish=republish, withdrawn=withdrawal,
        )  # fmt: skip
    if republish == "full":
        return post
    summary = post.summary if republish == "excerpt" else ""
    return replace(
        post, html="", summary=summary, lead_image=None, enclosures=(), pictures=(), revisions=(), republish=republish
    )  # fmt: skip


def _post(row: sqlite3.Row, found: _Gathered) -> Post:
    sources, carriers = found.sources, found.carriers_of(row)
    members = found.groups.get(row["duplicate_of"] or row["id"], [])
    story, names = found.stories.get(row["id"]), row["source_name"]
    carrying = dict.fromkeys([row["feed_id"], *(feed_id for feed_id, _ in carriers)])
    return Post(
        id=row["uid"],
        sequence=row["sequence"],
        stamp=times.must_read(row["stamp"]),
        path=row["path"],
        url=redact(row["url"]) if row["url"] else None,
        title=row["title"] or shortened(row["text"], TITLE_CHARS) or UNTITLED,
        source=sources[row["feed_id"]],
        published=times.must_read(row["published"]),
        author=row["author"],
        revised=times.read(row["revised"]),
        language=row["language"],
        html=row["html"] or row["feed_html"] or row["feed_summary"] or "",
        summary=shortened(plain(row["feed_summary"] or "") or row["text"], SUMMARY_CHARS),
        tags=tuple(sorted({tag for feed_id in carrying for tag in sources[feed_id].tags})),
        lead_image=row["lead_image"],
        word_count=row["word_count"],
        enclosures=found.enclosures.get(row["entry_id"], ()),
        attribution=Attribution(names, row["source_url"] and redact(row["source_url"])) if names else None,
        next=found.neighbours.get((row["id"], neighbours.NEXT)),
        previous=found.neighbours.get((row["id"], neighbours.PREVIOUS)),
        also_in=_also_in(row, sources, carriers, members),
        leader=_leader(row, sources, members),
        hidden=bool(row["hidden"]),
        story=story.id if story else None,
        story_members=story.members if story else (),
        story_former=story.former if story else (),
        media=row["media"],
        pictures=found.pictures.get(row["id"], ()),
        revisions=tuple(change for change in found.revisions.get(row["id"], ()) if change.kind in revisions.PUBLIC),
    )


def _also_in(
    row: sqlite3.Row, sources: Mapping[int, Source], carriers: list[tuple[int, str | None]], members: list[sqlite3.Row]
) -> tuple[AlsoIn, ...]:
    """The other feeds that carry this very article, then the other articles with the same text."""
    others: dict[int, AlsoIn] = {}
    for feed_id, url in carriers:
        if feed_id != row["feed_id"] and feed_id not in others:
            others[feed_id] = AlsoIn(sources[feed_id].name, redact(url or row["url"] or ""), None, 1.0, SAME_ARTICLE)
    copies = [_member(item, row, sources) for item in members if item["id"] != row["id"]]
    return (*others.values(), *copies)


def _leader(row: sqlite3.Row, sources: Mapping[int, Source], members: list[sqlite3.Row]) -> AlsoIn | None:
    return next((_member(item, row, sources) for item in members if item["id"] == row["duplicate_of"]), None)


def _member(item: sqlite3.Row, row: sqlite3.Row, sources: Mapping[int, Source]) -> AlsoIn:
    """Another member of the group; the likeness stands with whichever of the two is the duplicate."""
    told = row if item["similarity"] is None else item
    return AlsoIn(
        name=sources[item["feed_id"]].name,
        url=redact(item["url"] or ""),
        path=item["path"],
        similarity=1.0 if told["similarity"] is None else told["similarity"],
        reason=told["duplicate_reason"] or "",
    )


def _carriers(sql: Sql, wanted: Mapping[str, object]) -> dict[int, list[tuple[int, str | None]]]:
    found: defaultdict[int, list[tuple[int, str | None]]] = defaultdict(list)
    for row in sql.all(_CARRIERS, wanted):
        found[row["article_id"]].append((row["feed_id"], row["url"]))
    return found


def _enclosures(sql: Sql, entry_ids: list[int | None]) -> dict[int, tuple[Enclosure, ...]]:
    found: defaultdict[int, list[Enclosure]] = defaultdict(list)
    for row in sql.all(_ENCLOSURES, {"ids": json.dumps([number for number in entry_ids if number is not None])}):
        found[row["entry_id"]].append(Enclosure(redact(row["url"]), row["type"], row["length"]))
    return {entry_id: tuple(items) for entry_id, items in found.items()}


def _groups(sql: Sql, wanted: Mapping[str, object]) -> dict[int, list[sqlite3.Row]]:
    found: defaultdict[int, list[sqlite3.Row]] = defaultdict(list)
    for row in sql.all(_GROUPS, wanted):
        found[row["leader"]].append(row)
    return found

"""`models.Archive` on the database: the posts that emit reads, by place, source, tag and change.

Everything that the output shows of an article is gathered for many articles at once, in a handful of statements. Every
address that leaves here is without secrets.
"""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from aggregator.models import (
    AlsoIn,
    Attribution,
    Carried,
    Enclosure,
    EntryImage,
    Episode,
    Picture,
    Post,
    PostLink,
    Republish,
    Revision,
    Source,
    Withdrawal,
)
from aggregator.models.emit import PostFact
from aggregator.store import (
    feeds,
    intel,
    media,
    neighbours,
    post_changes,
    revisions,
    story_members,
    times,
)
from aggregator.store.article_texts import BEST_TEXT
from aggregator.store.connection import Session, Sql
from aggregator.store.feeds import STANDING
from aggregator.store.identity import OWN_ENTRY
from aggregator.store.story_members import StoryCoverage
from aggregator.text.plain import body_text, is_seen
from aggregator.text.storable import SUMMARY_CHARS, shortened
from aggregator.text.urls import public_url

UNTITLED = "Untitled"
WITHDRAWN = "This post was withdrawn"
TITLE_CHARS = 80
"""Of the text, where an article has no title."""

SAME_ARTICLE = "the same article"
REMEMBERED = 20_000
"""Posts that the stories which are remembered name together, each with a teaser: some 20 MB."""

_POSTS = f"""
    SELECT articles.id, articles.uid, articles.url, articles.title,
        coalesce(articles.author, entries.author, (
            SELECT other.author FROM contributors JOIN entries AS other ON other.id = contributors.entry_id
            WHERE contributors.article_id = articles.id AND other.author IS NOT NULL ORDER BY other.id LIMIT 1
        ), feeds.author) AS author,
        articles.feed_id, articles.text, articles.html, articles.lead_image, articles.word_count, articles.source_name,
        articles.source_url, articles.noarchive, articles.duplicate_of, articles.similarity, articles.duplicate_reason,
        coalesce(articles.language, entries.language, feeds.language) AS language,
        coalesce(json_extract(feeds.options, '$.media'), 'link') AS media,
        posts.sequence, posts.stamp, posts.path, posts.published, posts.revised, posts.hidden,
        entries.id AS entry_id, entries.tags AS categories,
        (SELECT json_group_array(each.value) FROM contributors JOIN entries AS other ON other.id = contributors.entry_id
            JOIN json_each(other.tags) AS each WHERE contributors.article_id = articles.id) AS further_categories,
        entries.html AS feed_html, entries.summary AS feed_summary,
        told.html AS told_html, told.summary AS told_summary
    FROM json_each(:ids) AS wanted
    JOIN posts ON posts.article_id = wanted.value
    JOIN articles ON articles.id = posts.article_id
    JOIN feeds ON feeds.id = articles.feed_id
    LEFT JOIN entries ON entries.id = {OWN_ENTRY}
    LEFT JOIN entries AS told ON told.id = {BEST_TEXT}
    ORDER BY posts.sequence DESC
"""  # noqa: S608 - the text is ours
_CARRIERS = """
    SELECT article_id, feed_id, url FROM entries WHERE article_id IN (SELECT value FROM json_each(:ids)) ORDER BY id
"""
_SHOWN = """
    WITH shown (own, entry_id, foreign_entry) AS (
        SELECT value, value, 0 FROM json_each(:ids)
        UNION ALL
        SELECT entries.id, contributors.entry_id, 1 FROM json_each(:ids) AS wanted
        JOIN entries ON entries.id = wanted.value
        JOIN contributors ON contributors.article_id = entries.article_id
    )
"""
"""The entries of which a post shows something: that of its feed, then those that may add to it (`contributors`)."""
_ENCLOSURES = f"""
    {_SHOWN} SELECT shown.own AS entry_id, url, type, length, duration_s, title
    FROM shown JOIN enclosures ON enclosures.entry_id = shown.entry_id
    ORDER BY shown.own, foreign_entry, shown.entry_id, position
"""  # noqa: S608 - the text is ours
_IMAGES = f"""
    {_SHOWN} SELECT shown.own AS entry_id, url, alt
    FROM shown JOIN entry_images ON entry_images.entry_id = shown.entry_id AND position = 0
    ORDER BY shown.own, foreign_entry DESC, shown.entry_id DESC
"""  # noqa: S608 - the text is ours
_EPISODES = f"""
    {_SHOWN} SELECT shown.own AS entry_id, season, number, kind, explicit, duration_s, subtitle
    FROM shown JOIN episodes ON episodes.entry_id = shown.entry_id
    ORDER BY shown.own, foreign_entry DESC, shown.entry_id DESC
"""  # noqa: S608 - the text is ours
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
    """What is shown of posts beside their own rows: by article; files, pictures, episodes by entry; sources by feed."""

    sources: Mapping[int, Source]
    carriers: Mapping[int, list[tuple[int, str | None]]]
    enclosures: Mapping[int, tuple[Enclosure, ...]]
    images: Mapping[int, EntryImage]
    episodes: Mapping[int, Episode]
    groups: Mapping[int, list[sqlite3.Row]]
    stories: Mapping[int, StoryCoverage]
    neighbours: Mapping[tuple[int, str], PostLink]
    pictures: Mapping[int, tuple[Picture, ...]]
    revisions: Mapping[int, tuple[Revision, ...]]
    facts: Mapping[int, tuple[PostFact, ...]]

    def carriers_of(self, row: sqlite3.Row) -> list[tuple[int, str | None]]:
        """The feeds that carry an article, with the address that each gives it."""
        return self.carriers.get(row["id"], [])


@dataclass(slots=True)
class Memory:
    """What many posts show alike, for as long as nothing changes that a post shows: the sources, and the stories.

    At most `REMEMBERED` posts are named by the stories that are kept.
    """

    head: int = -1
    sources: Mapping[int, Source] = field(default_factory=dict)
    stories: dict[str, StoryCoverage] = field(default_factory=dict)

    def look(self, sql: Sql) -> None:
        """Forget what may have changed, and what is too much."""
        head = post_changes.head(sql)
        if head != self.head:
            self.head, self.sources, self.stories = head, feeds.sources(sql), {}
        elif sum(len(story.members) for story in self.stories.values()) > REMEMBERED:
            self.stories = {}


def assemble(sql: Sql, ids: Sequence[int], *, listed: bool = False, memory: Memory | None = None) -> tuple[Post, ...]:
    """The posts of these articles, newest sequence first. Those not yet put out are left out.

    `listed`: for a list, which shows no neighbours, pictures and revisions: these are not looked up.
    `memory`: what was read before for other posts, and goes on growing.
    """
    if not ids:
        return ()
    wanted = {"ids": json.dumps(list(ids))}
    rows = [row for row in sql.all(_POSTS, wanted) if row["sequence"] is not None]
    memory = memory or Memory()
    memory.look(sql)
    found = _gather(sql, ids, [row["entry_id"] for row in rows], memory, listed=listed)
    rules, withdrawn = feeds.rules(sql), feeds.withdrawn(sql, ids)
    return tuple(
        _cut(
            _post(row, found),
            rules.of({row["feed_id"], *(feed for feed, _ in found.carriers_of(row))}, noarchive=row["noarchive"]),
            withdrawn.get(row["id"]),
        )
        for row in rows
    )


def _gather(sql: Sql, ids: Sequence[int], entry_ids: list[int | None], memory: Memory, *, listed: bool) -> _Gathered:
    wanted = {"ids": json.dumps(list(ids))}
    entries = {"ids": json.dumps([number for number in entry_ids if number is not None])}
    return _Gathered(
        memory.sources,
        _carriers(sql, wanted),
        _enclosures(sql, entries),
        {row["entry_id"]: EntryImage(public_url(row["url"]), row["alt"]) for row in sql.all(_IMAGES, entries)},
        {row["entry_id"]: _episode(row) for row in sql.all(_EPISODES, entries)},
        _groups(sql, wanted),
        story_members.of(sql, ids, memory.sources, memory.stories),
        {} if listed else neighbours.of(sql, wanted),
        {} if listed else media.of(sql, wanted),
        {} if listed else revisions.all_of(sql, ids),
        intel.of_articles(sql, ids),
    )


def _cut(post: Post, republish: Republish, withdrawal: Withdrawal | None) -> Post:
    """The post with no more in it than may go out."""
    if withdrawal is not None:
        return replace(
            post, title=WITHDRAWN, author=None, html="", summary="", tags=post.source.tags, categories=(),
            lead_image=None, lead_image_alt="", word_count=0, enclosures=(), episode=None, attribution=None, next=None,
            previous=None, also_in=(), leader=None, pictures=(), revisions=(), facts=(), revised=None,
            republish=republish, withdrawn=withdrawal,
        )  # fmt: skip
    if republish == "full":
        return post
    summary = post.summary if republish == "excerpt" else ""
    return replace(
        post, html="", summary=summary, lead_image=None, lead_image_alt="", enclosures=(), episode=None, pictures=(),
        revisions=(), republish=republish,
    )  # fmt: skip


def _post(row: sqlite3.Row, found: _Gathered) -> Post:
    sources, carriers = found.sources, found.carriers_of(row)
    members = found.groups.get(row["duplicate_of"] or row["id"], [])
    story, names = found.stories.get(row["id"]), row["source_name"]
    image = None if row["lead_image"] else found.images.get(row["entry_id"])
    carrying = dict.fromkeys([row["feed_id"], *(feed_id for feed_id, _ in carriers)])
    return Post(
        id=row["uid"],
        sequence=row["sequence"],
        stamp=times.must_read(row["stamp"]),
        path=row["path"],
        url=public_url(row["url"]) if row["url"] else None,
        title=row["title"] if is_seen(row["title"]) else shortened(row["text"], TITLE_CHARS) or UNTITLED,
        source=sources[row["feed_id"]],
        published=times.must_read(row["published"]),
        author=row["author"],
        revised=times.read(row["revised"]),
        language=row["language"],
        html=row["html"] or row["told_html"] or row["told_summary"] or "",
        summary=shortened(body_text(row["feed_summary"] or row["told_summary"] or "") or row["text"], SUMMARY_CHARS),
        tags=tuple(sorted({tag for feed_id in carrying for tag in sources[feed_id].tags})),
        categories=tuple(dict.fromkeys(json.loads(row["categories"] or "[]") + json.loads(row["further_categories"]))),
        lead_image=image.url if image else row["lead_image"],
        lead_image_alt=image.alt if image else "",
        word_count=row["word_count"],
        enclosures=found.enclosures.get(row["entry_id"], ()),
        episode=found.episodes.get(row["entry_id"]),
        attribution=Attribution(names, row["source_url"] and public_url(row["source_url"])) if names else None,
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
        facts=found.facts.get(row["id"], ()),
    )


def _also_in(
    row: sqlite3.Row, sources: Mapping[int, Source], carriers: list[tuple[int, str | None]], members: list[sqlite3.Row]
) -> tuple[AlsoIn, ...]:
    """The other feeds that carry this very article, then the other articles with the same text."""
    others: dict[int, AlsoIn] = {}
    for feed_id, url in carriers:
        if feed_id != row["feed_id"] and feed_id not in others:
            others[feed_id] = AlsoIn(
                sources[feed_id].name, public_url(url or row["url"] or ""), None, 1.0, SAME_ARTICLE
            )
    copies = [_member(item, row, sources) for item in members if item["id"] != row["id"]]
    return (*others.values(), *copies)


def _leader(row: sqlite3.Row, sources: Mapping[int, Source], members: list[sqlite3.Row]) -> AlsoIn | None:
    return next((_member(item, row, sources) for item in members if item["id"] == row["duplicate_of"]), None)


def _member(item: sqlite3.Row, row: sqlite3.Row, sources: Mapping[int, Source]) -> AlsoIn:
    """Another member of the group; the likeness stands with whichever of the two is the duplicate."""
    told = row if item["similarity"] is None else item
    return AlsoIn(
        name=sources[item["feed_id"]].name,
        url=public_url(item["url"] or ""),
        path=item["path"],
        similarity=1.0 if told["similarity"] is None else told["similarity"],
        reason=told["duplicate_reason"] or "",
    )


def _carriers(sql: Sql, wanted: Mapping[str, object]) -> dict[int, list[tuple[int, str | None]]]:
    found: defaultdict[int, list[tuple[int, str | None]]] = defaultdict(list)
    for row in sql.all(_CARRIERS, wanted):
        found[row["article_id"]].append((row["feed_id"], row["url"]))
    return found


def _enclosures(sql: Sql, entries: Mapping[str, object]) -> dict[int, tuple[Enclosure, ...]]:
    found: defaultdict[int, list[Enclosure]] = defaultdict(list)
    for row in sql.all(_ENCLOSURES, entries):
        file = Enclosure(public_url(row["url"]), row["type"], row["length"], row["duration_s"], row["title"])
        if all(file.url != other.url for other in found[row["entry_id"]]):
            found[row["entry_id"]].append(file)
    return {entry_id: tuple(items) for entry_id, items in found.items()}


def _episode(row: sqlite3.Row) -> Episode:
    explicit = None if row["explicit"] is None else bool(row["explicit"])
    return Episode(row["season"], row["number"], row["kind"], explicit, row["duration_s"], row["subtitle"])


def _groups(sql: Sql, wanted: Mapping[str, object]) -> dict[int, list[sqlite3.Row]]:
    found: defaultdict[int, list[sqlite3.Row]] = defaultdict(list)
    for row in sql.all(_GROUPS, wanted):
        found[row["leader"]].append(row)
    return found


_CHANGED = """
    SELECT article_id, change FROM posts WHERE change > ? AND sequence IS NOT NULL ORDER BY change LIMIT ?
"""
_LATEST = f"""
    SELECT article_id FROM posts WHERE sequence < ? AND NOT hidden AND {STANDING} ORDER BY sequence DESC LIMIT ?
"""  # noqa: S608 - our own words
_OF_FEED = f"""
    SELECT post_feeds.sequence, post_feeds.article_id
    FROM post_feeds JOIN posts ON posts.article_id = post_feeds.article_id
    WHERE post_feeds.feed_id = ? AND post_feeds.sequence < ? AND (? OR NOT posts.hidden) AND {STANDING}
    ORDER BY post_feeds.sequence DESC LIMIT ?
"""  # noqa: S608 - our own words
_BETWEEN = f"""
    SELECT article_id FROM posts WHERE sequence BETWEEN ? AND ? AND NOT hidden AND {STANDING}
"""  # noqa: S608 - our own words
_WITHDRAWN = """
    SELECT withdrawals.article_id FROM withdrawals
    JOIN posts ON posts.article_id = withdrawals.article_id AND posts.sequence IS NOT NULL
    ORDER BY withdrawals.at DESC, posts.sequence DESC
"""
_CARRIED = """
    SELECT slug,
        (SELECT count(*) FROM post_feeds
         WHERE feed_id = feeds.id AND article_id NOT IN (SELECT article_id FROM withdrawals)) AS posts,
        (SELECT published FROM posts
         WHERE feed_id = feeds.id AND sequence IS NOT NULL AND article_id NOT IN (SELECT article_id FROM withdrawals)
         ORDER BY published DESC LIMIT 1) AS newest
    FROM feeds
"""
_TAGGED = """
    SELECT feeds.id FROM feed_tags JOIN feeds ON feeds.id = feed_tags.feed_id WHERE feed_tags.tag = ?
"""
_END = 2**62
"""Above every sequence."""


class Posts:
    """The posts that have been put out. Every method is one consistent read."""

    def __init__(self, session: Session, memory: Memory | None = None) -> None:
        self._session = session
        self._memory = memory

    def remembering(self) -> Posts:
        """The same posts for who reads many of them: what they show alike is read once, as long as nothing changes."""
        return Posts(self._session, Memory())

    def head(self) -> int:
        with self._session.read() as sql:
            return post_changes.head(sql)

    def last_sequence(self) -> int:
        with self._session.read() as sql:
            return post_changes.last_sequence(sql)

    def last_stamp(self) -> datetime | None:
        """The time of the newest post; None when there is none."""
        with self._session.read() as sql:
            return times.read(sql.value("SELECT max(stamp) FROM posts"))

    def sources(self) -> tuple[Source, ...]:
        """Every feed that is configured or has a post, by name."""
        with self._session.read() as sql:
            every = feeds.sources(sql)
            shown = sql.all(
                "SELECT id FROM feeds WHERE configured"
                " OR EXISTS (SELECT 1 FROM post_feeds WHERE post_feeds.feed_id = feeds.id)"
            )
        found = (every[row["id"]] for row in shown)
        return tuple(sorted(found, key=lambda source: (source.name.casefold(), source.slug)))

    def tags(self) -> tuple[str, ...]:
        with self._session.read() as sql:
            rows = sql.all(
                "SELECT DISTINCT tag FROM feed_tags JOIN feeds ON feeds.id = feed_tags.feed_id WHERE feeds.configured"
            )
        return tuple(sorted(row["tag"] for row in rows))

    def changed(self, since: int) -> tuple[Post, ...]:
        return self.changed_after(since, _END)[1]

    def changed_after(self, since: int, limit: int) -> tuple[int, tuple[Post, ...]]:
        """At most `limit` posts that changed after `since`, those changed first; and the number to go on from.

        For archives that do not fit into memory: call again until nothing comes.
        """
        with self._session.read() as sql:
            rows = sql.all(_CHANGED, (since, limit))
            found = self._posts(sql, [row["article_id"] for row in rows])
        return (rows[-1]["change"] if rows else since), found

    def latest(
        self, limit: int, *, tag: str | None = None, source: str | None = None, before: int | None = None
    ) -> tuple[Post, ...]:
        end = _END if before is None else before
        with self._session.read() as sql:
            if tag is None and source is None:
                return self._posts(sql, [row["article_id"] for row in sql.all(_LATEST, (end, limit))])
            return self._posts(sql, _of_feeds(sql, tag, source, end, limit))

    def between(self, first: int, last: int) -> tuple[Post, ...]:
        with self._session.read() as sql:
            rows = sql.all(_BETWEEN, (first, last))
            return self._posts(sql, [row["article_id"] for row in rows])

    def added(self, story: str) -> Mapping[str, tuple[str, ...]]:
        with self._session.read() as sql:
            return story_members.added(sql, story)

    def withdrawn(self) -> tuple[Post, ...]:
        with self._session.read() as sql:
            ids = [row["article_id"] for row in sql.all(_WITHDRAWN)]
            found = {post.sequence: post for number in ids for post in self._posts(sql, [number])}
            naming = [_naming(sql, number) for number in ids]
        return tuple(
            replace(post, withdrawn=replace(post.withdrawn, named_by=named_by))
            for post, named_by in zip(found.values(), naming, strict=True)
            if post.withdrawn
        )

    def carried(self) -> Mapping[str, Carried]:
        with self._session.read() as sql:
            rows = sql.all(_CARRIED)
        return {row["slug"]: Carried(row["posts"], times.read(row["newest"])) for row in rows}

    def months(self) -> tuple[tuple[str, int], ...]:
        with self._session.read() as sql:
            rows = sql.all(
                f"""
                SELECT substr(published, 1, 7) AS month, count(*) AS posts FROM posts
                WHERE sequence IS NOT NULL AND NOT hidden AND {STANDING} GROUP BY month ORDER BY month DESC
                """  # noqa: S608 - our own words
            )
        return tuple((row["month"], row["posts"]) for row in rows)

    def _posts(self, sql: Sql, ids: Sequence[int]) -> tuple[Post, ...]:
        return assemble(sql, ids, memory=self._memory)


def _of_feeds(sql: Sql, tag: str | None, source: str | None, end: int, limit: int) -> list[int]:
    """The newest of each feed that counts, merged: cheap, however few of all posts they are."""
    wanted = {row["id"] for row in sql.all(_TAGGED, (tag,))} if tag is not None else None
    if source is not None:
        own = {row["id"] for row in sql.all("SELECT id FROM feeds WHERE slug = ?", (source,))}
        wanted = own if wanted is None else wanted & own
    found: dict[int, int] = {}
    for feed_id in wanted or ():
        for row in sql.all(_OF_FEED, (feed_id, end, source is not None, limit)):
            found[row["sequence"]] = row["article_id"]
    return [found[sequence] for sequence in heapq.nlargest(limit, found)]


def _naming(sql: Sql, article_id: int) -> tuple[int, ...]:
    """The sequences of the posts that show something of an article."""
    ids = json.dumps(sorted(post_changes.posts_showing(sql, (article_id,)) - {article_id}))
    rows = sql.all(
        "SELECT sequence FROM posts WHERE sequence IS NOT NULL AND article_id IN (SELECT value FROM json_each(?))"
        " ORDER BY sequence",
        (ids,),
    )
    return tuple(row["sequence"] for row in rows)
